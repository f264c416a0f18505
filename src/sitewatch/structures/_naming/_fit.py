"""How much of a series a set of regressors explains, and how surely: least squares and the F test."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_law

from sitewatch.change._covariance import YEAR_DAYS

# Large tidal constituents that images at a fixed hour of the day can show (S2 stands still there, and K1 looks like the
# year); cycles a day (Doodson 1921). Their phases need not be known: each has a sine and a cosine.
TIDES_PER_DAY = {"M2": 1.9322736, "N2": 1.8959820, "O1": 0.9295357}


@dataclasses.dataclass(frozen=True)
class Fit:
    """Share of the variance explained, its p-value, and the coefficients after the constant."""

    share: float
    p_value: float
    coefficients: NDArray[np.float64]
    rest: float


def fit(series: NDArray[np.float64], regressors: NDArray[np.float64]) -> Fit:
    """Least squares of a series [time] on regressors [time, regressor] and a constant; missing images are left out."""
    known = np.isfinite(series)
    y, x = series[known], regressors[known]
    free = len(y) - x.shape[1] - 1
    if free < 3 or float(np.var(y)) < 1e-12:
        return Fit(0.0, 1.0, np.zeros(x.shape[1]), float(np.sum((y - y.mean()) ** 2)) if len(y) else 0.0)
    design = np.column_stack([np.ones(len(y)), x])
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = float(np.sum((y - design @ solution) ** 2))
    whole = float(np.sum((y - y.mean()) ** 2))
    statistic = ((whole - rest) / x.shape[1]) / max(rest / free, 1e-12)
    p_value = float(f_law.sf(statistic, x.shape[1], free))
    return Fit(1 - rest / whole, p_value, np.asarray(solution[1:], np.float64), rest)


def without(series: NDArray[np.float64], regressors: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left of a series [time] when regressors [time, regressor] and a constant have explained their part."""
    known = np.isfinite(series)
    design = np.column_stack([np.ones(len(series)), regressors])
    solution, *_ = np.linalg.lstsq(design[known], series[known], rcond=None)
    return np.asarray(series - design @ solution, np.float64)


def tides(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, regressor], sines and cosines of the constituents."""
    return _waves(days, list(TIDES_PER_DAY.values()))


def seasons(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, regressor], sines and cosines of the year and the half-year."""
    return _waves(days, [1 / YEAR_DAYS, 2 / YEAR_DAYS])


def _waves(days: NDArray[np.float64], per_day: list[float]) -> NDArray[np.float64]:
    angle = 2 * np.pi * days[:, None] * np.array(per_day)
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
