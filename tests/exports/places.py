"""Structures and a site for tests of what is written for others."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import shapely

from sitewatch.site import Site
from sitewatch.structure import PHASES, Phase
from sitewatch.structures import GrowthPoint, Interval, Measure, PhasePoint, Structure

SITE = Site.read("bbox:124.70,39.65,124.72,39.67")
TRACK = "sentinel-1-iw-137-descending"
DAYS = [dt.date(2023, 1, 1) + dt.timedelta(days=12 * i) for i in range(8)]


def box(x: float, y: float, width: float = 0.002, height: float = 0.001) -> shapely.Polygon:
    """A box at an offset from the site's corner, degrees: by default some 170 m by 110 m."""
    return shapely.box(124.70 + x, 39.65 + y, 124.70 + x + width, 39.65 + y + height)


def phases(*which: int) -> tuple[PhasePoint, ...]:
    """Points at the first days, by index of the phase."""
    chances = [0.1, 0.1, 0.1, 0.1]
    points = []
    for day, index in zip(DAYS, which, strict=False):
        phase: Phase = PHASES[index]
        likely = tuple(0.7 if i == index else c for i, c in enumerate(chances))
        points.append(PhasePoint(day, phase, likely))  # type: ignore[arg-type]
    return tuple(points)


def structure(name: str = "SW-0007", footprint: Any = None, **changes: Any) -> Structure:
    """A confirmed pier: prepared at the third image, under way at the fourth, finished at the seventh."""
    return dataclasses.replace(
        Structure(
            id=name,
            kind="pier",
            status="confirmed",
            footprint=box(0.002, 0.002) if footprint is None else footprint,
            area_m2=Measure(18900.0, 310.0),
            length_m=Measure(171.0, 9.5),
            width_m=Measure(111.0, 9.5),
            growth=tuple(GrowthPoint(day, i / 8, 0.01, TRACK) for i, day in enumerate(DAYS)),
            levels=(),
            p_value=1.5e-12,
            onset=Interval(DAYS[2], DAYS[3]),
            completion=Interval(DAYS[5], DAYS[6]),
            scenes=("S1A_20230206",),
            tracks=(TRACK,),
            phases=phases(0, 0, 1, 2, 2, 2, 3, 3),
        ),
        **changes,
    )
