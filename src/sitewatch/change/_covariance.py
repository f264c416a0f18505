"""How a stable pixel's log backscatter hangs together in time: speckle, slow drift and the year's round.

The robust temporal variogram of a stratum is fitted by a nugget (speckle and short jitter), exponential drifts and
an annual wave. A step test that knew only the nugget would call every dry summer a structure.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from sitewatch.change._order import median_over_time
from sitewatch.change._robust import MAD_TO_SD

YEAR_DAYS = 365.25
DRIFT_DAYS = (45.0, 180.0, 720.0)
MOST_PAIRS = 800
SHORTEST_FOR_SEASON_DAYS = 300.0


@dataclasses.dataclass(frozen=True)
class Covariance:
    """Variance components of ln I about its level and date effect (natural-log units squared).

    Attributes
    ----------
    nugget
        Speckle and jitter, independent from image to image.
    drift
        Variances of exponentially correlated parts with the e-folding times `DRIFT_DAYS`.
    season
        Variance of an annual wave of free phase.
    """

    nugget: float
    drift: tuple[float, ...]
    season: float

    def matrix(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """[time, time] covariance for acquisitions at `days` (days since any epoch)."""
        lag = np.abs(days[:, None] - days[None, :])
        out = self.nugget * np.eye(days.size) + self.season * np.cos(2 * np.pi * lag / YEAR_DAYS)
        for variance, reach in zip(self.drift, DRIFT_DAYS, strict=True):
            out += variance * np.exp(-lag / reach)
        return out


def shared_part(single: Covariance, block: Covariance, effective: float) -> Covariance:
    """The part of a pixel's covariance that it shares with its neighbourhood, from pixels and means of blocks.

    A component of variance v = own + shared has variance own / effective + shared in means of blocks of `effective`
    independent pixels.
    """

    def part(one: float, mean: float) -> float:
        return float(np.clip((mean - one / effective) / (1 - 1 / effective), 0.0, one))

    return Covariance(
        part(single.nugget, block.nugget),
        tuple(part(a, b) for a, b in zip(single.drift, block.drift, strict=True)),
        part(single.season, block.season),
    )


def fit_covariance(residual: NDArray[np.float32], days: NDArray[np.float64]) -> Covariance:
    """Variance components from pixels' residuals, by a non-negative fit to the robust variogram.

    Parameters
    ----------
    residual
        [time, pixel], ln power with the date effect removed (levels may stay in); NaN allowed.
    days
        [time], acquisition times in days.
    """
    n_time = days.size
    first, second = np.triu_indices(n_time, 1)
    if first.size > MOST_PAIRS:
        keep = np.random.default_rng(0).choice(first.size, MOST_PAIRS, replace=False)
        first, second = first[keep], second[keep]
    step = np.ascontiguousarray((residual[first] - residual[second]).T)
    # Centred on its own median: what all pixels share between two dates belongs to the date effect.
    spread = median_over_time(np.abs(step - median_over_time(step)))
    enough = np.isfinite(step).sum(axis=0) > 8
    half_variance = np.where(enough, 0.5 * (MAD_TO_SD * spread.astype(float)) ** 2, np.nan)
    known = np.isfinite(half_variance)
    if known.sum() < 3:
        typical = float(np.nanmedian(half_variance)) if known.any() else 0.25
        return Covariance(max(typical, 1e-4), (0.0,) * len(DRIFT_DAYS), 0.0)
    lag = np.abs(days[first] - days[second])[known]
    columns = [np.ones(lag.size)] + [1 - np.exp(-lag / reach) for reach in DRIFT_DAYS]
    long_enough = np.ptp(days) >= SHORTEST_FOR_SEASON_DAYS
    columns.append((1 - np.cos(2 * np.pi * lag / YEAR_DAYS)) * long_enough)
    # Drifts longer than the record can't be told from levels.
    for i, reach in enumerate(DRIFT_DAYS):
        if reach > 2 * np.ptp(days):
            columns[1 + i] = np.zeros(lag.size)
    parts, _ = nnls(np.stack(columns, axis=1), half_variance[known])
    return Covariance(max(float(parts[0]), 1e-4), tuple(float(v) for v in parts[1:-1]), float(parts[-1]))
