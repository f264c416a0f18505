"""``sitewatch import``: a whole site out of one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sitewatch.cli._exits import session
from sitewatch.cli._follow import HERE, WorkspaceOption
from sitewatch.cli._shared import Screen, with_shared_options


@with_shared_options
def import_site(
    archive: Annotated[
        Path, typer.Argument(help="What `sitewatch export --all --out FILE.sitewatch` wrote.", metavar="FILE")
    ],
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    record: Annotated[
        str | None,
        typer.Option(
            help="PostgreSQL database for the record, postgresql://user@host/database; by default a file in DIR.",
            metavar="URL",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make DIR the workspace of a site that was exported whole: record with all its history, files and pictures.

    A broken or truncated FILE is refused whole. Images don't travel: `sitewatch add` says where they are here.

    Example: [bold]sitewatch import port.sitewatch --workspace moved[/]
    """
    with session(screen, resumable=True) as terminal:
        from sitewatch.pipeline import import_site
        from sitewatch.record import list_structures

        made = import_site(archive, workspace, record=record)
        with made.record() as opened:
            count = len(list_structures(opened, made.uid))
        if terminal.as_json:
            terminal.print_json(
                {
                    "site": made.site.id,
                    "workspace": str(made.folder),
                    "record": made.record_address,
                    "structures": count,
                }
            )
        else:
            terminal.out.print(f"Workspace of {made.site.name}: {made.folder}", markup=False, soft_wrap=True)
            terminal.out.print(f"Structures: {count}")
            terminal.say("Images did not travel along: `sitewatch add SCENES` says where they are here.")
