"""The evidence of a run is the likelihood ratio that its formula claims."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from sitewatch.change._monitor_bank import DB_PER_LOG, bank_for
from sitewatch.change._monitor_kernel import Runs, score_runs


def evidence_of(
    power: NDArray[np.float64], history: int, looks: float, step: float
) -> tuple[NDArray[np.float64], Runs]:
    """Evidence after each image [polarisation, time] of one pixel for one step in all polarisations."""
    n_pol = power.shape[0]
    runs = Runs(
        power[:, :history].sum(axis=1, keepdims=True).astype(np.float32),
        np.array([history], np.int32),
        np.zeros((1, n_pol, 1), np.float32),
        np.zeros((1, 1), np.int32),
        np.full((1, 1), -1, np.int32),
    )
    best, which, out = np.empty(1), np.empty(1, np.int64), []
    for image in range(history, power.shape[1]):
        score_runs(
            runs,
            np.full((1, n_pol), step),
            np.zeros(1),
            image,
            0,
            power[:, image, None].copy(),
            np.full((n_pol, 1), looks),
            np.ones(1, bool),
            best,
            which,
        )
        out.append(best[0])
    return np.array(out), runs


def likelihood_over_levels(power: NDArray[np.float64], first: int, looks: float, step: float) -> float:
    """Logarithm of the likelihood of a step at image `first`, integrated over d mu / mu; one polarisation."""

    def at(log_level: float) -> float:
        levels = np.where(np.arange(power.size) < first, 1.0, math.exp(step)) * math.exp(log_level)
        return float(np.exp(stats.gamma.logpdf(power, looks, scale=levels / looks).sum()))

    return math.log(integrate.quad(at, -4, 4, epsabs=0, epsrel=1e-9, limit=400)[0])


@pytest.mark.parametrize("looks", [1.0, 4.4])
@pytest.mark.parametrize("step_db", [3.0, -5.0])
def test_evidence_is_the_likelihood_ratio_integrated_over_the_unknown_level(looks: float, step_db: float) -> None:
    step = step_db / DB_PER_LOG
    power = np.random.default_rng(3).gamma(looks, 1 / looks, 9)
    power[5:] = np.array([1.2, 0.9, 1.4, 1.1]) * math.exp(step)
    found, runs = evidence_of(power[None], 5, looks, step)
    assert runs.run_start[0, 0] == 5
    assert runs.run_count[0, 0] == 4
    expected = likelihood_over_levels(power, 5, looks, step) - likelihood_over_levels(power, 9, looks, step)
    assert found[-1] == pytest.approx(expected, abs=1e-5)


def test_with_a_long_history_it_is_the_cusum_of_page() -> None:
    looks, step, rng = 4.4, 2 / DB_PER_LOG, np.random.default_rng(1)
    history, power = 30_000, rng.gamma(looks, 1 / looks, 400)
    runs_in = np.concatenate([np.ones(history), power])[None]
    found, _ = evidence_of(runs_in, history, looks, step)
    w, expected = 0.0, []
    for x in power:
        w = max(w, 0.0) + looks * (x * (1 - math.exp(-step)) - step)
        expected.append(w)
    grows = np.array(expected) > 0
    assert grows.sum() > 50
    np.testing.assert_allclose(found[grows], np.array(expected)[grows], atol=0.03)
    assert np.isneginf(found[~grows]).mean() > 0.98


def test_polarisations_add_their_evidence() -> None:
    power = np.vstack([np.r_[np.ones(6), 2.1, 1.9], np.r_[0.1 * np.ones(6), 0.22, 0.2]])
    both, _ = evidence_of(power, 6, 4.4, 3 / DB_PER_LOG)
    alone = [evidence_of(one[None], 6, 4.4, 3 / DB_PER_LOG)[0] for one in power]
    assert both[-1] == pytest.approx(alone[0][-1] + alone[1][-1], rel=1e-5)


def test_no_step_is_claimed_before_a_level_is_known() -> None:
    found, runs = evidence_of(np.array([[5.0]]), 0, 4.4, 3 / DB_PER_LOG)
    assert np.isneginf(found[0])
    assert runs.level_count[0] == 1


def test_the_bank_looks_both_ways_in_all_polarisations_and_in_each_alone() -> None:
    one, two = bank_for(1), bank_for(2)
    assert one.log_ratio.shape == (8, 1)
    assert set(map(tuple, np.sign(two.log_ratio))) == {(1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)}
    assert two.log_ratio.shape == (24, 2)
    np.testing.assert_array_equal(two.log_weight[:8], one.log_weight)
