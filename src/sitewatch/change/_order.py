"""Order statistics of pixels' series, missing images skipped; numpy's masked ones are fifty times as slow.

`quantile_over_time` takes any number of pixels. The kernels below it serve other kernels, which work on blocks of
neighbouring pixels, [time, pixel], small enough for the processor's cache. Inner loops run over pixels, without jumps.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._numba import kernel, parallel_kernel

# Counting passes of `medians_of_block` over a block; pixels that need more are sorted out one by one.
_PASSES = 6
# Median of the magnitudes of normal variables over their mean, and the number of them that lie within a relative step
# about the median, over that step.
_MEDIAN_OF_MEAN = np.float32(0.845)
_CROWDING = np.float32(0.43)
_ZERO, _ONE, _HALF, _HUGE = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(3e38)


@kernel
def _select(values: NDArray[np.float32], count: int, rank: int) -> np.float32:
    """Hoare's selection (1961) in place: the value of that rank, smaller ones before it, larger ones behind."""
    left, right = 0, count - 1
    while left < right:
        pivot = values[(left + right) // 2]
        i, j = left, right
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            right = j
        elif rank >= i:
            left = i
        else:
            break
    return values[rank]


@kernel
def _quantile(series: NDArray[np.float32], share: float) -> np.float32:
    """Quantile of one series, linear between images; NaN without any. Reorders the series."""
    count = 0
    for t in range(series.size):
        value = series[t]
        if not np.isnan(value):
            series[count] = value
            count += 1
    if count == 0:
        return np.float32(np.nan)
    at = share * (count - 1)
    low = int(at)
    lower = _select(series, count, low)
    upper = lower
    if at > low:  # the next in order is the least of those behind the selected one
        upper = series[low + 1]
        for t in range(low + 2, count):
            upper = min(upper, series[t])
    return np.float32(lower + (at - low) * (upper - lower))


@parallel_kernel
def _quantiles(values: NDArray[np.float32], share: float, out: NDArray[np.float32]) -> None:
    n_time, n_pixel = values.shape
    # A few long columns are shared out too; 16 neighbours fill a line of the cache.
    block = 128 if n_pixel > 1024 else 16
    for start in prange((n_pixel + block - 1) // block):
        first, end = start * block, min(n_pixel, (start + 1) * block)
        # Rows of the block are read in memory order, so that each pixel's series then lies in one piece.
        series = np.empty((block, n_time), np.float32)
        for t in range(n_time):
            for pixel in range(first, end):
                series[pixel - first, t] = values[t, pixel]
        for pixel in range(first, end):
            out[pixel] = _quantile(series[pixel - first], share)


def quantile_over_time(values: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """[pixel], quantile of each column of [time, pixel], linear between images; NaN without any image."""
    out = np.empty(values.shape[1], np.float32)
    _quantiles(np.ascontiguousarray(values, dtype=np.float32), share, out)
    return out


def median_over_time(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[pixel], median of each column of [time, pixel]; NaN without any image."""
    return quantile_over_time(values, 0.5)


@kernel
def count_below(values: NDArray[np.float32], limit: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """How many of a block's values [time, pixel] lie below the pixel's limit; missing ones don't."""
    out[:] = _ZERO
    for t in range(values.shape[0]):
        row = values[t]
        for b in range(out.size):
            out[b] += _ONE if row[b] < limit[b] else _ZERO


@kernel
def quantile_is_below(
    values: NDArray[np.float32], share: float, limit: np.float32, known: NDArray[np.float32], out: NDArray[np.bool_]
) -> None:
    """Whether the quantile over time of each pixel of a block [time, pixel] lies below a limit.

    Exactly as a comparison of `quantile_over_time` says. Values below the limit need only be counted; the quantile
    itself is looked for where the limit parts the two values between which it lies. `known` is scratch and becomes
    the number of images that are there.
    """
    n_time, width = values.shape
    below, limits = np.empty(width, np.float32), np.full(width, limit)
    count_below(values, limits, below)
    known[:] = _ZERO
    for t in range(n_time):
        row = values[t]
        for b in range(width):
            known[b] += _ONE if row[b] == row[b] else _ZERO
    for b in range(width):
        low = int(share * (int(known[b]) - 1))
        out[b] = int(below[b]) > low
        if int(below[b]) == low + 1:
            out[b] = _quantile(values[:, b].copy(), share) < limit


@kernel
def _neighbours(
    values: NDArray[np.float32], limit: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """[pixel], largest value of a block below each pixel's limit and smallest one from there on."""
    width = limit.size
    below, below_next = np.full(width, -_HUGE), np.empty(width, np.float32)
    above, above_next = np.full(width, _HUGE), np.empty(width, np.float32)
    for t in range(values.shape[0]):
        row = values[t]
        # Results go to other arrays than they come from: a value left as it is would become a jump over the store.
        for b in range(width):
            left = row[b] if row[b] < limit[b] else -_HUGE
            right = row[b] if row[b] >= limit[b] else _HUGE
            below_next[b] = max(left, below[b])
            above_next[b] = min(right, above[b])
        below, below_next = below_next, below
        above, above_next = above_next, above
    return below, above


@kernel
def medians_of_block(values: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Median over time of each pixel of a block [time, pixel] of magnitudes; 0 without any.

    The same as `median_over_time`, found by counting: a limit with half of the values below it has the median next to
    it. Limits are guessed, for all pixels at once, from the crowding of normal variables and then by interpolation.
    """
    n_time, width = values.shape
    known, total = np.zeros(width, np.float32), np.zeros(width, np.float32)
    for t in range(n_time):
        row = values[t]
        for b in range(width):
            known[b] += _ONE if row[b] == row[b] else _ZERO
            total[b] += row[b] if row[b] == row[b] else _ZERO
    limit, count = np.empty(width, np.float32), np.empty(width, np.float32)
    # The median lies behind as many values as this (half of an even number), or one fewer if the number is odd.
    wanted = np.empty(width, np.float32)
    low, high = np.zeros(width, np.float32), total
    low_count, high_count = np.zeros(width, np.float32), known.copy()
    for b in range(width):
        wanted[b] = (int(known[b]) + 1) // 2
        limit[b] = _MEDIAN_OF_MEAN * total[b] / max(known[b], _ONE)
    for turn in range(_PASSES + 1):
        count_below(values, limit, count)
        missed = 0
        for b in range(width):
            short, odd = wanted[b] - count[b], int(known[b]) % 2 == 1
            if turn == _PASSES or short == _ZERO or (odd and short == _ONE):
                continue
            missed += 1
            if short > _ZERO:
                low[b], low_count[b] = limit[b], count[b]
            else:
                high[b], high_count[b] = limit[b], count[b]
            aim = wanted[b] - (_HALF if odd else _ZERO)
            if low_count[b] > _ZERO and high_count[b] < known[b]:
                guess = low[b] + (high[b] - low[b]) * (aim - low_count[b]) / (high_count[b] - low_count[b])
            else:
                guess = limit[b] * (_ONE + (aim - count[b]) / (_CROWDING * known[b]))
            limit[b] = guess if low[b] < guess < high[b] else _HALF * (low[b] + high[b])
        if missed == 0:
            break
    below, above = _neighbours(values, limit)
    for b in range(width):
        short, odd = wanted[b] - count[b], int(known[b]) % 2 == 1
        if known[b] == _ZERO:
            out[b] = _ZERO
        elif short == _ZERO:
            out[b] = below[b] if odd else below[b] + _HALF * (above[b] - below[b])
        elif odd and short == _ONE:
            out[b] = above[b]
        else:
            out[b] = _quantile(values[:, b].copy(), 0.5)
