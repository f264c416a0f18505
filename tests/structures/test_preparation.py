"""Site preparation: the ground that darkens before a building stands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sitewatch.change import Covariance
from sitewatch.structures._preparation import preparation_image
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
        return preparation_image(window, presence, (ONSET - 1, ONSET))

    return found


@pytest.mark.parametrize("first", [4, 6, 11, 15])
def test_cleared_ground_is_seen_from_its_first_image_on(first: int, prepared_at: Callable[..., int | None]) -> None:
    images = [prepared_at(seed, 3.0, first) for seed in range(5)]
    assert all(image is not None and abs(image - first) <= 1 for image in images)


def test_ground_that_stays_as_it_was_shows_no_preparation(prepared_at: Callable[..., int | None]) -> None:
    assert sum(prepared_at(seed, 0.0, None) is not None for seed in range(20)) <= 1


def test_nothing_is_said_without_an_onset_or_with_too_few_images_before_it(
    as_window: Callable[[NDArray[np.floating]], Window], speckle_only: dict[tuple[int, int], Covariance]
) -> None:
    window = as_window(np.random.default_rng(0).gamma(LOOKS, 1 / LOOKS, (12, *MASK.shape)))
    presence = follow(window, MASK, np.full(MASK.shape, 6, np.int16), np.full(MASK.shape, 60, np.float32), speckle_only)
    assert preparation_image(window, presence, None) is None
    assert preparation_image(window, presence, (1, 2)) is None
