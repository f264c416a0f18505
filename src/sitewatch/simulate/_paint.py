"""How structures look to the radar: double bounce, layover, shadow, decks, cleared ground.

All levels are gamma0 in dB before the point spread, so what an image shows of a narrow structure is a mix with its
surroundings, as in life.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from sitewatch.simulate._fields import BoolArray, FloatArray, correlated_normal, generator, shifted, swept, to_linear
from sitewatch.simulate._growth import Schedule
from sitewatch.simulate._view import View
from sitewatch.simulate._works import Plan

Surfaces = dict[str, FloatArray]

# (VV, VH) in dB
_DECK = (-8.0, -17.0)
_DOUBLE_BOUNCE = (1.5, -9.5)
_FILL = (-8.5, -15.5)
_REVETMENT = (-2.0, -11.0)
_ROOF = (-6.5, -14.5)
_WALL = (4.0, -6.0)
_LAYOVER = (-3.5, -12.0)
_CLEARED = (-14.5, -23.0)
_FOUNDATIONS = (-10.0, -18.0)
_ASPHALT = (-16.0, -25.0)
_RUBBLE = (-12.5, -20.0)
_SHADOW_DB = -11.0
_JITTER_DB = 0.2  # of a built thing from date to date


@dataclasses.dataclass(frozen=True)
class Building:
    """A plan with its schedule, and how much fainter than usual it is.

    `faintness_db` lowers what is brighter than the ground and raises what is darker.
    """

    plan: Plan
    schedule: Schedule
    faintness_db: float = 0.0


def paint(
    surfaces: Surfaces, steady: FloatArray, work: Building, view: View, day: float, seed: int, pixel_m: float
) -> None:
    """Write the state of one structure on one day into the mean surfaces, in place.

    Parameters
    ----------
    surfaces
        Mean gamma0, linear, by polarisation.
    steady
        Share of each pixel's power that comes from one strong fixed scatterer and so shows no speckle, 0 to 1.
    seed
        Of the scenario; the lasting texture of the structure depends on it and on the view.
    """
    plan, schedule = work.plan, work.schedule
    built = plan.mask & (schedule.built_day(plan.order) <= day)
    _PAINTERS[plan.kind](_Brush(surfaces, steady, work, view, day, seed, pixel_m), built)


@functools.lru_cache(maxsize=16)
def _lasting_texture(
    seed: int, kind: str, corner: tuple[int, ...], relative_orbit: int, shape: tuple[int, int], pixel_m: float
) -> tuple[FloatArray, FloatArray]:
    """Log-normal texture in dB for VV and VH, the same in every image of one view."""
    rng = generator(seed, "texture", kind, corner, relative_orbit)
    sigma = (7.0 / pixel_m, 7.0 / pixel_m)
    return 1.4 * correlated_normal(rng, shape, sigma), 1.4 * correlated_normal(rng, shape, sigma)


class _Brush:
    """What painting one structure in one image needs to know."""

    def __init__(
        self, surfaces: Surfaces, steady: FloatArray, work: Building, view: View, day: float, seed: int, pixel_m: float
    ) -> None:
        self.surfaces, self.steady, self.work, self.view, self.day = surfaces, steady, work, view, day
        self.pixel_m = pixel_m
        corner = tuple(int(n) for n in np.argwhere(work.plan.mask)[0])
        shape = (steady.shape[0], steady.shape[1])
        textures = _lasting_texture(seed, work.plan.kind, corner, view.relative_orbit, shape, pixel_m)
        self.texture_db = dict(zip(surfaces, textures, strict=True))
        self.jitter_db = generator(seed, "structure", corner, view.relative_orbit, day).normal(0, _JITTER_DB)

    def fill(self, where: BoolArray, level_db: tuple[float, float], *, fade: float = 1.0, steady: float = 0.0) -> None:
        """Set the level of some pixels; `fade` is the sign with which the structure's faintness lowers it."""
        for pol, level in zip(self.surfaces, level_db, strict=True):
            shown = level - fade * self.work.faintness_db + self.jitter_db + self.texture_db[pol][where]
            self.surfaces[pol][where] = to_linear(shown)
        self.steady[where] = steady

    def facing(self, mask: BoolArray) -> BoolArray:
        """The pixels of a mask whose neighbour toward the radar lies outside it."""
        return np.asarray(mask & ~shifted(mask, self.view.away))

    def cast(self, mask: BoolArray, height_m: float) -> None:
        """Shadow behind and layover before something tall."""
        slope = float(np.tan(np.radians(self.view.incidence_deg)))
        away = self.view.away
        shadow = swept(mask, away, height_m * slope / self.pixel_m)
        for pol in self.surfaces:
            self.surfaces[pol][shadow] *= to_linear(_SHADOW_DB)
        self.steady[shadow] = 0
        toward = (-away[0], -away[1])
        layover = swept(mask, toward, height_m / slope / self.pixel_m)
        for pol, level in zip(self.surfaces, _LAYOVER, strict=True):
            self.surfaces[pol][layover] += to_linear(level - self.work.faintness_db)


def _paint_pier(brush: _Brush, built: BoolArray) -> None:
    brush.fill(built, _DECK)
    brush.fill(brush.facing(built), _DOUBLE_BOUNCE, steady=0.5)


def _paint_fill(brush: _Brush, built: BoolArray) -> None:
    brush.fill(built, _FILL)
    brush.fill(brush.facing(built), _REVETMENT, steady=0.2)


def _paint_hall(brush: _Brush, standing: BoolArray) -> None:
    if standing.any():
        brush.cast(standing, brush.work.plan.height_m)
        brush.fill(standing, _ROOF)
        brush.fill(brush.facing(standing), _WALL, steady=0.5)


def _paint_building(brush: _Brush, built: BoolArray) -> None:
    schedule, plan = brush.work.schedule, brush.work.plan
    begun = schedule.start_day - schedule.preparation_days
    if schedule.preparation_days and brush.day >= begun:
        # cleared smooth at first; from the middle of the preparation on, trenches and formwork roughen it
        rough = brush.day >= begun + 0.6 * schedule.preparation_days
        brush.fill(plan.mask & ~built, _FOUNDATIONS if rough else _CLEARED, fade=-0.5)
    _paint_hall(brush, built)


def _paint_demolition(brush: _Brush, gone: BoolArray) -> None:
    brush.fill(gone, _RUBBLE, fade=0.0)
    _paint_hall(brush, np.asarray(brush.work.plan.mask & ~gone))


def _paint_road(brush: _Brush, built: BoolArray) -> None:
    brush.fill(built, _ASPHALT, fade=-0.4)


_PAINTERS = {
    "pier": _paint_pier,
    "reclamation": _paint_fill,
    "building": _paint_building,
    "demolition": _paint_demolition,
    "road": _paint_road,
}
