"""Backscatter of a footprint and of its surroundings at every date, for the curves in the dossier."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from sitewatch.report._frame import Window, window_around
from sitewatch.report._picture import polarisations

TIME_BLOCK = 16  # the chunk length of a stack on disk


@dataclasses.dataclass(frozen=True)
class Series:
    """Mean backscatter through time, one polarisation of one track, in dB; NaN where there is no imagery."""

    track: str
    track_label: str
    polarisation: str
    times: NDArray[np.datetime64]
    footprint_db: NDArray[np.float64]
    surroundings_db: NDArray[np.float64]


def footprint_series(stack: xr.Dataset, footprint: BaseGeometry) -> list[Series]:
    """Mean level inside a footprint (EPSG:4326) and in a ring around it, an entry a polarisation.

    The mean is taken of linear power and written in dB. The ring is as wide as four pixels and begins two pixels
    outside, where the resolution no longer mixes it with the footprint. Empty where the stack misses the footprint.
    """
    window = window_around(stack, footprint, times_size=1.5) if stack.sizes.get("time", 0) else None
    if window is None:
        return []
    inside, ring = _masks(window, footprint)
    if not inside.any():
        return []
    times = stack["time"].values
    series = []
    for polarisation in polarisations(stack):
        variable = stack[polarisation].isel(y=window.rows, x=window.cols)
        levels = []
        for start in range(0, len(times), TIME_BLOCK):
            cube = np.asarray(variable.isel(time=slice(start, start + TIME_BLOCK)).values, dtype=np.float64)
            levels.append(np.stack([_mean_db(cube[:, inside]), _mean_db(cube[:, ring])]))
        footprint_db, surroundings_db = np.concatenate(levels, axis=1)
        label = str(stack.attrs.get("track_label", "") or stack.attrs.get("track", ""))
        track = str(stack.attrs.get("track", ""))
        series.append(Series(track, label, polarisation, times, footprint_db, surroundings_db))
    return series


def _masks(window: Window, footprint: BaseGeometry) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    frame = window.frame
    rows, cols = window.shape
    unit_x, unit_y = (frame.right - frame.left) / cols, (frame.top - frame.bottom) / rows
    transform = Affine(unit_x, 0, frame.left, 0, -unit_y, frame.top)
    outline = frame.project(footprint)
    pixel = max(unit_x, unit_y)

    def burn(geometry: BaseGeometry, all_touched: bool = False) -> NDArray[np.bool_]:
        if geometry.is_empty:
            return np.zeros((rows, cols), bool)
        mask = rasterize([geometry], (rows, cols), transform=transform, all_touched=all_touched, dtype="uint8")
        return np.asarray(mask, dtype=bool)

    inside = burn(outline)
    if not inside.any():  # narrower than a pixel
        inside = burn(outline, all_touched=True)
    return inside, burn(outline.buffer(6 * pixel)) & ~burn(outline.buffer(2 * pixel)) & ~inside


def _mean_db(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power of each row of pixels, in dB; NaN where a row has no pixel or no power."""
    valid = np.isfinite(pixels)
    count = valid.sum(axis=1)
    mean = np.where(valid, pixels, 0.0).sum(axis=1) / np.maximum(count, 1)
    usable = (count > 0) & (mean > 0)
    return np.where(usable, 10 * np.log10(np.where(usable, mean, 1.0)), np.nan)
