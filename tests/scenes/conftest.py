"""Small real GeoTIFFs, written where a test needs them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.errors
from affine import Affine

UTM = "EPSG:32636"
GRID = Affine(10, 0, 500_000, 0, -10, 4_000_000)

WriteTiff = Callable[..., Path]


@pytest.fixture
def write_tiff(tmp_path: Path) -> WriteTiff:
    """Write pixels (bands, rows, columns) as a tiled GeoTIFF of 10 m pixels; what tests vary are keywords."""

    def write(
        name: str,
        pixels: np.ndarray | None = None,
        *,
        crs: str | None = UTM,
        transform: Affine | None = GRID,
        tags: dict[str, str] | None = None,
        descriptions: tuple[str, ...] = (),
        units: tuple[str, ...] = (),
        scale: float | None = None,
        offset: float | None = None,
        **profile: Any,
    ) -> Path:
        if pixels is None:
            pixels = np.random.default_rng(1).gamma(4, 0.02, (1, 40, 30)).astype("float32")
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        count, height, width = pixels.shape
        place = {} if transform is None else {"transform": transform}
        shape = {"count": count, "height": height, "width": width, "dtype": pixels.dtype, "crs": crs, **place}
        layout = {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            target = rasterio.open(path, "w", driver="GTiff", **shape, **{**layout, **profile})
        with target:
            target.write(pixels)
            target.update_tags(**(tags or {}))
            for i, text in enumerate(descriptions, start=1):
                target.set_band_description(i, text)
            for i, text in enumerate(units, start=1):
                target.set_band_unit(i, text)
            if scale is not None:
                target.scales = (scale,) * count
            if offset is not None:
                target.offsets = (offset,) * count
        return path

    return write
