"""The schedule: whose turn it is, and how long nobody's is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from sitewatch.progress import Progress, silent
from sitewatch.watch._clock import Clock, SystemClock
from sitewatch.watch._deliver import channels_of
from sitewatch.watch._look import Look, look_at, tell_only
from sitewatch.watch._rules import WatchRules

PATIENCE_S = 45.0
"""How long one look of `watch_once` goes on telling receivers that can't be reached: three attempts."""


def watch_once(
    rules: WatchRules,
    *,
    clock: Clock | None = None,
    progress: Progress = silent,
    told: Callable[[str], None] = lambda _: None,
    command: str = "",
) -> Iterator[Look]:
    """Look at every site once, for cron and the like; gives each look as it is done.

    Raises
    ------
    WatchError
        If a webhook has no secret, before anything is done.
    """
    clock, channels = clock or SystemClock(), channels_of(rules)
    for site in rules.site:
        yield look_at(
            rules, site, channels, clock, patience_s=PATIENCE_S, progress=progress, told=told, command=command
        )  # fmt: skip


def watch_sites(
    rules: WatchRules,
    *,
    clock: Clock | None = None,
    progress: Progress = silent,
    told: Callable[[str], None] = lambda _: None,
    command: str = "",
) -> Iterator[Look]:
    """Look at every site when its time has come, without end; between the looks, tell what is due.

    Raises
    ------
    WatchError
        If a webhook has no secret, before anything is done.
    """
    clock, channels = clock or SystemClock(), channels_of(rules)
    looks = {number: clock.now() for number in range(len(rules.site))}
    errands: dict[int, dt.datetime] = {}
    while True:
        number, errand = _whose_turn(looks, errands)
        moment = (errands if errand else looks)[number]
        site = rules.site[number]
        if (wait := (moment - clock.now()).total_seconds()) > 0:
            clock.sleep(wait)
        if errand:
            look = tell_only(rules, site, channels, clock)
        else:
            look = look_at(rules, site, channels, clock, progress=progress, told=told, command=command)
            # From when it was begun: a site whose looks take long is not looked at less often for that.
            looks[number] = max(look.at + rules.every_of(site), clock.now())
        errands.pop(number, None)
        if look.next_attempt is not None:
            errands[number] = look.next_attempt
        yield look


def _whose_turn(looks: dict[int, dt.datetime], errands: dict[int, dt.datetime]) -> tuple[int, bool]:
    """The site whose moment comes first, and whether it is only to be told of; telling goes before looking."""
    moments = [(moment, 0, number) for number, moment in errands.items()]
    moments += [(moment, 1, number) for number, moment in looks.items()]
    _, kind, number = min(moments)
    return number, kind == 0
