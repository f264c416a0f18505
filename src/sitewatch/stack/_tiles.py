"""Tile-by-tile work: windows that cover a grid, each pixel once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import xarray as xr
from odc.geo.geobox import GeoBox

CHUNK_TIME = 16
CHUNK_PX = 256


@dataclasses.dataclass(frozen=True)
class Tile:
    """One window of a grid.

    Attributes
    ----------
    y, x
        The tile's own pixels; those of all tiles cover the grid once.
    read_y, read_x
        The same with the margin, clipped to the grid: what to read.
    inner_y, inner_x
        Where the tile's own pixels lie within what was read.
    """

    y: slice
    x: slice
    read_y: slice
    read_x: slice

    @property
    def inner_y(self) -> slice:
        """Rows of the tile within what was read."""
        return slice(self.y.start - self.read_y.start, self.y.stop - self.read_y.start)

    @property
    def inner_x(self) -> slice:
        """Columns of the tile within what was read."""
        return slice(self.x.start - self.read_x.start, self.x.stop - self.read_x.start)

    @property
    def read(self) -> dict[str, slice]:
        """What to pass to ``isel`` to get the tile with its margin."""
        return {"y": self.read_y, "x": self.read_x}


def tiles(
    grid: GeoBox | xr.Dataset | xr.DataArray | tuple[int, int], size: int = CHUNK_PX, margin: int = 0
) -> Iterator[Tile]:
    """Windows of `size` pixels that cover a grid, each pixel once, row by row.

    Parameters
    ----------
    grid
        A GeoBox, an array with dims ``y`` and ``x``, or (rows, columns).
    size
        Edge of a tile, pixels; 256 matches the chunks on disk.
    margin
        Pixels to read beyond the tile on each side, e.g. half a filter's width.

    Raises
    ------
    ValueError
        `size` is not positive or `margin` is negative.
    """
    if size < 1 or margin < 0:
        raise ValueError(f"size must be positive and margin not negative, got {size} and {margin}")
    if isinstance(grid, (xr.Dataset, xr.DataArray)):
        height, width = int(grid.sizes["y"]), int(grid.sizes["x"])
    elif isinstance(grid, GeoBox):
        height, width = grid.shape
    else:
        height, width = grid
    return (
        Tile(y, x, _grown(y, margin, height), _grown(x, margin, width))
        for y in _cuts(height, size)
        for x in _cuts(width, size)
    )


def blocks(shape: tuple[int, int], bytes_per_pixel: int, budget_bytes: int) -> list[tuple[slice, slice]]:
    """Windows of whole chunks, as large as `budget_bytes` allows: full-width rows first, split across if need be."""
    height, width = shape
    pixels = max(budget_bytes // bytes_per_pixel, CHUNK_PX * CHUNK_PX)
    columns = width if pixels >= CHUNK_PX * width else pixels // CHUNK_PX // CHUNK_PX * CHUNK_PX
    rows = height if pixels >= height * columns else max(pixels // columns // CHUNK_PX * CHUNK_PX, CHUNK_PX)
    return [(y, x) for y in _cuts(height, rows) for x in _cuts(width, columns)]


def _cuts(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


def _grown(cut: slice, margin: int, length: int) -> slice:
    return slice(max(cut.start - margin, 0), min(cut.stop + margin, length))
