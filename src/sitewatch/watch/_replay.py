"""Play an archive date by date as if live: when would each structure have been raised, and when confirmed?

Each date is an update of its own on the images up to then, entered into a record of its own by the code that live
updates use, and compared with the date before by the code that raises live alerts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sitewatch.errors import WatchError
from sitewatch.pipeline import Archive, RunOptions, find_upto, open_archive
from sitewatch.progress import Progress, silent
from sitewatch.record import (
    Alert,
    Record,
    Revision,
    Workspace,
    add_scenes,
    begin_run,
    finish_run,
    keep_structures,
    known_names,
    list_alerts,
    list_runs,
    list_structures,
    open_record,
    register_site,
    structures_as_of,
    transaction,
    update_lock,
)
from sitewatch.scenes import Scene
from sitewatch.structure import Structure
from sitewatch.watch._news import MARK
from sitewatch.watch._raise import raise_news

_IN_MEMORY_BYTES = 4 * 2**30
_END_OF_DAY = dt.time(23, 59, 59, 999999, tzinfo=dt.UTC)
_UID = "0" * 32
_KEPT = 4


@dataclasses.dataclass(frozen=True)
class Played:
    """One structure as the replay saw it come.

    Attributes
    ----------
    name
        In the replay's own record.
    known_as
        In the workspace's record; None where that does not have it.
    structure
        As known at the replay's end.
    stands
        Whether it was found at the end.
    alerts
        What would have been told of it, in order.
    from_before
        Whether it was known before the first day that was played, and so was not raised anew.
    """

    name: str
    known_as: str | None
    structure: Structure
    stands: bool
    alerts: tuple[Alert, ...]
    from_before: bool

    @property
    def raised(self) -> dt.date | None:
        """Date of the images with which it would first have been told of, as a candidate or as confirmed."""
        days = self._days("new candidate", "confirmed")
        return None if self.from_before else min(days, default=None)

    @property
    def confirmed(self) -> dt.date | None:
        """Date of the images with which it would first have been told of as confirmed."""
        return min(self.confirmations, default=None)

    @property
    def confirmations(self) -> tuple[dt.date, ...]:
        """Dates on which it would have been told of as confirmed: several where that was taken back between."""
        return self._days("confirmed")

    @property
    def withdrawn(self) -> tuple[dt.date, ...]:
        """Dates on which what had been told of it would have been taken back."""
        return self._days("withdrawn")

    def days_after_begun(self, day: dt.date | None) -> int | None:
        """Days from the first image by which it is credibly there, as known at the end, to a day."""
        onset = self.structure.onset
        return None if day is None or onset is None else (day - onset.latest).days

    def _days(self, *kinds: str) -> tuple[dt.date, ...]:
        return tuple(_day(alert) for alert in self.alerts if set(kinds) & set(alert.content["news"]))


@dataclasses.dataclass(frozen=True)
class Replay:
    """What a replay came to.

    Attributes
    ----------
    days
        Played, each with an image at least.
    structures
        Of which something was or would have been told: confirmed first, then by onset.
    alerts
        In order.
    computed, seconds
        How many days were computed now, the others being known from a replay before, and how long that took.
    """

    days: tuple[dt.date, ...]
    structures: tuple[Played, ...]
    alerts: tuple[Alert, ...]
    computed: int
    seconds: float


def replay_site(
    folder: str | Path,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    step: dt.timedelta | None = None,
    options: RunOptions | None = None,
    progress: Progress = silent,
    told: Callable[[str], None] = lambda _: None,
) -> Replay:
    """Play the archive of a workspace, day by day with an image, as if its images came in one by one.

    Every day costs what change detection and the search for structures cost on all images up to it; the images are
    read once. Days once played are kept in ``replay/`` in the workspace: cut short, the same replay goes on.

    Parameters
    ----------
    since, until
        First and last day to play; all images before `since` are known when it begins. All days where None.
    step
        Least time between two looks; where None, a look at each day with an image.
    options
        Settings of each update; their `since`, `until` and `tracks` choose images, as in an update.

    Raises
    ------
    WatchError
        If there is no image in these days.
    WorkspaceError, SceneError, StackError
        As `sitewatch.pipeline.update_site`.
    """
    begun = time.perf_counter()
    workspace = Workspace.open(folder)
    with contextlib.ExitStack() as held:
        held.enter_context(update_lock(workspace.folder, patience_s=600.0, told=told))
        archive = open_archive(workspace, options or RunOptions(), progress)
        if archive.nbytes <= _IN_MEMORY_BYTES:
            archive = archive.in_memory()
            # What is in memory needs nothing of the workspace: live updates may go on beside.
            held.close()
        days = days_to_play([scene.datetime for scene in archive.scenes], since, until, step)
        with workspace.record() as record:
            known = list_structures(record, workspace.uid)
        with _scratch(workspace, f"{archive.input_hash} {since} {until} {step}") as scratch:
            computed = _play(archive, scratch, days, progress)
            structures, alerts = _played(scratch, known), list_alerts(scratch, _UID)
    return Replay(days, structures, alerts, computed, round(time.perf_counter() - begun, 1))


def days_to_play(
    times: Sequence[dt.datetime], since: dt.date | None, until: dt.date | None, step: dt.timedelta | None
) -> tuple[dt.date, ...]:
    """Days with an image: first the last one before `since`, for what was known then, then those played.

    Raises
    ------
    WatchError
        If there is none to play.
    """
    days = sorted({moment.astimezone(dt.UTC).date() for moment in times})
    before = [day for day in days if since is not None and day < since]
    wanted = [day for day in days if (since is None or day >= since) and (until is None or day <= until)]
    if not wanted:
        raise WatchError(
            f"there is no image in the days to play (the images are of {days[0]} to {days[-1]})",
            hint="Choose other days with --from and --to.",
        )
    played = before[-1:]
    for day in wanted:
        if step is None or not played or day - played[-1] >= step or day == wanted[-1]:
            played.append(day)
    return tuple(played)


@contextlib.contextmanager
def _scratch(workspace: Workspace, course: str) -> Iterator[Record]:
    """The record of a replay, kept for the next one of the same course; of other courses the newest few stay."""
    folder = workspace.folder / "replay"
    folder.mkdir(exist_ok=True)
    name = f"{hashlib.sha256(course.encode()).hexdigest()[:16]}.sqlite"
    others = [file for file in folder.glob("*.sqlite") if file.name != name]
    for old in sorted(others, key=lambda file: file.stat().st_mtime, reverse=True)[_KEPT:]:
        for file in folder.glob(f"{old.name}*"):
            file.unlink(missing_ok=True)
    # Two replays of one course would enter the same days twice.
    with update_lock(folder), open_record(folder / name) as record:
        register_site(record, _UID, workspace.site, by="replay")
        yield record


def _play(archive: Archive, scratch: Record, days: Sequence[dt.date], progress: Progress) -> int:
    """Enter each day that is not there yet; gives how many were computed."""
    done = {run.parameters["day"] for run in list_runs(scratch, _UID)}
    computed = 0
    for number, day in enumerate(days):
        if day.isoformat() not in done:
            moment = dt.datetime.combine(day, _END_OF_DAY)
            there = [scene for scene in archive.scenes if scene.datetime <= moment]
            _enter(scratch, day, find_upto(archive, moment), there)
            computed += 1
        progress("replay", number + 1, len(days))
    return computed


def _enter(scratch: Record, day: dt.date, structures: Sequence[Structure], scenes: Sequence[Scene]) -> None:
    """Keep what a day's update found, and raise its alerts, as a live watch does."""
    moment = dt.datetime.combine(day, dt.time(12, tzinfo=dt.UTC))
    with transaction(scratch):
        add_scenes(scratch, _UID, scenes)
        run = begin_run(
            scratch, _UID, started=moment, by="replay", command="replay", parameters={"day": day.isoformat()},
            scenes=[scene.id for scene in scenes],
        )  # fmt: skip
        keep_structures(scratch, _UID, run, structures, why=f"images up to {day}")
        finish_run(scratch, _UID, run, input_hash="", counts={}, seconds={}, notes=(), left_out=())
        raise_news(scratch, _UID, moment)


def _played(scratch: Record, known: Sequence[Revision]) -> tuple[Played, ...]:
    """What was told of each structure, beside what is known of it at the end."""
    alerts = list_alerts(scratch, _UID)
    revisions = list_structures(scratch, _UID)
    names = known_names(known, [one.structure for one in revisions])
    begun = structures_as_of(scratch, _UID, int(alerts[0].content[MARK]))
    before = {one.id for one in begun if _told_of(one)}
    out = []
    for place, one in enumerate(revisions):
        of_it = tuple(alert for alert in alerts if alert.structure == one.id)
        if of_it or _told_of(one):
            out.append(Played(one.id, names.get(place), one.structure, _told_of(one), of_it, one.id in before))
    return tuple(sorted(out, key=lambda p: (not p.stands, p.structure.status != "confirmed", _onset(p), p.name)))


def _told_of(one: Revision) -> bool:
    return one.stands and one.structure.status != "rejected"


def _onset(played: Played) -> str:
    return played.structure.onset.latest.isoformat() if played.structure.onset else "9999"


def _day(alert: Alert) -> dt.date:
    return alert.raised.date() if alert.raised else dt.date.min
