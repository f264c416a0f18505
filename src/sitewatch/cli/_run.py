"""``sitewatch run``: the main job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sitewatch.cli._exits import session
from sitewatch.cli._shared import Choice, ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import as_json, print_structures, tell_notes

SiteArgument = Annotated[
    str, typer.Argument(help="GeoJSON file of the area, or bbox:W,S,E,N in degrees.", metavar="SITE")
]
ScenesArgument = Annotated[
    list[str],
    typer.Argument(help="Images: files, folders, STAC items or catalogues.", metavar="SCENES"),
]


@with_shared_options
def run(
    site: SiteArgument,
    scenes: ScenesArgument,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the results: new, empty, or from an earlier run.", metavar="DIR"),
    ],
    choice: Choice,
    hints: ImageHints,
    screen: Screen,
) -> None:
    """Find what was built at SITE, date and measure it, and write a dossier.

    DIR then holds dossier.html (open it in a browser), structures.geojson, centrelines.geojson, change/*.tif,
    scenes.geojson and the co-registered stacks; later commands open it again. The same command on
    the same DIR goes on with what is there.

    Example: [bold]sitewatch run site.geojson images/ --out harbour[/]
    """
    with session(screen, resumable=True) as terminal:
        from sitewatch.pipeline import run_site
        from sitewatch.site import Site

        options = choice.as_options(hints)
        with terminal.progress() as progress:
            result = run_site(
                Site.read(site), scenes, out, options=options, progress=progress, command=shlex.join(sys.argv)
            )
        tell_notes(terminal, result)
        if terminal.as_json:
            terminal.print_json(as_json(result))
        else:
            print_structures(terminal, result.structures, result.detectable)
            terminal.out.print(f"Dossier: {result.dossier}", markup=False, soft_wrap=True)
