"""Pixel by pixel and image by image: is it built yet?"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from sitewatch.change import Covariance
from sitewatch.structures import _change_points, _laws
from sitewatch.structures._laws import log_gamma_density
from sitewatch.structures._presence import Presence, follow
from sitewatch.structures._weigh import less_what_comes_and_goes
from sitewatch.structures._window import Window

LOOKS = 4.4
Covariances = dict[tuple[int, int], Covariance]
AsWindow = Callable[[NDArray[np.floating]], Window]
# [row, column] of a footprint of 6 x 20 pixels, and the image at which each column is built.
FOOTPRINT = np.pad(np.ones((6, 20), bool), 5)
TURN = np.where(FOOTPRINT, 9 + (np.arange(30) - 5) // 2, 1000)


def power_of(seed: int, contrast_db: float = 8.0, images: int = 30) -> NDArray[np.float64]:
    """[time, y, x], speckle with a footprint that grows column by column."""
    built = np.arange(images)[:, None, None] >= TURN
    speckle = np.random.default_rng(seed).gamma(LOOKS, 1 / LOOKS, built.shape)
    return np.where(built, 10 ** (contrast_db / 10), 1.0) * speckle


def followed(window: Window, covariances: Covariances, turn: NDArray[np.integer] = TURN) -> Presence:
    guess = np.where(FOOTPRINT, turn, 0).astype(np.int16)
    return follow(window, FOOTPRINT, guess, np.full(FOOTPRINT.shape, 50, np.float32), covariances)


def posterior(ratio: NDArray[np.float64], footprint: NDArray[np.bool_]) -> NDArray[np.float64]:
    return _change_points.change_points(ratio, *np.nonzero(footprint))[0]


@pytest.mark.parametrize("seed", range(5))
def test_one_pixel_with_a_flat_prior_has_the_posterior_that_enumeration_gives(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_change_points, "ROUNDS", 0)  # no prior learnt from neighbours
    monkeypatch.setattr(_laws, "STRANGER_SHARE", 1e-300)  # the bare gamma law
    rng = np.random.default_rng(seed)
    images, before, after, looks = 12, 0.03, 0.05, 3.7
    power = np.where(np.arange(images) >= 7, after, before) * rng.gamma(looks, 1 / looks, images)
    # All that it can be: built from image 1, 2, ... on, or not at all.
    likelihood = np.zeros(images + 1)
    for first in range(1, images + 1):
        means = np.where(np.arange(images) >= first, after, before)
        likelihood[first] = np.prod(stats.gamma.pdf(power, looks, scale=means / looks))
    expected = np.cumsum(likelihood / likelihood.sum())[:-1]
    density = [log_gamma_density(np.log(power / mean), np.array(looks)) for mean in (before, after)]
    built_by = posterior((density[1] - density[0])[:, None], np.ones((1, 1), bool))
    assert built_by[:, 0] == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_the_density_is_that_of_the_logarithm_of_gamma_speckle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_laws, "STRANGER_SHARE", 1e-300)
    ratio = np.geomspace(0.02, 20, 50)
    # f(ln I) = I f(I)
    expected = np.log(ratio * stats.gamma.pdf(ratio, LOOKS, scale=1 / LOOKS))
    assert log_gamma_density(np.log(ratio), np.array(LOOKS)) == pytest.approx(expected, rel=1e-9)


def test_the_learnt_prior_is_that_of_explicit_sums_over_neighbours() -> None:
    rng = np.random.default_rng(2)
    images, footprint = 5, np.array([[1, 1, 0], [1, 1, 1]], bool)
    pixels = np.argwhere(footprint)
    ratio = rng.normal(0.5, 1.5, (images, len(pixels)))
    weight = np.array([[ratio[j:, x].sum() if j else -np.inf for x in range(len(pixels))] for j in range(images + 1)])
    chance = np.exp(weight) / np.exp(weight).sum(axis=0)

    def near(distance: int, sigma: float) -> float:
        """Share of a sampled Gaussian cut at four sigma."""
        reach = int(4 * sigma + 0.5)
        total = sum(np.exp(-0.5 * (d / sigma) ** 2) for d in range(-reach, reach + 1))
        return float(np.exp(-0.5 * (distance / sigma) ** 2) / total) if abs(distance) <= reach else 0.0

    for _ in range(_change_points.ROUNDS):
        around = np.zeros_like(chance)
        for (x, (row, column)), j in itertools.product(enumerate(pixels), range(images + 1)):
            inside = 0.0
            for y, (other_row, other_column) in enumerate(pixels):
                share = near(row - other_row, 1.0) * near(column - other_column, 1.0)
                inside += share
                around[j, x] += share * sum(near(j - i, 0.5) * chance[i, y] for i in range(images + 1))
            around[j, x] /= inside
        prior = 0.001 / (images + 1) + 0.1 * chance.mean(axis=1, keepdims=True) + 0.899 * around
        chance = prior * np.exp(weight)
        chance /= chance.sum(axis=0)
    assert posterior(ratio, footprint) == pytest.approx(np.cumsum(chance, axis=0)[:-1], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(float, st.tuples(st.integers(2, 10), st.just(12)), elements=st.floats(-40, 40)))
def test_what_is_built_never_goes_back_and_nothing_stands_at_the_first_image(ratio: NDArray[np.float64]) -> None:
    built_by = posterior(ratio, np.ones((3, 4), bool))
    assert ((built_by >= 0) & (built_by <= 1)).all()
    assert (np.diff(built_by, axis=0) >= 0).all()
    assert (built_by[0] == 0).all()


def test_a_pixel_without_evidence_takes_its_neighbours_date() -> None:
    ratio = np.where(np.arange(12)[:, None] >= 5, 3.0, -3.0) * np.ones((1, 9))
    ratio[:, 4] = 0.0
    built_by = posterior(ratio, np.ones((3, 3), bool))
    assert built_by[4, 4] < 0.2
    assert built_by[5, 4] > 0.8


def test_each_column_is_built_when_it_was(as_window: AsWindow, speckle_only: Covariances) -> None:
    presence = followed(as_window(power_of(1)), speckle_only)
    found = (presence.built_by > 0.5).argmax(axis=0)
    assert np.abs(found - TURN[FOOTPRINT]).mean() < 0.4
    assert np.median(presence.after - presence.before) * 4.343 == pytest.approx(8.0, abs=0.4)


@pytest.mark.parametrize("factor", [1e-3, 2.5, 40.0])
def test_the_unit_of_power_changes_no_date(factor: float, as_window: AsWindow, speckle_only: Covariances) -> None:
    power = power_of(2)
    one, other = (followed(as_window(power * f), speckle_only) for f in (1.0, factor))
    assert other.built_by == pytest.approx(one.built_by, abs=1e-3)
    assert other.after - one.after == pytest.approx(np.full(one.after.shape, np.log(factor)), abs=1e-4)


# `logaddexp` of NaN warns on some processors; what it gives is right.
def test_images_without_data_say_nothing(as_window: AsWindow, speckle_only: Covariances) -> None:
    power = power_of(3)
    gaps = [4, 12, 25]
    full = np.insert(power, [i - k for k, i in enumerate(gaps)], np.nan, axis=0)
    known = np.isfinite(full[:, 0, 0])
    image_of = np.append(np.flatnonzero(known), [len(full)])
    turn = np.where(FOOTPRINT, image_of[np.minimum(TURN, len(power))], 1000)
    one, other = followed(as_window(power), speckle_only), followed(as_window(full), speckle_only, turn)
    assert (other.ratio[gaps] == 0).all()
    assert np.abs(other.built_by[known] - one.built_by).mean() < 0.01
    assert ((other.built_by[known] > 0.5) == (one.built_by > 0.5)).mean() > 0.99


def test_images_without_data_cause_no_warning() -> None:
    assert np.isnan(log_gamma_density(np.array([np.nan, 0.1]), np.array(LOOKS))).tolist() == [True, False]


def test_an_image_that_looks_built_says_less_of_ground_that_often_looked_built_before() -> None:
    ratio = np.full((20, 2), -6.0)
    ratio[10:] = 6.0
    ratio[[1, 3, 4, 8], 1] = 6.0  # a flat that falls dry with the tide
    waiting = np.repeat((np.arange(20) < 10)[:, None].astype(float), 2, axis=1)
    steady, tidal = less_what_comes_and_goes(ratio, waiting).T
    assert np.allclose(steady, ratio[:, 0])
    assert np.allclose(tidal[10:], np.log(1 / 0.3), atol=0.15)  # all but one of four times in ten
    assert (tidal[:10][ratio[:10, 1] < 0] < -5).all()


def test_a_single_passing_thing_dates_nothing(as_window: AsWindow, speckle_only: Covariances) -> None:
    power = power_of(4)
    power[3] *= 1000  # 30 dB over the whole footprint on one image
    one, other = followed(as_window(power_of(4)), speckle_only), followed(as_window(power), speckle_only)
    assert other.built_by[:8].max() < 0.05
    assert np.abs(other.built_by - one.built_by).mean() < 0.02


def dated(ratio: NDArray[np.float64]) -> list[bool]:
    footprint = np.ones((1, ratio.shape[1]), bool)
    return _change_points.change_points(ratio, *np.nonzero(footprint))[1].tolist()


def test_a_pixel_dates_itself_only_where_its_own_images_tell_the_date() -> None:
    image = np.arange(30)
    clear, silent = np.where(image >= 10, 2.0, -2.0), np.zeros(30)
    assert dated(np.stack([clear, silent], axis=1)) == [True, False]


def test_a_pixel_that_its_own_images_call_never_built_does_not_date_itself() -> None:
    assert dated(np.full((30, 1), -4.0)) == [False]
