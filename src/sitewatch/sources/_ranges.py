"""A file on a server read in parts, as if it were open: every byte is fetched once, checked and counted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import requests

from sitewatch.errors import SourceError
from sitewatch.sources._http import Again, Http, Signer, host_of, name_in, refuse_web_page

_BLOCK = 32 * 1024
# As GDAL does: a header of a cloud-optimised file fits into it.
_HEAD_BLOCKS = 2
_LONGEST_RUN = 256


class RangeFile(io.RawIOBase):
    """A remote file for reading.

    Attributes
    ----------
    fetched
        Bytes that came over the network so far.
    failure
        What a read failed with, where the reader (GDAL) could only be told that it failed.
    """

    def __init__(self, http: Http, url: str, signer: Signer | None = None) -> None:
        super().__init__()
        self._http, self._url, self._signer = http, url, signer
        self._blocks: dict[int, bytes] = {}
        self._at, self._size, self._etag = 0, -1, ""
        self.fetched = 0
        self.failure: SourceError | None = None
        self._fetch(0, _HEAD_BLOCKS)

    @property
    def name(self) -> str:
        """The file's name on the server."""
        return name_in(self._url)

    def open(self, path: str, mode: str = "rb") -> RangeFile:
        """The file itself, for GDAL, which looks for others (masks, metadata) beside it and opens it several times."""
        if path.rsplit("/", 1)[-1] != self.name:
            raise FileNotFoundError(path)
        self._at = 0
        return self

    def close(self) -> None:
        """Stay open: what was fetched serves the next to open it."""

    @property
    def size(self) -> int:
        """Bytes in the whole file."""
        return self._size

    def prefetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch ranges (first byte, end), neighbours in one request; raises SourceError."""
        needed = sorted({block for start, end in ranges for block in self._missing(start, end)})
        while needed:
            count = 1
            while count < min(len(needed), _LONGEST_RUN) and needed[count] == needed[0] + count:
                count += 1
            self._fetch(needed[0], count)
            needed = needed[count:]

    def cost(self, ranges: Iterable[tuple[int, int]]) -> int:
        """Bytes that fetching ranges would take, beyond what is here."""
        needed = {block for start, end in ranges for block in self._missing(start, end)}
        return sum(min((block + 1) * _BLOCK, self._size) - block * _BLOCK for block in needed)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the next read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Bytes from where the file stands."""
        end = self._size if size is None or size < 0 else min(self._at + size, self._size)
        if end <= self._at:
            return b""
        try:
            self.prefetch([(self._at, end)])
        except SourceError as error:
            self.failure = error
            raise
        first, last = self._at // _BLOCK, (end - 1) // _BLOCK
        data = b"".join(self._blocks[block] for block in range(first, last + 1))
        data = data[self._at - first * _BLOCK :][: end - self._at]
        self._at = end
        return data

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """As `read`."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _missing(self, start: int, end: int) -> list[int]:
        end = min(end, self._size)
        if end <= start:
            return []
        return [block for block in range(start // _BLOCK, (end - 1) // _BLOCK + 1) if block not in self._blocks]

    def _fetch(self, first: int, count: int) -> None:
        start, end = first * _BLOCK, (first + count) * _BLOCK
        if self._size >= 0:
            end = min(end, self._size)

        def take(answer: requests.Response) -> bytes:
            refuse_web_page(answer)
            if answer.status_code != 206:
                raise SourceError(
                    f"{host_of(self._url)} does not give parts of {name_in(self._url)}, only the whole",
                    hint="Fetch the file by other means.",
                )
            told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("Content-Range", "").strip())
            if told is None or int(told[1]) != start:
                raise Again("answered with another part of the file than was asked for")
            total, etag = int(told[3]), answer.headers.get("ETag", "")
            if self._size >= 0 and (total != self._size or etag != self._etag):
                raise SourceError(f"{name_in(self._url)} changed on {host_of(self._url)} while it was read")
            body = answer.content
            if len(body) != min(end, total) - start:
                raise Again(f"cut its answer off ({len(body)} of {min(end, total) - start} bytes)")
            self._size, self._etag = total, etag
            return body

        # Compressed in transfer, a part is no part of the file.
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        body = self._http.ask(self._url, take, signer=self._signer, headers=lambda: headers)
        self.fetched += len(body)
        for number in range(0, len(body), _BLOCK):
            self._blocks[first + number // _BLOCK] = body[number : number + _BLOCK]
