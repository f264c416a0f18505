"""workspace.json: what makes a folder a workspace, and where its record is."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sitewatch.atomic import replacing, write_json
from sitewatch.errors import WorkspaceError

FORMAT = 2
"""Version of the folder's layout; raised when an older sitewatch could no longer read it."""


class Manifest(BaseModel):
    """The content of workspace.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sitewatch_workspace: int = FORMAT
    software_version: str
    """That made the workspace."""
    site: str
    created: dt.datetime
    uid: str
    """Tells this workspace from all others in a record that several share."""
    record: str | None = None
    """Address of the PostgreSQL database that holds the record; None where record.sqlite beside does."""


def read_manifest(path: Path) -> Manifest:
    """Read workspace.json.

    Raises
    ------
    WorkspaceError
        If it can't be read, is broken, or was written by a newer sitewatch.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"{path} can't be read ({error})", hint="Give another folder with --out.") from error
    try:
        version = _Version.model_validate_json(text).sitewatch_workspace
        if version > FORMAT:
            raise WorkspaceError(
                f"{path.parent} was written by a newer sitewatch (layout {version}; this one knows {FORMAT})",
                hint="Update sitewatch, or give another folder with --out.",
            )
        return _from_first_layout(path, text) if version == 1 else Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WorkspaceError(
            f"{path} is not a sitewatch workspace file ({f'{where}: ' if where else ''}{first['msg']})",
            hint="Give another folder with --out, or move that file away.",
        ) from error


def _from_first_layout(path: Path, text: str) -> Manifest:
    """The manifest of a workspace whose history stood in workspace.json; that stays beside as workspace-1.json."""
    old = _First.model_validate_json(text)
    manifest = Manifest(software_version=old.software_version, site=old.site, created=old.created, uid=new_uid())
    with replacing(path.with_name("workspace-1.json")) as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_manifest(path, manifest)
    return manifest


def new_uid() -> str:
    """A name that no other workspace has."""
    return uuid.uuid4().hex


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write workspace.json atomically."""
    write_json(path, manifest.model_dump(mode="json"))


class _Version(BaseModel):
    sitewatch_workspace: int


class _First(BaseModel):
    model_config = ConfigDict(extra="ignore")

    software_version: str
    site: str
    created: dt.datetime
