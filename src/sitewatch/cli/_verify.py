"""``sitewatch verify``: whether the numbers of a dossier come out again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from sitewatch.cli._exits import UNUSABLE, session
from sitewatch.cli._shared import Screen, with_shared_options

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.pipeline import Verification

_SHOWN = 20


@with_shared_options
def verify(
    dossier: Annotated[Path, typer.Argument(help="HTML dossier of a run or update.", metavar="DOSSIER")],
    screen: Screen,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="Workspace that it was made in; by default the folder in which it lies.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Compute DOSSIER again from the record and the images, and say whether every number comes out the same.

    Ends with exit code 1 where something differs, or an image file is missing or changed.

    Example: [bold]sitewatch verify port/dossier.html[/]
    """
    with session(screen) as terminal:
        from sitewatch.pipeline import verify_dossier

        with terminal.progress() as progress:
            done = verify_dossier(dossier, workspace, progress=progress)
        for note in done.notes:
            terminal.say(f"Note: {note}.")
        if terminal.as_json:
            terminal.print_json(_as_json(done))
        else:
            _print(terminal, done)
        if not done.same:
            raise typer.Exit(UNUSABLE)


def _print(terminal: Terminal, done: Verification) -> None:
    if done.same:
        terminal.out.print(f"All {done.numbers:,} numbers come out the same.")
        return
    for fault in done.files:
        terminal.out.print(
            f"[bold red]{fault.fault}[/] {escape(fault.file)} (image {escape(fault.scene)})", soft_wrap=True
        )
    if done.files:
        terminal.out.print("Nothing was computed: the images are not those that the dossier rests on.")
        return
    for one in done.differences[:_SHOWN]:
        terminal.out.print(f"[bold]{escape(one.where)}[/]", soft_wrap=True)
        terminal.out.print(f"  dossier or record: {one.then or 'nothing'}", markup=False, soft_wrap=True)
        terminal.out.print(f"  computed again:    {one.now or 'nothing'}", markup=False, soft_wrap=True)
    rest = len(done.differences) - _SHOWN
    if rest > 0:
        terminal.out.print(f"... and {rest} more (--json has all).")
    terminal.out.print(f"{len(done.differences)} things do not come out the same.")


def _as_json(done: Verification) -> dict[str, Any]:
    return {
        "same": done.same,
        "dossier": str(done.dossier),
        "workspace": str(done.workspace),
        "run": done.run,
        "version_then": done.version_then,
        "version_now": done.version_now,
        "numbers": done.numbers,
        "files": [dataclasses.asdict(one) for one in done.files],
        "differences": [dataclasses.asdict(one) for one in done.differences],
        "notes": list(done.notes),
    }
