"""Revisions as they would be had their run found other structures: for one who computes it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from sitewatch.errors import RecordError
from sitewatch.record._database import Record, reading
from sitewatch.record._facts import from_facts, to_facts
from sitewatch.record._identity import Candidate, match
from sitewatch.record._nouns import Revision, number_of
from sitewatch.record._revisions import as_revisions
from sitewatch.record._sites import site_row
from sitewatch.record._tables import RevisionRow, StructureRow
from sitewatch.structure import Structure


@dataclasses.dataclass(frozen=True)
class Recomputed:
    """What came of computing again.

    Attributes
    ----------
    revisions
        Those given; of each that was found again, the fields that no review holds are as they come out now.
    lost
        Names of the structures that the run had found and that do not come out now.
    extra
        What comes out now and had not been found.
    """

    revisions: tuple[Revision, ...]
    lost: tuple[str, ...]
    extra: tuple[Structure, ...]


def revisions_numbered(record: Record, uid: str, numbers: Mapping[str, int]) -> tuple[Revision, ...]:
    """The revisions of these numbers, by the names of their structures.

    Raises
    ------
    RecordError
        If the record lacks one of them.
    """
    with reading(record) as session:
        rows = session.execute(
            select(StructureRow, RevisionRow)
            .join(RevisionRow, RevisionRow.structure_id == StructureRow.id)
            .where(StructureRow.site_id == site_row(session, uid).id)
            .order_by(StructureRow.number)
        )
        wanted = {number_of(name): number for name, number in numbers.items()}
        found = [(s, r) for s, r in rows if wanted.get(s.number) == r.number]
        if len(found) < len(wanted):
            raise RecordError(
                f"the record lacks {len(wanted) - len(found)} of the {len(wanted)} structures that are asked for",
                hint="Is it the record that they were taken from?",
            )
        return as_revisions(session, uid, found)


def recomputed(revisions: Sequence[Revision], structures: Sequence[Structure]) -> Recomputed:
    """Put what was computed again in the place of what had been.

    Parameters
    ----------
    revisions
        Of all structures that the record knew after the run.
    structures
        What the same run finds now.
    """
    known = {number_of(one.id): one for one in revisions if one.found}
    pairs = match([Candidate(n, one.computed, one.structure.footprint) for n, one in known.items()], structures)
    again = {known[number].id: structures[place] for place, number in pairs.items()}
    return Recomputed(
        revisions=tuple(_with(one, again[one.id]) if one.id in again else one for one in revisions),
        lost=tuple(one.id for one in known.values() if one.id not in again),
        extra=tuple(s for place, s in enumerate(structures) if place not in pairs),
    )


def _with(revision: Revision, structure: Structure) -> Revision:
    computed, said = to_facts(structure), to_facts(revision.structure)
    in_force = {**computed, **{name: said[name] for name in revision.reviewed}}
    return dataclasses.replace(
        revision, structure=from_facts(in_force, revision.id), computed=from_facts(computed, revision.id)
    )
