"""Rows of statements and their revisions: how they are read, and how the next one is added. None is ever changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sitewatch.errors import ReviewError
from sitewatch.finding import Finding
from sitewatch.record._finding_facts import Evidence, from_plain, plain_of
from sitewatch.record._nouns import FindingRevision, finding_id, finding_number
from sitewatch.record._sites import site_row
from sitewatch.record._tables import FindingRevisionRow, FindingRow, RunRow


@dataclasses.dataclass(frozen=True)
class FindingState:
    """What a revision says, beside who made it and when."""

    finding: Finding
    computed: Finding | None
    edited: bool = False
    struck: bool = False
    author: str = ""
    written: dt.datetime | None = None
    rests_on: Evidence = dataclasses.field(default_factory=Evidence)
    changed: tuple[str, ...] = ()
    before: str = ""


def latest_findings(session: Session, uid: str) -> dict[str, tuple[FindingRow, FindingRevisionRow]]:
    """Latest revisions of a site's statements by key, in the order of their names."""
    newest = (
        select(FindingRevisionRow.finding_id, func.max(FindingRevisionRow.number).label("number"))
        .group_by(FindingRevisionRow.finding_id)
        .subquery()
    )
    one = FindingRevisionRow
    rows = session.execute(
        select(FindingRow, one)
        .join(one, one.finding_id == FindingRow.id)
        .join(newest, (newest.c.finding_id == one.finding_id) & (newest.c.number == one.number))
        .where(FindingRow.site_id == site_row(session, uid).id)
        .order_by(FindingRow.number)
    )
    return {row.key: (row, last) for row, last in rows}


def find_finding(session: Session, uid: str, name: str) -> tuple[FindingRow, FindingRevisionRow]:
    number = finding_number(name)
    for row, last in latest_findings(session, uid).values():
        if row.number == number:
            return row, last
    raise ReviewError(f"the record has no finding {finding_id(number)}", hint="`sitewatch findings --all` lists them.")


def new_finding(session: Session, site_id: int, key: str) -> FindingRow:
    last = session.scalar(select(func.max(FindingRow.number)).where(FindingRow.site_id == site_id)) or 0
    row = FindingRow(site_id=site_id, number=last + 1, key=key, created=dt.datetime.now(dt.UTC))
    session.add(row)
    session.flush()
    return row


def add_finding_revision(
    session: Session,
    row: FindingRow,
    last: FindingRevisionRow | None,
    new: FindingState,
    *,
    by: str,
    why: str,
    run: RunRow | None = None,
) -> FindingRevisionRow:
    f = new.finding
    made = FindingRevisionRow(
        finding_id=row.id, number=last.number + 1 if last else 1, run_id=run.id if run else None,
        made=dt.datetime.now(dt.UTC), by=by, why=why, edited=new.edited, struck=new.struck, kind=f.kind, text=f.text,
        likelihood=f.likelihood or "", confidence=f.confidence, source=f.source,
        detail={
            **{name: value for name, value in plain_of(f).items() if name in _DETAIL},
            "computed": plain_of(new.computed) if new.computed else None,
            "rests_on": new.rests_on.as_plain(), "changed": list(new.changed), "before": new.before,
            "author": new.author, "written": new.written.isoformat() if new.written else None,
        },
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


_DETAIL = ("structures", "scenes", "assumptions", "facts")


def state_of(row: FindingRevisionRow, key: str) -> FindingState:
    detail = row.detail
    said = {
        "kind": row.kind, "text": row.text, "likelihood": row.likelihood or None, "confidence": row.confidence,
        "source": row.source, **{name: detail[name] for name in _DETAIL},
    }  # fmt: skip
    computed, written = detail["computed"], detail["written"]
    return FindingState(
        finding=from_plain(said, key), computed=from_plain(computed, key) if computed else None,
        edited=row.edited, struck=row.struck, author=detail["author"],
        written=dt.datetime.fromisoformat(written) if written else None,
        rests_on=Evidence.from_plain(detail["rests_on"]), changed=tuple(detail["changed"]), before=detail["before"],
    )  # fmt: skip


def as_noun(row: FindingRow, one: FindingRevisionRow, runs: Mapping[int, int]) -> FindingRevision:
    state = state_of(one, row.key)
    return FindingRevision(
        id=finding_id(row.number), number=one.number, made=one.made, by=one.by, why=one.why, finding=state.finding,
        computed=state.computed, edited=state.edited, struck=state.struck, author=state.author, written=state.written,
        changed=state.changed, before=state.before, run=runs.get(one.run_id) if one.run_id else None,
    )  # fmt: skip


def last_run(session: Session, site_id: int) -> RunRow | None:
    return session.scalar(select(RunRow).where(RunRow.site_id == site_id).order_by(RunRow.number.desc()).limit(1))


def run_numbers(session: Session, uid: str) -> dict[int, int]:
    rows: Iterable[Any] = session.execute(
        select(RunRow.id, RunRow.number).where(RunRow.site_id == site_row(session, uid).id)
    )
    return dict(tuple(row) for row in rows)
