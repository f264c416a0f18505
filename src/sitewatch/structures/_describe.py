"""From the evidence about a footprint to the structure that is reported."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sitewatch.structure import LINEAR_KINDS, GrowthPoint, Interval, Levels, Structure
from sitewatch.structures._character import Character
from sitewatch.structures._detected import watch_footprint
from sitewatch.structures._find_one import Found
from sitewatch.structures._growth import chance_by, connected, credibly, growth_curve
from sitewatch.structures._line_growth import length_growth
from sitewatch.structures._phases import PAUSE, POST, Phases, as_points, follow_phases, prepared_on, what_is_left
from sitewatch.structures._preparation import waiting_ground
from sitewatch.structures._presence import Presence
from sitewatch.structures._window import Window

# A structure counts as there from four pixels on (fewer are below the resolution); one larger than so many, whose
# long rim catches surf and passing things, from this share of the rest on.
FIRST_PIXELS = 4.0
FIRST_SHARE, LARGE_PIXELS = 0.0125, 500
# By how many pixels a footprint is uncertain; by fewer where a single image tells each of its pixels built from unbuilt
# by so many nats (both Kullback-Leibler divergences together: at 14 two normal laws lie 3.7 standard deviations apart).
PIXEL_SLACK, SURE_SLACK = 0.5, 0.3
SURE_NATS = 14.0
NEARLY_SHARE = 0.98
LAST_PIXELS_IMAGES = 2
# Pixels that date themselves carry the dates alone where they are at least so many and such a share.
FEWEST_DATED = 8
FEWEST_DATED_SHARE = 0.35
# An image shows a structure of which more than this share stands.
SHOWN_SHARE = 0.05
# Images that must show no more growth before an end is stated.
LEVEL_IMAGES = 3
# Share of the phases' model in which the stated intervals hold for sure; from two thirds on no phase contradicts them.
HELD_SHARE = 0.7


def describe(found: Found) -> Structure:
    """Date, measure and word one footprint."""
    dates = found.window.dates
    built_by = found.presence.built_by
    fraction, spread = growth_curve(built_by)
    chances = chances_of(
        built_by, found.presence.dated, found.presence.pixels, found.footprint.shape, slack_of(found.presence)
    )
    start, end = bounds(chances)
    end = levelled(end, len(dates))
    waiting = None
    if found.grade.kind == "building" and start is not None:
        waiting = waiting_ground(found.window, found.footprint, found.presence, start[1])
    phases = as_points(dates, phases_of(chances, start, end, found.window.days, waiting))
    onset, completion = interval(start, dates), interval(end, dates)
    raised, confirmed = _sequence(found, start, dates)
    character, track = found.character, str(found.window.stack.attrs.get("track", ""))
    scenes = [str(s) for s in found.window.stack["scene"].values]
    shows = fraction > SHOWN_SHARE
    return Structure(
        id=identity(found.grade.kind, found.shape.outline),
        status=found.grade.status,
        reason=found.grade.reason,
        rejected_as=found.grade.rejected_as,
        footprint=found.shape.outline,
        growth=tuple(growth_point(day, f, s, track) for day, f, s in zip(dates, fraction, spread, strict=True)),
        levels=levels_of(found.window, character),
        p_value=character.p_value,
        onset=onset,
        completion=completion,
        preparation_first_seen=prepared_on(phases),
        first_raised=raised,
        confirmed_on=confirmed if found.grade.status == "confirmed" else None,
        scenes=tuple(scene for scene, there in zip(scenes, shows, strict=True) if there),
        tracks=(track,),
        phases=phases,
        **kind_and_sizes(found),
    )


def growth_point(day: dt.date, fraction: float, sd: float, track: str) -> GrowthPoint:
    """A point of the growth, in as many digits as are stated."""
    return GrowthPoint(day, round(float(fraction), 4), round(float(sd), 4), track)


def levels_of(window: Window, character: Character) -> tuple[Levels, ...]:
    """The backscatter of a footprint in each polarisation of a track."""
    return tuple(
        Levels(str(window.stack.attrs.get("track", "")), name, round(float(before), 2), round(float(after), 2))
        for name, before, after in zip(window.polarisations, character.before_db, character.after_db, strict=True)
    )


def kind_and_sizes(found: Found) -> dict[str, Any]:
    """Fields of a `Structure` that say what it is and how large: lines are measured as such."""
    kind, shape = found.grade.kind, found.shape
    return {
        "kind": kind,
        "kind_probability": round(found.grade.kind_probability, 3),
        "area_m2": shape.area_m2,
        "length_m": shape.length_m,
        "width_m": shape.width_m,
        "orientation_deg": shape.orientation_deg,
        "centreline": shape.centreline if kind in LINEAR_KINDS else None,
        "length_growth": length_growth(found),
    }


@dataclasses.dataclass(frozen=True)
class Chances:
    """[image], chances that the structure has been begun, and finished, by each image.

    Both are uncertain by a pixel or so: the counts asked for are a lower and a higher one.
    """

    few: NDArray[np.float64]
    enough: NDArray[np.float64]
    nearly: NDArray[np.float64]
    wholly: NDArray[np.float64]


def chances_of(
    built_by: NDArray[np.float64],
    dated: NDArray[np.bool_],
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]],
    shape: tuple[int, ...],
    slack_pixels: float = PIXEL_SLACK,
) -> Chances:
    """How surely a structure was begun and finished by each image.

    Only pixels that date themselves vote, where there are enough of them; the count asked for shrinks with them.

    Parameters
    ----------
    built_by, dated, pixels
        As in `Presence`.
    shape
        Of the window that the pixels lie in.
    slack_pixels
        By how many pixels the footprint is uncertain.
    """
    share = float(dated.mean())
    if dated.sum() >= FEWEST_DATED and share >= FEWEST_DATED_SHARE:
        voters = dated
    else:
        voters, share = np.ones_like(dated), 1.0
    built_by = built_by[:, voters]
    voting = built_by.shape[1]
    first = share * max(FIRST_PIXELS, FIRST_SHARE * (voting / share - LARGE_PIXELS))
    # The footprint is uncertain by a pixel or so: absent while hardly any stands, there when more than enough do.
    few, enough = (min(max(first + share * slack, 1.0), 0.9 * voting) for slack in (-slack_pixels, slack_pixels))
    where = tuple(axis[voters] for axis in pixels)
    patch = connected(built_by, where, shape)
    total = float(built_by[-1].sum())
    nearly = max(min(NEARLY_SHARE * total, total - 1.5), 1.0)
    return Chances(
        few=chance_by(patch, few),
        enough=chance_by(patch, enough),
        nearly=chance_by(built_by, nearly),
        wholly=chance_by(built_by, max(total - 0.6, 1.0)),
    )


def slack_of(presence: Presence) -> float:
    """By how many pixels a footprint that one track followed is uncertain."""
    stands = presence.built_by > 0.5
    if not stands.any() or stands.all():
        return PIXEL_SLACK
    nats = np.median(presence.ratio[stands]) - np.median(presence.ratio[~stands])
    return SURE_SLACK if nats >= SURE_NATS else PIXEL_SLACK


def bounds(chances: Chances) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Images of the onset and completion intervals."""
    start = _span(credibly(chances.few), credibly(chances.enough))
    nearly, wholly = credibly(chances.nearly), credibly(chances.wholly)
    if nearly is None or wholly is None:
        return start, nearly
    # The last pixel alone may err; nearly all of them together hardly do.
    return start, (nearly[0], min(wholly[1], nearly[1] + LAST_PIXELS_IMAGES))


def levelled(end: tuple[int, int] | None, images: int) -> tuple[int, int] | None:
    """A completion interval, if enough of so many images came after it and show no more growth."""
    return None if end is None or end[1] > images - LEVEL_IMAGES - 1 else end


def phases_of(
    chances: Chances,
    start: tuple[int, int] | None,
    end: tuple[int, int] | None,
    days: NDArray[np.float64],
    waiting: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Phases:
    """The phase of construction at each image, from the same chances as the intervals that are stated.

    Parameters
    ----------
    start, end
        Images of the onset and completion intervals; `end` is None where no completion is stated.
    waiting
        See `waiting_ground`; without it no site preparation is looked for.
    """
    begun, finished = (chances.few + chances.enough) / 2, (chances.nearly + chances.wholly) / 2
    images = len(begun)
    # What was there at the first image is no onset and no completion (`interval` states none).
    start, end = (span if span is not None and span[0] >= 0 else None for span in (start, end))
    left = what_is_left(images, start, end)
    stated, going_on = [(HELD_SHARE, left)], 0.5
    if end is not None:
        going_on = PAUSE ** (images - 1 - end[1])
    else:
        # What is not called finished has at least even chances to go on.
        stated = [(0.5, left & (np.arange(4) != POST)), (HELD_SHARE - 0.5, left)]
    level_db, pixels = waiting or (None, None)
    return follow_phases(begun, finished * (1 - going_on), days, level_db, pixels, stated)


def _span(first: tuple[int, int] | None, last: tuple[int, int] | None) -> tuple[int, int] | None:
    """From the start of one crossing to the end of another."""
    return None if first is None or last is None else (first[0], max(last[1], first[1]))


def interval(images: tuple[int, int] | None, dates: Sequence[dt.date]) -> Interval | None:
    """The days of two images; None where it was there at the first image."""
    if images is None or images[0] < 0 or images[1] <= images[0]:
        return None
    return Interval(dates[images[0]], dates[images[1]])


def _sequence(
    found: Found, start: tuple[int, int] | None, dates: list[dt.date]
) -> tuple[dt.date | None, dt.date | None]:
    """Dates of the images with which a watch fed image by image raised it, and confirmed it."""
    if start is None:
        return None, None
    raised, confirmed = watch_footprint(found.window, found.footprint, max(start[0], 0))
    return None if raised is None else dates[raised], None if confirmed is None else dates[confirmed]


def identity(kind: str, footprint: shapely.Polygon | shapely.MultiPolygon) -> str:
    """Short name from kind and place: the same footprint found again has the same name."""
    centre = footprint.centroid
    digest = hashlib.blake2b(f"{centre.x:.4f} {centre.y:.4f}".encode(), digest_size=3).hexdigest()
    return f"{kind.replace(' ', '-')}-{digest}"
