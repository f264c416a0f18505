from __future__ import annotations

import datetime as dt

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from stack_images import GRID, START, footprint, planned

from sitewatch.scenes._scene import Scene, Track
from sitewatch.stack._plan import StackPlan, in_reach, plan_stacks


def plan(*scenes: Scene) -> StackPlan:
    (only,) = plan_stacks(GRID, scenes)
    return only


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def test_bursts_of_one_overpass_become_one_time_step() -> None:
    made = plan(*(planned(f"b{i}", subunit=f"IW{i}", datetime=at(25 * i)) for i in range(5)), planned("late", 12))
    assert [[s.id for s in p.scenes] for p in made.passes] == [["b0", "b1", "b2", "b3", "b4"], ["late"]]
    assert made.passes[0].time == START


def test_images_hours_apart_are_two_time_steps() -> None:
    assert len(plan(planned("a"), planned("b", datetime=at(3 * 3600))).passes) == 2


def test_two_platforms_seconds_apart_are_two_time_steps() -> None:
    assert len(plan(planned("a", platform="tsx-1"), planned("b", platform="tdx-1", datetime=at(1))).passes) == 2


def test_where_only_dates_are_known_one_date_is_one_time_step() -> None:
    noon = [START.replace(hour=12) + dt.timedelta(days=d) for d in (0, 0, 1)]
    east = GRID.translate_pix(60, 0)
    made = plan(
        planned("a", datetime=noon[0], time_known=False),
        planned("b", datetime=noon[1], time_known=False, geobox=east),
        planned("c", datetime=noon[2], time_known=False),
    )
    assert [[s.id for s in p.scenes] for p in made.passes] == [["a", "b"], ["c"]]
    assert not made.time_known


def test_of_two_products_of_one_acquisition_the_newest_is_used() -> None:
    old, new = (planned(n, subunit="IW1", processed=START + dt.timedelta(days=d)) for n, d in (("old", 1), ("new", 9)))
    made = plan(new, old)
    assert [s.id for s in made.scenes] == ["new"]
    assert [(x.source, x.reason) for x in made.left_out] == [
        ("old", "duplicate of new (the same acquisition, processed no later)")
    ]


def test_the_same_product_given_twice_is_used_once() -> None:
    made = plan(planned("a"), planned("a"))
    assert len(made.scenes) == 1
    assert "given twice" in made.left_out[0].reason


def test_neighbouring_frames_are_no_duplicates() -> None:
    made = plan(planned("a"), planned("b", geobox=GRID.translate_pix(0, 50), datetime=at(25)))
    assert len(made.scenes) == 2


def test_polarisations_in_files_of_their_own_complete_each_other() -> None:
    made = plan(planned("vv", pols=("VV",)), planned("vh", pols=("VH",)))
    assert len(made.passes) == 1
    assert made.polarisations == ("VV", "VH")
    assert not made.left_out


def test_a_missing_polarisation_is_noted() -> None:
    made = plan(planned("a", pols=("VV", "VH")), planned("b", 12))
    assert made.notes == ("VH is missing from 1 of 2 images and NaN there",)


def test_a_missing_burst_is_noted() -> None:
    made = plan(planned("a", subunit="IW1"), planned("b", subunit="IW2"), planned("c", 12, subunit="IW2"))
    assert any("IW1 is absent from 1 of 2" in note for note in made.notes)


def test_the_quantity_most_scenes_measure_is_kept() -> None:
    made = plan(planned("a"), planned("b", 12), planned("c", 24, quantity="sigma0"))
    assert [x.source for x in made.left_out] == ["c"]
    assert "sigma0" in made.left_out[0].reason
    assert "gamma0" in made.left_out[0].reason


def test_each_track_gets_a_plan() -> None:
    plans = plan_stacks(GRID, [planned("a"), planned("b", track=Track("iceye", "SM"))])
    assert [p.track.constellation for p in plans] == ["iceye", "sentinel-1"]


def test_scenes_that_miss_the_site_are_told_with_their_distance() -> None:
    far = GRID.translate_pix(0, -10_000)
    near, missed = in_reach(footprint(GRID), [planned("a"), planned("far", geobox=far)])
    assert [s.id for s in near] == ["a"]
    assert missed[0].reason.startswith("misses the site by 99.") or missed[0].reason.startswith("misses the site by 9")
    assert missed[0].reason.endswith(" km")
    assert missed[0].hint == ""


def test_a_site_with_swapped_coordinates_is_recognised() -> None:
    swapped = shapely.transform(footprint(GRID), lambda xy: xy[:, ::-1])
    _, missed = in_reach(swapped, [planned("a")])
    assert "longitude first" in missed[0].hint


def test_a_plan_without_some_scenes_loses_the_passes_that_were_theirs() -> None:
    made = plan(planned("a", subunit="IW1"), planned("b", subunit="IW2"), planned("c", 12, pols=("HH",)))
    _, dropped = in_reach(shapely.box(10, 10, 11, 11), [planned("a", subunit="IW1"), planned("c", 12)])
    less = made.without(dropped)
    assert [s.id for s in less.scenes] == ["b"]
    assert less.polarisations == ("VV",)
    assert less.left_out == tuple(dropped)


scene_facts = st.tuples(
    st.sampled_from("abcdefgh"),
    st.integers(0, 2),
    st.integers(0, 200),
    st.sampled_from(["IW1", "IW2", ""]),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([("VV",), ("VV", "VH"), ("HH",)]),
    st.sampled_from(["gamma0", "sigma0"]),
    st.sampled_from(["sentinel-1a", "sentinel-1b", ""]),
)


@given(facts=st.lists(scene_facts, min_size=1, max_size=9, unique_by=lambda f: f[0]), order=st.randoms())
def test_planning_does_not_depend_on_the_order_and_loses_no_scene(facts: list[tuple], order: object) -> None:
    scenes = [
        planned(
            n,
            subunit=sub,
            datetime=at(86400 * day + sec),
            time_known=known,
            pols=pols,
            quantity=q,
            platform=sat,
            processed=at(1e6 * made),
        )
        for n, day, sec, sub, made, known, pols, q, sat in facts
    ]
    shuffled = list(scenes)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    made = plan(*scenes)
    assert plan(*shuffled) == made
    assert sorted([s.id for s in made.scenes] + [x.source for x in made.left_out]) == sorted(s.id for s in scenes)
    times = [p.time for p in made.passes]
    assert times == sorted(set(times))


@pytest.mark.parametrize("reverse", [False, True])
def test_bursts_claim_pixels_in_the_same_order_on_every_date(reverse: bool) -> None:
    first = [planned("z", subunit="IW1"), planned("y", subunit="IW2", datetime=at(3))]
    second = [planned("w", 12, subunit="IW2"), planned("x", subunit="IW1", datetime=at(86400 * 12 + 3))]
    scenes = first + second
    made = plan(*(scenes[::-1] if reverse else scenes))
    assert [[s.subunit for s in p.scenes] for p in made.passes] == [["IW1", "IW2"]] * 2
