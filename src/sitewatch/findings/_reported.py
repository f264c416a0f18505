"""What others say: context events with their sources, and what analysts said of structures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import shapely

from sitewatch.finding import Finding
from sitewatch.phrases import kind_words
from sitewatch.record import ContextEvent, ReviewEntry, Revision
from sitewatch.structure import Structure
from sitewatch.words import date_words, span_words

_SAID = {
    "confirm": "confirmed {id}",
    "reject": "rejected {id}",
    "kind": "called {id} {kind}",
    "footprint": "drew the outline of {id}",
    "merge": "made {id} a part of another structure",
    "split": "split {id} into several",
    "comment": "remarked on {id}",
}


def event_findings(events: Sequence[ContextEvent], structures: Sequence[Structure]) -> Iterator[Finding]:
    """Context events, each with its source, and the structures that stand where it is said to have happened."""
    for event in events:
        there = [
            s.id
            for s in structures
            if s.status != "rejected" and event.geometry is not None and shapely.intersects(s.footprint, event.geometry)
        ]
        # The name is our summary, not the words of the source: no quotation marks.
        text = f"According to {event.source}: {event.name}"
        when = _when(event)
        yield Finding(
            "reported",
            f"{text}, {when}." if when else f"{text}, without a date.",
            structures=tuple(there),
            source=event.source,
            key=f"event/{event.key or event.name}",
            facts={"event": event.name, "source": event.source, "when": when},
        )


def review_findings(revision: Revision, reviews: Sequence[ReviewEntry]) -> Iterator[Finding]:
    """What analysts said of a structure since they last withdrew what they had said."""
    of_it = [one for one in reviews if one.structure == revision.id]
    withdrawn = max((place for place, one in enumerate(of_it) if one.action == "withdraw"), default=-1)
    for number, one in enumerate(of_it):
        said = _SAID.get(one.action)
        if number <= withdrawn or said is None:
            continue
        day = date_words(one.at.date())
        words = said.format(id=revision.id, kind=kind_words(revision.structure))
        reason = one.comment or str(one.content.get("reason") or "")
        yield Finding(
            "reported",
            f"{one.by} {words} on {day}" + (f": “{reason.rstrip('.')}”." if reason else "."),
            structures=(revision.id,),
            source=f"review by {one.by}, {day}",
            key=f"{revision.id}/review {number + 1}",
            facts={"review": one.action},
        )


def _when(event: ContextEvent) -> str:
    if event.begins is None:
        return f"until {date_words(event.ends)}" if event.ends else ""
    return span_words(event.begins, event.ends or event.begins)
