"""What the works at a site changed in its transport network."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Sequence

import networkx as nx

from sitewatch.assess._answers import largest_load, since_when
from sitewatch.assess._limits import DIMENSIONS, Dimension, Verdict
from sitewatch.assess._network import links_of, turns_of
from sitewatch.assess._nouns import LargestLoad, LimitChange, Place, PlaceChange


def what_changed(network: nx.MultiDiGraph) -> tuple[PlaceChange, ...]:
    """What could reach each facility before any of the works, and what can at the last image.

    Parameters
    ----------
    network
        See `transport_network`. The last image of any structure is the day of `PlaceChange.after`; where there are
        none, the last day on which the site file opens or closes a link is.

    Returns
    -------
    tuple of PlaceChange
        One for each place that is not outside, in the order of the site file. The day of `before` is `date.min`.
    """
    turns = turns_of(network)
    now = network.graph.get("as_of") or (turns[-1] if turns else dt.date.min)
    places: list[Place] = [place for _, place in network.nodes(data="place") if not place.outside]
    return tuple(_changed(network, place, turns, now) for place in places)


def _changed(network: nx.MultiDiGraph, place: Place, turns: Sequence[dt.date], now: dt.date) -> PlaceChange:
    on = functools.cache(lambda day: largest_load(network, place.id, day))
    # What is not known can hide a change, but not where every link is surely as it was.
    states = [(link.opening.on(dt.date.min), link.opening.on(now)) for link in links_of(network)]
    nothing_opened = all(before == after != "unknown" for before, after in states)
    limits = tuple(_limit_change(on, name, turns, now, nothing_opened) for name in DIMENSIONS)
    return PlaceChange(place, on(dt.date.min), on(now), limits)


def _limit_change(
    on: Callable[[dt.date], LargestLoad],
    name: Dimension,
    turns: Sequence[dt.date],
    now: dt.date,
    nothing_opened: bool,
) -> LimitChange:
    first, last = on(dt.date.min), on(now)
    before, after = first.of(name), last.of(name)
    if after.at_least > before.at_most:
        since = since_when(_reaching(on, name, after.at_least), turns, now)
        return LimitChange(before, after, "larger", since)
    if after.at_most < before.at_least:
        return LimitChange(before, after, "smaller")
    known = before.at_least == before.at_most == after.at_least == after.at_most
    return LimitChange(before, after, "same" if known or nothing_opened else "unknown")


def _reaching(on: Callable[[dt.date], LargestLoad], name: Dimension, size: float) -> Callable[[dt.date], Verdict]:
    def reaches(day: dt.date) -> Verdict:
        bottleneck = on(day).of(name)
        if bottleneck.at_least >= size:
            return "yes"
        return "no" if bottleneck.at_most < size else "unknown"

    return reaches
