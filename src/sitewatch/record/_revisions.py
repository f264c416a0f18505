"""Revisions of structures: how they are read, and how the next one is added. None is ever changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sitewatch.errors import ReviewError
from sitewatch.record._database import Record, reading
from sitewatch.record._facts import NAMES, Facts, from_facts, from_plain, to_plain
from sitewatch.record._nouns import ReviewEntry, Revision, number_of, public_id
from sitewatch.record._sites import site_row
from sitewatch.record._tables import ReviewRow, RevisionRow, RunRow, StructureRow


@dataclasses.dataclass(frozen=True)
class Latest:
    """A structure's row and its latest revision, within a session."""

    structure: StructureRow
    revision: RevisionRow

    @property
    def facts(self) -> Facts:
        """With reviewed fields in force."""
        return {name: getattr(self.revision, name) for name in NAMES}

    @property
    def computed(self) -> Facts:
        """As the latest run had it."""
        return {**self.facts, **from_plain(self.revision.computed)}

    @property
    def reviewed(self) -> Facts:
        """The fields in which a review is in force, with what it says."""
        return {name: getattr(self.revision, name) for name in self.revision.computed}


def list_structures(record: Record, uid: str) -> tuple[Revision, ...]:
    """The latest revision of every structure that the record knows, by their names.

    Those that belong to what is reported have `Revision.stands`.
    """
    with reading(record) as session:
        latest = latest_of(session, uid)
        return as_revisions(session, uid, [(one.structure, one.revision) for one in latest.values()])


def get_structure(record: Record, uid: str, name: str) -> Revision:
    """The latest revision of one structure.

    Raises
    ------
    ReviewError
        If there is no structure of that name.
    """
    with reading(record) as session:
        one = find_latest(session, uid, name)
        return as_revisions(session, uid, [(one.structure, one.revision)])[0]


def history_of(record: Record, uid: str, name: str) -> tuple[Revision, ...]:
    """Every revision of a structure, oldest first.

    Raises
    ------
    ReviewError
        If there is no structure of that name.
    """
    with reading(record) as session:
        structure = find_latest(session, uid, name).structure
        rows = session.scalars(
            select(RevisionRow).where(RevisionRow.structure_id == structure.id).order_by(RevisionRow.number)
        )
        return as_revisions(session, uid, [(structure, row) for row in rows])


def list_reviews(record: Record, uid: str, name: str | None = None) -> tuple[ReviewEntry, ...]:
    """What analysts said of the structures of a site, or of one of them, oldest first."""
    with reading(record) as session:
        query = select(ReviewRow, StructureRow.number).join(StructureRow).order_by(ReviewRow.id)
        query = query.where(StructureRow.site_id == site_row(session, uid).id)
        if name is not None:
            query = query.where(StructureRow.number == find_latest(session, uid, name).structure.number)
        return tuple(
            ReviewEntry(public_id(number), r.action, r.at, r.by, r.comment, dict(r.content))
            for r, number in session.execute(query)
        )


def count_revisions(record: Record, uid: str) -> int:
    """How much was said of a site's structures so far: revisions of all of them."""
    with reading(record) as session:
        return len(_revisions_of(session, uid))


def structures_as_of(record: Record, uid: str, revisions: int) -> tuple[Revision, ...]:
    """The latest revision of every structure when the record had only so many revisions of the site.

    Clocks may go wrong and a record may be moved; the order in which its revisions came stays.

    Parameters
    ----------
    revisions
        As `count_revisions` gave it then.
    """
    with reading(record) as session:
        first = _revisions_of(session, uid)[:revisions]
        latest = latest_of(session, uid, upto=first[-1] if first else 0)
        return as_revisions(session, uid, [(one.structure, one.revision) for one in latest.values()])


def _revisions_of(session: Session, uid: str) -> list[int]:
    """Row numbers of a site's revisions, in the order they came."""
    site = site_row(session, uid)
    query = select(RevisionRow.id).join(StructureRow, RevisionRow.structure_id == StructureRow.id)
    return list(session.scalars(query.where(StructureRow.site_id == site.id).order_by(RevisionRow.id)))


def latest_of(session: Session, uid: str, upto: int | None = None) -> dict[int, Latest]:
    """Latest revisions of a site's structures by number, of those up to a row where one is given."""
    site = site_row(session, uid)
    last = select(RevisionRow.structure_id, func.max(RevisionRow.number).label("number"))
    if upto is not None:
        last = last.where(RevisionRow.id <= upto)
    newest = last.group_by(RevisionRow.structure_id).subquery()
    rows = session.execute(
        select(StructureRow, RevisionRow)
        .join(RevisionRow, RevisionRow.structure_id == StructureRow.id)
        .join(newest, (newest.c.structure_id == RevisionRow.structure_id) & (newest.c.number == RevisionRow.number))
        .where(StructureRow.site_id == site.id)
        .order_by(StructureRow.number)
    )
    return {structure.number: Latest(structure, revision) for structure, revision in rows}


def find_latest(session: Session, uid: str, name: str) -> Latest:
    """One structure by what a user calls it."""
    number = number_of(name)
    known = latest_of(session, uid)
    if number not in known:
        raise ReviewError(
            f"the record knows no structure {public_id(number)}", hint="`sitewatch structures --all` lists them."
        )
    return known[number]


def new_structure(session: Session, site_id: int, *, split_from: StructureRow | None = None) -> StructureRow:
    """A new identity; its number is the next that was never used."""
    last = session.scalar(select(func.max(StructureRow.number)).where(StructureRow.site_id == site_id)) or 0
    row = StructureRow(
        site_id=site_id,
        number=last + 1,
        split_from_id=split_from.id if split_from else None,
        created=dt.datetime.now(dt.UTC),
    )
    session.add(row)
    session.flush()
    return row


def add_revision(
    session: Session,
    structure: StructureRow,
    before: RevisionRow | None,
    computed: Mapping[str, Any],
    reviewed: Mapping[str, Any],
    *,
    by: str,
    why: str,
    found: bool,
    run: RunRow | None = None,
    review: ReviewRow | None = None,
    merged_into: StructureRow | None = None,
) -> RevisionRow:
    """Say something new of a structure: what was computed, and the fields in which a review wins."""
    merged_into_id = merged_into.id if merged_into else before.merged_into_id if before else None
    row = RevisionRow(
        structure_id=structure.id,
        number=before.number + 1 if before else 1,
        run_id=run.id if run else None,
        review_id=review.id if review else None,
        made=dt.datetime.now(dt.UTC),
        by=by,
        why=why,
        found=found,
        merged_into_id=merged_into_id,
        computed=to_plain({name: computed[name] for name in reviewed}),
        **{**computed, **reviewed},
    )
    session.add(row)
    session.flush()
    return row


def as_revisions(session: Session, uid: str, rows: list[tuple[StructureRow, RevisionRow]]) -> tuple[Revision, ...]:
    site = site_row(session, uid)
    numbers = dict(
        session.execute(select(StructureRow.id, StructureRow.number).where(StructureRow.site_id == site.id)).all()
    )
    runs = dict(session.execute(select(RunRow.id, RunRow.number).where(RunRow.site_id == site.id)).all())
    return tuple(_as_noun(structure, revision, numbers, runs) for structure, revision in rows)


def _as_noun(
    structure: StructureRow, revision: RevisionRow, numbers: Mapping[int, int], runs: Mapping[int, int]
) -> Revision:
    one, name = Latest(structure, revision), public_id(structure.number)
    said = from_facts(one.facts, name)
    return Revision(
        id=name,
        number=revision.number,
        made=revision.made,
        by=revision.by,
        why=revision.why,
        structure=said,
        computed=from_facts(one.computed, name) if revision.computed else said,
        reviewed=tuple(sorted(revision.computed)),
        found=revision.found,
        run=runs[revision.run_id] if revision.run_id else None,
        merged_into=public_id(numbers[revision.merged_into_id]) if revision.merged_into_id else None,
        split_from=public_id(numbers[structure.split_from_id]) if structure.split_from_id else None,
    )
