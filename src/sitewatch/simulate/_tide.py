"""The tide: a sum of harmonics, and the waterline it draws over the shore."""

from __future__ import annotations

import dataclasses

import numpy as np

from sitewatch.simulate._fields import BoolArray, FloatArray, generator

# Speeds of the five largest constituents, degrees an hour (Doodson 1921).
_SPEED_DEG_PER_HOUR = {"M2": 28.9841042, "S2": 30.0, "N2": 28.4397295, "K1": 15.0410686, "O1": 13.9430356}
_SHARE_OF_M2 = {"M2": 1.0, "S2": 0.35, "N2": 0.2, "K1": 0.15, "O1": 0.1}


@dataclasses.dataclass(frozen=True)
class Tide:
    """Amplitudes (metres) and phases (degrees) of the constituents, in the order of the table above."""

    amplitudes_m: tuple[float, ...]
    phases_deg: tuple[float, ...]

    @property
    def highest_m(self) -> float:
        """Height above mean sea level that no tide exceeds; the lowest is as far below."""
        return sum(self.amplitudes_m)

    def height_m(self, day: float | FloatArray) -> FloatArray:
        """Height above mean sea level at moments in days since 1970-01-01 UTC."""
        hours = np.asarray(day, dtype=float)[..., None] * 24
        angles = hours * np.array(list(_SPEED_DEG_PER_HOUR.values())) + np.array(self.phases_deg)
        return np.asarray(np.sum(np.array(self.amplitudes_m) * np.cos(np.radians(angles)), axis=-1))


def draw_tide(seed: int, m2_amplitude_m: float) -> Tide:
    """A tide whose largest constituent has the given amplitude; phases are random, the others in usual proportion."""
    rng = generator(seed, "tide")
    return Tide(
        amplitudes_m=tuple(m2_amplitude_m * share for share in _SHARE_OF_M2.values()),
        phases_deg=tuple(float(phase) for phase in rng.uniform(0, 360, len(_SHARE_OF_M2))),
    )


def under_water(bed_m: FloatArray, level_m: float) -> BoolArray:
    """Pixels whose bed or ground (metres above mean sea level) lies below the water level."""
    return np.asarray(bed_m < level_m)
