"""Stacks and windows of gamma speckle whose truth is known pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from hall import Hall
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from scipy import ndimage as ndi
from scipy.special import polygamma

from sitewatch.change import Background, Covariance, detect_change
from sitewatch.simulate import speckle
from sitewatch.structures import find_in_track
from sitewatch.structures._window import Window

LOOKS = 4.4
PIXEL_M = 10.0


@pytest.fixture(scope="session")
def as_stack() -> Callable[..., xr.Dataset]:
    """A stack from power [time, y, x] by polarisation, one image every 12 days."""

    def build(power: dict[str, NDArray[np.floating]], *, track: str = "simulated-98", first_day: int = 0) -> xr.Dataset:
        n_time, height, width = next(iter(power.values())).shape
        geobox = GeoBox((height, width), Affine(PIXEL_M, 0, 302_000, 0, -PIXEL_M, 4_392_000), "EPSG:32651")
        time = np.datetime64("2021-03-02T09:31:20", "ns") + (first_day + 12 * np.arange(n_time)) * np.timedelta64(
            1, "D"
        )
        stack = xr.Dataset(
            {name: (("time", "y", "x"), values.astype(np.float32)) for name, values in power.items()},
            coords={
                **xr_coords(geobox),
                "time": time,
                "scene": ("time", [f"{track}-scene-{i}" for i in range(n_time)]),
            },
        )
        stack.attrs = {
            "track": track,
            "track_label": f"Simulated, {track}",
            "quantity": "gamma0",
            "enl": float("nan"),
            "pixel_x_m": PIXEL_M,
            "pixel_y_m": PIXEL_M,
            "notes": [],
        }
        return stack

    return build


@pytest.fixture(scope="session")
def as_window(as_stack: Callable[..., xr.Dataset]) -> Callable[[NDArray[np.floating]], Window]:
    """A window on power [time, y, x] of one polarisation on land without date effects, its speckle known."""

    def build(power: NDArray[np.floating]) -> Window:
        n_time, height, width = power.shape
        sd = float(np.sqrt(polygamma(1, LOOKS)))
        background = Background(
            calm_limit=-np.inf,
            effect=np.zeros((2, 1, n_time)),
            level=np.zeros((2, 1)),
            scatter=np.full((2, 1), sd),
            looks=LOOKS,
            effective_looks=np.full((2, 1), LOOKS),
            present=np.array([False, True]),
        )
        return Window(
            log_values=np.log(power)[:, None].astype(np.float32),
            water=np.zeros((height, width), bool),
            background=background,
            rows=slice(0, height),
            columns=slice(0, width),
            stack=as_stack({"VV": power}),
        )

    return build


@pytest.fixture(scope="session")
def speckle_only() -> dict[tuple[int, int], Covariance]:
    """Covariances of ground that does nothing but speckle, by (stratum, polarisation)."""
    alone = Covariance(float(polygamma(1, LOOKS)), (0.0, 0.0, 0.0), 0.0)
    return {(0, 0): alone, (1, 0): alone}


@pytest.fixture(scope="session")
def land_stack(as_stack: Callable[..., xr.Dataset]) -> Callable[..., xr.Dataset]:
    """Land in two polarisations where pixels change their level by `step_db` from image `turn` on."""

    def build(
        seed: int,
        turn: NDArray[np.integer],
        step_db: float | NDArray[np.floating],
        *,
        images: int = 36,
        point_spread_px: float = 0.0,
        **more: object,
    ) -> xr.Dataset:
        rng = np.random.default_rng(seed)
        spread = (point_spread_px, point_spread_px)
        power = {}
        for name, level_db in (("VV", -10.0), ("VH", -17.0)):
            taken = []
            for image in range(images):
                level = 10 ** ((level_db + np.where(image >= turn, step_db, 0.0)) / 10)
                seen = ndi.gaussian_filter(level, point_spread_px) if point_spread_px else level
                taken.append(seen * speckle(rng, turn.shape, enl=LOOKS, point_spread_px=spread))
            power[name] = np.stack(taken)
        return as_stack(power, **more)

    return build


@pytest.fixture(scope="session")
def hall(land_stack: Callable[..., xr.Dataset]) -> Hall:
    turn = np.full((70, 70), 999)
    turn[25:37, 20:44] = 10 + np.arange(24) // 4
    stack = land_stack(7, turn, 8.0, point_spread_px=0.5)
    change = detect_change(stack)
    (found,) = find_in_track(stack, change)
    return Hall(stack, change, found, turn < 999)
