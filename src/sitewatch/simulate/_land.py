"""Land: forest, fields with their seasons, scrub, a town of bright points, and the rain that lifts all of it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import spatial

from sitewatch.simulate._coast import Coast
from sitewatch.simulate._fields import BoolArray, FloatArray, correlated_normal, generator, smooth_field, to_linear
from sitewatch.simulate._view import View
from sitewatch.simulate._weather import Conditions

SCRUB, FIELD, FOREST, TOWN, BEACH = range(5)

# gamma0 in dB of each cover in the order above, dry and out of season: usual C-band values at 30 to 45 degrees
_LEVEL_DB = {"VV": np.array([-11.5, -11.8, -8.6, -7.0, -14.5]), "VH": np.array([-18.3, -18.8, -14.3, -14.5, -24.0])}
_TEXTURE_DB = np.array([1.1, 0.7, 0.9, 1.8, 0.8])  # standard deviation of the log-normal texture
_WET_DB = np.array([2.6, 3.2, 1.0, 0.8, 1.5])  # rise from dry to soaked
_LOCAL_JITTER_DB = np.array([0.45, 0.55, 0.35, 0.25, 0.7])  # what the date does to one place and not to the next
_SEASON_OF_VV = 0.55  # share of the VH season that VV shows


@dataclasses.dataclass(frozen=True)
class LandCover:
    """What grows and stands where; arrays are (y, x).

    Attributes
    ----------
    cover
        Index of the cover: scrub, field, forest, town, beach.
    season_db, season_peak_day
        VH amplitude of each pixel's season and the day of the year at which it peaks.
    texture_db
        Lasting log-normal texture, for each polarisation.
    bright
        Log-normal strength of persistent bright points (walls, corners), linear power, for the town.
    parcel
        Number of the field that a pixel belongs to.
    """

    cover: np.ndarray
    season_db: FloatArray
    season_peak_day: FloatArray
    texture_db: dict[str, FloatArray]
    bright: FloatArray
    parcel: np.ndarray

    def is_cover(self, cover: int) -> BoolArray:
        """Pixels of one cover."""
        return np.asarray(self.cover == cover)


def draw_land(seed: int, coast: Coast) -> LandCover:
    """Draw the land behind a coast."""
    rng = generator(seed, "land")
    shape, pixel_m = coast.shape, coast.pixel_m
    parcel = _parcels(rng, coast)
    n_parcels = int(parcel.max()) + 1
    wooded = smooth_field(rng, shape, 160.0 / pixel_m)
    wild = smooth_field(rng, shape, 220.0 / pixel_m)
    cover = np.where(wild > 0.5, SCRUB, FIELD)
    cover = np.where(wooded > 0.7, FOREST, cover)
    beside_harbour = np.hypot(coast.along_m - _harbour_along(coast), coast.inland_m - 180)
    ragged = 40 * smooth_field(rng, shape, 50.0 / pixel_m)
    cover = np.where(beside_harbour + ragged < 210, TOWN, cover)
    beach_width = 18 + 12 * smooth_field(rng, shape, 200.0 / pixel_m)
    cover = np.where((coast.inland_m < beach_width) & (cover != TOWN), BEACH, cover)

    # winter crops peak in spring, summer crops in late summer, and meadows hardly at all
    crop = rng.choice(3, n_parcels, p=[0.4, 0.3, 0.3])
    amplitude = rng.normal(np.array([3.0, 4.2, 0.8])[crop], 0.6)
    peak = rng.normal(np.array([125.0, 225.0, 160.0])[crop], 10)
    tilled_db = rng.normal(0, 0.9, n_parcels)
    in_field = cover == FIELD
    season_db = np.where(in_field, amplitude[parcel], np.where(cover == FOREST, 0.5, np.where(cover == SCRUB, 0.8, 0)))
    season_peak = np.where(in_field, peak[parcel], 180.0)

    relief = 0.8 * smooth_field(rng, shape, 90.0 / pixel_m)
    texture = {}
    for pol in ("VV", "VH"):
        fine = correlated_normal(rng, shape, (9.0 / pixel_m, 9.0 / pixel_m)) * _TEXTURE_DB[cover]
        texture[pol] = fine + relief + np.where(in_field, tilled_db[parcel], 0)
    points = rng.random(shape) < np.where(cover == TOWN, 0.045, 0.0007) * (pixel_m / 10) ** 2
    bright = np.where(points, to_linear(rng.normal(4.0, 4.0, shape)), 0.0)
    return LandCover(cover, season_db, season_peak, texture, bright, parcel)


def land_surface(
    rng: np.random.Generator, land: LandCover, day_of_year: float, conditions: Conditions, pixel_m: float
) -> dict[str, FloatArray]:
    """Mean gamma0 of the land, linear, for VV and VH (y, x), bright points left out."""
    angle = 2 * np.pi * (day_of_year - land.season_peak_day) / 365.25
    season = land.season_db * (np.exp(3.0 * (np.cos(angle) - 1)) - 0.25)
    jitter = (
        smooth_field(rng, (land.cover.shape[0], land.cover.shape[1]), 70.0 / pixel_m) * _LOCAL_JITTER_DB[land.cover]
    )
    rain = conditions.wetness * _WET_DB[land.cover]
    out = {}
    for pol, share in (("VV", _SEASON_OF_VV), ("VH", 1.0)):
        calibration_db = rng.normal(0, 0.12)
        level = _LEVEL_DB[pol][land.cover] + land.texture_db[pol] + share * season + rain + jitter + calibration_db
        out[pol] = to_linear(level)
    return out


def bright_points(land: LandCover, view: View, seed: int) -> dict[str, FloatArray]:
    """Persistent scatterers as one geometry sees them (a corner open to one look is shut to another), linear."""
    rng = generator(seed, "points", view.relative_orbit)
    open_to_it = rng.random(land.bright.shape) < 0.6
    vv = np.where(open_to_it, land.bright, 0.1 * land.bright)
    return {"VV": vv, "VH": 0.12 * vv}


def _harbour_along(coast: Coast) -> float:
    """Where along the coast the breakwater meets the land."""
    return float(np.mean(coast.along_m[coast.breakwater])) if coast.breakwater.any() else 0.0


def _parcels(rng: np.random.Generator, coast: Coast) -> np.ndarray:
    """Fields as the cells of a jittered grid stretched along one direction."""
    rows, cols = np.mgrid[: coast.shape[0], : coast.shape[1]] * coast.pixel_m
    turn = rng.uniform(0, np.pi)
    u = (rows * np.cos(turn) + cols * np.sin(turn)) / 190.0
    v = (cols * np.cos(turn) - rows * np.sin(turn)) / 110.0
    us, vs = np.meshgrid(np.arange(np.floor(u.min()), u.max() + 2), np.arange(np.floor(v.min()), v.max() + 2))
    seeds = np.column_stack([us.ravel(), vs.ravel()]) + rng.uniform(-0.35, 0.35, (us.size, 2))
    _, nearest = spatial.cKDTree(seeds).query(np.column_stack([u.ravel(), v.ravel()]))
    return np.asarray(nearest).reshape(coast.shape)
