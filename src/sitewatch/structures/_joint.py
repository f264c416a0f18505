"""One structure from all that shows it: dates, growth and certainty rest on the images of all tracks together.

Footprint and sizes are those of the strongest sighting. Full tracks on its grid join pixel by pixel (`_together`),
single images by the share that each shows within itself (`_glimpses`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change import LAND, WATER, covariances_of
from sitewatch.structure import GrowthPoint, SingleImage, Structure
from sitewatch.structures._describe import (
    PIXEL_SLACK,
    SHOWN_SHARE,
    Chances,
    bounds,
    chances_of,
    growth_point,
    interval,
    kind_and_sizes,
    levelled,
    levels_of,
    phases_of,
)
from sitewatch.structures._detected import watch_footprint
from sitewatch.structures._detected_together import watch_together
from sitewatch.structures._find_one import Found
from sitewatch.structures._glimpses import Glimpse, begun_with, finished_with, glimpses_of, timeline
from sitewatch.structures._grade import AT_SEA_SHARE
from sitewatch.structures._growth import growth_curve
from sitewatch.structures._partners import Partner, Track, graded_together, joint_p
from sitewatch.structures._phases import as_points, prepared_on
from sitewatch.structures._preparation import waiting_ground
from sitewatch.structures._together import Together, alone, follow_together
from sitewatch.structures._window import Window
from sitewatch.structures._within import UNKNOWN, Contrast

# How differently a structure stands out in other geometries and sensors, and against a sea under other winds (dB, sd),
# and the share of the prior that goes by what is usual for any structure.
OTHER_VIEW_DB, OTHER_SEA_DB = 3.0, 5.0
USUAL_SHARE = 0.15
# Seen from several sides the rim of a footprint is another: so many pixels more or less.
JOINT_SLACK_PIXELS = 2.0


def look_within(
    lead: Found, own: Track, partners: Sequence[Partner], singles: Sequence[xr.Dataset], others: shapely.Geometry
) -> list[Glimpse]:
    """What single images say of the lead's footprint, by how it stands out in the full tracks.

    Parameters
    ----------
    singles
        Stacks of one or two images.
    others
        Other structures, EPSG:4326: no part of the ground around.
    """
    at_sea = lead.character.water_share > AT_SEA_SHARE
    kind = own[1]["stratum"].to_numpy() == (WATER if at_sea else LAND)
    seen = [(lead.window.polarisations, lead.character)]
    seen += [(p.window.polarisations, p.character) for p in partners]
    spread = OTHER_SEA_DB if at_sea else OTHER_VIEW_DB

    def present(polarisation: str) -> Sequence[Contrast]:
        above = [
            float(c.above_after_db[names.index(polarisation) if polarisation in names else 0]) for names, c in seen
        ]
        usual = [dataclasses.replace(one, share=USUAL_SHARE * one.share) for one in UNKNOWN]
        return [Contrast(float(np.mean(above)), spread, 1.0 - USUAL_SHARE), *usual]

    absent_db = float(np.mean([c.above_before_db[0] for _, c in seen]))
    found = [
        glimpse
        for stack in singles
        for glimpse in glimpses_of(
            stack,
            lead.shape.outline,
            present=present,
            absent_db=absent_db,
            same_ground=(kind, own[0].odc.geobox),
            others=others,
        )
    ]
    return sorted(found, key=lambda g: g.time)


def join_evidence(
    base: Structure,
    lead: Found,
    own: Track,
    partners: Sequence[Partner],
    glimpses: Sequence[Glimpse],
    alpha: float,
) -> Structure:
    """The structure with dates, growth, phases, p-value and status of all tracks and single images together.

    Parameters
    ----------
    base
        What the lead's track alone says, with the sightings of other tracks already listed in it.
    own
        The lead's stack and change.
    glimpses
        In the order of their times.
    """
    windows = [lead.window, *(p.window for p in partners)]
    if not partners:
        together = alone(lead.window, lead.presence)
    elif len(partners) == 1:
        together = partners[0].together
    else:
        covariances = [covariances_of(own[1]), *(covariances_of(p.change) for p in partners)]
        together = follow_together(windows, lead.presence, covariances)
    chances = chances_of(
        together.built_by,
        together.dated,
        lead.presence.pixels,
        lead.footprint.shape,
        JOINT_SLACK_PIXELS if partners else PIXEL_SLACK,
    )
    dated = _dated(together, chances, glimpses)
    start, end = bounds(dated.chances)
    end = levelled(end, len(dated.dates))
    waiting = _waiting(lead, together, dated, start)
    phases = as_points(dated.dates, phases_of(dated.chances, start, end, dated.days, waiting))
    p_value = joint_p([lead.character.p_value, *(p.character.p_value for p in partners)])
    # The likelihood ratio of independent images is an e-value, and p / e a p-value (Vovk and Wang 2021, Annals of
    # Statistics 49, sections 2 and 4).
    p_value = min(float(p_value * np.exp(-dated.evidence)), 1.0)
    # The others found it by themselves, and the base has their levels.
    listed = {level.track for level in base.levels}
    looked_up = [p for p in partners if str(p.window.stack.attrs["track"]) not in listed]
    joined = dataclasses.replace(
        base,
        onset=interval(start, dated.dates),
        completion=interval(end, dated.dates),
        phases=phases,
        preparation_first_seen=prepared_on(phases),
        growth=dated.growth,
        p_value=p_value,
        single_images=dated.singles,
        scenes=tuple(dict.fromkeys([*_scenes(together), *(one.scene for one in dated.singles if one.shows)])),
        tracks=tuple(dict.fromkeys([*base.tracks, *(str(w.stack.attrs["track"]) for w in windows)])),
        levels=(*base.levels, *(level for p in looked_up for level in levels_of(p.window, p.character))),
    )
    return _raised(_graded(joined, lead, partners, alpha), lead, windows)


@dataclasses.dataclass(frozen=True)
class _Dated:
    """Dates of all images, chances over them and growth; what the single images say, and the log of all of it."""

    dates: tuple[dt.date, ...]
    days: NDArray[np.float64]
    own: NDArray[np.intp]
    chances: Chances
    growth: tuple[GrowthPoint, ...]
    singles: tuple[SingleImage, ...] = ()
    evidence: float = 0.0


def _dated(together: Together, chances: Chances, glimpses: Sequence[Glimpse]) -> _Dated:
    fraction, sd = growth_curve(together.built_by)
    points = [
        growth_point(day, f, s, str(together.windows[number].stack.attrs["track"]))
        for day, f, s, number in zip(together.dates, fraction, sd, together.track, strict=True)
    ]
    own = np.arange(together.days.size)
    if not glimpses:
        return _Dated(together.dates, together.days, own, chances, tuple(points))
    first = np.min([w.stack["time"].values[0] for w in together.windows])
    days = np.array([(g.time - first) / np.timedelta64(1, "D") for g in glimpses])
    line = timeline(together.days, days)
    low = np.concatenate([[0.0], np.clip(fraction - 2.0 * sd, 0.0, 1.0)])
    high = np.concatenate([np.clip(fraction + 2.0 * sd, 0.0, 1.0), [1.0]])
    at = np.searchsorted(together.days, days, side="right")
    between = np.stack([low[at], high[at]], axis=1)
    few, evidence = begun_with(chances.few, line, glimpses, between)
    enough, _ = begun_with(chances.enough, line, glimpses, between)
    joined = Chances(
        few,
        enough,
        finished_with(chances.nearly, line, glimpses, between),
        finished_with(chances.wholly, line, glimpses, between),
    )
    dates = [together.dates[i] if i >= 0 else glimpses[j].date for i, j in zip(line.own, line.single, strict=True)]
    begun = (few + enough) / 2.0
    growth = []
    for image, (i, j) in enumerate(zip(line.own, line.single, strict=True)):
        if i >= 0:
            growth.append(points[i])
            continue
        mean, spread = glimpses[j].share_between(between[j, 0], between[j, 1])
        chance = float(begun[image])
        total = chance * mean
        sd_there = float(np.sqrt(max(chance * (spread**2 + mean**2) - total**2, 0.0)))
        growth.append(growth_point(glimpses[j].date, total, sd_there, glimpses[j].track))
    singles = tuple(
        SingleImage(g.date, g.scene, g.track, round(g.log_ratio(*share) if share[1] > 0 else g.log_ratio(), 3))
        for g, share in zip(glimpses, between, strict=True)
    )
    return _Dated(tuple(dates), line.days, line.own, joined, tuple(growth), singles, evidence)


def _waiting(
    lead: Found, together: Together, dated: _Dated, start: tuple[int, int] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The lead's ground that waits for a building, at its own images of all."""
    presence = together.presence[0]
    if lead.grade.kind != "building" or start is None or presence is None:
        return None
    is_lead = np.zeros(dated.days.size, bool)
    full = dated.own >= 0
    is_lead[full] = together.track[dated.own[full]] == 0
    last = int(is_lead[: start[1]].sum())
    level, count = waiting_ground(lead.window, lead.footprint, presence, last)
    out = np.full(dated.days.size, np.nan), np.zeros(dated.days.size)
    out[0][is_lead], out[1][is_lead] = level, count
    return out


def _scenes(together: Together) -> list[str]:
    """Scenes of the full tracks that show some of it."""
    growth = together.built_by.mean(axis=1)
    growth = growth / max(float(growth[-1]), 1e-9)
    names: list[str] = []
    for number, window in enumerate(together.windows):
        shows = growth[together.track == number] > SHOWN_SHARE
        names += [str(scene) for scene, there in zip(window.stack["scene"].values, shows, strict=True) if there]
    return names


def _graded(joined: Structure, lead: Found, partners: Sequence[Partner], alpha: float) -> Structure:
    """The status that all of it gives: a candidate may be confirmed, and what single images deny is none any more."""
    if joined.status == "confirmed" and joined.p_value > alpha:
        denying = sum(one.lacks for one in joined.single_images)
        reason = f"{denying} single images that should show it do not"
        return dataclasses.replace(joined, status="candidate", reason=reason)
    if joined.status != "candidate":
        return joined
    # One that lacks it after the onset is a geometry that hides it, and one that shows it before saw something else.
    onset, images = joined.onset, joined.single_images
    shows = sum(one.shows and onset is not None and one.date >= onset.latest for one in images)
    lacks = sum(one.lacks and onset is not None and one.date <= onset.earliest for one in images)
    found = graded_together(lead, partners, joined.p_value, alpha, with_it=shows, without_it=lacks)
    if found.grade.status == "rejected":
        return joined
    named = dataclasses.replace(joined, status=found.grade.status, reason=found.grade.reason)
    return dataclasses.replace(named, **kind_and_sizes(found)) if joined.kind == "unknown" else named


def _raised(joined: Structure, lead: Found, windows: Sequence[Window]) -> Structure:
    """With the dates on which a watch of each track, or of all together, would have raised and confirmed it."""
    if joined.onset is None:
        return joined
    absent = joined.onset.earliest
    raised, confirmed = watch_together(windows, lead.footprint, absent)
    if joined.status == "confirmed" and joined.confirmed_on is None and confirmed is None:
        image = max(sum(day <= absent for day in lead.window.dates) - 1, 0)
        _, number = watch_footprint(lead.window, lead.footprint, image)
        confirmed = None if number is None else lead.window.dates[number]
    first = earliest([joined.first_raised, raised], absent)
    last = earliest([joined.confirmed_on, confirmed], first) if joined.status == "confirmed" else None
    return dataclasses.replace(joined, first_raised=first, confirmed_on=last)


def earliest(dates: Sequence[dt.date | None], least: dt.date | None) -> dt.date | None:
    """The earliest of the dates that are known, of those not before `least`: what one track raised while another
    shows nothing there yet was something else.
    """
    known = [d for d in dates if d is not None and (least is None or d >= least)]
    return min(known) if known else None
