"""Kernels that work on blocks of pixels give what plain NumPy gives, one step after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sitewatch.change._background import Background, log_power
from sitewatch.change._covariance import Covariance
from sitewatch.change._despike import despike
from sitewatch.change._elementary import quick_exp_32, quick_log_32
from sitewatch.change._omnibus import sequential_omnibus
from sitewatch.change._omnibus_map import omnibus_map
from sitewatch.change._order import medians_of_block, quantile_is_below, quantile_over_time
from sitewatch.change._scan import REACH_SD, pixel_scale, residuals, scan_steps, step_filter

VALUES = st.one_of(st.floats(0, 50, width=32), st.just(np.float32(np.nan)))


def background(n_pol: int, n_time: int, limit: float) -> Background:
    effect = np.random.default_rng(5).normal(0, 0.3, (2, n_pol, n_time))
    looks = np.array([[4.0] * n_pol, [3.2] * n_pol])
    return Background(limit, effect, np.zeros((2, n_pol)), np.ones((2, n_pol)), 4.4, looks, np.ones(2, bool))


def speckle(n_time: int, n_pol: int, n_pixel: int, holes: bool) -> NDArray[np.float32]:
    """Dark and bright pixels, some with steps; where asked for, with missing images of single and of all pixels."""
    rng = np.random.default_rng(4)
    values = np.log(rng.gamma(4.4, 1 / 4.4, (n_time, n_pol, n_pixel)))
    values += np.where(rng.random(n_pixel) < 0.5, -3.0, 0.0)
    values[n_time // 2 :, :, ::7] += 2.0
    values[2 * n_time // 3 :, :, ::21] -= 2.5
    if holes:
        values[:, :, 5:8] = np.nan
        values.transpose(0, 2, 1)[rng.random((n_time, n_pixel)) < 0.15] = np.nan
        values[n_time // 3] = np.nan
        values[: n_time // 2, :, 70:80] = np.nan
    return values.astype(np.float32)


def scan_in_numpy(
    values: NDArray[np.float32], ground: Background, covariances: dict[tuple[int, int], Covariance]
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.bool_]]:
    """[pixel] statistic, that of every step [step, pixel], and water, by whole arrays."""
    n_time, n_pol, n_pixel = values.shape
    water = quantile_over_time(values[:, 0], 0.1) < ground.calm_limit
    rest = residuals(values, water, ground)
    total = np.zeros((n_time - 1, n_pixel))
    for stratum, members in ((0, water), (1, ~water)):
        for pol in range(n_pol):
            series = np.ascontiguousarray(rest[:, pol, members])
            sd = float(np.sqrt(covariances[stratum, pol].nugget))
            filters = step_filter(covariances[stratum, pol].matrix(np.arange(n_time) * 12.0))
            clean = despike(series, np.full(n_time, REACH_SD * sd, np.float32))
            total[:, members] += (filters.z_weights.astype(float) @ clean / pixel_scale(series, sd)) ** 2
    return total.max(axis=0), total, water


@pytest.mark.parametrize(
    ("n_time", "n_pol", "n_pixel", "holes", "limit"),
    [
        (60, 2, 700, False, -2.2),
        (61, 2, 700, True, -2.2),
        (6, 1, 130, True, -2.2),
        (4, 1, 130, False, -2.2),
        (3, 4, 65, False, np.inf),
        (30, 2, 64, True, -np.inf),
    ],
)
def test_the_scan_is_that_of_whole_arrays(n_time: int, n_pol: int, n_pixel: int, holes: bool, limit: float) -> None:
    values, ground = speckle(n_time, n_pol, n_pixel, holes), background(n_pol, n_time, limit)
    covariances = {(s, c): Covariance(0.25 * (s + 1), (0.02, 0.01, 0.03), 0.02) for s in (0, 1) for c in range(n_pol)}
    filters = {key: step_filter(value.matrix(np.arange(n_time) * 12.0)) for key, value in covariances.items()}
    found = scan_steps(values, ground, filters, covariances)
    statistic, total, water = scan_in_numpy(values, ground, covariances)
    np.testing.assert_array_equal(found.water, water)
    np.testing.assert_allclose(found.statistic, statistic, rtol=1e-3, atol=1e-4)
    known = np.isfinite(statistic)
    there = total[found.image - 1, np.arange(n_pixel)]
    np.testing.assert_allclose(there[known], statistic[known], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose((found.z[:, known] ** 2).sum(axis=0), statistic[known], rtol=1e-3, atol=1e-4)
    for pixel in np.flatnonzero(known)[:50]:
        stratum = 0 if water[pixel] else 1
        for pol in range(n_pol):
            sd = np.sqrt(covariances[stratum, pol].nugget)
            rest = residuals(values, water, ground)[:, pol, pixel : pixel + 1]
            z = found.z[pol, pixel] * pixel_scale(rest, float(sd))[0]
            size = z / filters[stratum, pol].root_information[found.image[pixel] - 1]
            assert found.step[pol, pixel] == pytest.approx(size, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(("n_time", "n_pol", "holes"), [(80, 2, False), (60, 2, True), (9, 1, True), (2, 1, False)])
def test_the_omnibus_map_is_the_sequential_test(n_time: int, n_pol: int, holes: bool) -> None:
    values, ground = speckle(n_time, n_pol, 600, holes), background(n_pol, n_time, 0.0)
    water = np.random.default_rng(6).random(600) < 0.5
    found = omnibus_map(values, water, ground, 0.01)
    power = np.exp(residuals(values, water, ground)).transpose(1, 0, 2)[:, :, None, :]
    looks = np.where(water, 4.0, 3.2)
    whole = sequential_omnibus(np.ascontiguousarray(power), looks[None], alpha=0.01)
    # The p-value of images that are nearly alike goes with the root of a deviance near 0, and so feels rounding most.
    sure = whole.ln_p_q[0] < -0.02
    np.testing.assert_allclose(found.ln_p[sure], whole.ln_p_q[0][sure], rtol=1e-4)
    np.testing.assert_allclose(found.ln_p, whole.ln_p_q[0], atol=2e-4, rtol=1e-4)
    np.testing.assert_array_equal(found.count, whole.count[0])
    np.testing.assert_array_equal(found.last, whole.last[0])


@settings(max_examples=80, deadline=None)
@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(5)), elements=VALUES))
def test_medians_found_by_counting_are_numpys(values: NDArray[np.float32]) -> None:
    found = np.empty(5, np.float32)
    medians_of_block(values, found)
    for column, median in zip(values.T, found, strict=True):
        known = column[~np.isnan(column)].astype(float)
        assert median == pytest.approx(np.median(known) if known.size else 0.0, rel=1e-5, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(5)), elements=VALUES),
    st.one_of(VALUES.filter(lambda v: v == v), st.just(np.inf), st.just(-np.inf)),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_a_quantile_is_below_a_limit_where_the_quantile_itself_is(
    values: NDArray[np.float32], limit: float, share: float
) -> None:
    found = np.empty(5, np.bool_)
    quantile_is_below(values, share, np.float32(limit), np.empty(5, np.float32), found)
    np.testing.assert_array_equal(found, quantile_over_time(values, share) < np.float32(limit))


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(3)), elements=VALUES))
def test_despiking_clips_to_the_running_median_of_five(values: NDArray[np.float32]) -> None:
    n_time = values.shape[0]
    found = despike(values, np.full(n_time, 1.5, np.float32))
    for t in range(n_time):
        start = min(max(t - 2, 0), max(n_time - 5, 0))
        for pixel in range(3):
            window = values[start : start + 5, pixel]
            window = window[~np.isnan(window)].astype(float)
            if window.size == 0:
                assert np.isnan(found[t, pixel])
                continue
            middle, value = np.median(window), values[t, pixel]
            wanted = middle if np.isnan(value) else np.clip(value, middle - 1.5, middle + 1.5)
            assert found[t, pixel] == pytest.approx(wanted, rel=1e-5, abs=1e-5)


@given(st.floats(-86, 86))
def test_exponential_in_single_precision(x: float) -> None:
    one = np.float32(x)
    assert quick_exp_32(one) == pytest.approx(np.exp(float(one)), rel=2e-7)


@given(st.floats(1e-30, 1e30))
def test_logarithm_in_single_precision(x: float) -> None:
    one = np.float32(x)
    assert quick_log_32(one) == pytest.approx(np.log(float(one)), rel=2e-7, abs=2e-7)


def test_logarithms_are_clipped_missing_images_stay_missing_and_power_may_be_overwritten() -> None:
    power = np.array([[0.0, 1e-9, 1.0, np.nan, np.e]], np.float32)
    wanted = [np.log(1e-6), np.log(1e-6), 0.0, np.nan, 1.0]
    np.testing.assert_allclose(log_power(power, 1e-6)[0], wanted, atol=2e-6)
    assert power[0, 2] == 1.0
    log_power(power, 1e-6, out=power)
    np.testing.assert_allclose(power[0], wanted, atol=2e-6)
