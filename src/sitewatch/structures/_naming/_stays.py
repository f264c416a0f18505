"""When something lay at a place: its stays, told from the contrast to the water around it."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from numpy.typing import NDArray

# What would stand out by less than this in a rough sea says nothing by not being seen (dB).
LEAST_CONTRAST_DB = 3.0
# Shares of the contrast it would have, below which it is gone and above which it is there.
GONE_SHARE, THERE_SHARE = 0.35, 0.5
FEWEST_IMAGES = 3


@dataclasses.dataclass(frozen=True)
class Stay:
    """Images, from the first to the last, that show it; `ended` where enough later ones show the place bare."""

    first: int
    last: int
    begun: bool
    ended: bool


def stays_of(level_db: NDArray[np.float64], around_db: NDArray[np.float64]) -> list[Stay]:
    """Stays of something brighter than its surroundings.

    A rough sea hides what lies on it: there an image says neither that it is there nor that it is gone.

    Parameters
    ----------
    level_db, around_db
        [time], of the place and of the water around it.

    Returns
    -------
    In order of time; those shorter than `FEWEST_IMAGES` sure images are left out, and so are gaps of fewer.
    """
    contrast = level_db - around_db
    known = np.isfinite(contrast)
    if known.sum() < 2 * FEWEST_IMAGES:
        return []
    usual = _usual_level(level_db, contrast, known)
    expected = usual - around_db
    telling = known & (expected > LEAST_CONTRAST_DB)
    there = telling & (contrast > THERE_SHARE * expected)
    gone = telling & (contrast < GONE_SHARE * expected)
    sure = np.flatnonzero(there | gone)
    runs = _long_runs([(bool(there[i]), int(i)) for i in sure])
    out = []
    for number, (present, images) in enumerate(runs):
        if present:
            out.append(Stay(images[0], images[-1], begun=number > 0, ended=number < len(runs) - 1))
    return out


def _usual_level(level_db: NDArray[np.float64], contrast: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    """Its level while it is there: of the images whose contrast lies in the upper half of the contrasts' range."""
    low, high = np.percentile(contrast[known], [10, 95])
    there = known & (contrast > 0.5 * (low + high))
    return float(np.median(level_db[there])) if there.any() else float(np.median(level_db[known]))


def _long_runs(states: list[tuple[bool, int]]) -> list[tuple[bool, list[int]]]:
    """Runs of one state, those of fewer than `FEWEST_IMAGES` images taken out, neighbours of one state joined."""
    runs = [(state, [i for _, i in group]) for state, group in itertools.groupby(states, key=lambda pair: pair[0])]
    kept: list[tuple[bool, list[int]]] = []
    for state, images in runs:
        if len(images) < FEWEST_IMAGES:
            continue
        if kept and kept[-1][0] == state:
            kept[-1][1].extend(images)
        else:
            kept.append((state, list(images)))
    return kept
