"""Raised once, delivered once to each: with receivers that fail, and kills between sending and noting."""

from __future__ import annotations

import dataclasses
import datetime as dt
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from clocks import Jumping
from receivers import Desk, Post
from states import NOW

from acquaintances import SITE, UID, box, keep, structure
from sitewatch.record import (
    Confirm,
    Workspace,
    list_alerts,
    list_deliveries,
    register_site,
    review,
)
from sitewatch.watch import read_rules
from sitewatch.watch._deliver import channels_of, deliver
from sitewatch.watch._loop import tell_only
from sitewatch.watch._mail import EmailChannel
from sitewatch.watch._raise import raise_news
from sitewatch.watch._rules import Email, LinesFile, Rule, WatchRules
from sitewatch.watch._webhook import WebhookChannel

PIER, HALL = structure("a", box(0, 0)), structure("b", box(0.01, 0), status="candidate", reason="young")
CANDIDATE = dataclasses.replace(PIER, status="candidate", reason="young", confirmed_on=None)


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """A workspace with two alerts: the beginning of the watch, and a confirmation."""
    own = dataclasses.replace(workspace, uid=UID)
    with own.record() as record:
        keep(record, CANDIDATE)
        raise_news(record, UID, now_real())
        keep(record, PIER)
        raise_news(record, UID, now_real())
    return own


def now_real() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def tell(workspace: Workspace, clock: Jumping, *channels: Any, patience_s: float = 0.0) -> Any:
    with workspace.record() as record:
        return deliver(workspace, record, [Rule()], channels, clock, patience_s=patience_s)


def noted(workspace: Workspace) -> list[tuple[str, bool, str]]:
    with workspace.record() as record:
        return [(one.alert, one.delivered, one.detail) for one in list_deliveries(record, UID)]


def test_alerts_are_raised_from_what_the_record_said_then_and_says_now_each_once(tmp_path: Path) -> None:
    from sitewatch.record import open_record

    with open_record(tmp_path / "r.sqlite") as record:
        register_site(record, UID, SITE, by="test")
        assert raise_news(record, UID, NOW) == ()
        keep(record, CANDIDATE)
        assert [alert.kind for alert in raise_news(record, UID, NOW)] == ["watch begun"]
        assert raise_news(record, UID, NOW) == ()
        keep(record, CANDIDATE, HALL)
        keep(record, PIER, HALL)
        fresh = raise_news(record, UID, NOW)
        assert [(alert.structure, alert.kind) for alert in fresh] == [
            ("SW-0001", "confirmed"),
            ("SW-0002", "new candidate"),
        ]
        review(record, UID, "SW-0002", Confirm(), by="ann")
        (confirmed,) = raise_news(record, UID, NOW)
        assert (confirmed.structure, confirmed.content["said_by"]) == ("SW-0002", "analyst")
        keep(record, PIER)
        assert raise_news(record, UID, NOW) == ()  # vouched for: it stands though no run finds it
        keep(record, structure("c", box(0.015, 0.01)))
        assert [(alert.structure, alert.kind) for alert in raise_news(record, UID, NOW)] == [
            ("SW-0001", "withdrawn"),
            ("SW-0003", "confirmed"),
        ]
        assert len(list_alerts(record, UID)) == 6


def test_a_receiver_that_answers_500_then_200_is_told_once(filled: Workspace, desk: Desk, clock: Jumping) -> None:
    desk.moods = [500, "close"]
    told = tell(filled, clock, WebhookChannel(desk.rules()), patience_s=60.0)
    assert told.next_attempt is None
    assert clock.slept == [pytest.approx(5.0, abs=3.0), pytest.approx(30.0, abs=3.0)]
    ids = [request.id for request in desk.requests]
    assert len(ids) == 4
    assert ids[0] == ids[1] == ids[2] != ids[3]
    outcomes = noted(filled)
    assert [delivered for _, delivered, _ in outcomes] == [False, False, False, False, True, True]
    assert "HTTP 500" in outcomes[0][2]
    assert outcomes[1][2].startswith("not tried: ")
    assert tell(filled, clock, WebhookChannel(desk.rules())).attempts == ()
    assert len(desk.requests) == 4


def test_a_receiver_that_hangs_keeps_no_other_waiting_long(
    filled: Workspace, desk: Desk, post: Post, clock: Jumping, tmp_path: Path
) -> None:
    desk.moods = ["hang"] * 9
    mail = EmailChannel(
        Email(to=("ann@example.org",), sender="w@example.org", server="127.0.0.1", port=post.port, security="none")
    )
    told = tell(filled, clock, WebhookChannel(desk.rules(timeout_s=0.3)), mail)
    assert len(desk.requests) == 1
    assert len(post.mails) == 2
    assert told.next_attempt is not None
    assert [one.delivered for one in told.attempts] == [False, False, True, True]


def test_an_alert_that_is_refused_does_not_hold_up_the_next(filled: Workspace, desk: Desk, clock: Jumping) -> None:
    desk.moods = [422, 200]
    told = tell(filled, clock, WebhookChannel(desk.rules()))
    assert [one.delivered for one in told.attempts] == [False, True]
    assert told.next_attempt is not None


def test_a_receiver_is_given_up_after_two_days_and_the_record_has_every_attempt(
    filled: Workspace, desk: Desk, clock: Jumping
) -> None:
    desk.moods = [500] * 99
    told = tell(filled, clock, WebhookChannel(desk.rules()), patience_s=7 * 86400.0)
    assert told.next_attempt is None
    with filled.record() as record:
        key = list_alerts(record, UID)[0].key
        assert [one.attempt for one in list_deliveries(record, UID, key)] == list(range(1, 11))


def killed_while_telling(workspace: Workspace, rules: WatchRules, desk: Desk) -> int | None:
    """Tell in another process, which the desk kills when it has taken what it is told."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sitewatch.watch", "requests"])
    process = context.Process(target=tell_only_of, args=(workspace, rules, os.environ["DESK_SECRET"]))
    desk.victim = None
    process.start()
    desk.victim = process.pid
    process.join(60)
    return process.exitcode


def tell_only_of(workspace: Workspace, rules: WatchRules, secret: str) -> None:
    os.environ["DESK_SECRET"] = secret
    from sitewatch.watch import SystemClock

    with workspace.record() as record:
        deliver(workspace, record, rules.rule, channels_of(rules), SystemClock())


def test_killed_between_sending_and_noting_it_tells_again_with_the_same_key(
    filled: Workspace, desk: Desk, clock: Jumping, tmp_path: Path
) -> None:
    path = tmp_path / "alerts.jsonl"
    rules = WatchRules.model_validate({"site": [{"workspace": "x"}]}).model_copy(
        update={"webhook": (desk.rules(),), "file": (LinesFile(path=path),)}
    )
    desk.moods = ["kill", 200, "kill"]
    assert killed_while_telling(filled, rules, desk) == -9
    assert noted(filled) == []
    assert killed_while_telling(filled, rules, desk) == -9
    assert killed_while_telling(filled, rules, desk) == 0
    assert killed_while_telling(filled, rules, desk) == 0
    ids = [request.id for request in desk.requests]
    # Sent twice where the kill came between, and nothing else: who keeps the ids has heard of each alert once.
    assert len(ids) == 4
    assert list(dict.fromkeys(ids)) == [ids[0], ids[2]]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    bodies = {request.id: request.body for request in desk.requests}
    assert all(request.body == bodies[request.id] for request in desk.requests)
    assert len(path.read_text().splitlines()) == 2
    assert sorted(delivered for _, delivered, _ in noted(filled)) == [True] * 4


def test_two_watches_at_once_tell_of_a_site_one_at_a_time(tmp_path: Path, workspace: Workspace, clock: Jumping) -> None:
    from sitewatch.record import watch_lock

    (tmp_path / "watch.toml").write_text('[[site]]\nworkspace = "port"\n')
    rules = read_rules(tmp_path / "watch.toml")
    with watch_lock(workspace.folder):
        look = tell_only(rules, rules.site[0], (), clock)
    assert look.outcome == "busy"
    assert "another watch is at work" in look.error
