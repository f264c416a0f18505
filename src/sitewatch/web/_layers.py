"""What a tile shows: one image, the mean of all, the difference of two, or when each pixel last changed for good."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import xarray as xr
from fastapi import HTTPException
from numpy.typing import NDArray
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader, XarrayReader
from rio_tiler.models import ImageData

from sitewatch.web._colours import ColourMap, colour_table
from sitewatch.web._desk import Desk
from sitewatch.web._stacks import TrackStack, image, mean_image

NO_TILE = b""


@dataclasses.dataclass(frozen=True)
class Place:
    """A tile of the web's usual grid (Web Mercator, XYZ) and how many pixels a side it has."""

    z: int
    x: int
    y: int
    size: int


@dataclasses.dataclass(frozen=True)
class Look:
    """How values become colours: those that the first and the last colour stand for."""

    low: float
    high: float
    colours: ColourMap


def power_tile(raster: xr.DataArray, place: Place, look: Look) -> bytes:
    """Linear power as PNG, stretched in dB; empty where the tile lies outside."""
    pixels = _cut(raster, place)
    return NO_TILE if pixels is None else _png(_decibels(pixels.array), look)


def difference_tile(before: xr.DataArray, after: xr.DataArray, place: Place, look: Look) -> bytes:
    """How many dB brighter `after` is than `before`, as PNG."""
    first, second = _cut(before, place), _cut(after, place)
    if first is None or second is None:
        return NO_TILE
    return _png(_decibels(second.array) - _decibels(first.array), look)


def onset_tile(dates: Path, chances: Path, most_chance: float, place: Place, look: Look) -> bytes:
    """First image after each pixel's lasting change, as PNG; `low` and `high` of the look are days since 1970.

    Parameters
    ----------
    dates, chances
        Change rasters ``first_date`` (YYYYMMDD) and ``p_value``.
    most_chance
        Pixels whose p-value is larger stay clear.
    """
    try:
        with Reader(str(dates)) as source:
            day = source.tile(place.x, place.y, place.z, tilesize=place.size).array
        with Reader(str(chances)) as source:
            chance = source.tile(place.x, place.y, place.z, tilesize=place.size).array
    except TileOutsideBounds:
        return NO_TILE
    hidden = np.ma.getmaskarray(day) | np.ma.getmaskarray(chance) | ~(chance.filled(1.0) <= most_chance)
    return _png(np.ma.MaskedArray(_days(day.filled(0)), hidden), look)


def some_mean(desk: Desk, track: TrackStack, polarisation: str, indices: range) -> xr.DataArray:
    """Mean power of the images at some places of a track; of all of it where there are as many."""
    kept = [i for i in indices if 0 <= i < len(track.times)]
    if len(kept) == len(track.times) > 1:
        return mean_image(desk, track, polarisation)
    images = [image(desk, track, polarisation, i) for i in kept]
    if len(images) == 1:
        return images[0]
    values = np.stack([one.values for one in images])
    valid = np.isfinite(values)
    count = valid.sum(axis=0)
    total = np.where(valid, values, 0.0).sum(axis=0)
    return images[0].copy(data=np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32))


def onset_files(desk: Desk, track: TrackStack) -> tuple[Path, Path]:
    """The change rasters that an onset tile needs.

    Raises
    ------
    HTTPException
        404, where the last run made none for this track.
    """
    folder = desk.workspace.change_folder
    dates, chances = folder / f"{track.name}_first_date.tif", folder / f"{track.name}_p_value.tif"
    if not (dates.is_file() and chances.is_file()):
        raise HTTPException(404, f"there is no map of change for {track.name}; `sitewatch update` makes it")
    return dates, chances


def _cut(raster: xr.DataArray, place: Place) -> ImageData | None:
    with XarrayReader(raster.rename("band")) as source:
        try:
            # The average of what lies under a coarser pixel; of finer ones, the pixel itself: none is invented.
            coarser = source.maxzoom - 1 > place.z + (place.size > 256)
            method = "average" if coarser else "nearest"
            return source.tile(place.x, place.y, place.z, tilesize=place.size, reproject_method=method)
        except TileOutsideBounds:
            return None


def _decibels(power: np.ma.MaskedArray) -> np.ma.MaskedArray:
    values = np.ma.getdata(power).astype(np.float32)
    hidden = np.ma.getmaskarray(power) | ~np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.ma.MaskedArray(10 * np.log10(np.maximum(values, 1e-6)), hidden)


def _days(dates: NDArray[np.integer]) -> NDArray[np.float32]:
    """YYYYMMDD as days since 1970."""
    year, month, day = dates // 10_000, dates // 100 % 100, dates % 100
    months = ((year - 1970) * 12 + np.maximum(month, 1) - 1).astype("datetime64[M]")
    return (months.astype("datetime64[D]").astype(np.int64) + day - 1).astype(np.float32)


def _png(values: np.ma.MaskedArray, look: Look) -> bytes:
    scaled = (np.ma.getdata(values) - look.low) / max(look.high - look.low, 1e-9)
    steps = np.clip(np.nan_to_num(scaled) * 255, 0, 255).astype(np.uint8)
    drawn = ImageData(np.ma.MaskedArray(steps, np.ma.getmaskarray(values)))
    return bytes(drawn.render(img_format="PNG", colormap=colour_table(look.colours), zlevel=1))
