"""Growth curves and date intervals from pixel-wise probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.structures._growth import connected, crossing, decided, growth_curve


def staircase(first: list[int], images: int) -> np.ndarray:
    """[image, pixel], pixels built for sure from their first image on."""
    return (np.arange(images)[:, None] >= np.asarray(first)[None, :]).astype(float)


def test_a_count_is_crossed_between_the_images_that_part_it() -> None:
    built = staircase([3, 3, 5, 5, 5, 7, 9, 9], 12)
    assert crossing(built, 1) == (2, 3)
    assert crossing(built, 4) == (4, 5)
    assert crossing(built, 8) == (8, 9)
    assert crossing(built, 9) is None


def test_doubt_widens_the_interval() -> None:
    built = staircase([5] * 10, 12)
    built[5] = 0.4
    first, last = crossing(built, 4) or (0, 0)
    assert first <= 4
    assert last == 6


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 11), min_size=4, max_size=60))
def test_growth_rises_from_nothing_to_all(first: list[int]) -> None:
    fraction, sd = growth_curve(staircase(first, 12))
    assert fraction[0] == 0
    assert fraction[-1] == 1
    assert (np.diff(fraction) >= 0).all()
    assert (sd >= 0).all()


def test_small_prior_chances_do_not_add_up_to_growth() -> None:
    built = staircase([8] * 2000, 12)
    built[:8] = 0.004
    assert decided(built)[:8].sum() == 0
    assert crossing(built, 4) == (7, 8)


def test_scattered_bright_pixels_are_not_the_start_of_a_structure() -> None:
    rows, columns = (a.ravel() for a in np.mgrid[:20, :20])
    built = staircase([6] * 400, 12)
    scattered = (rows % 4 == 0) & (columns % 4 == 0)
    built[3:6, scattered] = 1.0
    assert crossing(built, 8) == (2, 3)
    assert crossing(connected(built, (rows, columns), (20, 20)), 8) == (5, 6)


def test_a_patch_is_the_start_of_a_structure() -> None:
    rows, columns = (a.ravel() for a in np.mgrid[:20, :20])
    built = staircase([6] * 400, 12)
    built[3:6, (rows < 3) & (columns < 4)] = 1.0
    assert crossing(connected(built, (rows, columns), (20, 20)), 8) == (2, 3)


def test_speckle_leaves_the_true_image_inside_the_interval() -> None:
    """Pixels dated with errors of an image either way still give intervals that hold the truth."""
    rng = np.random.default_rng(4)
    held = []
    for _ in range(60):
        true = np.sort(rng.integers(5, 15, 60))
        spread = np.exp(-0.5 * ((np.arange(20)[:, None] - true - rng.normal(0, 0.6, 60)) / 0.8) ** 2)
        built = np.cumsum(spread / spread.sum(axis=0), axis=0)
        fourth = int(true[3])
        first, last = crossing(built, 4) or (0, 0)
        held.append(first < fourth <= last)
    assert np.mean(held) > 0.85


@pytest.mark.parametrize("count", [1, 4, 50])
def test_an_empty_structure_is_never_there(count: int) -> None:
    assert crossing(np.zeros((10, 20)), count) is None
