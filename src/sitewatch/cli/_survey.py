"""``sitewatch survey``: a whole area, tile by tile."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from sitewatch.cli._exits import UNUSABLE, session
from sitewatch.cli._run import ScenesArgument
from sitewatch.cli._shared import Choice, ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import print_structures
from sitewatch.words import counted

_WORK = "Who does the work"


@with_shared_options
def survey(
    area: Annotated[str, typer.Argument(help="GeoJSON file of the area, or bbox:W,S,E,N in degrees.", metavar="AREA")],
    scenes: ScenesArgument,
    out: Annotated[
        str, typer.Option("--out", "-o", help="Folder for the results, or s3://bucket/folder.", metavar="DIR")
    ],
    choice: Choice,
    hints: ImageHints,
    screen: Screen,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes on this machine, 0 for none but this; by default one a core where the area is large.",
            min=0,
            metavar="N",
            show_default=False,
            rich_help_panel=_WORK,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Dask scheduler that runs already, tcp://host:port; its workers must have one thread each.",
            metavar="URL",
            show_default=False,
            rich_help_panel=_WORK,
        ),
    ] = None,
    tile: Annotated[
        int, typer.Option(help="Edge of a tile, pixels; a multiple of 512.", min=512, rich_help_panel=_WORK)
    ] = 1024,
) -> None:
    """Find what was built in a whole AREA, tile by tile, on as many cores or machines as there are.

    SCENES may be stacks built before (names that end in .zarr). The same command goes on with what is finished. Tiles
    that fail are listed; it then ends with exit code 1, and the same command tries them again.

    Example: [bold]sitewatch survey site.geojson images/ --out coast[/]
    """
    with session(screen, resumable=True) as terminal:
        from sitewatch.pipeline import survey_area
        from sitewatch.record import to_feature
        from sitewatch.site import MAX_SURVEY_KM2, Site

        options = choice.as_options(hints)
        with terminal.progress() as progress:
            place = Site.read(area, most_km2=MAX_SURVEY_KM2)
            result = survey_area(
                place, scenes, out, options=options, tile=tile, workers=workers, scheduler=scheduler, progress=progress
            )
        for one in result.lost:
            rows, columns = (f"{first} to {after - 1}" for first, after in (one.rows, one.columns))
            terminal.warn(f"not done ({one.stage}): rows {rows}, columns {columns} {one.track}: {one.reason}")
        if terminal.as_json:
            terminal.print_json(
                {
                    "structures": [to_feature(one)["properties"] for one in result.structures],
                    "lost": [dataclasses.asdict(one) for one in result.lost],
                    "tiles": result.tiles,
                    "places": result.places,
                    "pixel_dates": result.pixel_dates,
                    "seconds": dict(result.seconds),
                    "out": out,
                }
            )
        else:
            print_structures(terminal, result.structures, ())
            places = counted(result.places, "place")
            terminal.out.print(f"{counted(result.tiles, 'tile')}, {places} with change. Results: {out}", soft_wrap=True)
        if result.lost:
            terminal.say(f"{counted(len(result.lost), 'part')} could not be done; the same command tries again.")
            raise typer.Exit(UNUSABLE)
