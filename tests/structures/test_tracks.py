"""What several tracks show, joined into one set of structures."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
import shapely
import xarray as xr
from hall import Hall

from sitewatch.change import LAND, WATER, detect_change
from sitewatch.site import Site
from sitewatch.structures import Interval, Levels, PhasePoint, Structure, find_in_track, find_structures
from sitewatch.structures._describe import describe
from sitewatch.structures._find_one import Found
from sitewatch.structures._map import to_degrees
from sitewatch.structures._measure import as_line, measure
from sitewatch.structures._tracks import Sighting, join_tracks, unseen_by, water_known_elsewhere

LandStack = Callable[..., xr.Dataset]
See = Callable[..., Sighting]


def day(number: int) -> dt.date:
    return dt.date(2022, 1, 1) + dt.timedelta(days=number)


@pytest.fixture
def see(hall: Hall) -> See:
    """The hall as a track sees it, with whatever differs."""

    def sighting(track: str, **differing: object) -> Sighting:
        window = hall.found.window
        named = dataclasses.replace(window, stack=window.stack.assign_attrs(track=track))
        structure = dataclasses.replace(describe(hall.found), tracks=(track,), **differing)
        return Sighting(structure, dataclasses.replace(hall.found, window=named))

    return sighting


def test_dates_are_the_days_that_the_intervals_of_both_tracks_share(see: See) -> None:
    one = see("a", onset=Interval(day(10), day(22)), completion=Interval(day(50), day(62)), p_value=1e-9)
    other = see("b", onset=Interval(day(5), day(17)), completion=None, p_value=1e-4)
    (joined,) = join_tracks([[one], [other]])
    assert joined.onset == Interval(day(10), day(17))
    assert joined.completion == Interval(day(50), day(62))
    assert joined.tracks == ("a", "b")
    assert joined.p_value == 1e-9


def test_the_phases_are_the_strongest_tracks_kept_to_the_days_that_both_leave(see: See) -> None:
    alone = see("a", p_value=1e-9).structure
    days = [point.date for point in alone.phases]
    onset, completion = Interval(days[9], days[10]), Interval(days[15], days[16])
    prepared = tuple(
        PhasePoint(
            d, "Site Preparation" if 5 <= i < 12 else p.phase, (0.0, 0.9, 0.1, 0.0) if 5 <= i < 12 else p.probabilities
        )
        for i, (d, p) in enumerate((q.date, q) for q in alone.phases)
    )
    one = see("a", p_value=1e-9, phases=prepared, onset=Interval(days[4], days[12]), preparation_first_seen=days[5])
    (joined,) = join_tracks([[one], [see("b", p_value=1e-4, onset=onset, completion=completion)]])
    assert joined.onset == onset
    assert {p.phase for p in joined.phases if p.date >= onset.latest} == {"Active Construction", "Post Construction"}
    assert {p.phase for p in joined.phases if days[5] <= p.date <= onset.earliest} == {"Site Preparation"}
    assert joined.preparation_first_seen == days[5]
    early = Interval(days[4], days[5])
    (joined,) = join_tracks([[one], [see("b", p_value=1e-4, onset=early)]])
    assert joined.preparation_first_seen is None


def test_intervals_that_contradict_each_other_leave_the_stronger_tracks(see: See) -> None:
    weak = see("a", onset=Interval(day(10), day(22)), p_value=1e-4)
    strong = see("b", onset=Interval(day(30), day(42)), p_value=1e-9)
    (joined,) = join_tracks([[weak], [strong]])
    assert joined.onset == Interval(day(30), day(42))


def test_no_track_raises_it_before_all_tracks_can_have_seen_it(see: See) -> None:
    early = see("a", onset=Interval(day(10), day(40)), first_raised=day(20), confirmed_on=day(28), p_value=1e-9)
    late = see("b", onset=Interval(day(25), day(37)), first_raised=day(31), confirmed_on=day(49), p_value=1e-4)
    (joined,) = join_tracks([[early], [late]])
    assert joined.onset == Interval(day(25), day(37))
    assert (joined.first_raised, joined.confirmed_on) == (day(31), day(49))
    (joined,) = join_tracks([[see("a", onset=None, first_raised=None, confirmed_on=None)], [late]])
    assert (joined.first_raised, joined.confirmed_on) == (day(31), day(49))


def test_a_rejected_sighting_adds_no_evidence_to_a_confirmed_one(see: See) -> None:
    good = see("a", onset=Interval(day(10), day(22)), p_value=1e-9)
    bad = see("b", status="rejected", reason="a ship", onset=Interval(day(12), day(14)), p_value=1e-12)
    (joined,) = join_tracks([[bad], [good]])
    assert (joined.status, joined.tracks, joined.p_value) == ("confirmed", ("a",), 1e-9)
    assert joined.onset == Interval(day(10), day(22))


def test_a_candidate_of_one_track_is_not_confirmed_by_a_rejected_one_of_another(see: See) -> None:
    (joined,) = join_tracks(
        [[see("a", status="candidate", reason="too faint")], [see("b", status="rejected", reason="a ship")]]
    )
    assert (joined.status, joined.reason) == ("candidate", "too faint")


def test_growth_levels_and_scenes_of_both_tracks_are_kept(see: See) -> None:
    one, other = see("a", scenes=("s1", "s2")), see("b", scenes=("s2", "s3"))
    (joined,) = join_tracks([[one], [other]])
    assert joined.scenes == ("s1", "s2", "s3")
    assert len(joined.growth) == 2 * len(one.structure.growth)
    assert [p.date for p in joined.growth] == sorted(p.date for p in joined.growth)
    assert len(joined.levels) == 4


def test_a_tall_thing_that_two_radars_see_displaced_is_one_where_the_times_agree(see: See) -> None:
    # Two views of one hall, from west and east, overlapped by 0.46 and were counted as two structures.
    lead = see("a", onset=Interval(day(10), day(22)), p_value=1e-9)
    minx, _, maxx, _ = lead.structure.footprint.bounds
    apart = shapely.affinity.translate(lead.structure.footprint, 0.6 * (maxx - minx))
    for latest, count in ((30, 1), (90, 2)):
        other = see("b", footprint=apart, onset=Interval(day(latest - 14), day(latest)), p_value=1e-4)
        assert len(join_tracks([[lead], [other]])) == count


def test_sightings_that_disagree_in_sign_or_place_are_two_structures(see: See) -> None:
    darker = see("b", levels=(Levels("b", "VV", -5.0, -12.0),))
    assert len(join_tracks([[see("a")], [darker]])) == 2
    outline = see("a").structure.footprint
    elsewhere = see("b", footprint=shapely.affinity.translate(outline, 0.01, 0.01))
    assert len(join_tracks([[see("a")], [elsewhere]])) == 2


def test_two_structures_of_one_track_are_never_joined(see: See) -> None:
    assert len(join_tracks([[see("a"), see("a")], []])) == 2


def site_of(hall: Hall) -> Site:
    west, south, east, north = hall.stack.odc.geobox.extent.to_crs("EPSG:4326").boundingbox
    return Site.read(f"bbox:{west},{south},{east},{north}")


@pytest.fixture(scope="module")
def empty_track(land_stack: LandStack) -> tuple[xr.Dataset, xr.Dataset]:
    """A second track over the same ground and time that shows nothing."""
    stack = land_stack(70, np.full((70, 70), 999), 0.0, point_spread_px=0.5, track="simulated-7", first_day=5)
    return stack, detect_change(stack)


def test_a_track_that_should_see_it_and_does_not_leaves_a_candidate(
    hall: Hall, empty_track: tuple[xr.Dataset, xr.Dataset]
) -> None:
    alone = find_structures(site_of(hall), [hall.stack], [hall.change])
    assert [s.status for s in alone] == ["confirmed"]
    both = find_structures(site_of(hall), [hall.stack, empty_track[0]], [hall.change, empty_track[1]])
    (doubted,) = [s for s in both if s.kind == "building"]
    assert doubted.status == "candidate"
    assert "simulated-7" in doubted.reason
    assert doubted.confirmed_on is None


def test_a_track_of_a_few_images_after_the_onset_does_not_speak_against_it(
    hall: Hall, empty_track: tuple[xr.Dataset, xr.Dataset]
) -> None:
    structure: Structure = describe(hall.found)
    stack, change = empty_track
    assert unseen_by(structure, [stack], [change]) == ["simulated-7"]
    short = stack.isel(time=slice(0, 13))
    assert unseen_by(structure, [short], [change]) == []


def test_a_track_that_does_not_cover_the_place_does_not_speak_against_it(
    hall: Hall, empty_track: tuple[xr.Dataset, xr.Dataset]
) -> None:
    away = shapely.box(301_000, 4_391_000, 301_100, 4_391_100)
    structure = dataclasses.replace(describe(hall.found), footprint=to_degrees(away, hall.stack.odc.geobox))
    assert unseen_by(structure, [empty_track[0]], [empty_track[1]]) == []


@pytest.mark.parametrize(("ground", "kinds"), [(WATER, {"pier", "reclamation", "ship"}), (LAND, {"building"})])
def test_what_stands_where_another_track_knows_water_is_graded_as_at_sea(
    hall: Hall, ground: int, kinds: set[str]
) -> None:
    stratum = xr.DataArray(np.full((70, 70), ground, np.uint8), dims=("y", "x"))
    known = water_known_elsewhere(hall.found, [(hall.stack, hall.change.assign(stratum=stratum))], 0.01)
    assert hall.found.grade.kind == "building"
    assert known.grade.kind in kinds


def test_a_vessel_that_one_filtered_track_calls_a_building_is_not_confirmed(hall: Hall) -> None:
    filtered = hall.stack.assign_attrs(notes=["speckle filtered (Lee)"])
    found = dataclasses.replace(hall.found, window=dataclasses.replace(hall.found.window, stack=filtered))
    water = xr.DataArray(np.full((70, 70), WATER, np.uint8), dims=("y", "x"))
    known = water_known_elsewhere(found, [(hall.stack, hall.change.assign(stratum=water))], 0.01)
    assert (hall.found.grade.status, known.grade.status) == ("confirmed", "candidate")
    assert "filtered" in known.grade.reason


@pytest.fixture(scope="module")
def walls(land_stack: LandStack) -> tuple[xr.Dataset, xr.Dataset, list[Found]]:
    """Two bright lines, one along a shore at row 20 and one away from it, in a track that takes all of it for land."""
    along, away = (slice(20, 23), slice(4, 40)), (slice(20, 60), slice(54, 57))
    turn = np.full((70, 70), 999)
    turn[along], turn[away] = 14, 14
    stack = land_stack(5, turn, 11.0, point_spread_px=0.5)
    change = detect_change(stack)
    found = [one for one in find_in_track(stack, change) if one.grade.status != "rejected"]
    return stack, change, sorted(found, key=lambda one: int(one.presence.pixels[1].min()) + one.window.columns.start)


def test_lines_where_another_track_knows_water_have_the_names_and_sizes_of_lines_at_the_waterline(
    walls: tuple[xr.Dataset, xr.Dataset, list[Found]],
) -> None:
    stack, change, (along, away) = walls
    stratum = xr.DataArray(np.where(np.indices((70, 70))[0] < 20, LAND, WATER).astype(np.uint8), dims=("y", "x"))
    wall, pier = (water_known_elsewhere(one, [(stack, change.assign(stratum=stratum))], 0.01) for one in (along, away))
    assert {along.grade.kind, away.grade.kind}.isdisjoint({"quay wall", "pier"})
    assert (wall.grade.kind, pier.grade.kind) == ("quay wall", "pier")
    # A wall is measured along its centreline, a pier by its rectangle, whatever they were taken for on land.
    line = as_line(measure(along.footprint, along.window.stack.odc.geobox, (10.0, 10.0)), 10.0)
    assert (wall.shape.outline, wall.shape.length_m, wall.shape.width_m.value) == (
        (line.outline, line.length_m, line.width_m.value)
    )
    assert pier.shape.length_m == measure(away.footprint, away.window.stack.odc.geobox, (10.0, 10.0)).length_m


def test_a_track_that_does_not_cover_the_place_says_nothing_of_its_ground(hall: Hall) -> None:
    unknown = xr.DataArray(np.full((70, 70), 255, np.uint8), dims=("y", "x"))
    assert water_known_elsewhere(hall.found, [(hall.stack, hall.change.assign(stratum=unknown))], 0.01) is hall.found
