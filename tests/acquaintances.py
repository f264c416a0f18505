"""Structures and scenes for tests of the record."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import shapely
from odc.geo.geobox import GeoBox

from sitewatch.record import Record, Revision, add_scenes, begin_run, finish_run, keep_structures, register_site
from sitewatch.record import transaction as together
from sitewatch.scenes import Band, Scene, Track
from sitewatch.site import Site
from sitewatch.structures import GrowthPoint, Interval, LengthPoint, Levels, Measure, PhasePoint, Structure

UID = "a" * 32
SITE = Site.read("bbox:124.70,39.65,124.72,39.67")
TRACK = Track("sentinel-1", "IW", 137, "descending", "right")
DAYS = [dt.date(2023, 1, 1) + dt.timedelta(days=12 * i) for i in range(8)]


def box(x: float, y: float, width: float = 0.002, height: float = 0.001) -> shapely.Polygon:
    """A box at an offset from the site's corner, degrees."""
    return shapely.box(124.70 + x, 39.65 + y, 124.70 + x + width, 39.65 + y + height)


def scene(day: dt.date, number: int = 0, footprint: shapely.Polygon | None = None) -> Scene:
    return Scene(
        id=f"S1A_{day:%Y%m%d}_{number}",
        datetime=dt.datetime(day.year, day.month, day.day, 21, 30, 3 * number, tzinfo=dt.UTC),
        track=TRACK,
        bands=(Band("VV", f"/nowhere/{day:%Y%m%d}_{number}.tif", nodata=float("nan")),),
        geobox=GeoBox.from_bbox((124.7, 39.65, 124.72, 39.67), "EPSG:4326", shape=(20, 20)),
        footprint=SITE.area if footprint is None else footprint,  # type: ignore[arg-type]
        quantity="gamma0",
        platform="sentinel-1a",
    )


def structure(name: str, footprint: shapely.Polygon, images: int = 4, **changes: Any) -> Structure:
    """A pier that grows from the second image on."""
    days = DAYS[:images]
    return dataclasses.replace(
        Structure(
            id=name,
            kind="pier",
            status="confirmed",
            footprint=footprint,
            area_m2=Measure(5400.0, 310.0),
            length_m=Measure(180.0, 9.5),
            width_m=Measure(30.0, 9.5),
            growth=tuple(GrowthPoint(day, i / 8, 0.01, TRACK.key) for i, day in enumerate(days)),
            levels=(Levels(TRACK.key, "VV", -19.5, float("nan")),),
            p_value=1.5e-12,
            onset=Interval(days[0], days[1]),
            first_raised=days[1],
            confirmed_on=days[2],
            orientation_deg=90.0,
            scenes=tuple(scene(day).id for day in days[1:]),
            tracks=(TRACK.key,),
            centreline=shapely.LineString([(124.7, 39.65), (124.701, 39.65)]),
            kind_probability=0.93,
            length_growth=tuple(LengthPoint(day, 45.0 * i, 9.5) for i, day in enumerate(days)),
            phases=tuple(PhasePoint(day, "Active Construction", (0.1, 0.0, 0.9, 0.0)) for day in days),
        ),
        **changes,
    )


def keep(
    record: Record, *structures: Structure, images: int = 4, parameters: dict[str, Any] | None = None
) -> dict[str, Revision]:
    """Enter a run on the first images that found these, and give what the record then says, by name."""
    scenes = [scene(day) for day in DAYS[:images]]
    with together(record):
        register_site(record, UID, SITE, by="test")
        add_scenes(record, UID, scenes)
        run = begin_run(
            record, UID, started=dt.datetime.now(dt.UTC), by="test", command="sitewatch update",
            parameters=parameters or {}, scenes=[one.id for one in scenes],
        )  # fmt: skip
        revisions = keep_structures(record, UID, run, structures, why=f"run {run}")
        finish_run(record, UID, run, input_hash=f"{run}", counts={"confirmed": len(structures)}, seconds={"all": 1.5},
                   notes=["a note"], left_out=[])  # fmt: skip
    return {one.id: one for one in revisions}
