"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from rich.table import Table

    from sitewatch.cli._shared import Screen
    from sitewatch.progress import Progress

_PIPE_WIDTH = 240  # of a table in a pipe, where there is no screen to fit
_PATIENCE_S = 10.0  # between two lines about one stage where bars can't be drawn


@dataclasses.dataclass(frozen=True)
class Terminal:
    """The two streams, and how much the user wants to read.

    Attributes
    ----------
    out
        Standard output: the result.
    err
        Standard error: progress, notes and errors.
    as_json, quiet, verbose, debug
        What the user asked for.
    """

    out: Console
    err: Console
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False

    @classmethod
    def of(cls, screen: Screen) -> Terminal:
        """The process's streams."""
        width = None if sys.stdout.isatty() else _PIPE_WIDTH
        return cls(
            Console(width=width, highlight=False),
            Console(stderr=True, highlight=False, soft_wrap=True),
            **dataclasses.asdict(screen),
        )

    def say(self, text: str) -> None:
        """Tell something beside the result."""
        if not self.quiet:
            self.err.print(escape(text))

    def warn(self, text: str) -> None:
        """Tell something that the user may want to mend."""
        if not self.quiet:
            self.err.print(f"[yellow]{escape(text)}[/]")

    def print_table(self, table: Table) -> None:
        """Print a table; in a pipe without the blanks that fill up its last column."""
        if self.out.is_terminal:
            self.out.print(table)
            return
        with self.out.capture() as captured:
            self.out.print(table)
        for line in captured.get().splitlines():
            sys.stdout.write(line.rstrip() + "\n")

    def print_json(self, content: dict[str, Any]) -> None:
        """Print the machine's answer."""
        sys.stdout.write(json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    @contextlib.contextmanager
    def progress(self) -> Iterator[Progress]:
        """Draw what long work reports: bars on a terminal, now and then a line in a pipe, nothing when quiet."""
        if self.quiet:
            from sitewatch.progress import silent

            yield silent
        elif self.err.is_terminal:
            with _bars(self.err) as draw:
                yield draw
        else:
            yield _Lines(self.err)


@contextlib.contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def draw(stage: str, done: int, total: int) -> None:
            if stage not in tasks or (bars.tasks[tasks[stage]].finished and done < total):
                tasks[stage] = bars.add_task(escape(stage), total=max(total, 1))
            bars.update(tasks[stage], completed=done if total else 1, total=max(total, 1))

        yield draw


class _Lines:
    """Progress as lines, for logs: each stage when it ends, and a word in between when it takes long."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = self._said = time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done >= total:
            self._console.print(escape(f"{stage}: {done} of {total}, {now - self._begun:.1f} s"))
            self._begun = self._said = now
        elif now - self._said > _PATIENCE_S:
            self._console.print(escape(f"{stage}: {done} of {total} ..."))
            self._said = now


def as_sentence(text: str) -> str:
    """A hint with a large first letter and a full stop; commands in backquotes and options stay as they are."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".") if text else ""


def _finite(value: Any) -> Any:
    """JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
