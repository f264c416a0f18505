"""``sitewatch watch``: many sites looked at on a schedule, and alerts told."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sitewatch.cli._exits import session
from sitewatch.cli._shared import Screen, with_shared_options
from sitewatch.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sitewatch.cli._terminal import Terminal
    from sitewatch.progress import Progress
    from sitewatch.watch import Look, WatchRules

RulesArgument = Annotated[
    Path, typer.Argument(help="TOML file of sites, sources, receivers and rules (docs/watch.md).", metavar="FILE")
]


@with_shared_options
def watch(
    screen: Screen,
    rules: RulesArgument = Path("watch.toml"),
    once: Annotated[bool, typer.Option("--once", help="Look at every site once and end, for cron.")] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Print a file to begin with, every setting explained, and end.")
    ] = False,
) -> None:
    """Watch the sites of FILE: fetch what is new, update, raise alerts and tell receivers, each alert once.

    It goes on until interrupted. A site that fails does not keep the others from being looked at.

    Example: [bold]sitewatch watch watch.toml --once[/]
    """
    with session(screen, resumable=True) as terminal:
        if example:
            text = resources.files("sitewatch.watch").joinpath("example.toml").read_text(encoding="utf-8")
            sys.stdout.write(text)
            return
        from sitewatch.watch import read_rules, watch_once, watch_sites

        said = read_rules(rules)
        _tell_plan(terminal, said)
        follow = watch_once if once else watch_sites
        with contextlib.closing(_Drawn(terminal)) as progress:
            looks = follow(said, progress=progress, told=terminal.say, command=shlex.join(sys.argv))
            failed = _follow(terminal, looks, progress, whole=once)
        if failed:
            terminal.warn(f"{counted(len(failed), 'site')} failed: {', '.join(failed)}.")
            raise typer.Exit(1)


class _Drawn:
    """Progress that is drawn while a site is at work, and cleared before its result is printed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._opened = contextlib.ExitStack()
        self._draw: Progress | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._draw is None:
            self._draw = self._opened.enter_context(self._terminal.progress())
        self._draw(stage, done, total)

    def close(self) -> None:
        self._opened.close()
        self._draw = None


def _follow(terminal: Terminal, looks: Iterable[Look], drawn: _Drawn, *, whole: bool) -> list[str]:
    """Print each look as it is done; gives the names of sites that failed."""
    documents, failed = [], []
    for look in looks:
        drawn.close()
        document = _look_json(look)
        documents.append(document)
        if look.outcome == "failed":
            failed.append(look.site)
        if not terminal.as_json:
            _print_look(terminal, look)
        elif not whole:
            # A watch without end can't end a document: a line a look.
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        if not whole:
            documents.clear()
            failed.clear()
    if terminal.as_json and whole:
        terminal.print_json({"looks": documents})
    return failed


def _tell_plan(terminal: Terminal, rules: WatchRules) -> None:
    """What is going to be done, defaults included."""
    for site in rules.site:
        places = [str(folder) for folder in site.images] + [one.source for one in site.catalogue]
        where = ", ".join(places) or "what was added to its workspace"
        hours = rules.every_of(site).total_seconds() / 3600
        stalled = rules.stalled_after(site).total_seconds() / 3600
        terminal.say(
            f"{site.name}: every {hours:g} h; images from {where}; stalled after {stalled:g} h without a look."
        )
    told = ", ".join(channel.name for channel in rules.channels)
    terminal.say(
        f"Told: {told}." if told else "Nobody is told: FILE names no receiver. Alerts are kept in the records."
    )


def _print_look(terminal: Terminal, look: Look) -> None:
    what = {"updated": f"{counted(look.images, 'new image')} (run {look.run})"}.get(look.outcome, look.outcome)
    said = f"{look.at:%Y-%m-%d %H:%M} {look.site}: {what}"
    if look.outcome != "told" or look.attempts:
        terminal.out.print(f"{said}; {counted(len(look.alerts), 'alert')}.", markup=False, soft_wrap=True)
    if look.error:
        terminal.warn(f"{look.site}: {look.error}")
    for note in look.notes:
        terminal.say(f"{look.site}: {note}")
    for alert in look.alerts:
        terminal.out.print(f"  {alert.kind}: {alert.text}", markup=False, soft_wrap=True)
    told = [one for one in look.attempts if one.delivered]
    if told:
        names = dict.fromkeys(f"{one.channel} ({one.target})" for one in told)
        terminal.say(f"  Told: {', '.join(names)}.")
    for one in look.attempts:
        if not one.delivered:
            terminal.warn(f"  Not told: {one.channel} ({one.target}): {one.detail}")
    if look.next_attempt is not None:
        terminal.say(f"  To be told from {look.next_attempt:%Y-%m-%d %H:%M:%S} UTC on.")


def _look_json(look: Look) -> dict[str, Any]:
    return {
        "site": look.site,
        "workspace": str(look.workspace),
        "at": look.at.isoformat(),
        "outcome": look.outcome,
        "new_images": look.images,
        "run": look.run,
        "alerts": [
            {"key": alert.key, "kind": alert.kind, "structure": alert.structure, "text": alert.text}
            for alert in look.alerts
        ],
        "deliveries": [
            {
                "channel": one.channel,
                "target": one.target,
                "alerts": list(one.alerts),
                "delivered": one.delivered,
                "detail": one.detail,
            }
            for one in look.attempts
        ],
        "next_attempt": look.next_attempt.isoformat() if look.next_attempt else None,
        "notes": list(look.notes),
        "error": look.error or None,
    }
