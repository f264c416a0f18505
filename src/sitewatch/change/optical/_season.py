"""The year's round of an index as harmonics, and how what is left of it hangs together in time."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from sitewatch.change._robust import MAD_TO_SD

# A season is told from a step in records of so many days; its second harmonic asks for more.
SHORTEST_FOR_SEASON_DAYS = 300.0
SHORTEST_FOR_TWO_DAYS = 550.0
LEAST_NUGGET = 0.1
YEAR_DAYS = 365.25
# E-folding times of the drifts.
DRIFT_DAYS = (45.0, 180.0, 720.0)
MOST_PAIRS = 500
FEWEST_ALIKE = 8


def design(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, column]: a level, and as many harmonics of the year (none to two) as the record can tell."""
    span = float(np.ptp(days)) if days.size else 0.0
    orders = 2 if span >= SHORTEST_FOR_TWO_DAYS else 1 if span >= SHORTEST_FOR_SEASON_DAYS else 0
    columns = [np.ones(days.size)]
    for order in range(1, orders + 1):
        turn = 2 * np.pi * order * days / YEAR_DAYS
        columns += [np.cos(turn), np.sin(turn)]
    return np.stack(columns, axis=1)


@dataclasses.dataclass(frozen=True)
class Memory:
    """How a pixel's departures from its season hang together in time, as shares of their variance that sum to 1.

    Attributes
    ----------
    nugget
        Independent from image to image: haze, shadow, registration.
    drift
        Exponentially correlated, with the e-folding times `DRIFT_DAYS`: a dry summer, a crop's year.
    """

    nugget: float
    drift: tuple[float, ...]

    def matrix(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """[time, time], correlations."""
        lag = np.abs(days[:, None] - days[None, :])
        out = self.nugget * np.eye(days.size)
        for share, reach in zip(self.drift, DRIFT_DAYS, strict=True):
            out += share * np.exp(-lag / reach)
        return out


def fit_memory(residual: NDArray[np.float32], days: NDArray[np.float64]) -> Memory:
    """The memory of some pixels, from the robust variogram of each index, the mean over indices.

    Parameters
    ----------
    residual
        [index, time, pixel], departures from the season, NaN where there is no image.
    """
    first, second = np.triu_indices(days.size, 1)
    if first.size > MOST_PAIRS:
        keep = np.random.default_rng(0).choice(first.size, MOST_PAIRS, replace=False)
        first, second = first[keep], second[keep]
    lag = np.abs(days[first] - days[second])
    columns = np.stack([np.ones(lag.size)] + [1 - np.exp(-lag / reach) for reach in DRIFT_DAYS], axis=1)
    shares = []
    for one in residual:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # pairs of images that no pixel shows clear
            ready = one / (MAD_TO_SD * np.nanmedian(np.abs(one), axis=0))
            step = np.abs(ready[first] - ready[second])
            half = 0.5 * (MAD_TO_SD * np.nanmedian(step, axis=1)) ** 2
        known = np.isfinite(half) & (np.isfinite(step).sum(axis=1) > FEWEST_ALIKE)
        parts = nnls(columns[known], half[known])[0] if known.sum() > len(DRIFT_DAYS) else np.array([1.0, 0, 0, 0])
        shares.append(parts / max(float(parts.sum()), 1e-9))
    mean = np.mean(shares, axis=0)
    nugget = max(float(mean[0]), LEAST_NUGGET)
    rest = mean[1:] * (1 - nugget) / max(float(mean[1:].sum()), 1e-9)
    return Memory(nugget, tuple(float(v) for v in rest))
