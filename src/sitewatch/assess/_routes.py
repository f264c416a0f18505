"""Ways through the network with changes of mode: a state is a place and the mode by which a load is there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator

import networkx as nx

from sitewatch.assess._limits import DIMENSIONS
from sitewatch.assess._nouns import MODES, Link, Mode, Route, Step

_State = tuple[str, Mode]


def best_route(network: nx.MultiDiGraph, goal: str, cost: Callable[[Step], int]) -> tuple[Step, ...] | None:
    """Route from outside to a place with the least sum of costs, then the fewest steps; None where none leads there."""
    states = nx.DiGraph()
    scale = 2 * len(MODES) * (network.number_of_nodes() + 1)
    for start, end, step in _steps(network):
        weight = cost(step) * scale + 1
        known = states.get_edge_data(start, end)
        if known is None or (weight, step.name) < (known["weight"], known["step"].name):
            states.add_edge(start, end, weight=weight, step=step)
    starts = [state for state in states if network.nodes[state[0]]["place"].outside]
    goals = [state for state in states if state[0] == goal]
    if not starts or not goals:
        return None
    lengths, paths = nx.multi_source_dijkstra(states, set(starts))
    reached = [state for state in goals if state in lengths]
    if not reached:
        return None
    path = paths[min(reached, key=lambda state: (lengths[state], state))]
    return tuple(states.edges[pair]["step"] for pair in itertools.pairwise(path))


def pareto_routes(network: nx.MultiDiGraph, goal: str, day: dt.date) -> tuple[Route, ...]:
    """Routes from outside to a place that no other beats in every dimension, on a day.

    Multi-criteria label correcting: the bottleneck of a dimension only falls along a route, so a label that another
    of the same state equals or exceeds in every dimension can be dropped (Martins 1984, for bottleneck criteria).
    """
    outgoing: dict[_State, list[tuple[_State, Step]]] = {}
    for start, end, step in _steps(network):
        if step.open_on(day) != "no":
            outgoing.setdefault(start, []).append((end, step))
    kept: dict[_State, list[Route]] = {}
    # Loads that come from outside may come by any mode.
    queue = deque(
        (state, Route((), *_NOTHING_IN_THE_WAY))
        for state in sorted(outgoing)
        if network.nodes[state[0]]["place"].outside
    )
    while queue:
        state, route = queue.popleft()
        if route.steps:
            rivals = kept.setdefault(state, [])
            if any(_covers(rival, route) for rival in rivals):
                continue
            rivals[:] = [rival for rival in rivals if not _covers(route, rival)] + [route]
        for end, step in outgoing.get(state, ()):
            queue.append((end, _extended(route, step, day)))
    ends = [route for mode in MODES for route in kept.get((goal, mode), [])]
    ends = [route for route in ends if min(route.at_most) > 0]
    ends.sort(key=lambda route: (len(route.steps), [step.name for step in route.steps]))
    best: list[Route] = []
    for route in ends:
        if not any(_covers(rival, route) for rival in best):
            best = [rival for rival in best if not _covers(route, rival)] + [route]
    return tuple(best)


_NOTHING_IN_THE_WAY = ((math.inf,) * 4, (math.inf,) * 4)


def _steps(network: nx.MultiDiGraph) -> Iterator[tuple[_State, _State, Step]]:
    """Every step that a load can take, open or not."""
    for node, place in network.nodes(data="place"):
        modes: set[Mode] = {link.mode for _, _, link in network.in_edges(node, data="link")}
        for mode in sorted(modes):
            leaving: set[Mode] = {link.mode for _, _, link in network.out_edges(node, data="link")}
            for other in sorted(leaving - {mode}):
                yield (node, mode), (node, other), Step(place)
    for start, end, data in network.edges(data="link"):
        link: Link = data
        yield (start, link.mode), (end, link.mode), Step(network.nodes[end]["place"], link)


def _extended(route: Route, step: Step, day: dt.date) -> Route:
    limits = [step.limits.of(name) for name in DIMENSIONS]
    sure = step.open_on(day) == "yes"
    least = tuple(min(a, b) if sure and b is not None else 0.0 for a, b in zip(route.at_least, limits, strict=True))
    most = tuple(a if b is None else min(a, b) for a, b in zip(route.at_most, limits, strict=True))
    return dataclasses.replace(route, steps=(*route.steps, step), at_least=least, at_most=most)  # type: ignore[arg-type]


def _covers(one: Route, other: Route) -> bool:
    """Whether a route takes all that another takes, surely and perhaps."""
    pairs = zip((*one.at_least, *one.at_most), (*other.at_least, *other.at_most), strict=True)
    return all(a >= b for a, b in pairs)
