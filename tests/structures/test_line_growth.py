"""How much of a line stands by each date."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sitewatch.structures import GrowthPoint, LengthPoint, Levels, Measure, Structure
from sitewatch.structures._line_growth import joined_lengths, length_by_image

LINE = Measure(600.0, 15.0)
PIXEL = 10.0


def built(turn: np.ndarray, images: int = 12) -> np.ndarray:
    """[image, pixel], 1 from each pixel's turn on."""
    return (np.arange(images)[:, None] >= turn).astype(float)


def three_wide(turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turns and places of a line of three pixels across, from the turn of each place along it."""
    place = (np.arange(len(turn)) + 0.5) / len(turn)
    return np.repeat(turn, 3), np.repeat(place, 3)


ALONG = np.arange(60)
WAYS = {
    "from one end": 2 + ALONG // 8,
    "from both ends": 2 + np.minimum(ALONG, 59 - ALONG) // 4,
    "in pieces": np.array([7, 2, 9, 4, 3, 8])[ALONG // 10],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_length_is_that_of_what_stands_whichever_way_the_work_goes(way: str) -> None:
    turn, place = three_wide(WAYS[way])
    length, sd = length_by_image(built(turn), place, LINE, PIXEL)
    assert length == pytest.approx([10.0 * (WAYS[way] <= image).sum() for image in range(12)])
    assert (length[0], sd[0]) == (0, 0)
    assert (length[-1], sd[-1]) == (LINE.value, LINE.sd)


def test_wide_stretches_count_no_more_than_narrow_ones() -> None:
    turn = np.where(ALONG < 30, 2, 8)
    across = np.where(ALONG < 30, 5, 1)
    place = np.repeat((ALONG + 0.5) / 60, across)
    length, _ = length_by_image(built(np.repeat(turn, across)), place, LINE, PIXEL)
    assert length[5] == pytest.approx(300)


def test_a_bridged_gap_is_reached_between_its_sides() -> None:
    place = (ALONG + 0.5) / 60
    seen = (ALONG < 20) | (ALONG >= 40)
    turn = np.where(ALONG < 20, 2, 8)
    length, _ = length_by_image(built(turn[seen]), place[seen], LINE, PIXEL)
    assert length[5] == pytest.approx(300, abs=10)
    assert length[-1] == 600


def test_dates_in_doubt_widen_the_standard_deviation() -> None:
    turn, place = three_wide(WAYS["from one end"])
    sure = built(turn)
    vague = np.stack([np.clip((image - turn + 1.5) / 3, 0, 1) for image in range(12)])
    a, b = (length_by_image(chances, place, LINE, PIXEL)[1] for chances in (sure, vague))
    assert (b[3:8] > 1.3 * a[3:8]).all()


@settings(max_examples=60, deadline=None)
@given(
    steps=hnp.arrays(float, (8, 40), elements=st.floats(0, 1)),
    place=hnp.arrays(float, 40, elements=st.floats(0, 1)),
    length=st.floats(20, 5000),
)
def test_it_never_falls_and_ends_at_the_whole(steps: np.ndarray, place: np.ndarray, length: float) -> None:
    chance = np.maximum.accumulate(steps, axis=0)
    chance[-1] = 1.0
    stands, sd = length_by_image(chance, place, Measure(length, 12.0), PIXEL)
    assert (np.diff(stands) >= 0).all()
    assert stands[-1] == pytest.approx(length)
    assert (stands >= 0).all()
    assert np.isfinite(sd).all()
    assert sd[-1] == pytest.approx(12.0)


def test_the_truth_lies_within_two_standard_deviations() -> None:
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(60):
        turn = np.round(np.linspace(2, 9, 60) + rng.normal(0, 0.3)).astype(int)
        # Chances as a model gives them that is right: each place errs with the chance that it states.
        wrong = np.repeat(rng.normal(0, 0.9, 20), 3)
        chance = np.stack([1 / (1 + np.exp(-2.0 * (image - turn - wrong + 0.5))) for image in range(12)])
        stands, sd = length_by_image(chance, (ALONG + 0.5) / 60, LINE, PIXEL)
        true = [10.0 * (turn <= image).sum() for image in range(12)]
        inside += list(np.abs(stands - true)[3:8] <= 2 * sd[3:8])
    assert np.mean(inside) > 0.9


def sighting(track: str, first: int, lengths: list[float], sd: float) -> Structure:
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=first + 12 * i) for i in range(len(lengths))]
    return Structure(
        id="r",
        kind="road",
        status="confirmed",
        footprint=shapely.box(0, 0, 1, 1),
        area_m2=Measure(1.0, 1.0),
        length_m=Measure(lengths[-1], 10.0),
        width_m=Measure(1.0, 1.0),
        growth=(GrowthPoint(days[0], 1.0, 0.0, track),),
        levels=(Levels(track, "VV", -10, -14),),
        p_value=1e-9,
        tracks=(track,),
        length_growth=tuple(LengthPoint(d, m, sd) for d, m in zip(days, lengths, strict=True)),
    )


def test_tracks_that_disagree_make_one_length_that_never_falls_and_ends_at_the_leads() -> None:
    lead = sighting("one", 0, [0, 150, 300, 500, 600, 600], 10)
    other = sighting("two", 5, [0, 100, 330, 450, 580, 580], 30)
    joined = joined_lengths([lead, other])
    assert [p.date for p in joined] == sorted(p.date for s in (lead, other) for p in s.length_growth)
    lengths = np.array([p.length_m for p in joined])
    assert (np.diff(lengths) >= 0).all()
    assert lengths[-1] == pytest.approx(600, abs=1)
    assert joined_lengths([lead]) == lead.length_growth
