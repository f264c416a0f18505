"""Which bytes a result rests on: size, time and checksum of the image files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class SceneFile(BaseModel):
    """One image file as it was when a run used it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Where it lay: an absolute path, or the address of a remote file."""
    size: int | None = None
    """Bytes; None for a remote file."""
    modified_ns: int | None = None
    """Modification time, nanoseconds since 1970."""
    sha256: str | None = None
    """Checksum of the content; None for a remote file."""


def fingerprint(href: str, known: dict[str, SceneFile]) -> SceneFile:
    """Describe one file; a checksum already known is not computed again where size and time are as they were.

    Parameters
    ----------
    href
        Path or address of the file.
    known
        Earlier descriptions by path.
    """
    path = Path(href)
    if not path.is_file():
        return SceneFile(path=href)
    where = str(path.resolve())
    status = path.stat()
    before = known.get(where)
    if before and before.sha256 and (before.size, before.modified_ns) == (status.st_size, status.st_mtime_ns):
        return before
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SceneFile(path=where, size=status.st_size, modified_ns=status.st_mtime_ns, sha256=digest)
