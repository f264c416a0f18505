"""The main job: find, date and measure what was built, and keep it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch.pipeline._compute import compute_and_keep
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._sources import as_sources, scenes_of
from sitewatch.pipeline._steps import RunResult, Watch, check_some
from sitewatch.progress import Progress, silent
from sitewatch.record import Workspace, list_runs, update_lock, write_scenes

if TYPE_CHECKING:
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

    This is `init_site`, `add_images` and `update_site` in one call, on exactly the images named; an update of the same
    workspace goes on with them.

    Parameters
    ----------
    site
        The place.
    sources
        Image files, folders, STAC items or catalogues.
    out
        The workspace: a new or empty folder, or one that was made for this site before; then what it holds is used
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
        If `out` is something else than a workspace of this site, its record can't be used, or another update is at
        work in it.
    SceneError, StackError
        If none of the images can be used. What an earlier run found is then left as it is; in a new workspace,
        scenes.geojson has the reasons as far as they were known.
    """
    options = options or RunOptions()
    watch = Watch()
    workspace, entries = Workspace.for_site(out, site), as_sources(sources, options.hints)
    with update_lock(workspace.folder), workspace.record() as record:
        workspace.sweep()
        with watch.stage("scenes"):
            found = scenes_of(entries, options, progress)
            if not list_runs(record, workspace.uid):
                # Should no image be usable, the reasons are on disk by then; a finished run's list stays as it is.
                write_scenes(workspace.scenes_path, (), found.left_out)
            check_some(found)
        return compute_and_keep(workspace, record, found, entries, options, watch, progress=progress, command=command)
