"""A large area as a stack on disk, written block by block: for tests and benchmarks of what works tile by tile."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
import zarr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

LOOKS = 4.4
PIXEL_M = 10.0
BLOCK = 256
WATER_DB, LAND_DB, BUILT_DB = -21.0, -11.0, -3.0
SEA_SWING_DB, LAND_SWING_DB = 1.5, 0.4


@dataclasses.dataclass(frozen=True)
class Built:
    """A rectangle of bright ground from an image on: first row and column, height and width in pixels."""

    row: int
    column: int
    height: int
    width: int
    image: int


def write_area(
    path: str | Path,
    shape: tuple[int, int],
    images: int,
    *,
    built: Sequence[Built] = (),
    seed: int = 0,
    polarisations: Sequence[str] = ("VV", "VH"),
    shore: float = 0.4,
) -> GeoBox:
    """Write the stack of a simulated track, an image every 12 days: speckle, a sea that swings with the wind, works.

    Parameters
    ----------
    path
        The Zarr store, laid out as `build_stacks` does.
    shape
        Rows and columns.
    built
        What is built; VH stands 6 dB below VV.
    shore
        Share of the columns, from the left, that are water.

    Returns
    -------
    GeoBox
        Of the grid.
    """
    geobox = GeoBox(shape, Affine(PIXEL_M, 0, 302_000, 0, -PIXEL_M, 4_392_000), "EPSG:32651")
    time = np.datetime64("2022-01-03T09:31:20", "ns") + 12 * np.arange(images) * np.timedelta64(1, "D")
    empty = da.zeros((images, *shape), np.float32, chunks=(16, BLOCK, BLOCK))
    about = {"units": "1", "grid_mapping": "spatial_ref"}
    template = xr.Dataset(
        dict.fromkeys(polarisations, (("time", "y", "x"), empty, about)),
        coords={
            **xr_coords(geobox),
            "time": time,
            "scene": ("time", np.array([f"simulated-{i:03d}" for i in range(images)], object)),
            "platform": ("time", np.array(["simulated"] * images, object)),
        },
        attrs={
            "track": "simulated-98", "track_label": "Simulated, orbit 98", "constellation": "simulated",
            "orbit_state": "descending", "look_direction": "right", "relative_orbit": 98, "quantity": "gamma0",
            "enl": LOOKS, "pixel_x_m": PIXEL_M, "pixel_y_m": PIXEL_M, "time_known": 1, "credit": "", "notes": [],
            "site": "area",
        },
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        template.to_zarr(path, mode="w", compute=False, zarr_format=3, consolidated=True)
    group = zarr.open_group(path, mode="r+")
    swing = np.random.default_rng(seed).normal(0, 1, (2, images))
    for top in range(0, shape[0], BLOCK):
        for left in range(0, shape[1], BLOCK):
            rows, columns = slice(top, min(top + BLOCK, shape[0])), slice(left, min(left + BLOCK, shape[1]))
            level = _level_db(rows, columns, swing, built, shore * shape[1])
            for number, name in enumerate(polarisations):
                # Of its own seed, so that what lies in a block does not depend on the area's size.
                generator = np.random.default_rng([seed, number, top, left])
                speckle = generator.standard_gamma(LOOKS, level.shape, np.float32) / np.float32(LOOKS)
                offset = 0.0 if name in ("VV", "HH") else -6.0
                group[name][:, rows, columns] = 10 ** ((level + np.float32(offset)) / 10) * speckle  # type: ignore[index]
    return geobox


def _level_db(rows: slice, columns: slice, swing: np.ndarray, built: Sequence[Built], shore: float) -> np.ndarray:
    """[time, y, x], float32."""
    y, x = np.mgrid[rows, columns]
    land = x >= shore + 20 * np.sin(y / 90)
    sea, ground = WATER_DB + SEA_SWING_DB * swing[0], LAND_DB + LAND_SWING_DB * swing[1]
    level = np.where(land, ground[:, None, None], sea[:, None, None]).astype(np.float32)
    for one in built:
        inside = (y >= one.row) & (y < one.row + one.height) & (x >= one.column) & (x < one.column + one.width)
        if inside.any():
            level[one.image :, inside] = BUILT_DB
    return level
