"""An archive of a site read again: all of it, compared with its checksums, or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import BaseModel, ValidationError

from sitewatch.atomic import PREFIX
from sitewatch.errors import ArchiveError, RecordError, WorkspaceError
from sitewatch.record._archive import ABOUT, ARCHIVE_FORMAT, CHUNK, WORKSPACE, Archive, Entry
from sitewatch.record._copy import copy_record
from sitewatch.record._database import open_record, transaction
from sitewatch.record._digest import record_digest
from sitewatch.record._manifest import write_manifest
from sitewatch.record._migrate import HEAD
from sitewatch.record._sites import knows_site
from sitewatch.record._workspace import RECORD_NAME, Workspace, check_address

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    ValueError,
    ArithmeticError,
    RuntimeError,
)
"""What `zipfile` raises where bytes are not what they should be."""
_AGAIN = "Bring it over again, or export the site anew; nothing was imported."


class _Version(BaseModel):
    sitewatch_archive: int


def unpack_archive(path: str | Path, folder: str | Path, *, record: str | None = None) -> Workspace:
    """Make the workspace that an archive holds, with its record, here.

    Everything is read and compared with its checksums before anything is kept; the folder then appears in one piece.
    Cut short after the record went into a database, the same call goes on from there.

    Parameters
    ----------
    folder
        A new or empty folder.
    record
        Address of the PostgreSQL database to keep the record in; the file ``record.sqlite`` in the folder where None.

    Raises
    ------
    ArchiveError
        If the archive is broken, cut off, something else, or of a newer sitewatch; nothing is imported then.
    RecordError
        If the database can't be used, or holds something else about this site.
    WorkspaceError
        If the folder is not empty, or can't be written to.
    """
    path, folder = Path(path), Path(folder).resolve()
    check_address(record)
    with _opened(path) as archive, _empty_beside(folder) as made:
        about = _read_about(archive, path)
        for name, entry in about.entries.items():
            _extract(archive, path, name, entry, made / _place_of(name, path))
        _check_record(made / RECORD_NAME, about, path)
        manifest = Workspace.open(made).manifest()
        if manifest.uid != about.uid:
            raise ArchiveError(f"{path} holds the workspace of another site than its record", hint=_AGAIN)
        # Where the record was before means nothing here.
        write_manifest(made / "workspace.json", manifest.model_copy(update={"record": record}))
        if record is not None:
            _into_database(made / RECORD_NAME, record, about.uid)
            (made / RECORD_NAME).unlink()
        os.replace(made, folder)
    return Workspace.open(folder)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise ArchiveError(f"{path} can't be read ({error.strerror})", hint="Is it the right file?") from error
    except _BROKEN as error:
        raise ArchiveError(f"{path} is broken, cut off, or no archive of a site ({error})", hint=_AGAIN) from error


def _read_about(archive: zipfile.ZipFile, path: Path) -> Archive:
    try:
        text = archive.read(ABOUT)
    except _BROKEN as error:
        raise ArchiveError(f"{path} is broken, or no archive of a site (no whole {ABOUT})", hint=_AGAIN) from error
    try:
        version = _Version.model_validate_json(text).sitewatch_archive
        if version > ARCHIVE_FORMAT:
            raise ArchiveError(
                f"{path} was written by a newer sitewatch (archive {version}; this one knows {ARCHIVE_FORMAT})",
                hint="Update sitewatch.",
            )
        about = Archive.model_validate_json(text)
    except ValidationError as error:
        raise ArchiveError(f"{path} is no archive of a site ({error.errors()[0]['msg']})", hint=_AGAIN) from error
    if about.tables > HEAD:
        raise ArchiveError(
            f"{path} was written by a newer sitewatch (tables {about.tables}; this one knows {HEAD})",
            hint="Update sitewatch.",
        )
    inside = sorted(info.filename for info in archive.infolist())
    if inside != sorted([*about.entries, ABOUT]):
        raise ArchiveError(f"{path} does not hold the files that it says it holds", hint=_AGAIN)
    return about


def _place_of(name: str, path: Path) -> Path:
    """Where in the workspace an entry goes; never outside of it."""
    parts = PurePosixPath(name).parts
    if name == RECORD_NAME:
        return Path(RECORD_NAME)
    plain = all(part not in ("", ".", "..") and not part.startswith(".") and "\\" not in part for part in parts)
    if len(parts) < 2 or parts[0] != WORKSPACE or not plain or parts[1] == RECORD_NAME:
        raise ArchiveError(f"{path} holds a file that has no place in a workspace ({name})", hint=_AGAIN)
    return Path(*parts[1:])


def _extract(archive: zipfile.ZipFile, path: Path, name: str, entry: Entry, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(name) as source, target.open("wb") as file:
            whole = archive.getinfo(name).file_size == entry.size and _copy_hashed(source, file, entry) == entry.sha256
    except _BROKEN as error:
        raise ArchiveError(f"{path} is broken: {name} can't be read ({error})", hint=_AGAIN) from error
    if not whole:
        raise ArchiveError(f"{path} is broken: {name} is not what was written", hint=_AGAIN)


def _copy_hashed(source: IO[bytes], target: IO[bytes], entry: Entry) -> str:
    digest, left = hashlib.sha256(), entry.size
    # No more than was announced is ever written, whatever a forged archive unpacks to.
    while left and (piece := source.read(min(CHUNK, left))):
        digest.update(piece)
        left -= len(piece)
        target.write(piece)
    return "" if source.read(1) else digest.hexdigest()


def _check_record(file: Path, about: Archive, path: Path) -> None:
    """Bring the archive's record to this version's tables, and see that it says what was written."""
    if not file.is_file():
        raise ArchiveError(f"{path} holds no record", hint=_AGAIN)
    try:
        with open_record(file) as record:
            known = knows_site(record, about.uid)
            same = about.tables != HEAD or record_digest(record, about.uid) == about.digest
    except RecordError as error:
        raise ArchiveError(f"the record in {path} can't be used ({error.message})", hint=_AGAIN) from error
    if not known or not same:
        raise ArchiveError(f"the record in {path} is not the one that was written", hint=_AGAIN)


def _into_database(file: Path, address: str, uid: str) -> None:
    """Copy the record into a database that others may share; what arrived is compared before it counts."""
    with open_record(file) as source, open_record(address) as target:
        there = record_digest(source, uid)
        with transaction(target):
            known = knows_site(target, uid)
            if not known:
                copy_record(source, target, uid)
            if record_digest(target, uid) != there:
                raise RecordError(
                    f"the record {target.address} holds something else about this site already"
                    if known
                    else f"the record {target.address} did not take all that was written to it",
                    hint="Give an empty database, or open the workspace that it belongs to."
                    if known
                    else "Nothing was imported; try another database.",
                )


@contextlib.contextmanager
def _empty_beside(folder: Path) -> Iterator[Path]:
    """A folder on the same disk that may take the place of `folder`, which must be new or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} is not empty", hint="Give a new or empty folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder.parent))
    except OSError as error:
        raise WorkspaceError(
            f"{folder} can't be written to ({error.strerror})", hint="Give another folder with --workspace."
        ) from error
    try:
        made.chmod(0o777 & ~_umask())
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
