"""What a run found enters the record: old acquaintances gain a revision, newcomers a name."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from sitewatch import __version__
from sitewatch.record._database import Record, reading, writing
from sitewatch.record._facts import from_facts, same, to_facts
from sitewatch.record._identity import Candidate, match
from sitewatch.record._nouns import Observation, Revision
from sitewatch.record._revisions import Latest, add_revision, find_latest, latest_of, list_structures, new_structure
from sitewatch.record._runs import run_row
from sitewatch.record._tables import ObservationRow, RunRow, RunSceneRow, SceneRow, StructureRow
from sitewatch.structure import GrowthPoint, Structure

_SAME_PASS = dt.timedelta(seconds=60)  # bursts of one overpass follow each other within seconds


def keep_structures(
    record: Record, uid: str, run: int, structures: Sequence[Structure], *, why: str
) -> tuple[Revision, ...]:
    """Enter what a run found.

    A structure that is known (`sitewatch.record._identity.match`) keeps its name and gains a revision where anything
    about it is new; fields that an analyst reviewed stay as reviewed, and what the run says of them is kept beside. One
    that the run no longer finds gains a revision that says so. All others get the next names, in the order given.

    Parameters
    ----------
    run
        Its number, from `begin_run`.
    why
        The reason that revisions state.

    Returns
    -------
    tuple
        The latest revision of every structure of the site, by name.
    """
    by = f"sitewatch {__version__}"
    with writing(record) as session:
        entry = run_row(session, uid, run)
        known = latest_of(session, uid)
        pairs = match([_candidate(one) for one in known.values()], structures)
        rows: list[StructureRow] = []
        for place, structure in enumerate(structures):
            old = known.get(pairs.get(place, 0))
            row = old.structure if old else new_structure(session, entry.site_id)
            rows.append(row)
            _keep_one(session, row, old, structure, entry, by, why)
        for number in known.keys() - set(pairs.values()):
            old = known[number]
            if old.revision.found:
                add_revision(
                    session, old.structure, old.revision, old.computed, old.reviewed,
                    by=by, why=f"{why}: no longer found", found=False, run=entry,
                )  # fmt: skip
        _observe(session, entry, list(zip(rows, structures, strict=True)))
        return list_structures(record, uid)


def list_observations(record: Record, uid: str, name: str) -> tuple[Observation, ...]:
    """What each scene says of a structure, as the latest run judged it, oldest scene first."""
    with reading(record) as session:
        structure = find_latest(session, uid, name).structure
        newest = select(func.max(ObservationRow.id)).where(ObservationRow.structure_id == structure.id)
        rows = session.execute(
            select(ObservationRow, SceneRow.key, SceneRow.datetime, RunRow.number)
            .join(SceneRow, ObservationRow.scene_id == SceneRow.id)
            .join(RunRow, ObservationRow.run_id == RunRow.id)
            .where(ObservationRow.id.in_(newest.group_by(ObservationRow.scene_id)))
            .order_by(SceneRow.datetime, SceneRow.key)
        )
        return tuple(Observation(key, when, o.fraction, o.sd, o.phase, run) for o, key, when, run in rows)


def _candidate(one: Latest) -> Candidate:
    number = one.structure.number
    return Candidate(number, from_facts(one.computed, str(number)), one.revision.footprint)  # type: ignore[arg-type]


def _keep_one(
    session: Session, row: StructureRow, old: Latest | None, structure: Structure, run: RunRow, by: str, why: str
) -> None:
    facts = to_facts(structure)
    if old is None:
        add_revision(session, row, None, facts, {}, by=by, why=f"{why}: first found", found=True, run=run)
    elif not old.revision.found or not same(old.computed, facts):
        reason = why if old.revision.found else f"{why}: found again"
        add_revision(session, row, old.revision, facts, old.reviewed, by=by, why=reason, found=True, run=run)


def _observe(session: Session, run: RunRow, kept: Sequence[tuple[StructureRow, Structure]]) -> None:
    """Write down what each scene of the run says of each structure, where that is new."""
    scenes = session.scalars(select(SceneRow).join(RunSceneRow).where(RunSceneRow.run_id == run.id))
    passes = _passes(sorted(scenes, key=lambda scene: (scene.track, scene.datetime, scene.key)))
    before = _last_observed(session, run.site_id)
    rows: list[dict[str, Any]] = []
    for structure_row, structure in kept:
        phases = {point.date: point.phase for point in structure.phases}
        for point, scene_id in _seen_by(structure, passes):
            said = (point.fraction, point.sd, phases.get(point.date))
            if before.get((structure_row.id, scene_id)) != said:
                rows.append(
                    {"structure_id": structure_row.id, "scene_id": scene_id, "run_id": run.id,
                     "fraction": said[0], "sd": said[1], "phase": said[2]}
                )  # fmt: skip
    if rows:
        session.execute(insert(ObservationRow), rows)


def _seen_by(
    structure: Structure, passes: Mapping[tuple[str, dt.date], list[list[SceneRow]]]
) -> list[tuple[GrowthPoint, int]]:
    """Points of the growth curve with the ids of the scenes they come from: those of the pass that show the place."""
    turn: dict[tuple[str, dt.date], int] = defaultdict(int)
    out = []
    for point in structure.growth:
        key = point.track, point.date
        of_day = passes.get(key, [])
        if not of_day or not (math.isfinite(point.fraction) and math.isfinite(point.sd)):
            continue
        scenes = of_day[min(turn[key], len(of_day) - 1)]
        turn[key] += 1
        showing = [s for s in scenes if shapely.intersects(s.footprint, structure.footprint)] or scenes
        out += [(point, scene.id) for scene in showing]
    return list({scene_id: (point, scene_id) for point, scene_id in out}.values())


def _passes(scenes: Sequence[SceneRow]) -> dict[tuple[str, dt.date], list[list[SceneRow]]]:
    """Overpasses of each track and day, each with its scenes (bursts, frames); `scenes` are in order of time."""
    out: dict[tuple[str, dt.date], list[list[SceneRow]]] = defaultdict(list)
    for scene in scenes:
        of_day = out[scene.track, scene.datetime.date()]
        if of_day and scene.datetime - of_day[-1][-1].datetime <= _SAME_PASS:
            of_day[-1].append(scene)
        else:
            of_day.append([scene])
    return out


def _last_observed(session: Session, site_id: int) -> dict[tuple[int, int], tuple[float, float, str | None]]:
    newest = (
        select(func.max(ObservationRow.id))
        .join(StructureRow, ObservationRow.structure_id == StructureRow.id)
        .where(StructureRow.site_id == site_id)
        .group_by(ObservationRow.structure_id, ObservationRow.scene_id)
    )
    o = ObservationRow
    rows = session.execute(select(o.structure_id, o.scene_id, o.fraction, o.sd, o.phase).where(o.id.in_(newest)))
    return {(structure, scene): (fraction, sd, phase) for structure, scene, fraction, sd, phase in rows}
