"""What analysts say holds over what runs compute, and can always be told from it."""

from __future__ import annotations

import dataclasses

import pytest
import shapely

from acquaintances import DAYS, UID, box, keep, structure
from sitewatch.errors import ReviewError, StaleError
from sitewatch.geodesy import area_m2
from sitewatch.record import (
    Comment,
    Confirm,
    MergeInto,
    Record,
    Reject,
    Restore,
    SetFootprint,
    SetKind,
    Split,
    Withdraw,
    differences,
    get_structure,
    history_of,
    list_reviews,
    list_structures,
    review,
    revision_feature,
)
from sitewatch.structures import Interval

PIER = structure("pier-1", box(0, 0), status="candidate", reason="few images", confirmed_on=None)
HALL = structure("building-2", box(0.003, 0), kind="building", onset=Interval(DAYS[1], DAYS[2]))


@pytest.fixture
def record(record: Record) -> Record:
    keep(record, PIER, HALL)
    return record


def test_a_confirmation_survives_a_run_that_sees_it_otherwise_and_the_difference_is_told(record: Record) -> None:
    review(record, UID, "SW-0001", Confirm(), by="ann", comment="on the photo of 9 July")
    after = keep(record, dataclasses.replace(PIER, status="rejected", reason="a ship"), HALL, images=5)["SW-0001"]
    assert (after.structure.status, after.computed.status) == ("confirmed", "rejected")
    assert after.reviewed == ("reason", "rejected_as", "status")
    assert differences(after) == {"status": "rejected", "reason": "a ship"}
    assert [one.by for one in history_of(record, UID, "1")] == [after.by, "ann", after.by]
    assert "on the photo of 9 July" in history_of(record, UID, "1")[1].why


def test_what_was_not_reviewed_goes_on_as_computed(record: Record) -> None:
    review(record, UID, "1", SetKind("road"), by="ann")
    grown = dataclasses.replace(PIER, status="confirmed", reason="", completion=Interval(DAYS[2], DAYS[3]))
    after = keep(record, grown, HALL)["SW-0001"].structure
    assert (after.kind, after.status, after.completion) == ("road", "confirmed", Interval(DAYS[2], DAYS[3]))


def test_a_rejection_has_a_reason_and_keeps_it(record: Record) -> None:
    with pytest.raises(ReviewError, match="reason"):
        review(record, UID, "1", Reject(" "), by="ann")
    review(record, UID, "1", Reject("a barge"), by="ann")
    after = keep(record, structure("pier-1", box(0, 0), 5), HALL, images=5)["SW-0001"].structure
    assert (after.status, after.reason) == ("rejected", "a barge")


def test_a_drawn_outline_is_measured_and_found_again_by_later_runs(record: Record) -> None:
    drawn = box(0, 0, 0.0014, 0.0005)
    (after,) = review(record, UID, "1", SetFootprint(drawn), by="ann")
    assert shapely.equals(after.structure.footprint, drawn)
    assert after.structure.area_m2.value == pytest.approx(area_m2(drawn))
    assert after.structure.length_m.value == pytest.approx(0.0014 * 85_800, rel=0.01)
    assert after.structure.area_m2.sd == PIER.area_m2.sd
    assert after.structure.orientation_deg == pytest.approx(90, abs=3)
    moved = keep(record, dataclasses.replace(PIER, footprint=box(0, 0, 0.0016, 0.0005)), HALL)["SW-0001"]
    assert shapely.equals(moved.structure.footprint, drawn)
    assert shapely.equals(moved.computed.footprint, box(0, 0, 0.0016, 0.0005))
    assert "geometry" in differences(moved)


def test_a_merged_structure_stands_no_more_and_the_other_is_both(record: Record) -> None:
    part, whole = review(record, UID, "1", MergeInto("2"), by="ann")
    assert (part.merged_into, part.stands) == ("SW-0002", False)
    assert shapely.equals(whole.structure.footprint, shapely.union_all([PIER.footprint, HALL.footprint]))
    assert whole.structure.onset == PIER.onset
    assert whole.structure.completion is None
    after = keep(record, PIER, HALL, images=5)
    assert [one.id for one in after.values() if one.stands] == ["SW-0002"]
    with pytest.raises(ReviewError, match="merged"):
        review(record, UID, "1", Confirm(), by="ann")


def test_a_merged_structure_that_is_finished_later_is_said_to_be(record: Record) -> None:
    review(record, UID, "1", MergeInto("2"), by="ann")
    done = dataclasses.replace(HALL, completion=Interval(DAYS[3], DAYS[4]))
    assert keep(record, PIER, done, images=5)["SW-0002"].structure.completion == done.completion


def test_the_parts_of_a_split_have_names_and_stand_when_a_run_sees_the_whole(record: Record) -> None:
    parts = (box(0, 0, 0.0009), box(0.0011, 0, 0.0009))
    first, second = review(record, UID, "1", Split(parts), by="ann", comment="two berths")
    assert (first.id, second.id, second.split_from) == ("SW-0001", "SW-0003", "SW-0001")
    after = keep(record, dataclasses.replace(PIER, p_value=1e-9), HALL, images=5)
    assert sorted(one.id for one in after.values() if one.stands) == ["SW-0001", "SW-0002", "SW-0003"]
    assert shapely.equals(after["SW-0001"].structure.footprint, parts[0])
    assert shapely.equals(after["SW-0001"].computed.footprint, PIER.footprint)
    assert after["SW-0001"].found
    assert not after["SW-0003"].found
    assert revision_feature(after["SW-0003"])["properties"]["record"]["split_from"] == "SW-0001"


def test_a_part_that_a_run_finds_by_itself_is_found(record: Record) -> None:
    parts = (box(0, 0, 0.0009), box(0.0011, 0, 0.0009))
    review(record, UID, "1", Split(parts), by="ann")
    after = keep(record, *(dataclasses.replace(PIER, footprint=part) for part in parts), HALL, images=5)
    assert len(after) == 3
    assert all(one.found for one in after.values())


def test_a_remark_changes_nothing_and_is_kept(record: Record) -> None:
    before = history_of(record, UID, "1")
    review(record, UID, "1", Comment(), by="ann", comment="cranes since May")
    assert history_of(record, UID, "1") == before
    (kept,) = list_reviews(record, UID, "1")
    assert (kept.structure, kept.action, kept.by, kept.comment) == ("SW-0001", "comment", "ann", "cranes since May")


def test_reviews_can_be_withdrawn_and_stay_in_the_history(record: Record) -> None:
    review(record, UID, "1", SetKind("road"), by="ann")
    review(record, UID, "1", MergeInto("2"), by="ann")
    (after,) = review(record, UID, "1", Withdraw(), by="bob")
    assert after.structure == after.computed == get_structure(record, UID, "1").computed
    assert (after.structure.kind, after.reviewed, after.merged_into) == ("pier", (), None)
    assert len(history_of(record, UID, "1")) == 4
    assert [entry.action for entry in list_reviews(record, UID)] == ["kind", "merge", "withdraw"]


def test_what_an_analyst_vouches_for_stands_when_no_run_finds_it(record: Record) -> None:
    review(record, UID, "1", Confirm(), by="ann")
    after = keep(record, HALL)
    assert after["SW-0001"].stands
    assert revision_feature(after["SW-0001"])["properties"]["record"]["found"] is False


@pytest.mark.parametrize(
    ("name", "action", "said"),
    [
        ("SW-0099", Confirm(), "no structure SW-0099"),
        ("the pier", Confirm(), "not the name of a structure"),
        ("1", SetKind("castle"), "castle"),
        ("1", MergeInto("1"), "into itself"),
        ("1", MergeInto("77"), "no structure SW-0077"),
        ("1", Comment(), "empty"),
        ("1", Withdraw(), "no review"),
        ("1", Split((box(0, 0),)), "two outlines"),
        ("1", Split((box(0, 0), box(0, 0))), "over each other"),
        ("1", SetFootprint(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])), "Draw it without crossings"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_changed(
    record: Record, name: str, action: Confirm, said: str
) -> None:
    before = list_structures(record, UID)
    with pytest.raises(ReviewError, match=said):
        review(record, UID, name, action, by="ann")
    assert list_structures(record, UID) == before
    assert list_reviews(record, UID) == ()


def test_nobody_reviews_without_a_name(record: Record) -> None:
    with pytest.raises(ReviewError, match="name"):
        review(record, UID, "1", Confirm(), by=" ")


def test_a_review_of_what_is_no_longer_in_force_is_refused_and_leaves_no_trace(record: Record) -> None:
    review(record, UID, "SW-0001", Confirm(), by="ann", seen=1)
    with pytest.raises(StaleError, match="changed by ann since you looked"):
        review(record, UID, "SW-0001", Reject("a ship"), by="bob", seen=1)
    assert [entry.by for entry in list_reviews(record, UID)] == ["ann"]
    assert get_structure(record, UID, "SW-0001").number == 2


def test_restoring_a_revision_brings_its_reviews_back_and_keeps_what_runs_found_since(record: Record) -> None:
    review(record, UID, "1", SetKind("dyke"), by="ann")
    review(record, UID, "1", Reject("a ship"), by="ann")
    keep(record, dataclasses.replace(PIER, onset=Interval(DAYS[1], DAYS[2])), HALL, images=5)
    (now,) = review(record, UID, "1", Restore(2), by="bob")
    assert (now.structure.kind, now.structure.status) == ("dyke", "candidate")
    assert now.structure.onset == Interval(DAYS[1], DAYS[2])
    (now,) = review(record, UID, "1", Restore(1), by="bob")
    assert (now.structure.kind, now.reviewed, now.by) == ("pier", (), "bob")


@pytest.mark.parametrize("revision", [0, 1, 9])
def test_only_an_earlier_revision_can_be_restored(record: Record, revision: int) -> None:
    with pytest.raises(ReviewError, match="no earlier revision"):
        review(record, UID, "1", Restore(revision), by="ann")


def test_restoring_across_a_merger_is_refused(record: Record) -> None:
    review(record, UID, "1", MergeInto("2"), by="ann")
    with pytest.raises(ReviewError, match="merged"):
        review(record, UID, "1", Restore(1), by="ann")
