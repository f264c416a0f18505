"""Geometries between a pixel grid and longitude and latitude."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize

G = TypeVar("G", bound=shapely.Geometry)


def from_pixels(points: NDArray[np.float64], geobox: GeoBox) -> NDArray[np.float64]:
    """[point, 2], positions (column, row; pixel edges at whole numbers) as coordinates in the grid's CRS."""
    a, b, c, d, e, f = tuple(geobox.affine)[:6]
    column, row = points[:, 0], points[:, 1]
    return np.stack([a * column + b * row + c, d * column + e * row + f], axis=1)


def to_degrees(geometry: G, geobox: GeoBox) -> G:
    """A geometry in the grid's CRS as EPSG:4326 (longitude, latitude)."""
    return _moved(geometry, pyproj.CRS.from_user_input(str(geobox.crs)), pyproj.CRS.from_epsg(4326))


def on_grid(geometry: G, geobox: GeoBox) -> G:
    """A geometry in EPSG:4326 (longitude, latitude) in the grid's CRS."""
    return _moved(geometry, pyproj.CRS.from_epsg(4326), pyproj.CRS.from_user_input(str(geobox.crs)))


def covered(geometry: shapely.Geometry, geobox: GeoBox) -> NDArray[np.bool_]:
    """[y, x], pixels whose centres lie in a geometry of EPSG:4326."""
    mask = rasterize([on_grid(geometry, geobox)], out_shape=geobox.shape, transform=geobox.affine)
    return np.asarray(mask, bool)


def onto(values: NDArray[np.bool_], source: GeoBox, target: GeoBox) -> NDArray[np.bool_]:
    """Pixels of a grid whose centres lie in set pixels [y, x] of another."""
    if source == target:
        return values
    rows, columns = np.mgrid[: target.shape[0], : target.shape[1]]
    x, y = from_pixels(np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1).astype(float), target).T
    here, there = (pyproj.CRS.from_user_input(str(grid.crs)) for grid in (target, source))
    if here != there:
        x, y = pyproj.Transformer.from_crs(here, there, always_xy=True).transform(x, y)
    column, row = ~source.affine * (x, y)
    column, row = np.floor(column).astype(int), np.floor(row).astype(int)
    inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
    out = np.zeros(rows.size, bool)
    out[inside] = values[row[inside], column[inside]]
    return out.reshape(rows.shape)


def _moved(geometry: G, source: pyproj.CRS, target: pyproj.CRS) -> G:
    if source == target:
        return geometry
    move = pyproj.Transformer.from_crs(source, target, always_xy=True)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(move.transform(points[:, 0], points[:, 1]), axis=1)

    return shapely.transform(geometry, moved)
