"""Sizes of a footprint on the ground, with the standard deviations that resolution and doubt imply."""

from __future__ import annotations

import dataclasses

import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import shapes

from sitewatch.errors import StructureError
from sitewatch.structure import Measure
from sitewatch.structures._centreline import centreline, length_along
from sitewatch.structures._map import from_pixels, to_degrees
from sitewatch.structures._pixels import edge_pixels

# An edge found on a pixel grid is off by a uniform error of one pixel.
EDGE_SD_PIXELS = 1 / np.sqrt(12.0)
# Share of a line's area that its edges leave open, beyond what their pixels tell: measured on development scenarios.
LINE_AREA_SHARE = 0.03
# Errors of the edge hang together over about this many pixels.
EDGE_CORRELATION_PIXELS = 3.0


@dataclasses.dataclass(frozen=True)
class Shape:
    """A footprint's outline and sizes.

    Attributes
    ----------
    outline
        EPSG:4326.
    area_m2, length_m, width_m
        Length and width are the sides of the smallest rotated rectangle; of a line, its centreline's length and
        mean width.
    orientation_deg
        Of the long axis, clockwise from grid north, 0 to 180.
    centreline
        EPSG:4326; None for fewer than four pixels.
    elongation
        Length over width of the rotated rectangle.
    slenderness
        Length of the centreline squared over the area.
    line
        [point, 2], the centreline in pixels of the mask (column, row), pixel edges at whole numbers.
    """

    outline: shapely.Polygon | shapely.MultiPolygon
    area_m2: Measure
    length_m: Measure
    width_m: Measure
    orientation_deg: float | None
    centreline: shapely.LineString | None
    elongation: float
    slenderness: float
    line: NDArray[np.float64] | None = dataclasses.field(default=None, compare=False)


def outline_of(mask: NDArray[np.bool_], geobox: GeoBox) -> shapely.Polygon | shapely.MultiPolygon:
    """Outline of a mask along its pixel edges, in EPSG:4326."""
    traced = shapes(mask.astype(np.uint8), mask=mask)
    merged = shapely.union_all([shapely.geometry.shape(part).buffer(0) for part, _ in traced])
    outline = to_degrees(shapely.transform(merged, lambda points: from_pixels(points, geobox)), geobox)
    if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon):
        raise StructureError("the footprint has no area", hint="It must cover at least one pixel")
    return outline


def measure(mask: NDArray[np.bool_], geobox: GeoBox, pixel_m: tuple[float, float], *, doubt: float = 0.0) -> Shape:
    """Outline and sizes of a footprint.

    Parameters
    ----------
    mask
        [y, x] on `geobox`.
    pixel_m
        True ground size of a pixel in x and y, metres.
    doubt
        Standard deviation of the number of pixels from doubtful membership.
    """
    pixel = float(np.sqrt(pixel_m[0] * pixel_m[1]))
    count = int(mask.sum())
    edge = edge_pixels(mask)
    # Every stretch of the edge (EDGE_CORRELATION_PIXELS long) is off by its own error across the edge.
    edge_sd = EDGE_SD_PIXELS * np.sqrt(edge * EDGE_CORRELATION_PIXELS)
    area = Measure(count * pixel**2, float(np.hypot(edge_sd, doubt)) * pixel**2)
    corners = _rectangle(mask, pixel_m)
    sides = np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))
    axis = (corners[1] - corners[0]) if sides[0] >= sides[1] else (corners[2] - corners[1])
    long_m, short_m = max(sides), min(sides)
    line = centreline(mask, pixel_m)
    end_sd = float(np.sqrt(2) * 0.75 * pixel)
    orientation = float(np.degrees(np.arctan2(axis[0], axis[1])) % 180) if long_m > 1.2 * short_m else None
    return Shape(
        outline=outline_of(mask, geobox),
        area_m2=area,
        length_m=Measure(float(long_m), end_sd),
        width_m=Measure(float(short_m), end_sd),
        orientation_deg=orientation,
        centreline=None if line is None else _on_map(line, geobox),
        elongation=float(long_m / max(short_m, 1e-6)),
        slenderness=_slenderness(line, area.value, pixel_m),
        line=line,
    )


def slenderness(mask: NDArray[np.bool_], pixel_m: tuple[float, float]) -> float:
    """Length of a footprint's centreline squared over its area; 0 where it has none."""
    area = int(mask.sum()) * float(np.sqrt(pixel_m[0] * pixel_m[1])) ** 2
    return _slenderness(centreline(mask, pixel_m), area, pixel_m)


def _slenderness(line: NDArray[np.float64] | None, area: float, pixel_m: tuple[float, float]) -> float:
    return length_along(line, pixel_m) ** 2 / area if line is not None else 0.0


def as_line(shape: Shape, pixel: float) -> Shape:
    """The same footprint measured as a line: length along the centreline, mean width."""
    length = float(np.sqrt(shape.slenderness * shape.area_m2.value))
    if shape.centreline is None or length <= 0:
        return shape
    sd = float(np.hypot(1.5 * pixel, 0.02 * length))
    width = shape.area_m2.value / length
    # A line is nearly all edge, and the edges of what is dark hide in the texture beside it.
    area = Measure(shape.area_m2.value, float(np.hypot(shape.area_m2.sd, LINE_AREA_SHARE * shape.area_m2.value)))
    relative = np.hypot(area.sd / area.value, sd / length)
    return dataclasses.replace(
        shape, area_m2=area, length_m=Measure(length, sd), width_m=Measure(width, float(width * relative))
    )


def _rectangle(mask: NDArray[np.bool_], pixel_m: tuple[float, float]) -> NDArray[np.float64]:
    """Corners of the smallest rotated rectangle round the pixels' squares, metres east and north."""
    rows, columns = np.nonzero(mask)
    points = np.concatenate([np.stack([columns + dx, rows + dy], axis=1) for dx in (0, 1) for dy in (0, 1)])
    hull = shapely.oriented_envelope(shapely.MultiPoint(points * [pixel_m[0], -pixel_m[1]]))
    return shapely.get_coordinates(hull)[:4]


def _on_map(line: NDArray[np.float64], geobox: GeoBox) -> shapely.LineString:
    return to_degrees(shapely.LineString(from_pixels(line, geobox)), geobox)
