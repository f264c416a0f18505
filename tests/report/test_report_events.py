"""Context events on the timeline: lettered in order, none on another, with their sources."""

from __future__ import annotations

import datetime as dt
import itertools
import string
from collections.abc import Callable

import shapely
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.report import Event, events_of, site_timeline
from sitewatch.report._days import day_number
from sitewatch.report._events import MARK_IN, key_lines, levels_of
from sitewatch.site import Site, SiteFeature
from sitewatch.structure import Structure


def reported(name: str, **told: str) -> SiteFeature:
    return SiteFeature("event", "", name, None, told)


SITE = Site(
    "shore",
    "The shore",
    shapely.box(0, 0, 0.01, 0.01),
    events=(
        reported("Launch", date="2021-06-01", source="KCNA"),
        reported("Directive", begins="2021-04-01", ends="2021-05-01"),
        reported("no date at all"),
        reported("ميناء اللاذقية", date="2021-07-01"),
    ),
)


def test_events_are_lettered_by_date_and_those_without_one_are_left_out() -> None:
    words = [event.words for event in events_of(SITE)]
    assert words == [
        "A  1 April to 1 May 2021: Directive",
        "B  1 June 2021: Launch (KCNA)",
        "C  1 July 2021: ميناء اللاذقية",
    ]


def test_the_timeline_shows_letters_and_key(make_structure: Callable[..., Structure]) -> None:
    days = [dt.date(2021, 3, 2) + dt.timedelta(days=12 * i) for i in range(12)]
    figure = site_timeline(
        [make_structure()], {"pier-1": "1"}, {"t": ("Track", days)}, {"t": "#0072b2"}, events_of(SITE)
    )
    bars, paper = figure.axes
    assert {text.get_text() for text in bars.texts} == {"A", "B", "C"}
    assert any("KCNA" in text.get_text() for text in paper.texts)
    assert bars.get_xlim()[1] > day_number(days[-1])
    without = site_timeline([make_structure()], {"pier-1": "1"}, {"t": ("Track", days)}, {"t": "#0072b2"})
    assert without.get_figheight() < figure.get_figheight()


def test_a_site_of_events_alone_and_one_of_nothing_make_a_timeline() -> None:
    assert site_timeline([], {}, {}, {}, events_of(SITE)).get_figheight() > 0
    assert site_timeline([], {}, {}, {}).get_figheight() > 0


def test_long_words_are_wrapped() -> None:
    event = Event("A", "word " * 200, dt.date(2021, 1, 1), None, "a source")
    lines = key_lines([event])
    assert len(lines) == 3
    assert max(map(len, lines)) <= 92


@given(st.lists(st.dates(dt.date(2020, 1, 1), dt.date(2021, 1, 1)), max_size=26))
def test_letters_of_one_level_keep_their_distance(days: list[dt.date]) -> None:
    events = [
        Event(letter, "x", day, None, "") for letter, day in zip(string.ascii_uppercase, sorted(days), strict=False)
    ]
    levels = levels_of(events, days_per_inch=60.0)
    for level in set(levels):
        own = [day_number(e.begins) for e, at in zip(events, levels, strict=True) if at == level]
        assert all(b - a >= MARK_IN * 60.0 for a, b in itertools.pairwise(own))
