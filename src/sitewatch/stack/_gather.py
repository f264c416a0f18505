"""Images that lie so far apart that their mean shows nothing: a first guess of where each lies, from pairs of them.

A few dates serve as keys. Every other date is laid on a key where the two correlate best, and counts where the
structure of that pair is sure. Noise correlates somewhere too, and a mean of images that were laid on one noise shows
that noise: so guesses count only where two keys, which share no noise, tell of the same displacements.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np

from sitewatch.stack._evidence import Features, cell_evidence, correlation_peak, estimate, make_ready
from sitewatch.stack._resample import NO_SHIFT, Shift

# One image against one: the speckle of both counts, so the pair must be surer than an image against a mean.
_MIN_STRUCTURE_OF_PAIR = 6.0
_MAX_SD_OF_PAIR_PX = 0.5
# Two keys tell the same of a date within this.
_AGREED_PX = 1.0
_KEYS = 3
# A key that lies on none but one of so many dates is dropped: most likely there is nothing to lie on.
_TRIED_FIRST = 6

Read = Callable[[int], Sequence[np.ndarray]]
"""Gives one date's tiles, linear power (y, x) each."""


def gather(read: Read, count: int, reach_px: int, threads: Executor) -> dict[int, Shift]:
    """Displacement of each date that can be told, against an arbitrary common origin; empty where pairs don't agree.

    Parameters
    ----------
    read
        Gives the tiles of a date.
    count
        Number of dates.
    reach_px
        Farthest displacement between two dates that is looked for.
    """
    keys = np.unique(np.linspace(0, count - 1, min(count, _KEYS)).round().astype(int)).tolist()
    told: list[dict[int, Shift]] = []
    for key in keys:
        fixed = [make_ready(tile) for tile in read(key)]
        others = [i for i in range(count) if i != key]

        def lie(index: int, fixed: Sequence[Features] = fixed) -> Shift | None:
            return _against(read(index), fixed, reach_px)

        first = others[:: max(len(others) // _TRIED_FIRST, 1)]
        found = dict(zip(first, threads.map(lie, first), strict=True))
        if len(first) > 1 and sum(shift is not None for shift in found.values()) < 2:
            continue
        rest = [i for i in others if i not in found]
        found |= dict(zip(rest, threads.map(lie, rest), strict=True))
        told.append({key: NO_SHIFT, **{i: shift for i, shift in found.items() if shift is not None}})
    if count == 2:
        # The second key is the first one's only partner: it must say the opposite.
        return told[0] if _opposite(told) else {}
    alike = [_agreement(one, other) for one, other in itertools.combinations(told, 2)]
    best: dict[int, Shift] = max(alike, key=len, default={})
    return best if 2 * len(best) > count else {}


def pair_strength(one: np.ndarray, other: np.ndarray, reach_px: int) -> float:
    """How surely one tile of two dates shows common structure, wherever in reach it lies."""
    fixed, free = make_ready(one), make_ready(other)
    peak = correlation_peak([free], [fixed], reach_px)
    found = estimate(cell_evidence(make_ready(other, (float(peak[0]), float(peak[1]))), fixed))
    return 0.0 if found is None else found.structure


def _against(tiles: Sequence[np.ndarray], fixed: Sequence[Features], reach_px: int) -> Shift | None:
    """Where an image lies against another; None where they have too little in common."""
    peak = correlation_peak([make_ready(tile) for tile in tiles], fixed, reach_px)
    if max(abs(peak[0]), abs(peak[1])) >= reach_px:
        return None
    laid = (float(peak[0]), float(peak[1]))
    cells = [cell_evidence(make_ready(tile, laid), f).reshape(-1, 5) for tile, f in zip(tiles, fixed, strict=True)]
    found = estimate(np.concatenate(cells))
    if found is None or found.structure < _MIN_STRUCTURE_OF_PAIR or found.sd > _MAX_SD_OF_PAIR_PX or found.size > 1.5:
        return None
    return laid[0] + found.rows, laid[1] + found.columns


def _agreement(one: dict[int, Shift], other: dict[int, Shift]) -> dict[int, Shift]:
    """The dates of which two keys tell the same, up to how the keys lie against each other."""
    both = sorted(set(one) & set(other))
    if not both:
        return {}
    between = np.array([np.subtract(one[i], other[i]) for i in both])
    apart = np.hypot(*(between - np.median(between, axis=0)).T)
    return {i: one[i] for i, d in zip(both, apart, strict=True) if d <= _AGREED_PX}


def _opposite(told: Sequence[dict[int, Shift]]) -> bool:
    there, back = told[0].get(1), told[1].get(0)
    return there is not None and back is not None and np.hypot(*np.add(there, back)) <= _AGREED_PX
