from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sitewatch.simulate import speckle


@pytest.mark.parametrize("enl", [1.0, 4.4, 20.0])
@pytest.mark.parametrize("point_spread_px", [(0.0, 0.0), (0.8, 0.7)])
def test_the_stated_looks_are_those_after_the_point_spread(enl: float, point_spread_px: tuple[float, float]) -> None:
    field = speckle(np.random.default_rng(1), (900, 900), enl=enl, point_spread_px=point_spread_px).astype(float)
    assert field.mean() == pytest.approx(1, abs=0.01)
    assert 1 / field.var() == pytest.approx(enl, rel=0.03)
    skewness = np.mean((field - 1) ** 3) / field.std() ** 3
    assert skewness == pytest.approx(2 / np.sqrt(enl), rel=0.08)


def test_every_pixel_follows_the_gamma_law_even_when_blurred() -> None:
    field = speckle(np.random.default_rng(2), (600, 600), enl=4.4, point_spread_px=(0.8, 0.8))
    # every sixth pixel: neighbours are alike and would spoil the test's p-value
    assert stats.kstest(field[::6, ::6].ravel(), stats.gamma(4.4, scale=1 / 4.4).cdf).pvalue > 0.01


def test_the_tails_reach_beyond_what_a_table_of_probabilities_holds() -> None:
    field = speckle(np.random.default_rng(3), (1500, 1500), enl=2.0)
    expected = stats.gamma.isf(1e-6, 2.0, scale=0.5)
    assert field.max() > 0.9 * expected


@pytest.mark.parametrize("sigma", [0.5, 0.75, 1.2])
def test_neighbours_correlate_as_the_point_spread_says(sigma: float) -> None:
    field = speckle(np.random.default_rng(4), (900, 900), enl=4.4, point_spread_px=(sigma, 0.0)).astype(float) - 1
    along_y = np.mean(field[1:] * field[:-1]) / field.var()
    along_x = np.mean(field[:, 1:] * field[:, :-1]) / field.var()
    assert along_y == pytest.approx(np.exp(-1 / (4 * sigma**2)), abs=0.04)
    assert along_x == pytest.approx(0, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(
    enl=st.floats(0.5, 200),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    sigma=st.floats(0, 3),
    seed=st.integers(0, 2**31),
)
def test_speckle_is_positive_finite_and_repeatable(
    enl: float, height: int, width: int, sigma: float, seed: int
) -> None:
    first = speckle(np.random.default_rng(seed), (height, width), enl=enl, point_spread_px=(sigma, sigma))
    again = speckle(np.random.default_rng(seed), (height, width), enl=enl, point_spread_px=(sigma, sigma))
    assert first.shape == (height, width)
    assert np.isfinite(first).all()
    assert (first >= 0).all()
    np.testing.assert_array_equal(first, again)
