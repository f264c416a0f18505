"""``sitewatch date``: growth and date intervals of a footprint that the analyst drew."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._run import ScenesArgument, SiteArgument
from sitewatch.cli._shared import Choice, ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import as_json, interval_text, measure_text, tell_notes

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.structures import Structure

_BAR = 30  # characters of a finished structure


@with_shared_options
def date(
    site: SiteArgument,
    polygon: Annotated[
        str,
        typer.Argument(help="GeoJSON file of the footprint, or bbox:W,S,E,N in degrees.", metavar="POLYGON"),
    ],
    scenes: ScenesArgument,
    choice: Choice,
    hints: ImageHints,
    screen: Screen,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Workspace to keep the stacks and the result in (dated/); it may be that of a run.",
            metavar="DIR",
        ),
    ] = None,
) -> None:
    """Date a footprint that you drew: when was it begun, when was it finished, how did it grow.

    Dates are intervals: the last image without it, the first image with it.

    Example: [bold]sitewatch date site.geojson pier.geojson images/[/]
    """
    with session(screen, resumable=out is not None) as terminal:
        from sitewatch.pipeline import date_polygon
        from sitewatch.site import Site, read_footprint

        options = choice.as_options(hints)
        name, outline = read_footprint(polygon)
        with terminal.progress() as progress:
            result = date_polygon(
                Site.read(site),
                outline,
                scenes,
                out,
                name=name,
                options=options,
                progress=progress,
                command=shlex.join(sys.argv),
            )
        tell_notes(terminal, result)
        if terminal.as_json:
            terminal.print_json(as_json(result))
        else:
            for structure in result.structures:
                _print(terminal, structure)
            if result.dossier:
                terminal.out.print(f"Dossier: {result.dossier}", markup=False, soft_wrap=True)


def _print(terminal: Terminal, structure: Structure) -> None:
    facts = {
        "track": ", ".join(structure.tracks),
        "status": f"{structure.status}{f' ({structure.reason})' if structure.reason else ''}",
        "kind": structure.kind,
        "begun": interval_text(structure.onset) or "can't be told",
        "finished": interval_text(structure.completion) or "not yet, or can't be told",
        "area": measure_text(structure.area_m2, "m2"),
    }
    summary = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        summary.add_row(name, escape(value))
    terminal.print_table(summary)
    terminal.out.print()
    growth = Table("image", "built", "", box=None, pad_edge=False)
    for point in structure.growth:
        bar = "#" * round(_BAR * min(max(point.fraction, 0.0), 1.0))
        growth.add_row(str(point.date), f"{point.fraction:.0%} ± {point.sd:.0%}", bar)
    terminal.print_table(growth)
    terminal.out.print()
