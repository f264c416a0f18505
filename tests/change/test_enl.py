"""Looks and correlation areas come back from simulated speckle."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from sitewatch.change._enl import looks_with_jitter, spatial_enl, speckle_correlation, temporal_enl
from sitewatch.change._gamma import trigamma
from sitewatch.errors import ChangeError

SPREAD = np.outer([0.12, 0.76, 0.12], [0.12, 0.76, 0.12])
# Averaging with these weights divides the variance by this.
GAIN = float(1 / (SPREAD**2).sum())


def speckle(looks: float, shape: tuple[int, int, int], seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).gamma(looks, 1 / looks, shape).astype(np.float32)


def blurred(looks: float, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    return np.asarray(ndimage.convolve(speckle(looks, shape), SPREAD[None].astype(np.float32), mode="wrap"))


@pytest.mark.parametrize("looks", [1, 1.5, 2, 4.4, 10, 20])
def test_both_estimates_are_within_five_percent_on_independent_pixels(looks: float) -> None:
    power = speckle(looks, (12, 100, 100))
    assert temporal_enl(power) == pytest.approx(looks, rel=0.05)
    assert spatial_enl(power) == pytest.approx(looks, rel=0.05)


@pytest.mark.parametrize("looks", [1, 2, 4.4, 7])
def test_spatial_looks_are_within_five_percent_after_a_point_spread(looks: float) -> None:
    power = blurred(looks, (8, 120, 120))
    area = speckle_correlation(np.log(power)).area
    for window in (5, 7, 9):
        assert spatial_enl(power, window=window, area=area) == pytest.approx(looks * GAIN, rel=0.05)


@pytest.mark.parametrize("looks", [4.4, 7])
def test_temporal_looks_after_a_point_spread_fit_the_middle_of_the_true_law(looks: float) -> None:
    power = blurred(looks, (20, 100, 100))
    found = temporal_enl(power)
    ratios = np.abs(np.diff(np.log(power), axis=0))
    share = stats.f.cdf(np.exp(np.median(ratios)), 2 * found, 2 * found) * 2 - 1
    assert share == pytest.approx(0.5, abs=0.01)
    assert found == pytest.approx(looks * GAIN, rel=0.08)


@pytest.mark.parametrize("looks", [1, 4.4, 20])
def test_temporal_looks_hold_when_a_third_of_the_pixels_changed(looks: float) -> None:
    power = speckle(looks, (12, 60, 60))
    power[6:, :, :20] *= 8
    assert temporal_enl(power) == pytest.approx(looks, rel=0.05)


def test_temporal_looks_do_not_depend_on_the_pixels_own_levels_or_on_missing_dates() -> None:
    power = speckle(4.4, (15, 60, 60))
    power *= np.random.default_rng(1).lognormal(0, 2, (60, 60)).astype(np.float32)
    power[np.random.default_rng(2).random(power.shape) < 0.2] = np.nan
    assert temporal_enl(power) == pytest.approx(4.4, rel=0.05)


def test_the_mask_picks_the_stable_pixels() -> None:
    power = speckle(10, (10, 40, 40))
    power[:, :, :30] *= np.random.default_rng(1).lognormal(0, 1, (10, 40, 30)).astype(np.float32)
    stable = np.zeros((40, 40), bool)
    stable[:, 30:] = True
    assert temporal_enl(power, stable=stable) == pytest.approx(10, rel=0.08)
    assert temporal_enl(power) < 5


def test_spatial_looks_are_those_of_the_even_ground() -> None:
    power = speckle(4.4, (8, 120, 120))
    power[:, :, :40] *= np.random.default_rng(1).lognormal(0, 0.8, (120, 40)).astype(np.float32)
    power[:, 60:63, 60:63] = np.nan
    assert spatial_enl(power) == pytest.approx(4.4, rel=0.05)


@pytest.mark.parametrize("power", [np.full((5, 10, 10), np.nan), np.zeros((5, 10, 10)), np.ones((5, 10, 10))])
def test_nothing_to_estimate_from_is_nan(power: NDArray[np.float64]) -> None:
    assert np.isnan(temporal_enl(power))
    assert np.isnan(spatial_enl(power))


def test_one_image_has_no_temporal_looks() -> None:
    assert np.isnan(temporal_enl(speckle(4, (1, 20, 20))))
    assert np.isnan(temporal_enl(speckle(4, (4, 20, 20)), stable=np.zeros((20, 20), bool)))


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ChangeError, match="Looks are estimated"):
        temporal_enl(np.ones((4, 4)))
    with pytest.raises(ChangeError, match="windows"):
        spatial_enl(np.ones((4, 4)), window=4)
    with pytest.raises(ChangeError, match="Correlation needs"):
        speckle_correlation(np.ones((4, 4)))


def test_correlation_area_is_that_of_the_point_spread() -> None:
    # The weights sum to 1, so the coefficients of the power sum to 1 / sum of squared weights.
    logs = np.log(blurred(20, (10, 120, 120)))
    found = speckle_correlation(logs)
    assert found.area == pytest.approx(GAIN, rel=0.05)
    line = np.array([0.12, 0.76, 0.12])
    assert found.coefficients[3, 4] == pytest.approx(2 * 0.12 * 0.76 / (line**2).sum(), abs=0.02)
    assert found.coefficients[3, 3] == 1
    np.testing.assert_array_equal(found.coefficients, found.coefficients[::-1, ::-1])


def test_independent_pixels_have_an_area_of_one_and_gaps_do_no_harm() -> None:
    logs = np.log(speckle(4.4, (10, 80, 80)))
    assert speckle_correlation(logs).area == pytest.approx(1, abs=0.05)
    holed = np.log(blurred(20, (10, 120, 120)))
    holed[:, np.random.default_rng(3).random((120, 120)) < 0.4] = np.nan
    assert speckle_correlation(holed).area == pytest.approx(GAIN, rel=0.07)


def test_the_area_predicts_how_much_an_average_scatters() -> None:
    logs = np.log(blurred(4.4, (400, 24, 24)))
    area = speckle_correlation(logs).area
    blocks = logs[:, :24, :24].reshape(400, 2, 12, 2, 12).mean(axis=(2, 4))
    assert blocks.var(axis=0).mean() == pytest.approx(logs.var(axis=0).mean() * area / 144, rel=0.15)


def test_jitter_lowers_the_looks_by_its_variance() -> None:
    n = looks_with_jitter(4.4, 0.1)
    assert float(trigamma(n)) == pytest.approx(float(trigamma(4.4)) + 0.1)
    assert looks_with_jitter(4.4, 0) == pytest.approx(4.4)
