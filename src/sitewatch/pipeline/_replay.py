"""What the archive showed by a day: the same stages on the images that there were by then."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from sitewatch.errors import ChangeError, WorkspaceError
from sitewatch.pipeline._compute import hash_of
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._sources import scenes_of
from sitewatch.pipeline._steps import alpha_for, apart, check_some, detect_changes, used_scenes
from sitewatch.progress import Progress, silent
from sitewatch.record import Workspace, known_files, list_sources, scene_jobs
from sitewatch.scenes import Scene
from sitewatch.stack import Stacks, build_stacks
from sitewatch.structures import Structure, find_structures

if TYPE_CHECKING:
    from sitewatch.site import Site


@dataclasses.dataclass(frozen=True)
class Archive:
    """All images of a workspace, stacked, from which any past day can be computed.

    Attributes
    ----------
    scenes
        Those in the stacks, by acquisition time.
    input_hash
        Of all that its past rests on: images, settings, version.
    """

    site: Site
    stacks: Stacks
    scenes: tuple[Scene, ...]
    options: RunOptions
    input_hash: str

    @property
    def nbytes(self) -> int:
        """What its pixels take in memory."""
        return sum(stack.nbytes for stack in self.stacks.stacks)

    def in_memory(self) -> Archive:
        """The same with its pixels read, once for all days."""
        loaded = tuple(stack.load() for stack in self.stacks.stacks)
        return dataclasses.replace(self, stacks=dataclasses.replace(self.stacks, stacks=loaded))


def open_archive(workspace: Workspace, options: RunOptions, progress: Progress = silent) -> Archive:
    """Stack all images that were added to a workspace; those in the stacks on disk are not read again.

    Raises
    ------
    WorkspaceError
        If no images were added.
    SceneError, StackError
        If none of them can be used.
    """
    with workspace.record() as record:
        sources, known = list_sources(record, workspace.uid), known_files(record, workspace.uid)
    if not sources:
        raise WorkspaceError(f"no images have been added to {workspace.folder}", hint="`sitewatch add` does so.")
    found = scenes_of(sources, options, progress)
    check_some(found)
    stacks = build_stacks(workspace.site, found.scenes, workspace.stacks_folder, progress=progress)
    described = [describe() for describe in scene_jobs(found.scenes, known)]
    content = hash_of(workspace, described, options)
    return Archive(workspace.site, stacks, used_scenes(found, stacks), options, content)


def find_upto(archive: Archive, until: dt.datetime, progress: Progress = silent) -> tuple[Structure, ...]:
    """Structures that an update would have found with the images acquired up to a moment. Reads and writes no file.

    Parameters
    ----------
    until
        The last moment that counts, UTC.

    Returns
    -------
    tuple
        Empty where the images by then are too few to compare.
    """
    known = cut_off(archive.stacks, until)
    if not known.stacks:
        return ()
    full, singles = apart(known)
    known, singles = (full, singles) if full.stacks else (known, ())
    try:
        known, changes = detect_changes(known, progress)
    except ChangeError:
        # A live update ends with this error, and its watch waits for more images.
        return ()
    alpha = alpha_for(archive.options, archive.site, known.stacks)
    return find_structures(archive.site, known.stacks, changes, alpha=alpha, singles=singles, progress=progress)


def cut_off(stacks: Stacks, until: dt.datetime) -> Stacks:
    """The stacks with the images acquired up to a moment; tracks that have none by then are not in it."""
    moment = np.datetime64(until.astimezone(dt.UTC).replace(tzinfo=None), "ns")
    cut = [stack.isel(time=slice(0, int((stack["time"].to_numpy() <= moment).sum()))) for stack in stacks.stacks]
    return dataclasses.replace(stacks, stacks=tuple(stack for stack in cut if stack.sizes["time"]))
