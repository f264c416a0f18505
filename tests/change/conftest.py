"""Small stacks made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

LOOKS = 4.4
DATES = 40


@pytest.fixture(scope="session")
def speckle() -> Callable[[int, tuple[int, ...]], NDArray[np.float32]]:
    """Gamma speckle of mean one and 4.4 looks."""

    def draw(seed: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return np.random.default_rng(seed).gamma(LOOKS, 1 / LOOKS, shape).astype(np.float32)

    return draw


@pytest.fixture(scope="session")
def as_stack() -> Callable[..., xr.Dataset]:
    """A stack from power [time, y, x] by polarisation, one image every 12 days."""

    def build(power: dict[str, NDArray[np.float32]], quantity: str = "gamma0") -> xr.Dataset:
        n_time, height, width = next(iter(power.values())).shape
        geobox = GeoBox((height, width), Affine(10.0, 0.0, 302000.0, 0.0, -10.0, 4392000.0), "EPSG:32651")
        stack = xr.Dataset(
            {name: (("time", "y", "x"), values.astype(np.float32)) for name, values in power.items()},
            coords={
                **xr_coords(geobox),
                "time": np.datetime64("2021-03-02T09:31:20", "ns") + np.arange(n_time) * np.timedelta64(12, "D"),
                "scene": ("time", [f"scene-{i}" for i in range(n_time)]),
            },
        )
        stack.attrs = {
            "track": "simulated-98",
            "track_label": "Simulated, track 98",
            "quantity": quantity,
            "enl": float("nan"),
            "pixel_x_m": 10.0,
            "pixel_y_m": 10.0,
            "notes": [],
        }
        return stack

    return build


@pytest.fixture(scope="session")
def coast(
    speckle: Callable[[int, tuple[int, ...]], NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """Land above, a sea that follows the wind below: power [time, y, x] by polarisation, nothing built."""
    rng = np.random.default_rng(5)
    wind_db = rng.normal(-19, 3, DATES)
    out = {}
    for number, (name, land_db, sea_db) in enumerate((("VV", -10.0, 0.0), ("VH", -17.0, -7.5))):
        level = np.full((DATES, 60, 60), land_db)
        level[:, 30:] = (wind_db + sea_db)[:, None, None]
        out[name] = (10 ** (level / 10) * speckle(number, level.shape)).astype(np.float32)
    return out
