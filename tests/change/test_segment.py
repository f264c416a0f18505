"""The segmentation is the exact optimum, and does not depend on units, order of channels or missing dates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sitewatch.change._segment import last_step, segment
from sitewatch.errors import ChangeError


def series(seed: int, channels: int, images: int, pixels: int = 1, looks: float = 4.4) -> NDArray[np.float32]:
    """Speckle with a few steps, [channel, time, 1, pixel]."""
    rng = np.random.default_rng(seed)
    level = np.ones((channels, images, 1, pixels))
    for pixel in range(pixels):
        for at in rng.integers(0, images, rng.integers(0, 4)):
            level[:, at:, 0, pixel] *= rng.lognormal(0, 1, (channels, 1))
    return (level * rng.gamma(looks, 1 / looks, level.shape)).astype(np.float32)


def cost_of(values: NDArray[np.float64], looks: float) -> float:
    return float(looks * values.shape[1] * np.sum(np.log(values.mean(axis=1))))


def by_enumeration(values: NDArray[np.float64], looks: float, penalty: float, shortest: int) -> tuple[float, list[int]]:
    images = values.shape[1]
    best = (np.inf, [0])
    for number in range(images):
        for cuts in itertools.combinations(range(1, images), number):
            edges = [0, *cuts, images]
            if number and min(np.diff(edges)) < shortest:
                continue
            cost = sum(cost_of(values[:, a:b], looks) for a, b in itertools.pairwise(edges)) + penalty * number
            if cost < best[0] - 1e-9:
                best = (cost, edges[:-1])
    return best


def by_dynamic_programming(
    values: NDArray[np.float64], looks: float, penalty: float, shortest: int
) -> tuple[float, list[int]]:
    images = values.shape[1]
    sums = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
    best, previous = np.full(images + 1, np.inf), np.zeros(images + 1, int)
    best[0] = -penalty
    for end in range(shortest, images + 1):
        starts = np.arange(0, end - shortest + 1)
        m = end - starts
        costs = best[starts] + looks * m * np.log((sums[:, [end]] - sums[:, starts]) / m).sum(axis=0) + penalty
        previous[end] = np.argmin(costs)
        best[end] = costs.min()
    edges, end = [], images
    while end > 0:
        end = int(previous[end])
        edges.append(end)
    return float(best[images]), edges[::-1]


@pytest.mark.parametrize("shortest", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 2])
def test_equals_the_enumeration_of_all_partitions(channels: int, shortest: int) -> None:
    for images in (1, 2, 4, 7, 9):
        power = series(images, channels, images, pixels=12)
        found = segment(power, 4.4, 2.0, shortest=shortest, most=9)
        for pixel in range(12):
            values = power[:, :, 0, pixel].astype(float)
            cost, edges = by_enumeration(values, 4.4, 2.0, shortest)
            assert found.cost[0, pixel] == pytest.approx(cost - cost_of(values, 4.4), abs=1e-6)
            assert list(found.start[: found.count[0, pixel], 0, pixel]) == edges


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    channels=st.integers(1, 3),
    images=st.integers(30, 45),
    shortest=st.integers(1, 5),
    penalty=st.floats(0.5, 15),
)
def test_pruning_loses_nothing(seed: int, channels: int, images: int, shortest: int, penalty: float) -> None:
    power = series(seed, channels, images)
    found = segment(power, 4.4, penalty, shortest=shortest, most=images)
    values = power[:, :, 0, 0].astype(float)
    cost, edges = by_dynamic_programming(values, 4.4, penalty, shortest)
    assert found.cost[0, 0] == pytest.approx(cost - cost_of(values, 4.4), abs=1e-6)
    assert list(found.start[: found.count[0, 0], 0, 0]) == edges
    ends = [*edges[1:], images]
    for i, (a, b) in enumerate(zip(edges, ends, strict=True)):
        assert found.length[i, 0, 0] == b - a
        np.testing.assert_allclose(found.mean[:, i, 0, 0], values[:, a:b].mean(axis=1), rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(1e-6, 1e6), images=st.integers(2, 40))
def test_units_and_order_of_channels_change_no_boundary(seed: int, scale: float, images: int) -> None:
    power = series(seed, 2, images, pixels=3)
    plain = segment(power, 4.4, 5.0)
    other = segment((power[::-1] * np.float32(scale)).astype(np.float32), 4.4, 5.0)
    np.testing.assert_array_equal(plain.start, other.start)
    np.testing.assert_allclose(plain.cost, other.cost, atol=1e-3)
    np.testing.assert_allclose(plain.mean[::-1] * np.float32(scale), other.mean, rtol=1e-4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), images=st.integers(2, 40), shortest=st.integers(1, 3))
def test_a_series_read_backwards_has_the_same_boundaries_backwards(seed: int, images: int, shortest: int) -> None:
    power = series(seed, 2, images)
    there = segment(power, 4.4, 5.0, shortest=shortest, most=images)
    back = segment(power[:, ::-1].copy(), 4.4, 5.0, shortest=shortest, most=images)
    count = there.count[0, 0]
    assert there.cost[0, 0] == pytest.approx(back.cost[0, 0], abs=1e-6)
    np.testing.assert_array_equal(there.length[:count, 0, 0], back.length[:count, 0, 0][::-1])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), images=st.integers(2, 30), data=st.data())
def test_a_missing_date_counts_as_no_date(seed: int, images: int, data: st.DataObject) -> None:
    power = series(seed, 2, images)
    missing = data.draw(st.lists(st.booleans(), min_size=images, max_size=images).filter(lambda m: not all(m)))
    kept = np.flatnonzero(~np.array(missing))
    holed = power.copy()
    holed[1, np.array(missing)] = np.nan
    short, long = segment(power[:, kept], 4.4, 4.0, most=30), segment(holed, 4.4, 4.0, most=30)
    count = short.count[0, 0]
    assert long.count[0, 0] == count
    np.testing.assert_array_equal(long.start[:count, 0, 0], kept[short.start[:count, 0, 0]])
    np.testing.assert_array_equal(long.mean, short.mean)


def test_a_constant_is_one_segment_and_no_image_is_none() -> None:
    power = np.full((2, 12, 1, 3), 0.3, np.float32)
    power[0, :, 0, 1] = np.nan
    power[:, 1:, 0, 2] = np.nan
    found = segment(power, 4.4, 3.0)
    np.testing.assert_array_equal(found.count, [[1, 0, 1]])
    np.testing.assert_array_equal(found.start[:, 0, 1], -1)
    np.testing.assert_array_equal(found.length[0, 0], [12, 0, 1])
    assert np.isnan(found.mean[:, :, 0, 1]).all()
    np.testing.assert_array_equal(found.cost, 0)


def test_zeros_are_a_level_of_their_own() -> None:
    power = np.ones((1, 10, 1, 1), np.float32)
    power[:, :5] = 0
    found = segment(power, 4.4, 3.0)
    np.testing.assert_array_equal(found.start[:3, 0, 0], [0, 5, -1])


def test_more_segments_than_there_is_room_for_are_flagged_and_the_latest_kept() -> None:
    power = np.repeat(np.array([1, 9, 1, 9, 1], np.float32), 6)[None, :, None, None]
    found = segment(power, 20.0, 2.0, most=2)
    assert found.overflow[0, 0]
    np.testing.assert_array_equal(found.start[:, 0, 0], [18, 24])
    assert not segment(power, 20.0, 2.0, most=5).overflow[0, 0]


def test_each_pixel_has_its_own_looks() -> None:
    power = np.repeat(np.array([1, 2], np.float32), 5)[None, :, None, None].repeat(3, axis=3)
    found = segment(power, np.array([[0.5, 20.0, np.nan]]), 4.0)
    np.testing.assert_array_equal(found.count, [[1, 2, 0]])


def test_the_last_step_is_the_best_of_all_splits() -> None:
    power = series(5, 2, 25, pixels=40)
    power[0, 3, 0, 7] = np.nan
    found = last_step(power, 4.4, shortest=2)
    for pixel in range(40):
        values = power[:, :, 0, pixel].astype(float)
        kept = np.flatnonzero(np.isfinite(values).all(axis=0))
        values = values[:, kept]
        gains = [
            cost_of(values, 4.4) - cost_of(values[:, :t], 4.4) - cost_of(values[:, t:], 4.4)
            for t in range(2, kept.size - 1)
        ]
        at = int(np.argmax(gains)) + 2
        assert found.deviance[0, pixel] == pytest.approx(max(gains), rel=1e-6)
        assert found.start[0, pixel] == kept[at]
        assert found.previous[0, pixel] == kept[at - 1]
        np.testing.assert_allclose(found.before[:, 0, pixel], values[:, :at].mean(axis=1), rtol=1e-5)
        np.testing.assert_allclose(found.after[:, 0, pixel], values[:, at:].mean(axis=1), rtol=1e-5)


def test_the_last_step_needs_two_sides() -> None:
    found = last_step(series(1, 2, 3), 4.4, shortest=2)
    assert found.start[0, 0] == found.previous[0, 0] == -1
    assert found.deviance[0, 0] == 0
    assert np.isnan(found.before).all()


@pytest.mark.parametrize(
    ("shape", "looks", "penalty", "shortest"),
    [((3, 4), 4.4, 1.0, 1), ((1, 3, 2, 2), 0.0, 1.0, 1), ((1, 3, 2, 2), 4.4, -1.0, 1), ((1, 3, 2, 2), 4.4, 1.0, 0)],
)
def test_what_cannot_be_is_refused(shape: tuple[int, ...], looks: float, penalty: float, shortest: int) -> None:
    with pytest.raises(ChangeError):
        segment(np.ones(shape, np.float32), looks, penalty, shortest=shortest)
