"""Ships under way are counted image by image, moored ones and works are not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from scipy import ndimage as ndi

from sitewatch.change import detect_change

SHAPE, IMAGES = (60, 70), 24


def sea(seed: int) -> xr.Dataset:
    """Open water at -19 dB that wind moves from image to image, four looks."""
    rng = np.random.default_rng(seed)
    wind = rng.normal(0, 3, IMAGES)[:, None, None]
    power = 10 ** ((-19 + wind) / 10) * rng.gamma(4, 1 / 4, (IMAGES, *SHAPE))
    geobox = GeoBox.from_bbox((500_000, 4_000_000, 500_700, 4_000_600), "EPSG:32633", resolution=10)
    time = np.datetime64("2023-01-01", "ns") + 12 * np.arange(IMAGES) * np.timedelta64(1, "D")
    attrs = {"quantity": "gamma0", "enl": 4.0, "pixel_x_m": 10.0, "pixel_y_m": 10.0, "notes": [], "track": "t"}
    return xr.Dataset(
        {"VV": (("time", "y", "x"), power.astype(np.float32))}, coords={**xr_coords(geobox), "time": time}, attrs=attrs
    )


@pytest.fixture(scope="module")
def counted() -> np.ndarray:
    stack = sea(1)
    power = stack["VV"].values
    for image, row, column in ((4, 10, 10), (4, 40, 50), (11, 25, 30)):
        power[image, row : row + 3, column : column + 8] = 1.0
    power[14:20, 50:53, 20:30] = 1.0
    return detect_change(stack)["ships_passing"].to_numpy()


def test_ships_in_one_image_are_counted_in_it(counted: np.ndarray) -> None:
    assert counted[4] == 2
    assert counted[11] == 1


def test_a_moored_ship_and_the_empty_sea_are_not_counted(counted: np.ndarray) -> None:
    assert counted.sum() == 3


def test_a_storm_over_part_of_the_sea_is_no_ship() -> None:
    stack = sea(2)
    stack["VV"].values[7, :30] *= 100.0
    ships = detect_change(stack)["ships_passing"].to_numpy()
    assert ships[7] == -1
    assert (np.delete(ships, 7) == 0).all()


def test_a_rough_sea_is_not_full_of_ships() -> None:
    # The demo's sea once held forty on a date with swell.
    stack = sea(3)
    swell = ndi.gaussian_filter(np.random.default_rng(8).normal(0, 1, stack["VV"].values[9].shape), 1.5)
    stack["VV"].values[9] *= np.exp(0.8 * swell / swell.std())
    assert 0 <= detect_change(stack)["ships_passing"].to_numpy()[9] <= 1


def test_a_date_that_misses_the_sea_has_no_ships() -> None:
    stack = sea(4)
    stack["VV"].values[6] = np.nan
    assert detect_change(stack)["ships_passing"].to_numpy()[6] == 0
