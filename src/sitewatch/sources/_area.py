"""Areas as catalogues are asked for them: boxes that never cross the antimeridian, with a margin around the site."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import shapely
import shapely.affinity
from shapely.geometry.base import BaseGeometry

from sitewatch.errors import SiteError
from sitewatch.site import Site, bbox_corners, is_bbox

Box: TypeAlias = "tuple[float, float, float, float]"

_M_PER_DEG = 111_320.0


def read_area(source: str) -> tuple[str, BaseGeometry]:
    """Id and area (EPSG:4326) of a site; of a box across the antimeridian (west beyond east) its two sides.

    Raises
    ------
    SiteError
        As `Site.read`.
    """
    if is_bbox(source):
        west, south, east, north = bbox_corners(source)
        # 10 degrees are more than any site may have; what is wider has its corners in the wrong order.
        if -180 <= east < west <= 180 and east + 360 - west < 10 and -90 <= south < north <= 90:
            sides = [box for box in ((west, south, 180.0, north), (-180.0, south, east, north)) if box[0] < box[2]]
            return "bbox", shapely.MultiPolygon([shapely.box(*box) for box in sides])
    site = Site.read(source)
    return site.id, site.area


def boxes_of(area: BaseGeometry, margin_m: float = 0.0) -> tuple[Box, ...]:
    """West, south, east and north of an area with a margin: one box, or one a side of the antimeridian."""
    if not (math.isfinite(margin_m) and margin_m >= 0):
        raise SiteError(f"a margin of {margin_m} m can't be laid around a site", hint="Give metres, 0 or more.")
    parts = list(getattr(area, "geoms", [area]))
    if area.bounds[2] - area.bounds[0] > 180:
        groups = [[p for p in parts if p.bounds[0] >= 0], [p for p in parts if p.bounds[0] < 0]]
    else:
        groups = [parts]
    boxes: list[Box] = []
    for group in groups:
        if not group:
            continue
        west, south, east, north = shapely.total_bounds(group)
        lat = margin_m / _M_PER_DEG
        lon = lat / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
        south, north = max(south - lat, -90.0), min(north + lat, 90.0)
        # What the margin pushes over the antimeridian is left out: a side of a site ends there.
        boxes.append((float(max(west - lon, -180.0)), float(south), float(min(east + lon, 180.0)), float(north)))
    return tuple(boxes)


def box_of(bbox: Sequence[float]) -> shapely.Polygon:
    """Outline of a STAC bbox of four or six numbers; one whose west lies beyond its east crosses the antimeridian."""
    west, south, east, north = (float(n) for n in (bbox if len(bbox) == 4 else (*bbox[:2], *bbox[3:5])))
    return shapely.box(west, south, east + 360.0 if east < west else east, north)


def overlap(geometry: BaseGeometry, area: BaseGeometry) -> float:
    """Share of an area that a footprint covers, 0 to 1; footprints that cross the antimeridian count on both sides."""
    whole = area.area
    if whole == 0:
        return 0.0
    west, _, east, _ = geometry.bounds
    # Written around the globe, a footprint's parts west of the antimeridian belong beyond 180 degrees.
    whole_turn = _shifted(geometry, lambda lon: np.where(lon < 0, lon + 360, lon)) if east - west > 180 else geometry
    shapes = [shapely.affinity.translate(whole_turn, by) for by in (-360.0, 0.0, 360.0)]
    covered = sum(shapely.make_valid(shape).intersection(area).area for shape in shapes)
    return float(min(covered / whole, 1.0))


def _shifted(geometry: BaseGeometry, move: Callable[[np.ndarray], np.ndarray]) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: np.column_stack([move(xy[:, 0]), xy[:, 1]]))
