"""The date of each pixel is that of the image with which it was built, and never outside of what the structure says."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
import shapely
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from sitewatch.structure import GrowthPoint, Interval, Measure, Structure
from sitewatch.structures._map import to_degrees
from sitewatch.structures._pixel_dates import date_pixels

START = np.datetime64("2021-01-05")
IMAGES = 24
# The seaward half of the pier follows the first after these images.
FIRST, SECOND = 9, 15


def pier(levels: tuple[float, float] = (0.02, 0.4), wind: float = 0.0) -> tuple[xr.Dataset, Structure]:
    """A pier in the sea whose two halves came one after the other; `wind` moves the sea from date to date (dB)."""
    rng = np.random.default_rng(11)
    grid = GeoBox.from_bbox((500_000, 4_000_000, 500_400, 4_000_400), "EPSG:32633", shape=(40, 40))
    sea = 10 ** (rng.normal(0, wind, IMAGES) / 10)
    mean = np.full((IMAGES, 40, 40), levels[0]) * sea[:, None, None]
    cols = slice(14, 20)
    mean[FIRST:, 12:20, cols] = levels[1]
    mean[SECOND:, 20:28, cols] = levels[1]
    power = (mean * rng.gamma(4.4, 1 / 4.4, mean.shape)).astype(np.float32)
    times = START + 12 * np.arange(IMAGES)
    coords = {"time": times.astype("datetime64[ns]"), **{str(k): v for k, v in xr_coords(grid).items()}}
    stack = xr.Dataset({"VV": (("time", "y", "x"), power)}, coords=coords)
    stack.attrs = {"track": "made-up", "track_label": "made up", "pixel_x_m": 10.0, "pixel_y_m": 10.0}
    days = [dt.date.fromisoformat(str(t)) for t in times]
    outline = shapely.box(500_000 + 140, 4_000_400 - 280, 500_000 + 200, 4_000_400 - 120)
    structure = Structure(
        id="pier",
        kind="pier",
        status="confirmed",
        footprint=to_degrees(outline, grid),
        area_m2=Measure(9600.0, 300.0),
        length_m=Measure(160.0, 10.0),
        width_m=Measure(60.0, 10.0),
        growth=tuple(GrowthPoint(day, 0.0, 0.0) for day in days),
        levels=(),
        p_value=1e-9,
        onset=Interval(days[FIRST - 1], days[FIRST]),
        completion=Interval(days[SECOND - 1], days[SECOND]),
    )
    return stack, structure


def halves(dates: xr.DataArray, stack: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Image numbers of the pixels of both halves."""
    known = ~np.isnat(dates.values)
    number = np.searchsorted(stack["time"].values, dates.values[known])
    row = np.broadcast_to(np.arange(dates.shape[0])[:, None], dates.shape)[known]
    middle = row.min() + 8
    return number[row < middle], number[row >= middle]


@pytest.mark.parametrize("wind", [0.0, 4.0])
def test_each_half_of_a_pier_has_its_own_date_whatever_the_wind(wind: float) -> None:
    stack, structure = pier(wind=wind)
    dates = date_pixels(stack, structure)
    assert dates is not None
    first, second = halves(dates, stack)
    assert first.size + second.size == 96
    assert (first == FIRST).mean() > 0.9
    assert (second == SECOND).mean() > 0.9


def test_what_was_taken_down_is_dated_alike() -> None:
    stack, structure = pier(levels=(0.4, 0.02))
    dates = date_pixels(stack, dataclasses.replace(structure, kind="demolition"))
    assert dates is not None
    first, second = halves(dates, stack)
    assert (first == FIRST).mean() > 0.9
    assert (second == SECOND).mean() > 0.9


def test_no_pixel_is_dated_outside_of_the_structures_own_interval() -> None:
    stack, structure = pier(levels=(0.02, 0.022))  # texture alone: the images say next to nothing
    dates = date_pixels(stack, structure)
    assert dates is not None
    known = dates.values[~np.isnat(dates.values)]
    assert structure.onset is not None
    assert structure.completion is not None
    assert known.min() >= np.datetime64(structure.onset.latest)
    assert known.max() <= np.datetime64(structure.completion.latest)


def test_what_still_grows_is_dated_too_and_missing_images_are_no_evidence() -> None:
    stack, structure = pier()
    stack["VV"][FIRST + 1] = np.nan
    dates = date_pixels(stack, dataclasses.replace(structure, completion=None))
    assert dates is not None
    first, _ = halves(dates, stack)
    assert (first == FIRST).mean() > 0.9


def test_a_track_that_cannot_tell_says_so() -> None:
    stack, structure = pier()
    assert date_pixels(stack, dataclasses.replace(structure, onset=None)) is None
    assert date_pixels(stack.isel(time=slice(SECOND, None)), structure) is None
    assert date_pixels(stack.isel(time=slice(0, FIRST)), structure) is None
    assert date_pixels(stack, dataclasses.replace(structure, footprint=shapely.box(0, 0, 0.1, 0.1))) is None
    assert date_pixels(stack.where(False), structure) is None
    half = date_pixels(stack.where(stack.x > float(stack.x[17])), structure)
    assert half is not None
    assert (~np.isnat(half.values)).sum() == 32
