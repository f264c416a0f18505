"""The model case: a hall that a railway served, and a pier with its road that came later. Places and sizes invented."""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely

from sitewatch.site import Site
from sitewatch.structure import GrowthPoint
from sitewatch.structures import Interval, Measure, Structure

BEGUN = Interval(dt.date(2023, 3, 20), dt.date(2023, 4, 9))
DONE = Interval(dt.date(2025, 6, 20), dt.date(2025, 7, 9))
ROAD_DONE = Interval(dt.date(2024, 9, 1), dt.date(2024, 10, 3))
LAST = dt.date(2025, 9, 30)


def feature(role: str, identifier: str, geometry: Any = None, **properties: Any) -> dict[str, Any]:
    drawn = None if geometry is None else shapely.geometry.mapping(geometry)
    return {"type": "Feature", "geometry": drawn, "properties": {"role": role, "id": identifier, **properties}}


def site_of(*features: dict[str, Any]) -> Site:
    area = feature("site", "coast", shapely.box(10.0, 50.0, 10.1, 50.1))
    return Site.read({"type": "FeatureCollection", "features": [area, *features]})


FACILITIES = (
    feature("facility", "railway-net", name="Railway network", outside=True),
    feature("facility", "open-sea", name="Open sea", outside=True),
    feature(
        "facility",
        "pier",
        shapely.box(10.01, 50.01, 10.02, 50.02),
        name="Pier",
        transfer={"length_m": "unlimited", "width_m": "unlimited", "height_m": "unlimited", "mass_t": 300},
        source="assumed: a mobile crane",
    ),
    feature("facility", "hall", name="Assembly hall"),
)
RAIL = feature(
    "link", "spur", name="Rail spur", mode="rail", **{"from": "railway-net", "to": "hall"},
    length_m=25, width_m=3.4, height_m=4.3, mass_t=120, source="assumed: a loading gauge of that width",
)  # fmt: skip
SEA = feature(
    "link", "lane", name="Sea lane", mode="sea", **{"from": "open-sea", "to": "pier"}, depends_on="SW-0001",
    length_m="unlimited", width_m="unlimited", height_m="unlimited", mass_t="unlimited",
    berth_length_m=180, source="assumed: vessels carry larger items than roads do",
)  # fmt: skip
ROAD = feature(
    "link", "road", name="Pier road", mode="road", **{"from": "pier", "to": "hall"}, depends_on="SW-0002",
    length_m=40, width_m=8, height_m=6, source="assumed: the width measured between its kerbs",
)  # fmt: skip


def made_structure(name: str = "SW-0001", kind: str = "pier", status: str = "confirmed", **changes: Any) -> Structure:
    """A structure on the ground of the pier, complete unless `changes` say otherwise."""
    given: dict[str, Any] = {
        "footprint": shapely.box(10.011, 50.011, 10.019, 50.019),
        "area_m2": Measure(9000.0, 300.0),
        "length_m": Measure(180.0, 12.0),
        "width_m": Measure(50.0, 5.0),
        "growth": (GrowthPoint(LAST, 1.0, 0.01),),
        "levels": (),
        "p_value": 1e-12,
        "onset": BEGUN,
        "completion": DONE,
        "scenes": ("s1", "s2", "s3"),
        "tracks": ("t1", "t2"),
    }
    return Structure(name, kind, status, **(given | changes))  # type: ignore[arg-type]


def model_site() -> Site:
    """The site file; nobody knows what mass its road takes."""
    return site_of(*FACILITIES, RAIL, SEA, ROAD)


def model_structures() -> tuple[Structure, ...]:
    """The pier and its road, both complete."""
    return made_structure(), made_structure("SW-0002", "road", completion=ROAD_DONE)
