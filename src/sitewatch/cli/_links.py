"""``sitewatch links``: what can reach which facility, and what the works changed of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._run import SiteArgument
from sitewatch.cli._shared import Screen, read_day, with_shared_options

if TYPE_CHECKING:
    from sitewatch.assess import Answer, LargestLoad, Load, Since, WhatItChanges
    from sitewatch.cli._terminal import Terminal
    from sitewatch.site import Site
    from sitewatch.structures import Structure


@with_shared_options
def links(
    site: SiteArgument,
    screen: Screen,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="Folder of the site's workspace, for the dates of what was built; without it none is known.",
            metavar="DIR",
            envvar="SITEWATCH_WORKSPACE",
            show_envvar=False,
        ),
    ] = None,
    load: Annotated[
        str | None,
        typer.Option(
            help="Ask for one item: length, width, height in metres and mass in tonnes; ? where not known.",
            metavar="L,W,H,T",
        ),
    ] = None,
    day: Annotated[
        str | None, typer.Option(help="Day to ask for; by default that of the last image.", metavar="YYYY-MM-DD")
    ] = None,
) -> None:
    """Say what can be brought to each facility of SITE, by which route, what limits it, and what the works changed.

    Example: [bold]sitewatch links site.geojson --workspace port --load 20,3.7,3.7,40[/]
    """
    with session(screen) as terminal:
        asked, when = _read_load(load), read_day(day, "--day")
        from sitewatch.assess import what_it_changes
        from sitewatch.site import Site

        place = Site.read(site)
        structures = _structures_of(workspace) if workspace else []
        result = what_it_changes(place, structures)
        then = when or max((c.after.day for c in result.changes), default=dt.date.min)
        then = dt.datetime.now(dt.UTC).date() if then == dt.date.min else then
        answers = _ask(place, structures, asked, then) if asked else {}
        if terminal.as_json:
            terminal.print_json(_as_json(place, result, asked, then, answers))
        else:
            _print(terminal, result, answers, then)


def _read_load(text: str | None) -> Load | None:
    if text is None:
        return None
    from sitewatch.assess import Load
    from sitewatch.errors import SiteError

    words = [word.strip() for word in text.split(",")]
    try:
        if len(words) != 4:
            raise ValueError(f"{len(words)} sizes")
        return Load(*(None if word in ("?", "") else float(word) for word in words))
    except (ValueError, SiteError) as error:
        raise typer.BadParameter(
            f"{text!r} is not length, width, height and mass; write 20,3.7,3.7,40, with ? where not known",
            param_hint="--load",
        ) from error


def _structures_of(folder: Path) -> list[Structure]:
    from sitewatch.record import Workspace, list_structures

    workspace = Workspace.open(folder)
    with workspace.record() as record:
        return [one.structure for one in list_structures(record, workspace.uid) if one.stands]


def _ask(site: Site, structures: list[Structure], load: Load, day: dt.date) -> dict[str, Answer]:
    from sitewatch.assess import can_reach, transport_network

    network = transport_network(site, structures)
    places = [place for _, place in network.nodes(data="place") if not place.outside]
    return {place.id: can_reach(network, place.id, load, day) for place in places}


def _print(terminal: Terminal, result: WhatItChanges, answers: dict[str, Answer], day: dt.date) -> None:
    from sitewatch.assess import SIZE_NAMES, bottleneck_words, route_words, since_words

    for note in result.notes:
        terminal.say(f"Note: {note}")
    if not result.links:
        terminal.out.print("The site file has no links that say their mode, from and to: docs/assess.md has how.")
        return
    names = {place.id: place.name for place in result.places}
    if answers:
        table = Table("facility", "can it get there", "since", "by", "why", box=None, pad_edge=False)
        for identifier, answer in answers.items():
            since = since_words(answer.since) if answer.since else "throughout" if answer.verdict == "yes" else ""
            cells = (names[identifier], answer.verdict, since, route_words(answer.route), "; ".join(answer.reasons))
            table.add_row(*map(escape, cells))
        terminal.out.print(f"On {day}:", markup=False)
        terminal.print_table(table)
    else:
        table = Table("facility", "when", *SIZE_NAMES.values(), box=None, pad_edge=False)
        for change in result.changes:
            for when, loads in (("before", change.before), ("now", change.after)):
                sizes = map(bottleneck_words, loads.bottlenecks)
                table.add_row(*map(escape, (change.place.name, when, *sizes)))
        terminal.print_table(table)
        for finding in result.findings:
            terminal.out.print(f"\n[{finding.kind}] {finding.text}", markup=False, soft_wrap=True)
            if finding.confidence:
                terminal.out.print(finding.confidence, markup=False, soft_wrap=True)
    told = dict.fromkeys(one for a in answers.values() for one in a.assumptions) if answers else result.assumptions
    if told:
        terminal.out.print("\nAssumptions:")
        for one in told:
            terminal.out.print(f"- {one}", markup=False, soft_wrap=True)


def _as_json(
    site: Site, result: WhatItChanges, load: Load | None, day: dt.date, answers: dict[str, Answer]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "site": site.id,
        "facilities": [
            {
                "facility": change.place.id,
                "name": change.place.name,
                "before": _loads_json(change.before),
                "now": _loads_json(change.after),
                "changes": {
                    one.after.dimension: {"direction": one.direction, "since": _since_json(one.since)}
                    for one in change.limits
                },
            }
            for change in result.changes
        ],
        "findings": [dataclasses.asdict(finding) for finding in result.findings],
        "notes": list(result.notes),
    }
    if load:
        told["load"], told["day"] = dataclasses.asdict(load), day.isoformat()
        told["answers"] = {
            identifier: {
                "verdict": answer.verdict,
                "reasons": list(answer.reasons),
                "route": [step.name for step in answer.route],
                "limiting": answer.limiting or None,
                "since": _since_json(answer.since),
                "assumptions": list(answer.assumptions),
            }
            for identifier, answer in answers.items()
        }
    return told


def _loads_json(loads: LargestLoad) -> dict[str, Any]:
    return {
        one.dimension: {
            "at_least": _number_json(one.at_least),
            "at_most": _number_json(one.at_most),
            "route": [step.name for step in one.route],
            "limiting": one.limiting or None,
            "unknown_at": list(one.unknown_at),
        }
        for one in loads.bottlenecks
    }


def _number_json(size: float) -> float | str:
    return "unlimited" if math.isinf(size) else size


def _since_json(since: Since | None) -> dict[str, str | None] | None:
    if since is None:
        return None
    earliest = since.earliest.isoformat() if since.earliest else None
    return {"earliest": earliest, "latest": since.latest.isoformat()}
