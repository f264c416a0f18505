"""What a result rests on: size, time and checksum of the files, and what they were taken for."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from sitewatch.scenes import Scene


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
    """One scene that was used, the files its pixels came from, and how these were read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    datetime: dt.datetime
    track: str
    files: tuple[SceneFile, ...]
    """The image's, and the elevation model's that it was laid on."""
    read_as: dict[str, Any]
    """What the bytes were taken for: what was measured, bands and their units, what heights are measured from."""


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
    """One call a scene that describes its files, for who does it beside other work; oldest scene first.

    Files known and unchanged are not read again, nor is one that several scenes share, as an elevation model.
    """
    ordered = sorted(scenes, key=lambda scene: (scene.datetime, scene.id))
    shared = dict(known)
    return tuple(functools.partial(_describe, scene, shared) for scene in ordered)


def all_known(scenes: Iterable[Scene], known: Mapping[str, SceneFile]) -> bool:
    """Whether the files of all scenes are as they were, so that none need be read to be described."""
    for href in {href for scene in scenes for href in _files_of(scene)}:
        path = Path(href)
        if path.is_file():
            before, now = known.get(str(path.resolve())), path.stat()
            if before is None or (before.size, before.modified_ns) != (now.st_size, now.st_mtime_ns):
                return False
    return True


def input_hash(area_wkb: bytes, described: Iterable[SceneRecord], parameters: Mapping[str, Any], version: str) -> str:
    """Hash of all that a result rests on: the place, the content of every file, how it is read, settings, software.

    A remote file, whose content is not read twice, counts by its address.
    """
    scenes = [
        [one.id, one.datetime.isoformat(), one.track, one.read_as, [file.sha256 or file.path for file in one.files]]
        for one in sorted(described, key=lambda one: one.id)
    ]
    content = [area_wkb.hex(), scenes, dict(parameters), version]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _describe(scene: Scene, known: dict[str, SceneFile]) -> SceneRecord:
    files = []
    for href in _files_of(scene):
        file = fingerprint(href, known)
        known[file.path] = file
        files.append(file)
    return SceneRecord(
        id=scene.id, datetime=scene.datetime, track=scene.track.key, files=tuple(files), read_as=_read_as(scene)
    )


def _files_of(scene: Scene) -> list[str]:
    """Paths or addresses of the files that a scene's pixels come from, each once."""
    from sitewatch.scenes._raster import file_behind

    ground = scene.reader.terrain if scene.reader else None
    model = [ground.source] if ground is not None and isinstance(ground.source, str) else []
    masks = [] if scene.mask is None else [scene.mask.href]
    hrefs = (*(band.href for band in scene.bands), *masks, *scene.mask_files, *model)
    return list(dict.fromkeys(file_behind(href) for href in hrefs))


def _read_as(scene: Scene) -> dict[str, Any]:
    """What a user or a description beside the files may say of them, as plain values without paths."""
    ground = scene.reader.terrain if scene.reader else None
    return {
        "quantity": scene.quantity,
        "enl": scene.enl,
        "bands": [[b.polarisation, b.index, b.scale, b.offset, b.unit, b.nodata] for b in scene.bands],
        "ground_m": ground.source if ground is not None and isinstance(ground.source, float) else None,
        "ground_datum": None if ground is None else ground.datum,
    }
