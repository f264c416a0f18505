"""A dossier read back: what it says it rests on, and every word in it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sitewatch.errors import VerifyError
from sitewatch.report._manifest import MANIFEST_ID

_UNSEEN = ("style", "script", "svg")
_WITHIN_A_LINE = ("a", "abbr", "b", "bdi", "code", "em", "i", "span", "strong", "sub", "sup", "time")


@dataclasses.dataclass(frozen=True)
class ReadDossier:
    """A dossier's manifest, and its text: a line a paragraph, cell or caption; what stands for a picture counts too."""

    manifest: Mapping[str, Any]
    lines: tuple[str, ...]


def read_dossier(path: str | Path) -> ReadDossier:
    """Read a dossier that `write_dossier` wrote.

    Raises
    ------
    VerifyError
        If there is no such file, or it is not an HTML dossier that says what it rests on.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VerifyError(f"the dossier {path} can't be read ({error})", hint="Give an HTML dossier.") from error
    reader = _Reader()
    reader.feed(text)
    reader.close()
    try:
        manifest = json.loads("".join(reader.manifest))
    except ValueError as error:
        raise VerifyError(
            f"{path} does not say what it rests on",
            hint="Give the HTML dossier of a run, whole and as sitewatch wrote it.",
        ) from error
    return ReadDossier(dict(manifest), reader.finished())


class _Reader(HTMLParser):
    """Collects the manifest and the lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.manifest: list[str] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._hidden = 0
        self._in_manifest = False

    def finished(self) -> tuple[str, ...]:
        self._end_line()
        return tuple(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNSEEN:
            self._hidden += 1
            self._in_manifest = given.get("id") == MANIFEST_ID
        if tag not in _WITHIN_A_LINE:
            self._end_line()
        if tag == "img" and given.get("alt"):
            self._lines.append(" ".join(str(given["alt"]).split()))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._hidden -= 1
            self._in_manifest = False
        if tag not in _WITHIN_A_LINE:
            self._end_line()

    def handle_data(self, data: str) -> None:
        if self._in_manifest:
            self.manifest.append(data)
        elif not self._hidden:
            self._line.append(data)

    def _end_line(self) -> None:
        text = " ".join("".join(self._line).split())
        if text:
            self._lines.append(text)
        self._line = []
