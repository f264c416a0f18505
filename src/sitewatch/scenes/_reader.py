"""The seam between a scene and pixels that are no plain raster on a map grid: radar geometry, complex images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from odc.geo.geobox import GeoBox

if TYPE_CHECKING:
    from sitewatch.scenes._scene import Band
    from sitewatch.scenes._terrain import Terrain


class Reader(Protocol):
    """Reads pixels that need more than a raster library; frozen, so that scenes can be compared and hashed."""

    @property
    def grids(self) -> Literal["own", "any"]:
        """Which grids it reads onto: windows of the scene's own grid, or any map grid (it geocodes)."""

    @property
    def source(self) -> str:
        """The product's own path (a folder or a file), of which the bands' files may be parts."""

    @property
    def terrain(self) -> Terrain | None:
        """The ground that the user names; None without one."""

    @property
    def lacks_terrain(self) -> bool:
        """Whether the pixels would lie better on ground that the user names."""

    @property
    def hints(self) -> Mapping[str, str]:
        """What the user has to say (fields of `Hints`) for the same reader of the same product again."""

    def read(self, bands: Sequence[Band], geobox: GeoBox) -> Mapping[str, np.ndarray]:
        """Linear power of each polarisation on a grid: float32 (rows, columns), NaN where there is no data."""
