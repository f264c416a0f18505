"""Statements in the record: a run's enter it, an analyst's words hold over them, what changes below is told."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sitewatch import __version__
from sitewatch.errors import RecordError, ReviewError
from sitewatch.finding import Finding, Likelihood, fault_of
from sitewatch.phrases import structure_facts
from sitewatch.record._actions import Withdraw
from sitewatch.record._database import Record, reading, writing
from sitewatch.record._facts import from_facts
from sitewatch.record._finding_facts import Evidence, differences_between, plain_of
from sitewatch.record._finding_rows import (
    FindingState,
    add_finding_revision,
    as_noun,
    find_finding,
    last_run,
    latest_findings,
    new_finding,
    run_numbers,
    state_of,
)
from sitewatch.record._images import digests_of
from sitewatch.record._nouns import FindingRevision, finding_number, number_of, public_id
from sitewatch.record._revisions import latest_of
from sitewatch.record._runs import run_row
from sitewatch.record._sites import held_site_row, site_row
from sitewatch.record._tables import FindingRevisionRow, FindingRow, RunRow, RunSceneRow, SceneRow

_OWN = "analyst/"
"""How keys of statements begin that no run makes."""


@dataclasses.dataclass(frozen=True)
class Reword:
    """Other words in place of what the record says; of an assessed one also another likelihood or confidence."""

    text: str
    likelihood: Likelihood | None = None
    confidence: str = ""


@dataclasses.dataclass(frozen=True)
class Uphold:
    """It holds on the evidence as it is now: the flag goes."""


@dataclasses.dataclass(frozen=True)
class Strike:
    """It is left out of what is reported."""


Edit = Reword | Uphold | Strike | Withdraw


def keep_findings(
    record: Record, uid: str, run: int, findings: Sequence[Finding], *, why: str
) -> tuple[FindingRevision, ...]:
    """Enter what a run states.

    A statement that is known by its key keeps its name and gains a revision where it or its evidence is new. Where an
    analyst's words are in force they stay, what the run states is kept beside, and how the evidence differs from that
    on which they were written is told. One that the run no longer makes gains a revision that says so.

    Parameters
    ----------
    run
        Number of the run whose structures they are about.
    findings
        Each with a key of its own; their structures and scenes are known to the record.
    why
        The reason that revisions state.

    Returns
    -------
    tuple
        The latest revision of every statement of the site: those given in their order, then the others.
    """
    with writing(record) as session:
        site, entry = held_site_row(session, uid), run_row(session, uid, run)
        ground = _Ground.of(session, uid, entry)
        known = latest_findings(session, uid)
        for finding in findings:
            row, last = known.get(finding.key, (None, None))
            row = row or new_finding(session, site.id, finding.key)
            new = _said(last, finding, ground)
            if new is not None:
                reason = f"{why}: first stated" if last is None else why
                add_finding_revision(session, row, last, new, by=f"sitewatch {__version__}", why=reason, run=entry)
        said = {finding.key for finding in findings}
        for key, (row, last) in known.items():
            new = None if key in said else _unsaid(last, key, ground)
            if new is not None:
                reason = why if key.startswith(_OWN) else f"{why}: no longer stated"
                add_finding_revision(session, row, last, new, by=f"sitewatch {__version__}", why=reason, run=entry)
        order = {finding.key: place for place, finding in enumerate(findings)}
        return tuple(sorted(list_findings(record, uid), key=lambda one: order.get(one.finding.key, len(order))))


def list_findings(record: Record, uid: str) -> tuple[FindingRevision, ...]:
    """The latest revision of every statement about a site, by their names; those reported have `stands`."""
    with reading(record) as session:
        runs = run_numbers(session, uid)
        return tuple(as_noun(row, last, runs) for row, last in latest_findings(session, uid).values())


def finding_revisions_numbered(record: Record, uid: str, numbers: Mapping[str, int]) -> tuple[FindingRevision, ...]:
    """The revisions of these numbers, by the names of their statements and in that order.

    Raises
    ------
    RecordError
        If the record lacks one of them.
    """
    wanted = {finding_number(name): number for name, number in numbers.items()}
    with reading(record) as session:
        rows = session.execute(
            select(FindingRow, FindingRevisionRow)
            .join(FindingRevisionRow, FindingRevisionRow.finding_id == FindingRow.id)
            .where(FindingRow.site_id == site_row(session, uid).id)
        )
        runs = run_numbers(session, uid)
        found = {row.number: as_noun(row, one, runs) for row, one in rows if wanted.get(row.number) == one.number}
    if len(found) < len(wanted):
        raise RecordError(
            f"the record lacks {len(wanted) - len(found)} of the {len(wanted)} findings that are asked for",
            hint="Is it the record that they were taken from?",
        )
    return tuple(found[number] for number in wanted)


def history_of_finding(record: Record, uid: str, name: str) -> tuple[FindingRevision, ...]:
    """Every revision of a statement, oldest first.

    Raises
    ------
    ReviewError
        If there is no statement of that name.
    """
    with reading(record) as session:
        row, _ = find_finding(session, uid, name)
        query = select(FindingRevisionRow).where(FindingRevisionRow.finding_id == row.id)
        runs = run_numbers(session, uid)
        return tuple(as_noun(row, one, runs) for one in session.scalars(query.order_by(FindingRevisionRow.number)))


def edit_finding(record: Record, uid: str, name: str, edit: Edit, *, by: str, comment: str = "") -> FindingRevision:
    """Enter what an analyst makes of a statement; it holds over what later runs say.

    Raises
    ------
    ReviewError
        If there is no such statement, or the edit makes no statement that could stand; nothing is changed then.
    """
    with writing(record) as session:
        held_site_row(session, uid)
        row, last = find_finding(session, uid, name)
        run = last_run(session, row.site_id)
        before = as_noun(row, last, {})
        new, why = _edited(before, edit, row.key.startswith(_OWN))
        evidence = _Ground.of(session, uid, run).under(new.computed or new.finding, own=new.computed is None)
        author, written = _author(before, edit, by)
        new = dataclasses.replace(new, rests_on=evidence, author=author, written=written)
        why = f"{why}: {comment}" if comment else why
        return as_noun(row, add_finding_revision(session, row, last, new, by=by, why=why), {})


def add_finding(record: Record, uid: str, finding: Finding, *, by: str, comment: str = "") -> FindingRevision:
    """Add a statement of an analyst's own; it rests on the structures and scenes that it names.

    Raises
    ------
    ReviewError
        If it could not stand (`sitewatch.finding.fault_of`), or names a structure that the record doesn't know.
    """
    with writing(record) as session:
        site = held_site_row(session, uid)
        _check(finding)
        known = latest_of(session, uid)
        for name in finding.structures:
            if number_of(name) not in known:
                raise ReviewError(
                    f"the record knows no structure {name}", hint="`sitewatch structures --all` lists them."
                )
        named = tuple(public_id(number_of(name)) for name in finding.structures)
        below = [scene for name in named for scene in known[number_of(name)].facts["detail"]["scenes"]]
        row = new_finding(session, site.id, "")
        row.key = f"{_OWN}{row.number}"
        scenes = finding.scenes or tuple(dict.fromkeys(below))
        finding = dataclasses.replace(finding, key=row.key, structures=named, scenes=scenes)
        run = last_run(session, site.id)
        evidence = _Ground.of(session, uid, run).under(finding, own=True)
        now = dt.datetime.now(dt.UTC)
        new = FindingState(finding, None, edited=True, rests_on=evidence, author=by, written=now)
        why = f"added: {comment}" if comment else "added"
        return as_noun(row, add_finding_revision(session, row, None, new, by=by, why=why), {})


@dataclasses.dataclass(frozen=True)
class _Ground:
    """What there is to rest on now: structures by name, and the files of the scenes that the run used."""

    structures: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]

    @classmethod
    def of(cls, session: Session, uid: str, run: RunRow | None) -> _Ground:
        latest = latest_of(session, uid)
        structures = {public_id(n): structure_facts(from_facts(one.facts, public_id(n))) for n, one in latest.items()}
        used: set[str] = set()
        if run is not None:
            query = select(SceneRow.key).join(RunSceneRow).where(RunSceneRow.run_id == run.id)
            used = set(session.scalars(query))
        return cls(structures, {key: one for key, one in digests_of(session, uid).items() if key in used})

    def under(self, finding: Finding, *, own: bool) -> Evidence:
        """What a statement rests on: of an analyst's own, all that is said of the structures it names."""
        facts = dict(finding.facts)
        if own:
            facts = {
                f"{name} {what}": words
                for name in finding.structures
                for what, words in self.structures.get(name, {"": "no longer known"}).items()
            }
        return Evidence(facts, {scene: self.files[scene] for scene in finding.scenes if scene in self.files})


def _said(last: FindingRevisionRow | None, finding: Finding, ground: _Ground) -> FindingState | None:
    """What a statement becomes by a run that makes it; None where nothing about it is new."""
    evidence = ground.under(finding, own=False)
    if last is None:
        return FindingState(finding, finding, rests_on=evidence)
    old = state_of(last, finding.key)
    if not (old.edited or old.struck):
        if (plain_of(old.finding), old.computed is not None, old.rests_on) == (plain_of(finding), True, evidence):
            return None
        before = old.finding.text if old.computed is not None and old.finding.text != finding.text else ""
        return FindingState(finding, finding, rests_on=evidence, before=before)
    changed = differences_between(old.rests_on, evidence)
    if old.computed is not None and plain_of(old.computed) == plain_of(finding) and changed == old.changed:
        return None
    return dataclasses.replace(old, computed=finding, changed=changed, before="")


def _unsaid(last: FindingRevisionRow, key: str, ground: _Ground) -> FindingState | None:
    """What a statement becomes by a run that doesn't make it; None where nothing about it is new."""
    old = state_of(last, key)
    if old.computed is None and not (old.edited and key.startswith(_OWN)):
        return None
    if old.computed is None:
        changed = differences_between(old.rests_on, ground.under(old.finding, own=True))
        return None if changed == old.changed else dataclasses.replace(old, changed=changed, before="")
    silent = f"the latest run no longer states it; it had been: “{old.computed.text}”"
    return dataclasses.replace(old, computed=None, changed=(silent,) if old.edited else (), before="")


def _edited(one: FindingRevision, edit: Edit, own: bool) -> tuple[FindingState, str]:
    state = FindingState(one.finding, one.computed, one.edited, one.struck)
    if isinstance(edit, Reword):
        words = dataclasses.replace(
            one.finding,
            text=edit.text,
            likelihood=edit.likelihood or one.finding.likelihood,
            confidence=edit.confidence or one.finding.confidence,
        )
        _check(words)
        return dataclasses.replace(state, finding=words, edited=True, struck=False), "reworded"
    if isinstance(edit, Uphold):
        if not one.stands:
            raise ReviewError(f"{one.id} is not reported, so there is nothing to uphold", hint="Withdraw the strike.")
        return dataclasses.replace(state, edited=True), "upheld"
    if isinstance(edit, Strike):
        return dataclasses.replace(state, struck=True), "struck"
    if own:
        return dataclasses.replace(state, struck=False, edited=not one.edited or one.struck), "withdrawn"
    back = one.computed or one.finding
    return dataclasses.replace(state, finding=back, edited=False, struck=False), "withdrawn"


def _author(one: FindingRevision, edit: Edit, by: str) -> tuple[str, dt.datetime | None]:
    """Whose words are in force after an edit, and since when: who upholds or strikes another's does not write them."""
    if isinstance(edit, Withdraw) and one.computed is not None:
        return "", None
    if isinstance(edit, Reword) or not one.author:
        return by, dt.datetime.now(dt.UTC)
    return one.author, one.written


def _check(finding: Finding) -> None:
    fault = fault_of(finding)
    if fault:
        raise ReviewError(f"{finding.text!r} can't stand as a finding that is {finding.kind}", hint=fault)
