"""``sitewatch replay``: when could we have known?"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._follow import HERE, WorkspaceOption
from sitewatch.cli._shared import Choice, ImageHints, Screen, read_day, with_shared_options
from sitewatch.cli._summary import interval_text, measure_text
from sitewatch.words import counted

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.watch import Played, Replay


@with_shared_options
def replay(
    choice: Choice,
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    first: Annotated[
        str | None,
        typer.Option("--from", help="First day to play; earlier images are known then.", metavar="YYYY-MM-DD"),
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day to play.", metavar="YYYY-MM-DD")] = None,
    step: Annotated[
        int | None,
        typer.Option(
            help="Days between two looks; by default a look at each day with an image.", min=1, metavar="DAYS"
        ),
    ] = None,
) -> None:
    """Play the archive date by date as if live: when would each structure have been raised, and when confirmed?

    Each date costs an update on the images up to it; the images are read once. Cut short, the same command goes on.

    Example: [bold]sitewatch replay --from 2023-06-01 --to 2024-06-01 --workspace port[/]
    """
    with session(screen, resumable=True) as terminal:
        from sitewatch.watch import replay_site

        with terminal.progress() as progress:
            done = replay_site(
                workspace,
                since=read_day(first, "--from"),
                until=read_day(last, "--to"),
                step=dt.timedelta(days=step) if step else None,
                options=choice.as_options(ImageHints()),
                progress=progress,
                told=terminal.say,
            )
        if terminal.as_json:
            terminal.print_json(_as_json(done))
        else:
            _print(terminal, done)


def _print(terminal: Terminal, done: Replay) -> None:
    table = Table(
        *("id", "kind", "status", "area", "begun", "raised", "days after", "confirmed", "days after", "taken back"),
        box=None,
        pad_edge=False,
    )
    for one in done.structures:
        table.add_row(*(escape(cell) for cell in _row(one)))
    if done.structures:
        terminal.print_table(table)
    standing = [one for one in done.structures if one.stands]
    gone = len(done.structures) - len(standing)
    terminal.out.print(
        f"Played: {counted(len(done.days), 'day')} with images, {done.days[0]} to {done.days[-1]}; "
        f"{counted(len(done.alerts), 'alert')}. Found at the end: {len(standing)}; told of and no longer: {gone}.",
        markup=False,
    )
    terminal.say(
        "Begun: between the last image without it and the first with it, as known at the end. Days after: from the "
        "first image with it. Images, their co-registration and the grid are as they are known today."
    )
    terminal.say(f"Computed: {counted(done.computed, 'day')} in {done.seconds:.0f} s.")


def _row(one: Played) -> tuple[str, ...]:
    s = one.structure
    status = s.status if one.stands else "no longer found" if s.status != "rejected" else "rejected"

    def day(value: dt.date | None) -> str:
        return str(value) if value else "known before" if one.from_before else "not yet"

    def after(value: dt.date | None) -> str:
        days = one.days_after_begun(value)
        return "" if days is None else str(days)

    confirmed = ", again ".join(map(str, one.confirmations)) or (day(None) if s.status == "confirmed" else "")
    return (
        one.known_as or one.name,
        s.kind,
        status,
        measure_text(s.area_m2, "m2"),
        interval_text(s.onset) or "can't be told",
        day(one.raised),
        after(one.raised),
        confirmed,
        after(one.confirmed),
        ", ".join(map(str, one.withdrawn)),
    )


def _as_json(done: Replay) -> dict[str, Any]:
    return {
        "days": [day.isoformat() for day in done.days],
        "structures": [_structure_json(one) for one in done.structures],
        "alerts": [
            {
                "day": alert.raised.date().isoformat() if alert.raised else None,
                "kind": alert.kind,
                "structure": alert.structure,
                "text": alert.text,
            }
            for alert in done.alerts
        ],
        "computed": done.computed,
        "seconds": done.seconds,
    }


def _structure_json(one: Played) -> dict[str, Any]:
    s = one.structure

    def iso(day: dt.date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        "id": one.known_as,
        "replay_id": one.name,
        "kind": s.kind,
        "status": s.status,
        "stands": one.stands,
        "area_m2": s.area_m2.value,
        "onset_earliest": iso(s.onset.earliest if s.onset else None),
        "onset_latest": iso(s.onset.latest if s.onset else None),
        "known_before": one.from_before,
        "raised": iso(one.raised),
        "raised_days_after": one.days_after_begun(one.raised),
        "confirmed": iso(one.confirmed),
        "confirmed_days_after": one.days_after_begun(one.confirmed),
        "confirmations": [iso(day) for day in one.confirmations],
        "withdrawn": [iso(day) for day in one.withdrawn],
        "first_raised": iso(s.first_raised),
        "confirmed_on": iso(s.confirmed_on),
    }
