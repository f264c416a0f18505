"""The omnibus test that nothing changed, on a stack freed of its date effects."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._background import LAND, WATER, Background
from sitewatch.change._elementary import quick_exp_32, quick_log
from sitewatch.change._numba import kernel, parallel_kernel
from sitewatch.change._omnibus_laws import exact_laws, ln_p_value

_BLOCK = 64
_BISECTIONS = 50
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
# exp of more than this is no number in single precision.
_LARGEST_LN = np.float32(80.0)


@dataclasses.dataclass(frozen=True)
class OmnibusMap:
    """What `omnibus_map` finds, by pixel.

    Attributes
    ----------
    ln_p
        [pixel], natural logarithm of the p-value that nothing changed; 0 with fewer than two images.
    count
        [pixel], number of changes.
    last
        [pixel], time index of the last of them, -1 where there is none.
    """

    ln_p: NDArray[np.float64]
    count: NDArray[np.int16]
    last: NDArray[np.int16]


def omnibus_map(
    log_values: NDArray[np.float32], water: NDArray[np.bool_], background: Background, alpha: float
) -> OmnibusMap:
    """Sequential omnibus test of each pixel (Conradsen, Nielsen and Skriver 2016), looks as its stratum scatters.

    The same test as `sequential_omnibus`, without the p-value of every image: those are needed only where the whole
    series is not that of a stable pixel, and there a comparison with the critical value does.

    Parameters
    ----------
    log_values
        [time, polarisation, pixel], ln power; NaN where there is no image.
    water
        [pixel], the stratum.
    alpha
        Chance that a stable pixel is called changed.

    Returns
    -------
    OmnibusMap
        Drift and seasons are changes to this test; it is a second opinion beside the step scan, which knows them.
    """
    n_time, n_pol, n_pixel = log_values.shape
    # In the order of the strata, so that a law's number is the stratum's.
    laws = exact_laws([background.effective_looks[stratum].min() for stratum in (WATER, LAND)], n_time, n_pol)
    critical = np.empty(laws.step.shape)
    _critical_values(laws.step, laws.table, math.log(alpha), critical)
    found = OmnibusMap(np.zeros(n_pixel), np.zeros(n_pixel, np.int16), np.full(n_pixel, -1, np.int16))
    _map(
        np.ascontiguousarray(log_values), water, background.effect.astype(np.float32),
        laws.looks, laws.step, laws.table, critical, math.log(alpha), found.ln_p, found.count, found.last,
    )  # fmt: skip
    return found


@kernel
def _critical_values(
    step: NDArray[np.float64], table: NDArray[np.float64], ln_alpha: float, critical: NDArray[np.float64]
) -> None:
    """-ln Q and -ln R_j from which on their p-values are alpha or less, in the shape of `step`."""
    n_law, n_kind, n_image = step.shape
    for law in range(n_law):
        for kind in range(n_kind):
            for j in range(n_image):
                low, high = 0.0, 1.0
                if j < 2:
                    critical[law, kind, j] = np.inf
                    continue
                while ln_p_value(high, step[law, kind, j], table[law, kind, j]) > ln_alpha:
                    high *= 2.0
                for _ in range(_BISECTIONS):
                    middle = 0.5 * (low + high)
                    if ln_p_value(middle, step[law, kind, j], table[law, kind, j]) > ln_alpha:
                        low = middle
                    else:
                        high = middle
                critical[law, kind, j] = high


@kernel
def _deviances(
    b: int,
    start: int,
    values: NDArray[np.float64],
    ln_i: NDArray[np.float64],
    k: int,
    looks: float,
    j_ln_j: NDArray[np.float64],
    out: NDArray[np.float64],
) -> float:
    """-ln R_j of one pixel counted from image `start` on, into out[j]; returns their sum, -ln Q."""
    n_channel = values.shape[1]
    sums = np.zeros(n_channel)
    before, total = 0.0, 0.0
    for j in range(1, k - start + 1):
        product = 1.0
        for c in range(n_channel):
            sums[c] += values[start + j - 1, c, b]
            product *= sums[c]
        after = quick_log(product)
        if j > 1:
            constant = n_channel * (j_ln_j[j] - j_ln_j[j - 1])
            out[j] = looks * (j * after - (j - 1) * before - ln_i[start + j - 1, b] - constant)
            total += out[j]
        before = after
    return total


@kernel
def _gather(
    log_values: NDArray[np.float32],
    begin: int,
    width: int,
    effect: NDArray[np.float32],
    water: NDArray[np.bool_],
    values: NDArray[np.float64],
    ln_i: NDArray[np.float64],
    when: NDArray[np.int64],
    kept: NDArray[np.int64],
) -> None:
    """Each pixel's images that are there, moved to the front: power [image, channel, pixel] and its log over channels.

    Power is over that of the pixel's first image, which changes no ratio and keeps products of channels in range.
    """
    n_time, n_pol, _ = log_values.shape
    row, level = np.zeros((n_pol, _BLOCK), np.float32), np.zeros((n_pol, _BLOCK), np.float32)
    there, power = np.empty(_BLOCK, np.float32), np.empty((n_pol, _BLOCK), np.float32)
    total = np.empty(_BLOCK, np.float32)
    kept[:] = 0
    for t in range(n_time):
        there[:] = _ONE
        total[:] = _ZERO
        for c in range(n_pol):
            on_water, on_land = effect[WATER, c, t], effect[LAND, c, t]
            line, first, out = row[c], level[c], power[c]
            for b in range(width):
                line[b] = log_values[t, c, begin + b] - (on_water if water[begin + b] else on_land)
            if t == 0:
                for b in range(width):
                    first[b] = line[b] if line[b] == line[b] else _ZERO
            for b in range(_BLOCK):
                there[b] *= _ONE if line[b] == line[b] else _ZERO
                value = line[b] - first[b] if line[b] == line[b] else _ZERO
                value = min(max(value, -_LARGEST_LN), _LARGEST_LN)
                total[b] += value
                out[b] = quick_exp_32(value)
        number = _ZERO
        for b in range(width):
            number += there[b]
        together = True
        for b in range(width):
            together &= kept[b] == kept[0]
        if together and number == width:
            at = kept[0]
            for c in range(n_pol):
                target, out = values[at, c], power[c]
                for b in range(_BLOCK):
                    target[b] = out[b]
            logs = ln_i[at]
            for b in range(_BLOCK):
                logs[b] = total[b]
                when[at, b] = t
            for b in range(width):
                kept[b] += 1
        elif number > _ZERO:
            for b in range(width):
                if there[b] > _ZERO:
                    at = kept[b]
                    for c in range(n_pol):
                        values[at, c, b] = power[c, b]
                    ln_i[at, b] = total[b]
                    when[at, b] = t
                    kept[b] = at + 1


@parallel_kernel
def _map(
    log_values: NDArray[np.float32],
    water: NDArray[np.bool_],
    effect: NDArray[np.float32],
    looks: NDArray[np.float64],
    step: NDArray[np.float64],
    table: NDArray[np.float64],
    critical: NDArray[np.float64],
    ln_alpha: float,
    ln_p: NDArray[np.float64],
    count: NDArray[np.int16],
    last: NDArray[np.int16],
) -> None:
    """Fill the fields of an `OmnibusMap`."""
    n_time, n_pol, n_pixel = log_values.shape
    j_ln_j = np.zeros(n_time + 1)
    for j in range(1, n_time + 1):
        j_ln_j[j] = j * math.log(j)
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        begin = block * _BLOCK
        width = min(_BLOCK, n_pixel - begin)
        values, ln_i = np.ones((n_time, n_pol, _BLOCK)), np.zeros((n_time, _BLOCK))
        when, kept = np.empty((n_time, _BLOCK), np.int64), np.zeros(_BLOCK, np.int64)
        sums, logs_sum = np.zeros((n_pol, _BLOCK)), np.zeros(_BLOCK)
        product, single = np.ones(_BLOCK), np.empty(n_time + 1)
        _gather(log_values, begin, width, effect, water, values, ln_i, when, kept)
        # Of a pixel that never changed the sums over all images are enough: -ln Q / n = k ln(S_k / k) - sum of logs.
        for i in range(kept.max()):
            for c in range(n_pol):
                row, total = values[i, c], sums[c]
                for b in range(_BLOCK):
                    total[b] += row[b] if kept[b] > i else 0.0
            logs = ln_i[i]
            for b in range(_BLOCK):
                logs_sum[b] += logs[b] if kept[b] > i else 0.0
        for c in range(n_pol):
            for b in range(width):
                product[b] *= sums[c, b] / max(kept[b], 1)
        for b in range(width):
            pixel, k, law = begin + b, kept[b], WATER if water[begin + b] else LAND
            if k < 2:
                continue
            start, whole = 0, max(looks[law] * (k * math.log(product[b]) - logs_sum[b]), 0.0)
            ln_p[pixel] = ln_p_value(whole, step[law, 0, k], table[law, 0, k])
            if whole >= critical[law, 0, k]:
                whole = _deviances(b, start, values, ln_i, k, looks[law], j_ln_j, single)
            while whole >= critical[law, 0, k - start]:
                found = 2
                while found <= k - start and single[found] < critical[law, 1, found]:
                    found += 1
                if found > k - start:
                    break
                start += found - 1
                count[pixel] += 1
                last[pixel] = when[start, b]
                if k - start < 2:
                    break
                whole = _deviances(b, start, values, ln_i, k, looks[law], j_ln_j, single)
