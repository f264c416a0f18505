"""A whole site into one file and out of it again."""

from __future__ import annotations

import json
from pathlib import Path

from sitewatch.record import Archive, Workspace, list_structures, pack_workspace, unpack_archive
from sitewatch.report import before_after_pngs
from sitewatch.stack import open_stack


def export_site(folder: str | Path, out: str | Path) -> Archive:
    """Write a whole site into one file: record, published files, and pictures of what was built; not the images.

    The pictures, before and after each structure that is not rejected, are drawn from the stacks on disk. Where there
    are none, as after `import_site`, those that the workspace has go along.

    Parameters
    ----------
    folder
        A workspace.
    out
        The archive; it appears whole or not at all.

    Raises
    ------
    BusyError
        If an update is at work in the workspace.
    """
    workspace = Workspace.open(folder)
    return pack_workspace(workspace, out, pictures=_pictures(workspace))


def import_site(archive: str | Path, folder: str | Path, *, record: str | None = None) -> Workspace:
    """Make the workspace that an archive holds, here; parameters and errors as `sitewatch.record.unpack_archive`."""
    return unpack_archive(archive, folder, record=record)


def _pictures(workspace: Workspace) -> dict[str, bytes] | None:
    """PNG files by name, and a file of their captions; None where there are no stacks to draw them from."""
    stacks = [open_stack(path) for path in sorted(workspace.stacks_folder.glob("*.zarr"))]
    if not stacks:
        return None
    with workspace.record() as record:
        revisions = [one for one in list_structures(record, workspace.uid) if one.stands]
    shown = [one.structure for one in revisions if one.structure.status != "rejected"]
    out, captions = dict[str, bytes](), dict[str, str]()
    for structure in shown:
        for number, (content, caption) in enumerate(before_after_pngs(structure, stacks), start=1):
            name = f"{structure.id}-{number}.png"
            out[name], captions[name] = content, caption
    out["captions.json"] = json.dumps(captions, ensure_ascii=False, indent=1).encode()
    return out
