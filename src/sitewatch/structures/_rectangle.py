"""The rotated rectangle that gathers the most evidence: what people build is mostly straight.

For each angle the evidence is summed over a fine grid in the rectangle's own axes; given the two ends across, the best
two ends along are a maximum-sum stretch (Kadane's algorithm, in Bentley 1984), and the other way round, until neither
moves.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

BIN_PIXELS = 0.5
COARSE_DEG, FINE_DEG = 3.0, 0.5
FINE_REACH_DEG = 4.0
TURNS = 12


@dataclasses.dataclass(frozen=True)
class Rectangle:
    """A rotated rectangle of pixels.

    Attributes
    ----------
    mask
        [y, x], pixels whose centres lie in it.
    score
        Sum of the evidence inside.
    """

    mask: NDArray[np.bool_]
    score: float


def best_rectangle(odds: NDArray[np.float64], start: NDArray[np.bool_]) -> Rectangle:
    """Rectangle with the largest sum of log-odds, sought from a footprint.

    Parameters
    ----------
    odds
        [y, x], log-odds of belonging; finite.
    start
        [y, x], a footprint it will be much like.
    """
    rows, columns = np.nonzero(start)
    middle = np.array([rows.mean(), columns.mean()])
    yy, xx = np.nonzero(odds > -np.inf)
    y, x = yy - middle[0], xx - middle[1]
    values = odds[yy, xx]
    best = _scan(np.arange(0.0, 90.0, COARSE_DEG), y, x, values, start, yy, xx)
    fine = np.arange(best[1] - FINE_REACH_DEG, best[1] + FINE_REACH_DEG + 1e-9, FINE_DEG)
    best = max(best, _scan(fine, y, x, values, start, yy, xx), key=lambda found: found[0])
    score, angle, (u0, u1, v0, v1) = best
    u, v = _axes(y, x, angle)
    mask = np.zeros(odds.shape, bool)
    chosen = (u >= u0) & (u < u1) & (v >= v0) & (v < v1)
    mask[yy[chosen], xx[chosen]] = True
    return Rectangle(mask, float(score))


def _axes(y: NDArray[np.float64], x: NDArray[np.float64], angle: float) -> tuple[NDArray[np.float64], ...]:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return c * x + s * y, -s * x + c * y


Found = tuple[float, float, tuple[float, float, float, float]]


def _scan(
    angles: NDArray[np.float64],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    values: NDArray[np.float64],
    start: NDArray[np.bool_],
    yy: NDArray[np.intp],
    xx: NDArray[np.intp],
) -> Found:
    """(score, angle in degrees, (u0, u1, v0, v1)) of the best of some angles."""
    inside = start[yy, xx]
    best: Found = (-np.inf, 0.0, (0.0, 0.0, 0.0, 0.0))
    for angle in angles:
        u, v = _axes(y, x, angle)
        low_u, low_v = u.min(), v.min()
        i, j = ((u - low_u) / BIN_PIXELS).astype(int), ((v - low_v) / BIN_PIXELS).astype(int)
        table = np.zeros((i.max() + 2, j.max() + 2))
        np.add.at(table, (i + 1, j + 1), values)
        total = table.cumsum(axis=0).cumsum(axis=1)
        first, last = int(i[inside].min()), int(i[inside].max()) + 1
        across = (int(j[inside].min()), int(j[inside].max()) + 1)
        along = (first, last)
        score = -np.inf
        for _ in range(TURNS):
            along = _stretch(np.diff(total[:, across[1]] - total[:, across[0]]))
            across = _stretch(np.diff(total[along[1]] - total[along[0]]))
            new = float(
                total[along[1], across[1]] - total[along[0], across[1]] - total[along[1], across[0]]
                + total[along[0], across[0]]
            )  # fmt: skip
            if new <= score + 1e-9:
                break
            score = new
        if score > best[0]:
            ends = (*(low_u + BIN_PIXELS * k for k in along), *(low_v + BIN_PIXELS * k for k in across))
            best = (score, float(angle), ends)
    return best


def _stretch(values: NDArray[np.float64]) -> tuple[int, int]:
    """First and one past the last index of the stretch with the largest sum."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lowest = np.minimum.accumulate(sums[:-1])
    last = int(np.argmax(sums[1:] - lowest))
    return int(np.argmin(sums[: last + 1])), last + 1
