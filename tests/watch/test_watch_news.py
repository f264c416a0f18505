"""What is worth an alert: a function of two states of the record."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import NOW, finished, in_phase, pier, said

from acquaintances import box
from sitewatch.record import Revision
from sitewatch.watch import KINDS, news_between
from sitewatch.watch._news import last_mark, news_of, watch_begun

CANDIDATE = said(pier(status="candidate", reason="seen in two images only"))
CONFIRMED = said(pier())
REJECTED = said(pier(status="rejected", reason="it left", rejected_as="ship_moored"))
GONE = said(pier(), found=False)
DONE = said(pier(completion=finished(1, 2), phases=in_phase("Post Construction")))
LATER_DONE = said(pier(completion=finished(3, 3), phases=in_phase("Post Construction")))
PREPARED = said(pier(phases=in_phase("Site Preparation")))


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (None, CANDIDATE, ["new candidate"]),
        (None, CONFIRMED, ["confirmed"]),
        (None, DONE, ["confirmed", "completed"]),
        (None, REJECTED, []),
        (None, GONE, []),
        (CANDIDATE, CANDIDATE, []),
        (CANDIDATE, CONFIRMED, ["confirmed"]),
        (REJECTED, CANDIDATE, ["new candidate"]),
        (CONFIRMED, CANDIDATE, ["withdrawn"]),
        (CONFIRMED, REJECTED, ["withdrawn"]),
        (CANDIDATE, GONE, ["withdrawn"]),
        (REJECTED, GONE, []),
        (PREPARED, CONFIRMED, ["phase change"]),
        (CONFIRMED, DONE, ["completed"]),
        (DONE, CONFIRMED, ["growth resumed"]),
        (DONE, LATER_DONE, ["growth resumed"]),
        (DONE, said(pier(completion=finished(1, 3), phases=in_phase("Post Construction"))), []),
        (CONFIRMED, said(pier(), merged_into="SW-0002"), []),
    ],
)
def test_each_step_makes_its_news(before: Revision | None, after: Revision, news: list[str]) -> None:
    assert list(news_of(before, after)) == news
    alerts = news_between([before] if before else [], [after], mark=7, raised=NOW)
    assert [alert.kind for alert in alerts] == news[:1]
    for alert in alerts:
        assert (alert.structure, alert.raised, alert.content["revisions"]) == ("SW-0001", NOW, 7)
        assert alert.content["news"] == news
        json.dumps(alert.content, allow_nan=False)
        assert alert.text.startswith("SW-0001, a pier of 5,400 m² (sd 300 m²)") or alert.kind == "phase change"
        assert alert.text.endswith(".")
        assert ".." not in alert.text


def test_an_alert_says_what_the_images_show_and_since_when() -> None:
    (alert,) = news_between([CANDIDATE], [DONE], mark=2, raised=NOW)
    assert alert.text == (
        "SW-0001, a pier of 5,400 m² (sd 300 m²), 180 m (sd 10 m) long, is confirmed. "
        "Begun between 1 and 13 January 2023; finished between 13 and 25 January 2023."
    )
    (alert,) = news_between([CONFIRMED], [REJECTED], mark=2, raised=NOW)
    assert "was confirmed and is withdrawn: rejected, taken for ship moored (it left)." in alert.text
    (alert,) = news_between([], [CANDIDATE], mark=2, raised=NOW)
    assert "Changed between 1 and 13 January 2023" in alert.text
    assert "Not confirmed: seen in two images only." in alert.text


def test_a_confirmation_by_an_analyst_says_so_and_names_nobody() -> None:
    reviewed = dataclasses.replace(CONFIRMED, reviewed=("status",), by="ann", run=None)
    (alert,) = news_between([CANDIDATE], [reviewed], mark=2, raised=NOW)
    assert "is confirmed by an analyst." in alert.text
    assert alert.content["said_by"] == "analyst"


STATES = st.sampled_from([None, CANDIDATE, CONFIRMED, REJECTED, GONE, DONE, LATER_DONE, PREPARED])


@given(STATES, STATES, STATES)
def test_where_a_step_is_no_news_the_next_look_may_start_before_it(
    first: Revision | None, second: Revision | None, third: Revision | None
) -> None:
    """What `last_mark` rests on: it is the mark of the last alert, not of the last look."""
    if second is None or third is None or news_of(first, second) or _told(first) != _told(second):
        return
    # Of two completions that are no news of each other, what was told last is the one to compare with.
    if first is None or first.structure.completion == second.structure.completion:
        assert news_of(first, third) == news_of(second, third)


def _told(one: Revision | None) -> object:
    if one is None or not one.stands or one.structure.status == "rejected":
        return None
    return one.structure.status


@given(st.lists(STATES, min_size=1, max_size=6))
def test_a_confirmation_is_told_once_until_it_is_withdrawn(course: list[Revision | None]) -> None:
    before: Revision | None = None
    confirmed = False
    for after in course:
        if after is None:
            continue
        news = news_of(before, after)
        assert set(news) <= set(KINDS)
        if "confirmed" in news:
            assert not confirmed
            confirmed = True
        if "withdrawn" in news:
            confirmed = False
        before = after


def test_the_watch_begins_with_what_is_known_and_marks_where_it_stands() -> None:
    other = said(dataclasses.replace(pier(status="candidate"), id="SW-0002", footprint=box(0.01, 0)))
    begun = watch_begun([CONFIRMED, other, dataclasses.replace(GONE, id="SW-0003")], mark=9, raised=NOW)
    assert "1 confirmed and 1 candidate" in begun.text
    assert last_mark([]) is None
    later = dataclasses.replace(begun, key="x", content={"news": ["scene gap"]}, raised=NOW + dt.timedelta(days=1))
    assert last_mark([begun, later]) == 9
