"""The main job: find, date and measure what was built, and keep it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch import __version__
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._power import smallest_seen
from sitewatch.pipeline._steps import (
    RunResult,
    Watch,
    alpha_for,
    apart,
    check_some,
    detect_changes,
    file_names,
    find_scenes,
    gather_result,
    report,
    used_scenes,
)
from sitewatch.progress import Progress, silent
from sitewatch.record import (
    RunRecord,
    SceneRecord,
    Workspace,
    change_raster_jobs,
    write_centrelines,
    write_scenes,
    write_structures,
)
from sitewatch.stack import build_stacks
from sitewatch.structures import find_structures

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.site import Site


def run_site(
    site: Site,
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    options: RunOptions | None = None,
    progress: Progress = silent,
    command: str = "",
) -> RunResult:
    """Find, date and measure what was built at a site, and write its workspace.

    Parameters
    ----------
    site
        The place.
    sources
        Image files, folders, STAC items or catalogues.
    out
        The workspace: a new or empty folder, or one that an earlier run on this site made; then what it holds is used
        again where it still fits.
    options
        Settings; the defaults where None.
    progress
        Told how far each stage is.
    command
        How the run was started, for the record.

    Returns
    -------
    RunResult
        Also written to the workspace.

    Raises
    ------
    WorkspaceError
        If `out` is something else than a workspace of this site.
    SceneError, StackError
        If none of the images can be used. What an earlier run found is then left as it is; in a new workspace,
        scenes.geojson has the reasons as far as they were known.
    """
    options = options or RunOptions()
    watch = Watch()
    workspace = Workspace.for_site(out, site)
    with watch.stage("scenes"):
        found = find_scenes(sources, options, progress)
        if not workspace.manifest().runs:
            # Should no image be usable, the reasons are on disk by then; a finished run's record stays as it is.
            write_scenes(workspace.scenes_path, (), found.left_out)
        check_some(found)
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
    checksums = workspace.scene_jobs(used_scenes(found, stacks))
    # Structures and the dossier keep one core busy; files are written and read beside them.
    with _beside([*rasters, *checksums]) as aside:
        with watch.stage("structures"):
            structures = find_structures(site, stacks.stacks, changes, alpha=alpha, singles=singles, progress=progress)
        result = gather_result(site, structures, found, stacks, watch, workspace, workspace.dossier_path)
        if not any(structure.status == "confirmed" for structure in structures):
            with watch.stage("power"):
                seen = smallest_seen(site, stacks.stacks, changes, alpha, progress=progress)
            result = dataclasses.replace(result, detectable=seen)
        with watch.stage("record"):
            write_scenes(workspace.scenes_path, result.scenes, result.left_out)
            write_structures(workspace.structures_path, structures)
            write_centrelines(workspace.centrelines_path, structures)
        with watch.stage("dossier"):
            report(workspace.dossier_path, result, stacks, options, watch, command)
            progress("dossier", 1, 1)
        with watch.stage("rasters and checksums"):
            scenes = _finished(aside, progress)[len(rasters) :]
    _record_run(workspace, result, scenes, sources, options, watch)
    return dataclasses.replace(result, seconds=dict(watch.seconds))


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


def _record_run(
    workspace: Workspace,
    result: RunResult,
    scenes: Sequence[SceneRecord],
    sources: Sequence[str | Path],
    options: RunOptions,
    watch: Watch,
) -> None:
    statuses = [structure.status for structure in result.structures]
    run = RunRecord(
        started=watch.started,
        finished=dt.datetime.now(dt.UTC),
        software_version=__version__,
        sources=tuple(str(source) for source in sources),
        parameters=options.as_parameters(),
        scenes_used=len(result.scenes),
        scenes_left_out=len(result.left_out),
        structures={status: statuses.count(status) for status in ("confirmed", "candidate", "rejected")},
        seconds=dict(watch.seconds),
    )
    workspace.add_run(run, tuple(scenes))
