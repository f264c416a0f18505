"""Null laws of the omnibus statistics: how large -ln Q and -ln R_j get when nothing changed.

The moments of Q and R_j under the null are known in closed form (products of gamma functions), hence so is the
cumulant generating function of L = -ln Q, for p channels of n looks and k images

    K(s) = ln E[exp(s L)] = p { sum_i w_i [ln Gamma(a_i (1 - s)) - ln Gamma(a_i)] - s A },   s < 1

with (a, w) = (n, k), (kn, -1) and A = kn ln k for Q, and (n, 1), ((j-1)n, 1), (jn, -1) and
A = n [j ln j - (j-1) ln(j-1)] for R_j. `survival` inverts it along a parabola through the saddle point of the
integrand, which gives P(L > x) to about 1e-10 relative, far into the tail, for any n, k and p. The kernels read
P from tables of ln P over sqrt(L), cubic Hermite with exact slopes.

`box_laws` tabulates the approximation of Conradsen, Nielsen and Skriver (2016) in the same form. It is good from a few
looks on and wrong at one; see docs/statistics-omnibus.md for both.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
from numba import prange
from numpy.typing import NDArray
from scipy import special

from sitewatch.change._gamma import digamma, log_gamma, trigamma_scalar
from sitewatch.change._numba import kernel, parallel_kernel
from sitewatch.errors import ChangeError

# Intervals of a table, and the ln P at its end; beyond it ln P goes on as its asymptote does.
_INTERVALS = 160
_LOWEST_LN_P = -90.0


@dataclasses.dataclass(frozen=True)
class NullLaws:
    """Tables of ln P(L > x) for Q and R_j, an entry a number of looks and of images.

    Attributes
    ----------
    looks
        [law], the looks the tables are for.
    channels
        Number of independent channels p.
    step
        [law, 2, images + 1], spacing of the tables in sqrt(L); index 0 of the second axis is Q of so many images,
        index 1 is R_j. Entries 0 and 1 of the last axis are unused (one image has nothing to be compared with).
    table
        [law, 2, images + 1, node, 2], ln P and its change over one interval at the slope of the node.
    """

    looks: NDArray[np.float64]
    channels: int
    step: NDArray[np.float64]
    table: NDArray[np.float64]

    @property
    def images(self) -> int:
        """Largest number of images the tables serve."""
        return self.step.shape[2] - 1


@kernel
def _terms(statistic: int, looks: float, images: int) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """A, a and w of the cumulant generating function, see the module's docstring."""
    n, k = looks, float(images)
    a = np.empty(3)
    w = np.empty(3)
    a[0], a[2], w[2] = n, k * n, -1.0
    if statistic == 0:
        a[1], w[0], w[1] = n, k - 1.0, 1.0
        return k * n * math.log(k), a, w
    a[1], w[0], w[1] = (k - 1.0) * n, 1.0, 1.0
    return n * (k * math.log(k) - (k - 1.0) * math.log(k - 1.0)), a, w


@kernel
def _cumulants(c: float, shift: float, a: NDArray[np.float64], w: NDArray[np.float64]) -> tuple[float, float]:
    """K'(c) and K''(c) for one channel."""
    first, second = -shift, 0.0
    for i in range(3):
        first -= w[i] * a[i] * digamma(a[i] * (1.0 - c))
        second += w[i] * a[i] * a[i] * trigamma_scalar(a[i] * (1.0 - c))
    return first, second


@kernel
def survival(statistic: int, looks: float, images: int, channels: int, x: float) -> tuple[float, float]:
    """ln P(L > x) and the density of L at x, for x > 0; `statistic` 0 is Q, 1 is R_j with j = images."""
    shift, a, w = _terms(statistic, looks, images)
    p = float(channels)
    mean = p * _cumulants(0.0, shift, a, w)[0]
    # Right of the mean the contour crosses (0, 1) and gives P; left of it it crosses the negative axis and gives 1 - P.
    upper = x >= mean
    low, high = (-30.0, 30.0) if upper else (-30.0, 40.0)
    c = 0.5
    # The saddle point need not be met exactly: any crossing gives the same integral.
    for _ in range(14):
        middle = 0.5 * (low + high)
        c = 1.0 / (1.0 + math.exp(-middle)) if upper else -math.exp(-middle)
        if p * _cumulants(c, shift, a, w)[0] - x - 1.0 / c < 0.0:
            low = middle
        else:
            high = middle
    scale = 1.0 / math.sqrt(p * _cumulants(c, shift, a, w)[1] + 1.0 / (c * c))
    bend = 1.0 / (3.0 * (1.0 - c))
    at_zero, start = 0.0, 0.0
    for i in range(3):
        at_zero += w[i] * math.lgamma(a[i])
        start += w[i] * math.lgamma(a[i] * (1.0 - c))
    peak = p * (start - at_zero - c * shift) - c * x
    spacing = 0.25
    tail, density = 0.0, 0.0
    for node in range(4000):
        y = node * spacing * scale
        s = complex(c + bend * y * y, y)
        exponent = complex(-at_zero, 0.0)
        for i in range(3):
            exponent += w[i] * log_gamma(a[i] * (1.0 - s))
        value = np.exp(p * (exponent - s * shift) - s * x - peak) * complex(1.0, -2.0 * bend * y)
        weight = 0.5 if node == 0 else 1.0
        tail += weight * (value / s).real
        density += weight * value.real
        if abs(value) < 1e-17 * abs(density) and abs(value / s) < 1e-17 * abs(tail):
            break
    factor = spacing * scale / math.pi
    density *= factor * math.exp(peak)
    if upper:
        return peak + math.log(factor * tail), density
    return math.log1p(factor * tail * math.exp(peak)), density


@parallel_kernel
def _tabulate(looks: NDArray[np.float64], channels: int, step: NDArray[np.float64], table: NDArray[np.float64]) -> None:
    n_law, _, n_image = step.shape
    intervals = table.shape[3] - 1
    per_law = 2 * (n_image - 2)
    for task in prange(n_law * per_law):
        law, rest = task // per_law, task % per_law
        statistic, images = rest % 2, 2 + rest // 2
        n = looks[law]
        shift, a, w = _terms(statistic, n, images)
        low = channels * _cumulants(0.0, shift, a, w)[0]
        high = low - _LOWEST_LN_P + 10.0
        while survival(statistic, n, images, channels, high)[0] > _LOWEST_LN_P:
            low, high = high, 1.5 * high
        for _ in range(12):
            middle = 0.5 * (low + high)
            if survival(statistic, n, images, channels, middle)[0] > _LOWEST_LN_P:
                low = middle
            else:
                high = middle
        du = math.sqrt(high) / intervals
        step[law, statistic, images] = du
        for node in range(intervals + 1):
            u = node * du if node > 0 else 0.02 * du
            ln_p, density = survival(statistic, n, images, channels, u * u)
            if node == 0:
                ln_p = 0.0
            slope = -2.0 * u * density * math.exp(-ln_p) * du
            if node == 0 and channels * (images - 1 if statistic == 0 else 1) > 1:
                # P = 1 - C u^f near 0, level there unless there is one degree of freedom.
                slope = 0.0
            table[law, statistic, images, node, 0] = ln_p
            table[law, statistic, images, node, 1] = slope


@kernel
def ln_p_value(deviance: float, step: float, table: NDArray[np.float64]) -> float:
    """ln P(L > deviance) from one table [node, 2]."""
    if not deviance > 0.0:
        return 0.0
    position = math.sqrt(deviance) / step
    last = table.shape[0] - 1
    if position >= last:
        # The generating function's pole at s = 1 makes the tail exp(-L) L^m; the slope at the table's end,
        # d lnP / dL = (d lnP / du) / (2u) = m / L - 1, gives m.
        end = last * step
        power = end * end + 0.5 * end * table[last, 1] / step
        return table[last, 0] - (deviance - end * end) + power * math.log(deviance / (end * end))
    i = int(position)
    t = position - i
    v0, d0, v1, d1 = table[i, 0], table[i, 1], table[i + 1, 0], table[i + 1, 1]
    c2 = 3.0 * (v1 - v0) - 2.0 * d0 - d1
    c3 = 2.0 * (v0 - v1) + d0 + d1
    return v0 + t * (d0 + t * (c2 + t * c3))


def _check(looks: Sequence[float], images: int, channels: int) -> None:
    if images < 1 or channels < 1:
        raise ChangeError(f"An omnibus law was asked for {images} images and {channels} channels")
    bad = [n for n in looks if not (math.isfinite(n) and n > 0)]
    if bad or not len(looks):
        raise ChangeError(
            f"The number of looks must be positive and finite, not {bad[:3]}",
            hint="Give the equivalent number of looks, or let it be estimated from the images.",
        )


def _frozen(laws: NullLaws) -> NullLaws:
    """The same with read-only arrays: tables are shared, and the kernels are compiled for read-only ones."""
    laws.looks.flags.writeable = laws.step.flags.writeable = laws.table.flags.writeable = False
    return laws


@functools.lru_cache(maxsize=32)
def _exact_laws(looks: tuple[float, ...], images: int, channels: int) -> NullLaws:
    step = np.ones((len(looks), 2, images + 1))
    table = np.zeros((len(looks), 2, images + 1, _INTERVALS + 1, 2))
    values = np.asarray(looks, dtype=np.float64)
    if images > 1:
        _tabulate(values, channels, step, table)
    return _frozen(NullLaws(values, channels, step, table))


def exact_laws(looks: Sequence[float], images: int, channels: int) -> NullLaws:
    """Exact null laws by inversion of the moment function; right for any number of looks.

    Parameters
    ----------
    looks
        Equivalent numbers of looks to make tables for; positive, need not be whole.
    images
        Largest number of images.
    channels
        Number of independent channels (polarisations).

    Raises
    ------
    ChangeError
        If a number of looks, images or channels can't be.
    """
    _check(looks, images, channels)
    return _exact_laws(tuple(float(n) for n in looks), images, channels)


def box_p_value(deviance: NDArray[np.float64], freedom: float, rho: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """P(L > deviance) by the corrected chi-square approximation, clipped to [0, 1].

    Conradsen, Nielsen and Skriver (2016), equations 13 and 14 in the case of independent channels, where omega2
    is -(f/4) (1 - 1/rho)^2 both for Q and for R_j.
    """
    z = 2.0 * rho * deviance
    omega2 = -freedom / 4.0 * (1.0 - 1.0 / rho) ** 2
    p = special.chdtrc(freedom, z)
    return np.clip(p + omega2 * (special.chdtrc(freedom + 4.0, z) - p), 0.0, 1.0)


def box_rho_q(looks: float, images: int) -> float:
    """Correction rho of ln Q; independent channels."""
    return 1.0 - (images + 1.0) / (6.0 * looks * images)


def box_rho_r(looks: float, images: int) -> float:
    """Correction rho of ln R_j with j = images; independent channels."""
    return 1.0 - (1.0 + 1.0 / (images * (images - 1.0))) / (6.0 * looks)


def box_laws(looks: Sequence[float], images: int, channels: int) -> NullLaws:
    """Null laws by the corrected chi-square approximation of the paper; for comparison with `exact_laws`.

    Parameters and errors as `exact_laws`; also raises ChangeError for looks so few (1/4 and below) that rho isn't
    positive.
    """
    _check(looks, images, channels)
    step = np.ones((len(looks), 2, images + 1))
    table = np.zeros((len(looks), 2, images + 1, _INTERVALS + 1, 2))
    for law, n in enumerate(looks):
        if box_rho_r(n, 2) <= 0.05:
            raise ChangeError(f"The chi-square approximation does not exist for {n} looks", hint="Use the exact laws.")
        for k in range(2, images + 1):
            for statistic, f, rho in (
                (0, (k - 1.0) * channels, box_rho_q(n, k)),
                (1, float(channels), box_rho_r(n, k)),
            ):
                end = special.chdtri(f, math.exp(_LOWEST_LN_P)) / (2.0 * rho)
                du = math.sqrt(end) / _INTERVALS
                # Slopes by central differences on a grid fine enough that they don't limit the interpolation.
                fine = np.arange(-1, 16 * _INTERVALS + 2) / 16.0 * du
                ln_p = np.log(np.maximum(box_p_value(np.abs(fine) * fine, f, rho), 1e-300))
                table[law, statistic, k, :, 0] = ln_p[1:-1:16]
                table[law, statistic, k, :, 1] = 8.0 * (ln_p[2::16] - ln_p[:-2:16])
                table[law, statistic, k, 0, 1] = 16.0 * (ln_p[2] - ln_p[1]) if f == 1 else 0.0
                step[law, statistic, k] = du
    return _frozen(NullLaws(np.asarray(looks, dtype=np.float64), channels, step, table))
