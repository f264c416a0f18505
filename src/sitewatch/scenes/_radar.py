"""The seam between a scene and pixels that are no plain raster on a map grid: radar geometry, complex images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from odc.geo.geobox import GeoBox

if TYPE_CHECKING:
    from sitewatch.scenes._scene import Band


class Reader(Protocol):
    """Reads pixels that need more than a raster library; frozen, so that scenes can be compared and hashed."""

    @property
    def grids(self) -> Literal["own", "any"]:
        """Which grids it reads onto: windows of the scene's own grid, or any map grid (it geocodes)."""

    @property
    def source(self) -> str:
        """The product's own path (a folder or a file), of which the bands' files may be parts."""

    def read(self, bands: Sequence[Band], geobox: GeoBox) -> Mapping[str, np.ndarray]:
        """Linear power of each polarisation on a grid: float32 (rows, columns), NaN where there is no data."""
