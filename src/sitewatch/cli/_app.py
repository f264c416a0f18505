"""The commands in a row, and the one way in."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from sitewatch import __version__
from sitewatch.cli._archive import import_site
from sitewatch.cli._date import date
from sitewatch.cli._demo import demo
from sitewatch.cli._exits import INTERRUPTED
from sitewatch.cli._export import export
from sitewatch.cli._findings import edit, findings
from sitewatch.cli._follow import add, init, status, update
from sitewatch.cli._formats import formats
from sitewatch.cli._inspect import inspect
from sitewatch.cli._links import links
from sitewatch.cli._power import power
from sitewatch.cli._replay import replay
from sitewatch.cli._report import report
from sitewatch.cli._run import run
from sitewatch.cli._score import score
from sitewatch.cli._serve import serve
from sitewatch.cli._sources import fetch, search
from sitewatch.cli._structures import history, review, structures
from sitewatch.cli._survey import survey
from sitewatch.cli._verify import verify
from sitewatch.cli._watch import watch

_DO = "Find and date"
_FOLLOW = "Follow a site over time"
_WATCH = "Watch many, and look back"
_BRING = "Find and bring images"
_LOOK = "Look before and around"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done; 1 the input can't be used; 2 the command line can't be understood; "
        "3 a fault of sitewatch itself; 130 interrupted. Results go to standard output, all else to standard error."
    ),
)
app.command(rich_help_panel=_DO)(run)
app.command(rich_help_panel=_DO)(date)
for _command in (
    init, add, update, status, structures, history, review, findings, edit, verify, report, serve, export, links,
):  # fmt: skip
    app.command(rich_help_panel=_FOLLOW)(_command)
app.command(rich_help_panel=_WATCH)(watch)
app.command(rich_help_panel=_WATCH)(replay)
app.command(rich_help_panel=_DO)(survey)
app.command("import", rich_help_panel=_FOLLOW)(import_site)
app.command(rich_help_panel=_BRING)(search)
app.command(rich_help_panel=_BRING)(fetch)
app.command(rich_help_panel=_LOOK)(inspect)
app.command(rich_help_panel=_LOOK)(formats)
app.command(rich_help_panel=_LOOK)(power)
app.command(rich_help_panel=_LOOK)(score)
app.command(rich_help_panel=_LOOK)(demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sitewatch {__version__}")
        raise typer.Exit


@app.callback()
def _sitewatch(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What was built at a place, when, how big and how surely, from radar images.

    Try it without any data: [bold]sitewatch demo[/]
    """


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Parameters
    ----------
    arguments
        Words after ``sitewatch``; those of the process where None.
    """
    try:
        app(args=sys.argv[1:] if arguments is None else arguments, prog_name="sitewatch")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def run_process() -> None:
    """Be the ``sitewatch`` process: run the command line and end with its exit code."""
    if "--debug" not in sys.argv:
        # What an interrupt leaves half made complains as it is cleared away; that is no news to a user.
        sys.unraisablehook = lambda _: None
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if code == INTERRUPTED:
        # Ctrl-C means now: threads that still read an image would hold the exit up.
        os._exit(code)
    sys.exit(code)
