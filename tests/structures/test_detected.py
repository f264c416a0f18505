"""The dates on which a structure was raised and confirmed are those of a watch that knew no later image."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hall import Hall
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sitewatch.change import detect_change
from sitewatch.structures import date_footprint
from sitewatch.structures._detected import TEACHING_IMAGES, footprint_series, watch_footprint
from sitewatch.structures._window import Window

LOOKS = 4.4
AsWindow = Callable[[NDArray[np.floating]], Window]
IMAGES, SIDE = 40, 30


def first_images(window: Window, count: int) -> Window:
    """The window as it was when so many images had come."""
    background = dataclasses.replace(window.background, effect=window.background.effect[:, :, :count])
    return dataclasses.replace(
        window,
        log_values=window.log_values[:count],
        background=background,
        stack=window.stack.isel(time=slice(0, count)),
    )


def speckle(seed: int, images: int = IMAGES) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(LOOKS, 1 / LOOKS, (images, SIDE, SIDE))


def square(side: int = 8) -> NDArray[np.bool_]:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10 : 10 + side, 12 : 12 + side] = True
    return mask


def sea(window: Window, wind_db: NDArray[np.floating]) -> Window:
    """The window with all of it water, whose wind is known to the site as the background has it."""
    effect = np.zeros_like(window.background.effect)
    effect[0, 0] = wind_db / 10 * np.log(10)
    return dataclasses.replace(
        window,
        water=np.ones_like(window.water),
        background=dataclasses.replace(window.background, calm_limit=np.inf, effect=effect),
    )


@pytest.mark.parametrize("step_db", [3, 6, 10, -6])
def test_a_step_is_raised_at_once_and_confirmed_three_images_later(as_window: AsWindow, step_db: int) -> None:
    power = speckle(1)
    power[15:, square()] *= 10 ** (step_db / 10)
    assert watch_footprint(as_window(power), square(), 14) == (15, 18)


def test_growth_from_a_twentieth_on_is_seen_before_it_is_whole(as_window: AsWindow) -> None:
    power = speckle(2)
    rows, columns = np.nonzero(square(10))
    for image in range(15, 35):
        built = slice(0, 5 * (image - 14))
        power[image, rows[built], columns[built]] *= 10
    raised, confirmed = watch_footprint(as_window(power), square(10), 14)
    assert raised is not None
    assert confirmed is not None
    assert 15 <= raised <= 18
    assert raised + 3 <= confirmed <= raised + 5


@pytest.mark.parametrize("absent", [0, 1, 3])
def test_what_begins_among_the_first_images_is_raised_too(as_window: AsWindow, absent: int) -> None:
    power = speckle(3)
    power[absent + 1 :, square()] *= 10
    raised, confirmed = watch_footprint(as_window(power), square(), absent)
    assert raised is not None
    assert absent < raised <= absent + 2
    assert confirmed is not None


def test_later_images_change_nothing_that_was_said(hall: Hall) -> None:
    window, mask = hall.found.window, hall.found.footprint
    raised, confirmed = watch_footprint(window, mask, 9)
    assert raised is not None
    assert confirmed is not None
    for count in range(10, window.log_values.shape[0]):
        expected = (raised if count > raised else None, confirmed if count > confirmed else None)
        assert watch_footprint(first_images(window, count), mask, 9) == expected


@given(seed=st.integers(0, 2**16), turn=st.integers(3, 30), then_db=st.floats(-30, 30), from_then=st.integers(1, 9))
@settings(max_examples=8, deadline=None)
def test_whatever_comes_later_levels_and_looks_stay(
    as_window: AsWindow, seed: int, turn: int, then_db: float, from_then: int
) -> None:
    power = speckle(seed)
    power[turn:, square()] *= 5
    other = power.copy()
    other[turn + from_then :] *= 10 ** (then_db / 10)
    other[turn + from_then :, :15] *= 3
    (level, looks), (same_level, same_looks) = (
        footprint_series(as_window(one), square(), min(turn, TEACHING_IMAGES)) for one in (power, other)
    )
    np.testing.assert_array_equal(same_level[: turn + from_then], level[: turn + from_then])
    np.testing.assert_allclose(same_looks[: turn + from_then], looks[: turn + from_then], rtol=1e-12)


def test_a_drawn_footprint_keeps_its_dates_when_images_are_added(hall: Hall) -> None:
    outline = hall.found.shape.outline
    answers = []
    for images in (20, 28, 36):
        stack = hall.stack.isel(time=slice(0, images))
        (answer,) = date_footprint(outline, [stack], [detect_change(stack)])
        answers.append(answer)
    assert len({(a.onset, a.first_raised, a.confirmed_on) for a in answers}) == 1
    assert answers[0].confirmed_on is not None


def test_wind_on_the_sea_raises_nothing(as_window: AsWindow) -> None:
    wind_db = np.random.default_rng(4).normal(0, 3, IMAGES)
    power = speckle(4) * 0.01 * 10 ** (wind_db / 10)[:, None, None]
    assert watch_footprint(sea(as_window(power), np.zeros(IMAGES)), square(), 0) == (None, None)
    power[25:, square()] = 0.1 * speckle(5)[25:, square()]
    assert watch_footprint(sea(as_window(power), np.zeros(IMAGES)), square(), 24) == (25, 28)


def test_ground_that_moves_counts_for_fewer_looks_and_is_seldom_raised(as_window: AsWindow) -> None:
    """Fields of five pixels that wander by a decibel (sd), each for itself; so does the watched one."""
    rng, raised = np.random.default_rng(12), 0
    for seed in range(30):
        level_db = rng.normal(0, 1, (IMAGES, SIDE // 5, SIDE // 5))
        for image in range(1, IMAGES):
            level_db[image] = 0.8 * level_db[image - 1] + 0.6 * level_db[image]
        power = speckle(2000 + seed)
        restless = power * 10 ** (np.kron(level_db, np.ones((5, 5))) / 10)
        mask = np.zeros((SIDE, SIDE), bool)
        mask[10:15, 10:15] = True
        _, still = footprint_series(as_window(power), mask, TEACHING_IMAGES)
        _, looks = footprint_series(as_window(restless), mask, TEACHING_IMAGES)
        assert np.median(looks) < 0.7 * np.median(still)
        raised += watch_footprint(as_window(restless), mask, TEACHING_IMAGES - 1)[0] is not None
    # Of those that look at speckle alone more than half are raised.
    assert raised <= 6


def test_where_no_ground_lies_around_the_effects_of_the_site_serve(as_window: AsWindow) -> None:
    power, wind_db = speckle(6), np.random.default_rng(6).normal(0, 3, IMAGES)
    power *= 10 ** (wind_db / 10)[:, None, None]
    mask = np.ones((SIDE, SIDE), bool)
    mask[0, :3] = False
    assert watch_footprint(sea(as_window(power), wind_db), mask, 0) == (None, None)
    power[20:] *= 5
    assert watch_footprint(sea(as_window(power), wind_db), mask, 19) == (20, 23)


def test_a_ship_before_it_does_not_give_its_date(as_window: AsWindow) -> None:
    power = speckle(7)
    power[16:18, square()] *= 30
    power[22:, square()] *= 6
    window = as_window(power)
    assert watch_footprint(window, square(), 21) == (22, 25)
    # The ship lies there still when the image by which the structure is absent comes.
    assert watch_footprint(window, square(), 17) == (22, 25)


def test_what_is_gone_again_was_raised_by_nothing(as_window: AsWindow) -> None:
    power = speckle(8)
    power[20:22, square()] *= 10
    assert watch_footprint(as_window(power), square(), 19) == (None, None)


def test_a_candidate_that_still_waits_has_its_first_date_only(as_window: AsWindow) -> None:
    power = speckle(9)
    power[IMAGES - 2 :, square()] *= 10
    assert watch_footprint(as_window(power), square(), IMAGES - 3) == (IMAGES - 2, None)


def test_images_that_cover_too_little_are_passed_over(as_window: AsWindow) -> None:
    power = speckle(10)
    power[15:, square()] *= 10
    power[:2, :, :15] = np.nan
    power[14:17, :, :15] = np.nan
    assert watch_footprint(as_window(power), square(), 13) == (17, 20)


def test_a_place_without_any_image_is_raised_by_nothing(as_window: AsWindow) -> None:
    power = speckle(11)
    power[:, square()] = np.nan
    assert watch_footprint(as_window(power), square(), 5) == (None, None)


def test_stable_places_are_seldom_raised(as_window: AsWindow) -> None:
    """Sixty places for forty images each are 2400 images; one false candidate in 10 000 is asked for."""
    raised = 0
    for seed in range(60):
        said, _ = watch_footprint(as_window(speckle(1000 + seed)), square(3 + seed % 6), 0)
        raised += said is not None
    assert raised <= 2
