"""Where the invented coast lies: its pixel grid and the true size of its pixels."""

from __future__ import annotations

from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Proj

# far out in the Atlantic, so that nobody takes the invented coast for a real one
_CRS = "EPSG:32626"
_ORIGIN = (500_000.0, 5_000_000.0)


def coast_geobox(shape: tuple[int, int], pixel_m: float) -> GeoBox:
    """The grid (rows, columns) of a scenario."""
    return GeoBox(shape, Affine(pixel_m, 0, _ORIGIN[0], 0, -pixel_m, _ORIGIN[1]), _CRS)


def refined(geobox: GeoBox, finer: int) -> GeoBox:
    """The same ground with so many pixels along each side of one."""
    shape = (geobox.height * finer, geobox.width * finer)
    return GeoBox(shape, geobox.affine * Affine.scale(1 / finer), geobox.crs)


def ground_point(geobox: GeoBox, row: float, col: float) -> tuple[float, float]:
    """(x, y) in the CRS of a place on the grid; (0, 0) is the outer corner of the first pixel."""
    transform = geobox.transform
    return (
        transform.a * col + transform.b * row + transform.c,
        transform.d * col + transform.e * row + transform.f,
    )


def ground_pixel_m(geobox: GeoBox) -> tuple[float, float]:
    """True size of a pixel on the ground at the centre, metres."""
    projection = Proj(str(geobox.crs))
    x, y = ground_point(geobox, geobox.height / 2, geobox.width / 2)
    scale = projection.get_factors(*projection(x, y, inverse=True)).meridional_scale
    return abs(geobox.resolution.x) / scale, abs(geobox.resolution.y) / scale
