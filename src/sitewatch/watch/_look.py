"""One look at one site: bring images, update, raise alerts, tell. Cut short at any moment, the next look goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sitewatch.atomic import write_json
from sitewatch.errors import BusyError, ChangeError, SceneError, SitewatchError, StackError, WatchError
from sitewatch.pipeline import RunOptions, UpdateResult, update_site
from sitewatch.progress import Progress, silent
from sitewatch.record import Alert, Record, Workspace, list_runs, list_sources, watch_lock
from sitewatch.watch._bring import Brought, bring_images, open_workspace
from sitewatch.watch._clock import Clock
from sitewatch.watch._deliver import Attempt, Told, deliver
from sitewatch.watch._message import Channel
from sitewatch.watch._overdue import stalled
from sitewatch.watch._raise import raise_all, raise_gaps, raise_news
from sitewatch.watch._rules import WatchedSite, WatchRules

Outcome = Literal["updated", "nothing new", "waiting for images", "busy", "failed", "told"]
_STATE = "watch.json"


@dataclasses.dataclass(frozen=True)
class Look:
    """What one look at a site came to.

    Attributes
    ----------
    outcome
        ``told`` where it was only gone to tell what had been raised before, ``busy`` where another watch or update is
        at work.
    images, run
        How many images were new, and the run that used them.
    alerts
        Raised by this look.
    attempts
        To tell of these and of earlier ones.
    next_attempt
        When something is to be told (again).
    error
        What went wrong; the rest was done all the same.
    """

    site: str
    workspace: Path
    at: dt.datetime
    outcome: Outcome
    images: int = 0
    run: int | None = None
    alerts: tuple[Alert, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    next_attempt: dt.datetime | None = None
    notes: tuple[str, ...] = ()
    error: str = ""


class State(BaseModel):
    """What the watch knows of its own looks at a site; the record knows all else."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    first_look: dt.datetime
    last_look: dt.datetime
    last_good: dt.datetime | None = None
    error: str = ""

    @property
    def good_until(self) -> dt.datetime:
        """The last moment at which nothing stood still."""
        return self.last_good or self.first_look


@dataclasses.dataclass(frozen=True)
class _Updated:
    outcome: Outcome
    result: UpdateResult | None = None
    brought: Brought = dataclasses.field(default_factory=Brought)
    error: str = ""
    notes: tuple[str, ...] = ()


def look_at(
    rules: WatchRules,
    site: WatchedSite,
    channels: Sequence[Channel],
    clock: Clock,
    *,
    patience_s: float = 0.0,
    progress: Progress = silent,
    told: Callable[[str], None] = lambda _: None,
    command: str = "",
) -> Look:
    """Look at one site: nothing that goes wrong there is raised, for the other sites are still to be looked at.

    Parameters
    ----------
    patience_s
        How long to go on telling receivers that can't be reached.
    told
        Called with a sentence when there is a wait, and with the traceback of a fault.
    """
    at = clock.now()
    look = Look(site.name, site.workspace, at, "failed")
    try:
        workspace = open_workspace(site)
        with watch_lock(workspace.folder):
            done = _update(site, workspace, progress, told, command)
            state = _noted(workspace, at, done)
            with workspace.record() as record:
                alerts = _raise(rules, site, workspace, record, state, clock)
                went = deliver(workspace, record, rules.rules_of(site), channels, clock, patience_s=patience_s)
            return _looked(look, done, alerts, went)
    except BusyError as error:
        return dataclasses.replace(look, outcome="busy", error=str(error))
    except SitewatchError as error:
        return dataclasses.replace(look, error=str(error))
    except Exception as error:
        told(traceback.format_exc())
        return dataclasses.replace(look, error=_fault(error))


def tell_only(rules: WatchRules, site: WatchedSite, channels: Sequence[Channel], clock: Clock) -> Look:
    """Tell receivers of a site what is due, without looking for images."""
    look = Look(site.name, site.workspace, clock.now(), "told")
    try:
        workspace = Workspace.open(site.workspace)
        with watch_lock(workspace.folder), workspace.record() as record:
            went = deliver(workspace, record, rules.rules_of(site), channels, clock)
        return dataclasses.replace(look, attempts=went.attempts, next_attempt=went.next_attempt)
    except BusyError as error:
        return dataclasses.replace(look, outcome="busy", error=str(error))
    except SitewatchError as error:
        return dataclasses.replace(look, outcome="failed", error=str(error))


def read_state(folder: Path) -> State | None:
    """What the watch noted of its looks at a workspace; None before the first, or where the note is lost."""
    with contextlib.suppress(OSError, ValidationError, ValueError):
        return State.model_validate_json((folder / _STATE).read_text(encoding="utf-8"))
    return None


def _update(
    site: WatchedSite, workspace: Workspace, progress: Progress, told: Callable[[str], None], command: str
) -> _Updated:
    """Bring images and update; whatever goes wrong becomes words."""
    brought = Brought()
    try:
        brought = bring_images(site, workspace, progress)
        with workspace.record() as record:
            known = list_sources(record, workspace.uid)
        done: UpdateResult | None = None
        if known:
            done = update_site(
                workspace.folder,
                options=_options(site),
                patience_s=600.0,
                progress=progress,
                told=told,
                command=command,
            )
        outcome: Outcome = "waiting for images" if not known else "updated" if done and done.result else "nothing new"
        trouble = "; ".join(str(error) for error in brought.errors)
        notes = tuple(done.notes) if done else ()
        lost = f"{len(done.lost)} of the images used before can't be found any more" if done and done.lost else ""
        notes = (*notes, lost) if lost else notes
        return _Updated("failed" if trouble else outcome, done, brought, trouble, notes)
    except (SceneError, StackError, ChangeError) as error:
        if _nothing_computed_yet(workspace):
            return _Updated("waiting for images", None, brought, "", (f"not enough to compare yet: {error.message}",))
        return _Updated("failed", None, brought, str(error))
    except BusyError as error:
        return _Updated("busy", None, brought, str(error))
    except (SitewatchError, OSError) as error:
        return _Updated("failed", None, brought, str(error))
    except Exception as error:
        told(traceback.format_exc())
        return _Updated("failed", None, brought, _fault(error))


def _raise(
    rules: WatchRules, site: WatchedSite, workspace: Workspace, record: Record, state: State, clock: Clock
) -> tuple[Alert, ...]:
    now = clock.now()
    news = raise_news(record, workspace.uid, now)
    gaps = raise_gaps(record, workspace.uid, now, site.scene_gap_after)
    still = stalled(state.good_until, now, after=rules.stalled_after(site), reason=state.error)
    return (*news, *gaps, *raise_all(record, workspace.uid, still))


def _noted(workspace: Workspace, at: dt.datetime, done: _Updated) -> State:
    before = read_state(workspace.folder)
    state = State(
        first_look=before.first_look if before else at,
        last_look=at,
        last_good=(before.last_good if before else None) if done.outcome in ("failed", "busy") else at,
        error=done.error,
    )
    with contextlib.suppress(OSError):
        # A full disk is told by what could not be computed; this note only says since when.
        write_json(workspace.folder / _STATE, state.model_dump(mode="json"))
    return state


def _looked(look: Look, done: _Updated, alerts: tuple[Alert, ...], went: Told) -> Look:
    result = done.result.result if done.result else None
    return dataclasses.replace(
        look,
        outcome=done.outcome,
        images=len(result.new_scenes) if result else 0,
        run=result.run if result else None,
        alerts=alerts,
        attempts=went.attempts,
        next_attempt=went.next_attempt,
        notes=(*done.brought.notes, *done.notes),
        error=done.error,
    )


def _options(site: WatchedSite) -> RunOptions:
    try:
        return RunOptions(**site.options)
    except (ValidationError, TypeError) as error:
        raise WatchError(f"the options of {site.name} can't be used ({error})") from error


def _nothing_computed_yet(workspace: Workspace) -> bool:
    with workspace.record() as record:
        return not list_runs(record, workspace.uid)


def _fault(error: Exception) -> str:
    return f"a fault of sitewatch itself ({type(error).__name__}: {error})"
