"""Steps that the main job, dating and power analysis share."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sitewatch import __version__
from sitewatch.change import detect_change
from sitewatch.change.optical import detect_optical_change, is_optical
from sitewatch.errors import ChangeError, SceneError
from sitewatch.geodesy import area_m2
from sitewatch.pipeline._options import RunOptions
from sitewatch.progress import Progress
from sitewatch.record import FindingRevision, Revision, SceneFile, Workspace, write_detectable
from sitewatch.report import Provenance, write_dossier
from sitewatch.scenes import LeftOut, Scene, Scenes, open_scenes
from sitewatch.sought import Detectable
from sitewatch.stack import Stacks
from sitewatch.structures import Structure
from sitewatch.words import counted

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.site import Site


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
    detectable
        The smallest of each kind that would have been found.
    workspace
        The folder written; None where nothing was kept.
    dossier
        The report written; None where nothing was kept.
    run
        Number of the run in the record; None where nothing was kept.
    new_scenes
        Ids of the scenes used that no earlier run of the workspace had used.
    """

    site: Site
    structures: tuple[Structure, ...]
    scenes: tuple[Scene, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    detectable: tuple[Detectable, ...] = ()
    workspace: Workspace | None = None
    dossier: Path | None = None
    run: int | None = None
    new_scenes: tuple[str, ...] = ()


FEWEST_PIXELS = 900
# A lasting change can't be told from a passing one in fewer images of a track.
FEWEST_IMAGES = 3
# Ground without data is told from this share of the site's frame on.
LEAST_SHARE_UNSEEN = 0.01
_NOTHING_SEEN = 255
"""Stratum of `detect_change` where there is no data."""
_COUNT = re.compile(r" \(\d+ of \d+ images\)$")
"""How a stack says that a note holds for some of its images only."""


class Watch:
    """Wall clock by stage."""

    def __init__(self) -> None:
        self.started = dt.datetime.now(dt.UTC)
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what the block does."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)


def scratch(cleanup: contextlib.ExitStack) -> Path:
    """A temporary folder that goes with `cleanup`."""
    return Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="sitewatch-")))


def find_scenes(sources: Sequence[str | Path], options: RunOptions, progress: Progress) -> Scenes:
    """The scenes of the sources, without those that the options leave out."""
    return choose_scenes(open_scenes(sources, hints=options.hints, progress=progress), options)


def choose_scenes(found: Scenes, options: RunOptions) -> Scenes:
    """Set aside what the options leave out."""
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


def check_some(found: Scenes) -> None:
    """Refuse to go on where the options leave out every image."""
    if not found.scenes:
        reasons = ", ".join(sorted({entry.reason for entry in found.left_out}))
        raise SceneError(
            f"the options leave out every image ({reasons})", hint="`sitewatch inspect` shows what is there."
        )


def apart(stacks: Stacks) -> tuple[Stacks, tuple[xr.Dataset, ...]]:
    """The tracks that have images enough to compare, and those of one or two, whose images are judged by themselves."""
    full = tuple(stack for stack in stacks.stacks if stack.sizes["time"] >= FEWEST_IMAGES)
    singles = tuple(stack for stack in stacks.stacks if stack.sizes["time"] < FEWEST_IMAGES)
    if not singles:
        return stacks, ()
    images = sum(stack.sizes["time"] for stack in singles)
    note = (
        f"{counted(images, 'image')} of {counted(len(singles), 'track')} with one or two images: nothing is sought in "
        "them; whether they show a structure is judged within each image, against the ground around it; images of "
        "different geometries are not checked against each other for where they lie"
    )
    return dataclasses.replace(stacks, stacks=full, notes=(*stacks.notes, note)), singles


def detect_changes(stacks: Stacks, progress: Progress) -> tuple[Stacks, tuple[xr.Dataset, ...]]:
    """The change of every track that has images enough; the others are left out, unless there is no other."""
    kept: dict[int, xr.Dataset] = {}
    failed: dict[int, ChangeError] = {}
    for place, stack in enumerate(stacks.stacks):
        try:
            detect = detect_optical_change if is_optical(stack) else detect_change
            kept[place] = detect(stack, progress=progress)
        except ChangeError as error:
            failed[place] = error
    if not kept:
        raise next(iter(failed.values()))
    small = [note for place in kept for note in _too_small(stacks.stacks[place])]
    passing = [note for place, change in kept.items() for note in _ships(stacks.stacks[place], change)]
    unseen = [note for place, change in kept.items() for note in _unseen(stacks.stacks[place], change)]
    notes = (*stacks.notes, *small, *unseen, *passing, *(f"not used: {error.message}" for error in failed.values()))
    left_out = [
        LeftOut(source=scene, reason=error.message, hint=error.hint)
        for place, error in failed.items()
        for scene in _scenes_of(stacks.stacks[place])
    ]
    used = tuple(stacks.stacks[place] for place in kept)
    after = dataclasses.replace(stacks, stacks=used, left_out=(*stacks.left_out, *left_out), notes=notes)
    return after, tuple(kept.values())


def _ships(stack: xr.Dataset, change: xr.Dataset) -> list[str]:
    """A word on the ships under way that were set aside, each bright on the water in one image only."""
    if is_optical(stack):
        return []
    ships = change["ships_passing"].to_numpy()
    if not (ships > 0).any():
        return []
    dates = change["time"].to_numpy()
    busiest = str(dates[int(ships.argmax())])[:10]
    rough = int((ships < 0).sum())
    unknown = f"; {rough} of {ships.size} images were too rough to tell" if rough else ""
    return [
        f"{stack.attrs['track_label']}: {int(ships[ships > 0].sum())} bright things on the water, each in one image "
        f"only as ships under way are, were set aside (most, {int(ships.max())}, on {busiest}){unknown}"
    ]


def _unseen(stack: xr.Dataset, change: xr.Dataset) -> list[str]:
    """A word on ground that no image of a track shows."""
    share = float((change["stratum"].to_numpy() == _NOTHING_SEEN).mean())
    if share < LEAST_SHARE_UNSEEN:
        return []
    track = stack.attrs["track_label"]
    return [
        f"{track}: {100 * share:.0f} % of the site's frame has too little data (outside the images, "
        "masked as layover, radar shadow or water): nothing can be found there"
    ]


def _too_small(stack: xr.Dataset) -> list[str]:
    """A word on a site so small that what its ground does by itself can't be learnt from it."""
    rows, columns = stack.sizes["y"], stack.sizes["x"]
    if rows * columns >= FEWEST_PIXELS:
        return []
    return [
        f"the site is only {rows} x {columns} pixels in the images of {stack.attrs['track_label']}: too few to learn "
        "from them what noise and seasons do here, so that little can be found; draw the site wider (50 pixels a side "
        "or more)"
    ]


def _scenes_of(stack: xr.Dataset) -> list[str]:
    """Ids of the scenes that a stack is made of."""
    return [scene for of_pass in stack["scene"].values for scene in str(of_pass).split(";")]


def alpha_for(options: RunOptions, site: Site, stacks: Sequence[xr.Dataset]) -> float:
    """Chance of a false confirmed structure that the options allow at this site in the time that its images span."""
    times = [stack["time"].values for stack in stacks]
    span = max(one.max() for one in times) - min(one.min() for one in times)
    return options.alpha_over(area_m2(site.area) / 1e6, float(span / np.timedelta64(1, "D")) / 365.25)


def used_scenes(found: Scenes, stacks: Stacks) -> tuple[Scene, ...]:
    """The scenes that made it into the stacks."""
    dropped = {entry.source for entry in stacks.left_out}
    return tuple(scene for scene in found.scenes if scene.id not in dropped)


def gather_result(
    site: Site,
    structures: tuple[Structure, ...],
    found: Scenes,
    stacks: Stacks,
    watch: Watch,
    workspace: Workspace | None,
    dossier: Path | None,
) -> RunResult:
    """What was found, with all that was guessed and left out on the way."""
    used = used_scenes(found, stacks)
    of_scenes = [note for scene in used for note in scene.notes]
    of_stacks = [
        f"{stack.attrs['track_label']}: {note}"
        for stack in stacks.stacks
        for note in stack.attrs["notes"]
        if _COUNT.sub("", note) not in of_scenes  # a stack repeats the notes of its scenes
    ]
    notes = tuple(dict.fromkeys([*_counted(of_scenes, len(used)), *stacks.notes, *of_stacks]))
    known = {scene.id: scene for scene in found.scenes}
    left_out = (*found.left_out, *(_placed(entry, known.get(entry.source)) for entry in stacks.left_out))
    return RunResult(site, structures, used, left_out, notes, watch.seconds, workspace=workspace, dossier=dossier)


def _placed(entry: LeftOut, scene: Scene | None) -> LeftOut:
    """A scene left out with its time and track, where they are known."""
    if scene is None or entry.datetime is not None:
        return entry
    return dataclasses.replace(entry, datetime=scene.datetime, track=scene.track)


def _counted(notes: Sequence[str], total: int) -> list[str]:
    """Each note once, with the number of scenes it holds for where that is not all of them."""
    counts = {note: notes.count(note) for note in dict.fromkeys(notes)}
    return [note if count == total else f"{note} ({count} of {total} scenes)" for note, count in counts.items()]


def file_names(stacks: Sequence[xr.Dataset]) -> list[str]:
    """Track keys, with the look direction where it alone tells two tracks apart."""
    keys = [str(stack.attrs["track"]) for stack in stacks]
    return [
        key if keys.count(key) == 1 else f"{key}-{stack.attrs['look_direction'] or 'unknown'}"
        for key, stack in zip(keys, stacks, strict=True)
    ]


def provenance_of(
    result: RunResult,
    stacks: Stacks,
    options: RunOptions,
    watch: Watch,
    command: str,
    *,
    input_hash: str,
    files: Mapping[str, tuple[SceneFile, ...]],
    revisions: Sequence[Revision] = (),
    findings: Sequence[FindingRevision] = (),
) -> Provenance:
    """How a result came about; the notes are those of the stacks."""
    return Provenance(
        version=__version__,
        command=command,
        parameters=options.as_parameters(),
        started=watch.started,
        finished=dt.datetime.now(dt.UTC),
        notes=stacks.notes,
        detectable=result.detectable,
        run=result.run,
        input_hash=input_hash,
        workspace=result.workspace.uid if result.workspace else "",
        files=files,
        structures={one.id: one.number for one in revisions},
        findings={one.id: one.number for one in findings},
    )


def report(
    path: Path, result: RunResult, stacks: Stacks, provenance: Provenance, findings: Sequence[FindingRevision]
) -> None:
    """Write the dossier; it takes the notes of each stack from the stack itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if result.workspace and path == result.workspace.dossier_path:
        write_detectable(result.workspace.detectable_path, result.detectable)
    write_dossier(
        path,
        site=result.site,
        stacks=stacks.stacks,
        structures=result.structures,
        scenes_used=result.scenes,
        left_out=result.left_out,
        provenance=provenance,
        findings=findings,
    )
