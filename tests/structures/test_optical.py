"""Structures in optical series: what stands is confirmed and dated, what greens again is not, and radar meets it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
import shapely
import xarray as xr
from odc.geo.xr import xr_coords as _register  # noqa: F401

from optical_cube import BUILT, GEOBOX, WATER, cube, days, green
from sitewatch.change.optical import detect_optical_change
from sitewatch.site import Site
from sitewatch.structure import GrowthPoint, Interval, Levels, Measure, Structure
from sitewatch.structures import date_footprint, find_structures
from sitewatch.structures._map import to_degrees
from sitewatch.structures.optical import find_in_optical, meet

DAY = dt.date(2019, 9, 10)
BLOCK = (slice(4, 12), slice(6, 14))
FIELD = (slice(24, 34), slice(4, 14))
WOOD = (slice(24, 34), slice(22, 32))


def _box(block: tuple[slice, slice]) -> shapely.Polygon:
    rows, columns = block
    place = shapely.box(columns.start, rows.start, columns.stop, rows.stop)
    a, _, c, _, e, f = tuple(GEOBOX.affine)[:6]
    return to_degrees(shapely.transform(place, lambda p: p * [a, e] + [c, f]), GEOBOX)


def _at(structures: list[Structure], block: tuple[slice, slice]) -> list[Structure]:
    box = _box(block)
    return [s for s in structures if s.footprint.intersection(box).area > 0.5 * box.area]


def _felled(times: np.ndarray) -> np.ndarray:
    """Bare for half a year, then brushwood, which greens nearly as trees do."""
    bare = times < np.datetime64(DAY + dt.timedelta(days=200))
    return np.where(bare[:, None], np.array([0.07, 0.09, 0.11, 0.18]), 0.9 * green(times))


@pytest.fixture(scope="module")
def works() -> tuple[xr.Dataset, xr.Dataset, list[Structure]]:
    stack = cube(days(), [(BLOCK, DAY, BUILT), (WOOD, DAY, _felled)])
    change = detect_optical_change(stack)
    return stack, change, find_in_optical(stack, change)


def test_what_stays_without_plants_is_confirmed_and_dated(
    works: tuple[xr.Dataset, xr.Dataset, list[Structure]],
) -> None:
    (one,) = _at(works[2], BLOCK)
    assert (one.status, one.kind) == ("confirmed", "clearing")
    assert one.onset is not None
    assert one.onset.earliest < DAY <= one.onset.latest
    assert (one.onset.latest - one.onset.earliest).days <= 64
    assert one.completion is not None
    assert abs(one.area_m2.value - 6400) < 3 * one.area_m2.sd + 400
    assert one.confirmed_on is not None
    assert one.first_raised is not None
    assert DAY < one.first_raised <= one.confirmed_on
    # Begun after the summer: nothing is sure before the next one has passed without green.
    assert one.confirmed_on > dt.date(2020, 5, 1)
    assert {level.polarisation: level.unit for level in one.levels} == dict.fromkeys(
        ("NDVI", "NDWI", "brightness"), "1"
    )
    assert one.growth[0].fraction == 0
    assert one.phases[-1].phase == "Post Construction"
    seen = set(one.scenes)
    assert seen <= set(works[0]["scene"].values)


def test_no_date_that_is_stated_is_that_of_a_cloud(works: tuple[xr.Dataset, xr.Dataset, list[Structure]]) -> None:
    stack, _, found = works
    (one,) = _at(found, BLOCK)
    rows, columns = BLOCK
    clear = np.isfinite(stack["red"].to_numpy()[:, rows, columns]).mean(axis=(1, 2)) > 0.5
    known = {str(t)[:10] for t, there in zip(stack["time"].values, clear, strict=True) if there}
    assert one.onset is not None
    assert {one.onset.earliest.isoformat(), one.onset.latest.isoformat()} <= known


def test_what_greens_again_is_turned_down(works: tuple[xr.Dataset, xr.Dataset, list[Structure]]) -> None:
    of_wood = _at(works[2], WOOD)
    assert all(s.status == "rejected" for s in of_wood)
    assert {s.rejected_as for s in of_wood} <= {"felled_trees", "crop", "vegetation"}
    assert [s for s in works[2] if s.status == "confirmed"] == _at(works[2], BLOCK)


def test_before_a_growing_season_has_passed_it_stays_a_candidate() -> None:
    stack = cube(days(46), [(BLOCK, DAY, BUILT)])  # the last image is of winter
    (one,) = _at(find_in_optical(stack, detect_optical_change(stack)), BLOCK)
    assert one.status == "candidate"
    assert "growing season" in one.reason


def test_land_made_in_water_is_confirmed() -> None:
    stack = cube(days(), [(BLOCK, DAY, BUILT)], base=lambda times: np.broadcast_to(WATER, (times.size, 4)))
    (one,) = _at(find_in_optical(stack, detect_optical_change(stack)), BLOCK)
    assert (one.status, one.kind) == ("confirmed", "reclamation")
    assert one.onset is not None
    assert one.onset.earliest < DAY <= one.onset.latest


def test_the_entry_points_take_optical_stacks(works: tuple[xr.Dataset, xr.Dataset, list[Structure]]) -> None:
    stack, change, found = works
    site = Site(id="place", name="place", area=_box((slice(0, 40), slice(0, 40))))
    assert set(find_structures(site, [stack], [change])) == set(found)
    (drawn,) = date_footprint(_box(BLOCK), [stack], [change])
    assert drawn.onset is not None
    assert drawn.onset.earliest < DAY <= drawn.onset.latest


def _structure(track: str, onset: tuple[str, str], **fields: object) -> Structure:
    interval = Interval(*(dt.date.fromisoformat(text) for text in onset))
    one = Structure(
        id=f"building-{track}", kind="building", status="confirmed", footprint=_box(BLOCK),
        area_m2=Measure(6400, 200), length_m=Measure(80, 10), width_m=Measure(80, 10),
        growth=(GrowthPoint(interval.latest, 1.0, 0.0, track),), levels=(Levels(track, "VV", -14, -6),), p_value=1e-5,
        onset=interval, first_raised=interval.latest, confirmed_on=interval.latest + dt.timedelta(days=60),
        tracks=(track,), scenes=(f"{track}-1",),
    )  # fmt: skip
    return dataclasses.replace(one, **fields)  # type: ignore[arg-type]


def test_two_kinds_of_evidence_are_one_structure_dated_by_both() -> None:
    radar = _structure("radar", ("2019-09-01", "2019-09-25"))
    optical = _structure(
        "optical", ("2019-09-07", "2019-10-20"), kind="clearing", levels=(Levels("optical", "NDVI", 0.7, 0.1, "1"),)
    )
    (one,) = meet([radar], [optical])
    assert one.onset == Interval(dt.date(2019, 9, 7), dt.date(2019, 9, 25))
    assert one.kind == "building"
    assert one.tracks == ("radar", "optical")
    assert [level.unit for level in one.levels] == ["dB", "1"]
    assert one.p_value < radar.p_value
    # Both had raised it long before either confirmed it.
    assert one.confirmed_on == dt.date(2019, 10, 20)


def test_intervals_that_exclude_each_other_are_covered_both() -> None:
    (one,) = meet(
        [_structure("radar", ("2019-09-01", "2019-09-25"))], [_structure("optical", ("2019-11-01", "2019-12-01"))]
    )
    assert one.onset == Interval(dt.date(2019, 9, 1), dt.date(2019, 12, 1))


def test_two_candidates_confirm_each_other_unless_one_may_be_a_ship() -> None:
    short = {"status": "candidate", "reason": "only 2 images show most of it", "confirmed_on": None, "p_value": 1e-3}
    radar = _structure("radar", ("2019-09-01", "2019-09-25"), **short)
    optical = _structure("optical", ("2019-09-07", "2019-10-20"), **short)
    (one,) = meet([radar], [optical])
    assert (one.status, one.reason, one.confirmed_on) == ("confirmed", "", dt.date(2019, 10, 20))
    (ship,) = meet([dataclasses.replace(radar, kind="ship")], [optical])
    assert ship.status == "candidate"


def test_plants_seen_since_cast_doubt_on_what_radar_found() -> None:
    radar = _structure("radar", ("2019-09-01", "2019-09-25"))
    greened = _structure(
        "optical", ("2019-09-07", "2019-10-20"), status="rejected", rejected_as="crop", reason="it greened again"
    )
    (one,) = meet([radar], [greened])
    assert (one.status, one.confirmed_on) == ("candidate", None)
    assert "greened" in one.reason


def test_what_lies_elsewhere_stays_apart() -> None:
    other = _structure("optical", ("2019-09-07", "2019-10-20"), footprint=_box(FIELD))
    assert len(meet([_structure("radar", ("2019-09-01", "2019-09-25"))], [other])) == 2
