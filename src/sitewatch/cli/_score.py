"""``sitewatch score``: how well structures agree with reference site models."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._shared import Screen, with_shared_options

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.exports import Agreement, Score

_RULES = "What it takes to be detected"


def _share_option(help_text: str) -> Any:
    return typer.Option(help=help_text, min=0.0, max=1.0, rich_help_panel=_RULES)


@with_shared_options
def score(
    structures: Annotated[
        Path, typer.Argument(help="structures.geojson, a workspace, or SMART models.", metavar="STRUCTURES")
    ],
    reference: Annotated[
        Path, typer.Argument(help="SMART site models: a file, or a folder with region models too.", metavar="REFERENCE")
    ],
    screen: Screen,
    tau: Annotated[float, _share_option("Least intersection over union of two outlines.")] = 0.2,
    rho: Annotated[float, _share_option("Least share of a site's observations that reach it.")] = 0.5,
    temporal_iot: Annotated[float, _share_option("Least share of the reference's days that both have.")] = 0.2,
    temporal_iop: Annotated[float, _share_option("Least share of the structure's days that both have.")] = 0.1,
    smallest: Annotated[
        float, typer.Option(help="Reference sites of so many m2 or less are ignored.", min=0.0, rich_help_panel=_RULES)
    ] = 9000.0,
) -> None:
    """Compare confirmed STRUCTURES with REFERENCE site models by the definitions of IARPA SMART.

    Example: [bold]sitewatch score port reference/ --smallest 0[/]
    """
    with session(screen) as terminal:
        from sitewatch.exports import Thresholds, read_proposals, read_reference, score_sites

        proposals = read_proposals(structures)
        sites, regions = read_reference(reference)
        result = score_sites(proposals, sites, regions, Thresholds(tau, rho, temporal_iot, temporal_iop, smallest))
        if terminal.as_json:
            terminal.print_json(_json(result))
        else:
            _print(terminal, result)


def _json(result: Score) -> dict[str, Any]:
    content = dataclasses.asdict(result)
    return {"precision": result.precision, "recall": result.recall, "f1": result.f1, **content}


def _print(terminal: Terminal, result: Score) -> None:
    shown = [one for one in result.sites if one.role != "ignored"]
    if shown:
        table = Table("reference", "", "structures", "IoU", "overlap", "of its days", "of theirs", box=None)
        table.pad_edge = False
        for one in sorted(shown, key=lambda one: (one.role != "positive", not one.detected, one.reference)):
            table.add_row(
                *(escape(one.reference), _verdict(one), escape(", ".join(one.proposals)) or "none near"),
                *(f"{value:.2f}" for value in (one.iou, one.spatial_overlap, one.temporal_iot, one.temporal_iop)),
            )
        terminal.print_table(table)
    onsets = {phase: summary for phase, summary in result.onsets.items() if summary.count}
    if onsets:
        table = Table("onset of", "sites", "early", "on the day", "late", "mean", "best case", "worst case", box=None)
        table.pad_edge = False
        for phase, s in onsets.items():
            days = (s.mean_days, s.best_mean_days, s.worst_mean_days)
            table.add_row(phase, *map(str, (s.count, s.early, s.perfect, s.late)), *(f"{d:+.0f} days" for d in days))
        terminal.print_table(table)
    ignored = sum(one.role == "ignored" for one in result.sites)
    terminal.out.print(
        f"Detected: {result.true_positives} of {result.true_positives + result.false_negatives}. "
        f"False: {result.false_positives}. Precision {_share(result.precision)}, recall {_share(result.recall)}, "
        f"F1 {_share(result.f1)}. Reference sites ignored: {ignored}."
    )


def _verdict(one: Agreement) -> str:
    if one.role == "negative":
        return "[red]false[/]" if one.detected else "rightly left"
    return "[green]detected[/]" if one.detected else "[yellow]missed[/]"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
