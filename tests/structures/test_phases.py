"""Phases of construction: the chain against brute force, its order, its gaps, and that it agrees with the intervals."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hall import Hall
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.special import logsumexp

from sitewatch.change import detect_change
from sitewatch.structures import Interval, PhasePoint, find_in_track
from sitewatch.structures._describe import Chances, bounds, describe, phases_of
from sitewatch.structures._phases import (
    ACTIVE,
    NONE,
    PHASES,
    POST,
    PREPARATION,
    begun_between,
    follow_phases,
    forward_backward,
    growth_evidence,
    held_to,
    in_order,
    rates,
    reached_between,
    transitions,
)

EVERY_12_DAYS = 12.0 * np.arange(30)


def step(image: int, count: int = 30, before: float = 0.0) -> NDArray[np.float64]:
    """Chance by each image of an event that is sure at one image, and has a small chance before."""
    return np.where(np.arange(count) >= image, 1.0, before)


def a_chain(rng: np.random.Generator, images: int, models: int = 2) -> tuple[NDArray[np.float64], ...]:
    days = np.cumsum(rng.choice([1.0, 12.0, 250.0], images))
    return rng.normal(0, 3, (models, images, 4)), np.eye(4)[NONE], transitions(days, rates(days[-1] - days[0], 0.7))


@pytest.mark.parametrize("images", [1, 2, 5])
def test_forward_backward_is_the_sum_over_all_paths(images: int) -> None:
    emission, start, transition = a_chain(np.random.default_rng(images), images)
    posterior, evidence = forward_backward(emission, start, transition)
    for model in range(len(emission)):
        total = np.full((images, 4), -np.inf)
        for path in itertools.product(range(4), repeat=images):
            with np.errstate(divide="ignore"):
                weight = np.log(start[path[0]]) + sum(
                    np.log(transition[t, path[t], path[t + 1]]) for t in range(images - 1)
                )
            weight += sum(emission[model, t, state] for t, state in enumerate(path))
            for t, state in enumerate(path):
                total[t, state] = np.logaddexp(total[t, state], weight)
        assert evidence[model] == pytest.approx(logsumexp(total[0]))
        np.testing.assert_allclose(np.exp(posterior[model]), np.exp(total - evidence[model]), atol=1e-12)


def test_transitions_are_the_matrix_exponential_of_the_days_between() -> None:
    days = np.array([0.0, 1.0, 12.0, 13.5, 300.0, 2900.0])
    rate = rates(2900.0, 0.8)
    np.testing.assert_allclose(transitions(days, rate), expm(rate * np.diff(days)[:, None, None]), atol=1e-12)


def test_two_short_gaps_are_one_long_gap() -> None:
    rate = rates(500.0, 0.8)
    short, long = transitions(np.array([0.0, 40.0, 130.0]), rate), transitions(np.array([0.0, 130.0]), rate)
    np.testing.assert_allclose(short[0] @ short[1], long[0], atol=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25))
def test_chances_sum_to_one_and_no_phase_is_ever_left_backwards(seed: int, images: int) -> None:
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.choice([1.0, 6.0, 12.0, 300.0], images))
    begun = np.sort(rng.uniform(0, 1, images) ** 3)
    finished = begun * np.sort(rng.uniform(0, 1, images))
    level = np.where(rng.uniform(size=images) < 0.2, np.nan, rng.normal(0, 2, images))
    phases = follow_phases(begun, finished, days, level, rng.integers(3, 40, images).astype(float))
    assert (phases.probability >= 0).all()
    np.testing.assert_allclose(phases.probability.sum(axis=1), 1.0, atol=1e-9)
    assert (np.diff(phases.phase) >= 0).all()
    reached = np.cumsum(phases.probability[:, ::-1], axis=1)[:, ::-1]
    assert (np.diff(reached, axis=0) >= -1e-9).all()


@given(hnp.arrays(float, (5, 4), elements=st.floats(0.001, 1.0)))
def test_no_ordered_sequence_is_expected_to_be_right_at_more_images(chance: NDArray[np.float64]) -> None:
    chance = chance / chance.sum(axis=1, keepdims=True)
    best = max(
        sum(chance[t, state] for t, state in enumerate(path))
        for path in itertools.combinations_with_replacement(range(4), 5)
    )
    phase = in_order(chance)
    assert (np.diff(phase) >= 0).all()
    assert chance[np.arange(5), phase].sum() == pytest.approx(best)


def test_growth_is_worth_the_chance_of_its_image() -> None:
    at = np.array([0.1, 0.2, 0.6, 0.05])
    evidence = growth_evidence(np.cumsum(at), np.zeros(4))
    for image in range(3):
        ratio = evidence[image:, ACTIVE].sum() - evidence[image + 1 :, ACTIVE].sum()
        spread = 0.99 * at + 0.01 / 5
        assert ratio == pytest.approx(np.log(spread[image] / spread[image + 1]))


def test_nothing_built_yet_is_no_activity() -> None:
    phases = follow_phases(np.zeros(30), np.zeros(30), EVERY_12_DAYS)
    assert (phases.phase == NONE).all()
    assert phases.probability[-1, NONE] > 0.9


def test_one_image_says_no_activity_and_nothing_else() -> None:
    phases = follow_phases(np.zeros(1), np.zeros(1), np.zeros(1))
    assert phases.probability.tolist() == [[1.0, 0.0, 0.0, 0.0]]
    assert phases.phase.tolist() == [NONE]


def test_what_is_built_between_two_images_skips_phases() -> None:
    phases = follow_phases(step(10), step(10), EVERY_12_DAYS)
    assert phases.phase.tolist() == [NONE] * 10 + [POST] * 20
    assert (phases.probability[:, PREPARATION] == 0).all()


def test_works_that_go_on_stay_active() -> None:
    phases = follow_phases(step(10), 0.5 * step(27), EVERY_12_DAYS)
    assert phases.phase.tolist() == [NONE] * 10 + [ACTIVE] * 20


def a_drop(drop_db: float, first: int, onset: int, seed: int = 0) -> NDArray[np.float64]:
    """Level of waiting ground that scatters by 0.4 dB and drops before the onset."""
    image = np.arange(30)
    level = np.random.default_rng(seed).normal(0, 0.4, 30) - drop_db * (image >= first)
    return np.where(image < onset, level, np.nan)


@pytest.mark.parametrize("first", [5, 10, 14])
def test_ground_that_drops_before_the_onset_is_preparation(first: int) -> None:
    phases = follow_phases(step(16), step(18), EVERY_12_DAYS, a_drop(2.5, first, 16))
    assert phases.phase.tolist() == [NONE] * first + [PREPARATION] * (16 - first) + [ACTIVE] * 2 + [POST] * 12


def test_ground_that_stays_as_it_was_is_seldom_called_prepared() -> None:
    said = [
        (follow_phases(step(16), step(18), EVERY_12_DAYS, a_drop(0.0, 0, 16, seed)).phase == PREPARATION).any()
        for seed in range(40)
    ]
    assert np.mean(said) <= 0.05


def test_a_single_odd_image_is_no_preparation() -> None:
    level = a_drop(0.0, 0, 16)
    level[7] -= 6.0
    assert not (follow_phases(step(16), step(18), EVERY_12_DAYS, level).phase == PREPARATION).any()


def test_missing_images_before_the_drop_leave_its_date_open_and_the_others_as_they_were() -> None:
    level = a_drop(2.5, 10, 16)
    level[7:10] = np.nan
    phases = follow_phases(step(16), step(18), EVERY_12_DAYS, level)
    between = reached_between(phases.probability, PREPARATION)
    assert between is not None
    assert between[0] == 6
    assert between[1] == 10
    assert (phases.phase[10:16] == PREPARATION).all()


def test_ground_that_was_never_seen_says_nothing_of_preparation() -> None:
    phases = follow_phases(step(16), step(18), EVERY_12_DAYS, np.full(30, np.nan))
    assert (phases.probability[:, PREPARATION] == 0).all()


def test_a_change_that_two_gaps_may_hold_is_likelier_in_the_longer_one() -> None:
    begun = np.where(np.arange(30) >= 11, 1.0, np.where(np.arange(30) == 10, 0.5, 0.0))
    days = EVERY_12_DAYS.copy()
    even = follow_phases(begun, np.zeros(30), days).probability[10, ACTIVE]
    days[10:] += 100.0
    longer_before = follow_phases(begun, np.zeros(30), days).probability[10, ACTIVE]
    days = EVERY_12_DAYS.copy()
    days[11:] += 100.0
    longer_after = follow_phases(begun, np.zeros(30), days).probability[10, ACTIVE]
    assert longer_after < 0.25 < 0.4 < even < 0.6 < 0.75 < longer_before


curves = hnp.arrays(float, 20, elements=st.floats(0, 1)).map(lambda a: np.maximum.accumulate(a**4))


@given(
    st.tuples(curves, curves, curves, curves),
    st.lists(st.sampled_from([1.0, 6.0, 12.0, 48.0, 320.0]), min_size=20, max_size=20),
    st.integers(0, 16),
    st.integers(0, 10),
)
def test_phases_never_contradict_the_stated_intervals(
    chances: tuple[NDArray[np.float64], ...], gaps: list[float], start: int, more: int
) -> None:
    few, enough = (np.where(np.arange(20) > start, 1.0, c) for c in chances[:2])
    nearly, wholly = (np.where(np.arange(20) > start + more, 1.0, c) for c in chances[2:])
    evidence = Chances(np.maximum(few, enough), np.minimum(few, enough), nearly, np.minimum(nearly, wholly))
    evidence = dataclasses.replace(
        evidence,
        nearly=np.minimum(evidence.nearly, evidence.enough),
        wholly=np.minimum(evidence.wholly, evidence.enough),
    )
    onset, completion = bounds(evidence)
    if completion is not None and completion[1] > 16:
        completion = None
    onset, completion = (span if span and span[0] >= 0 else None for span in (onset, completion))
    phases = phases_of(evidence, onset, completion, np.cumsum(gaps))
    if onset is not None:
        assert (phases.phase[: onset[0] + 1] < ACTIVE).all()
        assert (phases.phase[onset[1] :] >= ACTIVE).all()
    if completion is None:
        assert (phases.phase < POST).all()
    else:
        assert (phases.phase[: completion[0] + 1] < POST).all()
        assert (phases.phase[completion[1] :] == POST).all()


def test_a_hall_goes_from_no_activity_over_construction_to_its_end(hall: Hall) -> None:
    structure = describe(hall.found)
    assert [p.date for p in structure.phases] == [p.date for p in structure.growth]
    stated = [p.phase for p in structure.phases]
    assert list(dict.fromkeys(stated)) == ["No Activity", "Active Construction", "Post Construction"]
    for point in structure.phases:
        assert sum(point.probabilities) == pytest.approx(1.0)
        if structure.onset is not None and point.date <= structure.onset.earliest:
            assert point.phase == "No Activity"
        if structure.completion is not None:
            assert (point.phase == "Post Construction") >= (point.date >= structure.completion.latest)
            assert (point.phase != "Post Construction") >= (point.date <= structure.completion.earliest)
    assert structure.preparation_first_seen is None


def test_a_building_on_cleared_ground_has_its_preparation_dated(land_stack: Callable[..., xr.Dataset]) -> None:
    image, inside = np.arange(36), np.zeros((70, 70), bool)
    inside[25:37, 20:44] = True
    stack = land_stack(5, np.where(inside, 20, 999), 8.0)
    for name in stack.data_vars:
        stack[name] = stack[name] * xr.where(
            xr.DataArray((image >= 13) & (image < 20), dims="time")
            & xr.DataArray(inside, dims=("y", "x")), 10**-0.2, 1.0,
        ).astype("float32")  # fmt: skip
    (found,) = find_in_track(stack, detect_change(stack))
    structure = describe(found)
    days = [p.date for p in structure.phases]
    assert structure.preparation_first_seen == days[13]
    assert [p.phase for p in structure.phases[13:20]] == ["Site Preparation"] * 7
    begun = begun_between(structure.phases, "Site Preparation")
    assert begun is not None
    assert begun.earliest < days[13] <= begun.latest


def points(chances: list[tuple[float, float, float, float]]) -> tuple[PhasePoint, ...]:
    days = [dt.date(2022, 1, 1) + dt.timedelta(days=12 * i) for i in range(len(chances))]
    states = in_order(np.array(chances))
    return tuple(PhasePoint(d, PHASES[s], c) for d, s, c in zip(days, states, chances, strict=True))


def test_what_other_tracks_rule_out_gets_no_chance() -> None:
    given_points = points([(1, 0, 0, 0), (0.6, 0.3, 0.1, 0), (0.2, 0.2, 0.6, 0), (0, 0, 0.5, 0.5), (0, 0, 0.1, 0.9)])
    days = [p.date for p in given_points]
    held = held_to(given_points, Interval(days[2], days[3]), Interval(days[3], days[4]))
    assert [p.phase for p in held][2:] == ["No Activity", "Active Construction", "Post Construction"]
    assert held[2].probabilities == pytest.approx((0.5, 0.5, 0.0, 0.0))
    assert held[1].probabilities == pytest.approx((2 / 3, 1 / 3, 0.0, 0.0))
    assert held[3].probabilities == pytest.approx((0.0, 0.0, 1.0, 0.0))
    assert held_to(given_points, None, None) == given_points
    assert held_to((), None, None) == ()


def test_a_phase_reached_by_the_first_image_or_never_has_no_interval() -> None:
    given_points = points([(0.01, 0.99, 0, 0), (0, 0.5, 0.5, 0), (0, 0.4, 0.6, 0)])
    assert begun_between(given_points, "Site Preparation") is None
    assert begun_between(given_points, "Active Construction") is None
    assert begun_between((), "Active Construction") is None
