"""Did a pixel change, and when: the sequential omnibus test of Conradsen, Nielsen and Skriver (2016).

I_1 ... I_k are a pixel's multilook powers in p independent channels, I ~ Gamma(n looks, mean mu), S_j = I_1 + ... + I_j.
Q tests that nothing changed over all k images, R_j that image j is as the j - 1 before it, given that those are alike:

    ln Q   = n { p k ln k + sum_c [ sum_i ln I_ic - k ln S_kc ] }
    ln R_j = n { p [ j ln j - (j-1) ln(j-1) ] + sum_c [ (j-1) ln S_{j-1,c} + ln I_jc - j ln S_jc ] }

Q is the product of the R_j, and these are independent when nothing changed. The search starts at the first image. If Q
rejects, the first j whose R_j rejects is a change, and the search starts again at that image; where Q doesn't reject, or no
R_j does, it ends. So R_j is gated by Q, and a stable pixel is called changed with probability alpha at most, whatever the
number of images.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from sitewatch.change._numba import kernel, parallel_kernel
from sitewatch.change._omnibus_laws import NullLaws, exact_laws, ln_p_value
from sitewatch.errors import ChangeError

# A power of 0 has no logarithm; it counts as this fraction (-60 dB) of the pixel's mean.
FLOOR = 1e-6
# Pixels are handled in blocks this wide: long enough runs for the memory, few enough for the cache.
_BLOCK = 64
# More distinct numbers of looks than this are rounded to steps of 2 %, so that the tables stay small.
_MOST_LAWS = 64


@dataclasses.dataclass(frozen=True)
class Omnibus:
    """Result of `sequential_omnibus`, arrays [y, x] or [time, y, x].

    Attributes
    ----------
    images
        [y, x] int32, number of images each pixel was tested on.
    ln_q
        [y, x] float64, ln Q over all images.
    ln_p_q
        [y, x] float64, natural logarithm of the p-value of Q (0 where fewer than two images).
    p_r
        [time, y, x] float32, p-value of the R_j that tests this image against those since the last change before it; NaN
        at the first and at missing images.
    changed
        [time, y, x] bool, images at which a change was found: the change lies between the last image before it that the
        pixel has, and this one.
    count
        [y, x] int16, number of changes.
    first, last
        [y, x] int16, time index of the first and last of them, -1 where there is none.
    """

    images: NDArray[np.int32]
    ln_q: NDArray[np.float64]
    ln_p_q: NDArray[np.float64]
    p_r: NDArray[np.float32]
    changed: NDArray[np.bool_]
    count: NDArray[np.int16]
    first: NDArray[np.int16]
    last: NDArray[np.int16]

    @property
    def p_q(self) -> NDArray[np.float64]:
        """[y, x], p-value of Q: that a pixel which never changed scatters this much."""
        return np.exp(self.ln_p_q)


@kernel
def _one_pixel(
    k: int,
    values: NDArray[np.float64],
    logs: NDArray[np.float64],
    looks: float,
    step: NDArray[np.float64],
    table: NDArray[np.float64],
    j_ln_j: NDArray[np.float64],
    ln_alpha: float,
    ln_r: NDArray[np.float64],
    ln_p_r: NDArray[np.float64],
    is_change: NDArray[np.bool_],
) -> tuple[float, float]:
    """Search one pixel's `k` images; fills ln_p_r and is_change [k], returns ln Q and its ln p."""
    n_channel = values.shape[1]
    ln_q_all, ln_p_q_all = 0.0, 0.0
    sums = np.empty(n_channel)
    for i in range(k):
        is_change[i] = False
    start = 0
    while k - start >= 2:
        m = k - start
        ln_s = 0.0
        for c in range(n_channel):
            sums[c] = values[start, c]
            ln_s += logs[start, c]
        ln_q = 0.0
        before = ln_s
        for j in range(2, m + 1):
            product = 1.0
            ln_i = 0.0
            for c in range(n_channel):
                sums[c] += values[start + j - 1, c]
                product *= sums[c]
                ln_i += logs[start + j - 1, c]
            after = math.log(product)
            ln_r_j = looks * (n_channel * (j_ln_j[j] - j_ln_j[j - 1]) + (j - 1) * before + ln_i - j * after)
            ln_r[j] = ln_r_j
            ln_q += ln_r_j
            before = after
        ln_p_q = ln_p_value(-ln_q, step[0, m], table[0, m])
        if start == 0:
            ln_q_all, ln_p_q_all = ln_q, ln_p_q
        found = 0
        for j in range(2, m + 1):
            ln_p = ln_p_value(-ln_r[j], step[1, j], table[1, j])
            ln_p_r[start + j - 1] = ln_p
            if ln_p <= ln_alpha and ln_p_q <= ln_alpha:
                found = j
                break
        if found == 0:
            break
        start += found - 1
        is_change[start] = True
    return ln_q_all, ln_p_q_all


@parallel_kernel
def _search(
    power: NDArray[np.float32],
    law_of: NDArray[np.int64],
    looks: NDArray[np.float64],
    step: NDArray[np.float64],
    table: NDArray[np.float64],
    j_ln_j: NDArray[np.float64],
    ln_alpha: float,
    images: NDArray[np.int32],
    ln_q: NDArray[np.float64],
    ln_p_q: NDArray[np.float64],
    p_r: NDArray[np.float32],
    changed: NDArray[np.bool_],
    count: NDArray[np.int16],
    first: NDArray[np.int16],
    last: NDArray[np.int16],
) -> None:
    n_channel, n_time, n_pixel = power.shape
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        begin = block * _BLOCK
        width = min(_BLOCK, n_pixel - begin)
        kept = np.zeros(width, np.int64)
        when = np.empty((width, n_time), np.int64)
        values = np.empty((width, n_time, n_channel))
        logs = np.empty((width, n_time, n_channel))
        total = np.zeros((width, n_channel))
        for t in range(n_time):
            for b in range(width):
                good = law_of[begin + b] >= 0
                at = kept[b]
                for c in range(n_channel):
                    value = power[c, t, begin + b]
                    good = good and math.isfinite(value)
                    values[b, at, c] = max(value, 0.0)
                if good:
                    for c in range(n_channel):
                        total[b, c] += values[b, at, c]
                    when[b, at] = t
                    kept[b] = at + 1
        ln_r = np.empty(n_time + 1)
        ln_p_r = np.empty(n_time)
        is_change = np.empty(n_time, np.bool_)
        for b in range(width):
            pixel = begin + b
            k = kept[b]
            for c in range(n_channel):
                if total[b, c] <= 0.0:
                    k = 0
            # Unit mean keeps products of channels and sums far from overflow and changes none of the statistics.
            for i in range(k):
                for c in range(n_channel):
                    value = max(values[b, i, c] * (k / total[b, c]), FLOOR)
                    values[b, i, c] = value
                    logs[b, i, c] = math.log(value)
            images[pixel] = k
            law = max(law_of[pixel], 0)
            ln_q[pixel], ln_p_q[pixel] = _one_pixel(
                k, values[b], logs[b], looks[law], step[law], table[law], j_ln_j, ln_alpha, ln_r, ln_p_r, is_change
            )
            number, earliest, latest = 0, -1, -1
            for i in range(1, k):
                t = when[b, i]
                p_r[t, pixel] = math.exp(ln_p_r[i])
                if is_change[i]:
                    changed[t, pixel] = True
                    number += 1
                    latest = t
                    if earliest < 0:
                        earliest = t
            count[pixel], first[pixel], last[pixel] = number, earliest, latest


def _laws_of_pixels(looks: ArrayLike, shape: tuple[int, ...]) -> tuple[list[float], NDArray[np.int64]]:
    """Distinct numbers of looks and, for each pixel, which of them it has; -1 where looks are NaN."""
    values = np.broadcast_to(np.asarray(looks, dtype=np.float64), shape).ravel()
    known = ~np.isnan(values)
    if np.any(values[known] <= 0):
        raise ChangeError("The number of looks must be positive", hint="Use NaN for pixels that are not to be tested.")
    distinct = np.unique(values[known])
    if distinct.size > _MOST_LAWS:
        values = np.exp(np.round(np.log(values) / 0.02) * 0.02)
        distinct = np.unique(values[known])
    index = np.where(known, np.searchsorted(distinct, values), -1)
    return [float(n) for n in distinct] or [1.0], index.astype(np.int64)


def sequential_omnibus(
    power: NDArray[np.float32],
    looks: ArrayLike,
    *,
    alpha: float = 0.01,
    laws: Callable[[Sequence[float], int, int], NullLaws] = exact_laws,
) -> Omnibus:
    """Find every change in every pixel's series.

    Parameters
    ----------
    power
        [channel, time, y, x] linear power; a date at which any channel is NaN or infinite is missing for that pixel,
        which is then tested on the rest. Zeros count as -60 dB of the pixel's mean. A channel that is 0 throughout takes
        the pixel out. Any unit: only ratios matter. C order is fastest.
    looks
        Equivalent number of looks, a scalar or [y, x]; NaN leaves a pixel out.
    alpha
        Chance that a pixel that never changed is called changed.
    laws
        Where p-values come from: `exact_laws`, or `box_laws` for the approximation of the paper.

    Raises
    ------
    ChangeError
        If shapes, looks or alpha can't be.
    """
    if power.ndim != 4:
        raise ChangeError(f"The omnibus test takes [channel, time, y, x], not an array of shape {power.shape}")
    if not 0 < alpha < 1:
        raise ChangeError(f"alpha must lie between 0 and 1, not {alpha}")
    n_channel, n_time, *grid = power.shape
    shape = (grid[0], grid[1])
    distinct, law_of = _laws_of_pixels(looks, shape)
    tables = laws(distinct, max(n_time, 1), n_channel)
    n_pixel = law_of.size
    result = Omnibus(
        images=np.zeros(n_pixel, np.int32),
        ln_q=np.zeros(n_pixel),
        ln_p_q=np.zeros(n_pixel),
        p_r=np.full((n_time, n_pixel), np.nan, np.float32),
        changed=np.zeros((n_time, n_pixel), np.bool_),
        count=np.zeros(n_pixel, np.int16),
        first=np.full(n_pixel, -1, np.int16),
        last=np.full(n_pixel, -1, np.int16),
    )
    j = np.arange(n_time + 1, dtype=np.float64)
    j_ln_j = j * np.log(np.maximum(j, 1.0))
    _search(
        np.ascontiguousarray(power).reshape(n_channel, n_time, n_pixel),
        law_of, tables.looks, tables.step, tables.table, j_ln_j, math.log(alpha),
        *(getattr(result, field.name) for field in dataclasses.fields(result)),
    )  # fmt: skip
    return Omnibus(
        **{
            field.name: getattr(result, field.name).reshape(*getattr(result, field.name).shape[:-1], *shape)
            for field in dataclasses.fields(result)
        }
    )
