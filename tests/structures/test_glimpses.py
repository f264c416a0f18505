"""What single images of many geometries add to the dates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.structures._alone import weigh_dates
from sitewatch.structures._glimpses import HIDDEN_SHARE, Glimpse, begun_with, finished_with, timeline
from sitewatch.structures._growth import TAIL, credibly
from sitewatch.structures._within import SHARES

DAYS = np.array([0.0, 90.0, 180.0, 270.0])
# Begun between day 90 and day 180, for all that the full track says.
CHANCE = np.array([0.0, 0.0, 1.0, 1.0])


def says(value: float, track: str, day: float = 0.0) -> Glimpse:
    """An image for which all shares built are equally more (or less) likely than none."""
    evidence = np.where(SHARES > 0, value, 0.0)
    return Glimpse(np.datetime64("2024-01-01") + np.timedelta64(round(day * 24), "h"), f"s{day}", track, evidence)


def begun(single_days: list[float], glimpses: list[Glimpse]) -> tuple[np.ndarray, np.ndarray]:
    line = timeline(DAYS, np.array(single_days))
    between = np.tile([0.0, 1.0], (len(glimpses), 1))
    return line.days, begun_with(CHANCE, line, glimpses, between)[0]


def test_images_that_show_it_and_do_not_narrow_the_gap_between_the_tracks_images() -> None:
    days, chance = begun([120.0, 150.0], [says(-9.0, "a"), says(9.0, "b")])
    assert credibly(chance) == (2, 3)
    assert days[2:4].tolist() == [120.0, 150.0]


def test_an_image_that_says_nothing_leaves_the_dates_as_they_are() -> None:
    _, chance = begun([120.0], [says(0.0, "a")])
    assert chance[[0, 1, 3, 4]] == pytest.approx([0, 0, 1, 1])
    assert TAIL < chance[2] < 1 - TAIL


@given(st.lists(st.floats(-40, 40), min_size=1, max_size=4))
def test_no_single_image_contradicts_what_the_full_tracks_are_sure_of(values: list[float]) -> None:
    days = np.linspace(200.0, 260.0, len(values))
    _, chance = begun(list(days), [says(v, f"t{i}") for i, v in enumerate(values)])
    assert chance[:2] == pytest.approx([0.0, 0.0])
    assert chance[2:] == pytest.approx(np.ones(len(values) + 2))
    assert (np.diff(chance) >= -1e-12).all()


def test_one_geometry_that_hides_it_counts_once_however_many_images_it_has() -> None:
    apart = begun([140.0, 150.0], [says(-9.0, "a"), says(-9.0, "b")])[1]
    together = begun([140.0, 150.0], [says(-9.0, "a"), says(-9.0, "a")])[1]
    assert apart[2] < together[2]
    # Begun before either image (50 of 90 days) with both hidden, against begun after them (30 of 90 days).
    assert together[2] == pytest.approx(HIDDEN_SHARE * 50 / (HIDDEN_SHARE * 60 + 30), rel=0.05)


def test_images_of_a_quarter_of_it_put_its_completion_off() -> None:
    evidence = np.where(SHARES < 0.3, 0.0, -40.0 * (SHARES - 0.25))
    images = [Glimpse(np.datetime64("2024-01-01"), "s", track, evidence) for track in ("a", "b")]
    line = timeline(DAYS, np.array([145.0, 150.0]))
    chance = finished_with(CHANCE, line, images, np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert chance[2] < chance[3] < TAIL


def test_images_alone_date_what_came_between_them() -> None:
    values = [-3.0, -3.0, -3.0, -3.0, 6.0, 6.0, 6.0, 6.0, 6.0]
    days = np.arange(9) * 30.0
    images = [says(v, f"t{i}", float(days[i])) for i, v in enumerate(values)]
    first, last, p_value = weigh_dates(images, days)
    # One image that lacks it may be wrong, two in a row hardly.
    assert credibly(first) == (2, 4)
    assert first[3] < 0.1
    assert (last <= first + 1e-12).all()
    assert p_value < 1e-3


@pytest.mark.parametrize("value", [-4.0, 4.0, 0.0])
def test_what_stays_as_it_is_gives_no_small_p_value(value: float) -> None:
    days = np.arange(8) * 30.0
    assert weigh_dates([says(value, f"t{i}", d) for i, d in enumerate(days)], days)[2] > 0.05
