"""The folder that fetched scenes are kept in: what is whole in it, and the journal that an interrupted fetch reads.

A file has its name only once it is whole. An item is whole when its STAC description is there, which is written last.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pystac

from sitewatch.atomic import PREFIX, write_json
from sitewatch.errors import SourceError
from sitewatch.scenes._stac_layers import OWN
from sitewatch.sources._area import Box
from sitewatch.sources._assets import Wanted, reads_through_item
from sitewatch.sources._profiles import Profile

_JOURNAL = ".fetch.jsonl"
_LOCK = ".fetch.lock"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of the journal: a file that is whole, and what of it was asked for."""

    item: str
    key: str
    href: str
    file: str
    sha256: str
    size: int
    boxes: tuple[Box, ...]
    fetched: int


@contextlib.contextmanager
def open_store(folder: Path) -> Iterator[Path]:
    """Make a folder ready to be fetched into, by this process alone.

    Raises
    ------
    SourceError
        It can't be written to, or another fetch is at work in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SourceError(f"another fetch is at work in {folder}", hint="Wait for it to end.") from error
            for left in folder.glob(f"*/{PREFIX}*"):
                left.unlink()
            yield folder
    except PermissionError as error:
        raise SourceError(f"{folder} can't be written to ({error.strerror})", hint="Give another folder.") from error


def read_journal(folder: Path) -> dict[tuple[str, str], Entry]:
    """The files that earlier fetches ended with, by item and asset; a line that was cut off counts for nothing."""
    entries: dict[tuple[str, str], Entry] = {}
    with contextlib.suppress(OSError):
        for line in (folder / _JOURNAL).read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError):
                content = json.loads(line)
                entry = Entry(**{**content, "boxes": tuple(tuple(box) for box in content["boxes"])})
                entries[entry.item, entry.key] = entry
    return entries


def note_in_journal(folder: Path, entry: Entry) -> None:
    """Add a line; what an earlier kill cut off is closed first."""
    path = folder / _JOURNAL
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(dataclasses.asdict(entry)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def still_whole(folder: Path, entry: Entry, wanted: Wanted, boxes: Sequence[Box]) -> bool:
    """Whether a file is as the journal has it, and holds what is asked for now."""
    path = folder / entry.item / entry.file
    return (
        entry.href == wanted.href
        and all(any(_within(box, other) for other in entry.boxes) for box in boxes if entry.boxes)
        and path.is_file()
        and path.stat().st_size == entry.size
        and sha256_of(path) == entry.sha256
    )


def sha256_of(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def item_path(folder: Path, item: pystac.Item, names: Sequence[str]) -> Path:
    """Where an item's description is kept: beside its files, and out of sight where these describe themselves."""
    name = folder_of(item)
    return folder / name / (f"{name}.json" if reads_through_item(names) else f".{name}.json")


def folder_of(item: pystac.Item) -> str:
    """Name of an item's folder: its id, without what no file name may hold."""
    name = "".join(c if c.isalnum() or c in "-_.+" else "_" for c in item.id).lstrip(".")
    return name or hashlib.sha256(item.id.encode()).hexdigest()[:16]


def write_item(path: Path, item: pystac.Item, profile: Profile, files: Mapping[str, Entry]) -> None:
    """Write an item that points to the fetched files, with their checksums and where they came from."""
    told: dict[str, Any] = copy.deepcopy(item.to_dict(include_self_link=False, transform_hrefs=False))
    # The grid of the whole image is not that of the window; each asset tells its own below.
    for field in ("proj:shape", "proj:transform", "proj:bbox", "proj:geometry", "proj:centroid"):
        told["properties"].pop(field, None)
    told["properties"][f"{OWN}catalogue"] = profile.url
    told["properties"][f"{OWN}fetched"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    if profile.licence:
        told["properties"].setdefault("license", profile.licence)
    told["links"] = [
        link for link in told.get("links", []) if link.get("rel") in ("license", "cite-as", "derived_from")
    ]
    source = item.get_self_href() or next((link.href for link in item.links if link.rel == "self"), None)
    if source:
        told["links"].append({"rel": "canonical", "href": source, "type": "application/geo+json"})
    assets = {}
    for key, entry in files.items():
        asset = told["assets"][key]
        for field in ("proj:shape", "proj:transform", "proj:bbox", "alternate", "file:checksum", "file:size"):
            asset.pop(field, None)
        asset |= {
            "href": f"./{entry.file}",
            "file:size": entry.size,
            "file:checksum": f"1220{entry.sha256}",
            f"{OWN}source_href": entry.href,
        }
        assets[key] = asset
    told["assets"] = assets
    write_json(path, told)


def _within(box: Box, other: Sequence[float]) -> bool:
    room = 1e-9
    return (
        other[0] <= box[0] + room
        and other[1] <= box[1] + room
        and other[2] >= box[2] - room
        and other[3] >= box[3] - room
    )
