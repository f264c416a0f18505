"""Whether a dossier's numbers come out again: the run it tells of, done anew from the record."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from sitewatch import __version__
from sitewatch.errors import VerifyError, WorkspaceError
from sitewatch.pipeline._compare import Difference, dossier_again
from sitewatch.pipeline._compute import compare_images, find_all
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._sources import scenes_of
from sitewatch.pipeline._steps import Watch, scratch
from sitewatch.progress import Progress, silent
from sitewatch.record import Record, Workspace, fingerprint, list_scene_files, list_sources
from sitewatch.report import read_dossier, scene_file_name
from sitewatch.scenes import LeftOut, Scenes
from sitewatch.words import counted


@dataclasses.dataclass(frozen=True)
class FileFault:
    """An image file below a dossier that is not as it was."""

    scene: str
    file: str
    fault: Literal["missing", "changed"]


@dataclasses.dataclass(frozen=True)
class Verification:
    """Whether a dossier comes out again.

    Attributes
    ----------
    dossier, workspace, run
        What was verified, and the run of the record that was done again.
    version_then, version_now
        Of sitewatch.
    files
        Image files that are missing or changed; where there is one, nothing is computed.
    differences
        What does not come out the same.
    numbers
        How many numbers were compared.
    notes
        What else is worth knowing.
    """

    dossier: Path
    workspace: Path
    run: int
    version_then: str
    version_now: str
    files: tuple[FileFault, ...] = ()
    differences: tuple[Difference, ...] = ()
    numbers: int = 0
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every number comes out the same."""
        return not self.files and not self.differences


def verify_dossier(
    dossier: str | Path, folder: str | Path | None = None, *, progress: Progress = silent
) -> Verification:
    """Compute a dossier again from the record and the images, and compare all that it says.

    The images are read anew, whatever stacks the workspace holds; what analysts said stands as the record has it. The
    workspace is left as it is.

    Parameters
    ----------
    dossier
        HTML file that `update_site` or `run_site` wrote.
    folder
        The workspace; that in which the dossier lies where None.

    Raises
    ------
    VerifyError
        If the dossier can't be read, or is none of this workspace.
    WorkspaceError
        If the workspace or its record can't be used.
    """
    path = Path(dossier).resolve()
    read = read_dossier(path)
    workspace = _workspace_of(read.manifest, path, folder)
    m = read.manifest
    empty = Verification(path, workspace.folder, int(m["run"]), str(m["version"]), __version__, notes=_notes(m))
    with contextlib.ExitStack() as cleanup:
        record = cleanup.enter_context(workspace.record())
        faults = _file_faults(record, workspace.uid, m, progress)
        if faults:
            return dataclasses.replace(empty, files=faults)
        options = RunOptions(**{k: v for k, v in m["parameters"].items() if k in RunOptions.model_fields})
        found, absent = _scenes_then(record, workspace, m, options, progress)
        if absent:
            return dataclasses.replace(empty, differences=absent)
        watch, place = Watch(), scratch(cleanup)
        compared = compare_images(workspace.site, found, place, options, watch, progress)
        result = find_all(workspace.site, found, compared, watch, progress)
        differences, numbers = dossier_again(record, workspace, read, result, compared.stacks, place / "again.html")
        progress("dossier", 1, 1)
    return dataclasses.replace(empty, differences=differences, numbers=numbers)


def _workspace_of(manifest: Mapping[str, Any], path: Path, folder: str | Path | None) -> Workspace:
    if manifest.get("run") is None:
        raise VerifyError(
            f"{path} is no dossier of a run that a record keeps",
            hint="Those of `sitewatch run` and `sitewatch update` are; a single footprint's is not.",
        )
    try:
        workspace = Workspace.open(path.parent if folder is None else folder)
    except WorkspaceError as error:
        if folder is not None:
            raise
        raise VerifyError(
            f"{path} does not lie in its workspace", hint="Give the workspace with --workspace."
        ) from error
    if workspace.uid != manifest.get("workspace"):
        raise VerifyError(
            f"{path} was not made from the record of {workspace.folder}",
            hint="Give the workspace that it was made in with --workspace.",
        )
    return workspace


def _notes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if manifest["version"] != __version__:
        notes.append(
            f"the dossier was made by sitewatch {manifest['version']}, and this is {__version__}: what differs may be "
            "owed to that"
        )
    if not manifest.get("computed", True):
        notes.append("it was written by `sitewatch report`: its structures and findings are compared, not every line")
    remote = sum(file["sha256"] is None for scene in manifest["scenes"] for file in scene["files"])
    if remote:
        notes.append(f"{counted(remote, 'file')} of the images are remote and have no checksum to compare")
    return tuple(notes)


def _file_faults(record: Record, uid: str, manifest: Mapping[str, Any], progress: Progress) -> tuple[FileFault, ...]:
    """Files whose content is not that which the dossier names; each is read from end to end."""
    where = _paths(record, uid)
    wanted = [(scene["id"], file) for scene in manifest["scenes"] for file in scene["files"] if file["sha256"]]
    sums: dict[str, str | None] = {}
    faults = []
    for done, (scene, file) in enumerate(wanted):
        progress("checksums", done, len(wanted))
        paths = where.get((scene, file["name"]), [])
        for path in paths:
            if path not in sums:
                sums[path] = fingerprint(path, {}).sha256
        there = [sums[path] for path in paths if sums[path] is not None]
        if file["sha256"] not in there:
            faults.append(FileFault(scene, paths[-1] if paths else file["name"], "changed" if there else "missing"))
    progress("checksums", len(wanted), len(wanted))
    return tuple(faults)


def _paths(record: Record, uid: str) -> dict[tuple[str, str], list[str]]:
    """Where the files of each scene lay, by scene and name of the file."""
    out: dict[tuple[str, str], list[str]] = {}
    for scene, file in list_scene_files(record, uid):
        out.setdefault((scene, scene_file_name(file)), []).append(file.path)
    return out


def _scenes_then(
    record: Record, workspace: Workspace, manifest: Mapping[str, Any], options: RunOptions, progress: Progress
) -> tuple[Scenes, tuple[Difference, ...]]:
    """The scenes that the run had, among all that are there by now; and those that are not met any more."""
    found = scenes_of(list_sources(record, workspace.uid), options, progress)
    used = [scene["id"] for scene in manifest["scenes"]]
    left = [_left_out(entry) for entry in manifest["left_out"]]
    # What a stack leaves out it will leave out again, with its reason.
    wanted = {*used, *(entry.source for entry in left)}
    chosen = tuple(scene for scene in found.scenes if scene.id in wanted)
    met = {scene.id for scene in chosen}
    absent = tuple(
        Difference(f"image {scene}", "used", "not met in the folders and catalogues that were added")
        for scene in used
        if scene not in met
    )
    return Scenes(chosen, tuple(entry for entry in left if entry.source not in met)), absent


def _left_out(entry: Mapping[str, Any]) -> LeftOut:
    when = dt.datetime.fromisoformat(entry["datetime"]) if entry["datetime"] else None
    return LeftOut(entry["source"], entry["reason"], entry["hint"], when)
