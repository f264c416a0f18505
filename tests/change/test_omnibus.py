"""The sequential test against its definition, and what it must not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sitewatch.change._omnibus import Omnibus, sequential_omnibus
from sitewatch.change._omnibus_laws import box_laws, exact_laws, survival
from sitewatch.errors import ChangeError


def speckle(seed: int, channels: int, images: int, pixels: int, looks: float = 4.4) -> NDArray[np.float32]:
    return np.random.default_rng(seed).gamma(looks, 1 / looks, (channels, images, 1, pixels)).astype(np.float32)


def with_steps(seed: int, channels: int, images: int, pixels: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    power = speckle(seed, channels, images, pixels)
    for pixel in range(pixels):
        for at in rng.integers(0, images, rng.integers(0, 3)):
            power[:, at:, 0, pixel] *= rng.lognormal(0, 1.5)
    return power


def by_definition(series: NDArray[np.float64], looks: float, alpha: float) -> tuple[float, list[int], dict[int, float]]:
    """ln p of Q, changes and p-values of R_j of one complete series [channel, image]."""
    channels, images = series.shape
    start, changes, p_r, first = 0, [], {}, 0.0
    while images - start >= 2:
        part = series[:, start:]
        k = images - start
        total = np.cumsum(part, axis=1)
        ln_q = looks * sum(k * math.log(k) + np.log(row).sum() - k * math.log(row.sum()) for row in part)
        ln_p_q = survival(0, looks, k, channels, -ln_q)[0]
        first = ln_p_q if start == 0 else first
        found = None
        for j in range(2, k + 1):
            ln_r = looks * sum(
                j * math.log(j)
                - (j - 1) * math.log(j - 1)
                + (j - 1) * math.log(total[c, j - 2])
                + math.log(part[c, j - 1])
                - j * math.log(total[c, j - 1])
                for c in range(channels)
            )
            p = math.exp(survival(1, looks, j, channels, max(-ln_r, 1e-12))[0])
            p_r[start + j - 1] = p
            if found is None and p <= alpha and ln_p_q <= math.log(alpha):
                found = j
        if found is None:
            break
        start += found - 1
        changes.append(start)
    return first, changes, p_r


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_equals_the_definition(channels: int) -> None:
    power = with_steps(1, channels, 14, 40)
    found = sequential_omnibus(power, 4.4, alpha=0.01)
    seen = 0
    for pixel in range(40):
        ln_p_q, changes, p_r = by_definition(power[:, :, 0, pixel].astype(float), 4.4, 0.01)
        assert found.ln_p_q[0, pixel] == pytest.approx(ln_p_q, rel=1e-4, abs=1e-5)
        assert list(np.flatnonzero(found.changed[:, 0, pixel])) == changes
        assert found.count[0, pixel] == len(changes)
        assert (found.first[0, pixel], found.last[0, pixel]) == ((changes[0], changes[-1]) if changes else (-1, -1))
        for image, p in p_r.items():
            assert found.p_r[image, 0, pixel] == pytest.approx(max(p, 1.6e-38), rel=1e-3)
        assert np.isnan(found.p_r[0, 0, pixel])
        seen += len(changes)
    assert seen > 10


def same(a: Omnibus, b: Omnibus) -> None:
    np.testing.assert_allclose(a.ln_q, b.ln_q, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(a.ln_p_q, b.ln_p_q, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(a.p_r, b.p_r, rtol=2e-2, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), scale=st.floats(1e-8, 1e8), images=st.integers(2, 20))
def test_units_and_order_of_channels_change_nothing(seed: int, scale: float, images: int) -> None:
    power = speckle(seed, 2, images, 5)
    same(sequential_omnibus(power, 4.4), sequential_omnibus(power[::-1] * np.float32(scale), 4.4))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), images=st.integers(2, 20))
def test_q_does_not_depend_on_the_order_of_dates(seed: int, images: int) -> None:
    power = with_steps(seed, 2, images, 5)
    order = np.random.default_rng(seed).permutation(images)
    one, other = sequential_omnibus(power, 4.4), sequential_omnibus(power[:, order], 4.4)
    np.testing.assert_allclose(one.ln_q, other.ln_q, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(one.ln_p_q, other.ln_p_q, rtol=1e-6, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), images=st.integers(2, 20), data=st.data())
def test_a_missing_date_counts_as_no_date(seed: int, images: int, data: st.DataObject) -> None:
    power = with_steps(seed, 2, images, 3)
    holed = power.copy()
    masks = [data.draw(st.lists(st.booleans(), min_size=images, max_size=images)) for _ in range(3)]
    for pixel, mask in enumerate(masks):
        holed[pixel % 2, np.array(mask), 0, pixel] = data.draw(st.sampled_from([np.nan, np.inf]))
    found = sequential_omnibus(holed, 4.4)
    for pixel, mask in enumerate(masks):
        kept = np.flatnonzero(~np.array(mask))
        assert found.images[0, pixel] == kept.size
        if kept.size == 0:
            assert np.isnan(found.p_r[:, 0, pixel]).all()
            continue
        alone = sequential_omnibus(power[:, kept, :, pixel : pixel + 1], 4.4)
        assert found.ln_q[0, pixel] == pytest.approx(alone.ln_q[0, 0], abs=1e-9)
        assert found.ln_p_q[0, pixel] == pytest.approx(alone.ln_p_q[0, 0], abs=1e-5)
        np.testing.assert_array_equal(np.flatnonzero(found.changed[:, 0, pixel]), kept[alone.changed[:, 0, 0]])
        np.testing.assert_allclose(found.p_r[kept, 0, pixel], alone.p_r[:, 0, 0], rtol=1e-4)
        assert np.isnan(found.p_r[np.array(mask), 0, pixel]).all()


def test_a_pixel_does_not_depend_on_its_neighbours_or_its_place() -> None:
    power = with_steps(3, 2, 12, 301)
    power[:, 4, 0, 150] = np.nan
    together = sequential_omnibus(power, 4.4)
    for pixel in (0, 127, 128, 150, 255, 300):
        alone = sequential_omnibus(power[..., pixel : pixel + 1], 4.4)
        np.testing.assert_array_equal(together.changed[:, 0, pixel], alone.changed[:, 0, 0])
        np.testing.assert_allclose(together.p_r[:, 0, pixel], alone.p_r[:, 0, 0], rtol=1e-5)
    folded = sequential_omnibus(power.reshape(2, 12, 7, 43), 4.4)
    np.testing.assert_array_equal(folded.first.ravel(), together.first.ravel())


@pytest.mark.parametrize("images", [0, 1])
def test_fewer_than_two_images_change_nothing(images: int) -> None:
    found = sequential_omnibus(speckle(1, 2, images, 4), 4.4)
    np.testing.assert_array_equal(found.p_q, 1)
    np.testing.assert_array_equal(found.count, 0)
    np.testing.assert_array_equal(found.first, -1)


def test_zeros_are_a_low_level_and_an_empty_channel_takes_the_pixel_out() -> None:
    power = speckle(1, 2, 12, 3)
    power[:, :6, 0, 0] = 0
    power[0, :, 0, 1] = 0
    power[1, 3, 0, 2] = -1e-3
    found = sequential_omnibus(power, 4.4)
    assert np.isfinite(found.ln_q).all()
    assert list(np.flatnonzero(found.changed[:, 0, 0])) == [6]
    assert found.images[0, 1] == 0
    assert found.p_q[0, 1] == 1
    assert found.changed[3, 0, 2]


def test_each_pixel_has_its_own_looks() -> None:
    power = np.repeat(np.array([1, 3], np.float32), 4)[None, :, None, None].repeat(3, axis=3)
    found = sequential_omnibus(power, np.array([[1.0, 20.0, np.nan]]))
    np.testing.assert_array_equal(found.first, [[-1, 4, -1]])
    np.testing.assert_array_equal(found.images, [[8, 8, 0]])
    for pixel, looks in enumerate((1.0, 20.0)):
        alone = sequential_omnibus(power[..., :1], looks)
        assert found.ln_p_q[0, pixel] == pytest.approx(alone.ln_p_q[0, 0])


def test_very_many_numbers_of_looks_are_rounded_to_within_two_percent() -> None:
    power = speckle(2, 1, 5, 200)
    looks = np.linspace(4, 6, 200)[None]
    rounded = sequential_omnibus(power, looks)
    exact = sequential_omnibus(power, 5.0)
    at = int(np.argmin(np.abs(looks - 5.0)))
    assert rounded.ln_q[0, at] == pytest.approx(exact.ln_q[0, at], rel=0.025)


def test_stable_pixels_are_called_changed_as_often_as_asked_for() -> None:
    for looks, images, alpha in ((1.0, 30, 0.01), (4.4, 10, 0.05)):
        found = sequential_omnibus(speckle(5, 2, images, 40_000, looks), looks, alpha=alpha)
        rejected = (found.ln_p_q <= math.log(alpha)).mean()
        assert rejected == pytest.approx(alpha, rel=0.15)
        assert 0.3 * alpha < (found.count > 0).mean() <= rejected


def test_the_r_j_are_uniform_and_independent_when_nothing_changed() -> None:
    # alpha is so small that no search restarts, so that all R_j count from the first image.
    p = sequential_omnibus(speckle(6, 2, 8, 40_000, 1.0), 1.0, alpha=1e-9).p_r[1:, 0]
    assert np.abs(np.quantile(p, [0.1, 0.5, 0.9], axis=1) - np.array([[0.1], [0.5], [0.9]])).max() < 0.012
    correlation = np.corrcoef(p) - np.eye(7)
    assert np.abs(correlation).max() < 0.02
    both = ((p[:, None] < 0.1) & (p[None] < 0.1)).mean(axis=2)
    assert np.abs(both[~np.eye(7, dtype=bool)] - 0.01).max() < 0.0025


def test_q_is_the_product_of_the_r_j() -> None:
    power = speckle(7, 1, 6, 1)
    series = power[0, :, 0, 0].astype(float)
    found = sequential_omnibus(power, 3.0)
    k = series.size
    expected = 3.0 * (k * math.log(k) + np.log(series).sum() - k * math.log(series.sum()))
    assert found.ln_q[0, 0] == pytest.approx(expected, rel=1e-9)


def test_the_laws_can_be_the_papers_approximation() -> None:
    power = with_steps(8, 2, 20, 50)
    exact, box = sequential_omnibus(power, 20.0, laws=exact_laws), sequential_omnibus(power, 20.0, laws=box_laws)
    near = exact.p_q > 1e-6
    np.testing.assert_allclose(exact.p_q[near], box.p_q[near], rtol=0.01)


@pytest.mark.parametrize(
    ("shape", "looks", "alpha"), [((4, 4), 4.4, 0.01), ((1, 4, 2, 2), 0.0, 0.01), ((1, 4, 2, 2), 4.4, 1.0)]
)
def test_what_cannot_be_is_refused(shape: tuple[int, ...], looks: float, alpha: float) -> None:
    with pytest.raises(ChangeError):
        sequential_omnibus(np.ones(shape, np.float32), looks, alpha=alpha)
