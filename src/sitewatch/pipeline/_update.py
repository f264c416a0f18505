"""A site followed over time: begin a workspace, add images, update with what is new, review."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch.errors import WorkspaceError
from sitewatch.pipeline._compute import compare_images, compute_and_keep, hash_of, state_findings
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._power import smallest_seen
from sitewatch.pipeline._sources import as_sources, scenes_of
from sitewatch.pipeline._steps import (
    RunResult,
    Watch,
    check_some,
    gather_result,
    provenance_of,
    report,
)
from sitewatch.progress import Progress, silent
from sitewatch.record import (
    FindingRevision,
    Record,
    Revision,
    RunEntry,
    SceneEntry,
    Workspace,
    add_scenes,
    add_sources,
    all_known,
    known_files,
    list_findings,
    list_reviews,
    list_runs,
    list_scenes,
    list_sources,
    list_structures,
    scene_jobs,
    standing,
    transaction,
    update_lock,
    user,
    write_published,
)
from sitewatch.scenes import Hints, LeftOut, Scenes

if TYPE_CHECKING:
    from sitewatch.site import Site


@dataclasses.dataclass(frozen=True)
class Added:
    """What `add_images` made known: ids of the scenes that are new, how many were known, and what can't be used."""

    new: tuple[str, ...]
    known: int
    left_out: tuple[LeftOut, ...]


@dataclasses.dataclass(frozen=True)
class UpdateResult:
    """What an update did.

    Attributes
    ----------
    result
        What was computed; None where there was nothing new.
    revisions
        The latest revision of every structure that the record knows.
    lost
        Scenes that earlier runs used and that are not where they were.
    notes
        What else is worth knowing, such as an earlier update that was cut short.
    flagged
        Findings in analysts' words that rest on changed evidence.
    """

    result: RunResult | None
    revisions: tuple[Revision, ...]
    lost: tuple[SceneEntry, ...] = ()
    notes: tuple[str, ...] = ()
    flagged: tuple[FindingRevision, ...] = ()


def init_site(folder: str | Path, site: Site, *, record: str | None = None) -> Workspace:
    """Begin the workspace of a site.

    Parameters
    ----------
    folder
        A new or empty folder.
    record
        Address of a PostgreSQL database to keep the record in; the file ``record.sqlite`` in the folder where None.

    Raises
    ------
    WorkspaceError
        If the folder can't be used, or the record can't be opened.
    """
    workspace = Workspace.create(folder, site, record=record)
    try:
        with workspace.record():
            return workspace
    except BaseException:
        # A workspace without its record would stand in the way of the next try.
        for path in (workspace.manifest_path, workspace.site_path):
            path.unlink(missing_ok=True)
        raise


def add_images(
    folder: str | Path, sources: Sequence[str | Path], *, hints: Hints | None = None, progress: Progress = silent
) -> Added:
    """Make images known to a workspace; the next update reads them.

    Parameters
    ----------
    sources
        Image files, folders, STAC items or catalogues. Updates look again into folders and catalogues for what has
        come since.
    hints
        What the images don't say themselves; kept for later updates.

    Raises
    ------
    SceneError
        If none of the images can be used; nothing is added then.
    """
    workspace = Workspace.open(folder)
    hints = hints or Hints()
    entries = as_sources(sources, hints)
    found = scenes_of(entries, RunOptions(hints=hints), progress)
    with workspace.record() as record, transaction(record):
        new = add_scenes(record, workspace.uid, found.scenes)
        add_sources(record, workspace.uid, entries, by=user())
    return Added(new, len(found.scenes) - len(new), found.left_out)


def update_site(
    folder: str | Path,
    *,
    options: RunOptions | None = None,
    patience_s: float = 0.0,
    progress: Progress = silent,
    told: Callable[[str], None] = lambda _: None,
    command: str = "",
) -> UpdateResult:
    """Bring a workspace up to date: look for new images where images were added, compute, record, report.

    Where nothing is new (no image, setting or version), nothing is computed; files that have been lost, or that lag
    behind a review, are written again. Cut short at any moment, the next update ends with the same result.

    Parameters
    ----------
    folder
        A workspace.
    options
        Settings; the defaults where None. Their hints are not used: those given to `add_images` are.
    patience_s
        How long to wait for another update of the same workspace.
    told
        Called with a sentence when there is a wait.

    Raises
    ------
    WorkspaceError
        If the workspace can't be used, or no images were added to it.
    BusyError
        If another update is at work in it for longer than `patience_s`.
    SceneError, StackError
        If none of the images can be used any more; what the record holds stays.
    """
    options = options or RunOptions()
    workspace = Workspace.open(folder)
    with (
        update_lock(workspace.folder, patience_s=patience_s, told=told) as before,
        workspace.record() as record,
    ):
        workspace.sweep()
        watch = Watch()
        sources = list_sources(record, workspace.uid)
        if not sources:
            raise WorkspaceError(f"no images have been added to {workspace.folder}", hint="`sitewatch add` does so.")
        with watch.stage("scenes"):
            found = scenes_of(sources, options, progress)
            check_some(found)
        notes = (f"the update before ({before}) was cut short; this one goes on from there",) if before else ()
        lost = _lost(record, workspace, found)
        result = None
        if _is_new(record, workspace, found, options):
            result = compute_and_keep(
                workspace, record, found, sources, options, watch, progress=progress, command=command
            )
        else:
            _refresh(record, workspace, found, options, progress)
        flagged = tuple(one for one in list_findings(record, workspace.uid) if one.changed)
        return UpdateResult(result, list_structures(record, workspace.uid), lost, notes, flagged)


def _is_new(record: Record, workspace: Workspace, found: Scenes, options: RunOptions) -> bool:
    """Whether the last run rests on anything else than an update would now."""
    runs, known = list_runs(record, workspace.uid), known_files(record, workspace.uid)
    if not runs or not all_known(found.scenes, known):
        return True
    described = [describe() for describe in scene_jobs(found.scenes, known)]
    return hash_of(workspace, described, options) != runs[-1].input_hash


def _lost(record: Record, workspace: Workspace, found: Scenes) -> tuple[SceneEntry, ...]:
    """Scenes that a run used and that were not met again, whatever the options leave out."""
    met = {scene.id for scene in found.scenes} | {entry.source for entry in found.left_out}
    return tuple(s for s in list_scenes(record, workspace.uid) if s.used and s.id not in met)


def _refresh(record: Record, workspace: Workspace, found: Scenes, options: RunOptions, progress: Progress) -> None:
    """Write files anew that are missing or older than the last review; the stacks on disk serve for the pictures."""
    revisions = list_structures(record, workspace.uid)
    write_published(workspace, revisions)
    dossier = workspace.dossier_path
    reviews = list_reviews(record, workspace.uid)
    written = dt.datetime.fromtimestamp(dossier.stat().st_mtime, dt.UTC) if dossier.exists() else None
    said = [*(review.at for review in reviews), *(one.made for one in list_findings(record, workspace.uid))]
    if written is not None and all(at <= written for at in said):
        return
    run = list_runs(record, workspace.uid)[-1]
    watch = _watch_of(run)
    compared = compare_images(workspace.site, found, workspace.stacks_folder, options, Watch(), progress)
    stacks = compared.stacks
    result = gather_result(workspace.site, standing(revisions), found, stacks, watch, workspace, dossier)
    seen = smallest_seen(workspace.site, stacks.stacks, compared.changes, compared.alpha, progress=progress)
    result = dataclasses.replace(result, detectable=seen, run=run.number)
    described = [describe() for describe in scene_jobs(found.scenes, known_files(record, workspace.uid))]
    with transaction(record):
        findings = state_findings(record, workspace, result, run.number, f"run {run.number}, with reviews since")
        provenance = provenance_of(
            result, stacks, options, watch, run.command, input_hash=run.input_hash,
            files={one.id: one.files for one in described}, revisions=revisions, findings=findings,
        )  # fmt: skip
        report(dossier, result, stacks, provenance, findings)
    progress("dossier", 1, 1)


def _watch_of(run: RunEntry) -> Watch:
    watch = Watch()
    watch.started, watch.seconds = run.started, dict(run.seconds)
    return watch
