"""Small images with known pixels, written as real GeoTIFFs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from stack_images import GRID, Place, footprint, planned

from sitewatch.scenes._scene import Scene


@pytest.fixture
def site() -> Place:
    """The whole of GRID."""
    return Place("here", footprint(GRID).buffer(-1e-6))


@pytest.fixture
def write_scene(tmp_path: Path) -> Callable[..., Scene]:
    """Write pixels, by polarisation or one array for VV, and describe them."""

    def write(name: str, values: Any, day: float = 0, geobox: GeoBox = GRID, **facts: Any) -> Scene:
        images = values if isinstance(values, dict) else {"VV": values}
        scene = planned(name, day, geobox, tuple(images), **facts)
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        bands = []
        for band in scene.bands:
            path = folder / f"{name}_{band.polarisation}.tif"
            pixels = np.broadcast_to(np.asarray(images[band.polarisation], np.float32), geobox.shape)
            settings = {"crs": str(geobox.crs), "transform": geobox.affine, "nodata": np.nan, "compress": "deflate"}
            height, width = geobox.shape
            with rasterio.open(path, "w", "GTiff", width, height, 1, dtype="float32", **settings) as file:
                file.write(pixels, 1)
            bands.append(dataclasses.replace(band, href=str(path)))
        return dataclasses.replace(scene, bands=tuple(bands))

    return write


@pytest.fixture
def speckle() -> Callable[..., np.ndarray]:
    """Gamma speckle of four looks on GRID or another shape."""

    def draw(seed: int, mean: float | np.ndarray = 0.1, shape: tuple[int, int] = (60, 80)) -> np.ndarray:
        return (mean * np.random.default_rng(seed).gamma(4.0, 0.25, shape)).astype(np.float32)

    return draw
