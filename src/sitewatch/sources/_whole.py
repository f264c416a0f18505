"""Fetch a whole file: into a part that a later try goes on with, and under its name only once it is checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import requests

from sitewatch.atomic import flush_to_disk
from sitewatch.errors import SourceError
from sitewatch.scenes._raster import is_remote
from sitewatch.sources._http import Again, Http, Signer, host_of, name_in, refuse_web_page

_CHUNK = 1 << 20
# Multihash codes (function, length) of what catalogues use.
_MULTIHASH = {"1220": "sha256", "1340": "sha512", "1114": "sha1", "d50110": "md5"}


def size_of(href: str, http: Http, signer: Signer | None) -> int | None:
    """Bytes in a file, None where its server does not tell; raises SourceError."""
    if not is_remote(href):
        return Path(href).stat().st_size if Path(href).is_file() else None

    def take(answer: requests.Response) -> int | None:
        refuse_web_page(answer)
        if found := re.fullmatch(r"bytes \d+-\d+/(\d+)", answer.headers.get("Content-Range", "")):
            return int(found[1])
        told = answer.headers.get("Content-Length")
        return int(told) if told else None

    return http.ask(href, take, signer=signer, headers=lambda: {"Range": "bytes=0-0", "Accept-Encoding": "identity"})


def fetch_whole(href: str, target: Path, http: Http, signer: Signer | None, checksum: str = "") -> int:
    """Fetch a file to `target`, going on with what an earlier try left; gives the bytes fetched.

    Parameters
    ----------
    checksum
        Multihash in hexadecimal, as ``file:checksum`` has it; empty where none is known.

    Raises
    ------
    SourceError
        It can't be fetched, or what came is not what the catalogue says it is.
    """
    part, about = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.part.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not is_remote(href):
        try:
            shutil.copyfile(href, part)
        except OSError as error:
            raise SourceError(f"{href} can't be read ({error.strerror})") from error
        fetched = 0
    else:
        fetched = _download(href, part, about, http, signer)
    fault = _fault(part, target.name, checksum)
    if fault:
        # What is wrong as a whole can't be gone on with.
        part.unlink()
        about.unlink(missing_ok=True)
        raise SourceError(f"{target.name} came from {host_of(href)} but {fault}", hint="Give the same command again.")
    flush_to_disk(part)
    os.replace(part, target)
    about.unlink(missing_ok=True)
    return fetched


def _download(href: str, part: Path, about: Path, http: Http, signer: Signer | None) -> int:
    fetched = 0

    def headers() -> dict[str, str]:
        start = _usable(part, about, href)
        plain = {"Accept-Encoding": "identity"}
        if not start:
            return plain
        told = _about(about)
        return {**plain, "Range": f"bytes={start}-", "If-Range": told["validator"]}

    def take(answer: requests.Response) -> None:
        nonlocal fetched
        refuse_web_page(answer)
        if answer.status_code == 416:
            part.unlink(missing_ok=True)
            raise Again("has a shorter file than the part that was kept")
        start = part.stat().st_size if answer.status_code == 206 and part.exists() else 0
        told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if answer.status_code == 206 and (told is None or int(told[1]) != start):
            part.unlink(missing_ok=True)
            raise Again("answered with another part of the file than was asked for")
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        # Weak validators (W/) don't vouch for bytes.
        etag = answer.headers.get("ETag", "")
        validator = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")
        about.write_text(json.dumps({"href": href, "validator": validator, "total": total}), encoding="utf-8")
        with part.open("ab" if start else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                fetched += len(chunk)
        if total is not None and part.stat().st_size != total:
            raise Again(f"cut {name_in(href)} off ({part.stat().st_size} of {total} bytes)")

    told = _about(about)
    if not (told.get("total") and part.exists() and part.stat().st_size == told["total"] and told["href"] == href):
        http.ask(href, take, signer=signer, headers=headers)
    return fetched


def _usable(part: Path, about: Path, href: str) -> int:
    """Bytes of a part that can be gone on with: of the same file, with something that tells whether it changed."""
    told = _about(about)
    if not part.exists() or told.get("href") != href or not told.get("validator"):
        return 0
    return part.stat().st_size


def _about(about: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(about.read_text(encoding="utf-8")))
    return {}


def _fault(part: Path, name: str, checksum: str) -> str:
    """What is wrong with a file that has come whole; empty where nothing is."""
    function = next((f for code, f in _MULTIHASH.items() if checksum.lower().startswith(code)), None)
    if function:
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.new(function, usedforsecurity=False))
        if not checksum.lower().endswith(digest.hexdigest()):
            return "its checksum is not the catalogue's"
    if name.lower().endswith(".zip") and not zipfile.is_zipfile(part):
        return "is no zip, or a part of one"
    return ""
