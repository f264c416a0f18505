"""Special functions of gamma-distributed speckle, for use inside kernels and out.

The variance of the logarithm of a unit-mean gamma variable with n looks is the trigamma function psi1(n).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sitewatch.change._numba import kernel

# Stirling's series is used from this modulus on; its first neglected term is then below 1e-16.
_STIRLING_FROM = 10.0
_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


@kernel
def log_gamma(z: complex) -> complex:
    """Logarithm of the gamma function off the negative real axis, up to a multiple of 2 pi i."""
    shift = 1.0 + 0.0j
    log_shift = 0.0 + 0.0j
    while abs(z) < _STIRLING_FROM or (z.real < 0.0 and abs(z.imag) < _STIRLING_FROM):
        shift *= z
        z += 1.0
        if abs(shift) > 1e200:
            log_shift += np.log(shift)
            shift = 1.0 + 0.0j
    r = 1.0 / (z * z)
    series = 1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188 - r * (691.0 / 360360)))))
    return (z - 0.5) * np.log(z) - z + _HALF_LOG_TWO_PI + series / z - log_shift - np.log(shift)


@kernel
def digamma(x: float) -> float:
    """Derivative of the log gamma function for x > 0."""
    below = 0.0
    while x < _STIRLING_FROM:
        below += 1.0 / x
        x += 1.0
    r = 1.0 / (x * x)
    series = r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132)))))
    return math.log(x) - 0.5 / x - series - below


@kernel
def trigamma_scalar(x: float) -> float:
    """Second derivative of the log gamma function for x > 0."""
    below = 0.0
    while x < _STIRLING_FROM:
        below += 1.0 / (x * x)
        x += 1.0
    r = 1.0 / (x * x)
    series = r * (1.0 / 6 - r * (1.0 / 30 - r * (1.0 / 42 - r * (1.0 / 30 - r * (5.0 / 66)))))
    return (1.0 + series) / x + 0.5 * r + below


def trigamma(looks: ArrayLike) -> NDArray[np.float64]:
    """Variance of the natural logarithm of speckle with that many looks."""
    return np.asarray(special.polygamma(1, np.asarray(looks, dtype=float)), dtype=np.float64)


def inverse_trigamma(variance: ArrayLike) -> NDArray[np.float64]:
    """Looks whose speckle has that variance of the natural logarithm.

    Newton's method on 1/psi1, which is convex and nearly linear, so that it converges from one side (Smyth 2004,
    "Linear models and empirical Bayes methods", appendix). A variance of 0 gives infinitely many looks, a negative
    one or NaN gives NaN.
    """
    v = np.asarray(variance, dtype=np.float64)
    usable = (v > 0) & np.isfinite(v)
    target = np.where(usable, v, 1.0)
    looks = 0.5 + 1.0 / target
    for _ in range(60):
        tri = special.polygamma(1, looks)
        step = tri * (1.0 - tri / target) / special.polygamma(2, looks)
        looks = looks + step
        if np.all(np.abs(step) <= 1e-13 * looks):
            break
    return np.where(usable, looks, np.where(v == 0, np.inf, np.where(np.isposinf(v), 0.0, np.nan)))
