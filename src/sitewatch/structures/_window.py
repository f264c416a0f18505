"""The piece of a stack around one place, in logarithms, with what its surfaces do by themselves."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.xr import xr_coords as _register_odc_accessor  # noqa: F401
from scipy import ndimage as ndi

from sitewatch.change import Background, background_of, calm_level, log_power
from sitewatch.structures._pixels import EIGHT


@dataclasses.dataclass(frozen=True)
class Window:
    """All dates of a small box of one track.

    Attributes
    ----------
    log_values
        [time, polarisation, y, x], ln power, NaN where there is no image.
    water
        [y, x], whether the ground was water on calm dates.
    background
        Strata, date effects and scatter of the track.
    rows, columns
        Where the box lies in the stack.
    stack
        The same box of the stack, for coordinates and attributes.
    """

    log_values: NDArray[np.float32]
    water: NDArray[np.bool_]
    background: Background
    rows: slice
    columns: slice
    stack: xr.Dataset

    @property
    def dates(self) -> list[dt.date]:
        """Acquisition dates, UTC."""
        return dates_of(self.stack["time"].values)

    @property
    def days(self) -> NDArray[np.float64]:
        """[time], days since the first image."""
        time = self.stack["time"].values
        return (time - time[0]) / np.timedelta64(1, "D")

    @property
    def polarisations(self) -> tuple[str, ...]:
        """Names of the polarisations, in the order of `log_values`."""
        return tuple(str(name) for name in self.stack.data_vars)

    @functools.cached_property
    def residual(self) -> NDArray[np.float32]:
        """[time, polarisation, y, x]: ln power less each pixel's stratum's date effect."""
        effect = self.background.effect.astype(np.float32)  # [stratum, polarisation, time]
        by_pixel = np.where(self.water, effect[0].T[:, :, None, None], effect[1].T[:, :, None, None])
        return self.log_values - by_pixel


def dates_of(times: NDArray[np.datetime64]) -> list[dt.date]:
    """Dates, UTC, of the times of images."""
    days: list[dt.date] = times.astype("datetime64[D]").tolist()
    return days


def ground_round(
    window: Window, footprint: NDArray[np.bool_], *, on_water: bool, reach_pixels: int | None = None
) -> NDArray[np.bool_]:
    """[y, x], water or land round a footprint, one pixel off, no farther than so many pixels (all of the window)."""
    ground = (window.water == on_water) & ~ndi.binary_dilation(footprint, EIGHT)
    if reach_pixels is not None:
        ground &= ndi.binary_dilation(footprint, EIGHT, iterations=reach_pixels)
    return np.asarray(ground)


def cut_window(stack: xr.Dataset, change: xr.Dataset, rows: slice, columns: slice) -> Window:
    """Read one box of a stack, all dates; memory is the box's only."""
    box = stack.isel(y=rows, x=columns)
    power = np.stack([box[str(name)].to_numpy() for name in box.data_vars], axis=1)
    background = background_of(change)
    values = log_power(power, background.floor)
    flat = values[:, 0].reshape(values.shape[0], -1)
    water = (calm_level(flat) < background.calm_limit).reshape(values.shape[2:])
    return Window(values, water, background, rows, columns, box)


def pixel_m_of(stack: xr.Dataset) -> tuple[float, float]:
    """True ground size of a stack's pixels in x and y, metres."""
    return float(stack.attrs["pixel_x_m"]), float(stack.attrs["pixel_y_m"])


def pixel_side_m(stack: xr.Dataset) -> float:
    """Side of a square that covers as much ground as a stack's pixel, metres."""
    x_m, y_m = pixel_m_of(stack)
    return float(np.sqrt(x_m * y_m))


def is_filtered(stack: xr.Dataset) -> bool:
    """Whether a stack's images were speckle filtered before they reached us."""
    return any("speckle filtered" in str(note) for note in stack.attrs.get("notes", []))
