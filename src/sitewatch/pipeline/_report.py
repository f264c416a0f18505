"""The report of a workspace in any form, from the record and the stacks on disk: no image is read again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch.errors import WorkspaceError
from sitewatch.pipeline._steps import FEWEST_IMAGES
from sitewatch.progress import Progress, silent
from sitewatch.record import (
    ContextEvent,
    FindingRevision,
    Record,
    Revision,
    RunEntry,
    SceneFile,
    Workspace,
    list_events,
    list_findings,
    list_runs,
    list_scene_files,
    list_structures,
    read_detectable,
    read_scenes,
    standing,
)
from sitewatch.report import (
    Dossier,
    Provenance,
    draw_dossier,
    frames_of,
    scene_file_name,
    write_gif,
    write_html,
    write_markdown,
    write_mp4,
    write_pdf,
    write_slides,
)
from sitewatch.site import SiteFeature
from sitewatch.stack import open_stack

if TYPE_CHECKING:
    import xarray as xr

# What each form is called in the folder of a report.
FORMS = {
    "html": "dossier.html",
    "pdf": "dossier.pdf",
    "markdown": "dossier.md",
    "slides": "slides",
    "gif": "timelapse.gif",
    "mp4": "timelapse.mp4",
}


def report_site(
    folder: str | Path,
    out: str | Path,
    forms: Sequence[str] = ("html",),
    *,
    templates: str | Path | None = None,
    progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write what a workspace says in one or several forms; pictures are drawn once for all of them.

    Parameters
    ----------
    folder
        A workspace with at least one run.
    out
        Folder to write into, with the names of `FORMS`; or, of a single form, the file (of slides the folder).
    forms
        Any of ``html``, ``pdf``, ``markdown``, ``slides``, ``gif``, ``mp4``.
    templates
        Folder whose templates come before sitewatch's own of the same name.

    Returns
    -------
    tuple of Path
        What was written, in the order of `forms`.

    Raises
    ------
    WorkspaceError
        If there is no such workspace, nothing was computed in it yet, or its files are gone.
    ExportError
        Where a form needs a package or library that is not installed, or a template has a fault.
    """
    workspace = Workspace.open(folder)
    stacks = _stacks(workspace)
    target = Path(out)
    lone = len(forms) == 1 and (target.suffix != "" or forms[0] == "slides")
    paths = {form: target if lone else target / FORMS[form] for form in forms}
    films = {"gif": write_gif, "mp4": write_mp4}
    pages: dict[str, Callable[[Path, Dossier], object]] = {
        "html": lambda path, drawn: write_html(path, drawn, templates=templates),
        "pdf": lambda path, drawn: write_pdf(path, drawn, templates=templates),
        "markdown": lambda path, drawn: write_markdown(path, drawn, templates=templates),
        "slides": write_slides,
    }
    dossier = _drawn(workspace, stacks) if set(forms) & set(pages) else None
    for done, form in enumerate(forms):
        progress("report", done, len(forms))
        if form in films:
            films[form](paths[form], frames_of(max(stacks, key=lambda s: s.sizes["time"])))
        elif dossier is not None:
            pages[form](paths[form], dossier)
    progress("report", len(forms), len(forms))
    return tuple(paths[form] for form in forms)


def _stacks(workspace: Workspace) -> tuple[xr.Dataset, ...]:
    """The stacks that the last update left; tracks of one or two images only where there is no other."""
    stacks = [open_stack(path) for path in sorted(workspace.stacks_folder.glob("*.zarr"))]
    if not stacks:
        raise WorkspaceError(f"{workspace.folder} has no images to show yet", hint="`sitewatch update` reads them.")
    return tuple(s for s in stacks if s.sizes["time"] >= FEWEST_IMAGES) or tuple(stacks)


def _drawn(workspace: Workspace, stacks: Sequence[xr.Dataset]) -> Dossier:
    with workspace.record() as record:
        runs = list_runs(record, workspace.uid)
        if not runs:
            raise WorkspaceError(f"nothing was computed in {workspace.folder} yet", hint="`sitewatch update` does so.")
        revisions, findings = list_structures(record, workspace.uid), list_findings(record, workspace.uid)
        files = list_scene_files(record, workspace.uid)
        site = dataclasses.replace(workspace.site, events=_events(record, workspace))
    scenes, left_out = read_scenes(workspace.scenes_path)
    return draw_dossier(
        site=site,
        stacks=stacks,
        structures=standing(revisions),
        scenes_used=scenes,
        left_out=left_out,
        provenance=_provenance(workspace, runs[-1], stacks, files, revisions, findings),
        findings=findings,
    )


def _provenance(
    workspace: Workspace,
    run: RunEntry,
    stacks: Sequence[xr.Dataset],
    files: Sequence[tuple[str, SceneFile]],
    revisions: Sequence[Revision],
    findings: Sequence[FindingRevision],
) -> Provenance:
    """How the last run came about; notes that a stack repeats are told with it."""
    of_stacks = {f"{s.attrs.get('track_label')}: {note}" for s in stacks for note in s.attrs.get("notes") or ()}
    return Provenance(
        version=run.software_version,
        command=run.command,
        parameters=run.parameters,
        started=run.started,
        finished=run.finished,
        notes=tuple(note for note in run.notes if note not in of_stacks),
        run=run.number,
        input_hash=run.input_hash,
        workspace=workspace.uid,
        files=_by_scene(files),
        structures={one.id: one.number for one in revisions},
        findings={one.id: one.number for one in findings},
        computed=False,
        detectable=read_detectable(workspace.detectable_path),
    )


def _by_scene(files: Sequence[tuple[str, SceneFile]]) -> dict[str, tuple[SceneFile, ...]]:
    """The files of each scene; of one that was moved, where it lies now."""
    out: dict[str, dict[str, SceneFile]] = {}
    for scene, file in files:
        out.setdefault(scene, {})[scene_file_name(file)] = file
    return {scene: tuple(of_it.values()) for scene, of_it in out.items()}


def _events(record: Record, workspace: Workspace) -> tuple[SiteFeature, ...]:
    """Context events that the record knows, those of the site file among them."""
    return tuple(_feature(one) for one in list_events(record, workspace.uid))


def _feature(event: ContextEvent) -> SiteFeature:
    days = {name: day.isoformat() for name, day in (("begins", event.begins), ("ends", event.ends)) if day}
    told = {key: value for key, value in event.properties.items() if key not in ("date", "begins", "ends")}
    return SiteFeature("event", event.key, event.name, event.geometry, {**told, **days, "source": event.source})
