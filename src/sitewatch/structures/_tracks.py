"""Join what the tracks of a site show into one set of structures; levels are never mixed, evidence is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sitewatch.change import LAND, WATER
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import AT_SEA_SHARE, CONFIRMING_IMAGES, grade
from sitewatch.structures._line_growth import joined_lengths
from sitewatch.structures._map import covered
from sitewatch.structures._phases import held_to, prepared_on
from sitewatch.structures._structure import Interval, Structure
from sitewatch.structures._window import is_filtered

# Footprints of two tracks are the same thing where the smaller lies in the larger by this share.
SAME_SHARE = 0.5
# A track speaks of ground of which it knows so many pixels.
FEWEST_KNOWN_PIXELS = 4
_RANK = {"confirmed": 0, "candidate": 1, "rejected": 2}


@dataclasses.dataclass(frozen=True)
class Sighting:
    """A structure as one track shows it."""

    structure: Structure
    found: Found


def join_tracks(by_track: Sequence[Sequence[Sighting]]) -> list[Structure]:
    """One structure a place, from the sightings of all tracks.

    The strongest sighting gives footprint and sizes. Dates are the overlap of the tracks' intervals where they agree
    (each is a 95 % statement about the same event). Where several see it, every date counts.
    """
    pool = sorted((s for track in by_track for s in track), key=_strength)
    out: list[Structure] = []
    used: set[int] = set()
    for i, lead in enumerate(pool):
        if i in used:
            continue
        group = [lead]
        for j in range(i + 1, len(pool)):
            other = pool[j]
            fresh = all(other.found.window.stack.attrs["track"] != s.found.window.stack.attrs["track"] for s in group)
            if j not in used and fresh and _same(lead.structure, other.structure):
                group.append(other)
                used.add(j)
        out.append(_joined(group))
    return out


def water_known_elsewhere(found: Found, others: Sequence[tuple[xr.Dataset, xr.Dataset]], alpha: float) -> Found:
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
    shares = []
    for stack, change in others:
        stratum = change["stratum"].to_numpy()[covered(found.shape.outline, stack.odc.geobox)]
        known = stratum[stratum <= LAND]
        if known.size >= FEWEST_KNOWN_PIXELS:
            shares.append(float((known == WATER).mean()))
    if max(shares, default=0.0) <= AT_SEA_SHARE:
        return found
    at_sea = dataclasses.replace(found.character, water_share=max(shares))
    verdict = grade(at_sea, found.shape, alpha, filtered=is_filtered(found.window.stack))
    return dataclasses.replace(found, character=at_sea, grade=verdict)


def _strength(sighting: Sighting) -> tuple[int, float, float]:
    s = sighting.structure
    return _RANK[s.status], s.p_value, -s.area_m2.value


def _same(one: Structure, other: Structure) -> bool:
    small = min(one.footprint.area, other.footprint.area)
    if small <= 0 or not one.footprint.intersects(other.footprint):
        return False
    alike = (one.levels[0].after_db > one.levels[0].before_db) == (other.levels[0].after_db > other.levels[0].before_db)
    return alike and one.footprint.intersection(other.footprint).area / small >= SAME_SHARE


def _joined(group: Sequence[Sighting]) -> Structure:
    lead = group[0].structure
    if len(group) == 1:
        return lead
    all_of = [s.structure for s in group if s.structure.status != "rejected" or s.structure is lead]
    growth = tuple(sorted((p for s in all_of for p in s.growth), key=lambda p: (p.date, p.track)))
    onset = _overlap([s.onset for s in all_of])
    completion = _overlap([s.completion for s in all_of])
    phases = held_to(lead.phases, onset, completion)
    raised = _earliest([s.first_raised for s in all_of], onset.earliest if onset else None)
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
        confirmed_on=_earliest([s.confirmed_on for s in all_of], raised),
    )
    return joined


def _earliest(dates: Sequence[dt.date | None], least: dt.date | None) -> dt.date | None:
    """The earliest of the dates that are known, of those not before `least`: what one track raised while another
    shows nothing there yet was something else.
    """
    known = [d for d in dates if d is not None and (least is None or d >= least)]
    return min(known) if known else None


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
        dates = [dt.date.fromisoformat(str(t)[:10]) for t in stack["time"].values]
        before = sum(d <= structure.onset.earliest for d in dates)
        after = sum(d >= structure.onset.latest for d in dates)
        if min(before, after) < CONFIRMING_IMAGES:
            continue
        p_value = change["p_value"].to_numpy()[covered(structure.footprint, stack.odc.geobox)]
        known = np.isfinite(p_value)
        if known.sum() >= FEWEST_KNOWN_PIXELS and (p_value[known] < 0.05).mean() < 0.1:
            silent.append(track)
    return silent
