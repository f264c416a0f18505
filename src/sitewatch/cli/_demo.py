"""``sitewatch demo``: the main job on an invented coast, beside the truth."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._shared import Screen, with_shared_options
from sitewatch.cli._summary import as_json, interval_text, measure_text, print_structures, tell_notes

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.structures import Structure

_MATCH_IOU = 0.2  # the threshold of IARPA SMART


@with_shared_options
def demo(
    screen: Screen,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the images (scenario/) and the results (result/).", metavar="DIR"),
    ] = Path("demo"),
    seed: Annotated[
        int | None, typer.Option(help="Another number gives another coast.", min=0, show_default=False)
    ] = None,
) -> None:
    """Try it without any data: a pier, a building and a road on an invented coast.

    Simulates radar images of a coast where things are built among ships, tides and weather, runs the whole chain on
    them, and sets what was found beside what is true.

    Example: [bold]sitewatch demo --out demo[/]
    """
    with session(screen, resumable=True) as terminal:
        import json

        from sitewatch.pipeline import run_site
        from sitewatch.simulate import demo_scenario, write_scenario
        from sitewatch.site import Site

        with terminal.progress() as progress:
            scenario = demo_scenario() if seed is None else demo_scenario(seed)
            folder = write_scenario(scenario, out / "scenario", progress=progress)
            result = run_site(
                Site.read(folder / "site.geojson"),
                [folder / "scenes"],
                out / "result",
                progress=progress,
                command=shlex.join(sys.argv),
            )
        truth = json.loads((folder / "truth.geojson").read_text(encoding="utf-8"))["features"]
        pairs = _beside_truth(truth, result.structures)
        tell_notes(terminal, result)
        if terminal.as_json:
            matched = [{"truth": true["properties"], "found": found.id if found else None} for true, found in pairs]
            terminal.print_json({**as_json(result), "truth": matched})
        else:
            print_structures(terminal, result.structures)
            _print_truth(terminal, pairs)
            terminal.out.print(f"Dossier: {result.dossier}", markup=False, soft_wrap=True)


def _beside_truth(
    truth: Sequence[dict[str, Any]], structures: Sequence[Structure]
) -> list[tuple[dict[str, Any], Structure | None]]:
    """Each true structure with the confirmed one that overlaps it best, if any does well enough."""
    from shapely.geometry import shape

    pairs: list[tuple[dict[str, Any], Structure | None]] = []
    for feature in truth:
        outline = shape(feature["geometry"])
        overlaps = [
            (outline.intersection(s.footprint).area / outline.union(s.footprint).area, s)
            for s in structures
            if s.status == "confirmed"
        ]
        best = max(overlaps, key=lambda entry: entry[0], default=(0.0, None))
        pairs.append((feature, best[1] if best[0] >= _MATCH_IOU else None))
    return pairs


def _print_truth(terminal: Terminal, pairs: Sequence[tuple[dict[str, Any], Structure | None]]) -> None:
    table = Table("what is true", "begun", "area", "was found as", "begun", "area", box=None, pad_edge=False)
    for feature, found in pairs:
        true = feature["properties"]
        table.add_row(
            true["id"],
            f"{true['onset_earliest']} .. {true['onset_latest']}",
            f"{true['area_m2']:.0f} m2",
            found.id if found else "[red]not found[/]",
            (interval_text(found.onset) or "can't be told") if found else "",
            measure_text(found.area_m2, "m2") if found else "",
        )
    terminal.out.print()
    terminal.print_table(table)
