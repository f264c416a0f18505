"""Statements in the record: runs reword them, analysts' words hold, and what changes below is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from alembic import command

from acquaintances import DAYS, UID, box, keep, scene, structure
from sitewatch.errors import RecordError, ReviewError
from sitewatch.finding import Finding
from sitewatch.record import (
    FindingRevision,
    Record,
    Reword,
    SceneFile,
    SceneRecord,
    Strike,
    Uphold,
    Withdraw,
    add_finding,
    add_scene_files,
    edit_finding,
    finding_revisions_numbered,
    history_of_finding,
    keep_findings,
    list_findings,
    open_record,
)
from sitewatch.record._database import writing
from sitewatch.record._migrate import config_for

SEEN = Finding(
    "measured", "The pier is about 180 m (sd 12 m) long.", structures=("SW-0001",),
    scenes=tuple(scene(day).id for day in DAYS[1:4]), key="SW-0001/size", facts={"length": "180 m (sd 12 m)"},
)  # fmt: skip
LONGER = dataclasses.replace(SEEN, text="The pier is about 210 m (sd 12 m) long.", facts={"length": "210 m (sd 12 m)"})
KIND = Finding(
    "assessed", "It is likely that SW-0001 is a pier.", "likely", "Confidence is low: one image.", ("SW-0001",),
    key="SW-0001/kind", facts={"kind": "pier"},
)  # fmt: skip


@pytest.fixture
def record(record: Record) -> Record:
    keep(record, structure("a", box(0, 0)))
    files(record, "a")
    return record


def files(record: Record, content: str, images: int = 4) -> None:
    """Say of the file of each image that it holds this."""
    described = [
        SceneRecord(
            id=scene(day).id, datetime=scene(day).datetime, track="t", read_as={},
            files=(SceneFile(path=f"/nowhere/{day}.tif", size=1, modified_ns=1, sha256=content * 64),),
        )
        for day in DAYS[:images]
    ]  # fmt: skip
    add_scene_files(record, UID, described)


def state(record: Record, *findings: Finding, run: int = 1) -> dict[str, FindingRevision]:
    return {one.finding.key: one for one in keep_findings(record, UID, run, findings, why=f"run {run}")}


def test_a_statement_keeps_its_name_and_gains_a_revision_only_when_something_is_new(record: Record) -> None:
    first = state(record, SEEN, KIND)
    assert [(one.id, one.number) for one in first.values()] == [("F-0001", 1), ("F-0002", 1)]
    assert first[SEEN.key].finding == SEEN
    assert state(record, SEEN, KIND) == first
    second = state(record, LONGER, KIND)
    assert [(one.id, one.number, one.before) for one in second.values()] == [
        ("F-0001", 2, SEEN.text), ("F-0002", 1, ""),
    ]  # fmt: skip
    assert [one.finding.text for one in history_of_finding(record, UID, "f1")] == [SEEN.text, LONGER.text]


def test_the_order_is_that_of_the_run_and_what_it_no_longer_states_does_not_stand(record: Record) -> None:
    state(record, SEEN, KIND)
    kept = state(record, KIND)
    assert [(one.id, one.stands) for one in kept.values()] == [("F-0002", True), ("F-0001", False)]
    assert kept[SEEN.key].why == "run 1: no longer stated"
    assert state(record, SEEN)[SEEN.key].stands


def test_an_analysts_words_survive_runs_and_are_flagged_only_when_the_evidence_changes(record: Record) -> None:
    state(record, SEEN)
    edited = edit_finding(record, UID, "F-0001", Reword("The pier is 180 m long."), by="ann", comment="plainer")
    assert (edited.edited, edited.by, edited.why) == (True, "ann", "reworded: plainer")
    assert state(record, SEEN)[SEEN.key] == edited

    keep(record, structure("a", box(0, 0), 6), images=6)  # two more images that show the same
    more = dataclasses.replace(SEEN, scenes=(*SEEN.scenes, scene(DAYS[5]).id))
    unflagged = state(record, more, run=2)[SEEN.key]
    assert (unflagged.finding.text, unflagged.changed) == ("The pier is 180 m long.", ())

    flagged = state(record, LONGER, run=2)[SEEN.key]
    assert flagged.finding.text == "The pier is 180 m long."
    assert flagged.computed == LONGER
    assert flagged.changed == ("length: was 180 m (sd 12 m), is 210 m (sd 12 m)",)
    upheld = edit_finding(record, UID, "1", Uphold(), by="ben")
    assert (flagged.author, flagged.by.split()[0]) == ("ann", "sitewatch")
    assert (upheld.changed, upheld.finding.text, upheld.by) == ((), "The pier is 180 m long.", "ben")
    assert (upheld.author, upheld.written) == ("ann", edited.written)
    assert state(record, LONGER, run=2)[SEEN.key] == upheld
    assert state(record, SEEN, run=2)[SEEN.key].changed == ("length: was 210 m (sd 12 m), is 180 m (sd 12 m)",)


def test_other_files_and_lost_images_below_a_statement_flag_it(record: Record) -> None:
    state(record, SEEN)
    edit_finding(record, UID, "1", Reword("The pier is 180 m long."), by="ann")
    files(record, "b")
    assert state(record, SEEN)[SEEN.key].changed == (
        f"3 images below it have other files than before ({SEEN.scenes[0]} and 2 more)",
    )
    edit_finding(record, UID, "1", Uphold(), by="ann")
    fewer = dataclasses.replace(SEEN, scenes=SEEN.scenes[:2])
    assert state(record, fewer)[SEEN.key].changed == (f"1 image below it no longer counts ({SEEN.scenes[2]})",)


def test_words_that_no_run_states_any_more_stay_and_are_flagged(record: Record) -> None:
    state(record, SEEN)
    edit_finding(record, UID, "1", Reword("The pier is 180 m long."), by="ann")
    silent = state(record)[SEEN.key]
    assert silent.stands
    assert silent.changed == (f"the latest run no longer states it; it had been: “{SEEN.text}”",)
    assert state(record)[SEEN.key] == silent
    assert not edit_finding(record, UID, "1", Withdraw(), by="ann").stands


def test_what_is_struck_stays_out_until_it_is_withdrawn(record: Record) -> None:
    state(record, SEEN)
    assert not edit_finding(record, UID, "1", Strike(), by="ann").stands
    struck = state(record, LONGER)[SEEN.key]
    assert (struck.stands, struck.struck) == (False, True)
    with pytest.raises(ReviewError, match="nothing to uphold"):
        edit_finding(record, UID, "1", Uphold(), by="ann")
    back = edit_finding(record, UID, "1", Withdraw(), by="ann")
    assert (back.stands, back.edited, back.finding) == (True, False, LONGER)


def test_an_edit_must_make_a_statement_that_can_stand(record: Record) -> None:
    state(record, SEEN, KIND)
    wrong: Sequence[Any] = (
        Reword(""), Reword("SW-0001 is a pier."), Reword("It is very likely that SW-0001 is a pier."),
        Reword("It is likely that SW-0001 is a pier. Confidence is low."),
    )  # fmt: skip
    for one in wrong:
        with pytest.raises(ReviewError, match="can't stand"):
            edit_finding(record, UID, "2", one, by="ann")
    surer = Reword("It is very likely that SW-0001 is a pier.", "very likely", "Confidence is moderate: a photo too.")
    assert edit_finding(record, UID, "2", surer, by="ann").finding.likelihood == "very likely"
    with pytest.raises(ReviewError, match="can't stand"):
        edit_finding(record, UID, "1", Reword("It is 180 m long.", "likely"), by="ann")
    with pytest.raises(ReviewError, match=r"no finding F-0009.*sitewatch findings"):
        edit_finding(record, UID, "9", Strike(), by="ann")
    with pytest.raises(ReviewError, match="not the name of a finding"):
        edit_finding(record, UID, "SW-0001", Strike(), by="ann")


def test_an_analysts_own_statement_rests_on_the_structures_it_names(record: Record) -> None:
    own = Finding("reported", "The pier was opened.", source="a gazette", structures=("sw-1",))
    added = add_finding(record, UID, own, by="ann")
    assert (added.id, added.stands, added.finding.structures) == ("F-0001", True, ("SW-0001",))
    assert added.finding.scenes == SEEN.scenes  # those of the structure
    assert state(record, SEEN)[added.finding.key] == added
    keep(record, structure("a", box(0, 0), 6, kind="road"), images=6)
    flagged = state(record, SEEN, run=2)[added.finding.key]
    assert flagged.changed == ("SW-0001 kind: was pier, is road",)
    assert not edit_finding(record, UID, added.id, Withdraw(), by="ann").stands
    with pytest.raises(ReviewError, match="no structure SW-0009"):
        add_finding(record, UID, dataclasses.replace(own, structures=("SW-0009",)), by="ann")
    with pytest.raises(ReviewError, match="can't stand"):
        add_finding(record, UID, dataclasses.replace(own, source=""), by="ann")


def test_a_statement_can_be_had_as_it_was(record: Record) -> None:
    state(record, SEEN)
    state(record, LONGER)
    (then,) = finding_revisions_numbered(record, UID, {"F-0001": 1})
    assert then.finding == SEEN
    with pytest.raises(RecordError, match="lacks 1 of the 1 findings"):
        finding_revisions_numbered(record, UID, {"F-0001": 7})


def test_statements_of_an_older_record_become_an_analysts_own_and_go_back(record: Record, address: str) -> None:
    state(record, SEEN)
    edit_finding(record, UID, "1", Reword("The pier is 180 m long."), by="ann")
    with writing(record) as session:
        command.downgrade(config_for(session.connection()), "0002")
    with open_record(address) as again:
        (kept,) = list_findings(again, UID)
        assert kept.written == kept.made
        assert (kept.finding.kind, kept.finding.text, kept.by) == ("measured", "The pier is 180 m long.", "ann")
        assert (kept.finding.key, kept.stands) == ("analyst/1", True)
