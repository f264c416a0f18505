"""A pier and the fourteen images of it, for tests of findings."""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely
from odc.geo.geobox import GeoBox

from sitewatch.scenes import Band, Scene, Track
from sitewatch.structure import Interval, Measure, PhasePoint, Structure
from transport_case import made_structure

TRACK = Track("sentinel-1", "IW", 137, "descending", "right")
DAYS = [dt.date(2023, 2, 12) + dt.timedelta(days=12 * i) for i in range(14)]


def image(day: dt.date, footprint: shapely.Geometry | None = None) -> Scene:
    return Scene(
        id=f"image-{day}",
        datetime=dt.datetime(day.year, day.month, day.day, 21, 30, tzinfo=dt.UTC),
        track=TRACK,
        bands=(Band("VV", f"/nowhere/{day}.tif"),),
        geobox=GeoBox.from_bbox((10.0, 50.0, 10.1, 50.1), "EPSG:4326", shape=(20, 20)),
        footprint=footprint or shapely.box(10.0, 50.0, 10.1, 50.1),  # type: ignore[arg-type]
    )


IMAGES = [image(day) for day in DAYS]


def pier(**changes: Any) -> Structure:
    return made_structure(
        **{
            "width_m": Measure(20.4, 3.1),
            "onset": Interval(DAYS[3], DAYS[4]),
            "completion": Interval(DAYS[8], DAYS[9]),
            "scenes": tuple(scene.id for scene in IMAGES[4:]),
            "kind_probability": 0.9,
            "phases": (PhasePoint(DAYS[-1], "Post Construction", (0.0, 0.0, 0.3, 0.7)),),
            **changes,
        }
    )
