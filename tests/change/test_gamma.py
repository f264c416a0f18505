"""The special functions agree with scipy and invert each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from sitewatch.change._elementary import quick_exp, quick_log
from sitewatch.change._gamma import digamma, inverse_trigamma, log_gamma, trigamma, trigamma_scalar


@settings(deadline=None)
@given(st.floats(0.05, 1e4))
def test_derivatives_of_log_gamma_agree_with_scipy(x: float) -> None:
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-12, abs=1e-13)
    assert trigamma_scalar(x) == pytest.approx(special.polygamma(1, x), rel=1e-12)


@settings(deadline=None)
@given(st.floats(-40, 400), st.floats(0.05, 400))
def test_complex_log_gamma_agrees_with_scipy_up_to_turns(real: float, imaginary: float) -> None:
    ours, theirs = log_gamma(complex(real, imaginary)), special.loggamma(complex(real, imaginary))
    assert ours.real == pytest.approx(theirs.real, rel=1e-12, abs=1e-10)
    turns = (ours.imag - theirs.imag) / (2 * math.pi)
    assert turns == pytest.approx(round(turns), abs=1e-9)


@settings(deadline=None)
@given(st.floats(0.05, 1e5))
def test_looks_come_back_from_their_variance(looks: float) -> None:
    assert float(inverse_trigamma(trigamma(looks))) == pytest.approx(looks, rel=1e-9)


def test_inverse_trigamma_at_its_ends() -> None:
    found = inverse_trigamma(np.array([0.0, np.inf, -1.0, np.nan]))
    assert found[0] == np.inf
    assert found[1] == 0
    assert np.isnan(found[2:]).all()


@settings(deadline=None)
@given(st.floats(-650, 650))
def test_quick_exp_and_log_agree_with_the_standard_ones(x: float) -> None:
    assert quick_exp(x) == pytest.approx(math.exp(x), rel=1e-9)
    assert quick_log(math.exp(x)) == pytest.approx(math.log(math.exp(x)), rel=1e-14, abs=1e-15)
