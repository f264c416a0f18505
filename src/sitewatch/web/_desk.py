"""One workspace as the server holds it: its record, its stacks, and what was read of them lately."""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request

from sitewatch.record import Record, Workspace

_DATABASE_SECONDS = 2.0  # how old an answer may be where a database can't be asked cheaply whether it changed


class Memory:
    """The results used last, up to so many bytes; safe between threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], tuple[Any, int]]) -> Any:
        """What is held under a key; made, with its size in bytes, where it is not."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key][0]
        made, size = make()
        with self._lock:
            if key not in self._held and size <= self._most:
                self._held[key] = (made, size)
                self._bytes += size
                while self._bytes > self._most:
                    self._bytes -= self._held.popitem(last=False)[1][1]
        return made


@dataclasses.dataclass(frozen=True)
class Desk:
    """One workspace, open.

    Attributes
    ----------
    workspace
        The folder and its site.
    pixels
        Blocks of stacks read last.
    answers
        Tiles drawn, series and lists made last.
    """

    workspace: Workspace
    pixels: Memory = dataclasses.field(default_factory=lambda: Memory(384 * 2**20))
    answers: Memory = dataclasses.field(default_factory=lambda: Memory(128 * 2**20))
    _records: queue.LifoQueue[Record] = dataclasses.field(default_factory=queue.LifoQueue)

    @property
    def key(self) -> str:
        """What the site is called in addresses."""
        return self.workspace.site.id

    @property
    def uid(self) -> str:
        """What the site is called in the record."""
        return self.workspace.uid

    @contextlib.contextmanager
    def record(self) -> Iterator[Record]:
        """An open record that no other thread uses meanwhile."""
        with contextlib.ExitStack() as kept:
            try:
                record = self._records.get_nowait()
            except queue.Empty:
                # Opened once and handed on: opening looks at the tables and the site each time.
                with self.workspace.record() as opened:
                    record = dataclasses.replace(opened)
            kept.callback(self._records.put, record)
            yield record

    def state(self) -> Hashable:
        """Something that differs once the record was written to."""
        path = Path(self.workspace.record_address)
        if not path.is_file():
            return int(time.monotonic() / _DATABASE_SECONDS)
        log = path.with_name(path.name + "-wal")
        try:
            written = path.stat()
            return written.st_mtime_ns, written.st_size, log.stat().st_size if log.exists() else 0
        except OSError:
            return int(time.monotonic() / _DATABASE_SECONDS)

    def remembered(self, name: Hashable, make: Callable[[Record], tuple[Any, int]]) -> Any:
        """What is made of the record, made anew once that was written to; `make` also gives its size in bytes."""

        def asked() -> tuple[Any, int]:
            with self.record() as record:
                return make(record)

        return self.answers.get((name, self.state()), asked)


def desk_of(request: Request, site: str) -> Desk:
    """The workspace that an address names.

    Raises
    ------
    HTTPException
        404, where there is no such site.
    """
    desks: dict[str, Desk] = request.app.state.desks
    if site not in desks:
        raise HTTPException(404, f"there is no site {site!r} here; /api/sites lists them")
    return desks[site]
