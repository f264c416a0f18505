"""The folder of a site: what lies where in it, and whether a folder is one."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import getpass
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import shapely
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from sitewatch import __version__
from sitewatch.atomic import sweep
from sitewatch.errors import RecordError, SiteError, WorkspaceError
from sitewatch.record._copy import copy_record
from sitewatch.record._database import Record, open_record
from sitewatch.record._lock import update_lock
from sitewatch.record._manifest import Manifest, new_uid, read_manifest, write_manifest
from sitewatch.record._sites import has_history, register_site
from sitewatch.site import Site

_MANIFEST = "workspace.json"
_RECORD = "record.sqlite"
_SAME_PLACE_DEGREES = 1e-6  # about 0.1 m: files written by other tools round their coordinates


@dataclasses.dataclass(frozen=True)
class Workspace:
    """One site's folder.

    Attributes
    ----------
    folder
        Where it is.
    site
        The place it is about.
    uid
        Its name in the record, which several workspaces may share.
    record_address
        Where the record is: a file in the folder, or the address of a database.
    """

    folder: Path
    site: Site
    uid: str
    record_address: str

    @classmethod
    def create(cls, folder: str | Path, site: Site, *, record: str | None = None) -> Workspace:
        """Make a workspace of a new or empty folder.

        Parameters
        ----------
        record
            Address of a PostgreSQL database to keep the record in; ``record.sqlite`` in the folder where None.

        Raises
        ------
        WorkspaceError
            If the folder holds other things, is a workspace already, or can't be written to.
        """
        folder = Path(folder).resolve()
        if (folder / _MANIFEST).exists():
            raise WorkspaceError(f"{folder} is a workspace already", hint="Go on with it, or give another folder.")
        _check_address(record)
        _make_writable(folder)
        others = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        if others:
            raise WorkspaceError(
                f"{folder} is not a sitewatch workspace and is not empty (it holds {_some(others)})",
                hint="Give a new or empty folder; sitewatch does not write among other files.",
            )
        return cls._begin(folder, site, record)

    @classmethod
    def _begin(cls, folder: Path, site: Site, record: str | None = None) -> Workspace:
        manifest = Manifest(
            software_version=__version__, site=site.id, created=dt.datetime.now(dt.UTC), uid=new_uid(), record=record
        )
        for file in folder.glob(f"{_RECORD}*"):
            file.unlink()
        # First what makes the folder a workspace: cut short after it, the next run begins anew.
        write_manifest(folder / _MANIFEST, manifest)
        workspace = cls._of(folder, site, manifest)
        site.write(workspace.site_path)
        return workspace

    @classmethod
    def _of(cls, folder: Path, site: Site, manifest: Manifest) -> Workspace:
        return cls(folder, site, manifest.uid, manifest.record or str(folder / _RECORD))

    @classmethod
    def open(cls, folder: str | Path) -> Workspace:
        """Open a workspace that was made before.

        Raises
        ------
        WorkspaceError
            If the folder is missing, something else, broken, or written by a newer sitewatch.
        """
        folder = Path(folder).resolve()
        if not (folder / _MANIFEST).is_file():
            raise WorkspaceError(
                f"{folder} is not a sitewatch workspace (it has no {_MANIFEST})",
                hint="`sitewatch init SITE --workspace DIR` makes one, and so does `sitewatch run`.",
            )
        manifest = read_manifest(folder / _MANIFEST)
        try:
            return cls._of(folder, Site.read(folder / "site.geojson"), manifest)
        except SiteError as error:
            raise WorkspaceError(
                f"the workspace {folder} has lost its site ({error.message})",
                hint="Put its site.geojson back, or begin anew in another folder.",
            ) from error

    @classmethod
    def for_site(cls, folder: str | Path, site: Site) -> Workspace:
        """Open the workspace in `folder` if it is of this site; make one where there is none, or none with a result.

        Raises
        ------
        WorkspaceError
            If the folder is something else, of another site, or can't be written to.
        """
        folder = Path(folder).resolve()
        if not (folder / _MANIFEST).exists():
            return cls.create(folder, site)
        if _is_unused(folder):
            # Nothing was ever found here: what was cut short begins anew, and a site that was mistyped must not keep
            # the folder from the right one. Stacks are told apart by their own grid.
            _make_writable(folder)
            return cls._begin(folder, site)
        workspace = cls.open(folder)
        apart = shapely.hausdorff_distance(workspace.site.area, site.area)
        if workspace.site.id != site.id or not apart <= _SAME_PLACE_DEGREES:
            raise WorkspaceError(
                f"{folder} is the workspace of another site ({workspace.site.id!r}, not {site.id!r}, or another area)",
                hint="Give another folder with --out, or the site file that the workspace was made with.",
            )
        _make_writable(folder)
        return workspace

    @property
    def manifest_path(self) -> Path:
        """workspace.json."""
        return self.folder / _MANIFEST

    @property
    def site_path(self) -> Path:
        """site.geojson."""
        return self.folder / "site.geojson"

    @property
    def scenes_path(self) -> Path:
        """scenes.geojson: STAC items of the scenes used, and what was left out."""
        return self.folder / "scenes.geojson"

    @property
    def stacks_folder(self) -> Path:
        """One Zarr store a track."""
        return self.folder / "stacks"

    @property
    def change_folder(self) -> Path:
        """Change rasters, cloud-optimised GeoTIFFs."""
        return self.folder / "change"

    @property
    def structures_path(self) -> Path:
        """structures.geojson."""
        return self.folder / "structures.geojson"

    @property
    def centrelines_path(self) -> Path:
        """centrelines.geojson: linear works as lines."""
        return self.folder / "centrelines.geojson"

    @property
    def dossier_path(self) -> Path:
        """dossier.html."""
        return self.folder / "dossier.html"

    @property
    def detectable_path(self) -> Path:
        """detectable.json: the smallest of each kind that the last run would have found."""
        return self.folder / "detectable.json"

    def manifest(self) -> Manifest:
        """What makes the folder a workspace."""
        return read_manifest(self.manifest_path)

    @contextlib.contextmanager
    def record(self) -> Iterator[Record]:
        """The open record, which knows the site.

        Raises
        ------
        RecordError
            If it can't be opened.
        """
        with open_record(self.record_address) as record:
            register_site(record, self.uid, self.site, by=user())
            yield record

    def move_record(self, address: str) -> Workspace:
        """Keep the record in a PostgreSQL database from now on, with all that it holds; the old one stays as it is.

        Raises
        ------
        RecordError
            If the database can't be used, or has this site already.
        """
        _check_address(address)
        with update_lock(self.folder), self.record() as old, open_record(address) as new:
            copy_record(old, new, self.uid)
            write_manifest(self.manifest_path, self.manifest().model_copy(update={"record": address}))
        return Workspace.open(self.folder)

    def sweep(self) -> None:
        """Remove what updates that were killed left half written."""
        for place in (self.folder, self.change_folder):
            sweep(place)


def user() -> str:
    """Who is at work: ``SITEWATCH_USER``, else the user's name on this machine."""
    with contextlib.suppress(OSError, KeyError):
        return os.environ.get("SITEWATCH_USER", "").strip() or getpass.getuser()
    return f"user {os.getuid()}"


def _is_unused(folder: Path) -> bool:
    """Whether nothing was ever found, said or added in a workspace."""
    manifest = read_manifest(folder / _MANIFEST)
    # What a footprint was dated from, and what an older layout kept, are results too.
    if manifest.record is not None or any((folder / name).exists() for name in ("dated", "workspace-1.json")):
        return False
    if not (folder / _RECORD).exists():
        return True
    with open_record(folder / _RECORD) as record:
        return not has_history(record, manifest.uid)


def _check_address(record: str | None) -> None:
    if record is None:
        return
    try:
        password = make_url(record).password
    except ArgumentError as error:
        raise RecordError(
            f"{record} is not the address of a database", hint="Give postgresql://user@host/database."
        ) from error
    if password is not None:
        raise RecordError(
            "the address of the record holds a password, which workspace.json would give away",
            hint="Leave it out; ~/.pgpass or PGPASSWORD may hold it.",
        )


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise WorkspaceError(
            f"{folder} can't be written to ({error.strerror})", hint="Give another folder with --out."
        ) from error


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
