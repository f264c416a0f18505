"""Small scenes of one thing each that changes and is not construction: what a finder must tell apart by name."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np

from sitewatch.simulate._coast import Coast
from sitewatch.simulate._fields import BoolArray, Shape, direction, generator, rectangle, shifted, smooth_field
from sitewatch.simulate._grid import coast_geobox
from sitewatch.simulate._growth import Schedule
from sitewatch.simulate._image import Felling, Ghost, Patch, Place
from sitewatch.simulate._land import FIELD, FOREST, SCRUB, LandCover
from sitewatch.simulate._paint import Building
from sitewatch.simulate._scenario import Acquisitions, Scenario, revisit_dates, stack_of
from sitewatch.simulate._ships import Mooring, Ship
from sitewatch.simulate._tide import draw_tide
from sitewatch.simulate._truth import NotConstruction, outline, true_works
from sitewatch.simulate._view import DESCENDING, View
from sitewatch.simulate._weather import date_of, days_since_epoch, draw_weather
from sitewatch.simulate._works import Plan

PIXEL_M = 10.0
# How far along the flight an azimuth ambiguity of Sentinel-1 is off, and by how much it is weaker.
GHOST_M, GHOST_WEAKER_DB = 4700.0, 25.0
_LONG = (530, 150)


def simulate_lookalike(
    kind: str,
    seed: int,
    *,
    dates: Sequence[dt.datetime] | None = None,
    shape: Shape = (90, 90),
    view: View = DESCENDING,
) -> Scenario:
    """Simulate a small scene of one thing that a careless reader of the images takes for construction.

    Parameters
    ----------
    kind
        One of `LOOKALIKES`; ``layover`` and ``ambiguity`` come with the tall or bright work that they belong to.
    seed
        Any non-negative number.
    dates
        Aware UTC times of the images; by default `revisit_dates` of the view.
    shape
        Rows, columns; an ambiguity needs a scene of its own, longer than it is displaced, and takes no other.
    view
        Geometry of the track.

    Returns
    -------
    Scenario
        Its `not_construction` holds the one thing, with its outline and dates.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in _DRAW:
        raise ValueError(f"no such thing to simulate: {kind}; there are {', '.join(LOOKALIKES)}")
    shape = _LONG if kind == "ambiguity" else shape
    moments = tuple(dates) if dates is not None else revisit_dates(view, seed=seed)
    first, last = days_since_epoch(moments[0]), days_since_epoch(moments[-1])
    rng = generator(seed, "lookalike", kind)
    place, mask, (begin, end) = _DRAW[kind](rng, _bare(seed, shape, moments), first, last)
    geobox = coast_geobox(shape, PIXEL_M)
    thing = NotConstruction(
        kind.replace("_", " "),
        date_of(begin),
        None if end is None else date_of(end),
        outline(mask, geobox.transform) if mask.any() else None,
    )
    name = f"{kind.replace('_', '-')}-{seed}"
    return Scenario(
        name=name,
        seed=seed,
        geobox=geobox,
        stacks=(stack_of(place, Acquisitions(view, moments), geobox, name),),
        views=(view,),
        works=tuple(true_works(place, moments, geobox)),
        not_construction=(thing,),
        dates=moments,
    )


_Drawn = tuple[Place, BoolArray, tuple[float, float | None]]


def _bare(seed: int, shape: Shape, moments: Sequence[dt.datetime]) -> Place:
    """A straight shore with land on the left, scrub upon it, deep water before it, and nobody there."""
    rng = generator(seed, "bare")
    rows, columns = np.mgrid[: shape[0], : shape[1]] * PIXEL_M
    inland = 0.5 * shape[1] * PIXEL_M - columns + 8.0 * smooth_field(rng, shape, 6.0)
    tide = draw_tide(seed, 1.3)
    coast = Coast(
        pixel_m=PIXEL_M,
        seaward_deg=90.0,
        inland_m=inland,
        along_m=rows - rows.mean(),
        bed_m=tide.highest_m + 0.4 + 0.2 * inland,
        breakwater=np.zeros(shape, bool),
        berth=(0.0, 0.0, 0.0),
        flat_along_m=(0.0, 0.0),
    )
    still = np.zeros(shape)
    texture = {pol: 0.9 * smooth_field(rng, shape, 1.5) for pol in ("VV", "VH")}
    land = LandCover(np.full(shape, SCRUB), still, still, texture, still, np.zeros(shape, int))
    weather = draw_weather(seed, days_since_epoch(moments[-1]))
    return Place(seed, coast, tide, weather, land, (), (), (), ships_per_km2=0.0)


def _passing(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    return dataclasses.replace(place, ships_per_km2=4.0), np.zeros(place.coast.shape, bool), (first, None)


def _moored(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """A quay at which one ship is laid up for the better part of a year, and leaves or stays."""
    coast = place.coast
    height, width = coast.shape
    _, quay = rectangle(coast.shape, (height / 2, width / 2 + 8), 90.0, 24, 3)
    ship = Ship((height / 2 - 3.5, width / 2 + 9.0), 90.0, 150.0, 24.0, float(rng.normal(2.0, 1.0)))
    arrives = first + rng.uniform(0.3, 0.45) * (last - first)
    leaves = arrives + rng.uniform(200, 330)
    coast = dataclasses.replace(coast, breakwater=quay)
    _, hull = rectangle(coast.shape, ship.centre, 90.0, 15, 3)
    mooring = Mooring("quay", ship, arrives, leaves, 4.0, 1.5)
    return dataclasses.replace(place, coast=coast, moorings=(mooring,)), hull, (arrives, leaves)


def _flat(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """A shore that falls dry and wet over some 250 m as the tide runs."""
    coast = place.coast
    reach = place.tide.highest_m
    uneven = 0.5 * smooth_field(rng, coast.shape, 5.0)
    bed = np.where(coast.inland_m > 0, reach + 0.5, reach + 0.008 * coast.inland_m + uneven)
    flat = ~coast.land & (np.abs(bed) < reach)
    return dataclasses.replace(place, coast=dataclasses.replace(coast, bed_m=bed)), flat, (first, None)


def _crop(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """One field amid scrub, whose crop grows once a year."""
    field = _inland(rng, place, 24, 16)
    season = np.where(field, 4.5, 0.0)
    peak = np.where(field, rng.normal(170.0, 30.0), 0.0)
    cover = np.where(field, FIELD, place.land.cover)
    land = dataclasses.replace(place.land, cover=cover, season_db=season, season_peak_day=peak)
    return dataclasses.replace(place, land=land), field, (first, None)


def _felled(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """Forest all over, of which a stand is cut."""
    land = dataclasses.replace(place.land, cover=np.full(place.coast.shape, FOREST))
    stand = _inland(rng, place, 22, 18)
    day = first + rng.uniform(0.35, 0.65) * (last - first)
    return dataclasses.replace(place, land=land, fellings=(Felling(stand, day),)), stand, (day, None)


def _wet(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """A hollow that rain soaks more than the ground around."""
    hollow = _inland(rng, place, 22, 18)
    return dataclasses.replace(place, patches=(Patch(hollow, wet_db=(6.0, 3.0)),)), hollow, (first, None)


def _waves(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """A shoal on which waves break when it blows."""
    height, width = place.coast.shape
    _, shoal = rectangle(place.coast.shape, (height / 2, 0.76 * width), rng.uniform(0, 180), 26, 14)
    patch = Patch(shoal, breaking_db=(0.8, 0.5))
    return dataclasses.replace(place, patches=(patch,)), shoal, (first, None)


def _ambiguity(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """A plant of steel on land, and its ghost at sea, nearly 5 km off along the flight of a descending pass."""
    height, width = place.coast.shape
    inland = np.where(np.mgrid[:height, :width][0] < 90, 400.0, -400.0)
    coast = dataclasses.replace(place.coast, inland_m=inland)
    coast = dataclasses.replace(coast, bed_m=place.tide.highest_m + 0.4 + 0.2 * coast.inland_m)
    at = (35.0, width - 25.0)
    _, mask = rectangle(coast.shape, at, 20.0, 12, 8)
    work = _work("building", mask, 12.0, first + 0.4 * (last - first), 40.0, faintness_db=-14.0)
    flown = direction(DESCENDING.heading_deg)
    off = (round(flown[0] * GHOST_M / PIXEL_M), round(flown[1] * GHOST_M / PIXEL_M))
    place = dataclasses.replace(place, coast=coast, works=(work,), ghosts=(Ghost(*off, GHOST_WEAKER_DB),))
    return place, shifted(mask, off), (work.schedule.start_day, None)


def _layover(rng: np.random.Generator, place: Place, first: float, last: float) -> _Drawn:
    """A tower of 90 m, whose face lies over the ground toward the radar."""
    height, width = place.coast.shape
    _, mask = rectangle(place.coast.shape, (height / 2, width / 5), 0.0, 9, 6)
    work = _work("building", mask, 90.0, first + 0.4 * (last - first), 60.0)
    _, over = rectangle(place.coast.shape, (height / 2, width / 5 + 9), 0.0, 11, 12)
    return dataclasses.replace(place, works=(work,)), over & ~mask, (work.schedule.start_day, None)


def _work(
    kind: str, mask: BoolArray, height_m: float, day: float, span_days: float, faintness_db: float = 0.0
) -> Building:
    rows = np.indices(mask.shape)[0]
    inside = rows[mask]
    order = np.clip((rows - inside.min() + 1) / (np.ptp(inside) + 1), 0, 1)
    return Building(Plan(kind, mask, order, height_m), Schedule(day, day + span_days), faintness_db)


def _inland(rng: np.random.Generator, place: Place, long_px: float, short_px: float) -> BoolArray:
    """A rectangle on the land."""
    height, width = place.coast.shape
    centre = (rng.uniform(0.3, 0.7) * height, rng.uniform(0.2, 0.25) * width)
    _, mask = rectangle(place.coast.shape, centre, rng.uniform(-20, 20), long_px, short_px)
    return np.asarray(mask & place.coast.land)


_DRAW: dict[str, Callable[[np.random.Generator, Place, float, float], _Drawn]] = {
    "ship_passing": _passing,
    "ship_moored": _moored,
    "tidal_flat": _flat,
    "crop": _crop,
    "felled_trees": _felled,
    "wet_soil": _wet,
    "waves": _waves,
    "ambiguity": _ambiguity,
    "layover": _layover,
}
LOOKALIKES = tuple(_DRAW)
