"""The compiled part of the sequential omnibus test, see `_omnibus.py` for the method.

Layout: images stay as they lie in memory, [channel, time, pixel], and a block of neighbouring pixels goes through the
recursion together, image by image. Each row of a block is read once and in order, the inner loops run over pixels
without branches (so several go through one instruction), and all pixels of a block use the same table row at the same
time. One pixel at a time took three times as long.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._elementary import quick_exp, quick_exp_32, quick_log
from sitewatch.change._numba import kernel, parallel_kernel
from sitewatch.change._omnibus_laws import ln_p_value

# A power of 0 has no logarithm; it counts as this fraction (-60 dB) of the pixel's mean.
FLOOR = 1e-6
# Pixels to a block: long enough runs for the memory, few enough that a block stays in the second-level cache.
_BLOCK = 128
# exp of this is the least p-value a float32 holds in full precision.
_LEAST_LN_P = -87.0
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@kernel
def _gather(
    power: NDArray[np.float32],
    begin: int,
    law: NDArray[np.int64],
    values: NDArray[np.float64],
    when: NDArray[np.int64],
    kept: NDArray[np.int64],
    total: NDArray[np.float64],
) -> bool:
    """Move each pixel's usable images to the front: values [image, channel, pixel], when [image, pixel].

    Returns whether all pixels have the same images.
    """
    together = True
    n_channel, n_time, _ = power.shape
    width = kept.shape[0]
    good = np.empty(width, np.bool_)
    kept[:] = 0
    total[:] = 0.0
    for t in range(n_time):
        number = 0
        for b in range(width):
            good[b] = law[b] >= 0
        for c in range(n_channel):
            row = power[c, t, begin : begin + width]
            for b in range(width):
                good[b] &= math.isfinite(row[b])
        for b in range(width):
            number += good[b]
        if number == width and together:
            at = kept[0]
            for c in range(n_channel):
                row, target, sums = power[c, t, begin : begin + width], values[at, c], total[c]
                for b in range(width):
                    value = max(np.float64(row[b]), 0.0)
                    target[b] = value
                    sums[b] += value
            for b in range(width):
                when[at, b] = t
                kept[b] += 1
        elif number > 0:
            together = False
            for b in range(width):
                if good[b]:
                    at = kept[b]
                    for c in range(n_channel):
                        value = max(np.float64(power[c, t, begin + b]), 0.0)
                        values[at, c, b] = value
                        total[c, b] += value
                    when[at, b] = t
                    kept[b] = at + 1
    return together


@kernel
def _scale(
    values: NDArray[np.float64], ln_i: NDArray[np.float64], kept: NDArray[np.int64], total: NDArray[np.float64]
) -> None:
    """Give every pixel and channel unit mean, lift zeros, and sum the channels' logarithms.

    Unit mean keeps products of channels far from overflow and changes none of the statistics.
    """
    n_channel, width = total.shape
    for b in range(width):
        for c in range(n_channel):
            if not total[c, b] > 0.0:
                kept[b] = 0
    factor = np.empty((n_channel, width))
    for c in range(n_channel):
        for b in range(width):
            factor[c, b] = kept[b] / total[c, b] if kept[b] > 0 else 0.0
    product = np.empty(width)
    for i in range(kept.max()):
        product[:] = 1.0
        for c in range(n_channel):
            row, by = values[i, c], factor[c]
            for b in range(width):
                value = max(row[b] * by[b], FLOOR) if kept[b] > i else 1.0
                row[b] = value
                product[b] *= value
        target = ln_i[i]
        for b in range(width):
            target[b] = quick_log(product[b])


@kernel
def _first_pass(
    values: NDArray[np.float64],
    ln_i: NDArray[np.float64],
    kept: NDArray[np.int64],
    law: NDArray[np.int64],
    looks: NDArray[np.float64],
    step: NDArray[np.float64],
    table: NDArray[np.float64],
    j_ln_j: NDArray[np.float64],
    p_r: NDArray[np.float32],
    ln_q: NDArray[np.float64],
) -> None:
    """All R_j from the first image on, for a block; fills p_r [image, pixel] and ln Q [pixel]."""
    _, n_channel, width = values.shape
    _, _, _, n_node, _ = table.shape
    flat = table.ravel()
    per_law = 2 * step.shape[2] * n_node * 2
    sums = values[0].copy()
    before, product, n, u = ln_i[0].copy(), np.empty(width), np.empty(width), np.empty(width)
    inverse_step = np.empty(width)
    origin = np.empty(width, np.int64)
    for b in range(width):
        n[b] = looks[max(law[b], 0)]
        origin[b] = max(law[b], 0) * per_law
    ln_q[:] = 0.0
    alike = law.min() == law.max()
    last = n_node - 1
    for j in range(2, kept.max() + 1):
        product[:] = 1.0
        for c in range(n_channel):
            row, sum_c = values[j - 1, c], sums[c]
            for b in range(width):
                sum_c[b] += row[b]
                product[b] *= sum_c[b]
        constant, logs = n_channel * (j_ln_j[j] - j_ln_j[j - 1]), ln_i[j - 1]
        if alike:
            inverse_step[:] = 1.0 / step[max(law[0], 0), 1, j]
        else:
            for b in range(width):
                inverse_step[b] = 1.0 / step[max(law[b], 0), 1, j]
        here = flat[(step.shape[2] + j) * n_node * 2 :]
        for b in range(width):
            after = quick_log(product[b])
            ln_r = n[b] * (constant + (j - 1) * before[b] + logs[b] - j * after)
            before[b] = after
            ln_q[b] += ln_r if kept[b] >= j else 0.0
            u[b] = math.sqrt(max(-ln_r, 0.0)) * inverse_step[b]
        target = p_r[j - 1]
        for b in range(width):
            # Past the end of the table P is below what a float32 holds.
            position = min(u[b], last - 1e-9)
            i = np.int32(position)
            t = position - i
            at = np.uint64(origin[b] + 2 * i)
            v0, d0, v1, d1 = here[at], here[at + ONE], here[at + TWO], here[at + THREE]
            c2 = 3.0 * (v1 - v0) - 2.0 * d0 - d1
            c3 = 2.0 * (v0 - v1) + d0 + d1
            u[b] = max(v0 + t * (d0 + t * (c2 + t * c3)), _LEAST_LN_P)
        for b in range(width):
            target[b] = quick_exp_32(np.float32(u[b]))


@kernel
def _restart(
    b: int,
    start: int,
    values: NDArray[np.float64],
    ln_i: NDArray[np.float64],
    k: int,
    looks: float,
    step: NDArray[np.float64],
    table: NDArray[np.float64],
    j_ln_j: NDArray[np.float64],
    ln_r: NDArray[np.float64],
    p_r: NDArray[np.float32],
) -> float:
    """All R_j of one pixel counted from image `start` on; fills p_r from there and returns ln p of Q."""
    n_channel = values.shape[1]
    ln_q = 0.0
    before = ln_i[start, b]
    sums = values[start, :, b].copy()
    for j in range(2, k - start + 1):
        product = 1.0
        for c in range(n_channel):
            sums[c] += values[start + j - 1, c, b]
            product *= sums[c]
        after = quick_log(product)
        ln_r[j] = looks * (
            n_channel * (j_ln_j[j] - j_ln_j[j - 1]) + (j - 1) * before + ln_i[start + j - 1, b] - j * after
        )
        ln_q += ln_r[j]
        before = after
    for j in range(2, k - start + 1):
        ln_p = ln_p_value(-ln_r[j], step[1, j], table[1, j])
        p_r[start + j - 1, b] = quick_exp(max(ln_p, _LEAST_LN_P))
    return ln_p_value(-ln_q, step[0, k - start], table[0, k - start])


@parallel_kernel
def search(
    power: NDArray[np.float32],
    law_of: NDArray[np.int64],
    looks: NDArray[np.float64],
    step: NDArray[np.float64],
    table: NDArray[np.float64],
    j_ln_j: NDArray[np.float64],
    alpha: float,
    images: NDArray[np.int32],
    ln_q: NDArray[np.float64],
    ln_p_q: NDArray[np.float64],
    p_r: NDArray[np.float32],
    changed: NDArray[np.bool_],
    count: NDArray[np.int16],
    first: NDArray[np.int16],
    last: NDArray[np.int16],
) -> None:
    """Search all pixels; `power` is [channel, time, pixel], the results are those of `Omnibus`, flat in space."""
    n_channel, n_time, n_pixel = power.shape
    ln_alpha = math.log(alpha)
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        begin = block * _BLOCK
        width = min(_BLOCK, n_pixel - begin)
        law = law_of[begin : begin + width]
        kept = np.empty(width, np.int64)
        when = np.empty((n_time, width), np.int64)
        values = np.empty((n_time, n_channel, width))
        total = np.empty((n_channel, width))
        ln_i = np.empty((n_time, width))
        p = np.empty((n_time, width), np.float32)
        ln_r = np.empty(n_time + 1)
        together = _gather(power, begin, law, values, when, kept, total)
        _scale(values, ln_i, kept, total)
        images[begin : begin + width] = kept
        # Of blocks that have all images every p-value but the first is written below.
        for t in range(1 if together and kept.min() == n_time else n_time):
            p_r[t, begin : begin + width] = np.nan
        if kept.max() < 2:
            continue
        _first_pass(values, ln_i, kept, law, looks, step, table, j_ln_j, p, ln_q[begin : begin + width])
        for b in range(width):
            pixel, k = begin + b, kept[b]
            if k < 2:
                ln_q[pixel] = 0.0
                continue
            which = law[b]
            ln_p = ln_p_value(-ln_q[pixel], step[which, 0, k], table[which, 0, k])
            ln_p_q[pixel] = ln_p
            start = 0
            while ln_p <= ln_alpha:
                found = start + 1
                while found < k and p[found, b] > alpha:
                    found += 1
                if found == k:
                    break
                start = found
                t = when[start, b]
                changed[t, pixel] = True
                last[pixel] = t
                count[pixel] += 1
                if first[pixel] < 0:
                    first[pixel] = t
                if k - start < 2:
                    break
                # The p-value of the change itself stays; those after it are anew from here.
                ln_p = _restart(b, start, values, ln_i, k, looks[which], step[which], table[which], j_ln_j, ln_r, p)
        for i in range(1, kept.max()):
            if together and kept.min() == kept.max():
                p_r[when[i, 0], begin : begin + width] = p[i]
                continue
            for b in range(width):
                if i < kept[b]:
                    p_r[when[i, b], begin + b] = p[i, b]
