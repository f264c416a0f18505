"""What analysts say of structures: said once, kept for good, and in force over what later runs compute."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from sitewatch.errors import ReviewError, StaleError
from sitewatch.record._actions import (
    KINDS,
    Action,
    Comment,
    Confirm,
    MergeInto,
    Reject,
    Restore,
    SetFootprint,
    SetKind,
    Split,
    Withdraw,
)
from sitewatch.record._database import Record, writing
from sitewatch.record._drawn import drawn_facts, joined_facts
from sitewatch.record._facts import Facts
from sitewatch.record._nouns import Revision, public_id
from sitewatch.record._revisions import Latest, add_revision, find_latest, get_structure, latest_of, new_structure
from sitewatch.record._sites import held_site_row
from sitewatch.record._tables import Area, ReviewRow, RevisionRow, StructureRow


def review(
    record: Record, uid: str, name: str, action: Action, *, by: str, comment: str = "", seen: int | None = None
) -> tuple[Revision, ...]:
    """Enter what an analyst says of a structure.

    Parameters
    ----------
    name
        Public name of the structure.
    action
        What is said.
    by
        Who says it.
    comment
        Why, in the analyst's words.
    seen
        Number of the revision that the analyst looked at; where another is in force by now, nothing is entered. None
        enters it whatever is in force.

    Returns
    -------
    tuple
        The latest revision of every structure that the action concerns, that of `name` first.

    Raises
    ------
    ReviewError
        If there is no such structure, or the action makes no sense; nothing is changed then.
    StaleError
        If `seen` is no longer in force.
    """
    if not by.strip():
        raise ReviewError("a review needs the name of who makes it", hint="Give --by NAME.")
    with writing(record) as session:
        site = held_site_row(session, uid)
        one = find_latest(session, uid, name)
        _check_seen(one, seen)
        turn = _Turn(session, site.id, uid, by, comment)
        names = [public_id(number) for number in _do(action, turn, one)]
        return tuple(get_structure(record, uid, each) for each in names)


@dataclasses.dataclass(frozen=True)
class _Turn:
    """One review as it is entered."""

    session: Session
    site_id: int
    uid: str
    by: str
    comment: str

    def enter(self, one: Latest, action: str, content: dict[str, Any]) -> ReviewRow:
        row = ReviewRow(
            structure_id=one.structure.id, action=action, at=dt.datetime.now(dt.UTC), by=self.by,
            comment=self.comment, content=content,
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        return row

    def revise(
        self, one: Latest, entry: ReviewRow, reviewed: Facts, why: str, into: StructureRow | None = None
    ) -> None:
        why = f"{why}: {self.comment}" if self.comment else why
        add_revision(
            self.session, one.structure, one.revision, one.computed, {**one.reviewed, **reviewed},
            by=self.by, why=why, found=one.revision.found, review=entry, merged_into=into,
        )  # fmt: skip


@functools.singledispatch
def _do(action: Any, turn: _Turn, one: Latest) -> list[int]:
    """Enter one action and give the numbers of the structures that it concerns."""
    raise TypeError(f"{action!r} is no review")


@_do.register
def _(action: Confirm, turn: _Turn, one: Latest) -> list[int]:
    _check_alone(one)
    entry = turn.enter(one, "confirm", {})
    turn.revise(one, entry, {"status": "confirmed", "reason": "", "rejected_as": None}, "confirmed")
    return [one.structure.number]


@_do.register
def _(action: Reject, turn: _Turn, one: Latest) -> list[int]:
    _check_alone(one)
    if not action.reason.strip():
        raise ReviewError("a rejection needs a reason", hint="Say what it is instead: --reject REASON.")
    entry = turn.enter(one, "reject", {"reason": action.reason})
    turn.revise(
        one, entry, {"status": "rejected", "reason": action.reason, "rejected_as": None}, f"rejected ({action.reason})"
    )
    return [one.structure.number]


@_do.register
def _(action: SetKind, turn: _Turn, one: Latest) -> list[int]:
    _check_alone(one)
    if action.kind not in KINDS:
        raise ReviewError(f"{action.kind!r} is no kind of structure", hint=f"Kinds are: {', '.join(KINDS)}.")
    entry = turn.enter(one, "kind", {"kind": action.kind})
    # The probability is of the evidence in the images; an analyst's word has none.
    turn.revise(one, entry, {"kind": action.kind, "kind_probability": None}, f"kind is {action.kind}")
    return [one.structure.number]


@_do.register
def _(action: SetFootprint, turn: _Turn, one: Latest) -> list[int]:
    _check_alone(one)
    _check_outline(action.footprint)
    entry = turn.enter(one, "footprint", {"footprint": shapely.to_wkb(action.footprint, hex=True)})
    turn.revise(one, entry, drawn_facts(action.footprint, one.computed), "outline drawn anew")
    return [one.structure.number]


@_do.register
def _(action: MergeInto, turn: _Turn, one: Latest) -> list[int]:
    _check_alone(one)
    other = find_latest(turn.session, turn.uid, action.other)
    _check_alone(other)
    if other.structure.id == one.structure.id:
        raise ReviewError(f"{public_id(one.structure.number)} can't be merged into itself", hint="Name another.")
    parts = [p for p in latest_of(turn.session, turn.uid).values() if p.revision.merged_into_id == one.structure.id]
    if parts:
        raise ReviewError(
            f"others have been merged into {public_id(one.structure.number)}",
            hint="Merge the smaller one into it, or withdraw those first.",
        )
    entry = turn.enter(one, "merge", {"into": public_id(other.structure.number)})
    turn.revise(one, entry, {}, f"merged into {public_id(other.structure.number)}", other.structure)
    turn.revise(other, entry, joined_facts(other.facts, one.facts), f"{public_id(one.structure.number)} merged into it")
    return [one.structure.number, other.structure.number]


@_do.register
def _(action: Split, turn: _Turn, one: Latest) -> list[int]:
    _check_alone(one)
    _check_parts(action.footprints)
    entry = turn.enter(one, "split", {"footprints": [shapely.to_wkb(part, hex=True) for part in action.footprints]})
    name = public_id(one.structure.number)
    turn.revise(one, entry, drawn_facts(action.footprints[0], one.computed), f"split in {len(action.footprints)}")
    numbers = [one.structure.number]
    for part in action.footprints[1:]:
        row = new_structure(turn.session, turn.site_id, split_from=one.structure)
        why = f"split from {name}" + (f": {turn.comment}" if turn.comment else "")
        drawn = drawn_facts(part, one.computed)
        # No run has computed the part by itself yet: what is taken for computed is its outline with the whole's dates.
        add_revision(
            turn.session, row, None, {**one.computed, **drawn}, {**one.reviewed, **drawn},
            by=turn.by, why=why, found=one.revision.found, review=entry,
        )  # fmt: skip
        numbers.append(row.number)
    return numbers


@_do.register
def _(action: Comment, turn: _Turn, one: Latest) -> list[int]:
    if not turn.comment.strip():
        raise ReviewError("the comment is empty", hint="Say something: --comment TEXT.")
    turn.enter(one, "comment", {})
    return [one.structure.number]


@_do.register
def _(action: Withdraw, turn: _Turn, one: Latest) -> list[int]:
    if not one.reviewed and one.revision.merged_into_id is None:
        raise ReviewError(f"no review of {public_id(one.structure.number)} is in force", hint="There is nothing to do.")
    if one.structure.split_from_id is not None:
        raise ReviewError(
            f"{public_id(one.structure.number)} exists only by the review that split it off",
            hint="Merge it back, or reject it.",
        )
    entry = turn.enter(one, "withdraw", {})
    revision = add_revision(
        turn.session, one.structure, one.revision, one.computed, {},
        by=turn.by, why="reviews withdrawn" + (f": {turn.comment}" if turn.comment else ""),
        found=one.revision.found, review=entry,
    )  # fmt: skip
    revision.merged_into_id = None
    turn.session.flush()
    return [one.structure.number]


@_do.register
def _(action: Restore, turn: _Turn, one: Latest) -> list[int]:
    name = public_id(one.structure.number)
    row = turn.session.scalar(
        select(RevisionRow).where(RevisionRow.structure_id == one.structure.id, RevisionRow.number == action.revision)
    )
    if row is None or row.number == one.revision.number:
        raise ReviewError(f"{name} has no earlier revision {action.revision}", hint="`sitewatch history` lists them.")
    if row.merged_into_id != one.revision.merged_into_id:
        raise ReviewError(
            f"{name} was merged between revision {action.revision} and now", hint="Withdraw the merger instead."
        )
    then = Latest(one.structure, row)
    entry = turn.enter(one, "restore", {"revision": action.revision})
    why = f"reviews as in revision {action.revision} again" + (f": {turn.comment}" if turn.comment else "")
    add_revision(
        turn.session, one.structure, one.revision, one.computed, then.reviewed,
        by=turn.by, why=why, found=one.revision.found, review=entry,
    )  # fmt: skip
    return [one.structure.number]


def _check_seen(one: Latest, seen: int | None) -> None:
    if seen is not None and one.revision.number != seen:
        raise StaleError(
            f"{public_id(one.structure.number)} was changed by {one.revision.by} since you looked ({one.revision.why})",
            hint="Look at what it is now, then say it again if it still holds.",
        )


def _check_alone(one: Latest) -> None:
    if one.revision.merged_into_id is not None:
        raise ReviewError(
            f"{public_id(one.structure.number)} has been merged into another structure",
            hint="Review that one, or --withdraw the merger first.",
        )


def _check_outline(outline: Area) -> None:
    if outline.is_empty or not outline.is_valid or outline.area <= 0:
        raise ReviewError(
            f"the outline can't be used ({shapely.is_valid_reason(outline)})", hint="Draw it without crossings."
        )


def _check_parts(parts: Sequence[Area]) -> None:
    if len(parts) < 2:
        raise ReviewError("a split needs two outlines or more", hint="Draw one feature for each part.")
    for part in parts:
        _check_outline(part)
    for place, part in enumerate(parts):
        for other in parts[place + 1 :]:
            if part.intersection(other).area > 0.5 * min(part.area, other.area):
                raise ReviewError("two of the parts lie mostly over each other", hint="Draw parts that lie apart.")
