"""A record moves from one database to another with nothing lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from acquaintances import SITE, UID, box, keep, structure
from sitewatch.errors import RecordError
from sitewatch.finding import Finding
from sitewatch.record import (
    Alert,
    ContextEvent,
    MergeInto,
    Record,
    Revision,
    Reword,
    SetKind,
    Split,
    Workspace,
    add_delivery,
    add_event,
    add_finding,
    copy_record,
    edit_finding,
    history_of,
    history_of_finding,
    keep_findings,
    list_alerts,
    list_deliveries,
    list_events,
    list_findings,
    list_observations,
    list_reviews,
    list_runs,
    list_scenes,
    list_structures,
    open_record,
    raise_alert,
    register_site,
    review,
)
from sitewatch.record._facts import to_facts, to_plain


def told(record: Record) -> dict[str, Any]:
    """All that a record says of the site."""
    names = [one.id for one in list_structures(record, UID)]
    return {
        "structures": {name: [plain(one) for one in history_of(record, UID, name)] for name in names},
        "observations": {name: list_observations(record, UID, name) for name in names},
        "findings": [history_of_finding(record, UID, one.id) for one in list_findings(record, UID)],
        "others": [
            ask(record, UID)
            for ask in (list_reviews, list_runs, list_scenes, list_events, list_findings, list_alerts, list_deliveries)
        ],
    }


def plain(revision: Revision) -> dict[str, Any]:
    """A revision that compares by value: two NaN are the same unknown."""
    said = {field.name: getattr(revision, field.name) for field in dataclasses.fields(revision)}
    return said | {name: to_plain(to_facts(said[name])) for name in ("structure", "computed")}


def fill(record: Record) -> None:
    keep(record, structure("a", box(0, 0)), structure("b", box(0.003, 0)))
    review(record, UID, "1", SetKind("road"), by="ann")
    review(record, UID, "2", Split((box(0.003, 0, 0.0009), box(0.0041, 0, 0.0009))), by="ann")
    review(record, UID, "3", MergeInto("1"), by="ann")
    keep(record, structure("a", box(0, 0), 6), images=6)
    add_event(record, UID, ContextEvent("a directive", "a gazette"), by="ann")
    about = {"structures": ("SW-0001",), "scenes": ("S1A_20230101_0",)}
    keep_findings(record, UID, 2, [Finding("observed", "A pier shows.", **about, key="SW-0001/seen")], why="run 2")  # type: ignore[arg-type]
    edit_finding(record, UID, "1", Reword("A pier is there."), by="ann")
    add_finding(record, UID, Finding("reported", "A pier is built.", **about, source="a gazette"), by="ann")  # type: ignore[arg-type]
    raise_alert(record, UID, Alert("k", "new candidate", "something", "SW-0002"))
    add_delivery(record, UID, "k", channel="file", target="/tmp/alerts", delivered=True)


def test_all_that_is_known_of_a_site_arrives_beside_another_site(record: Record, tmp_path: Path) -> None:
    with open_record(tmp_path / "old.sqlite") as old:
        fill(old)
        register_site(record, "b" * 32, SITE, by="test")
        raise_alert(record, "b" * 32, Alert("k", "new candidate", "of the other site"))
        assert copy_record(old, record, UID) > 20
        assert told(record) == told(old)
        keep(record, structure("c", box(0.01, 0.01)))
        assert "SW-0004" in {one.id for one in list_structures(record, UID)}
        with pytest.raises(RecordError, match="already"):
            copy_record(old, record, UID)


def test_a_workspace_goes_on_with_its_record_in_postgresql(postgres: Any, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w", SITE)
    address = postgres.new_database()
    with workspace.record() as record:
        raise_alert(record, workspace.uid, Alert("k", "new candidate", "something"))
    assert workspace.move_record(address).record_address == address
    with Workspace.open(tmp_path / "w").record() as moved:
        assert [alert.key for alert in list_alerts(moved, workspace.uid)] == ["k"]
