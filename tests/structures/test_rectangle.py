"""The rectangle that gathers the most evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sitewatch.structures._rectangle import _stretch, best_rectangle


def bar(length: float, width: float, angle_deg: float) -> NDArray[np.bool_]:
    """Pixels of a rotated bar in the middle of a grid of 60 x 60."""
    y, x = np.mgrid[:60, :60] - 29.7
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return (abs(c * x + s * y) < length / 2) & (abs(-s * x + c * y) < width / 2)


@settings(max_examples=30, deadline=None)
@given(length=st.floats(12, 40), width=st.floats(5, 11), angle=st.floats(0, 179))
def test_a_bar_in_noise_is_found(length: float, width: float, angle: float) -> None:
    truth = bar(length, width, angle)
    odds = np.where(truth, 3.0, -3.0) + np.random.default_rng(0).normal(0, 1.0, truth.shape)
    found = best_rectangle(odds, odds > 1.5)
    assert found.score > 0.88 * odds[truth].sum()
    assert (found.mask & truth).sum() > 0.75 * (found.mask | truth).sum()


def test_its_score_is_the_evidence_inside() -> None:
    odds = np.random.default_rng(1).normal(-0.5, 1.0, (40, 40))
    odds[10:20, 12:30] += 3.0
    found = best_rectangle(odds, odds > 1)
    assert found.score == pytest.approx(odds[found.mask].sum())


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=25))
def test_the_best_stretch_is_that_of_brute_force(values: list[float]) -> None:
    first, last = _stretch(np.array(values))
    best = max(sum(values[a:b]) for a in range(len(values)) for b in range(a + 1, len(values) + 1))
    assert 0 <= first < last <= len(values)
    assert sum(values[first:last]) == pytest.approx(best, abs=1e-9)
