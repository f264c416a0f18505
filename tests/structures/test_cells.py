"""What neighbours' speckle tells of the sensor's point spread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr

from sitewatch.simulate import speckle
from sitewatch.structures._cells import USUAL_PIXELS, USUAL_SPILL, pixels_per_cell, spill_share
from sitewatch.structures._window import Window

AsWindow = Callable[[NDArray[np.floating]], Window]


def quiet(point_spread_px: float, shape: tuple[int, int] = (60, 60), images: int = 12) -> NDArray[np.float64]:
    rng = np.random.default_rng(4)
    spread = (point_spread_px, point_spread_px)
    return np.stack([speckle(rng, shape, enl=4.4, point_spread_px=spread) for _ in range(images)])


@pytest.mark.parametrize("sigma", [0.5, 0.7, 0.9, 1.2])
def test_the_spill_beyond_an_edge_is_that_of_the_point_spread(as_window: AsWindow, sigma: float) -> None:
    window = as_window(quiet(sigma))
    assert spill_share(window, np.ones((60, 60), bool)) == pytest.approx(ndtr(-0.5 / sigma), abs=0.04)


@pytest.mark.parametrize("sigma", [0.3, 0.6, 1.0])
def test_a_cell_holds_the_pixels_that_neighbours_correlation_sums_to(as_window: AsWindow, sigma: float) -> None:
    alike = np.exp(-(np.array([1, 2]) ** 2) / (4 * sigma**2))
    found = pixels_per_cell(as_window(quiet(sigma)), np.ones((60, 60), bool))
    assert found == pytest.approx((1 + 2 * alike.sum()) ** 2, rel=0.1)


def test_too_little_ground_gives_the_usual_values(as_window: AsWindow) -> None:
    window = as_window(quiet(0.9))
    nothing = np.zeros((60, 60), bool)
    assert pixels_per_cell(window, nothing) == USUAL_PIXELS
    assert spill_share(window, nothing) == USUAL_SPILL
