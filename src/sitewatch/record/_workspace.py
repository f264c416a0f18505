"""The folder of a site: what lies where in it, and whether a folder is one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import shapely

from sitewatch import __version__
from sitewatch.errors import SiteError, WorkspaceError
from sitewatch.record._atomic import sweep
from sitewatch.record._files import SceneFile, fingerprint
from sitewatch.record._manifest import Manifest, RunRecord, SceneRecord, read_manifest, write_manifest
from sitewatch.scenes import Scene
from sitewatch.scenes._raster import file_behind
from sitewatch.site import Site

_MANIFEST = "workspace.json"
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
    """

    folder: Path
    site: Site

    @classmethod
    def create(cls, folder: str | Path, site: Site) -> Workspace:
        """Make a workspace of a new or empty folder.

        Raises
        ------
        WorkspaceError
            If the folder holds other things, is a workspace already, or can't be written to.
        """
        folder = Path(folder).resolve()
        if (folder / _MANIFEST).exists():
            raise WorkspaceError(f"{folder} is a workspace already", hint="Open it, or give another folder.")
        _make_writable(folder)
        others = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        if others:
            raise WorkspaceError(
                f"{folder} is not a sitewatch workspace and is not empty (it holds {_some(others)})",
                hint="Give a new or empty folder with --out; sitewatch does not write among other files.",
            )
        return cls._begin(folder, site)

    @classmethod
    def _begin(cls, folder: Path, site: Site) -> Workspace:
        workspace = cls(folder, site)
        manifest = Manifest(software_version=__version__, site=site.id, created=dt.datetime.now(dt.UTC))
        # First what makes the folder a workspace: cut short after it, the next run begins anew.
        write_manifest(workspace.manifest_path, manifest)
        site.write(workspace.site_path)
        return workspace

    @classmethod
    def open(cls, folder: str | Path) -> Workspace:
        """Open a workspace that an earlier run made.

        Raises
        ------
        WorkspaceError
            If the folder is missing, something else, broken, or written by a newer sitewatch.
        """
        folder = Path(folder).resolve()
        if not (folder / _MANIFEST).is_file():
            raise WorkspaceError(
                f"{folder} is not a sitewatch workspace (it has no {_MANIFEST})",
                hint="`sitewatch run SITE SCENES... --out DIR` makes one.",
            )
        read_manifest(folder / _MANIFEST)
        try:
            return cls(folder, Site.read(folder / "site.geojson"))
        except SiteError as error:
            raise WorkspaceError(
                f"the workspace {folder} has lost its site ({error.message})",
                hint="Put its site.geojson back, or run again into a new folder.",
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
        for place in (folder, folder / "change"):
            sweep(place)
        if not read_manifest(folder / _MANIFEST).runs and not (folder / "dated").exists():
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

    def manifest(self) -> Manifest:
        """What went into the workspace so far."""
        return read_manifest(self.manifest_path)

    def describe_scenes(self, scenes: tuple[Scene, ...]) -> tuple[SceneRecord, ...]:
        """Scenes with size and checksum of their files; those known from earlier runs are not read again."""
        return tuple(describe() for describe in self.scene_jobs(scenes))

    def scene_jobs(self, scenes: tuple[Scene, ...]) -> tuple[Callable[[], SceneRecord], ...]:
        """`describe_scenes` as one call a scene, for who does it beside other work."""
        known = {file.path: file for record in self.manifest().scenes for file in record.files}
        ordered = sorted(scenes, key=lambda scene: (scene.datetime, scene.id))
        return tuple(functools.partial(_described, scene, known) for scene in ordered)

    def add_run(self, run: RunRecord, scenes: tuple[SceneRecord, ...]) -> None:
        """Append a run to the history and make its scenes the current ones."""
        manifest = self.manifest()
        update = {
            "software_version": __version__,
            "scenes": scenes,
            "runs": (*manifest.runs, run),
        }
        write_manifest(self.manifest_path, manifest.model_copy(update=update))


def _described(scene: Scene, known: dict[str, SceneFile]) -> SceneRecord:
    return SceneRecord(
        id=scene.id,
        datetime=scene.datetime,
        track=scene.track.key,
        files=tuple(fingerprint(href, known) for href in dict.fromkeys(file_behind(band.href) for band in scene.bands)),
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
