"""One image of the invented place: every surface, ship and structure, blurred and speckled as the radar would."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage as ndi

from sitewatch.simulate._coast import Coast
from sitewatch.simulate._fields import BoolArray, FloatArray, generator, smooth_field, to_linear
from sitewatch.simulate._land import LandCover, bright_points, land_surface
from sitewatch.simulate._paint import Building, paint
from sitewatch.simulate._sea import sea_surface
from sitewatch.simulate._ships import Mooring, hull_power, ships_in_image
from sitewatch.simulate._speckle import speckle
from sitewatch.simulate._tide import Tide, under_water
from sitewatch.simulate._view import View
from sitewatch.simulate._weather import Weather

_WET_SAND_DB = {"VV": -14.0, "VH": -24.5}
_MOLE_DB = {"VV": -2.5, "VH": -11.5}
BREAKING_WIND_M_S = 6.0


@dataclasses.dataclass(frozen=True)
class Felling:
    """Trees cut on one day; the ground stays darker and is no construction."""

    mask: BoolArray
    day: float


@dataclasses.dataclass(frozen=True)
class Patch:
    """Ground or water that answers to the weather more than what lies around it, and is no construction.

    Attributes
    ----------
    mask
        Its pixels (y, x).
    wet_db
        (VV, VH) rise on soaked ground above that of the ground around: hollows and ploughed fields.
    breaking_db
        (VV, VH) rise for each m/s of wind beyond `BREAKING_WIND_M_S`: waves that break on a shoal.
    """

    mask: BoolArray
    wet_db: tuple[float, float] = (0.0, 0.0)
    breaking_db: tuple[float, float] = (0.0, 0.0)


@dataclasses.dataclass(frozen=True)
class Ghost:
    """An azimuth ambiguity: what is bright shows again, weaker, so many rows and columns off."""

    rows: int
    columns: int
    weaker_db: float


@dataclasses.dataclass(frozen=True)
class Place:
    """Everything there is to see at the site through the whole time, whoever looks.

    Attributes
    ----------
    seed
        Of the scenario.
    ships_per_km2
        Under way in each image.
    """

    seed: int
    coast: Coast
    tide: Tide
    weather: Weather
    land: LandCover
    works: tuple[Building, ...]
    moorings: tuple[Mooring, ...]
    fellings: tuple[Felling, ...]
    patches: tuple[Patch, ...] = ()
    ghosts: tuple[Ghost, ...] = ()
    ships_per_km2: float = 0.45


def image(place: Place, view: View, day: float) -> dict[str, FloatArray]:
    """Power, float32, by polarisation (y, x), as one pass on one day shows the place: gamma0 times the view's gain.

    Parameters
    ----------
    day
        Days since 1970-01-01 UTC. The image depends on the place, the view and the day only.
    """
    coast, pixel_m = place.coast, place.coast.pixel_m
    rng = generator(place.seed, "image", view.relative_orbit, round(day * 86400))
    surfaces, dry = _ground(rng, place, view, day)
    steady = np.where(place.land.bright > 0, 0.6, 0.0) * coast.land
    for pol, points in bright_points(place.land, view, place.seed).items():
        surfaces[pol] += points * coast.land
    _mole(surfaces, place, view)
    standing = coast.breakwater.copy()
    for work in place.works:
        paint(surfaces, steady, work, view, day, place.seed, pixel_m)
        standing |= work.plan.mask & (work.schedule.built_day(work.plan.order) <= day)
    afloat = ~(dry | standing)
    for ship in ships_in_image(rng, coast, place.moorings, day, place.ships_per_km2):
        for pol, power in hull_power(ship, coast.shape, pixel_m, rng).items():
            surfaces[pol] += power * afloat
    _ghosts(surfaces, place)
    blur = view.point_spread_px(pixel_m / view.finer)
    noise = to_linear(view.noise_db)
    steady = _refined(steady, view.finer)
    out = {}
    for pol, mean in surfaces.items():
        if pol not in view.polarisations:
            continue
        seen = ndi.gaussian_filter(_refined(mean, view.finer), blur, mode="nearest") + noise
        shape = (seen.shape[0], seen.shape[1])
        fading = speckle(rng, shape, enl=view.enl, point_spread_px=blur)
        shown = seen * (steady + (1 - steady) * fading)
        out[pol] = (shown * to_linear(view.gain_db) if view.gain_db else shown).astype(np.float32)
    return out


def _refined(field: FloatArray, finer: int) -> FloatArray:
    """The field on a grid so many times finer."""
    return field if finer == 1 else np.repeat(np.repeat(field, finer, axis=0), finer, axis=1)


def _ground(rng: np.random.Generator, place: Place, view: View, day: float) -> tuple[dict[str, FloatArray], BoolArray]:
    """Sea, flats and land with the water where the tide puts it; and what lies dry."""
    coast = place.coast
    conditions = place.weather.at(day)
    shore_distance = np.maximum(-coast.inland_m, 0)
    sea = sea_surface(rng, coast.shape, coast.pixel_m, conditions, view, shore_distance, coast.seaward_deg)
    land = land_surface(rng, place.land, day % 365.25, conditions, coast.pixel_m)
    for felling in place.fellings:
        if day >= felling.day:
            land["VV"][felling.mask] *= to_linear(-1.0)
            land["VH"][felling.mask] *= to_linear(-3.0)
    for patch in place.patches:
        breaking = max(conditions.wind_m_s - BREAKING_WIND_M_S, 0.0)
        for pol, soaked, rough in zip(("VV", "VH"), patch.wet_db, patch.breaking_db, strict=True):
            land[pol][patch.mask] *= to_linear(soaked * conditions.wetness)
            sea[pol][patch.mask] *= to_linear(rough * breaking)
    wet = under_water(coast.bed_m, float(place.tide.height_m(day)) + conditions.surge_m) & ~coast.land
    ripples_db = 1.2 * smooth_field(rng, coast.shape, 40.0 / coast.pixel_m) + rng.normal(0, 1.2)
    out = {}
    for pol in ("VV", "VH"):
        flat = to_linear(_WET_SAND_DB[pol] + ripples_db)
        out[pol] = np.where(wet, sea[pol], np.where(coast.land, land[pol], flat))
    return out, np.asarray(~wet)


def _mole(surfaces: dict[str, FloatArray], place: Place, view: View) -> None:
    """The old breakwater: rubble whose texture lasts."""
    where = place.coast.breakwater
    lasting = generator(place.seed, "mole", view.relative_orbit)
    for pol in surfaces:
        surfaces[pol][where] = to_linear(_MOLE_DB[pol] + lasting.normal(0, 2.0, int(where.sum())))


def _ghosts(surfaces: dict[str, FloatArray], place: Place) -> None:
    """Add the azimuth ambiguities of all that is in the image."""
    for ghost in place.ghosts:
        for pol, mean in list(surfaces.items()):
            weak = ndi.shift(mean, (ghost.rows, ghost.columns), order=0, cval=0.0)
            surfaces[pol] = mean + weak * to_linear(-ghost.weaker_db)
