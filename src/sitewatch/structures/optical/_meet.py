"""Where two kinds of evidence meet: a structure that radar and optical images both show is one.

Levels never mix: each track says by its own what it saw and when. What is joined are statements. Both date the same
event, so that its date lies in both intervals where they overlap; where they don't, one of them errs and nothing tells
which, so that the interval covers both. Two sensors that see by different physics and raise the same place confirm it
together sooner than either alone: their chances of a false alarm multiply (Fisher 1925).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import shapely
from scipy.stats import combine_pvalues

from sitewatch.structure import LEAST_P, Interval, Structure
from sitewatch.structures._joint import earliest
from sitewatch.structures._phases import held_to, prepared_on
from sitewatch.structures._tracks import DISPLACED_SHARE, SAME_SHARE

# What is seen of these in one kind of image needs its own proof, whatever the other says.
NOT_JOINED = ("ship", "tidal flat")
# Plants that optical images show there since, which speak against a work that radar alone found.
GREENED = ("crop", "felled_trees", "vegetation")


def meet(lead: Sequence[Structure], other: Sequence[Structure], *, alpha: float = 0.01) -> list[Structure]:
    """One structure a place, from what two kinds of images show.

    Parameters
    ----------
    lead
        Those whose footprints, sizes and kinds count: radar's, or those of the track with more images.
    other
        Of the other kind. A structure of these that meets none of `lead` stands by itself.
    alpha
        Highest p-value of a confirmed structure.
    """
    left = list(other)
    out = []
    for one in lead:
        partner = max((s for s in left if _same(one, s)), key=lambda s: _common(one, s), default=None)
        if partner is None:
            out.append(one)
            continue
        left.remove(partner)
        out.append(_joined(one, partner, alpha))
    return out + left


def _joined(lead: Structure, other: Structure, alpha: float) -> Structure:
    if lead.status == "rejected" and other.status == "rejected":
        return lead
    if other.status == "rejected":
        return _doubted(lead, other)
    if lead.status == "rejected":
        # What one kind of image turns down as a ship or a wave, the other may see standing; it says so itself.
        return other
    onset, completion = _overlap(lead.onset, other.onset), _overlap(lead.completion, other.completion)
    p_value = float(max(combine_pvalues([max(s.p_value, LEAST_P) for s in (lead, other)]).pvalue, LEAST_P))
    confirmed = "confirmed" in (lead.status, other.status)
    together = p_value <= alpha and not {lead.kind, other.kind} & set(NOT_JOINED)
    raised = earliest([lead.first_raised, other.first_raised], onset.earliest if onset else None)
    sure = confirmed or together
    phases = held_to(lead.phases, onset, completion)
    named = lead if lead.kind != "unknown" else other
    return dataclasses.replace(
        lead,
        kind=named.kind,
        kind_probability=named.kind_probability,
        status="confirmed" if sure else "candidate",
        reason="" if sure else lead.reason or other.reason,
        onset=onset,
        completion=completion,
        phases=phases,
        preparation_first_seen=prepared_on(phases),
        growth=tuple(sorted((*lead.growth, *other.growth), key=lambda p: (p.date, p.track))),
        levels=(*lead.levels, *other.levels),
        p_value=p_value,
        scenes=tuple(dict.fromkeys((*lead.scenes, *other.scenes))),
        tracks=tuple(dict.fromkeys((*lead.tracks, *other.tracks))),
        first_raised=raised,
        confirmed_on=_confirmed_on(lead, other, together, raised) if sure else None,
    )


def _confirmed_on(lead: Structure, other: Structure, together: bool, raised: dt.date | None) -> dt.date | None:
    """The first image with which one had confirmed it, or both had raised it."""
    dates = [lead.confirmed_on, other.confirmed_on]
    if together and lead.first_raised and other.first_raised:
        dates.append(max(lead.first_raised, other.first_raised))
    return earliest(dates, raised)


def _doubted(lead: Structure, other: Structure) -> Structure:
    """A work on which plants have been seen since is a candidate only."""
    if other.rejected_as not in GREENED or lead.status != "confirmed" or lead.kind == "demolition":
        return lead
    reason = f"{', '.join(other.tracks)}: {other.reason}"
    return dataclasses.replace(lead, status="candidate", reason=reason, confirmed_on=None)


def _overlap(one: Interval | None, other: Interval | None) -> Interval | None:
    """The days that two statements about one event share; where they share none, the days of both."""
    if one is None or other is None:
        return one or other
    low, high = max(one.earliest, other.earliest), min(one.latest, other.latest)
    if low < high:
        return Interval(low, high)
    return Interval(min(one.earliest, other.earliest), max(one.latest, other.latest))


def _same(one: Structure, other: Structure) -> bool:
    a, b = one.onset, other.onset
    near = a is not None and b is not None and a.earliest < b.latest and b.earliest < a.latest
    return _common(one, other) >= (DISPLACED_SHARE if near else SAME_SHARE)


def _common(one: Structure, other: Structure) -> float:
    """Share of the smaller footprint that lies in the larger."""
    small = min(one.footprint.area, other.footprint.area)
    if small <= 0 or not one.footprint.intersects(other.footprint):
        return 0.0
    return float(shapely.intersection(one.footprint, other.footprint).area / small)
