"""The law of the step statistic when nothing changed, simulated through the very scan that is used."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._background import LAND, WATER, Background
from sitewatch.change._covariance import Covariance
from sitewatch.change._scan import StepFilter, scan_steps

SAMPLES = 8192
# Beyond the simulated law its tail is continued as that of chi-square: log survival falls by 1/2 per unit.
TAIL_SLOPE = 0.5
TAIL_FROM = 0.002


@dataclasses.dataclass(frozen=True)
class NullLaw:
    """Sorted statistics under the null, by stratum.

    Attributes
    ----------
    sorted_statistic
        [stratum, sample], increasing.
    """

    sorted_statistic: NDArray[np.float64]

    def p_value(self, statistic: NDArray[np.float32], water: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Chance of a statistic at least as large when nothing changed (over all dates)."""
        out = np.empty(statistic.shape)
        for stratum, members in ((WATER, water), (LAND, ~water)):
            law = self.sorted_statistic[stratum]
            values = np.asarray(statistic[members], float)
            body = 1.0 - np.searchsorted(law, values) / (law.size + 1.0)
            start = law[int((1 - TAIL_FROM) * law.size)]
            tail = TAIL_FROM * np.exp(-TAIL_SLOPE * (values - start))
            out[members] = np.where(values > start, tail, np.maximum(body, TAIL_FROM))
        return out


def null_law(
    background: Background,
    covariances: dict[tuple[int, int], Covariance],
    filters: dict[tuple[int, int], StepFilter],
    days: NDArray[np.float64],
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> NullLaw:
    """Simulate stable pixels of each stratum (log-gamma nugget, Gaussian drift) and scan them."""
    rng = np.random.default_rng(seed)
    n_pol = background.level.shape[1]
    out = np.empty((2, samples))
    for stratum in (WATER, LAND):
        values = np.empty((days.size, n_pol, samples), np.float32)
        for pol in range(n_pol):
            parts = covariances[stratum, pol]
            slow = parts.matrix(days) - parts.nugget * np.eye(days.size)
            root = np.linalg.cholesky(slow + 1e-9 * np.eye(days.size))
            values[:, pol] = root @ rng.standard_normal((days.size, samples)) + _log_gamma(
                rng, parts.nugget, (days.size, samples)
            )
        fixed = dataclasses.replace(
            background, calm_limit=np.inf if stratum == WATER else -np.inf, effect=np.zeros_like(background.effect)
        )
        out[stratum] = np.sort(scan_steps(values, fixed, filters, covariances).statistic)
    return NullLaw(out)


def _log_gamma(rng: np.random.Generator, variance: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Zero-mean log of gamma variables whose log has the given variance."""
    from sitewatch.change._gamma import inverse_trigamma

    looks = float(inverse_trigamma(variance))
    values = np.log(np.maximum(rng.gamma(looks, 1 / looks, shape), 1e-12))
    return values - values.mean()
