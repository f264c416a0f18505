"""From the dates of a structure to the days on which what depends on it can be used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import shapely

from sitewatch.assess._limits import Opening
from sitewatch.site import Site
from sitewatch.structure import Interval, Structure
from sitewatch.words import date_words, interval_words

_RANK = {"confirmed": 0, "candidate": 1, "rejected": 2}


def last_seen(structure: Structure) -> dt.date | None:
    """Day of the last image that says anything of a structure, or None."""
    days = [point.date for point in structure.growth] + [image.date for image in structure.single_images]
    days += [interval.latest for interval in (structure.onset, structure.completion) if interval]
    return max(days, default=None)


def opening_by(structure: Structure) -> tuple[Opening, str]:
    """When something that depends on a structure can be used, and what that rests on, as a clause.

    It can be from the structure's completion on. Where a structure was removed, what stood there could be used until
    the removal was begun. Candidates and rejected detections leave it open.
    """
    if structure.kind == "demolition":
        return _until_removed(structure)
    begun_after = structure.onset.earliest if structure.onset else dt.date.min
    if structure.status == "candidate":
        return Opening(begun_after, None), f"{structure.id} is only a candidate"
    if structure.status == "rejected":
        return Opening(sure_from=None), f"what was seen there ({structure.id}) was rejected as a structure"
    if structure.completion is None:
        last = last_seen(structure)
        seen = f" on {date_words(last)}" if last else ""
        return Opening(last or dt.date.min, None), f"{structure.id} was not yet complete in the last image{seen}"
    done = structure.completion
    # An interval of one day is one that no image bounds from below.
    after = done.earliest if done.earliest < done.latest else begun_after
    if after >= done.latest:
        after = dt.date.min
    return Opening(after, done.latest), f"{structure.id} was completed {interval_words(done)}"


def _until_removed(structure: Structure) -> tuple[Opening, str]:
    if structure.onset is None or structure.status == "rejected":
        return Opening(sure_from=None), f"when {structure.id} was removed is not known"
    begun = structure.onset
    until = begun.earliest if begun.earliest < begun.latest else begun.latest - dt.timedelta(days=1)
    ended = begun.latest if structure.status == "confirmed" else dt.date.max
    doubt = "" if structure.status == "confirmed" else ", if at all (a candidate)"
    opening = Opening(sure_until=until, possible_before=ended)
    return opening, f"{structure.id} was removed from {interval_words(begun)} on{doubt}"


def opening_in_file(since: Interval | None, until: Interval | None) -> Opening:
    """When a link can be used by the dates that its site file states."""
    opening = Opening()
    if since:
        opening = opening.and_also(Opening(_before(since), since.latest))
    if until:
        opening = opening.and_also(Opening(sure_until=_before(until), possible_before=until.latest))
    return opening


def _before(interval: Interval) -> dt.date:
    """Last day without: of a date stated to the day, the day before."""
    same = interval.earliest == interval.latest
    return interval.earliest - dt.timedelta(days=1) if same else interval.earliest


def find_dependency(name: str, site: Site, structures: Sequence[Structure]) -> tuple[Structure | None, str]:
    """The structure that a link names: by its id, or as the facility of the site file on whose ground it stands.

    Returns
    -------
    structure
        None where there is none.
    assumption
        How it was told, as a sentence; empty where the link names it by its id.
    """
    for one in structures:
        if one.id == name:
            return one, ""
    drawn = next((f for f in site.facilities if name in (f.id, f.name) and f.geometry is not None), None)
    if drawn is None or drawn.geometry is None:
        return None, ""
    outline = drawn.geometry
    meeting = [one for one in structures if shapely.intersects(one.footprint, outline)]
    if not meeting:
        return None, ""
    best = min(meeting, key=lambda s: (_RANK[s.status], -shapely.intersection(s.footprint, outline).area, s.id))
    called = drawn.name or name
    return best, f"{best.id} ({best.kind}), which meets the outline of {called} in the site file, is taken for it."
