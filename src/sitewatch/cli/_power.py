"""``sitewatch power``: could it have been seen?"""

from __future__ import annotations

import enum
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._run import ScenesArgument, SiteArgument
from sitewatch.cli._shared import Choice, ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import detectable_json, left_out_json, tell_left_out

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.pipeline import PowerResult
    from sitewatch.sought import Detectable


class What(enum.StrEnum):
    """What is being built, which decides by how much the radar echo changes."""

    PIER = "pier"
    BUILDING = "building"
    ROAD = "road"


@with_shared_options
def power(
    site: SiteArgument,
    scenes: ScenesArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Map to write, a GeoTIFF of the smallest area in m2; a picture (.png) and a page (.html) of the same "
            "name are written beside it.",
            metavar="FILE.tif",
        ),
    ],
    choice: Choice,
    hints: ImageHints,
    screen: Screen,
    what: Annotated[What, typer.Option(help="What the GeoTIFF and the picture show.")] = What.BUILDING,
    images: Annotated[int, typer.Option(help="Images since it was built.", min=1)] = 6,
    probability: Annotated[float, typer.Option(help="Chance with which it must be found.", min=0.01, max=0.999)] = 0.9,
) -> None:
    """Could I have seen it? Say and map the smallest structure that these images could have shown.

    The table has a pier on water, a building and a road on land, each with the contrast assumed and the dates between
    which it must first show to be confirmed. Each place is judged by the track that sees best there.

    Example: [bold]sitewatch power site.geojson images/ --what pier --out power.tif[/]
    """
    with session(screen) as terminal:
        from sitewatch.pipeline import map_power
        from sitewatch.site import Site

        if out.suffix.lower() not in (".tif", ".tiff"):
            raise typer.BadParameter(f"{out} must end in .tif", param_hint="--out")
        options = choice.as_options(hints)
        with terminal.progress() as progress:
            result = map_power(
                Site.read(site),
                scenes,
                out,
                what=what.value,
                images=images,
                probability=probability,
                options=options,
                progress=progress,
                command=shlex.join(sys.argv),
            )
        for note in result.notes:
            terminal.say(f"Note: {note}")
        tell_left_out(terminal, result.left_out)
        if terminal.as_json:
            terminal.print_json(_as_json(result, what.value, images, probability))
        else:
            _print(terminal, result, images, probability)


def _print(terminal: Terminal, result: PowerResult, images: int, probability: float) -> None:
    from sitewatch.report import answer_words, contrast_words, size_words
    from sitewatch.report._wording import percent_words, plain_area_words

    of_all = [one for one in result.detectable if len(result.by_track) == 1 or not one.track]
    for one in of_all:
        terminal.out.print(answer_words(one), markup=False)
    terminal.out.print(
        f"Found: with a chance of {percent_words(probability)} on nine tenths of that surface, once {images} images "
        "show it.",
        markup=False,
    )
    several = len(result.by_track) > 1
    table = Table("structure", *(("track",) if several else ()), "contrast assumed", "smallest size found", "area",
                  "confirmed if first shown", "after", box=None, pad_edge=False)  # fmt: skip
    for one in result.detectable:
        if not one.share:
            continue
        dated = one.shown_from is not None and one.nine_tenths_m2 is not None
        cells = (
            f"{one.sought.kind} on {one.sought.surface}",
            *((one.track or "best of all",) if several else ()),
            contrast_words(one.sought, _polarisations(result)),
            size_words(one),
            plain_area_words(one.nine_tenths_m2) if one.nine_tenths_m2 else "",
            f"{one.shown_from} .. {one.shown_by}" if dated else "never",
            f"{one.days_to_confirm} days" if dated else "",
        )
        table.add_row(*(escape(cell) for cell in cells))
    if table.row_count:
        terminal.out.print()
        terminal.out.print(table)
    for name, path in (("Map", result.path), ("Picture", result.picture), ("Page", result.page)):
        terminal.out.print(f"{name}: {path}", markup=False, soft_wrap=True)


def _as_json(result: PowerResult, what: str, images: int, probability: float) -> dict[str, Any]:
    return {
        "map": str(result.path),
        "picture": str(result.picture),
        "page": str(result.page),
        "what": what,
        "images": images,
        "probability": probability,
        "detectable": [_row(one, _polarisations(result)) for one in result.detectable],
        "notes": list(result.notes),
        "left_out": [left_out_json(entry) for entry in result.left_out],
    }


def _polarisations(result: PowerResult) -> list[str]:
    return sorted({str(name) for kinds in result.by_track.values() for name in kinds["pier"]["polarisation"].values})


def _row(one: Detectable, available: Sequence[str]) -> dict[str, Any]:
    contrast = {name: db for name, db in one.sought.contrast_db.items() if name in available}
    return {**detectable_json(one), "contrast_db": contrast}
