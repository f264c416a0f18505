"""A SAFE package: a folder, or a zip that is read where it lies, and the files that its manifest names."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from sitewatch.scenes._raster import scene_error

MANIFEST = "manifest.safe"
_AGAIN = "Fetch the product again."
_PRODUCT = re.compile(
    r"(?P<id>S1[A-D]_(?P<mode>[A-Z0-9]{2})_(?P<kind>GRD[FHM]|SLC_)_1S(?P<channels>[SD][HV])"
    r"_\d{8}T\d{6}_\d{8}T\d{6}_(?P<orbit>\d{6})_[0-9A-F]{6}_[0-9A-F]{4}(?:_COG)?)(?:\.SAFE)?(?:\.zip)?"
)


@dataclasses.dataclass(frozen=True)
class DataObject:
    """A file that the manifest names: its place in the package, its size and its MD5 checksum."""

    path: str
    size: int | None
    md5: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What the manifest says of the product as a whole."""

    objects: tuple[DataObject, ...]
    ipf_version: float | None
    processed: str
    relative_orbit: int | None


@dataclasses.dataclass(frozen=True)
class Package:
    """A Sentinel-1 product on disk.

    Attributes
    ----------
    source
        Absolute path of the folder or zip.
    inner
        Folder of the product inside the zip, with a slash at its end; empty for a folder.
    """

    source: str
    inner: str = ""

    @property
    def product(self) -> str:
        """Product id, as the folder or the file is named."""
        name = PurePosixPath(self.inner or self.source).name
        found = _PRODUCT.fullmatch(name)
        return found["id"] if found else name.removesuffix(".zip").removesuffix(".SAFE")

    @functools.cached_property
    def files(self) -> frozenset[str]:
        """Places of all files in the package."""
        if self._zipped:
            with _open_zip(self.source) as archive:
                return frozenset(n.removeprefix(self.inner) for n in archive.namelist() if n.startswith(self.inner))
        root = Path(self.source)
        return frozenset(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())

    def href(self, path: str) -> str:
        """Where GDAL opens one of the files."""
        if self._zipped:
            return f"/vsizip/{self.source}/{self.inner}{path}"
        return os.path.join(self.source, path)

    def read(self, path: str) -> bytes:
        """Content of one file; raises SceneError where it is missing or damaged."""
        with self._open(path) as file:
            try:
                content = file.read()
            except (OSError, zipfile.BadZipFile, EOFError) as error:
                raise scene_error(self.source, f"{path} in it can't be read ({error})", _AGAIN) from error
        if not content:
            raise scene_error(self.source, f"{path} in it is empty (0 bytes)", _AGAIN)
        return content

    def read_xml(self, path: str) -> ET.Element:
        """One XML file parsed; raises SceneError where it is missing, cut off or no XML."""
        try:
            return ET.fromstring(self.read(path))
        except ET.ParseError as error:
            raise scene_error(self.source, f"{path} in it is cut off or no XML ({error})", _AGAIN) from error

    def manifest(self) -> Manifest:
        """What the manifest says."""
        return _read_manifest(self, *_state(self.source))

    def verify(self) -> Iterator[tuple[str, str]]:
        """Compare every file that is there with its size and MD5 checksum in the manifest.

        Yields
        ------
        path, fault
            Files that differ, and those that the manifest names and that are missing.
        """
        for item in self.manifest().objects:
            if item.path not in self.files:
                yield item.path, "missing"
            elif item.md5 and self._md5(item.path) != item.md5.lower():
                yield item.path, "its MD5 checksum is not the one in the manifest"

    def _md5(self, path: str) -> str:
        with self._open(path) as file:
            try:
                return hashlib.file_digest(file, "md5").hexdigest()  # type: ignore[arg-type]  # zip members read too
            except (OSError, zipfile.BadZipFile, EOFError) as error:
                raise scene_error(self.source, f"{path} in it can't be read ({error})", _AGAIN) from error

    def _open(self, path: str) -> IO[bytes]:
        if path not in self.files:
            raise scene_error(self.source, f"{path} is missing from it", _AGAIN)
        if self._zipped:
            # The member keeps the archive's file open for itself.
            return _open_zip(self.source).open(self.inner + path)
        return Path(self.source, path).open("rb")

    @property
    def _zipped(self) -> bool:
        return self.source.lower().endswith(".zip")


def is_product_name(name: str) -> bool:
    """Whether a folder or zip is named as Sentinel-1 level-1 products are."""
    return _PRODUCT.fullmatch(name) is not None


def is_package(href: str | os.PathLike[str]) -> bool:
    """Whether a path is a SAFE folder, its manifest, or a zip of one, by names alone."""
    path = Path(href)
    if path.name.lower() == MANIFEST:
        return True
    if path.suffix.lower() in (".zip", ".safe") and is_product_name(path.name):
        return True
    return path.is_dir() and (path / MANIFEST).is_file()


def package_of(href: str) -> str | None:
    """Path of the package that a path is or lies in; None where it is in none."""
    path = Path(href)
    for folder in (path, *path.parents):
        if is_package(folder):
            return str(folder.parent if folder.name.lower() == MANIFEST else folder)
    return None


def open_package(href: str) -> Package:
    """Open a SAFE folder or zip; raises SceneError where it is none or its manifest is missing."""
    path = Path(href)
    path = path.parent if path.name.lower() == MANIFEST else path
    source = os.path.abspath(path)
    if not path.exists():
        raise scene_error(href, "the product does not exist", "Check its path.")
    if path.suffix.lower() == ".zip":
        with _open_zip(source) as archive:
            manifests = [n for n in archive.namelist() if PurePosixPath(n).name.lower() == MANIFEST]
        if not manifests:
            raise scene_error(href, f"there is no {MANIFEST} in the zip", "Give a zip of a Sentinel-1 SAFE product.")
        return Package(source, manifests[0][: -len(MANIFEST)])
    package = Package(source)
    if MANIFEST not in package.files:
        raise scene_error(href, f"{MANIFEST} is missing from it", _AGAIN)
    return package


def _open_zip(source: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise scene_error(source, f"the zip is cut off or damaged ({error})", _AGAIN) from error


def _state(source: str) -> tuple[int, int]:
    path = Path(source)
    status = (path / MANIFEST if path.is_dir() else path).stat()
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=64)
def _read_manifest(package: Package, size: int, modified_ns: int) -> Manifest:
    root = package.read_xml(MANIFEST)
    objects = []
    for item in root.iter("dataObject"):
        stream, place = item.find("byteStream"), item.find(".//fileLocation")
        if place is None:
            continue
        checksum = item.findtext(".//checksum") or ""
        told = (stream.get("size") if stream is not None else None) or ""
        objects.append(
            DataObject(place.get("href", "").removeprefix("./"), int(told) if told.isdigit() else None, checksum)
        )
    if not objects:
        raise scene_error(package.source, f"its {MANIFEST} names no files", _AGAIN)
    # The innermost processing step is level 0; the first software named is that of the product itself.
    versions = [e.get("version", "") for e in root.iter() if e.tag.endswith("}software")]
    processing = next((e for e in root.iter() if e.tag.endswith("}processing")), None)
    orbit = next((e.text for e in root.iter() if e.tag.endswith("}relativeOrbitNumber")), None)
    return Manifest(
        objects=tuple(objects),
        ipf_version=_version(versions[0]) if versions else None,
        processed=processing.get("stop", "") if processing is not None else "",
        relative_orbit=int(orbit) if orbit and orbit.strip().isdigit() else None,
    )


def _version(text: str) -> float | None:
    """IPF versions read ``003.40``: as numbers they order as they should (2.34 before 2.5, which is written 002.50)."""
    try:
        return float(text)
    except ValueError:
        return None
