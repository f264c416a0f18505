"""A structure keeps its name when later runs find it again, and nothing that was said of it is lost."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from acquaintances import DAYS, SITE, UID, box, keep, scene, structure
from sitewatch.record import (
    Record,
    history_of,
    list_observations,
    list_runs,
    list_scenes,
    list_structures,
    to_feature,
)
from sitewatch.record._facts import from_facts, from_plain, same, to_facts, to_plain
from sitewatch.record._identity import Candidate, agreement, match
from sitewatch.structure import SingleImage
from sitewatch.structures import Interval, Levels, Structure


def known(*structures: Structure) -> list[Candidate]:
    return [Candidate(number, one, one.footprint) for number, one in enumerate(structures, start=1)]


def test_the_same_outline_is_the_same_structure() -> None:
    here, there = structure("a", box(0, 0)), structure("b", box(0.005, 0.005))
    assert match(known(here, there), [there, here]) == {0: 2, 1: 1}


def test_what_lies_elsewhere_is_new() -> None:
    assert match(known(structure("a", box(0, 0))), [structure("b", box(0.005, 0.005))]) == {}


def test_what_has_grown_threefold_is_the_same_and_what_was_finished_does_not_grow() -> None:
    before, after = structure("a", box(0, 0, 0.001)), structure("b", box(0, 0, 0.006))
    assert match(known(before), [after]) == {0: 1}
    finished = dataclasses.replace(before, completion=Interval(DAYS[2], DAYS[3]))
    assert match(known(finished), [after]) == {}


def test_a_small_thing_on_the_ground_of_a_large_one_is_another() -> None:
    assert match(known(structure("a", box(0, 0, 0.01, 0.01))), [structure("b", box(0.004, 0.004, 0.001))]) == {}


def test_what_was_taken_away_is_another_structure_than_what_was_built_there() -> None:
    built = structure("a", box(0, 0))
    assert match(known(built), [dataclasses.replace(built, kind="demolition")]) == {}


def test_works_at_other_times_on_the_same_ground_are_two_structures() -> None:
    first = structure("a", box(0, 0), completion=Interval(DAYS[2], DAYS[3]))
    second = structure("b", box(0, 0), onset=Interval(DAYS[5], DAYS[6]))
    assert match(known(first), [second]) == {}
    assert match(known(first), [dataclasses.replace(second, onset=Interval(DAYS[3], DAYS[6]))]) == {0: 1}


def test_pairs_are_one_to_one_and_chosen_so_that_all_together_agree_best() -> None:
    left, right = structure("a", box(0, 0, 0.004)), structure("b", box(0.002, 0, 0.004))
    # Both overlap the one in the middle; the first would take it, were it not for its better partner.
    middle, far_left = structure("c", box(0.0012, 0, 0.004)), structure("d", box(-0.002, 0, 0.004))
    assert match(known(left, right), [middle, far_left]) == {0: 2, 1: 1}


def test_of_two_that_overlap_alike_the_one_begun_at_the_same_time_is_the_same() -> None:
    early = structure("a", box(0, 0), onset=Interval(DAYS[0], DAYS[1]))
    late = structure("b", box(0, 0), onset=Interval(DAYS[5], DAYS[6]))
    assert match(known(early, late), [late]) == {0: 2}
    assert match(known(late, early), [late]) == {0: 1}


boxes = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 6), st.integers(1, 6)).map(
    lambda b: box(b[0] * 1e-3, b[1] * 1e-3, b[2] * 1e-3, b[3] * 1e-3)
)


@given(st.lists(boxes, max_size=5), st.lists(boxes, max_size=5), st.randoms(use_true_random=False))
def test_no_choice_of_pairs_agrees_better_and_the_order_does_not_matter(
    before: list[shapely.Polygon], after: list[shapely.Polygon], random: object
) -> None:
    import itertools

    old, new = known(*(structure("o", b) for b in before)), [structure("n", b) for b in after]
    pairs = match(old, new)
    assert len(set(pairs.values())) == len(pairs)
    total = sum(agreement(old[number - 1], new[place]) for place, number in pairs.items())
    padded: list[Candidate | None] = [*old, *[None] * len(new)]
    best = (
        max(
            (
                sum(agreement(one, s) for one, s in zip(choice, new, strict=True) if one is not None)
                for choice in itertools.permutations(padded, len(new))
            ),
            default=0.0,
        )
        if len(padded) <= 7
        else total
    )
    assert total == pytest.approx(best)
    shuffled = list(old)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert match(shuffled, new) == pairs


def test_a_structure_enters_and_leaves_the_record_unchanged(record: Record) -> None:
    given_ = structure("pier-1", shapely.Polygon([(124.701234567890123, 39.65), (124.702, 39.65), (124.702, 39.651)]))
    (kept,) = keep(record, given_).values()
    assert kept.id == "SW-0001"
    assert to_feature(kept.structure) == to_feature(dataclasses.replace(given_, id="SW-0001"))
    assert to_plain(to_facts(kept.structure)) == to_plain(to_facts(dataclasses.replace(given_, id="SW-0001")))


@given(st.floats(allow_nan=True, allow_infinity=False), st.floats(0, 1), st.dates(), st.one_of(st.none(), st.dates()))
def test_facts_are_a_structure_taken_apart(number: float, share: float, day: dt.date, other: dt.date | None) -> None:
    one = structure("a", box(0, 0), kind_probability=share, p_value=number, first_raised=day, confirmed_on=other)
    facts = from_plain(to_plain(to_facts(one)))
    assert same(facts, to_facts(one))
    assert same(to_facts(from_facts(facts, "a")), to_facts(one))


def test_no_field_of_a_structure_is_left_out() -> None:
    one = structure(
        "a", box(0, 0), status="rejected", reason="few images", rejected_as="transient",
        levels=(Levels("t", "VV", -19.5, -4.0),), completion=Interval(DAYS[2], DAYS[3]), preparation_first_seen=DAYS[0],
        single_images=(SingleImage(DAYS[1], "one", "iceye", 2.5),),
    )  # fmt: skip
    given_up = [f.name for f in dataclasses.fields(one) if getattr(one, f.name) in (None, (), "")]
    assert given_up == []
    assert from_facts(from_plain(to_plain(to_facts(one))), "a") == one


def test_names_are_kept_over_runs_and_never_used_again(record: Record) -> None:
    keep(record, structure("a", box(0, 0)), structure("b", box(0.005, 0.005)))
    second = keep(record, structure("c", box(0.01, 0.01)), structure("a2", box(0.0001, 0), 5), images=5)
    assert second["SW-0001"].structure.footprint == box(0.0001, 0)
    assert not second["SW-0002"].found
    assert second["SW-0003"].structure.footprint == box(0.01, 0.01)
    third = keep(record, structure("b", box(0.005, 0.005), 6), images=6)
    assert third["SW-0002"].found
    assert {one.id for one in third.values() if one.stands} == {"SW-0002"}
    assert [one.why for one in history_of(record, UID, "SW-0002")] == [
        "run 1: first found", "run 2: no longer found", "run 3: found again",
    ]  # fmt: skip


def test_every_revision_is_kept_with_who_when_and_why(record: Record) -> None:
    keep(record, structure("a", box(0, 0), status="candidate", confirmed_on=None))
    keep(record, structure("a", box(0, 0), 5), images=5)
    first, second = history_of(record, UID, "sw-1")
    assert (first.structure.status, second.structure.status) == ("candidate", "confirmed")
    assert (first.number, second.number, second.run) == (1, 2, 2)
    assert first.made <= second.made <= dt.datetime.now(dt.UTC)
    assert second.by.startswith("sitewatch ")


def test_a_run_that_says_the_same_adds_no_revision(record: Record) -> None:
    keep(record, structure("a", box(0, 0)))
    keep(record, structure("a", box(0, 0)))
    assert len(history_of(record, UID, "1")) == 1
    assert len(list_runs(record, UID)) == 2


def test_what_is_gone_is_said_once(record: Record) -> None:
    keep(record, structure("a", box(0, 0)))
    keep(record)
    keep(record)
    assert [one.found for one in history_of(record, UID, "1")] == [True, False]


def test_runs_tell_what_they_rest_on(record: Record) -> None:
    keep(record, structure("a", box(0, 0)), parameters={"alpha": 0.01, "nodata": "nan"})
    (run,) = list_runs(record, UID)
    assert (run.scenes, run.parameters["alpha"], run.counts, run.notes) == (4, 0.01, {"confirmed": 1}, ("a note",))
    scenes = list_scenes(record, UID)
    assert [one.id for one in scenes] == [scene(day).id for day in DAYS[:4]]
    assert scenes[0].provenance["assets"]["vv"]["href"] == "/nowhere/20230101_0.tif"
    assert shapely.equals(scenes[0].footprint, SITE.area)


def test_observations_say_what_each_scene_shows_and_only_changes_are_added(record: Record) -> None:
    keep(record, structure("a", box(0, 0)))
    first = list_observations(record, UID, "1")
    assert [(o.scene, o.fraction, o.run) for o in first] == [
        (scene(day).id, i / 8, 1) for i, day in enumerate(DAYS[:4])
    ]
    later = structure("a", box(0, 0), 5)
    later = dataclasses.replace(later, growth=(dataclasses.replace(later.growth[0], sd=0.5), *later.growth[1:]))
    keep(record, later, images=5)
    assert [o.run for o in list_observations(record, UID, "1")] == [2, 1, 1, 1, 2]


def test_two_sites_share_a_record_and_nothing_else(record: Record) -> None:
    from sitewatch.record import register_site
    from sitewatch.site import Site

    keep(record, structure("a", box(0, 0)))
    register_site(record, "b" * 32, Site.read("bbox:1,2,1.1,2.1"), by="test")
    assert list_structures(record, "b" * 32) == ()
    assert list_scenes(record, "b" * 32) == ()
    assert len(list_structures(record, UID)) == 1
