"""Where ground points lie in a Sentinel-1 image: zero Doppler time and slant range from the orbit, then line and pixel.

Follows "Guide to Sentinel-1 Geocoding" (UZH-S1-GC-AD 1.10, 2019): a point is imaged when the satellite's velocity is at
right angles to the line of sight.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
from numpy.polynomial import chebyshev
from odc.geo.geobox import GeoBox

from sitewatch.geodesy import lonlat_at
from sitewatch.scenes._flatten import Points
from sitewatch.scenes.sentinel1._annotation import Annotation, Floats, Ground, Orbit, RangeConversion

SPEED_OF_LIGHT = 299_792_458.0
_A, _E2 = 6_378_137.0, 6.694379990141317e-3
_DEGREE = 8
_TAYLOR = 5
# A step of time below this moves the satellite by less than a millimetre.
_SETTLED_S = 1e-7
_STEPS = 8


@dataclasses.dataclass(frozen=True, eq=False)
class _Path:
    """Orbit as Chebyshev polynomials of time: position, and its derivatives."""

    centre_s: float
    half_s: float
    derivatives: tuple[Floats, ...]

    def taylor(self, time_s: float) -> Floats:
        """Coefficients (degree + 1, 3) of position in seconds from a time: exact to a millimetre for 20 s around it."""
        scaled = (time_s - self.centre_s) / self.half_s
        terms = [chebyshev.chebval(scaled, d) / math.factorial(k) for k, d in enumerate(self.derivatives)]
        return np.array(terms)


@functools.lru_cache(maxsize=48)
def _path(orbit: Orbit) -> _Path:
    low, high = float(orbit.time_s.min()), float(orbit.time_s.max())
    centre, half = (low + high) / 2, (high - low) / 2
    degree = min(_DEGREE, len(orbit.time_s) - 1)
    fitted = chebyshev.chebfit((orbit.time_s - centre) / half, orbit.position_m, degree)
    derivatives = [np.asarray(fitted, np.float64)]
    for _ in range(min(_TAYLOR, degree)):
        derivatives.append(np.asarray(chebyshev.chebder(derivatives[-1]) / half, np.float64))
    return _Path(centre, half, tuple(derivatives))


def see(orbit: Orbit, position_m: Floats) -> Points:
    """Find when and how far off the satellite sees ground points (3, ...), by Newton's method on the Doppler equation.

    Points that the orbit's state vectors do not reach get NaN.
    """
    path = _path(orbit)
    shape = position_m.shape[1:]
    flat = position_m.reshape(3, -1)
    middle = np.nanmean(flat, axis=1, keepdims=True) if np.isfinite(flat).any() else np.zeros((3, 1))
    centre = _middle_time(path, middle)
    local = path.taylor(centre)
    time = _solved(local, flat)
    line_of_sight = _polynomial(local, time) - flat
    time += centre
    distance = np.sqrt(np.einsum("ij,ij->j", line_of_sight, line_of_sight))
    time[np.abs(time - path.centre_s) > path.half_s] = np.nan
    return Points(
        position_m, time.reshape(shape), distance.reshape(shape), (line_of_sight / distance).reshape(3, *shape)
    )


def _middle_time(path: _Path, point: Floats) -> float:
    """Time at which one point is seen, wherever on the orbit."""
    time = path.centre_s
    for _ in range(_STEPS):
        step = float(_solved(path.taylor(time), point)[0])
        # A point far off can't be followed beyond the state vectors, where the polynomial runs wild.
        moved = float(np.clip(time + step, path.centre_s - path.half_s, path.centre_s + path.half_s))
        if abs(moved - time) < _SETTLED_S:
            return moved
        time = moved
    return time


def _solved(local: Floats, flat: Floats) -> Floats:
    """Seconds from the local polynomial's origin at which points (3, n) are seen."""
    speed = np.arange(1, len(local))[:, None] * local[1:]
    push = np.arange(1, len(speed))[:, None] * speed[1:]
    time = np.zeros(flat.shape[1])
    for _ in range(_STEPS):
        off = flat - _polynomial(local, time)
        moving = _polynomial(speed, time)
        slope = np.einsum("ij,ij->j", off, _polynomial(push, time)) - np.einsum("ij,ij->j", moving, moving)
        step = np.einsum("ij,ij->j", off, moving) / slope
        time -= step
        if np.nanmax(np.abs(step), initial=0.0) < _SETTLED_S:
            break
    return time


def _polynomial(coefficients: Floats, time: Floats) -> Floats:
    """Vectors (3, n) by Horner's rule."""
    value = np.repeat(coefficients[-1][:, None], len(time), axis=1)
    for term in coefficients[-2::-1]:
        value *= time
        value += term[:, None]
    return value


def ecef(geobox: GeoBox, height_m: Floats) -> Floats:
    """ECEF coordinates (3, rows, columns) of a grid's pixel centres at heights above the WGS84 ellipsoid."""
    rows, cols = geobox.shape
    col, row = np.meshgrid(np.arange(cols) + 0.5, np.arange(rows) + 0.5)
    return geodetic_to_ecef(*lonlat_at(geobox, row, col), height_m)


def geodetic_to_ecef(longitude: Floats, latitude: Floats, height_m: Floats) -> Floats:
    """ECEF coordinates (3, ...) of points on WGS84, degrees and metres."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    normal = _A / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    return np.stack(
        [
            (normal + height_m) * np.cos(lat) * np.cos(lon),
            (normal + height_m) * np.cos(lat) * np.sin(lon),
            (normal * (1 - _E2) + height_m) * np.sin(lat),
        ]
    )


def line_of(annotation: Annotation, points: Points) -> Floats:
    """Line of an image whose lines follow each other evenly (not of bursts); a whole number is a line's centre."""
    return points.time_s / annotation.line_interval_s


def ground_pixel(annotation: Annotation, points: Points) -> Floats:
    """Pixel of an image in ground range; a whole number is a pixel's centre."""
    assert annotation.conversion is not None
    return ground_range(annotation.conversion, points.time_s, points.range_m) / annotation.range_spacing_m


def ground_range(conversion: RangeConversion, time_s: Floats, range_m: Floats) -> Floats:
    """Ground range in metres: the polynomials of the two times around each point, weighted by how near these are."""
    at = np.interp(time_s, conversion.time_s, np.arange(len(conversion.time_s)))
    if not np.isfinite(at).any():
        return np.full_like(range_m, np.nan)
    out = np.zeros_like(range_m)
    for index in range(int(np.floor(np.nanmin(at))), int(np.ceil(np.nanmax(at))) + 1):
        weight = np.clip(1 - np.abs(at - index), 0, None)
        value = np.polynomial.polynomial.polyval(range_m - conversion.sr0_m[index], conversion.coefficients[index])
        out += np.where(weight > 0, weight * value, 0)
    out[~np.isfinite(at)] = np.nan
    return out


def over_image(ground: Ground, values: Floats, line: Floats, pixel: Floats) -> Floats:
    """A quantity of the geolocation grid at lines and pixels, bilinear, carried on beyond its edges."""
    # Few runs need it, and it takes a while to import.
    from scipy.interpolate import RegularGridInterpolator

    table = RegularGridInterpolator(
        (ground.line[:, 0], ground.pixel[0]), values, method="linear", bounds_error=False, fill_value=None
    )
    return np.asarray(table(np.stack([line.ravel(), pixel.ravel()], axis=1)).reshape(line.shape))
