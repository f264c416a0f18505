"""Whether a footprint stands, judged within one image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sitewatch.structure import TELLING
from sitewatch.structures._glimpses import HIDDEN_SHARE, STRANGER_SHARE, Glimpse
from sitewatch.structures._within import SHARES, Contrast, share_evidence

SIDE, PIXEL_M = 70, 10.0
FOOTPRINT = np.zeros((SIDE, SIDE), bool)
FOOTPRINT[30:36, 24:44] = True
KNOWN = (Contrast(8.0, 3.0),)


def image(
    seed: int, contrast_db: float = 0.0, share: float = 1.0, looks: float = 4.4, texture_db: float = 0.5
) -> NDArray[np.float64]:
    """[y, x], ln power of ground with a footprint built so far from the left."""
    rng = np.random.default_rng(seed)
    db = -12.0 + texture_db * rng.standard_normal((SIDE, SIDE))
    built = FOOTPRINT & (np.arange(SIDE) < 24 + round(20 * share))
    db = db + np.where(built, contrast_db, 0.0)
    return np.log(10 ** (db / 10) * rng.gamma(looks, 1 / looks, db.shape))


def evidence(values: NDArray[np.float64], **more: object) -> NDArray[np.float64]:
    found = share_evidence(values, FOOTPRINT, PIXEL_M, **{"present": KNOWN, **more})  # type: ignore[arg-type]
    assert found is not None
    return found


def glimpse(values: NDArray[np.float64]) -> Glimpse:
    return Glimpse(np.datetime64("2024-01-01"), "scene", "track", evidence(values))


@pytest.mark.parametrize("looks", [1.2, 4.4, 20.0])
def test_a_structure_that_stands_is_seen_whatever_the_looks(looks: float) -> None:
    assert glimpse(image(1, 8.0, looks=looks)).log_ratio() > TELLING


def test_bare_ground_speaks_against_it_no_more_than_a_hidden_structure_allows() -> None:
    ratio = glimpse(image(2)).log_ratio()
    assert np.log(HIDDEN_SHARE) - 0.05 < ratio < -TELLING


@pytest.mark.parametrize("share", [0.25, 0.55, 0.95])
def test_the_share_that_stands_is_the_likeliest(share: float) -> None:
    best = SHARES[evidence(image(3, 9.0, share)).argmax()]
    assert best == pytest.approx(share, abs=0.16)


def test_an_image_that_is_very_sure_stays_finite() -> None:
    sure = glimpse(image(9, 19.0, looks=60.0))
    assert np.isfinite(np.exp(sure.evidence)).all()
    assert SHARES[sure.evidence.argmax()] >= 0.95
    assert TELLING < sure.log_ratio() < np.log(1 / STRANGER_SHARE)


def test_what_stands_out_as_little_as_the_ground_itself_says_nothing() -> None:
    faint = evidence(image(4, 0.5), present=(Contrast(0.0, 0.7),))
    assert np.abs(faint).max() < 0.5


@settings(max_examples=4)
@given(st.floats(-60, 60))
def test_no_unit_matters(gain: float) -> None:
    values = image(5, 5.0, 0.6)
    assert evidence(values + gain) == pytest.approx(evidence(values), abs=1e-6)


def test_an_image_that_lies_a_pixel_off_still_shows_it() -> None:
    moved = np.roll(image(6, 8.0), 1, axis=0)
    assert glimpse(moved).log_ratio() > TELLING


def test_bare_ground_hardly_ever_shows_it() -> None:
    ratios = [glimpse(image(seed, texture_db=1.5)).log_ratio() for seed in range(100, 125)]
    assert np.mean(np.array(ratios) > TELLING) <= 0.08


def test_ground_of_another_kind_is_not_what_it_is_compared_with() -> None:
    values = image(7)
    water = np.zeros((SIDE, SIDE), bool)
    water[:, :48] = True
    values[~water] += 2.0  # land, brighter than the water that the footprint lies in
    assert evidence(values, same_ground=water)[-1] < 0
    values[FOOTPRINT] += 2.0
    assert evidence(values, same_ground=water)[-1] > TELLING


def test_an_image_that_misses_it_or_its_ground_is_not_judged() -> None:
    values = image(8)
    half = np.where(np.arange(SIDE) < 34, values, np.nan)
    assert share_evidence(half, FOOTPRINT, PIXEL_M) is None
    assert share_evidence(np.where(FOOTPRINT, values, np.nan), FOOTPRINT, PIXEL_M) is None
