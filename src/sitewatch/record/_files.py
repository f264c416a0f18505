"""Which bytes a result rests on: size, time and checksum of the image files."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from sitewatch.scenes import Scene
from sitewatch.scenes._raster import file_behind


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


class SceneRecord(BaseModel):
    """One scene that was used, and the files its pixels came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    datetime: dt.datetime
    track: str
    files: tuple[SceneFile, ...]


def fingerprint(href: str, known: Mapping[str, SceneFile]) -> SceneFile:
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


def scene_jobs(scenes: Iterable[Scene], known: Mapping[str, SceneFile]) -> tuple[Callable[[], SceneRecord], ...]:
    """One call a scene that describes its files, for who does it beside other work; oldest scene first."""
    ordered = sorted(scenes, key=lambda scene: (scene.datetime, scene.id))
    return tuple(functools.partial(describe_files, scene, known) for scene in ordered)


def describe_files(scene: Scene, known: Mapping[str, SceneFile]) -> SceneRecord:
    """A scene with size and checksum of its files; those known and unchanged are not read again."""
    hrefs = dict.fromkeys(file_behind(band.href) for band in scene.bands)
    files = tuple(fingerprint(href, known) for href in hrefs)
    return SceneRecord(id=scene.id, datetime=scene.datetime, track=scene.track.key, files=files)


def all_known(scenes: Iterable[Scene], known: Mapping[str, SceneFile]) -> bool:
    """Whether the files of all scenes are as they were, so that none need be read to be described."""
    for href in {file_behind(band.href) for scene in scenes for band in scene.bands}:
        path = Path(href)
        if path.is_file():
            before, now = known.get(str(path.resolve())), path.stat()
            if before is None or (before.size, before.modified_ns) != (now.st_size, now.st_mtime_ns):
                return False
    return True


def input_hash(area_wkb: bytes, described: Iterable[SceneRecord], parameters: Mapping[str, Any], version: str) -> str:
    """Hash of all that a result rests on: the place, the content of every file, the settings, the software.

    A remote file, whose content is not read twice, counts by its address.
    """
    scenes = sorted([one.id, one.track, [file.sha256 or file.path for file in one.files]] for one in described)
    content = [area_wkb.hex(), scenes, dict(parameters), version]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
