"""The calibrated penalty gives the rate of false changes asked for."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.change._penalty import penalty_for_rate
from sitewatch.change._segment import segment
from sitewatch.errors import ChangeError


@pytest.mark.parametrize(("looks", "images", "channels", "shortest"), [(1.0, 20, 1, 1), (4.4, 30, 2, 3)])
def test_stable_series_are_cut_as_often_as_asked_for(looks: float, images: int, channels: int, shortest: int) -> None:
    penalty = penalty_for_rate(0.05, looks, images, channels, shortest=shortest)
    power = np.random.default_rng(1).gamma(looks, 1 / looks, (channels, images, 1, 20_000)).astype(np.float32)
    cut = (segment(power, looks, penalty, shortest=shortest).count > 1).mean()
    assert cut == pytest.approx(0.05, rel=0.15)


def test_fewer_false_changes_cost_a_higher_penalty() -> None:
    assert penalty_for_rate(0.01, 4.4, 12, 1) > penalty_for_rate(0.1, 4.4, 12, 1) + 1


def test_a_single_image_needs_no_penalty() -> None:
    assert penalty_for_rate(0.01, 4.4, 1, 1) < 0.05


@pytest.mark.parametrize(("rate", "looks"), [(0.0, 4.4), (0.9, 4.4), (0.05, 0.0)])
def test_what_cannot_be_is_refused(rate: float, looks: float) -> None:
    with pytest.raises(ChangeError):
        penalty_for_rate(rate, looks, 10, 1)
