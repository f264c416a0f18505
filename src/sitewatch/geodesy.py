"""True sizes on the ground: geodesic areas and lengths, local projections, real pixel sizes.

A map projection's unit is not a metre on the ground (in Web Mercator at 28 degrees north it is 0.88 of one), so every
size that sitewatch states comes from here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry, BaseMultipartGeometry

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

__all__ = ["GroundSize", "area_m2", "buffered", "length_m", "local_crs", "lonlat_at", "metres_per_unit", "pixel_size_m"]

_WGS84 = pyproj.Geod(ellps="WGS84")
_UTM_SOUTH_DEG, _UTM_NORTH_DEG = -80.0, 84.0
_UTM_ZONE_DEG = 6.0


class GroundSize(NamedTuple):
    """Sizes along the grid's x and y axes, in the unit the function that made it names."""

    x: float
    y: float


def area_m2(geometry: BaseGeometry) -> float:
    """Area on the WGS84 ellipsoid.

    Parameters
    ----------
    geometry
        EPSG:4326, longitude before latitude; holes count off, points and lines have none.

    Returns
    -------
    float
        Square metres, never negative, whichever way the rings turn.
    """
    total = 0.0
    for part in _parts(geometry):
        if isinstance(part, shapely.Polygon):
            total += abs(_WGS84.geometry_area_perimeter(part.exterior)[0])
            total -= sum(abs(_WGS84.geometry_area_perimeter(ring)[0]) for ring in part.interiors)
    return max(total, 0.0)


def length_m(geometry: BaseGeometry) -> float:
    """Length on the WGS84 ellipsoid: of lines their length, of polygons their perimeter (holes included), in metres."""
    return float(sum(_WGS84.geometry_length(part) for part in _parts(geometry)))


def local_crs(area: BaseGeometry) -> pyproj.CRS:
    """Projected CRS in metres that distorts little around an area.

    Parameters
    ----------
    area
        EPSG:4326, longitude before latitude.

    Returns
    -------
    pyproj.CRS
        The UTM zone of the area's centre (scale within 0.1 % over the zone); near the poles, and for an area wider
        than a zone, a Lambert azimuthal equal-area projection centred on it.
    """
    west, south, east, north = area.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    if south >= _UTM_SOUTH_DEG and north <= _UTM_NORTH_DEG and east - west <= _UTM_ZONE_DEG:
        zone = min(int((lon + 180.0) // _UTM_ZONE_DEG) + 1, 60)
        return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)
    return pyproj.CRS.from_dict({"proj": "laea", "lat_0": round(lat, 4), "lon_0": round(lon, 4), "datum": "WGS84"})


def buffered(geometry: BaseGeometry, distance_m: float) -> BaseGeometry:
    """All ground within a distance of a geometry; EPSG:4326 in and out, longitude before latitude."""
    crs = local_crs(geometry)
    there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    back = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    flat = shapely.transform(geometry, lambda xy: np.column_stack(there.transform(*xy.T)))
    return shapely.transform(shapely.buffer(flat, distance_m), lambda xy: np.column_stack(back.transform(*xy.T)))


def lonlat_at(geobox: GeoBox, row: np.ndarray, col: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude, degrees, of places on a grid; (0, 0) is its first pixel's outer corner."""
    to_lonlat = pyproj.Transformer.from_crs(str(geobox.crs), "EPSG:4326", always_xy=True)
    a, b, c, d, e, f = geobox.affine[:6]
    lon, lat = to_lonlat.transform(a * col + b * row + c, d * col + e * row + f)
    return np.asarray(lon), np.asarray(lat)


def pixel_size_m(geobox: GeoBox) -> GroundSize:
    """True ground size of a pixel at the grid's centre, in metres, for any CRS.

    Right for projections whose unit is not a metre on the ground, Web Mercator and geographic ones among them, and
    for rotated grids.
    """
    rows, cols = geobox.shape
    # A span of some pixels keeps rounding out of it without leaving the centre.
    span_x, span_y = min(cols, 32), min(rows, 32)
    col, row = cols / 2, rows / 2
    cols_at = np.array([col - span_x / 2, col + span_x / 2, col, col])
    rows_at = np.array([row, row, row - span_y / 2, row + span_y / 2])
    lons, lats = lonlat_at(geobox, rows_at, cols_at)
    _, _, along_x = _WGS84.inv(lons[0], lats[0], lons[1], lats[1])
    _, _, along_y = _WGS84.inv(lons[2], lats[2], lons[3], lats[3])
    return GroundSize(float(along_x) / span_x, float(along_y) / span_y)


def metres_per_unit(geobox: GeoBox) -> GroundSize:
    """Metres on the ground for one unit of the grid's CRS at its centre, along the grid's axes.

    1 in a metric projection that is true to scale there, cos(latitude) or so in Web Mercator, some 111 000 for degrees.
    """
    affine = geobox.affine
    size = pixel_size_m(geobox)
    return GroundSize(size.x / math.hypot(affine.a, affine.d), size.y / math.hypot(affine.b, affine.e))


def _parts(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    if isinstance(geometry, BaseMultipartGeometry):
        for part in geometry.geoms:
            yield from _parts(part)
    elif not geometry.is_empty:
        yield shapely.force_2d(geometry)
