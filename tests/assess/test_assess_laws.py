"""Laws of the network: nothing becomes unreachable by a new link, nothing is known by what is not known."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.assess import (
    DIMENSIONS,
    Limits,
    Link,
    Load,
    Opening,
    Place,
    add_link,
    can_reach,
    largest_load,
    what_changed,
)
from sitewatch.assess._limits import VERDICTS
from sitewatch.assess._network import links_of, turns_of
from sitewatch.assess._nouns import MODES

NODES = "oabcd"
DAYS = [dt.date(2020, month, 1) for month in (1, 3, 5, 7)]
_limit = st.sampled_from([None, 0.0, 2.0, 5.0, 8.0, math.inf])
_limits = st.builds(Limits, _limit, _limit, _limit, _limit)
_size = st.sampled_from([None, 0.0, 1.0, 3.0, 6.0, 9.0])
_loads = st.builds(Load, _size, _size, _size, _size)
_openings = st.sampled_from(
    [Opening(), Opening(DAYS[0], DAYS[2]), Opening(DAYS[1], None), Opening(sure_from=None),
     Opening(sure_until=DAYS[1], possible_before=DAYS[2])]
)  # fmt: skip


@st.composite
def links(draw: st.DrawFn, identifier: str) -> Link:
    start, end = draw(st.permutations(NODES))[:2]
    mode = draw(st.sampled_from(MODES))
    return Link(identifier, identifier, mode, start, end, draw(_limits), opening=draw(_openings),
                one_way=draw(st.booleans()))  # fmt: skip


@st.composite
def networks(draw: st.DrawFn) -> nx.MultiDiGraph:
    network = nx.MultiDiGraph()
    for node in NODES:
        network.add_node(node, place=Place(node, node, node == "o", draw(_limits)))
    for number in range(draw(st.integers(1, 7))):
        add_link(network, draw(links(f"link-{number}")))
    return network


def rebuilt(network: nx.MultiDiGraph, changed: dict[str, Link]) -> nx.MultiDiGraph:
    other = nx.MultiDiGraph()
    other.add_nodes_from(network.nodes(data=True))
    for link in links_of(network):
        add_link(other, changed.get(link.id, link))
    return other


def rank(network: nx.MultiDiGraph, goal: str, load: Load, day: dt.date) -> int:
    return VERDICTS.index(can_reach(network, goal, load, day).verdict)


def simple_verdict(network: nx.MultiDiGraph, goal: str, load: Load, day: dt.date) -> int:
    """The best of all paths without a state twice, walked one by one."""
    best = 0
    places: dict[str, Place] = dict(network.nodes(data="place"))

    def walk(node: str, mode: str, sofar: int, seen: frozenset[tuple[str, str]]) -> None:
        nonlocal best
        if node == goal:
            best = max(best, sofar)
            return
        for _, end, link in network.out_edges(node, data="link"):
            if (end, link.mode) in seen:
                continue
            passes = min(sofar, VERDICTS.index(link.opening.on(day)), VERDICTS.index(link.limits.takes(load)))
            if mode not in ("", link.mode):
                passes = min(passes, VERDICTS.index(places[node].transfer.takes(load)))
            # From outside a load starts by any mode, as often as it comes by.
            walk(end, link.mode if end != "o" else "", passes, seen | {(end, link.mode)})

    walk("o", "", 2, frozenset())
    return best


_questions: dict[str, Any] = {"goal": st.sampled_from(NODES[1:]), "load": _loads, "day": st.sampled_from(DAYS)}


@settings(max_examples=60)
@given(network=networks(), **_questions)
def test_the_answer_is_that_of_the_best_of_all_paths(network: Any, goal: str, load: Load, day: dt.date) -> None:
    assert rank(network, goal, load, day) == simple_verdict(network, goal, load, day)


@settings(max_examples=60)
@given(network=networks(), new=links("new"), **_questions)
def test_a_new_link_makes_nothing_unreachable(network: Any, new: Link, goal: str, load: Load, day: dt.date) -> None:
    before, sizes = rank(network, goal, load, day), largest_load(network, goal, day)
    add_link(network, new)
    assert rank(network, goal, load, day) >= before
    grown = largest_load(network, goal, day)
    for name in DIMENSIONS:
        assert grown.of(name).at_least >= sizes.of(name).at_least
        assert grown.of(name).at_most >= sizes.of(name).at_most


@settings(max_examples=60)
@given(network=networks(), smaller=_loads, **_questions)
def test_a_larger_load_never_reaches_more(
    network: Any, smaller: Load, goal: str, load: Load, day: dt.date
) -> None:  # fmt: skip
    sizes = [(getattr(load, n), getattr(smaller, n)) for n in DIMENSIONS]
    part = Load(*(a if a is None or b is None else min(a, b) for a, b in sizes))
    assert rank(network, goal, part, day) >= rank(network, goal, load, day)


@settings(max_examples=60)
@given(network=networks(), extra=st.floats(0.0, 5.0), pick=st.integers(0, 6), **_questions)
def test_answers_grow_with_the_limits(
    network: Any, extra: float, pick: int, goal: str, load: Load, day: dt.date
) -> None:
    link = links_of(network)[pick % len(links_of(network))]
    wider = Limits(*(None if (v := link.limits.of(n)) is None else v + extra for n in DIMENSIONS))
    other = rebuilt(network, {link.id: dataclasses.replace(link, limits=wider)})
    assert rank(other, goal, load, day) >= rank(network, goal, load, day)


@settings(max_examples=60)
@given(network=networks(), pick=st.integers(0, 6), name=st.sampled_from(DIMENSIONS), **_questions)
def test_to_forget_a_limit_makes_nothing_known(
    network: Any, pick: int, name: str, goal: str, load: Load, day: dt.date
) -> None:
    link = links_of(network)[pick % len(links_of(network))]
    blank = dataclasses.replace(link.limits, **{name: None})
    other = rebuilt(network, {link.id: dataclasses.replace(link, limits=blank)})
    before, after = rank(network, goal, load, day), rank(other, goal, load, day)
    assert after in (before, 1)


@settings(max_examples=60)
@given(network=networks(), new=links("new"), **_questions)
def test_a_link_of_which_nothing_is_known_makes_nothing_known(
    network: Any, new: Link, goal: str, load: Load, day: dt.date
) -> None:
    load = dataclasses.replace(load, width_m=1.0)
    before = rank(network, goal, load, day)
    add_link(network, dataclasses.replace(new, limits=Limits(), opening=Opening(sure_from=None)))
    assert rank(network, goal, load, day) in (before, 1)


@settings(max_examples=60)
@given(network=networks(), **_questions)
def test_the_routes_of_the_largest_load_agree_with_what_can_be_reached(
    network: Any, goal: str, load: Load, day: dt.date
) -> None:
    routes = largest_load(network, goal, day).routes
    sizes = [getattr(load, name) for name in DIMENSIONS]

    def passes(bounds: tuple[float, ...], *, surely: bool) -> bool:
        pairs = list(zip(sizes, bounds, strict=True))
        return all(bound == math.inf or size == 0 or (size is not None and size <= bound) if surely else
                   size is None or size <= bound for size, bound in pairs)  # fmt: skip

    verdict = rank(network, goal, load, day)
    if any(passes(route.at_least, surely=True) for route in routes):
        assert verdict == 2 or 0.0 in sizes
    if verdict == 2 and 0.0 not in sizes:
        assert any(passes(route.at_least, surely=True) for route in routes)
    if verdict >= 1 and 0.0 not in sizes:
        assert any(passes(route.at_most, surely=False) for route in routes)
    for one, other in itertools.permutations(routes, 2):
        worse = zip((*other.at_least, *other.at_most), (*one.at_least, *one.at_most), strict=True)
        assert any(a > b for a, b in worse)


@settings(max_examples=40)
@given(network=networks(), goal=st.sampled_from(NODES[1:]), load=_loads)
def test_a_yes_has_held_since_the_day_that_is_given(network: Any, goal: str, load: Load) -> None:
    days = [dt.date.min, *turns_of(network)]
    answer = can_reach(network, goal, load, days[-1])
    verdicts = {day: rank(network, goal, load, day) for day in days}
    if answer.verdict != "yes":
        assert answer.since is None
        return
    first = answer.since.latest if answer.since else dt.date.min
    assert all(verdicts[day] == 2 for day in days if day >= first)
    if answer.since and answer.since.earliest:
        assert rank(network, goal, load, answer.since.earliest) == 0
        assert all(verdicts[day] == 1 for day in days if answer.since.earliest < day < first and verdicts[day] != 2)


def settled(opening: Opening, pick: int) -> Opening:
    """One of the openings that may be the true one: known to the day."""
    day, far = dt.timedelta(days=1), dt.date(2021, 1, 1)

    def between(after: dt.date, by: dt.date) -> dt.date:
        start, last = max(after, dt.date(2019, 1, 1)), min(by, far)
        return start + (1 + pick % max((last - start).days, 1)) * day

    begun = opening.sure_from == dt.date.min
    ended = opening.sure_until == dt.date.max
    first = dt.date.min if begun else between(opening.possible_after, opening.sure_from or far)
    end = dt.date.max if ended else between(opening.sure_until, opening.possible_before)
    return Opening(
        dt.date.min if begun else first - day, first, dt.date.max if ended else end - day, dt.date.max if ended else end
    )


@settings(max_examples=30)
@given(network=networks(), truth=st.randoms(use_true_random=False), goal=st.sampled_from(NODES[1:]), load=_loads)
def test_whatever_the_truth_is_what_was_called_known_holds(network: Any, truth: Any, goal: str, load: Load) -> None:
    def limits_of(limits: Limits) -> Limits:
        # A limit of 0 is a link that is closed, which is not what is meant by a limit that is not known.
        guesses = {n: truth.choice([1.0, 4.0, 7.0, math.inf]) for n in DIMENSIONS}
        return Limits(**{n: guesses[n] if limits.of(n) is None else limits.of(n) for n in DIMENSIONS})

    true = nx.MultiDiGraph()
    for node, place in network.nodes(data="place"):
        true.add_node(node, place=dataclasses.replace(place, transfer=limits_of(place.transfer)))
    for link in links_of(network):
        opening = settled(link.opening, truth.randrange(1000))
        add_link(true, dataclasses.replace(link, limits=limits_of(link.limits), opening=opening))
    for day in DAYS:
        said = rank(network, goal, load, day)
        assert said == 1 or rank(true, goal, load, day) == said
    network.graph["as_of"] = true.graph["as_of"] = DAYS[-1]
    thought, known = (next(one for one in what_changed(graph) if one.place.id == goal) for graph in (network, true))
    for guess, fact in zip(thought.limits, known.limits, strict=True):
        assert guess.before.at_least <= fact.before.at_least == fact.before.at_most <= guess.before.at_most
        assert guess.after.at_least <= fact.after.at_least <= guess.after.at_most
        assert guess.direction in ("unknown", fact.direction)
        if guess.since:
            reached = [day for day in [dt.date.min, *turns_of(true)] if day <= DAYS[-1]]
            last_without = max((d for d in reached if largest_load(true, goal, d).of(guess.after.dimension).at_least
                                < guess.after.at_least), default=None)  # fmt: skip
            assert last_without is None or last_without < guess.since.latest
