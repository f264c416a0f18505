"""Onset errors by the official definitions."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.structure import Phase
from sitewatch.structures._phase_errors import OnsetError, onset_error, onset_of, sum_up

DAY = dt.date(2022, 6, 1)


def later(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("proposed", "error"),
    [
        (-35, OnsetError(days=-35, best_days=-5, worst_days=-35)),  # before the gap: early
        (-30, OnsetError(days=-30, best_days=0, worst_days=-30)),
        (-20, OnsetError(days=-20, best_days=0, worst_days=-20)),  # in the gap, nearer to its start
        (-10, OnsetError(days=-10, best_days=0, worst_days=20)),  # in the gap, nearer to its end
        (0, OnsetError(days=0, best_days=0, worst_days=30)),
        (12, OnsetError(days=12, best_days=12, worst_days=42)),  # after it: late
    ],
)
def test_errors_in_and_around_a_gap_of_thirty_days(proposed: int, error: OnsetError) -> None:
    assert onset_error(later(proposed), DAY, later(-30)) == error


def test_without_an_observation_before_all_cases_are_one() -> None:
    assert onset_error(later(-9), DAY) == OnsetError(-9, -9, -9)


def test_an_observation_before_that_comes_after_is_refused() -> None:
    with pytest.raises(ValueError, match="lies after it"):
        onset_error(DAY, DAY, later(1))


@given(st.integers(-400, 400), st.integers(0, 300))
def test_best_and_worst_are_those_of_all_days_of_the_gap(proposed: int, gap: int) -> None:
    error = onset_error(later(proposed), DAY, later(-gap))
    all_days = [proposed + back for back in range(gap + 1)]
    assert abs(error.best_days) == min(abs(d) for d in all_days)
    assert abs(error.worst_days) == max(abs(d) for d in all_days)
    assert {error.days, error.best_days, error.worst_days} <= set(all_days)
    assert abs(error.best_days) <= abs(error.days) <= abs(error.worst_days)


def observed(*labels: Phase, every: int = 10) -> list[tuple[dt.date, Phase]]:
    return [(later(every * i), label) for i, label in enumerate(labels)]


def test_the_onset_is_the_first_observation_with_the_label() -> None:
    site = observed("No Activity", "Site Preparation", "Site Preparation", "Post Construction")
    assert onset_of(site[::-1], "Site Preparation") == (later(10), later(0))
    assert onset_of(site, "Post Construction") == (later(30), later(20))
    assert onset_of(site, "No Activity") == (later(0), None)
    assert onset_of(site, "Active Construction") is None


def test_the_summary_counts_early_late_perfect_and_missing() -> None:
    truth = observed("No Activity", "Active Construction", "Active Construction", "Post Construction")
    early = observed("Active Construction", "Active Construction", "Active Construction", "Post Construction")
    late = observed("No Activity", "No Activity", "No Activity", "Active Construction")
    prepared = observed("Site Preparation", "Site Preparation", "Post Construction", "Post Construction")
    pairs = [(truth, early), (truth, late), (truth, truth), (truth, prepared), (prepared, truth)]
    active = sum_up(pairs, "Active Construction")
    assert (active.count, active.early, active.late, active.perfect) == (3, 1, 1, 1)
    assert (active.missing_proposals, active.missing_truth) == (1, 1)
    assert active.mean_days == pytest.approx((-10 + 20 + 0) / 3)
    assert active.mean_absolute_days == pytest.approx(10.0)
    assert active.sd_days == pytest.approx(math.sqrt((100 + 400) / 3 - (10 / 3) ** 2))
    assert active.best_mean_days == pytest.approx(20 / 3)
    assert active.best_mean_absolute_days == pytest.approx(20 / 3)
    assert active.worst_mean_days == pytest.approx((-10 + 30 + 10) / 3)
    assert active.worst_mean_absolute_days == pytest.approx(50 / 3)


def test_a_phase_that_no_site_has_has_no_mean() -> None:
    nothing = sum_up([], "Site Preparation")
    assert nothing.count == 0
    assert math.isnan(nothing.mean_days)
    assert math.isnan(nothing.sd_days)
