"""Images that are overdue, and a watch that can't look."""

from __future__ import annotations

import datetime as dt

import pytest
from states import NOW

from sitewatch.watch import scene_gaps, stalled

DAY = dt.timedelta(days=1)


def every(days: float, count: int, last: dt.datetime = NOW) -> list[dt.datetime]:
    return [last - i * days * DAY for i in range(count)]


@pytest.mark.parametrize(("waited", "overdue"), [(12, False), (35.9, False), (36.1, True)])
def test_an_image_is_overdue_after_three_times_the_usual_interval(waited: float, overdue: bool) -> None:
    gaps = scene_gaps({"a": every(12, 10)}, NOW + waited * DAY)
    assert bool(gaps) == overdue
    if gaps:
        assert gaps[0].text.startswith("No image of a since 2025-07-09: 36 days, where one came every 12 days.")


def test_a_track_that_paused_before_is_given_as_long_again_and_a_quarter() -> None:
    paused = [*every(12, 8), *every(12, 8, NOW - 84 * DAY - 60 * DAY)]
    assert not scene_gaps({"a": paused}, NOW + 74 * DAY)
    assert scene_gaps({"a": paused}, NOW + 76 * DAY)


def test_a_gap_is_told_once_however_often_it_is_looked_at_and_anew_after_an_image() -> None:
    keys = {gap.key for days in (40, 50, 60) for gap in scene_gaps({"a": every(12, 10)}, NOW + days * DAY)}
    assert len(keys) == 1
    after = [NOW + 55 * DAY, *every(12, 10)]
    (anew,) = scene_gaps({"a": after}, NOW + 200 * DAY)
    assert anew.key not in keys


def test_bursts_of_one_pass_are_no_rhythm_and_few_passes_neither() -> None:
    bursts = [moment + s * dt.timedelta(seconds=3) for moment in every(12, 4) for s in range(5)]
    assert not scene_gaps({"a": bursts}, NOW + 400 * DAY)
    assert scene_gaps({"a": bursts}, NOW + 31 * DAY, after=30 * DAY)
    (one,) = scene_gaps({"a": [NOW]}, NOW + 31 * DAY, after=30 * DAY)
    assert "where one came" not in one.text
    assert not scene_gaps({"a": []}, NOW, after=30 * DAY)


def test_daily_images_are_not_overdue_within_two_days() -> None:
    assert not scene_gaps({"a": every(0.25, 20)}, NOW + 1.9 * DAY)
    assert scene_gaps({"a": every(0.25, 20)}, NOW + 2.1 * DAY)


def test_a_standstill_is_told_once_with_its_reason() -> None:
    limit = dt.timedelta(hours=24)
    assert not stalled(NOW, NOW + limit, after=limit)
    (first,) = stalled(NOW, NOW + 1.5 * DAY, after=limit, reason="the catalogue is down.")
    (second,) = stalled(NOW, NOW + 9 * DAY, after=limit)
    assert first.key == second.key
    assert "(36 h)" in first.text
    assert "the catalogue is down." in first.text
