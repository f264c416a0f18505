"""How a command ends: its exit code, and what it says when it could not do its work."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import logging
import os
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.markup import escape

from sitewatch.cli._terminal import Terminal, as_sentence
from sitewatch.errors import SitewatchError

if TYPE_CHECKING:
    from sitewatch.cli._shared import Screen

OK = 0
UNUSABLE = 1
"""The input can't be used, or the result can't be written."""
USAGE = 2
"""The command line can't be understood."""
UNEXPECTED = 3
"""A fault of sitewatch itself."""
INTERRUPTED = 130
"""Ctrl-C."""


@contextlib.contextmanager
def session(screen: Screen, *, resumable: bool = False) -> Iterator[Terminal]:
    """Give the terminal, and turn every way of failing into a clear message and an exit code.

    Parameters
    ----------
    screen
        What the user wants to read.
    resumable
        Whether the same command goes on after an interruption.
    """
    terminal = Terminal.of(screen)
    _route_warnings(terminal)
    try:
        yield terminal
    except SitewatchError as error:
        _fail(terminal, UNUSABLE, type(error).__name__, error.message, error.hint)
    except KeyboardInterrupt:
        _interrupted(terminal, resumable)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            _fail_unexpectedly(terminal, error)
        hint = "Make room, then give the same command again." if resumable else "Make room."
        what = "a file may not grow any more" if error.errno == errno.EFBIG else "the disk is full"
        _fail(terminal, UNUSABLE, "DiskFull", f"{what} ({error.filename or error})", hint)
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        if _began_with_interrupt(error):
            _interrupted(terminal, resumable)
        _fail_unexpectedly(terminal, error)


def _interrupted(terminal: Terminal, resumable: bool) -> NoReturn:
    hint = "Nothing is broken; the same command goes on with what is there." if resumable else ""
    _fail(terminal, INTERRUPTED, "Interrupted", "interrupted", hint)


def _began_with_interrupt(error: BaseException | None) -> bool:
    """Whether a Ctrl-C stands at the root of an error: compiled modules turn one amid their import into ImportError."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _fail(terminal: Terminal, code: int, kind: str, message: str, hint: str) -> NoReturn:
    if terminal.debug:
        terminal.err.print(escape(traceback.format_exc()))
    terminal.err.print(f"[bold red]Error:[/] {escape(message.rstrip('.'))}.")
    if hint:
        terminal.err.print(escape(as_sentence(hint)))
    if terminal.as_json:
        terminal.print_json({"error": {"kind": kind, "message": message, "hint": hint}, "exit_code": code})
    raise typer.Exit(code)


def _fail_unexpectedly(terminal: Terminal, error: Exception) -> NoReturn:
    log = _write_log(traceback.format_exc())
    _fail(
        terminal,
        UNEXPECTED,
        type(error).__name__,
        f"sitewatch met a fault of its own ({type(error).__name__}: {_first_line(error)})",
        f"What happened is in {log}; please send it with a report. --debug shows it here.",
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else "no message"


def _write_log(text: str) -> Path:
    """Keep a traceback where it can be found; in the temporary folder where there is no better place."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "sitewatch"
    name = f"fault-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    for folder in (state, Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            return folder / name
    return Path(os.devnull)


def _route_warnings(terminal: Terminal) -> None:
    """Warnings of the libraries below are for developers: shown when verbose, else kept off the screen."""
    logging.captureWarnings(True)
    level = logging.INFO if terminal.verbose else logging.CRITICAL
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
