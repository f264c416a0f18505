"""The main job: find, date and measure what was built, and keep it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch import __version__
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._steps import (
    RunResult,
    Watch,
    check_some,
    detect_changes,
    file_names,
    find_scenes,
    gather_result,
    report,
)
from sitewatch.progress import Progress, silent
from sitewatch.record import RunRecord, Workspace, write_change_rasters, write_scenes, write_structures
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
    with watch.stage("change"):
        stacks, changes = detect_changes(stacks, progress)
    with watch.stage("structures"):
        structures = find_structures(site, stacks.stacks, changes, alpha=options.alpha, progress=progress)
    result = gather_result(site, structures, found, stacks, watch, workspace, workspace.dossier_path)
    with watch.stage("record"):
        _write_changes(workspace, stacks.stacks, changes, progress)
        write_scenes(workspace.scenes_path, result.scenes, result.left_out)
        write_structures(workspace.structures_path, structures)
    with watch.stage("dossier"):
        report(workspace.dossier_path, result, stacks, options, watch, command)
    _record_run(workspace, result, sources, options, watch)
    return dataclasses.replace(result, seconds=dict(watch.seconds))


def _write_changes(
    workspace: Workspace, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset], progress: Progress
) -> None:
    names = file_names(stacks)
    for done, change in enumerate(changes):
        progress("change rasters", done, len(stacks))
        write_change_rasters(workspace.change_folder, change, names[done])
    progress("change rasters", len(stacks), len(stacks))


def _record_run(
    workspace: Workspace, result: RunResult, sources: Sequence[str | Path], options: RunOptions, watch: Watch
) -> None:
    statuses = [structure.status for structure in result.structures]
    with watch.stage("checksums"):
        scenes = workspace.describe_scenes(result.scenes)
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
    workspace.add_run(run, scenes)
