"""Runs: one row each, written in the transaction of what they found, so that one cut short leaves nothing behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sitewatch import __version__
from sitewatch.record._database import Record, reading, writing
from sitewatch.record._images import scene_rows
from sitewatch.record._nouns import RunEntry
from sitewatch.record._sites import held_site_row, site_row
from sitewatch.record._tables import RunRow, RunSceneRow

if TYPE_CHECKING:
    from sitewatch.scenes import LeftOut


def begin_run(
    record: Record,
    uid: str,
    *,
    started: dt.datetime,
    by: str,
    command: str,
    parameters: Mapping[str, Any],
    scenes: Iterable[str],
) -> int:
    """Open the entry of a run; from here to the end of the transaction, others who write about the site wait.

    Parameters
    ----------
    scenes
        Ids of the scenes that it used; `add_scenes` has made them known.

    Returns
    -------
    int
        Number of the run.
    """
    with writing(record) as session:
        site = held_site_row(session, uid)
        number = (session.scalar(select(func.max(RunRow.number)).where(RunRow.site_id == site.id)) or 0) + 1
        run = RunRow(
            site_id=site.id, number=number, started=started, finished=dt.datetime.now(dt.UTC), by=by,
            software_version=__version__, command=command, parameters=dict(parameters), input_hash="", counts={},
            seconds={}, notes=[], left_out=[],
        )  # fmt: skip
        session.add(run)
        session.flush()
        rows = scene_rows(session, uid)
        session.add_all(RunSceneRow(run_id=run.id, scene_id=rows[scene].id) for scene in dict.fromkeys(scenes))
        session.flush()
        return number


def finish_run(
    record: Record,
    uid: str,
    number: int,
    *,
    input_hash: str,
    counts: Mapping[str, int],
    seconds: Mapping[str, float],
    notes: Sequence[str],
    left_out: Sequence[LeftOut],
) -> None:
    """Close the entry of a run."""
    with writing(record) as session:
        run = run_row(session, uid, number)
        run.finished, run.input_hash = dt.datetime.now(dt.UTC), input_hash
        run.counts, run.seconds, run.notes = dict(counts), dict(seconds), list(notes)
        run.left_out = [
            {"source": e.source, "reason": e.reason, "hint": e.hint,
             "datetime": e.datetime.isoformat() if e.datetime else None, "track": e.track.key if e.track else None}
            for e in left_out
        ]  # fmt: skip
        session.flush()


def list_runs(record: Record, uid: str) -> tuple[RunEntry, ...]:
    """Finished runs, oldest first."""
    with reading(record) as session:
        site = site_row(session, uid)
        used = select(RunSceneRow.run_id, func.count().label("scenes")).group_by(RunSceneRow.run_id).subquery()
        rows = session.execute(
            select(RunRow, used.c.scenes)
            .outerjoin(used, used.c.run_id == RunRow.id)
            .where(RunRow.site_id == site.id)
            .order_by(RunRow.number)
        )
        return tuple(_entry(run, scenes or 0) for run, scenes in rows)


def run_row(session: Session, uid: str, number: int) -> RunRow:
    """The row of a run."""
    site = site_row(session, uid)
    return session.execute(select(RunRow).where(RunRow.site_id == site.id, RunRow.number == number)).scalar_one()


def _entry(run: RunRow, scenes: int) -> RunEntry:
    return RunEntry(
        number=run.number, started=run.started, finished=run.finished, by=run.by,
        software_version=run.software_version, command=run.command, parameters=dict(run.parameters),
        input_hash=run.input_hash, scenes=scenes, counts=dict(run.counts), seconds=dict(run.seconds),
        notes=tuple(run.notes), left_out=tuple(run.left_out),
    )  # fmt: skip
