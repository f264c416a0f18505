"""Raise alerts: read two states of the record, compare them, and write what is new, all in one transaction."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from sitewatch.record import (
    Alert,
    Record,
    count_revisions,
    hold_site,
    list_alerts,
    list_runs,
    list_scenes,
    list_structures,
    raise_alert,
    structures_as_of,
    transaction,
)
from sitewatch.watch._news import last_mark, news_between, watch_begun
from sitewatch.watch._overdue import scene_gaps


def raise_news(record: Record, uid: str, now: dt.datetime) -> tuple[Alert, ...]:
    """Raise alerts for all that was said of structures since the last look, by runs and by analysts.

    Where it was cut short, nothing is raised and the next call compares the same two states, or a later second one.
    """
    with transaction(record):
        hold_site(record, uid)
        mark, upto = last_mark(list_alerts(record, uid)), count_revisions(record, uid)
        if mark == upto or not list_runs(record, uid):
            return ()
        after = list_structures(record, uid)
        if mark is None:
            return raise_all(record, uid, [watch_begun(after, mark=upto, raised=now)])
        before = structures_as_of(record, uid, mark)
        return raise_all(record, uid, news_between(before, after, mark=upto, raised=now))


def raise_gaps(record: Record, uid: str, now: dt.datetime, after: dt.timedelta | None) -> tuple[Alert, ...]:
    """Raise alerts for tracks whose next image is overdue."""
    return raise_all(record, uid, scene_gaps(times_by_track(record, uid), now, after=after))


def raise_all(record: Record, uid: str, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Raise alerts, and give those that are new."""
    with transaction(record):
        return tuple(alert for alert in alerts if raise_alert(record, uid, alert))


def times_by_track(record: Record, uid: str) -> dict[str, list[dt.datetime]]:
    """Acquisition times of the tracks that are in use."""
    scenes = list_scenes(record, uid)
    in_use = {scene.track for scene in scenes if scene.used}
    times: dict[str, list[dt.datetime]] = defaultdict(list)
    for scene in scenes:
        if scene.track in in_use:
            times[scene.track].append(scene.datetime)
    return times
