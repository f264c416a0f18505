"""Findings about what can reach which facility: what can be brought where, never what for."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from sitewatch.assess._finding import confidence_words, likelihood_of_route
from sitewatch.assess._limits import DIMENSIONS
from sitewatch.assess._network import links_of
from sitewatch.assess._nouns import Bottleneck, LimitChange, PlaceChange, Since, Step
from sitewatch.assess._words import SIZE_NAMES, assumptions_of, item_size_words, route_words, size_words
from sitewatch.finding import Finding, Likelihood
from sitewatch.phrases import length_words
from sitewatch.structure import LINEAR_KINDS, Structure
from sitewatch.words import date_words, joined, span_words, upper_first


def link_findings(
    changes: Sequence[PlaceChange], network: nx.MultiDiGraph, structures: Sequence[Structure]
) -> tuple[Finding, ...]:
    """What the works at a site changed, as sentences.

    Parameters
    ----------
    changes
        See `what_changed`.
    network, structures
        Those they were computed from.

    Returns
    -------
    tuple of Finding
        Place by place; then the links that don't count yet, and what was measured of berths.
    """
    known = {s.id: s for s in structures}
    told: tuple[str, ...] = network.graph.get("assumptions", ())
    findings = [one for change in changes for one in _of_place(change, known, told)]
    now = max((change.after.day for change in changes), default=dt.date.min)
    return (*findings, *_not_open(network, now, known), *_berths(network, known))


def since_words(since: Since) -> str:
    """``Since a day between 20 March and 9 April 2023``, or ``since 9 April 2023 at the latest``."""
    if since.earliest is None:
        return f"since {date_words(since.latest)} at the latest"
    if (since.latest - since.earliest).days <= 1:
        return f"since {date_words(since.latest)}"
    return f"since a day between {span_words(since.earliest, since.latest, 'and')}"


def bottleneck_words(bottleneck: Bottleneck) -> str:
    """``3.4 m (Railway)``, ``3.4 m, perhaps 8 m``, ``8 m at most``, ``not known``, ``no route``."""
    if bottleneck.at_most == 0:
        return "no route"
    if bottleneck.at_least == bottleneck.at_most:
        by = f" ({bottleneck.limiting})" if bottleneck.limiting else ""
        return size_words(bottleneck.dimension, bottleneck.at_most) + by
    least, most = (size_words(bottleneck.dimension, s) for s in (bottleneck.at_least, bottleneck.at_most))
    if math.isinf(bottleneck.at_most):
        return f"{least} at least" if bottleneck.at_least > 0 else "not known"
    return f"{least}, perhaps {most}" if bottleneck.at_least > 0 else f"{most} at most"


def _of_place(change: PlaceChange, known: Mapping[str, Structure], told: Sequence[str]) -> list[Finding]:
    findings: list[Finding] = []
    larger = [one for one in change.limits if one.direction == "larger"]
    groups: dict[tuple[tuple[Step, ...], Since | None], list[LimitChange]] = {}
    for one in larger:
        groups.setdefault((one.after.route, one.since), []).append(one)
    for (route, since), members in groups.items():
        findings.append(_larger(change, route, since, members, known, told))
    smaller = [one for one in change.limits if one.direction == "smaller"]
    if smaller:
        findings.append(_smaller(change, smaller, known, told))
    unknown = [one for one in change.limits if one.direction == "unknown"]
    if unknown:
        findings.append(_unknown(change, unknown, known, told))
    return findings or [_unchanged(change, known, told)]


def _larger(
    change: PlaceChange,
    route: tuple[Step, ...],
    since: Since | None,
    members: Sequence[LimitChange],
    known: Mapping[str, Structure],
    told: Sequence[str],
) -> Finding:
    place = change.place.name
    evidence = _evidence(route, known)
    term = likelihood_of_route(len(evidence), not _unsourced(route))
    when = f"{upper_first(since_words(since))}, items" if since else "Items"
    finite = [item_size_words(c.after.dimension, c.after.at_least) for c in members if c.after.at_least < math.inf]
    free = [item_size_words(c.after.dimension, math.inf) for c in members if c.after.at_least == math.inf]
    sizes = joined([*([f"up to {joined(finite)}"] if finite else []), *free])
    sizes = "of any size and mass" if len(free) == len(DIMENSIONS) else sizes
    limiting = {c.after.limiting: [m for m in members if m.after.limiting == c.after.limiting] for c in members}
    others = _others_on(change, route, [c.after.dimension for c in members])
    clauses = [
        f"{when} {sizes} can {_adverb(term)} be brought to {place}, {route_words(route)}",
        joined(
            f"{name} limits the {joined(SIZE_NAMES[c.after.dimension] for c in held)}"
            for name, held in limiting.items()
            if name
        ),
        others,
        _before_words(members),
    ]
    # What a route was and what it is are both in the sentence, so both sides' assumptions are listed.
    routes = [route, *(c.before.route for c in members)]
    text = "; ".join(clause for clause in clauses if clause) + "."
    way = "+".join(step.link.id for step in route if step.link)
    key = f"links/{change.place.id}/larger/{way}"
    return _assessed(key, text, term, evidence, [step for one in routes for step in one], told)


def _others_on(change: PlaceChange, route: tuple[Step, ...], named: Sequence[str]) -> str:
    """What limits a load on a route in the dimensions that a sentence doesn't name."""
    same = [one for one in change.after.routes if one.steps == route]
    parts = []
    for index, name in enumerate(DIMENSIONS):
        if name in named or not same:
            continue
        least, most = same[0].at_least[index], same[0].at_most[index]
        if least == most:
            parts.append(f"the {SIZE_NAMES[name]} is {_bound(size_words(name, most), most)}")
        elif most < math.inf:
            parts.append(f"the {SIZE_NAMES[name]} is {size_words(name, most)} at most and may be less")
        else:
            parts.append(f"the largest {SIZE_NAMES[name]} is not known")
    return f"on that route {joined(parts)}" if parts else ""


def _bound(size: str, value: float) -> str:
    return "not limited" if math.isinf(value) else f"limited to {size}"


def _before_words(members: Sequence[LimitChange]) -> str:
    if all(c.before.at_most == 0 for c in members):
        return "before, no route led there"
    parts = []
    for one in members:
        size = size_words(one.before.dimension, one.before.at_most)
        doubt = "" if one.before.at_least == one.before.at_most else " at most"
        parts.append(f"{size}{doubt} in {SIZE_NAMES[one.before.dimension]}")
    limiting = joined(dict.fromkeys(c.before.limiting for c in members if c.before.limiting))
    routes = joined(dict.fromkeys(route_words(c.before.route) for c in members if c.before.route))
    by = f", set by {limiting}" if limiting else ""
    return f"before, the limit was {joined(parts)} ({routes}{by})"


def _smaller(
    change: PlaceChange, members: Sequence[LimitChange], known: Mapping[str, Structure], told: Sequence[str]
) -> Finding:
    routes = [step for c in members for step in (*c.before.route, *c.after.route)]
    evidence = _evidence(routes, known)
    term = likelihood_of_route(len(evidence), not _unsourced(routes))
    if all(c.after.at_most == 0 for c in members):
        ways = joined(dict.fromkeys(route_words(c.before.route) for c in members))
        text = f"It is {_adjective(term)} that what was brought to {change.place.name} {ways} no longer gets there, "
        text += "and no other route is left."
    else:
        parts = [
            f"{SIZE_NAMES[c.after.dimension]} now {bottleneck_words(c.after)}, before {bottleneck_words(c.before)}"
            for c in members
        ]
        text = f"The largest items that can be brought to {change.place.name} are {_adverb(term)} smaller than before: "
        text += f"{'; '.join(parts)}."
    return _assessed(f"links/{change.place.id}/smaller", text, term, evidence, routes, told)


def _unknown(
    change: PlaceChange, members: Sequence[LimitChange], known: Mapping[str, Structure], told: Sequence[str]
) -> Finding:
    steps = [step for c in members for step in (*c.before.route, *c.after.route)]
    steps += [step for route in change.after.routes for step in route.steps]
    gaps = []
    for step in dict.fromkeys(steps):
        missing = [SIZE_NAMES[c.after.dimension] for c in members if step.limits.of(c.after.dimension) is None]
        if missing:
            gaps.append(f"the largest {joined(missing)} that {step.name} takes")
        if step.link and step.open_on(change.after.day) == "unknown":
            gaps.append(f"whether {step.name} can be used ({step.link.why})")
    evidence = _evidence(steps, known)
    sizes = joined(SIZE_NAMES[c.after.dimension] for c in members)
    text = f"Whether items of larger {sizes} than before can be brought to {change.place.name} is not known"
    return Finding(
        "assessed",
        f"{text}; what is missing: {', and '.join(gaps)}." if gaps else f"{text}.",
        structures=tuple(s.id for s in evidence),
        scenes=_scenes(evidence),
        assumptions=assumptions_of(steps, told),
        key=f"links/{change.place.id}/unknown",
        facts={"what is not known": text},
    )


def _unchanged(change: PlaceChange, known: Mapping[str, Structure], told: Sequence[str]) -> Finding:
    place, now = change.place.name, change.after
    if not now.routes:
        text = f"No route that the site file names leads to {place}, now or before."
        return Finding("assessed", text, key=f"links/{change.place.id}/none", facts={"route": "none"})
    steps = [step for bottleneck in now.bottlenecks for step in bottleneck.route]
    evidence = _evidence(steps, known)
    term = likelihood_of_route(len(evidence), not _unsourced(steps))
    sizes = "; ".join(f"{SIZE_NAMES[b.dimension]} {bottleneck_words(b)}" for b in now.bottlenecks)
    text = f"The largest items that can be brought to {place} are {_adverb(term)} the same as before: {sizes}."
    return _assessed(f"links/{change.place.id}/same", text, term, evidence, steps, told)


def _assessed(
    key: str,
    text: str,
    term: Likelihood,
    evidence: Sequence[Structure],
    steps: Sequence[Step],
    told: Sequence[str],
) -> Finding:
    """A statement with a likelihood, and what it rests on: structures, and the steps that it speaks of."""
    return Finding(
        "assessed",
        text,
        term,
        confidence_words(evidence, _unsourced(steps)),
        tuple(s.id for s in evidence),
        _scenes(evidence),
        assumptions_of(steps, told),
        key=key,
        facts={"what can be brought": text},
    )


def _not_open(network: nx.MultiDiGraph, now: dt.date, known: Mapping[str, Structure]) -> Iterable[Finding]:
    for link in links_of(network):
        verdict = link.opening.on(now)
        if verdict == "yes" or not link.why:
            continue
        text = {
            "no": f"{link.name} can't be used at the time of the last image: {link.why}.",
            "unknown": f"Whether {link.name} can be used is not known: {link.why}.",
        }[verdict]
        evidence = [known[link.depends_on]] if link.depends_on and link.depends_on in known else []
        yield Finding(
            "assessed",
            text,
            structures=tuple(s.id for s in evidence),
            scenes=_scenes(evidence),
            key=f"links/{link.id}/not open",
            facts={"use": text},
        )


def _berths(network: nx.MultiDiGraph, known: Mapping[str, Structure]) -> Iterable[Finding]:
    for link in links_of(network):
        structure = known.get(link.depends_on or "")
        if link.mode != "sea" or structure is None or structure.status != "confirmed":
            continue
        length = structure.length_m
        if structure.kind in LINEAR_KINDS and length.value > 0 and math.isfinite(length.sd):
            yield Finding(
                "measured",
                f"{structure.id}, on which {link.name} depends, is {length.value:.0f} m long (sd {length.sd:.0f} m); "
                "how much of that a vessel can lie at was not measured.",
                structures=(structure.id,),
                scenes=structure.scenes,
                key=f"links/{link.id}/berth",
                facts={"length": length_words(length)},
            )


def _evidence(steps: Iterable[Step], known: Mapping[str, Structure]) -> list[Structure]:
    ids = dict.fromkeys(step.link.depends_on for step in steps if step.link and step.link.depends_on)
    return [known[one] for one in ids if one in known]


def _unsourced(steps: Iterable[Step]) -> list[str]:
    """Names of steps whose limits have no source; the wholly unknown ones claim nothing, so they need none."""
    names = {
        step.name: None
        for step in steps
        if not (step.link.source if step.link else step.place.source)
        and any(step.limits.of(name) is not None for name in DIMENSIONS)
    }
    return list(names)


def _scenes(evidence: Sequence[Structure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scene for s in evidence for scene in s.scenes))


def _adjective(term: Likelihood) -> str:
    return term if term.endswith("likely") else f"a {term}"


def _adverb(term: Likelihood) -> str:
    return term if term.endswith("likely") else f"with a {term}"
