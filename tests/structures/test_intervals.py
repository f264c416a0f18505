"""Whether the stated intervals hold the truth as often as they say, on simulated growth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sitewatch.change import Covariance
from sitewatch.change._scan import scan_steps, step_filter
from sitewatch.structures._describe import bounds, chances_of
from sitewatch.structures._presence import follow
from sitewatch.structures._window import Window

LOOKS = 4.4
IMAGES = 40
TRIALS = 25
MASK = np.pad(np.ones((4, 24), bool), 4)
AsWindow = Callable[[NDArray[np.floating]], Window]
Span = tuple[int, int] | None


def grown(seed: int, contrast_db: float, as_window: AsWindow, covariances: dict[tuple[int, int], Covariance]) -> tuple:
    """Stated images of onset and completion of a bar that grows at a random pace, and the true first images."""
    rng = np.random.default_rng(seed)
    start = rng.integers(8, 18)
    end = start + rng.integers(0, 16)
    section = (np.arange(MASK.shape[1]) - 4) // 3
    turn = np.where(MASK, np.round(start + (end - start) * section / 7), 10**6)
    built = np.arange(IMAGES)[:, None, None] >= turn
    window = as_window(np.where(built, 10 ** (contrast_db / 10), 1.0) * rng.gamma(LOOKS, 1 / LOOKS, built.shape))
    filters = {key: step_filter(value.matrix(window.days)) for key, value in covariances.items()}
    scan = scan_steps(window.log_values.reshape(IMAGES, 1, -1), window.background, filters, covariances)
    guess, statistic = scan.image.reshape(MASK.shape), scan.statistic.reshape(MASK.shape)
    presence = follow(window, MASK, guess, statistic, covariances)
    onset, completion = bounds(chances_of(presence.built_by, presence.dated, presence.pixels, MASK.shape))
    count = built[:, MASK].sum(axis=1)
    return onset, completion, int((count >= 4).argmax()), int((count == MASK.sum()).argmax())


def holds(span: Span, first_with: int) -> bool:
    """Whether the last image without and the first image with it lie within an interval."""
    return span is not None and span[0] < first_with <= span[1]


@pytest.mark.parametrize(("contrast_db", "widest_onset", "widest_completion"), [(5, 2.2, 3.2), (12, 1.2, 1.5)])
def test_intervals_hold_the_truth_and_are_no_wider_than_the_contrast_asks(
    contrast_db: float,
    widest_onset: float,
    widest_completion: float,
    as_window: AsWindow,
    speckle_only: dict[tuple[int, int], Covariance],
) -> None:
    trials = [grown(seed, contrast_db, as_window, speckle_only) for seed in range(TRIALS)]
    assert np.mean([holds(onset, true) for onset, _, true, _ in trials]) >= 0.9
    assert np.mean([holds(completion, true) for _, completion, _, true in trials]) >= 0.9
    assert np.mean([onset[1] - onset[0] for onset, _, _, _ in trials]) <= widest_onset
    assert np.mean([completion[1] - completion[0] for _, completion, _, _ in trials]) <= widest_completion


def test_onsets_of_faint_works_are_held_too(
    as_window: AsWindow, speckle_only: dict[tuple[int, int], Covariance]
) -> None:
    trials = [grown(seed, 3.0, as_window, speckle_only) for seed in range(TRIALS)]
    assert np.mean([holds(onset, true) for onset, _, true, _ in trials]) >= 0.9
