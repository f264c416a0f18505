"""Rational polynomials (RPC): which pixel of a radar image shows a point of known longitude, latitude and height.

The model of NITF's RPC00B and of GeoTIFF's RPC tag: row and column are each a ratio of two cubic polynomials in
normalised longitude, latitude and height. Heights are above the WGS84 ellipsoid, as that standard has it. (ICEYE's
documentation says "above geoid"; its products don't: the orbit and slant range of one, and its RPC, agree to a tenth of
a pixel when its heights are taken as ellipsoidal, which `tests/scenes/test_scenes_iceye.py` checks.)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import rasterio.rpc

_TERMS = 20
_NUMBERS = (
    *("line_off", "samp_off", "lat_off", "long_off", "height_off"),
    *("line_scale", "samp_scale", "lat_scale", "long_scale", "height_scale"),
)
_POLYNOMIALS = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")

Locate = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(longitude, latitude, ellipsoid height) to (row, column)."""


@dataclasses.dataclass(frozen=True)
class Rpc:
    """Rational polynomials of one image; row and column 0 are the centre of its first pixel."""

    line_off: float
    samp_off: float
    lat_off: float
    long_off: float
    height_off: float
    line_scale: float
    samp_scale: float
    lat_scale: float
    long_scale: float
    height_scale: float
    line_num_coeff: tuple[float, ...]
    line_den_coeff: tuple[float, ...]
    samp_num_coeff: tuple[float, ...]
    samp_den_coeff: tuple[float, ...]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Rpc:
        """From a mapping with the standard's names in any case, ``COEF`` or ``COEFF``.

        Raises
        ------
        ValueError
            A field is missing or no number, or a polynomial has not 20 coefficients.
        """
        # Both spellings occur: COEF in NITF, COEFF in GeoTIFF.
        lower = {str(name).lower().replace("coeff", "coef"): value for name, value in fields.items()}
        numbers: dict[str, Any] = {}
        for name in (*_NUMBERS, *_POLYNOMIALS):
            value = lower.get(name.replace("coeff", "coef"))
            if value is None:
                raise ValueError(f"{name.upper()} is missing")
            numbers[name] = _coefficients(value, name) if name in _POLYNOMIALS else float(value)
            if name.endswith("scale") and not numbers[name]:
                raise ValueError(f"{name.upper()} is 0")
        return cls(**numbers)

    def image(self, lon: np.ndarray, lat: np.ndarray, height: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Row and column that show a point, pixels; broadcasts."""
        terms = _terms(
            (np.asarray(lon, float) - self.long_off) / self.long_scale,
            (np.asarray(lat, float) - self.lat_off) / self.lat_scale,
            (np.asarray(height, float) - self.height_off) / self.height_scale,
        )
        line = (terms @ np.array(self.line_num_coeff)) / (terms @ np.array(self.line_den_coeff))
        sample = (terms @ np.array(self.samp_num_coeff)) / (terms @ np.array(self.samp_den_coeff))
        return line * self.line_scale + self.line_off, sample * self.samp_scale + self.samp_off

    def ground(self, row: np.ndarray, col: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude of pixels at one height, by Newton's method; NaN where it does not settle."""
        rows, cols = np.broadcast_arrays(np.asarray(row, float), np.asarray(col, float))
        lon, lat = np.full(rows.shape, self.long_off), np.full(rows.shape, self.lat_off)
        step_lon, step_lat = 1e-4 * self.long_scale, 1e-4 * self.lat_scale
        error = np.full(rows.shape, math.inf)
        with np.errstate(all="ignore"):
            for _ in range(30):
                here = self.image(lon, lat, height)
                east, north = self.image(lon + step_lon, lat, height), self.image(lon, lat + step_lat, height)
                off_row, off_col = here[0] - rows, here[1] - cols
                a, b = (east[0] - here[0]) / step_lon, (north[0] - here[0]) / step_lat
                c, d = (east[1] - here[1]) / step_lon, (north[1] - here[1]) / step_lat
                determinant = a * d - b * c
                lon = lon - (d * off_row - b * off_col) / determinant
                lat = lat - (a * off_col - c * off_row) / determinant
                error = np.hypot(off_row, off_col)
                if np.nanmax(error) < 1e-4:
                    break
        lost = ~(error < 0.1)
        return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)

    def cropped(self, row: float, col: float) -> Rpc:
        """The same for the part of the image that begins at (row, col)."""
        return dataclasses.replace(self, line_off=self.line_off - row, samp_off=self.samp_off - col)

    def as_gdal(self) -> rasterio.rpc.RPC:
        """As rasterio hands it to GDAL, which takes whole rows and columns for pixel centres too."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        polynomials = {name: list(getattr(self, name)) for name in _POLYNOMIALS}
        return rasterio.rpc.RPC(**numbers, **polynomials, err_bias=None, err_rand=None)


def fit_rpc(
    locate: Locate, lon: tuple[float, float], lat: tuple[float, float], height: tuple[float, float]
) -> tuple[Rpc, float]:
    """Rational polynomials that stand for a rigorous model within a box, and their largest error in pixels.

    Least squares on the linearised ratio, twice reweighted by the denominator; the error is taken at other points.
    """
    boxes = [np.linspace(low, high, n) for (low, high), n in zip((lon, lat, height), (9, 9, 5), strict=True)]
    points = [axis.ravel() for axis in np.meshgrid(*boxes, indexing="ij")]
    rows, cols = locate(*points)
    offsets = [(high + low) / 2 for low, high in (lon, lat, height)]
    scales = [max((high - low) / 2, 1e-9) for low, high in (lon, lat, height)]
    terms = _terms(*((axis - off) / scale for axis, off, scale in zip(points, offsets, scales, strict=True)))
    polynomials = []
    for values in (rows, cols):
        off, scale = (values.max() + values.min()) / 2, max(float(np.ptp(values)) / 2, 1e-9)
        polynomials.append((off, scale, *_ratio(terms, (values - off) / scale)))
    (line_off, line_scale, line_num, line_den), (samp_off, samp_scale, samp_num, samp_den) = polynomials
    rpc = Rpc(
        line_off=float(line_off),
        samp_off=float(samp_off),
        long_off=offsets[0],
        lat_off=offsets[1],
        height_off=offsets[2],
        line_scale=float(line_scale),
        samp_scale=float(samp_scale),
        long_scale=scales[0],
        lat_scale=scales[1],
        height_scale=scales[2],
        line_num_coeff=line_num,
        line_den_coeff=line_den,
        samp_num_coeff=samp_num,
        samp_den_coeff=samp_den,
    )
    between = [(axis[1:] + axis[:-1]) / 2 for axis in boxes]
    others = [axis.ravel() for axis in np.meshgrid(*between, indexing="ij")]
    (row, col), (row_rpc, col_rpc) = locate(*others), rpc.image(*others)
    return rpc, float(np.hypot(row - row_rpc, col - col_rpc).max())


def _ratio(terms: np.ndarray, values: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    weights = np.ones(len(values))
    numerator, denominator = np.zeros(_TERMS), np.eye(_TERMS)[0]
    # The high terms of numerator and denominator can stand in for each other: a little ridge decides.
    ridge = 1e-8 * np.eye(2 * _TERMS - 1)
    for _ in range(3):
        design = np.hstack([terms, -values[:, None] * terms[:, 1:]]) * weights[:, None]
        solved, *_ = np.linalg.lstsq(
            np.vstack([design, ridge]), np.concatenate([values * weights, np.zeros(len(ridge))]), rcond=None
        )
        numerator, denominator = solved[:_TERMS], np.concatenate([[1.0], solved[_TERMS:]])
        weights = 1 / np.abs(terms @ denominator)
    return tuple(map(float, numerator)), tuple(map(float, denominator))


def _terms(lon: np.ndarray, lat: np.ndarray, height: np.ndarray) -> np.ndarray:
    """The 20 terms in RPC00B's order, along the last axis."""
    x, y, z = np.broadcast_arrays(lon, lat, height)
    one = np.ones_like(x)
    return np.stack(
        [
            *(one, x, y, z, x * y, x * z, y * z, x * x, y * y, z * z),
            *(x * y * z, x**3, x * y * y, x * z * z, x * x * y, y**3, y * z * z, x * x * z, y * y * z, z**3),
        ],
        axis=-1,
    )


def _coefficients(value: Any, name: str) -> tuple[float, ...]:
    items: Sequence[Any] = value.split() if isinstance(value, str) else value
    numbers = tuple(float(item) for item in items)
    if len(numbers) != _TERMS:
        raise ValueError(f"{name.upper()} has {len(numbers)} coefficients, not {_TERMS}")
    return numbers
