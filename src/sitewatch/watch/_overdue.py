"""What should have come and did not: images of a track, and looks of the watch itself. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sitewatch.record import Alert
from sitewatch.watch._wording import gap_words, stalled_words

FEWEST_PASSES = 5
"""A track with fewer has no rhythm to be late by."""
RECENT_INTERVALS = 20
TIMES_THE_USUAL = 3.0
TIMES_THE_LONGEST = 1.25
LEAST_GAP = dt.timedelta(days=2)
_ONE_PASS = dt.timedelta(hours=1)


def scene_gaps(
    times: Mapping[str, Sequence[dt.datetime]], now: dt.datetime, *, after: dt.timedelta | None = None
) -> tuple[Alert, ...]:
    """Alerts for tracks whose next image is overdue; one a gap, for its key is the last image's time.

    Parameters
    ----------
    times
        Acquisition times by track, in any order.
    now
        The moment that is judged.
    after
        How long is too long. Where None, it follows from the track's last `RECENT_INTERVALS` intervals: longer than
        `TIMES_THE_USUAL` times their median and `TIMES_THE_LONGEST` times the longest of them, and `LEAST_GAP` at
        least. Tracks of fewer than `FEWEST_PASSES` passes are not judged then.
    """
    alerts = []
    for track, moments in sorted(times.items()):
        passes = _passes(moments)
        if not passes or (after is None and len(passes) < FEWEST_PASSES):
            continue
        intervals = np.diff([moment.timestamp() for moment in passes])[-RECENT_INTERVALS:]
        usual = dt.timedelta(seconds=float(np.median(intervals))) if len(intervals) else None
        waited = now - passes[-1]
        if waited <= (after if after is not None else _too_long(intervals)):
            continue
        last = passes[-1]
        content: dict[str, Any] = {
            "news": ["scene gap"],
            "track": track,
            "last_image": last.isoformat(),
            "days": round(waited / dt.timedelta(days=1), 1),
            "usual_days": round(usual / dt.timedelta(days=1), 1) if usual else None,
        }
        text = gap_words(track, f"{last:%Y-%m-%d}", content["days"], content["usual_days"])
        alerts.append(Alert(f"scene gap {track} {last:%Y%m%dT%H%M%SZ}", "scene gap", text, raised=now, content=content))
    return tuple(alerts)


def stalled(last_good: dt.datetime, now: dt.datetime, *, after: dt.timedelta, reason: str = "") -> tuple[Alert, ...]:
    """An alert where the watch has not been able to look at a site for longer than `after`; one a standstill."""
    waited = now - last_good
    if waited <= after:
        return ()
    hours = waited / dt.timedelta(hours=1)
    content = {
        "news": ["monitoring stalled"],
        "since": last_good.isoformat(),
        "hours": round(hours, 1),
        "reason": reason,
    }
    text = stalled_words(f"{last_good:%Y-%m-%d %H:%M} UTC", hours, reason)
    key = f"monitoring stalled {last_good:%Y%m%dT%H%M%SZ}"
    return (Alert(key, "monitoring stalled", text, raised=now, content=content),)


def _passes(moments: Sequence[dt.datetime]) -> list[dt.datetime]:
    """Times of overpasses: images that follow each other within an hour, as bursts and frames do, are one."""
    out: list[dt.datetime] = []
    for moment in sorted(moments):
        if out and moment - out[-1] < _ONE_PASS:
            continue
        out.append(moment)
    return out


def _too_long(intervals: np.ndarray) -> dt.timedelta:
    by_rhythm = max(TIMES_THE_USUAL * float(np.median(intervals)), TIMES_THE_LONGEST * float(intervals.max()))
    return max(dt.timedelta(seconds=by_rhythm), LEAST_GAP)
