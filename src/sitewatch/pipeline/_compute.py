"""From described scenes to a record of what they show: what `run_site` and `update_site` have in common."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import shapely

from sitewatch import __version__
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
    report,
    used_scenes,
)
from sitewatch.progress import Progress
from sitewatch.record import (
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
    keep_structures,
    known_files,
    list_scenes,
    scene_jobs,
    standing,
    transaction,
    user,
    write_published,
    write_scenes,
)
from sitewatch.scenes import Scenes
from sitewatch.stack import build_stacks
from sitewatch.structures import Structure, find_structures
from sitewatch.words import counted

if TYPE_CHECKING:
    import xarray as xr


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
    with watch.stage("stacks"):
        stacks = build_stacks(site, found.scenes, workspace.stacks_folder, progress=progress)
    full, singles = apart(stacks)
    # With nothing else, the tracks are left out with the reason.
    stacks, singles = (full, singles) if full.stacks else (stacks, ())
    with watch.stage("change"):
        stacks, changes = detect_changes(stacks, progress)
    alpha = alpha_for(options, site, stacks.stacks)
    if options.false_rate is not None:
        asked = f"{options.false_rate:g} false structures per km² and year amount to alpha = {alpha:.3g} here"
        stacks = dataclasses.replace(stacks, notes=(*stacks.notes, asked))
    rasters = _raster_jobs(workspace, stacks.stacks, changes)
    checksums = scene_jobs(found.scenes, known_files(record, workspace.uid))
    # Structures and the dossier keep one core busy; files are written and read beside them.
    with _beside([*rasters, *checksums]) as aside:
        with watch.stage("structures"):
            structures = find_structures(site, stacks.stacks, changes, alpha=alpha, singles=singles, progress=progress)
        result = gather_result(site, structures, found, stacks, watch, workspace, workspace.dossier_path)
        if not any(structure.status == "confirmed" for structure in structures):
            with watch.stage("power"):
                seen = smallest_seen(site, stacks.stacks, changes, alpha, progress=progress)
            result = dataclasses.replace(result, detectable=seen)
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
                revisions = keep_structures(record, workspace.uid, number, structures, why=why)
                result = dataclasses.replace(result, structures=standing(revisions), run=number, new_scenes=fresh)
                write_scenes(workspace.scenes_path, result.scenes, result.left_out)
                write_published(workspace, revisions)
            with watch.stage("dossier"):
                report(workspace.dossier_path, result, stacks, options, watch, command)
                progress("dossier", 1, 1)
            with watch.stage("rasters and checksums"):
                described = _finished(aside, progress)[len(rasters) :]
                add_scene_files(record, workspace.uid, described)
            finish_run(
                record, workspace.uid, number,
                input_hash=hash_of(workspace, described, options),
                counts=counts_of(result.structures), seconds=watch.seconds, notes=result.notes,
                left_out=result.left_out,
            )  # fmt: skip
    return dataclasses.replace(result, seconds=dict(watch.seconds))


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


def _finished(aside: Sequence[Future[Any]], progress: Progress) -> list[Any]:
    """The results of jobs done beside, told as they come."""
    results = []
    for done, one in enumerate(aside):
        progress("rasters and checksums", done, len(aside))
        results.append(one.result())
    progress("rasters and checksums", len(aside), len(aside))
    return results
