"""Flattening, layover and shadow of images that rational polynomials place, from the polynomials and a terrain alone.

The pixel of a zero-Doppler image keeps its range and time along a circle across the line of sight: raised ground must
move away from the radar to stay in it. So the polynomials at two heights tell the line of sight, and rows and columns
stand for time and range.
"""

from __future__ import annotations

import math

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import ndimage

from sitewatch.geodesy import lonlat_at, pixel_size_m
from sitewatch.scenes._flatten import Flattening, Points, flatten
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._terrain import Terrain

Floats = NDArray[np.float64]

# Elevation models have posts of 10 m and more: finer facets repeat the same slope.
_FACET_M = 10.0
# Terrain this far outside a window may fall onto it.
_REACH_M = 2000.0
_RAISED_M = 100.0
# Polynomials of third degree run away outside the ground they were fitted to, which their scales tell.
_FITTED_TO = 1.1
_POINTS_AT_ONCE = 300_000
_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def flatten_by_rpc(model: Rpc, azimuth_axis: int, terrain: Terrain, grid: GeoBox) -> Flattening:
    """Flattening of a grid's pixels.

    Parameters
    ----------
    model
        Of a zero-Doppler image.
    azimuth_axis
        Axis of the image along the flight: 0 rows, 1 columns.

    Raises
    ------
    SceneError
        The terrain does not reach the grid.
    """
    facets = _facets(grid)
    heights = terrain.heights(facets).astype(np.float64)
    level = np.full(heights.shape, float(np.nanmedian(heights)))
    found = flatten(*(_seen(model, azimuth_axis, facets, h) for h in (heights, level)))
    col, row = np.meshgrid(np.arange(grid.shape[1]) + 0.5, np.arange(grid.shape[0]) + 0.5)
    at_col, at_row = ~facets.affine * grid.affine * (col, row)
    at = np.stack([at_row, at_col]) - 0.5
    near = np.round(at).astype(int)
    factor = ndimage.map_coordinates(found.factor, at, order=1, mode="nearest")
    return Flattening(factor, found.layover[near[0], near[1]], found.shadow[near[0], near[1]])


def _facets(grid: GeoBox) -> GeoBox:
    """A grid of facets around another, the same for all windows of one grid."""
    size = pixel_size_m(grid)
    coarser = max(round(_FACET_M / math.sqrt(size.x * size.y)), 1)
    a, b, c, d, e, f = grid.affine[:6]
    margin = math.ceil(_REACH_M / (coarser * min(size)))
    # Facets begin at whole multiples of their size from the CRS's origin, whatever the window.
    row0, col0 = (math.floor((offset % (coarser * step)) / step + 1e-6) for offset, step in ((f, e), (c, a)))
    rows, cols = (math.ceil((n + first) / coarser) for n, first in zip(grid.shape, (row0, col0), strict=True))
    transform = (
        Affine(a, b, c, d, e, f)
        * Affine.translation(-col0 - margin * coarser, -row0 - margin * coarser)
        * Affine.scale(coarser)
    )
    return GeoBox((rows + 2 * margin, cols + 2 * margin), transform, grid.crs)


def _seen(model: Rpc, azimuth_axis: int, grid: GeoBox, height_m: Floats) -> Points:
    col, row = np.meshgrid(np.arange(grid.shape[1]) + 0.5, np.arange(grid.shape[0]) + 0.5)
    lon, lat = lonlat_at(grid, row, col)
    within = np.maximum(np.abs(lon - model.long_off) / model.long_scale, np.abs(lat - model.lat_off) / model.lat_scale)
    height_m = np.where(within <= _FITTED_TO, height_m, np.nan)
    # The polynomials' terms take 160 bytes a point.
    slabs = range(0, lon.shape[0], max(_POINTS_AT_ONCE // lon.shape[1], 1))
    parts = [slice(start, start + slabs.step) for start in slabs]
    placed = [model.image(lon[part], lat[part], height_m[part]) for part in parts]
    place = tuple(np.concatenate(axis) for axis in zip(*placed, strict=True))
    position = np.stack(_ECEF.transform(lon, lat, height_m))
    look = line_of_sight(model, model.long_off, model.lat_off, model.height_off)
    return Points(
        position,
        place[azimuth_axis],
        place[1 - azimuth_axis],
        np.broadcast_to(look[:, None, None], position.shape),
    )


def line_of_sight(model: Rpc, lon: float, lat: float, height_m: float) -> Floats:
    """Unit vector from a point to the radar, ECEF, of a zero-Doppler image."""
    row, col = model.image(np.array([lon]), np.array([lat]), height_m)
    raised = model.ground(row, col, height_m + _RAISED_M)
    here = np.array(_ECEF.transform(lon, lat, height_m))
    there = np.array(_ECEF.transform(float(raised[0][0]), float(raised[1][0]), height_m + _RAISED_M))
    circle = (there - here) / np.linalg.norm(there - here)
    aloft = np.array(_ECEF.transform(lon, lat, height_m + _RAISED_M))
    up = (aloft - here) / np.linalg.norm(aloft - here)
    across = up - (up @ circle) * circle
    return np.asarray(across / np.linalg.norm(across))
