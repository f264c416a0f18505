"""A satellite on a circular orbit over a turning Earth, in closed form, and when it sees what.

Points are placed by minimising their distance to the orbit, not by the code under test.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pyproj
from scipy import optimize

C = 299_792_458.0
RADIUS_M, INCLINATION, MU, SPIN = 7_071_000.0, np.radians(98.18), 3.986004418e14, 7.2921159e-5
RATE = np.sqrt(MU / RADIUS_M**3)
TO_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
TO_LONLAT = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)


@dataclasses.dataclass(frozen=True)
class Orbit:
    """A circular orbit in closed form: argument of latitude and node (radians) at time 0."""

    latitude_argument: float
    node: float

    def at(self, t: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Earth-fixed position and velocity, (..., 3)."""
        t = np.asarray(t, float)
        u, node = self.latitude_argument + RATE * t, self.node - SPIN * t
        ci, si = np.cos(INCLINATION), np.sin(INCLINATION)

        def place(along: np.ndarray, across: np.ndarray) -> np.ndarray:
            x = np.cos(node) * along - np.sin(node) * across * ci
            y = np.sin(node) * along + np.cos(node) * across * ci
            return RADIUS_M * np.stack([x, y, across * si], -1)

        position = place(np.cos(u), np.sin(u))
        turning = -SPIN * np.stack([-position[..., 1], position[..., 0], 0 * t], -1)
        return position, RATE * place(-np.sin(u), np.cos(u)) + turning

    def sees(self, lon: float, lat: float, height: float) -> tuple[float, float]:
        """Time and slant range at which a point is nearest, by minimising the distance."""
        target = np.array(TO_ECEF.transform(lon, lat, height))
        found = optimize.minimize_scalar(
            lambda t: float(((self.at(t)[0] - target) ** 2).sum()) / 1e9,
            bounds=(-60, 60),
            method="bounded",
            options={"xatol": 1e-9},
        )
        # The distance is flat at its smallest: the Doppler condition pins the time down.
        t = optimize.brentq(
            lambda t: float((self.at(t)[0] - target) @ self.at(t)[1]), found.x - 0.5, found.x + 0.5, xtol=1e-12
        )
        return t, float(np.linalg.norm(self.at(t)[0] - target))

    def locate(self, t: float, slant: float, height: float) -> tuple[float, float]:
        """Longitude and latitude of the point to the right at a time, slant range and height."""
        position, velocity = self.at(t)
        right = np.cross(velocity, position)
        right /= np.linalg.norm(right)

        def off(p: np.ndarray) -> list[float]:
            return [
                (float(np.linalg.norm(p - position)) - slant),
                float((p - position) @ velocity) / 7500,
                TO_LONLAT.transform(*p)[2] - height,
            ]

        down = -position / np.linalg.norm(position)
        guess = position + slant * (np.cos(np.radians(34)) * down + np.sin(np.radians(34)) * right)
        lon, lat, _ = TO_LONLAT.transform(*optimize.fsolve(off, guess, xtol=1e-11))
        return float(lon), float(lat)


def orbit_over(lon: float, lat: float, slant: float = 880_000.0, ascending: bool = True) -> Orbit:
    """An orbit that sees a place to its right, at a slant range, at time 0."""
    u = np.arcsin(np.sin(np.radians(lat)) / np.sin(INCLINATION))
    u = u if ascending else np.pi - u

    def seen(node: float) -> float:
        return Orbit(u, node).sees(lon, lat, 0.0)[1] - slant

    nadir = np.radians(lon) - np.arctan2(np.cos(INCLINATION) * np.sin(u), np.cos(u))
    away = np.radians(9.0 if not ascending else -9.0) / np.cos(np.radians(lat))
    node = optimize.brentq(seen, nadir + away * 0.3, nadir + away, xtol=1e-7)
    start = Orbit(u, node).sees(lon, lat, 0.0)[0]
    return Orbit(u + RATE * start, node - SPIN * start)
