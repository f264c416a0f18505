"""``sitewatch power``: could it have been seen?"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._run import ScenesArgument, SiteArgument
from sitewatch.cli._shared import Choice, ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import tell_left_out

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.cli._terminal import Terminal


class What(enum.StrEnum):
    """What is being built, which decides by how much the radar echo changes."""

    PIER = "pier"
    BUILDING = "building"
    ROAD = "road"


_CONTRAST = {What.PIER: "pier on water", What.BUILDING: "building on land", What.ROAD: "road"}


@with_shared_options
def power(
    site: SiteArgument,
    scenes: ScenesArgument,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Map to write, a GeoTIFF of the smallest area in m2.", metavar="FILE.tif"),
    ],
    choice: Choice,
    hints: ImageHints,
    screen: Screen,
    what: Annotated[What, typer.Option(help="What is being built.")] = What.BUILDING,
    images: Annotated[int, typer.Option(help="Images since it was built.", min=1)] = 6,
    probability: Annotated[float, typer.Option(help="Chance with which it must be found.", min=0.01, max=0.999)] = 0.9,
) -> None:
    """Could I have seen it? Map the smallest structure that these images could have shown.

    Each pixel of the map holds the smallest area that would be found there, by the track that sees best.

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
                contrast=_CONTRAST[what],
                images=images,
                probability=probability,
                options=options,
                progress=progress,
            )
        tell_left_out(terminal, result.left_out)
        summary = {track: _summary(one) for track, one in result.by_track.items()}
        if terminal.as_json:
            terminal.print_json({"map": str(out), "what": what.value, "tracks": summary})
        else:
            _print(terminal, summary)
            terminal.out.print(f"Map: {out}", markup=False, soft_wrap=True)


def _summary(power: xr.Dataset) -> dict[str, float | None]:
    """Areas that would do on a tenth, half and nine tenths of the site with data; None where none tried would do."""
    import numpy as np

    area = power["smallest_area_m2"].to_numpy()
    area = np.sort(area[~np.isnan(area)])
    places = {"on_a_tenth_m2": 0.1, "on_half_m2": 0.5, "on_nine_tenths_m2": 0.9}
    picked = {
        name: float(area[round(share * (area.size - 1))]) if area.size else np.inf for name, share in places.items()
    }
    return {name: value if np.isfinite(value) else None for name, value in picked.items()}


def _print(terminal: Terminal, summary: Mapping[str, Mapping[str, Any]]) -> None:
    table = Table(
        "smallest area found", "on a tenth", "on half", "on nine tenths of the site", box=None, pad_edge=False
    )
    for track, areas in summary.items():
        table.add_row(track, *[f"{area:.0f} m2" if area is not None else "none tried" for area in areas.values()])
    terminal.out.print(table)
