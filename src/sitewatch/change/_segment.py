"""Piecewise constant levels of a pixel's series: optimal partitioning under the gamma likelihood.

A segment of m images has the cost (negative log-likelihood at its best level, up to terms common to all partitions)

    C = n sum_c m ln(mean_c)

and the best partition minimises the sum of costs plus a penalty for every segment after the first. The minimum is
exact: F(T) = min_t F(t) + C(t, T) + penalty (Jackson et al. 2005, "An algorithm for optimal partitioning of data on an
interval"), with two kinds of pruning that cannot lose it:

- PELT (Killick, Fearnhead and Eckley 2012, theorem 3.1): since splitting never raises the cost, a start t with
  F(t) + C(t, s) >= F(s) can't be the best start for any end that leaves room for a segment after s.
- F(t) + C(t, T) - n sum_{i <= T} ln x_i never falls as T grows (again since splitting off images one by one never
  raises the cost), so a start whose last known value already exceeds the best found for T needs no logarithm. PELT
  prunes where there are changes, this where there are none.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from sitewatch.change._elementary import quick_log
from sitewatch.change._numba import kernel, parallel_kernel
from sitewatch.errors import ChangeError

# A power of 0 has no logarithm; it counts as this fraction (-60 dB) of the pixel's mean.
FLOOR = 1e-6
_BLOCK = 64


@dataclasses.dataclass(frozen=True)
class Segmentation:
    """Result of `segment`.

    Attributes
    ----------
    count
        [y, x] int16, number of segments; 0 where a pixel has no image.
    start
        [segment, y, x] int16, time index of the first image of each segment, -1 beyond the last segment. The change
        into a segment lies between the last image before it that the pixel has, and this one.
    length
        [segment, y, x] int16, number of the pixel's images in each segment.
    mean
        [channel, segment, y, x] float32, mean power of each segment, NaN beyond the last.
    cost
        [y, x] float64, cost of the best partition with its penalties, relative to one segment without change; 0 where
        no change pays, and negative elsewhere.
    overflow
        [y, x] bool, the pixel has more segments than there is room for; the latest ones are kept and `count` is the
        number kept.
    """

    count: NDArray[np.int16]
    start: NDArray[np.int16]
    length: NDArray[np.int16]
    mean: NDArray[np.float32]
    cost: NDArray[np.float64]
    overflow: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Step:
    """Result of `last_step`.

    Attributes
    ----------
    deviance
        [y, x] float64, log-likelihood gained by one step at its best place (half of the usual deviance); 0 where there
        are too few images for a step.
    start
        [y, x] int16, time index of the first image after the step, -1 where there is none.
    previous
        [y, x] int16, time index of the pixel's last image before the step, -1 where there is none.
    before, after
        [channel, y, x] float32, mean power on both sides, NaN where there is no step.
    """

    deviance: NDArray[np.float64]
    start: NDArray[np.int16]
    previous: NDArray[np.int16]
    before: NDArray[np.float32]
    after: NDArray[np.float32]


@kernel
def _turned(power: NDArray[np.float32], begin: int, block: NDArray[np.float32]) -> int:
    """Copy neighbouring pixels to [pixel, channel, time], reading memory in order; returns how many there are.

    A pixel's dates lie far apart in the stack; fetching them one pixel at a time doubled the run time.
    """
    n_channel, n_time, n_pixel = power.shape
    width = min(block.shape[0], n_pixel - begin)
    for c in range(n_channel):
        for t in range(n_time):
            row = power[c, t, begin : begin + width]
            for b in range(width):
                block[b, c, t] = row[b]
    return width


@kernel
def _series(
    power: NDArray[np.float32],
    sums: NDArray[np.float64],
    logs: NDArray[np.float64],
    when: NDArray[np.int64],
    scale: NDArray[np.float64],
) -> int:
    """One pixel's usable images: running sums [channel, image + 1] at unit mean, running sum of logs, their times."""
    n_channel, n_time = power.shape
    k = 0
    scale[:] = 0.0
    for t in range(n_time):
        good = True
        for c in range(n_channel):
            good = good and math.isfinite(power[c, t])
        if good:
            for c in range(n_channel):
                value = max(np.float64(power[c, t]), 0.0)
                sums[c, k + 1] = value
                scale[c] += value
            when[k] = t
            k += 1
    for c in range(n_channel):
        if not scale[c] > 0.0:
            return 0
    for c in range(n_channel):
        scale[c] /= k
        sums[c, 0] = 0.0
    logs[0] = 0.0
    for i in range(1, k + 1):
        product = 1.0
        for c in range(n_channel):
            value = max(sums[c, i] / scale[c], FLOOR)
            product *= value
            sums[c, i] = sums[c, i - 1] + value
        logs[i] = logs[i - 1] + quick_log(product)
    return k


@kernel
def _cost(sums: NDArray[np.float64], start: int, end: int, inverse: NDArray[np.float64]) -> float:
    """m sum_c ln(mean_c) of the images start + 1 ... end."""
    product = 1.0
    for c in range(sums.shape[0]):
        product *= (sums[c, end] - sums[c, start]) * inverse[end - start]
    return (end - start) * quick_log(product)


@kernel
def _partition(
    k: int,
    sums: NDArray[np.float64],
    logs: NDArray[np.float64],
    penalty: float,
    shortest: int,
    inverse: NDArray[np.float64],
    best: NDArray[np.float64],
    previous: NDArray[np.int64],
    starts: NDArray[np.int64],
    expires: NDArray[np.int64],
    known: NDArray[np.float64],
    chosen: NDArray[np.int64],
    value: NDArray[np.float64],
) -> None:
    """Optimal partition of images 1..k: best[T] is the least cost of the first T images, previous[T] its last start.

    The rest is workspace. Candidate i is the start starts[i]; known[i] is F + C - logs at the last end for which it was
    evaluated, hence a lower bound ever after; expires[i] is the end from which PELT rules it out.
    """
    n_channel = sums.shape[0]
    best[0] = -penalty
    n_start = 0
    next_expiry = k + 1
    for end in range(shortest, k + 1):
        new = end - shortest
        if new == 0 or new >= shortest:
            starts[n_start], known[n_start], expires[n_start] = new, best[new] - logs[new], k + 1
            n_start += 1
        if next_expiry <= end:
            left = 0
            next_expiry = k + 1
            for i in range(n_start):
                if expires[i] > end:
                    starts[left], known[left], expires[left] = starts[i], known[i], expires[i]
                    next_expiry = min(next_expiry, expires[i])
                    left += 1
            n_start = left
        # The start that was best for the last end is mostly best again; taking it first makes the bound tight.
        at = previous[end - 1] if end > shortest else 0
        least = best[at] + _cost(sums, at, end, inverse)
        bound = least - logs[end]
        number = 0
        for i in range(n_start):
            chosen[number] = i
            number += known[i] < bound
        for q in range(number):
            t = starts[chosen[q]]
            product = 1.0
            for c in range(n_channel):
                product *= (sums[c, end] - sums[c, t]) * inverse[end - t]
            value[q] = product
        for q in range(number):
            value[q] = quick_log(value[q])
        for q in range(number):
            t = starts[chosen[q]]
            value[q] = best[t] + (end - t) * value[q]
            if value[q] < least:
                least, at = value[q], t
        best[end] = least + penalty
        previous[end] = at
        for q in range(number):
            i = chosen[q]
            known[i] = value[q] - logs[end]
            if value[q] >= best[end] and expires[i] > k:
                expires[i] = end + shortest
                next_expiry = min(next_expiry, expires[i])


@parallel_kernel
def _segment_all(
    power: NDArray[np.float32],
    looks: NDArray[np.float64],
    penalty: float,
    shortest: int,
    count: NDArray[np.int16],
    start: NDArray[np.int16],
    length: NDArray[np.int16],
    mean: NDArray[np.float32],
    cost: NDArray[np.float64],
    overflow: NDArray[np.bool_],
) -> None:
    n_channel, n_time, n_pixel = power.shape
    room = start.shape[0]
    inverse = np.zeros(n_time + 1)
    for m in range(1, n_time + 1):
        inverse[m] = 1.0 / m
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        sums = np.empty((n_channel, n_time + 1))
        logs, best, known = np.empty(n_time + 1), np.empty(n_time + 1), np.empty(n_time + 1)
        previous, expires = np.zeros(n_time + 1, np.int64), np.empty(n_time + 1, np.int64)
        starts, chosen = np.empty(n_time + 1, np.int64), np.empty(n_time + 1, np.int64)
        value, when, scale = np.empty(n_time + 1), np.empty(n_time, np.int64), np.empty(n_channel)
        near = np.empty((_BLOCK, n_channel, n_time), np.float32)
        for b in range(_turned(power, block * _BLOCK, near)):
            pixel = block * _BLOCK + b
            n = looks[pixel]
            k = _series(near[b], sums, logs, when, scale)
            if k == 0 or not n > 0.0:
                continue
            previous[k] = 0
            if k >= 2 * shortest:
                _partition(
                    k, sums, logs, penalty / n, shortest, inverse, best, previous, starts, expires, known, chosen, value
                )
                cost[pixel] = min(n * (best[k] - _cost(sums, 0, k, inverse)), 0.0)
            number = 0
            end = k
            while end > 0:
                number += 1
                end = previous[end]
            overflow[pixel] = number > room
            number = min(number, room)
            count[pixel] = number
            end = k
            for i in range(number - 1, -1, -1):
                begin = previous[end]
                start[i, pixel] = when[begin]
                length[i, pixel] = end - begin
                for c in range(n_channel):
                    mean[c, i, pixel] = scale[c] * (sums[c, end] - sums[c, begin]) / (end - begin)
                end = begin


@parallel_kernel
def _last_step_all(
    power: NDArray[np.float32],
    looks: NDArray[np.float64],
    shortest: int,
    deviance: NDArray[np.float64],
    start: NDArray[np.int16],
    last_before: NDArray[np.int16],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
) -> None:
    n_channel, n_time, n_pixel = power.shape
    inverse = np.zeros(n_time + 1)
    for m in range(1, n_time + 1):
        inverse[m] = 1.0 / m
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        sums = np.empty((n_channel, n_time + 1))
        logs, when, scale = np.empty(n_time + 1), np.empty(n_time, np.int64), np.empty(n_channel)
        near = np.empty((_BLOCK, n_channel, n_time), np.float32)
        for b in range(_turned(power, block * _BLOCK, near)):
            pixel = block * _BLOCK + b
            n = looks[pixel]
            k = _series(near[b], sums, logs, when, scale)
            if k < 2 * shortest or not n > 0.0:
                continue
            least, at = np.inf, shortest
            for t in range(shortest, k - shortest + 1):
                value = _cost(sums, 0, t, inverse) + _cost(sums, t, k, inverse)
                if value < least:
                    least, at = value, t
            deviance[pixel] = max(n * (_cost(sums, 0, k, inverse) - least), 0.0)
            start[pixel], last_before[pixel] = when[at], when[at - 1]
            for c in range(n_channel):
                before[c, pixel] = scale[c] * sums[c, at] / at
                after[c, pixel] = scale[c] * (sums[c, k] - sums[c, at]) / (k - at)


def _checked(
    power: NDArray[np.float32], looks: ArrayLike, shortest: int
) -> tuple[NDArray[np.float32], NDArray[np.float64], tuple[int, int]]:
    if power.ndim != 4:
        raise ChangeError(f"Segmentation takes [channel, time, y, x], not an array of shape {power.shape}")
    if shortest < 1:
        raise ChangeError(f"The shortest segment must have at least one image, not {shortest}")
    n_channel, n_time, n_y, n_x = power.shape
    flat_looks = np.ascontiguousarray(np.broadcast_to(np.asarray(looks, dtype=np.float64), (n_y, n_x))).ravel()
    if np.any(flat_looks <= 0):
        raise ChangeError("The number of looks must be positive", hint="Use NaN for pixels that are not to be tested.")
    return np.ascontiguousarray(power).reshape(n_channel, n_time, n_y * n_x), flat_looks, (n_y, n_x)


def segment(
    power: NDArray[np.float32],
    looks: ArrayLike,
    penalty: float,
    *,
    shortest: int = 1,
    most: int = 8,
) -> Segmentation:
    """Cut every pixel's series into segments of constant level, at the least penalised cost.

    Parameters
    ----------
    power
        [channel, time, y, x] linear power divided by the date's effect; a date at which any channel is NaN or infinite
        is missing for that pixel. Zeros count as -60 dB of the pixel's mean.
    looks
        Equivalent (effective) number of looks, a scalar or [y, x]; NaN leaves a pixel out.
    penalty
        Log-likelihood that each segment after the first must gain; see `penalty_for_rate`.
    shortest
        Fewest images of a segment; a pixel with fewer than twice as many is one segment.
    most
        Segments there is room for in the result.

    Raises
    ------
    ChangeError
        If shapes, looks, penalty or `shortest` can't be.
    """
    flat, flat_looks, grid = _checked(power, looks, shortest)
    if not penalty >= 0 or most < 1:
        raise ChangeError(f"The penalty must be at least 0 and `most` at least 1, not {penalty} and {most}")
    n_channel, _, n_pixel = flat.shape
    count = np.zeros(n_pixel, np.int16)
    start = np.full((most, n_pixel), -1, np.int16)
    length = np.zeros((most, n_pixel), np.int16)
    mean = np.full((n_channel, most, n_pixel), np.nan, np.float32)
    cost = np.zeros(n_pixel)
    overflow = np.zeros(n_pixel, np.bool_)
    _segment_all(flat, flat_looks, float(penalty), shortest, count, start, length, mean, cost, overflow)
    return Segmentation(
        count=count.reshape(grid),
        start=start.reshape(most, *grid),
        length=length.reshape(most, *grid),
        mean=mean.reshape(n_channel, most, *grid),
        cost=cost.reshape(grid),
        overflow=overflow.reshape(grid),
    )


def last_step(power: NDArray[np.float32], looks: ArrayLike, *, shortest: int = 1) -> Step:
    """Find the one step that explains each pixel's series best, and the levels on both sides of it.

    Parameters and errors as `segment`.
    """
    flat, flat_looks, grid = _checked(power, looks, shortest)
    n_channel, _, n_pixel = flat.shape
    deviance = np.zeros(n_pixel)
    start, previous = np.full(n_pixel, -1, np.int16), np.full(n_pixel, -1, np.int16)
    before = np.full((n_channel, n_pixel), np.nan, np.float32)
    after = np.full((n_channel, n_pixel), np.nan, np.float32)
    _last_step_all(flat, flat_looks, shortest, deviance, start, previous, before, after)
    return Step(
        deviance=deviance.reshape(grid),
        start=start.reshape(grid),
        previous=previous.reshape(grid),
        before=before.reshape(n_channel, *grid),
        after=after.reshape(n_channel, *grid),
    )
