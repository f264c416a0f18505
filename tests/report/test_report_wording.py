"""Numbers and dates in words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sitewatch.report._wording import (
    area_words,
    before_last_words,
    db_words,
    decimals_for,
    length_words,
    number_words,
    orientation_words,
    p_value_words,
    percent_words,
    quantity_words,
    summary_words,
)
from sitewatch.sought import Detectable, Sought
from sitewatch.structure import Interval, Measure, Structure
from sitewatch.words import MONTHS, interval_words, span_words

DATES = st.dates(dt.date(1991, 1, 1), dt.date(2060, 12, 31))


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def read_dates(words: str) -> tuple[dt.date, dt.date]:
    """Read an interval back the way a reader does: what is missing in the first date is as in the second."""
    first, last = re.fullmatch(r"between (.*) and (.*)", words).groups()  # type: ignore[union-attr]
    day, month, year = last.split()
    parts = first.split() + [month, year][len(first.split()) - 1 :]
    return tuple(  # type: ignore[return-value]
        dt.date(int(y), MONTHS.index(m) + 1, int(d)) for d, m, y in (parts, (day, month, year))
    )


@pytest.mark.parametrize(
    ("date", "last", "words"),
    [
        (dt.date(2024, 5, 17), dt.date(2024, 5, 17), ""),
        (dt.date(2024, 5, 16), dt.date(2024, 5, 17), "1 day before the last image"),
        (dt.date(2024, 4, 5), dt.date(2024, 5, 17), "42 days before the last image"),
        (dt.date(2024, 3, 17), dt.date(2024, 5, 17), "2 months before the last image"),
        (dt.date(2023, 5, 18), dt.date(2024, 5, 17), "11 months before the last image"),
        (dt.date(2023, 5, 17), dt.date(2024, 5, 17), "1 year before the last image"),
        (dt.date(2022, 4, 3), dt.date(2024, 5, 17), "2 years and 1 month before the last image"),
    ],
)
def test_how_long_ago_is_said_in_whole_days_or_months(date: dt.date, last: dt.date, words: str) -> None:
    assert before_last_words(date, last) == words


def test_an_interval_says_what_its_ends_share_once() -> None:
    assert interval_words(Interval(dt.date(2023, 3, 20), dt.date(2023, 4, 9))) == "between 20 March and 9 April 2023"
    assert interval_words(Interval(dt.date(2021, 10, 4), dt.date(2021, 10, 16))) == "between 4 and 16 October 2021"
    assert (
        interval_words(Interval(dt.date(2022, 12, 28), dt.date(2023, 1, 9)))
        == "between 28 December 2022 and 9 January 2023"
    )


@given(DATES, DATES)
def test_an_interval_in_words_reads_back_as_the_same_two_dates_in_order(a: dt.date, b: dt.date) -> None:
    first, last = min(a, b), max(a, b)
    words = interval_words(Interval(first, last))
    if first == last:
        assert words == f"by {span_words(first, last)}"
    else:
        assert read_dates(words) == (first, last)


def test_a_size_carries_as_many_digits_as_its_standard_deviation_supports() -> None:
    assert plain(length_words(Measure(183.4, 11.7))) == "183 m (sd 12 m)"
    assert plain(length_words(Measure(1304.0, 57.0))) == "1,300 m (sd 60 m)"
    assert plain(length_words(Measure(12_345.0, 130.0))) == "12.35 km (sd 0.13 km)"
    assert plain(area_words(Measure(9_400.0, 330.0))) == "9,400 m² (sd 300 m²)"
    assert plain(area_words(Measure(563_000.0, 12_400.0))) == "56.3 ha (sd 1.2 ha)"
    assert plain(length_words(Measure(50.0, 0.0))) == "50.0 m (sd not known)"
    assert length_words(Measure(float("nan"), 1.0)) == "not measured"


@given(st.floats(1e-6, 1e6), st.floats(-1e7, 1e7))
def test_rounding_moves_a_size_by_less_than_a_third_of_its_standard_deviation(sd: float, value: float) -> None:
    decimals = decimals_for(sd)
    assert abs(round(value, decimals) - value) <= sd / 3 + 1e-9 * abs(value)
    shown = float(number_words(sd, decimals).replace(",", ""))
    assert shown == pytest.approx(sd, rel=1 / 3)
    digits = number_words(sd, decimals).replace(",", "").replace(".", "").strip("0")
    assert len(digits) <= 2


@example(value=-0.5, sd=1.0)
@example(value=-0.001, sd=1.0)
@given(value=st.floats(-1e7, 1e7), sd=st.floats(1e-3, 1e5))
def test_no_size_is_written_as_minus_zero(value: float, sd: float) -> None:
    assert not re.match(r"-0(\.0*)?[^\d.]", quantity_words(value, sd, "m"))


def test_a_probability_never_claims_certainty() -> None:
    assert percent_words(1.0) == "above 99 %"
    assert percent_words(0.0) == "below 1 %"
    assert percent_words(0.87) == "87 %"
    assert p_value_words(0.0) == "below 10⁻¹⁶"
    assert p_value_words(3.2e-9) == "3 × 10⁻⁹"
    assert p_value_words(9.7e-5) == "1 × 10⁻⁴"
    assert p_value_words(0.03) == "0.03"


def test_decibels_have_a_true_minus_and_no_minus_zero() -> None:
    assert plain(db_words(-18.24)) == "−18.2 dB"
    assert plain(db_words(-0.01)) == "0.0 dB"
    assert plain(db_words(3.0, signed=True)) == "+3.0 dB"


@pytest.mark.parametrize(("degrees", "line"), [(0, "N–S"), (179, "N–S"), (90, "E–W"), (44, "NE–SW"), (136, "SE–NW")])
def test_an_orientation_names_the_nearest_compass_line(degrees: float, line: str) -> None:
    assert line in orientation_words(degrees)


def test_a_structure_that_may_still_grow_is_not_called_complete(make_structure: Callable[..., Structure]) -> None:
    growing = make_structure(completion=None)
    words = summary_words([growing], {"pier-1": "1"}, 12, None, ())
    assert "still growing at the last image" in words
    assert "completed" not in words


def test_nothing_found_is_said_with_the_number_of_images_and_what_would_have_been_seen() -> None:
    pier = Sought("pier", "water", {"VV": 11.0})
    seen = Detectable(pier, "", 0.6, 800.0, 1225.0, 28.0, 35.0, None, None, None)
    nowhere = dataclasses.replace(seen, sought=Sought("building", "land", {"VV": 6.0}), share=0.0)
    period = (dt.date(2021, 11, 19), dt.date(2025, 1, 2))
    words = plain(summary_words([], {}, 31, period, (seen, nowhere)))
    assert words.startswith("No sign of construction in 31 images from 19 November 2021 to 2 January 2025.")
    assert "A pier on water would have been found from 35 m by 35 m on." in words
    assert "building" not in words


def test_candidates_alone_are_not_called_construction(make_structure: Callable[..., Structure]) -> None:
    words = summary_words([make_structure(status="candidate")], {"pier-1": "1"}, 5, None, ())
    assert words.startswith("No construction is confirmed in 5 images.")
    assert "One detection is a candidate" in words


def test_of_many_structures_the_largest_are_named(make_structure: Callable[..., Structure]) -> None:
    many = [make_structure(f"s{i}", area_m2=Measure(1000.0 * i, 50.0)) for i in range(1, 10)]
    words = summary_words(many, {s.id: s.id for s in many}, 5, None, ())
    assert [s.id for s in many if f"No. {s.id} " in words] == [f"s{i}" for i in range(4, 10)]
    assert "Three more" in words


def test_no_purpose_is_ever_claimed(make_structure: Callable[..., Structure]) -> None:
    kinds = ["pier", "reclamation", "building", "road", "demolition", "clearing", "unknown", "tidal flat", "crop"]
    for kind in kinds:
        structure = dataclasses.replace(make_structure(), kind=kind)
        words = summary_words([structure], {"pier-1": "1"}, 12, None, ())
        assert not re.search(r"\b(for|to serve|in order|military|used)\b", words), words
