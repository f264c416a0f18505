"""One update at a time in a workspace; whoever holds it is named, and who died holding it holds nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from sitewatch.errors import BusyError

_NAME = ".update.lock"
_WATCH = ".watch.lock"
_LOOK_AGAIN_SECONDS = 0.5


class Holder(BaseModel):
    """Who holds, or last held, the lock."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    host: str
    since: dt.datetime

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"


@contextlib.contextmanager
def update_lock(
    folder: Path, *, patience_s: float = 0.0, told: Callable[[str], None] = lambda _: None
) -> Iterator[Holder | None]:
    """Hold the right to update a workspace.

    The operating system holds the lock for the process and drops it when that ends in whatever way, so a killed update
    keeps nobody out. Its name then still stands in the file.

    Parameters
    ----------
    patience_s
        How long to wait for another to finish.
    told
        Called with a sentence when there is a wait.

    Yields
    ------
    The one who held the lock before and was cut short, if there was one.

    Raises
    ------
    BusyError
        If another holds it and `patience_s` is over; the text names it.
    """
    path = folder / _NAME
    with path.open("a+", encoding="utf-8") as file:
        until = time.monotonic() + patience_s
        if not _take_soon(file):
            told(f"waiting for another update ({_holder(path) or 'unknown'}) to finish")
            while not _take(file):
                if time.monotonic() >= until:
                    raise BusyError(
                        f"another update is at work in {folder} ({_holder(path) or 'unknown'})",
                        hint="Wait for it to end and give the command again, or let it wait with --wait.",
                    )
                time.sleep(_LOOK_AGAIN_SECONDS)
        with _signed(path, file) as before:
            yield before


@contextlib.contextmanager
def watch_lock(folder: Path) -> Iterator[None]:
    """Hold the right to raise and deliver the alerts of a workspace, as `update_lock` holds that to update it.

    Raises
    ------
    BusyError
        If another watch holds it; the text names it.
    """
    path = folder / _WATCH
    with path.open("a+", encoding="utf-8") as file:
        if not _take_soon(file):
            raise BusyError(
                f"another watch is at work in {folder} ({_holder(path) or 'unknown'})",
                hint="One at a time tells of a site, so that nobody hears twice.",
            )
        with _signed(path, file):
            yield


@contextlib.contextmanager
def _signed(path: Path, file: IO[str]) -> Iterator[Holder | None]:
    """Put this process's name into the file of a lock that it holds; gives the one who stood there."""
    before = _holder(path)
    me = Holder(pid=os.getpid(), host=socket.gethostname(), since=dt.datetime.now(dt.UTC))
    _write(file, me.model_dump_json())
    try:
        yield before
    finally:
        _write(file, "")


def at_work(folder: Path) -> Holder | None:
    """Who is updating a workspace now; None where nobody is."""
    path = folder / _NAME
    try:
        with path.open("r+", encoding="utf-8") as file:
            return None if _take(file) else _holder(path)
    except OSError:
        return None


def _take_soon(file: IO[str]) -> bool:
    # `at_work` holds it for an instant to see whether it can; that is nobody to wait for.
    for _ in range(3):
        if _take(file):
            return True
        time.sleep(0.05)
    return False


def _take(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: IO[str], text: str) -> None:
    # A full disk must not keep the lock from working: the name in it is for people.
    with contextlib.suppress(OSError):
        file.seek(0)
        file.truncate()
        file.write(text)
        file.flush()


def _holder(path: Path) -> Holder | None:
    try:
        return Holder.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
