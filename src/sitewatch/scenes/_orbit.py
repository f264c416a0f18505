"""Where a radar image in zero-Doppler geometry shows a point, from the satellite's orbit: range and time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyproj

_DEGREE = 7


@dataclasses.dataclass(frozen=True)
class Orbit:
    """A stretch of orbit as a polynomial in time.

    Attributes
    ----------
    middle_s
        Time that the polynomials count from.
    position
        Three polynomials: metres, Earth-fixed.
    """

    middle_s: float
    position: tuple[np.polynomial.Polynomial, ...]

    @classmethod
    def fit(cls, times_s: np.ndarray, positions_m: np.ndarray) -> Orbit:
        """Fit state vectors; `positions_m` (time, 3), Earth-fixed."""
        middle = float(np.mean(times_s))
        degree = min(_DEGREE, len(times_s) - 1)
        fits = [np.polynomial.Polynomial.fit(times_s - middle, positions_m[:, axis], degree) for axis in range(3)]
        return cls(middle, tuple(fits))

    def range_time(self, lon: np.ndarray, lat: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slant range in metres and time of closest approach (zero Doppler) of points; heights above the ellipsoid."""
        to_ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
        place = np.stack([np.asarray(axis, float) for axis in to_ecef.transform(lon, lat, height)], axis=-1)
        time = np.zeros(place.shape[:-1])
        velocity = [fit.deriv() for fit in self.position]
        away = place
        for _ in range(12):
            away = place - np.stack([fit(time) for fit in self.position], axis=-1)
            speed = np.stack([fit(time) for fit in velocity], axis=-1)
            step = (away * speed).sum(-1) / (speed * speed).sum(-1)
            time = time + step
            if np.abs(step).max() < 1e-9:
                break
        away = place - np.stack([fit(time) for fit in self.position], axis=-1)
        return np.linalg.norm(away, axis=-1), time + self.middle_s

    def ascending(self, time_s: float) -> bool:
        """Whether the satellite moves north."""
        return bool(self.position[2].deriv()(time_s - self.middle_s) > 0)

    def look_azimuth(self, time_s: float, lon: float, lat: float) -> float:
        """Direction from the satellite's ground point to a place, degrees clockwise from north at the place."""
        x, y, z = (float(fit(time_s - self.middle_s)) for fit in self.position)
        to_lonlat = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
        below_lon, below_lat, _ = to_lonlat.transform(x, y, z)
        back, _, _ = pyproj.Geod(ellps="WGS84").inv(lon, lat, below_lon, below_lat)
        return float((back + 180) % 360)
