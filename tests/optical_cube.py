"""A small optical cube with known truth: plants with a season, and what is built, felled or sown among them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rasterio
import shapely
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from sitewatch.structures._map import to_degrees

SIDE = 40
GEOBOX = GeoBox((SIDE, SIDE), Affine(10, 0, 500_000, 0, -10, 4_400_000), "EPSG:32636")
BANDS = ("blue", "green", "red", "nir")
PLANTS = np.array([0.04, 0.06, 0.05, 0.30])
DORMANT = np.array([0.06, 0.08, 0.09, 0.20])
BUILT = np.array([0.11, 0.13, 0.15, 0.19])
WATER = np.array([0.06, 0.05, 0.03, 0.02])

Surface = Callable[[NDArray[np.datetime64]], NDArray[np.float64]]
Work = tuple[tuple[slice, slice], dt.date, NDArray[np.float64] | Surface]


def days(count: int = 72, every: int = 16, start: str = "2018-01-05") -> NDArray[np.datetime64]:
    """Acquisition times, regular."""
    return np.datetime64(start, "ns") + np.arange(count) * np.timedelta64(every, "D")


def green(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """[time, band], plants that green in summer."""
    turn = 2 * np.pi * (times.astype("datetime64[D]").astype(float) % 365.25) / 365.25
    share = np.clip(0.5 - 0.6 * np.cos(turn), 0, 1)[:, None]
    return share * PLANTS + (1 - share) * DORMANT


def cube(
    times: NDArray[np.datetime64], works: Sequence[Work] = (),
    *, base: Surface = green, seed: int = 1, cloud: float = 0.35,
) -> xr.Dataset:  # fmt: skip
    """A stack of reflectance with clouds of whole blocks, 4 % of scatter and 4 % of haze a date."""
    random = np.random.default_rng(seed)
    values = np.repeat(np.repeat(base(times)[:, :, None, None], SIDE, axis=2), SIDE, axis=3)
    for (rows, columns), day, surface in works:
        after = times >= np.datetime64(day)
        new = surface(times) if callable(surface) else np.broadcast_to(surface, (times.size, len(BANDS)))
        values[after, :, rows, columns] = new[after, :, None, None]
    values *= np.exp(0.04 * random.standard_normal((times.size, 1, 1, 1)))
    values *= np.exp(0.04 * random.standard_normal(values.shape))
    hidden = random.random((times.size, 2, 2)) < cloud
    values = np.where(np.kron(hidden, np.ones((SIDE // 2, SIDE // 2)))[:, None] > 0, np.nan, values)
    coords = xr_coords(GEOBOX)
    return xr.Dataset(
        {name: (("time", "y", "x"), values[:, k].astype(np.float32)) for k, name in enumerate(BANDS)},
        coords={
            "time": times, "y": coords["y"], "x": coords["x"], "spatial_ref": coords["spatial_ref"],
            "scene": ("time", [f"image-{i}" for i in range(times.size)]), "platform": ("time", [""] * times.size),
        },
        attrs={
            "track": "sentinel-2-l2a", "track_label": "Sentinel-2 L2A", "constellation": "sentinel-2", "mode": "L2A",
            "orbit_state": "", "look_direction": "", "relative_orbit": 0, "quantity": "surface reflectance",
            "enl": float("nan"), "pixel_x_m": 10.0, "pixel_y_m": 10.0, "time_known": 1, "credit": "", "notes": [],
            "site": "test",
        },
    )  # fmt: skip


def write_images(stack: xr.Dataset, folder: Path) -> Path:
    """A cube's dates as GeoTIFFs of reflectance times 10,000, clouds in a band of their own; the folder."""
    folder.mkdir(parents=True)
    for number, time in enumerate(stack["time"].values):
        values = np.stack([stack[name].to_numpy()[number] for name in BANDS])
        clouds = ~np.isfinite(values).all(axis=0)
        stored = np.concatenate([np.where(clouds, 4000, np.nan_to_num(values) * 10000), clouds[None]]).astype("uint16")
        with rasterio.open(
            folder / f"S2_L2A_{str(time)[:10].replace('-', '')}.tif", "w", driver="GTiff", count=len(stored),
            height=SIDE, width=SIDE, dtype="uint16", crs=str(GEOBOX.crs), transform=GEOBOX.affine,
        ) as target:  # fmt: skip
            target.write(stored)
            for index, name in enumerate((*BANDS, "clouds"), start=1):
                target.set_band_description(index, name)
    return folder


def area() -> shapely.Polygon:
    """All of the cube's ground, EPSG:4326."""
    return to_degrees(shapely.box(*GEOBOX.boundingbox.bbox), GEOBOX)
