"""What is new between two states of the record. Pure: the same two states give the same alerts, live or in a replay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sitewatch.record import Alert, Revision
from sitewatch.watch._content import structure_content
from sitewatch.watch._kinds import FOREMOST, Kind
from sitewatch.watch._wording import begun_words, news_words

MARK = "revisions"
"""In an alert's content: how many revisions the record had when the alert was raised; the next look starts there."""


def news_between(
    before: Sequence[Revision], after: Sequence[Revision], *, mark: int, raised: dt.datetime
) -> tuple[Alert, ...]:
    """Alerts that the step from one state of the record to another is worth: at most one a structure.

    A structure is told of from when it is a candidate; one that is rejected, or no longer found, is withdrawn if it had
    been told of. One that became a part of another is not told of.

    Parameters
    ----------
    before, after
        The latest revision of every structure, then and now.
    mark
        Revisions that the record has now.
    raised
        When the alerts are raised.

    Returns
    -------
    tuple
        Alerts by the names of their structures. `content` holds the structure as it is now (``structure``), all kinds
        of news in this step (``news``), and of each what it was before (``before``).
    """
    known = {one.id: one for one in before}
    alerts = [_alert(known.get(one.id), one, mark, raised) for one in after]
    return tuple(alert for alert in alerts if alert is not None)


def watch_begun(after: Sequence[Revision], *, mark: int, raised: dt.datetime) -> Alert:
    """The first alert of a site: what was known when the watch began, none of which is told of by itself."""
    standing = [one.structure for one in after if one.stands]
    counts = {status: sum(s.status == status for s in standing) for status in ("confirmed", "candidate")}
    content: dict[str, Any] = {"news": ["watch begun"], "counts": counts, MARK: mark}
    return Alert("watch begun", "watch begun", begun_words(counts), raised=raised, content=content)


def last_mark(alerts: Sequence[Alert]) -> int | None:
    """Revisions that had been looked at when the last alert about structures was raised; None before the first.

    Where nothing was raised since, nothing that is told of has changed: looking from there loses nothing.
    """
    marks = [int(alert.content[MARK]) for alert in alerts if MARK in alert.content]
    return max(marks, default=None)


def _alert(before: Revision | None, after: Revision, mark: int, raised: dt.datetime) -> Alert | None:
    news = news_of(before, after)
    if not news:
        return None
    content = {
        "news": list(news),
        "structure": structure_content(after),
        "before": None if before is None else _told_before(before),
        "run": after.run,
        "said_by": "images" if after.run else "analyst",
        MARK: mark,
    }
    text = news_words(before, after, news)
    return Alert(f"{after.id} at revision {mark}", news[0], text, after.id, raised, content)


def news_of(before: Revision | None, after: Revision) -> tuple[Kind, ...]:
    """The kinds of news that one structure makes, the foremost first; none where nothing told of has changed."""
    if after.merged_into is not None:
        return ()
    was, now = (_rank(before) if before else 0), _rank(after)
    found: set[Kind] = set()
    if now < was:
        return ("withdrawn",)
    if now == 0:
        return ()
    if now > was:
        found.add("confirmed" if now == _CONFIRMED else "new candidate")
    told = before if was else None
    done = after.structure.completion
    done_before = told.structure.completion if told else None
    if done_before and (done is None or done.earliest > done_before.latest):
        found.add("growth resumed")
    if done and not done_before:
        found.add("completed")
    if told and not found & {"growth resumed", "completed"} and phase_of(told) != phase_of(after):
        found.add("phase change")
    return tuple(kind for kind in FOREMOST if kind in found)


def phase_of(revision: Revision) -> str | None:
    """The phase at the last image; None where it is not known."""
    return revision.structure.phases[-1].phase if revision.structure.phases else None


_CONFIRMED = 2


def _rank(revision: Revision) -> int:
    """How far a structure is told of: 0 not at all, 1 as a candidate, 2 as confirmed."""
    if not revision.stands:
        return 0
    return {"rejected": 0, "candidate": 1, "confirmed": _CONFIRMED}[revision.structure.status]


def _told_before(before: Revision) -> Mapping[str, Any]:
    content = structure_content(before)
    return {name: content[name] for name in ("status", "phase", "completion_earliest", "completion_latest", "area_m2")}
