"""Date a footprint that the analyst drew."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from sitewatch import __version__
from sitewatch.errors import StructureError
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._steps import (
    RunResult,
    Watch,
    alpha_for,
    apart,
    check_some,
    detect_changes,
    find_scenes,
    gather_result,
    provenance_of,
    report,
    scratch,
)
from sitewatch.progress import Progress, silent
from sitewatch.record import Workspace, input_hash, scene_jobs, write_structures
from sitewatch.stack import build_stacks
from sitewatch.structures import date_footprint

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.site import Site

_WORTH_TELLING = 0.01  # of a footprint, cut off by the site
_LONGEST_NAME = 80  # characters; file systems take 255 bytes


def date_polygon(
    site: Site,
    polygon: shapely.Polygon | shapely.MultiPolygon,
    sources: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    name: str = "footprint",
    options: RunOptions | None = None,
    progress: Progress = silent,
    command: str = "",
) -> RunResult:
    """Date a footprint that the analyst drew: when was it begun, when was it finished, how did it grow.

    Parameters
    ----------
    site
        The place; it must contain the footprint.
    polygon
        The footprint, EPSG:4326 (longitude, latitude).
    sources
        Image files, folders, STAC items or catalogues.
    out
        Workspace to keep stacks and results in, as ``dated/<name>.geojson`` and ``dated/<name>.html``; it may be the
        one of a run. Nothing is kept where None.
    name
        Name of the footprint, for the files; what has no place in a file's name becomes a dash.
    options, progress, command
        As for `run_site`.

    Returns
    -------
    RunResult
        With the footprint as one structure: of all images together, then, where several tracks cover it, one a track.
        Images of tracks of one or two are judged within themselves, and where there are no others suffice.

    Raises
    ------
    StructureError
        If the footprint lies outside the site or the images, or can't be dated from them.
    SceneError, StackError
        If none of the images can be used.
    """
    options = options or RunOptions()
    watch = Watch()
    _check_inside(site, polygon)
    workspace = None if out is None else Workspace.for_site(out, site)
    with contextlib.ExitStack() as cleanup:
        folder = workspace.stacks_folder if workspace else scratch(cleanup)
        with watch.stage("scenes"):
            found = find_scenes(sources, options, progress)
            check_some(found)
        with watch.stage("stacks"):
            stacks = build_stacks(site, found.scenes, folder, progress=progress)
        shown = stacks
        stacks, singles = apart(stacks)
        changes: tuple[xr.Dataset, ...] = ()
        with watch.stage("change"):
            if stacks.stacks:
                stacks, changes = detect_changes(stacks, progress)
        with watch.stage("structures"):
            alpha = alpha_for(options, site, (*stacks.stacks, *singles))
            structures = date_footprint(polygon, stacks.stacks, changes, singles=singles, alpha=alpha)
        if not stacks.stacks:
            stacks = dataclasses.replace(stacks, stacks=shown.stacks)
        dossier = workspace.folder / "dated" / f"{file_name(name)}.html" if workspace else None
        stacks = dataclasses.replace(stacks, notes=(*_beyond(site, polygon), *stacks.notes))
        result = gather_result(site, structures, found, stacks, watch, workspace, dossier)
        if dossier:
            write_structures(dossier.with_suffix(".geojson"), result.structures)
            described = [describe() for describe in scene_jobs(result.scenes, {})]
            provenance = provenance_of(
                result, stacks, options, watch, command,
                input_hash=input_hash(shapely.to_wkb(polygon), described, options.choices(), __version__),
                files={one.id: one.files for one in described},
            )  # fmt: skip
            report(dossier, result, stacks, provenance, ())
        return dataclasses.replace(result, seconds=dict(watch.seconds))


def _check_inside(site: Site, polygon: shapely.Polygon | shapely.MultiPolygon) -> None:
    if not site.area.intersects(polygon):
        raise StructureError(
            "the footprint lies outside the site", hint="Draw it within the site; in GeoJSON longitude comes first."
        )


def _beyond(site: Site, polygon: shapely.Polygon | shapely.MultiPolygon) -> tuple[str, ...]:
    """Say how much of the footprint the site cuts off, where it does."""
    share = 1 - site.area.intersection(polygon).area / polygon.area
    if share < _WORTH_TELLING:
        return ()
    return (f"{share:.0%} of the footprint lie outside the site and are not looked at: sizes are those of the rest",)


def file_name(name: str) -> str:
    """A name as a file can bear it, in one folder and on every system."""
    safe = re.sub(r"[^\w.,+-]+", "-", name).strip("-. ")[:_LONGEST_NAME]
    return safe or "footprint"
