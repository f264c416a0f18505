"""The level of what stands keeps still; a moored vessel's swings."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.structures._vessel import VESSEL_SWING_DB, vessel_log_ratio

DB = 10 / np.log(10)
LOOKS = 4.4


def levels(swing_db: float, images: int, pixels: float, seed: int) -> np.ndarray:
    """[time, polarisation], mean ln power about its level: a swing that both polarisations share, and speckle."""
    rng = np.random.default_rng(seed)
    speckle = np.log(rng.gamma(LOOKS * pixels, 1 / (LOOKS * pixels), (images, 2)))
    return speckle + rng.normal(0, swing_db / DB, (images, 1))


def ratio(swing_db: float, images: int, pixels: float, seed: int) -> float:
    return vessel_log_ratio(levels(swing_db, images, pixels, seed), np.full(images, pixels), LOOKS)


@pytest.mark.parametrize("pixels", [4.0, 30.0])
def test_twelve_images_tell_a_standing_thing_from_a_vessel_nineteen_times_in_twenty(pixels: float) -> None:
    standing = [ratio(0.3, 12, pixels, seed) for seed in range(60)]
    vessel = [ratio(VESSEL_SWING_DB, 12, pixels, seed) for seed in range(60)]
    assert np.mean(np.array(standing) < 0) >= 0.95
    assert np.mean(np.array(vessel) > 0) >= 0.9
    assert np.mean(np.array(vessel) < -2.3) <= 0.02


def test_more_images_are_surer() -> None:
    few, many = (np.mean([ratio(0.3, images, 10.0, seed) for seed in range(30)]) for images in (4, 20))
    assert many < 3 * few < 0


def test_a_single_stranger_among_still_images_does_not_make_a_vessel() -> None:
    level = levels(0.2, 12, 20.0, 1)
    level[5] += 9 / DB
    assert vessel_log_ratio(level, np.full(12, 20.0), LOOKS) < 0


def test_too_few_images_say_nothing() -> None:
    level = np.full((6, 1), np.nan)
    level[4] = 0.3
    assert np.isnan(vessel_log_ratio(level, np.full(6, 9.0), LOOKS))


def test_a_level_without_swing_of_one_unresolved_pixel_says_little() -> None:
    level = np.zeros((4, 1))
    assert -3.5 < vessel_log_ratio(level, np.full(4, 0.5), LOOKS) < 0
