"""Images read from a stack: only the window and the dates that a picture needs, never the whole cube."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.report._frame import Frame, Window
from sitewatch.report._style import to_db
from sitewatch.structures._nan import nan_mean, nan_median

CO_POLARISED = ("VV", "HH")
STRIP_PIXELS = 6_000_000


@dataclasses.dataclass(frozen=True)
class Picture:
    """One image in dB, of one or several dates, with what its caption has to say.

    Attributes
    ----------
    db
        Backscatter in dB, rows from north to south; NaN where there is no imagery.
    frame
        Where it lies.
    times
        Acquisition times that went into it, UTC, increasing.
    method
        ``single image``, ``mean`` or ``median``.
    pixel_m
        Side of a pixel of the stack on the ground, metres (a large picture is averaged down from it).
    polarisation, track, track_label, orbit_state, look_direction, constellation, credit, time_known
        Of the stack it was read from.
    """

    db: NDArray[np.float32]
    frame: Frame
    times: tuple[np.datetime64, ...]
    method: str
    polarisation: str
    pixel_m: float = float("nan")
    track: str = ""
    track_label: str = ""
    orbit_state: str = ""
    look_direction: str = ""
    constellation: str = ""
    credit: str = ""
    time_known: bool = True


def polarisations(stack: xr.Dataset) -> list[str]:
    """Names of the stack's image variables, co-polarised ones first."""
    names = [str(n) for n in stack.data_vars if {"time", "y", "x"} <= set(map(str, stack[n].dims))]
    return sorted(names, key=lambda n: (n not in CO_POLARISED, n))


def read_picture(
    stack: xr.Dataset, polarisation: str, indices: Sequence[int], window: Window, *, max_pixels: int = 1200
) -> Picture:
    """Read some dates of a window and average them: the median from five dates on (ships come and go), else the mean.

    Parameters
    ----------
    stack
        Linear power, dims ``time, y, x``; may be lazy. Read in strips, so that memory stays bounded.
    polarisation
        Variable to read.
    indices
        Positions along ``time``.
    window
        Block to read.
    max_pixels
        The longer side of the picture; larger windows are averaged down by a whole factor.
    """
    chosen = sorted({int(i) for i in indices})
    rows, cols = window.shape
    factor = max(1, int(np.ceil(max(rows, cols) / max_pixels)))
    block = _strip_rows(factor, cols, len(chosen))
    variable = stack[polarisation].isel(time=chosen, x=window.cols)
    strips = []
    for start in range(window.rows.start, window.rows.stop, block):
        stop = min(start + block, window.rows.stop)
        cube = np.asarray(variable.isel(y=slice(start, stop)).values, dtype=np.float32)
        strips.append(_over_time(_coarsened(cube, factor)))
    attrs = stack.attrs
    times = tuple(np.asarray(stack["time"].values, dtype="datetime64[s]")[chosen])
    return Picture(
        db=to_db(np.concatenate(strips, axis=0)),
        frame=window.frame,
        times=times,
        method="single image" if len(chosen) == 1 else ("median" if len(chosen) >= 5 else "mean"),
        polarisation=polarisation,
        pixel_m=window.frame.width_m / cols,
        track=str(attrs.get("track", "")),
        track_label=str(attrs.get("track_label", "")),
        orbit_state=str(attrs.get("orbit_state") or ""),
        look_direction=str(attrs.get("look_direction") or ""),
        constellation=str(attrs.get("constellation") or ""),
        credit=str(attrs.get("credit") or ""),
        time_known=bool(attrs.get("time_known", 1)),
    )


def _strip_rows(factor: int, cols: int, dates: int) -> int:
    # Whole chunks of 256 rows where that fits, so that no chunk is inflated twice.
    rows = max(STRIP_PIXELS // max(cols * dates, 1), 1)
    unit = int(np.lcm(256, factor))
    return max(rows // unit, 1) * unit


def _coarsened(cube: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Mean over blocks of `factor` by `factor` pixels; blocks at the edge may be smaller; NaN are left out."""
    if factor == 1:
        return cube
    dates, rows, cols = cube.shape
    pad = ((0, 0), (0, -rows % factor), (0, -cols % factor))
    padded = np.pad(cube, pad, constant_values=np.nan)
    total = np.zeros((dates, padded.shape[1] // factor, padded.shape[2] // factor), np.float32)
    count = np.zeros(total.shape, np.uint16)
    # One pass an offset: numpy's sum over two short axes takes several times as long.
    for row in range(factor):
        for col in range(factor):
            part = padded[:, row::factor, col::factor]
            valid = np.isfinite(part)
            total += np.where(valid, part, np.float32(0))
            count += valid
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _over_time(cube: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median (five dates or more) or mean along time, NaN left out."""
    if cube.shape[0] == 1:
        return cube[0]
    over = nan_mean if cube.shape[0] < 5 else nan_median
    return np.asarray(over(cube, axis=0), np.float32)
