"""Who is told of what, when, and again when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import NOW, alert, attempt

from sitewatch.watch._due import STALE, WAITS_S, due_at, outstanding
from sitewatch.watch._rules import Rule

HOUR = dt.timedelta(hours=1)


def rule(**said: Any) -> Rule:
    return Rule.model_validate(said)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def left(*alerts: Any, rules: Any = None, deliveries: Any = (), now: dt.datetime = NOW) -> Any:
    return outstanding(alerts, deliveries, rules or [Rule()], channel="desk", target="there", now=now)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, True),
        ({"kinds": ["completed"]}, False),
        ({"kinds": ["completed", "confirmed"]}, True),
        ({"smallest_m2": 5401}, False),
        ({"smallest_m2": 5400}, True),
        ({"least_status": "confirmed"}, True),
        ({"largest_p_value": 1e-10}, False),
        ({"to": ["desk"]}, True),
        ({"to": ["others"]}, False),
        ({"to": []}, False),
    ],
)
def test_rules_choose(said: dict[str, Any], told: bool) -> None:
    assert (due_at(alert("a"), [rule(**said)], "desk") is not None) == told


def test_one_who_hears_of_confirmed_ones_only_hears_that_one_is_withdrawn() -> None:
    strict = [rule(least_status="confirmed")]
    facts = {"area_m2": 9.0, "status": "candidate", "p_value": 0.2}
    back = alert("a", kind="withdrawn", structure=facts, before={"status": "confirmed"})
    never = alert("b", kind="withdrawn", structure=facts, before={"status": "candidate"})
    assert due_at(back, strict, "desk") == NOW
    assert due_at(never, strict, "desk") is None


def test_news_without_a_structure_pass_by_their_kind_alone() -> None:
    gap = alert("g", kind="scene gap", structure=None)
    assert due_at(gap, [rule(smallest_m2=1e9, least_status="confirmed")], "desk") == NOW
    assert due_at(gap, [rule(kinds=["confirmed"])], "desk") is None


@pytest.mark.parametrize(
    ("zone", "raised", "due"),
    [
        ("UTC", "2025-07-09T21:59:59", "2025-07-09T21:59:59"),
        ("UTC", "2025-07-09T22:00:00", "2025-07-10T07:00:00"),
        ("UTC", "2025-07-10T06:59:59", "2025-07-10T07:00:00"),
        ("UTC", "2025-07-10T07:00:00", "2025-07-10T07:00:00"),
        ("Asia/Seoul", "2025-07-09T13:00:00", "2025-07-09T22:00:00"),
        # In the night in which clocks are set back, seven o'clock in Berlin is an hour later in UTC.
        ("Europe/Berlin", "2025-10-25T21:00:00", "2025-10-26T06:00:00"),
    ],
)
def test_in_quiet_hours_nobody_is_told_until_their_end(zone: str, raised: str, due: str) -> None:
    quiet = rule(quiet_hours="22:00-07:00", timezone=zone)
    assert due_at(alert("a", at(raised)), [quiet], "desk") == at(due)


@pytest.mark.parametrize(
    ("digest", "due"),
    [("daily 07:00", "2025-07-10T07:00"), ("daily 10:00", "2025-07-09T10:00"), ("monday 07:00", "2025-07-14T07:00")],
)
def test_a_digest_gathers_until_its_time(digest: str, due: str) -> None:
    several = [alert(key, NOW + i * HOUR) for i, key in enumerate("abc")]
    (first, *_) = batches = left(*several, rules=[rule(digest=digest)])
    assert first.due == at(due)
    if digest != "daily 10:00":
        assert [[a.key for a in batch.alerts] for batch in batches] == [["a", "b", "c"]]


def test_the_rule_that_tells_first_counts() -> None:
    both = [rule(digest="monday 07:00"), rule(kinds=["confirmed"])]
    assert due_at(alert("a"), both, "desk") == NOW


def test_what_was_delivered_is_not_told_again_and_what_failed_is_later_each_time() -> None:
    assert left(alert("a"), deliveries=[attempt("a", NOW, True)]) == ()
    failed: list[Any] = []
    waits = []
    moment = NOW
    while batches := left(alert("a"), deliveries=failed, now=moment):
        (batch,) = batches
        assert batch.attempts == len(failed)
        waits.append((batch.next_attempt - (failed[-1].at if failed else NOW)).total_seconds())
        moment = batch.next_attempt
        failed.append(attempt("a", moment, False, len(failed) + 1))
    assert waits == [0.0, *WAITS_S]
    assert waits[1:] == sorted(waits[1:])
    assert moment - NOW < dt.timedelta(hours=48)


def test_a_new_receiver_hears_no_old_news_and_one_that_is_down_is_not_forgotten() -> None:
    late = NOW + STALE + HOUR
    assert left(alert("a"), now=late) == ()
    assert left(alert("a"), deliveries=[attempt("a", NOW, False)], now=late)
    assert left(alert("a", at("2025-07-05T10:00")), rules=[rule(digest="monday 07:00")], now=at("2025-07-07T08:00"))


@given(
    st.lists(st.integers(0, 24 * 10), min_size=1, max_size=12, unique=True),
    st.sampled_from([{}, {"quiet_hours": "22:00-07:00"}, {"digest": "daily 07:00"}, {"digest": "friday 12:30"}]),
    st.integers(0, 11),
)
def test_a_message_stays_the_same_whatever_is_raised_later(hours: list[int], said: dict[str, Any], cut: int) -> None:
    alerts = [alert(f"{h:03d}", NOW + h * HOUR) for h in sorted(hours)]
    known = alerts[: cut + 1]
    now = known[-1].raised
    due = [b for b in left(*known, rules=[rule(**said)], now=now) if b.due < now]
    later = left(*alerts, rules=[rule(**said)], now=now)
    assert {tuple(a.key for a in b.alerts) for b in due} <= {tuple(a.key for a in b.alerts) for b in later}


@given(st.lists(st.integers(0, 24 * 20), min_size=1, max_size=12, unique=True))
def test_every_alert_is_in_one_message_and_none_is_due_before_it_is_raised(hours: list[int]) -> None:
    alerts = [alert(f"{h:03d}", NOW + h * HOUR) for h in hours]
    batches = left(*alerts, rules=[rule(quiet_hours="22:00-07:00")])
    keys = [a.key for b in batches for a in b.alerts]
    assert sorted(keys) == sorted(a.key for a in alerts)
    assert all(a.raised <= b.due for b in batches for a in b.alerts)
