"""The stages in a row: from a site and a pile of images to a workspace with structures and dossier.

`run_site` reads as the pipeline, a line a stage; the command line is a thin shell over it. Anything more particular is
done with the stages themselves, see ``docs/python.md``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sitewatch import __version__
from sitewatch.change import detect_change
from sitewatch.errors import ChangeError, SceneError, StructureError
from sitewatch.progress import Progress, silent
from sitewatch.record import RunRecord, Workspace, write_change_rasters, write_raster, write_scenes, write_structures
from sitewatch.report import Provenance, write_dossier
from sitewatch.scenes import Hints, LeftOut, Scene, Scenes, open_scenes
from sitewatch.stack import Stacks, build_stacks
from sitewatch.structures import Structure, date_footprint, find_structures

if TYPE_CHECKING:
    import shapely
    import xarray as xr

    from sitewatch.site import Site


class RunOptions(BaseModel):
    """Settings of a run; unknown names are refused.

    The hints say what the images themselves don't, see `sitewatch.scenes.Hints`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    alpha: float = Field(default=0.01, gt=0, lt=0.5)
    """Chance of a false confirmed structure at a site where nothing is built, over its whole area and all dates."""
    tracks: tuple[str, ...] = ()
    """Keys of the tracks to use; empty for all."""
    since: dt.date | None = None
    """Leave out images acquired before this day (UTC)."""
    until: dt.date | None = None
    """Leave out images acquired after this day (UTC)."""
    hints: Hints = Field(default_factory=Hints)
    """What the images don't say themselves."""

    def as_parameters(self) -> dict[str, Any]:
        """The settings in force as plain JSON values, for the record."""
        hints = {name: value for name, value in dataclasses.asdict(self.hints).items() if value is not None}
        return {**self.model_dump(mode="json", exclude={"hints"}), **hints}


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run found, and what it rests on.

    Attributes
    ----------
    site
        The place.
    structures
        Of every status: confirmed, candidate, rejected.
    scenes
        Used.
    left_out
        Not used, each with its reason.
    notes
        Guesses made on the user's behalf and processing worth knowing.
    seconds
        Wall clock by stage.
    workspace
        The folder written; None where nothing was kept.
    dossier
        The report written; None where nothing was kept.
    """

    site: Site
    structures: tuple[Structure, ...]
    scenes: tuple[Scene, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    workspace: Workspace | None = None
    dossier: Path | None = None


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
        If none of the images can be used; each one's reason is in the workspace's scenes.geojson.
    """
    options = options or RunOptions()
    watch = _Watch()
    workspace = Workspace.for_site(out, site)
    with watch.stage("scenes"):
        found = _find_scenes(sources, options, progress)
        # Should no image be usable, the reasons are on disk by then.
        write_scenes(workspace.scenes_path, found.scenes, found.left_out)
        _check_some(found)
    with watch.stage("stacks"):
        stacks = build_stacks(site, found.scenes, workspace.stacks_folder, progress=progress)
    with watch.stage("change"):
        stacks, changes = _detect_changes(stacks, progress)
    with watch.stage("structures"):
        structures = find_structures(site, stacks.stacks, changes, alpha=options.alpha, progress=progress)
    result = _result(site, structures, found, stacks, watch, workspace, workspace.dossier_path)
    with watch.stage("record"):
        _write_changes(workspace, stacks.stacks, changes, progress)
        write_scenes(workspace.scenes_path, result.scenes, result.left_out)
        write_structures(workspace.structures_path, structures)
    with watch.stage("dossier"):
        _write_dossier(workspace.dossier_path, result, stacks.stacks, options, watch, command)
    _record_run(workspace, result, sources, options, watch)
    return dataclasses.replace(result, seconds=dict(watch.seconds))


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
        Name of the footprint, for the files.
    options, progress, command
        As for `run_site`.

    Returns
    -------
    RunResult
        With the footprint as one structure a track that covers it.

    Raises
    ------
    StructureError
        If the footprint lies outside the site or the images, or can't be dated from them.
    SceneError, StackError
        If none of the images can be used.
    """
    options = options or RunOptions()
    watch = _Watch()
    _check_inside(site, polygon)
    workspace = None if out is None else Workspace.for_site(out, site)
    with contextlib.ExitStack() as cleanup:
        folder = workspace.stacks_folder if workspace else _scratch(cleanup)
        with watch.stage("scenes"):
            found = _find_scenes(sources, options, progress)
            _check_some(found)
        with watch.stage("stacks"):
            stacks = build_stacks(site, found.scenes, folder, progress=progress)
        with watch.stage("change"):
            stacks, changes = _detect_changes(stacks, progress)
        with watch.stage("structures"):
            structures = date_footprint(polygon, stacks.stacks, changes, alpha=options.alpha)
        dossier = workspace.folder / "dated" / f"{name}.html" if workspace else None
        result = _result(site, structures, found, stacks, watch, workspace, dossier)
        if dossier:
            write_structures(dossier.with_suffix(".geojson"), result.structures)
            _write_dossier(dossier, result, stacks.stacks, options, watch, command)
        return dataclasses.replace(result, seconds=dict(watch.seconds))


@dataclasses.dataclass(frozen=True)
class PowerResult:
    """What could have been seen.

    Attributes
    ----------
    path
        The map: the smallest area that would be found, in square metres, by the track that sees best.
    by_track
        What `sitewatch.simulate.smallest_detectable` gave for each track.
    left_out
        Images not used, each with its reason.
    """

    path: Path
    by_track: Mapping[str, xr.Dataset]
    left_out: tuple[LeftOut, ...]


def map_power(
    site: Site,
    sources: Sequence[str | Path],
    path: str | Path,
    *,
    contrast: str = "building on land",
    images: int = 6,
    probability: float = 0.9,
    options: RunOptions | None = None,
    progress: Progress = silent,
) -> PowerResult:
    """Map the smallest structure that the images could have shown.

    Parameters
    ----------
    site, sources
        As for `run_site`.
    path
        GeoTIFF to write.
    contrast
        A name of `sitewatch.simulate.CONTRASTS_DB`.
    images
        Images since the structure was built.
    probability
        With which it must be found.
    options, progress
        As for `run_site`.

    Raises
    ------
    ChangeError
        With too few images.
    SceneError, StackError
        If none of the images can be used.
    """
    from sitewatch.simulate import smallest_detectable

    options = options or RunOptions()
    with contextlib.ExitStack() as cleanup:
        found = _find_scenes(sources, options, progress)
        _check_some(found)
        stacks = build_stacks(site, found.scenes, _scratch(cleanup), progress=progress)
        # Only a site's grid of images long enough can tell; a track of few is no reason to give up on the others.
        by_track = {
            name: smallest_detectable(
                stack, contrast_db=contrast, duration_images=images, probability=probability, progress=progress
            )
            for name, stack in zip(_file_names(stacks.stacks), stacks.stacks, strict=True)
        }
        areas = [power["smallest_area_m2"] for power in by_track.values()]
        best = functools.reduce(lambda one, other: one.copy(data=np.fmin(one, other)), areas)
        write_raster(path, best)
    return PowerResult(Path(path), by_track, (*found.left_out, *stacks.left_out))


def _check_inside(site: Site, polygon: shapely.Polygon | shapely.MultiPolygon) -> None:
    if not site.area.intersects(polygon):
        raise StructureError(
            "the footprint lies outside the site", hint="Draw it within the site; in GeoJSON longitude comes first."
        )


class _Watch:
    """Wall clock by stage."""

    def __init__(self) -> None:
        self.started = dt.datetime.now(dt.UTC)
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)


def _scratch(cleanup: contextlib.ExitStack) -> Path:
    return Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="sitewatch-")))


def _find_scenes(sources: Sequence[str | Path], options: RunOptions, progress: Progress) -> Scenes:
    """The scenes of the sources, without those that the options leave out."""
    found = open_scenes(sources, hints=options.hints, progress=progress)
    reasons = {scene.id: _unwanted(scene, options) for scene in found.scenes}
    kept = tuple(scene for scene in found.scenes if not reasons[scene.id])
    dropped = tuple(
        LeftOut(source=scene.id, reason=reasons[scene.id], datetime=scene.datetime, track=scene.track)
        for scene in found.scenes
        if reasons[scene.id]
    )
    return dataclasses.replace(found, scenes=kept, left_out=(*found.left_out, *dropped))


def _unwanted(scene: Scene, options: RunOptions) -> str:
    day = scene.datetime.date()
    if options.tracks and scene.track.key not in options.tracks:
        return f"its track {scene.track.key} is not among those asked for"
    if options.since and day < options.since:
        return f"acquired before {options.since}"
    if options.until and day > options.until:
        return f"acquired after {options.until}"
    return ""


def _check_some(found: Scenes) -> None:
    if not found.scenes:
        reasons = ", ".join(sorted({entry.reason for entry in found.left_out}))
        raise SceneError(
            f"the options leave out every image ({reasons})", hint="`sitewatch inspect` shows what is there."
        )


def _detect_changes(stacks: Stacks, progress: Progress) -> tuple[Stacks, tuple[xr.Dataset, ...]]:
    """The change of every track that has images enough; the others are left out, unless there is no other."""
    kept: dict[int, xr.Dataset] = {}
    failed: list[ChangeError] = []
    for place, stack in enumerate(stacks.stacks):
        try:
            kept[place] = detect_change(stack, progress=progress)
        except ChangeError as error:
            failed.append(error)
    if not kept:
        raise failed[0]
    notes = (*stacks.notes, *(f"not used: {error.message}" for error in failed))
    used = tuple(stacks.stacks[place] for place in kept)
    return dataclasses.replace(stacks, stacks=used, notes=notes), tuple(kept.values())


def _result(
    site: Site,
    structures: tuple[Structure, ...],
    found: Scenes,
    stacks: Stacks,
    watch: _Watch,
    workspace: Workspace | None,
    dossier: Path | None,
) -> RunResult:
    dropped = {entry.source for entry in stacks.left_out}
    used = tuple(scene for scene in found.scenes if scene.id not in dropped)
    of_scenes = _counted([note for scene in used for note in scene.notes], len(used))
    of_stacks = [f"{stack.attrs['track_label']}: {note}" for stack in stacks.stacks for note in stack.attrs["notes"]]
    notes = tuple(dict.fromkeys([*of_scenes, *stacks.notes, *of_stacks]))
    left_out = (*found.left_out, *stacks.left_out)
    return RunResult(site, structures, used, left_out, notes, watch.seconds, workspace, dossier)


def _counted(notes: Sequence[str], total: int) -> list[str]:
    """Each note once, with the number of scenes it holds for where that is not all of them."""
    counts = {note: notes.count(note) for note in dict.fromkeys(notes)}
    return [note if count == total else f"{note} ({count} of {total} scenes)" for note, count in counts.items()]


def _write_changes(
    workspace: Workspace, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset], progress: Progress
) -> None:
    names = _file_names(stacks)
    for done, change in enumerate(changes):
        progress("change rasters", done, len(stacks))
        write_change_rasters(workspace.change_folder, change, names[done])
    progress("change rasters", len(stacks), len(stacks))


def _file_names(stacks: Sequence[xr.Dataset]) -> list[str]:
    """Track keys, with the look direction where it alone tells two tracks apart."""
    keys = [str(stack.attrs["track"]) for stack in stacks]
    return [
        key if keys.count(key) == 1 else f"{key}-{stack.attrs['look_direction'] or 'unknown'}"
        for key, stack in zip(keys, stacks, strict=True)
    ]


def _write_dossier(
    path: Path, result: RunResult, stacks: Sequence[xr.Dataset], options: RunOptions, watch: _Watch, command: str
) -> None:
    provenance = Provenance(
        version=__version__,
        command=command,
        parameters=options.as_parameters(),
        started=watch.started,
        finished=dt.datetime.now(dt.UTC),
        notes=result.notes,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dossier(
        path,
        site=result.site,
        stacks=stacks,
        structures=result.structures,
        scenes_used=result.scenes,
        left_out=result.left_out,
        provenance=provenance,
    )


def _record_run(
    workspace: Workspace, result: RunResult, sources: Sequence[str | Path], options: RunOptions, watch: _Watch
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
