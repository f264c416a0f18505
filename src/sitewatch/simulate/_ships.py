"""Ships: some under way in one image only, some moored for months, none of them construction.

A moored ship swings at her lines, is swapped for another, and her brightness scatters by several dB from image to
image, more than speckle does and more than a pier's.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from sitewatch.simulate._coast import Coast
from sitewatch.simulate._fields import FloatArray, Shape, generator, to_linear

_VH_BELOW_VV_DB = 10.0


@dataclasses.dataclass(frozen=True)
class Ship:
    """One hull in one image: centre in (row, column), bearing, size, and its mean VV gamma0."""

    centre: tuple[float, float]
    bearing_deg: float
    length_m: float
    beam_m: float
    level_db: float


@dataclasses.dataclass(frozen=True)
class Mooring:
    """A stay of one ship at one place.

    Attributes
    ----------
    place
        ``quay`` or ``anchorage``.
    ship
        The hull at rest: mean position, bearing and brightness.
    first_day, last_day
        Of the stay, days since 1970-01-01.
    drift_m, swing_deg
        How far she moves and turns between images (standard deviations).
    """

    place: str
    ship: Ship
    first_day: float
    last_day: float
    drift_m: float
    swing_deg: float


def draw_moorings(seed: int, coast: Coast, first_day: float, last_day: float) -> tuple[Mooring, ...]:
    """Who lies where and when: one laid up for months at the quay, others before and after, some at anchor."""
    rng = generator(seed, "moorings")
    span = last_day - first_day
    long_stay = min(rng.uniform(150, 300), 0.4 * span)
    long_from = first_day + rng.uniform(0.3, 0.55) * (span - long_stay)
    stays = [(long_from, long_from + long_stay)]
    for start, end in ((first_day - 20, long_from), (long_from + long_stay, last_day)):
        day = start + rng.exponential(25)
        while day < end - 8:
            leaves = min(day + rng.uniform(6, 45), end - 4)
            stays.append((day, leaves))
            day = leaves + 3 + rng.exponential(30)
    row, col, bearing = coast.berth
    out = []
    for arrives, leaves in sorted(stays):
        ship = _hull(rng, (row, col), bearing)
        slide = np.radians(bearing), rng.normal(0, 25) / coast.pixel_m
        moved = (row - np.cos(slide[0]) * slide[1], col + np.sin(slide[0]) * slide[1])
        out.append(Mooring("quay", dataclasses.replace(ship, centre=moved), arrives, leaves, 4.0, 1.5))
    sea = np.argwhere((coast.inland_m < -350) & ~coast.breakwater)
    for _ in range(int(rng.integers(1, 4)) if len(sea) else 0):
        centre = sea[rng.integers(len(sea))]
        stay = rng.uniform(20, 160)
        arrives = first_day + rng.uniform(-10, max(span - stay, 1))
        ship = _hull(rng, (float(centre[0]), float(centre[1])), rng.uniform(0, 360))
        out.append(Mooring("anchorage", ship, arrives, arrives + stay, 45.0, 50.0))
    return tuple(out)


def ships_in_image(
    rng: np.random.Generator, coast: Coast, moorings: tuple[Mooring, ...], day: float, per_km2: float = 0.45
) -> list[Ship]:
    """The ships of one image: the moored ones where they have swung to, and those under way."""
    ships = []
    for mooring in moorings:
        drift = rng.normal(0, mooring.drift_m / coast.pixel_m, 2)
        turn, scatter_db = rng.normal(0, mooring.swing_deg), rng.normal(0, 2.6)
        if mooring.first_day <= day <= mooring.last_day:
            ship = mooring.ship
            ships.append(
                dataclasses.replace(
                    ship,
                    centre=(ship.centre[0] + drift[0], ship.centre[1] + drift[1]),
                    bearing_deg=ship.bearing_deg + turn,
                    level_db=ship.level_db + scatter_db,
                )
            )
    sea = np.argwhere(coast.inland_m < -150)
    count = rng.poisson(per_km2 * len(sea) * (coast.pixel_m / 1000) ** 2)
    for _ in range(count if len(sea) else 0):
        centre = sea[rng.integers(len(sea))]
        ships.append(_hull(rng, (float(centre[0]), float(centre[1])), rng.uniform(0, 360)))
    return ships


def hull_power(ship: Ship, shape: Shape, pixel_m: float, rng: np.random.Generator) -> dict[str, FloatArray]:
    """What a ship adds to the mean gamma0, linear, for VV and VH (y, x); partly covered pixels get their share."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    angle = np.radians(ship.bearing_deg)
    dy, dx = rows - ship.centre[0], cols - ship.centre[1]
    along = (-dy * np.cos(angle) + dx * np.sin(angle)) * pixel_m
    across = (dx * np.cos(angle) + dy * np.sin(angle)) * pixel_m
    outside = np.maximum(np.abs(along) - ship.length_m / 2, np.abs(across) - ship.beam_m / 2)
    covered = np.clip(0.5 - outside / pixel_m, 0, 1)
    # bridge, hatches and cranes: a few strong scatterers along the hull, others at every look
    knots = np.linspace(-0.5, 0.5, 6) * ship.length_m
    profile = to_linear(np.interp(along, knots, rng.normal(-1.0, 3.0, len(knots))))
    vv = covered * profile * to_linear(ship.level_db)
    return {"VV": vv, "VH": vv * to_linear(-_VH_BELOW_VV_DB + rng.normal(0, 1.5))}


def _hull(rng: np.random.Generator, centre: tuple[float, float], bearing_deg: float) -> Ship:
    """A ship of usual size and brightness."""
    length_m = float(np.clip(rng.lognormal(np.log(95), 0.4), 35, 220))
    return Ship(centre, float(bearing_deg), length_m, max(length_m / 6.5, 9.0), float(rng.normal(2.0, 3.0)))
