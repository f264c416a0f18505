"""What the network says: whether a load can reach a place, and how large one can be."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence

import networkx as nx

from sitewatch.assess._limits import DIMENSIONS, Dimension, Load, Verdict, worst
from sitewatch.assess._network import place_in, turns_of
from sitewatch.assess._nouns import Answer, Bottleneck, LargestLoad, Route, Since, Step
from sitewatch.assess._routes import best_route, pareto_routes
from sitewatch.assess._words import SIZE_NAMES, assumptions_of, size_words
from sitewatch.words import date_words


def can_reach(network: nx.MultiDiGraph, facility: str, load: Load, day: dt.date) -> Answer:
    """Whether a load can be brought to a facility from outside on a day.

    Parameters
    ----------
    network
        See `transport_network`.
    facility
        Id or name of one of its places.
    load
        In the orientation in which it travels; it must pass in every dimension on one route.
    day
        The answer holds for the end of that day.

    Returns
    -------
    Answer
        Unknown where a limit, a size or a date that matters is not known; never guessed.

    Raises
    ------
    SiteError
        The network has no such facility.
    """
    place = place_in(network, facility)
    if place.outside:
        return Answer("yes", (f"{place.name} is where loads come from",))
    verdict, route = _verdict(network, place.id, load, day)
    if route is None:
        return Answer("no", ("no route in the site file leads there",))
    assumptions = assumptions_of(route, network.graph.get("assumptions", ()))
    blocking = [step for step in route if step.takes(load, day) == verdict]
    if verdict != "yes":
        reasons = tuple(reason for step in route for reason in _reasons(step, load, day))
        return Answer(verdict, reasons, route, blocking[0].name, assumptions=assumptions)
    tightest, reason = _tightest(route, load)
    since = since_when(lambda then: _verdict(network, place.id, load, then)[0], turns_of(network), day)
    return Answer("yes", (reason,), route, tightest, since, assumptions)


def largest_load(network: nx.MultiDiGraph, facility: str, day: dt.date) -> LargestLoad:
    """How large a load can be brought to a facility from outside on a day, dimension by dimension.

    The widest route need not be the one that takes the most mass: `LargestLoad.routes` has every route that no other
    beats in all dimensions, and each bottleneck names its own.

    Raises
    ------
    SiteError
        The network has no such facility.
    """
    place = place_in(network, facility)
    if place.outside:
        free = tuple(Bottleneck(name, math.inf, math.inf) for name in DIMENSIONS)
        return LargestLoad(place, day, (), free)
    routes = pareto_routes(network, place.id, day)
    return LargestLoad(place, day, routes, tuple(_bottleneck(routes, name, day) for name in DIMENSIONS))


def since_when(holds: Callable[[dt.date], Verdict], turns: Sequence[dt.date], day: dt.date) -> Since | None:
    """Since when something holds that holds on a day and may change on `turns` only; None where it always did."""
    starts = [dt.date.min, *(turn for turn in turns if turn <= day)]
    verdicts = [holds(start) for start in starts]
    first = len(starts) - 1
    while first > 0 and verdicts[first - 1] == "yes":
        first -= 1
    if first == 0:
        return None
    refused = [index for index in range(first) if verdicts[index] == "no"]
    earliest = starts[refused[-1] + 1] - dt.timedelta(days=1) if refused else None
    return Since(earliest, starts[first])


def _verdict(network: nx.MultiDiGraph, goal: str, load: Load, day: dt.date) -> tuple[Verdict, tuple[Step, ...] | None]:
    refusal = 10 * (network.number_of_nodes() + 1)  # more than all unknown steps of any route together
    costs: dict[Verdict, int] = {"yes": 0, "unknown": 1, "no": refusal}
    route = best_route(network, goal, lambda step: costs[step.takes(load, day)])
    if route is None:
        return "no", None
    return worst(*(step.takes(load, day) for step in route)), route


def _reasons(step: Step, load: Load, day: dt.date) -> list[str]:
    """What of a step stands in the way of a load."""
    why = f" ({step.link.why})" if step.link and step.link.why else ""
    reasons = {
        "yes": [],
        "no": [f"{step.name} can't be used on {date_words(day)}{why}"],
        "unknown": [f"whether {step.name} can be used on {date_words(day)} is not known{why}"],
    }[step.open_on(day)]
    for name in DIMENSIONS:
        verdict, limit = step.limits.takes_in(load, name), step.limits.of(name)
        if verdict == "no" and limit is not None:
            reasons.append(f"{step.name} takes a {SIZE_NAMES[name]} of at most {size_words(name, limit)}")
        elif verdict == "unknown" and limit is None:
            reasons.append(f"the largest {SIZE_NAMES[name]} that {step.name} takes is not known")
        elif verdict == "unknown":
            reasons.append(f"the {SIZE_NAMES[name]} of the load is not given")
    return reasons


def _tightest(route: Sequence[Step], load: Load) -> tuple[str, str]:
    """Of a route that takes a load, the step with the least to spare, and the same as a clause."""
    spare: list[tuple[float, str, Dimension, float]] = []
    for step in route:
        for name in DIMENSIONS:
            limit, size = step.limits.of(name), load.of(name)
            if size and limit is not None and math.isfinite(limit):
                spare.append((limit / size, step.name, name, limit))
    if not spare:
        return "", "nothing on the route limits such a load"
    _, step_name, name, limit = min(spare)
    return step_name, f"the closest limit is the {SIZE_NAMES[name]} on {step_name}, {size_words(name, limit)}"


def _bottleneck(routes: Sequence[Route], name: Dimension, day: dt.date) -> Bottleneck:
    index = DIMENSIONS.index(name)
    if not routes:
        return Bottleneck(name, 0.0, 0.0)
    at_least = max(route.at_least[index] for route in routes)
    at_most = max(route.at_most[index] for route in routes)
    # Of equals the first: routes are sorted by their number of steps.
    carrier = max(routes, key=lambda r: (r.at_least[index], r.at_most[index]))
    known = [(limit, step.name) for step in carrier.steps if (limit := step.limits.of(name)) is not None]
    smallest = min(known, default=(math.inf, ""), key=lambda pair: pair[0])
    unknown_at = tuple(s.name for s in carrier.steps if s.limits.of(name) is None or s.open_on(day) == "unknown")
    return Bottleneck(
        name, at_least, at_most, carrier.steps, smallest[1] if math.isfinite(smallest[0]) else "", unknown_at
    )
