"""workspace.json: what a workspace is, what went into it, and the runs that made it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sitewatch.errors import WorkspaceError
from sitewatch.record._atomic import write_json
from sitewatch.record._files import SceneFile

FORMAT = 1
"""Version of the folder's layout; raised when an older sitewatch could no longer read it."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SceneRecord(_Frozen):
    """One scene that was used, and the files its pixels came from."""

    id: str
    datetime: dt.datetime
    track: str
    files: tuple[SceneFile, ...]


class RunRecord(_Frozen):
    """One run: when, by which version, with which parameters, and what came of it."""

    started: dt.datetime
    finished: dt.datetime
    software_version: str
    sources: tuple[str, ...]
    parameters: dict[str, Any]
    scenes_used: int
    scenes_left_out: int
    structures: dict[str, int]
    """Number of structures by status."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall clock by stage."""


class Manifest(_Frozen):
    """The content of workspace.json."""

    sitewatch_workspace: int = FORMAT
    software_version: str
    site: str
    created: dt.datetime
    scenes: tuple[SceneRecord, ...] = ()
    """Used by the latest run."""
    runs: tuple[RunRecord, ...] = ()
    """Oldest first."""


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
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WorkspaceError(
            f"{path} is not a sitewatch workspace file ({f'{where}: ' if where else ''}{first['msg']})",
            hint="Give another folder with --out, or move that file away.",
        ) from error


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write workspace.json atomically."""
    write_json(path, manifest.model_dump(mode="json"))


class _Version(BaseModel):
    sitewatch_workspace: int
