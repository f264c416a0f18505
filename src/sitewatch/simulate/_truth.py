"""The truth about a scenario: what was built, in terms of what the images can show, and what else changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio import features

from sitewatch.simulate._fields import BoolArray, FloatArray
from sitewatch.simulate._grid import ground_point
from sitewatch.simulate._growth import milestones
from sitewatch.simulate._image import Place
from sitewatch.simulate._weather import date_of, days_since_epoch
from sitewatch.simulate._works import Plan


@dataclasses.dataclass(frozen=True, eq=False)
class Work:
    """The truth about one structure.

    Attributes
    ----------
    id, kind
        Name within the scenario, and what it is.
    mask
        Its pixels on the scenario's grid at the last image (for a demolition, those removed).
    outline
        The same as a polygon in the scenario's CRS.
    onset, completion
        (last image without, first image with) the structure and its full extent; completion is None while it grows.
    preparation_first_seen
        First image of the prepared site, or None.
    growth
        (date, fraction of the final extent), an entry an image.
    area_m2, length_m
        Size: the pixels' area, and the longer side of the smallest rotated rectangle (of a road, along it).
    """

    id: str
    kind: str
    mask: BoolArray
    outline: shapely.Polygon | shapely.MultiPolygon
    onset: tuple[dt.date, dt.date]
    completion: tuple[dt.date, dt.date] | None
    preparation_first_seen: dt.date | None
    growth: tuple[tuple[dt.date, float], ...]
    area_m2: float
    length_m: float


@dataclasses.dataclass(frozen=True)
class NotConstruction:
    """Something that changes and is not construction; `outline` is in the scenario's CRS, None for all over the sea."""

    kind: str
    first: dt.date
    last: dt.date | None = None
    outline: shapely.Polygon | shapely.MultiPolygon | None = None


def true_works(place: Place, moments: Sequence[dt.datetime], geobox: GeoBox) -> list[Work]:
    """Each structure's truth in terms of the images; one that shows in fewer than two of them has none."""
    days, dates = [days_since_epoch(moment) for moment in moments], [moment.date() for moment in moments]
    pixel_m = place.coast.pixel_m
    out = []
    for number, work in enumerate(place.works, 1):
        built_day = work.schedule.built_day(work.plan.order)
        mask = work.plan.mask & (built_day <= days[-1])
        seen = milestones(mask, built_day, work.schedule, days, dates)
        if seen is None:
            continue
        shape_ = outline(mask, geobox.transform)
        out.append(
            Work(
                id=f"{work.plan.kind}-{number}",
                kind=work.plan.kind,
                mask=mask,
                outline=shape_,
                onset=seen.onset,
                completion=seen.completion,
                preparation_first_seen=seen.preparation_first_seen,
                growth=seen.growth,
                area_m2=float(mask.sum()) * pixel_m**2,
                length_m=_length_m(work.plan, mask, shape_, pixel_m),
            )
        )
    return out


def not_construction(place: Place, geobox: GeoBox, begin: dt.date) -> list[NotConstruction]:
    """Everything a careless reader of the images might take for construction."""
    out = []
    for mooring in place.moorings:
        row, col = mooring.ship.centre
        around = shapely.Point(ground_point(geobox, row + 0.5, col + 0.5)).buffer(
            mooring.ship.length_m / 2 + mooring.drift_m
        )
        kind = "ship at a quay" if mooring.place == "quay" else "anchored ship"
        out.append(NotConstruction(kind, date_of(mooring.first_day), date_of(mooring.last_day), around))
    coast, reach_m = place.coast, place.tide.highest_m
    flat = ~coast.land & (np.abs(coast.bed_m) < reach_m)
    if flat.any():
        out.append(NotConstruction("tidal flat", begin, None, outline(flat, geobox.transform)))
    for felling in place.fellings:
        out.append(NotConstruction("felled trees", date_of(felling.day), None, outline(felling.mask, geobox.transform)))
    out.append(NotConstruction("ships under way", begin))
    out.append(NotConstruction("crops through their seasons", begin))
    return out


def outline(mask: BoolArray, transform: Affine) -> shapely.Polygon | shapely.MultiPolygon:
    """Pixels as a polygon along their edges."""
    pieces = [
        shapely.geometry.shape(g) for g, _ in features.shapes(mask.astype("uint8"), mask=mask, transform=transform)
    ]
    joined = shapely.union_all(pieces)
    if not isinstance(joined, shapely.Polygon | shapely.MultiPolygon):
        raise ValueError("an empty mask has no outline")
    return joined


def _length_m(plan: Plan, mask: BoolArray, shape_: shapely.Polygon | shapely.MultiPolygon, pixel_m: float) -> float:
    if plan.centreline is not None:
        line: FloatArray = plan.centreline
        at = np.round(line).astype(int)
        share = float(np.mean(mask[at[:, 0], at[:, 1]]))
        return share * float(np.sum(np.hypot(*np.diff(line, axis=0).T))) * pixel_m
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape_))
    return float(np.max(np.hypot(*np.diff(corners, axis=0).T)))
