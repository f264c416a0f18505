"""From described scenes to a record of what they show: what `run_site` and `update_site` have in common."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from sitewatch import __version__
from sitewatch.findings import site_findings
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._power import smallest_seen
from sitewatch.pipeline._steps import (
    RunResult,
    Watch,
    alpha_for,
    apart,
    detect_changes,
    file_names,
    gather_result,
    provenance_of,
    report,
    used_scenes,
)
from sitewatch.progress import Progress
from sitewatch.record import (
    FindingRevision,
    Record,
    SceneRecord,
    Source,
    Workspace,
    add_scene_files,
    add_scenes,
    add_sources,
    begin_run,
    change_raster_jobs,
    finish_run,
    input_hash,
    keep_findings,
    keep_structures,
    known_files,
    list_events,
    list_reviews,
    list_scenes,
    list_structures,
    scene_jobs,
    standing,
    transaction,
    user,
    write_published,
    write_scenes,
)
from sitewatch.scenes import Scenes
from sitewatch.stack import Stacks, build_stacks
from sitewatch.structures import Structure, find_structures
from sitewatch.words import counted

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.site import Site


def compute_and_keep(
    workspace: Workspace,
    record: Record,
    found: Scenes,
    sources: Sequence[Source],
    options: RunOptions,
    watch: Watch,
    *,
    progress: Progress,
    command: str,
) -> RunResult:
    """Compute what scenes show, and write it to the record and the workspace's files.

    The files come first and the record last, in one transaction: whatever cuts this short, the record says what it said
    before, and the next run does the whole again.

    Parameters
    ----------
    found
        Scenes to use; those already in the stacks on disk are not read again.
    sources
        Where they came from, for later updates.
    """
    site = workspace.site
    compared = compare_images(site, found, workspace.stacks_folder, options, watch, progress)
    stacks = compared.stacks
    rasters = _raster_jobs(workspace, stacks.stacks, compared.changes)
    checksums = scene_jobs(found.scenes, known_files(record, workspace.uid))
    # Structures and the dossier keep one core busy; files are read and written beside them.
    with _beside([*checksums, *rasters]) as aside:
        result = find_all(site, found, compared, watch, progress, workspace=workspace)
        with transaction(record):
            with watch.stage("record"):
                before = {scene.id for scene in list_scenes(record, workspace.uid) if scene.used}
                add_sources(record, workspace.uid, sources, by=user())
                add_scenes(record, workspace.uid, found.scenes)
                used = [scene.id for scene in used_scenes(found, stacks)]
                number = begin_run(
                    record, workspace.uid, started=watch.started, by=user(), command=command,
                    parameters=options.as_parameters(), scenes=used,
                )  # fmt: skip
                fresh = tuple(scene for scene in used if scene not in before)
                why = f"run {number}, {counted(len(fresh), 'new image')}"
                revisions = keep_structures(record, workspace.uid, number, result.structures, why=why)
                result = dataclasses.replace(result, structures=standing(revisions), run=number, new_scenes=fresh)
                write_scenes(workspace.scenes_path, result.scenes, result.left_out)
                write_published(workspace, revisions)
            with watch.stage("checksums"):
                described = _finished(aside[: len(checksums)], "checksums", progress)
                add_scene_files(record, workspace.uid, described)
            input_hash = hash_of(workspace, described, options)
            with watch.stage("findings"):
                findings = state_findings(record, workspace, result, number, why)
            with watch.stage("dossier"):
                provenance = provenance_of(
                    result, stacks, options, watch, command, input_hash=input_hash,
                    files={one.id: one.files for one in described}, revisions=revisions, findings=findings,
                )  # fmt: skip
                report(workspace.dossier_path, result, stacks, provenance, findings)
                progress("dossier", 1, 1)
            with watch.stage("rasters"):
                _finished(aside[len(checksums) :], "rasters", progress)
            finish_run(
                record, workspace.uid, number,
                input_hash=input_hash,
                counts=counts_of(result.structures), seconds=watch.seconds, notes=result.notes,
                left_out=result.left_out,
            )  # fmt: skip
    return dataclasses.replace(result, seconds=dict(watch.seconds))


@dataclasses.dataclass(frozen=True)
class Compared:
    """Images compared with each other: stacks and their changes, tracks too short for it, and the chance allowed."""

    stacks: Stacks
    changes: tuple[xr.Dataset, ...]
    singles: tuple[xr.Dataset, ...]
    alpha: float


def compare_images(
    site: Site, found: Scenes, folder: Path, options: RunOptions, watch: Watch, progress: Progress
) -> Compared:
    """Stack scenes in a folder, which may hold stacks of them, and find where they changed."""
    with watch.stage("stacks"):
        stacks = build_stacks(site, found.scenes, folder, progress=progress)
    full, singles = apart(stacks)
    # With nothing else, the tracks are left out with the reason.
    stacks, singles = (full, singles) if full.stacks else (stacks, ())
    with watch.stage("change"):
        stacks, changes = detect_changes(stacks, progress)
    alpha = alpha_for(options, site, stacks.stacks)
    if options.false_rate is not None:
        asked = f"{options.false_rate:g} false structures per km² and year amount to alpha = {alpha:.3g} here"
        stacks = dataclasses.replace(stacks, notes=(*stacks.notes, asked))
    return Compared(stacks, changes, singles, alpha)


def find_all(
    site: Site,
    found: Scenes,
    compared: Compared,
    watch: Watch,
    progress: Progress,
    *,
    workspace: Workspace | None = None,
) -> RunResult:
    """What the changes are, and the smallest thing that would have been found."""
    one = compared
    with watch.stage("structures"):
        structures = find_structures(
            site, one.stacks.stacks, one.changes, alpha=one.alpha, singles=one.singles, progress=progress
        )
    dossier = workspace.dossier_path if workspace else None
    result = gather_result(site, structures, found, one.stacks, watch, workspace, dossier)
    with watch.stage("power"):
        seen = smallest_seen(site, one.stacks.stacks, one.changes, one.alpha, progress=progress)
    return dataclasses.replace(result, detectable=seen)


def state_findings(
    record: Record, workspace: Workspace, result: RunResult, run: int, why: str
) -> tuple[FindingRevision, ...]:
    """State what the record says by now, and keep it."""
    uid = workspace.uid
    findings = site_findings(
        workspace.site,
        list_structures(record, uid),
        result.scenes,
        detectable=result.detectable,
        events=list_events(record, uid),
        reviews=list_reviews(record, uid),
    )
    return keep_findings(record, uid, run, findings, why=why)


def hash_of(workspace: Workspace, described: Iterable[SceneRecord], options: RunOptions) -> str:
    """Hash of all that an update's result rests on; what hints say is in how each scene is read."""
    return input_hash(shapely.to_wkb(workspace.site.area), described, options.choices(), __version__)


def counts_of(structures: Sequence[Structure]) -> dict[str, int]:
    """Number of structures by status."""
    statuses = [structure.status for structure in structures]
    return {status: statuses.count(status) for status in ("confirmed", "candidate", "rejected")}


def _raster_jobs(
    workspace: Workspace, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset]
) -> list[Callable[[], Any]]:
    """One call a change raster of every track."""
    named = zip(changes, file_names(stacks), strict=True)
    return [job for change, name in named for job in change_raster_jobs(workspace.change_folder, change, name)]


@contextlib.contextmanager
def _beside(jobs: Sequence[Callable[[], Any]]) -> Iterator[list[Future[Any]]]:
    """Do jobs one after the other in a second thread; those not begun are dropped when the block fails."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield [pool.submit(job) for job in jobs]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finished(aside: Sequence[Future[Any]], what: str, progress: Progress) -> list[Any]:
    """The results of jobs done beside, told as they come."""
    results = []
    for done, one in enumerate(aside):
        progress(what, done, len(aside))
        results.append(one.result())
    progress(what, len(aside), len(aside))
    return results
