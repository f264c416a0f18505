"""Steps of pixels against a structure's own step and against none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from sitewatch.structures._evidence import Steps, Typical, log_bayes_factor, log_odds_of_staying, typical_step


def steps(size: np.ndarray, variance: np.ndarray, series: np.ndarray | None = None) -> Steps:
    n_pol, n_pixel = size.shape[1:]
    at = np.arange(n_pixel)
    series = np.zeros((len(size) + 1, n_pol, n_pixel)) if series is None else series
    flat = np.full((n_pol, n_pixel), 0.04)
    return Steps(
        at, at, size.astype(np.float32), variance.astype(np.float32), series.astype(np.float32), flat, 0 * flat
    )


@pytest.mark.parametrize("n_pol", [1, 2, 3])
def test_the_bayes_factor_is_the_ratio_of_marginal_likelihoods(n_pol: int) -> None:
    rng = np.random.default_rng(n_pol)
    size, variance = rng.normal(0, 1, (5, n_pol, 7)), rng.uniform(0.05, 0.3, (5, n_pol, 7))
    root = rng.normal(0, 0.5, (n_pol, n_pol))
    typical = Typical(rng.normal(1, 0.5, n_pol), root @ root.T + 0.1 * np.eye(n_pol))
    found = log_bayes_factor(steps(size, variance), typical)
    for j, pixel in ((0, 0), (3, 5), (4, 6)):
        d, v = size[j, :, pixel], variance[j, :, pixel]
        expected = multivariate_normal.logpdf(d, typical.mean, typical.spread + np.diag(v))
        expected -= norm.logpdf(d, 0, np.sqrt(v)).sum()
        assert found[j, pixel] == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_mean_and_texture_are_recovered_without_the_estimates_own_errors() -> None:
    rng = np.random.default_rng(0)
    spread = np.array([[0.30, 0.15], [0.15, 0.20]])
    truth = rng.multivariate_normal([1.5, 0.8], spread, 4000).T
    size = truth + rng.normal(0, 0.3, truth.shape)
    typical = typical_step(size, np.full(size.shape, 0.09))
    assert typical.mean == pytest.approx([1.5, 0.8], abs=0.05)
    assert typical.spread == pytest.approx(spread, abs=0.04)


def test_what_has_left_again_is_told_from_what_stays() -> None:
    series = np.random.default_rng(0).normal(0, 0.2, (60, 1, 2))
    series[20:, 0, 0] += 1.5  # stays
    series[20:45, 0, 1] += 1.5  # leaves
    one = steps(np.zeros((59, 1, 2)), np.ones((59, 1, 2)), series)
    stays, left = log_odds_of_staying(one, np.array([20, 20]))
    assert stays > 5
    assert left < -5


def test_nothing_is_said_of_leaving_where_too_few_images_follow() -> None:
    one = steps(np.zeros((9, 1, 1)), np.ones((9, 1, 1)))
    assert log_odds_of_staying(one, np.array([7]))[0] == 0.0
