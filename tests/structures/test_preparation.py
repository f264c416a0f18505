"""Site preparation: the ground that darkens before a building stands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sitewatch.change import Covariance
from sitewatch.structures._phases import PREPARATION, follow_phases
from sitewatch.structures._preparation import waiting_ground
from sitewatch.structures._presence import follow
from sitewatch.structures._window import Window

LOOKS = 4.4
ONSET = 20
MASK = np.pad(np.ones((8, 12), bool), 5)


@pytest.fixture
def prepared_at(
    as_window: Callable[[NDArray[np.floating]], Window], speckle_only: dict[tuple[int, int], Covariance]
) -> Callable[[int, float, int | None], int | None]:
    """What is found where the ground drops from an image on and a building follows at `ONSET`."""

    def found(seed: int, drop_db: float, first: int | None) -> int | None:
        rng = np.random.default_rng(seed)
        level = np.zeros((34, *MASK.shape))
        if first is not None:
            level[first:, MASK] = -drop_db
        level[ONSET:, MASK] = 9.0
        window = as_window(10 ** (level / 10) * rng.gamma(LOOKS, 1 / LOOKS, level.shape))
        guess = np.where(MASK, ONSET, 0).astype(np.int16)
        statistic = np.full(MASK.shape, 60, np.float32)
        presence = follow(window, MASK, guess, statistic, speckle_only)
        level, pixels = waiting_ground(window, MASK, presence, ONSET)
        begun, finished = np.arange(34) >= ONSET, np.arange(34) >= ONSET + 1
        phases = follow_phases(begun.astype(float), finished.astype(float), window.days, level, pixels)
        prepared = np.flatnonzero(phases.phase == PREPARATION)
        return int(prepared[0]) if prepared.size else None

    return found


@pytest.mark.parametrize("first", [4, 6, 11, 15])
def test_cleared_ground_is_seen_from_its_first_image_on(first: int, prepared_at: Callable[..., int | None]) -> None:
    images = [prepared_at(seed, 3.0, first) for seed in range(5)]
    assert all(image is not None and abs(image - first) <= 1 for image in images)


def test_ground_that_stays_as_it_was_shows_no_preparation(prepared_at: Callable[..., int | None]) -> None:
    assert sum(prepared_at(seed, 0.0, None) is not None for seed in range(20)) <= 1


@pytest.mark.parametrize("first", [4, 11])
def test_weather_that_darkens_the_ground_around_as_well_is_no_preparation(
    first: int, as_window: Callable[[NDArray[np.floating]], Window], speckle_only: dict[tuple[int, int], Covariance]
) -> None:
    rng = np.random.default_rng(3)
    level = np.zeros((34, *MASK.shape))
    level[first:] = -3.0
    level[ONSET:, MASK] = 9.0
    window = as_window(10 ** (level / 10) * rng.gamma(LOOKS, 1 / LOOKS, level.shape))
    guess, statistic = np.where(MASK, ONSET, 0).astype(np.int16), np.full(MASK.shape, 60, np.float32)
    presence = follow(window, MASK, guess, statistic, speckle_only)
    waiting, _ = waiting_ground(window, MASK, presence, ONSET)
    assert np.ptp(waiting[:ONSET]) < 2.0


def test_nothing_waits_from_the_onset_on_nor_where_hardly_a_pixel_is_left(
    as_window: Callable[[NDArray[np.floating]], Window], speckle_only: dict[tuple[int, int], Covariance]
) -> None:
    level = np.zeros((30, *MASK.shape))
    level[ONSET:, MASK] = 9.0
    window = as_window(10 ** (level / 10) * np.random.default_rng(0).gamma(LOOKS, 1 / LOOKS, level.shape))
    guess, statistic = np.where(MASK, ONSET, 0).astype(np.int16), np.full(MASK.shape, 60, np.float32)
    presence = follow(window, MASK, guess, statistic, speckle_only)
    early, pixels = waiting_ground(window, MASK, presence, 12)
    late, _ = waiting_ground(window, MASK, presence, 30)
    np.testing.assert_array_equal(np.isfinite(early), np.arange(30) < 12)
    assert np.isfinite(late[: ONSET - 2]).all()
    assert np.isnan(late[ONSET + 2 :]).all()
    assert (pixels[: ONSET - 2] == MASK.sum()).all()
