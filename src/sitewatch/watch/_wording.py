"""Alerts in words: what the images show, since when, how large, and how sure; nothing about what it is for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sitewatch.record import Revision
from sitewatch.report._wording import area_words, length_words, p_value_words
from sitewatch.structure import LINEAR_KINDS, Structure
from sitewatch.watch._kinds import Kind
from sitewatch.words import counted, interval_words, joined


def begun_words(counts: Mapping[str, int]) -> str:
    """What was known when the watch began."""
    known = joined(f"{count} {status}" for status, count in counts.items())
    return f"The watch has begun. Known so far: {known}. What is new from now on is told one by one."


def news_words(before: Revision | None, after: Revision, news: Sequence[Kind]) -> str:
    """One or two sentences on what is new of a structure."""
    s = after.structure
    parts = [_headline(before, after, news)]
    if "withdrawn" not in news:
        parts.append(_dates(s))
        if "confirmed" not in news and s.status == "candidate" and s.reason:
            parts.append(f"Not confirmed: {s.reason}")
    return " ".join(f"{part.strip().rstrip('.')}." for part in parts if part)


def _headline(before: Revision | None, after: Revision, news: Sequence[Kind]) -> str:
    s = after.structure
    name = f"{s.id}, {_what(s)}"
    if "withdrawn" in news:
        was = "confirmed" if before and before.structure.status == "confirmed" else "a candidate"
        return f"{name}, was {was} and is withdrawn: {_why_withdrawn(after)}"
    if "confirmed" in news:
        by = " by an analyst" if "status" in after.reviewed else ""
        return f"{name}, is confirmed{by}"
    if "new candidate" in news:
        return (
            f"{name}, is a new candidate (chance that noise alone gives such a footprint: {p_value_words(s.p_value)})"
        )
    if "growth resumed" in news:
        return f"{name}, had been taken for finished and has grown again"
    if "completed" in news:
        return f"{name}, has stopped growing"
    earlier = before.structure.phases[-1].phase if before and before.structure.phases else "not known"
    now = s.phases[-1] if s.phases else None
    return f"{name}: its phase is {now.phase if now else 'not known'} (before: {earlier})"


def _why_withdrawn(after: Revision) -> str:
    if after.structure.status == "rejected":
        said = f", taken for {after.structure.rejected_as.replace('_', ' ')}" if after.structure.rejected_as else ""
        return f"rejected{said} ({after.structure.reason or 'no reason given'})"
    if not after.stands:
        return "with the images that there are now it is no longer found"
    return f"a candidate only ({after.structure.reason or 'no reason given'})"


def _what(s: Structure) -> str:
    """``a pier of 5,400 m² (sd 310 m²), 180 m long``."""
    article = "an" if s.kind[:1] in "aeiou" else "a"
    sizes = f" of {_plain(area_words(s.area_m2))}" if math.isfinite(s.area_m2.value) else ""
    long = s.kind in LINEAR_KINDS and math.isfinite(s.length_m.value)
    named = "a structure of unknown kind" if s.kind == "unknown" else f"{article} {s.kind}"
    return named + sizes + (f", {_plain(length_words(s.length_m))} long" if long else "")


def _dates(s: Structure) -> str:
    # What noise or a passing thing may explain was not begun by anybody.
    verb = "Changed" if s.status == "candidate" else "Begun"
    begun = f"{verb} {interval_words(s.onset)}" if s.onset else "When it was begun can't be told"
    return f"{begun}; finished {interval_words(s.completion)}" if s.completion else f"{begun}; not seen finished"


def gap_words(track: str, last: str, days: float, usual_days: float | None) -> str:
    """An image that is overdue."""
    usual = f", where one came every {counted(max(round(usual_days), 1), 'day')}" if usual_days else ""
    return (
        f"No image of {track} since {last}: {counted(round(days), 'day')}{usual}. "
        "What changed meanwhile can't have been seen in this track."
    )


def stalled_words(since: str, hours: float, reason: str) -> str:
    """A watch that has not looked for too long."""
    why = f" The last failure: {reason.rstrip('.')}." if reason else ""
    return (
        f"The watch has not been able to look since {since} ({hours:.0f} h). Nothing new can be told until it can.{why}"
    )


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")
