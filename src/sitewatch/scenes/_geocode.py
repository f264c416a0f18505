"""Images in radar geometry laid on a map grid, through GDAL's transformers (RPC with terrain, or tie points)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import rasterio.control
import rasterio.io
import rasterio.warp
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from sitewatch.geodesy import lonlat_at
from sitewatch.scenes._radar_image import RadarImage, range_axis, tie_image
from sitewatch.scenes._raster import raster_errors
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._rpc_terrain import flatten_by_rpc
from sitewatch.scenes._samples import read_power
from sitewatch.scenes._scene import Band
from sitewatch.scenes._terrain import Terrain

# Samples read at once: a very fine image on a coarse grid is read in quarters instead.
_MOST_SAMPLES = 40_000_000
# Samples around a window that interpolation and the averaging kernel may reach.
_MARGIN = 4
_LATTICE = 17
# Samples a grid pixel from which on they are averaged; below, interpolation uses them all.
_AVERAGED_ABOVE = 2.0


@dataclasses.dataclass(frozen=True)
class RadarReader:
    """Lays an image in radar geometry on any map grid, reading only the samples it needs.

    Attributes
    ----------
    source
        Path of the image.
    image
        What says where its pixels lie.
    """

    source: str
    image: RadarImage

    @property
    def grids(self) -> Literal["own", "any"]:
        """Any: it geocodes."""
        return "any"

    @property
    def terrain(self) -> Terrain | None:
        """The ground that the user names."""
        return self.image.terrain

    @property
    def lacks_terrain(self) -> bool:
        """Whether heights would place the pixels better: tie points take none."""
        return self.terrain is None and isinstance(self.image.model, Rpc)

    @property
    def hints(self) -> Mapping[str, str]:
        """The ground."""
        return {} if self.terrain is None else self.terrain.as_hints()

    def read(self, bands: Sequence[Band], geobox: GeoBox) -> dict[str, np.ndarray]:
        """Lay the image on a grid.

        Returns
        -------
        dict
            By polarisation: float32 linear power (rows, columns) in the scene's quantity, NaN where nothing was
            measured or the terrain is not known.

        Raises
        ------
        SceneError
            The image or the elevation model can't be read.

        Notes
        -----
        Samples become power before they are resampled, and are averaged where the grid is coarser than they are, which
        is how looks are taken. Positions are exact: with an elevation model (one of a single height where that is the
        terrain) rasterio does without GDAL's approximating transformer, which may be off by an eighth of a sample.
        """
        heights = self.image.ground.heights(geobox) if isinstance(self.image.model, Rpc) else None
        laid = {band.polarisation: _lay(band, self.image, geobox, heights) for band in bands}
        if self.image.flattens and any(np.isfinite(values).any() for values in laid.values()):
            _flatten(laid, self.image, geobox)
        return laid


def _flatten(laid: Mapping[str, np.ndarray], image: RadarImage, grid: GeoBox) -> None:
    """Make gamma0 of the ellipsoid that of the terrain, in place; NaN in layover and shadow."""
    assert isinstance(image.model, Rpc)
    axis, _ = range_axis(image.model, image.shape)
    found = flatten_by_rpc(image.model, 1 - axis, image.ground, grid)
    for values in laid.values():
        values *= found.factor.astype(np.float32)
        values[found.layover | found.shadow] = np.nan


def _lay(band: Band, image: RadarImage, grid: GeoBox, heights: np.ndarray | None) -> np.ndarray:
    out = np.full(tuple(grid.shape), np.nan, np.float32)
    found = _window(image, grid, heights)
    if found is None:
        return out
    window, density = found
    samples = (window[0].stop - window[0].start) * (window[1].stop - window[1].start)
    if samples > _MOST_SAMPLES and min(grid.shape) > 1:
        middle_row, middle_col = (n // 2 for n in grid.shape)
        for rows in (slice(0, middle_row), slice(middle_row, grid.shape[0])):
            for cols in (slice(0, middle_col), slice(middle_col, grid.shape[1])):
                part = None if heights is None else heights[rows, cols]
                out[rows, cols] = _lay(band, image, grid[rows, cols], part)
        return out
    power = read_power(band, image.stored, window)
    if image.gain is not None:
        positions = (np.arange(part.start, part.stop) for part in window)
        power *= image.gain.at(*positions).astype(np.float32)
    kernel = Resampling.average if density > _AVERAGED_ABOVE else Resampling.bilinear
    _warp(power, image, window, grid, heights, kernel, out)
    return out


def _warp(
    power: np.ndarray,
    image: RadarImage,
    window: tuple[slice, slice],
    grid: GeoBox,
    heights: np.ndarray | None,
    kernel: Resampling,
    out: np.ndarray,
) -> None:
    row, col = window[0].start, window[1].start
    settings: dict[str, Any] = {
        "src_crs": "EPSG:4326",
        "dst_crs": str(grid.crs),
        "dst_transform": grid.affine,
        "src_nodata": np.nan,
        "dst_nodata": np.nan,
        "resampling": kernel,
    }
    if kernel is Resampling.bilinear:
        # Else GDAL widens the kernel by a scale it guesses from the window, and windows would not join up.
        settings |= {"XSCALE": 1, "YSCALE": 1}
    with raster_errors("the elevation model"):
        if isinstance(image.model, tuple):
            points = [
                rasterio.control.GroundControlPoint(p.row + 0.5 - row, p.col + 0.5 - col, p.lon, p.lat, 0.0)
                for p in image.model
            ]
            rasterio.warp.reproject(power, out, gcps=points, SRC_METHOD="GCP_TPS", **settings)
            return
        model = image.model.cropped(row, col).as_gdal()
        assert heights is not None
        with rasterio.io.MemoryFile() as memory:
            _write_heights(memory, heights, grid)
            # The heights are the ellipsoid's already: GDAL must not convert them once more.
            terrain = {"RPC_DEM": memory.name, "RPC_DEM_APPLY_VDATUM_SHIFT": "NO"}
            rasterio.warp.reproject(power, out, rpcs=model, **terrain, **settings)


def _write_heights(memory: rasterio.io.MemoryFile, heights: np.ndarray, grid: GeoBox) -> None:
    # A ring more than the grid: interpolation at its outermost pixels reaches beyond them.
    padded = np.pad(heights, 2, mode="edge")
    rows, cols = padded.shape
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "height": rows, "width": cols, "nodata": np.nan}
    place = {"crs": str(grid.crs), "transform": grid.affine * Affine.translation(-2, -2)}
    with memory.open(**profile, **place) as target:
        target.write(padded, 1)


def _window(image: RadarImage, grid: GeoBox, heights: np.ndarray | None) -> tuple[tuple[slice, slice], float] | None:
    """Samples that a grid needs and how many a pixel of it, or None where the image shows nothing of it."""
    rows, cols = (np.linspace(0, n, min(n, _LATTICE - 1) + 1) for n in grid.shape)
    at_col, at_row = np.meshgrid(cols, rows)
    lon, lat = lonlat_at(grid, at_row, at_col)
    if isinstance(image.model, Rpc):
        assert heights is not None
        if not np.isfinite(heights).any():
            return None
        places = [image.model.image(lon, lat, h) for h in {float(np.nanmin(heights)), float(np.nanmax(heights))}]
    else:
        places = [tie_image(image.model, lon, lat)]
    row, col = (np.concatenate([place[axis].ravel() for place in places]) for axis in (0, 1))
    found = [
        _clipped(values, size, count) for values, size, count in zip((row, col), image.shape, grid.shape, strict=True)
    ]
    if found[0] is None or found[1] is None:
        return None
    (row_y, row_x), (col_y, col_x) = (np.gradient(place, rows, cols) for place in places[0])
    return (found[0], found[1]), float(np.nanmedian(np.abs(row_y * col_x - row_x * col_y)))


def _clipped(values: np.ndarray, size: int, count: int) -> slice | None:
    if not np.isfinite(values).all():
        return slice(0, size)
    # A kernel reaches half an output pixel beyond the grid, and the model bends between the points tried.
    margin = _MARGIN + math.ceil(float(np.ptp(values)) / max(count, 1)) + math.ceil(0.01 * float(np.ptp(values)))
    start, stop = max(math.floor(values.min()) - margin, 0), min(math.ceil(values.max()) + margin + 1, size)
    return slice(start, stop) if stop > start else None
