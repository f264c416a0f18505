"""Join what the tracks of a site show into one set of structures; levels are never mixed, evidence is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr

from sitewatch.change import LAND, WATER
from sitewatch.structure import RANK, Interval, Structure
from sitewatch.structures._find_one import Found, regraded
from sitewatch.structures._grade import AT_SEA_SHARE, CONFIRMING_IMAGES
from sitewatch.structures._joint import earliest, join_evidence, look_within
from sitewatch.structures._line_growth import joined_lengths
from sitewatch.structures._map import covered, onto
from sitewatch.structures._partners import LOOKED_UP_P, Track, partner_of
from sitewatch.structures._phases import held_to, prepared_on
from sitewatch.structures._window import dates_of

# Footprints of two tracks are the same thing where the smaller lies in the larger by this share.
SAME_SHARE = 0.5
# What is tall lies displaced toward each radar: seen from both sides it overlaps itself by less, but at the same time.
DISPLACED_SHARE = 0.25
# A track speaks of ground of which it knows so many pixels.
FEWEST_KNOWN_PIXELS = 4


@dataclasses.dataclass(frozen=True)
class Sighting:
    """A structure as one track shows it."""

    structure: Structure
    found: Found


def join_tracks(
    by_track: Sequence[Sequence[Sighting]],
    tracks: Sequence[Track] = (),
    singles: Sequence[xr.Dataset] = (),
    *,
    alpha: float = 0.01,
) -> list[Structure]:
    """One structure a place, from the sightings of all tracks.

    The strongest sighting gives footprint and sizes; dates, growth and certainty are those of all tracks and single
    images together (`_joint`). Where the tracks' grids differ, or they aren't given, dates are the overlap of the
    intervals (each is a 95 % statement about the same event).

    Parameters
    ----------
    by_track
        Sightings, a sequence a track.
    tracks
        The stack and change of each, in the same order.
    singles
        Stacks of one or two images.
    """
    pool = sorted(
        ((s, number) for number, seen in enumerate(by_track) for s in seen), key=lambda one: _strength(one[0])
    )
    groups: list[dict[int, Sighting]] = []
    used: set[int] = set()
    for i, (lead, number) in enumerate(pool):
        if i in used:
            continue
        group = {number: lead}
        for j in range(i + 1, len(pool)):
            other, elsewhere = pool[j]
            if j not in used and elsewhere not in group and _same(lead.structure, other.structure):
                group[elsewhere] = other
                used.add(j)
        groups.append(group)
    leads = [next(iter(group.values())).structure for group in groups]
    out = []
    for place, group in enumerate(groups):
        joined = _joined(list(group.values()))
        if tracks and joined.status != "rejected":
            others = [s.footprint for i, s in enumerate(leads) if i != place and s.status != "rejected"]
            joined = _together(joined, group, tracks, singles, shapely.union_all(others), alpha)
        out.append(joined)
    return out


def _together(
    joined: Structure,
    group: dict[int, Sighting],
    tracks: Sequence[Track],
    singles: Sequence[xr.Dataset],
    others: shapely.Geometry,
    alpha: float,
) -> Structure:
    """The structure by all tracks and single images together; as it is where it is one track's alone."""
    number, first = next(iter(group.items()))
    lead, own = first.found, tracks[number]
    partners = []
    for elsewhere, track in enumerate(tracks):
        sighting = group.get(elsewhere)
        if elsewhere == number or (sighting and sighting.structure.status == "rejected"):
            continue
        # In a track that found it by itself its p-value need not convince again.
        partner = partner_of(lead, own, track, least_p=1.0 if sighting else LOOKED_UP_P)
        partners += [] if partner is None else [partner]
    glimpses = look_within(lead, own, partners, singles, others)
    return join_evidence(joined, lead, own, partners, glimpses, alpha) if partners or glimpses else joined


def water_known_elsewhere(found: Found, others: Sequence[Track], alpha: float) -> Found:
    """A finding graded as at sea where another track knows its ground as water.

    Whether ground was water is a fact of the place. A track with few images, of a rough sea or with its land masked,
    may call all of it land, and a vessel on it a building.

    Parameters
    ----------
    others
        Stacks and changes of the other tracks.
    """
    if found.character.water_share > AT_SEA_SHARE:
        return found
    share, water = 0.0, found.water
    for stack, change in others:
        stratum, geobox = change["stratum"].to_numpy(), stack.odc.geobox
        inside = stratum[covered(found.shape.outline, geobox)]
        known = inside[inside <= LAND]
        if known.size >= FEWEST_KNOWN_PIXELS and (there := float((known == WATER).mean())) > share:
            share, water = there, onto(stratum == WATER, geobox, found.window.stack.odc.geobox)
    if share <= AT_SEA_SHARE:
        return found
    return regraded(found, dataclasses.replace(found.character, water_share=share), alpha, water)


def _strength(sighting: Sighting) -> tuple[int, float, float]:
    s = sighting.structure
    return RANK[s.status], s.p_value, -s.area_m2.value


def _same(one: Structure, other: Structure) -> bool:
    small = min(one.footprint.area, other.footprint.area)
    if small <= 0 or not one.footprint.intersects(other.footprint):
        return False
    alike = (one.levels[0].after_db > one.levels[0].before_db) == (other.levels[0].after_db > other.levels[0].before_db)
    share = one.footprint.intersection(other.footprint).area / small
    return alike and share >= (DISPLACED_SHARE if _same_time(one.onset, other.onset) else SAME_SHARE)


def _same_time(one: Interval | None, other: Interval | None) -> bool:
    return one is not None and other is not None and one.earliest < other.latest and other.earliest < one.latest


def _joined(group: Sequence[Sighting]) -> Structure:
    lead = group[0].structure
    if len(group) == 1:
        return lead
    all_of = [s.structure for s in group if s.structure.status != "rejected" or s.structure is lead]
    growth = tuple(sorted((p for s in all_of for p in s.growth), key=lambda p: (p.date, p.track)))
    onset = _overlap([s.onset for s in all_of])
    completion = _overlap([s.completion for s in all_of])
    phases = held_to(lead.phases, onset, completion)
    raised = earliest([s.first_raised for s in all_of], onset.earliest if onset else None)
    joined = dataclasses.replace(
        lead,
        onset=onset,
        completion=completion,
        phases=phases,
        preparation_first_seen=prepared_on(phases),
        growth=growth,
        length_growth=joined_lengths(all_of),
        levels=tuple(level for s in all_of for level in s.levels),
        p_value=float(min(s.p_value for s in all_of)),
        scenes=tuple(dict.fromkeys(scene for s in all_of for scene in s.scenes)),
        tracks=tuple(track for s in all_of for track in s.tracks),
        first_raised=raised,
        confirmed_on=earliest([s.confirmed_on for s in all_of], raised),
    )
    return joined


def _overlap(intervals: Sequence[Interval | None]) -> Interval | None:
    """The days that all known intervals share; where they share none, the first (strongest) one."""
    known = [i for i in intervals if i is not None]
    if not known:
        return None
    earliest, latest = max(i.earliest for i in known), min(i.latest for i in known)
    return Interval(earliest, latest) if earliest < latest else known[0]


def unseen_by(structure: Structure, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset]) -> list[str]:
    """Tracks that had the images to show a structure and do not.

    A track could have shown it with `CONFIRMING_IMAGES` images on both sides of its onset; it does not where fewer
    than a tenth of the footprint's pixels changed at all (p < 0.05).
    """
    silent = []
    for stack, change in zip(stacks, changes, strict=True):
        track = str(stack.attrs["track"])
        if track in structure.tracks or structure.onset is None:
            continue
        dates = dates_of(stack["time"].values)
        before = sum(d <= structure.onset.earliest for d in dates)
        after = sum(d >= structure.onset.latest for d in dates)
        if min(before, after) < CONFIRMING_IMAGES:
            continue
        p_value = change["p_value"].to_numpy()[covered(structure.footprint, stack.odc.geobox)]
        known = np.isfinite(p_value)
        if known.sum() >= FEWEST_KNOWN_PIXELS and (p_value[known] < 0.05).mean() < 0.1:
            silent.append(track)
    return silent
