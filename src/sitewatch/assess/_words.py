"""Sizes, routes and assumptions in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from sitewatch.assess._limits import DIMENSIONS, Dimension, Limits
from sitewatch.assess._nouns import Step
from sitewatch.words import joined, upper_first

SIZE_NAMES: dict[Dimension, str] = {"length_m": "length", "width_m": "width", "height_m": "height", "mass_t": "mass"}
_ADJECTIVES: dict[Dimension, str] = {"length_m": " long", "width_m": " wide", "height_m": " high", "mass_t": ""}
_ORIENTATION = "A load travels in the orientation given, and is not taken apart."
_COMPLETION = "What depends on a structure can be used from the day it is complete."
_CAPACITY = "That something can be brought does not say that it was."


def size_words(dimension: Dimension, size: float) -> str:
    """``3.4 m``, ``120 t``, ``any size``."""
    if math.isinf(size):
        return "any size"
    return f"{size:,g} {'t' if dimension == 'mass_t' else 'm'}"


def item_size_words(dimension: Dimension, size: float) -> str:
    """``3.4 m wide``, ``120 t``, ``of any width``."""
    if math.isinf(size):
        return f"of any {SIZE_NAMES[dimension]}"
    return size_words(dimension, size) + _ADJECTIVES[dimension]


def limits_words(limits: Limits) -> str:
    """``at most 3.4 m wide, 4 m high; mass not known``."""
    known = [(name, limits.of(name)) for name in DIMENSIONS]
    finite = [item_size_words(name, limit) for name, limit in known if limit is not None and math.isfinite(limit)]
    free = [SIZE_NAMES[name] for name, limit in known if limit == math.inf]
    unknown = [SIZE_NAMES[name] for name, limit in known if limit is None]
    parts = [
        f"at most {', '.join(finite)}" if finite else "",
        f"{joined(free)} not limited" if free else "",
        f"{joined(unknown)} not known" if unknown else "",
    ]
    return "; ".join(part for part in parts if part)


def route_words(route: Sequence[Step]) -> str:
    """``by sea to Pier, then by road``; steps by one mode in a row are named by the last place."""
    legs: list[list[str]] = []
    for step in (one for one in route if one.link):
        mode = step.link.mode if step.link else ""
        if legs and legs[-1][0] == mode:
            legs[-1][1] = step.place.name
        else:
            legs.append([mode, step.place.name])
    changes = [f"by {mode} to {place}" for mode, place in legs[:-1]]
    return ", then ".join([*changes, *(f"by {mode}" for mode, _ in legs[-1:])])


def assumptions_of(route: Iterable[Step], told: Iterable[str] = ()) -> tuple[str, ...]:
    """What an answer about a route rests on, as sentences.

    Parameters
    ----------
    told
        How structures were told from what the site file draws; those that name a structure of the route are kept.
    """
    steps = tuple(route)
    sentences = [_of_step(step) for step in steps]
    links = [step.link for step in steps if step.link]
    sentences += [
        f"{link.name} was open throughout: the site file gives no structure or date that it depends on."
        for link in links
        if not link.depends_on and not link.why
    ]
    needed = {link.depends_on for link in links if link.depends_on}
    sentences += [one for one in told if one.split(" ", 1)[0] in needed]
    sentences += [_COMPLETION] if needed else []
    for link in links:
        if link.mode == "sea":
            sizes = [
                f"{what} {'is not known' if size is None else f'is {size:g} m (site file)'}"
                for what, size in (("its length", link.berth_length_m), ("its depth", link.berth_depth_m))
            ]
            sentences.append(f"Which vessels can lie at the berth of {link.name} is not judged; {joined(sizes)}.")
    return tuple(dict.fromkeys([*sentences, _ORIENTATION, _CAPACITY])) if steps else ()


def _of_step(step: Step) -> str:
    source = step.link.source if step.link else step.place.source
    by = f"source: {source}" if source else "no source given"
    return f"{upper_first(step.name)}: {limits_words(step.limits)} (the site file's figures; {by})."
