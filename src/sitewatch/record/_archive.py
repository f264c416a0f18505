"""A whole site in one file: its record with every revision, its published files and pictures, not its images.

An archive is a zip with three kinds of entries: ``record.sqlite``, a record that holds this site alone; the workspace's
files below ``workspace/``; and ``archive.json``, written last, with versions and the size and SHA-256 of every entry.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict

from sitewatch import __version__
from sitewatch.atomic import PREFIX, replacing
from sitewatch.record._copy import copy_record
from sitewatch.record._database import Record, open_record
from sitewatch.record._digest import record_digest
from sitewatch.record._images import known_files
from sitewatch.record._lock import update_lock
from sitewatch.record._migrate import HEAD
from sitewatch.record._sites import list_sources
from sitewatch.record._workspace import RECORD_NAME, Workspace

ARCHIVE_FORMAT = 1
"""Version of the archive's layout; raised when an older sitewatch could no longer read it."""
ENDING = ".sitewatch"
EVIDENCE = "evidence"
"""Folder of a workspace for pictures that prove its structures where the stacks are not at hand."""
ABOUT = "archive.json"
WORKSPACE = "workspace"
CHUNK = 1 << 20


class Entry(BaseModel):
    """One file of an archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    sha256: str


class Archive(BaseModel):
    """What an archive says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sitewatch_archive: int = ARCHIVE_FORMAT
    software_version: str
    written: dt.datetime
    site: str
    uid: str
    tables: str
    """Version of the record's tables."""
    digest: str
    """Of all that the record says, see `record_digest`."""
    entries: dict[str, Entry]


def pack_workspace(workspace: Workspace, path: str | Path, *, pictures: Mapping[str, bytes] | None = None) -> Archive:
    """Write a whole site into one file: the record with all its history, and the workspace's files.

    Left out are the images that the record knows, wherever they lie, and the stacks made of them.

    Parameters
    ----------
    path
        It appears whole or not at all.
    pictures
        Files to put into the archive's folder ``evidence``, by name, in place of those that the workspace has there.

    Raises
    ------
    BusyError
        If an update is at work in the workspace.
    """
    path = Path(path).resolve()
    with (
        update_lock(workspace.folder),
        workspace.record() as record,
        replacing(path) as temporary,
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=path.parent) as scratch,
    ):
        alone = Path(scratch) / RECORD_NAME
        with open_record(alone) as copy:
            copy_record(record, copy, workspace.uid)
            digest = record_digest(copy, workspace.uid)
        entries: dict[str, Entry] = {}
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            entries[RECORD_NAME] = _put_file(archive, RECORD_NAME, alone)
            for name, file in _files_of(workspace, record, path):
                if pictures is None or PurePosixPath(name).parts[1] != EVIDENCE:
                    entries[name] = _put_file(archive, name, file)
            for name, content in (pictures or {}).items():
                where = f"{WORKSPACE}/{EVIDENCE}/{name}"
                archive.writestr(where, content)
                entries[where] = Entry(size=len(content), sha256=hashlib.sha256(content).hexdigest())
            about = Archive(
                software_version=__version__, written=dt.datetime.now(dt.UTC), site=workspace.site.id,
                uid=workspace.uid, tables=HEAD, digest=digest, entries=entries,
            )  # fmt: skip
            archive.writestr(ABOUT, about.model_dump_json(indent=1))
    return about


def _files_of(workspace: Workspace, record: Record, out: Path) -> Iterator[tuple[str, Path]]:
    """Entry names and paths of the workspace's files, but for images, stacks, the record and what is hidden."""
    images = {Path(source.href).resolve() for source in list_sources(record, workspace.uid) if "://" not in source.href}
    images |= {Path(file) for file in known_files(record, workspace.uid)}
    images.discard(workspace.folder)
    for parent, folders, names in os.walk(workspace.folder):
        here = Path(parent)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and ".zarr" not in name and (here / name).resolve() not in images
        )
        for name in sorted(names):
            file = here / name
            hidden = name.startswith((".", RECORD_NAME)) or file.suffix == ENDING or not file.is_file()
            if not hidden and file.resolve() not in images and file != out:
                yield f"{WORKSPACE}/{file.relative_to(workspace.folder).as_posix()}", file


def _put_file(archive: zipfile.ZipFile, name: str, file: Path) -> Entry:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while piece := source.read(CHUNK):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    return Entry(size=size, sha256=digest.hexdigest())
