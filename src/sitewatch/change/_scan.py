"""Scan each pixel's series for the one lasting step that explains it best.

Generalised least squares: with residuals r ~ N(level + delta h_j, C), h_j the unit step at image j and C the
stratum's temporal covariance, the best delta and its z-score are linear in r, so that all steps of all pixels come from
one matrix product. The statistic of a pixel is the largest sum over polarisations of z_j^2 (generalised likelihood
ratio of a Gaussian step; see e.g. Bai 1994 for the least-squares change point).

Blocks of neighbouring pixels go from logarithms to the best step in one piece, so that what lies between (residuals,
despiked series, z-scores of all steps) never leaves the processor's cache.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._background import CALM_SHARE, LAND, STRATA, WATER, Background
from sitewatch.change._covariance import Covariance
from sitewatch.change._despike import despike_block
from sitewatch.change._numba import kernel, parallel_kernel
from sitewatch.change._order import median_over_time, medians_of_block, quantile_is_below
from sitewatch.change._robust import MAD_TO_SD

# How far from the running median a single image is believed, in standard deviations of one pixel.
REACH_SD = 2.5
# Weight of the stratum's scatter against the pixel's own, in images.
PRIOR_IMAGES = 10.0
# A pixel's scatter is never taken for less than this share of its stratum's.
LEAST_SCALE = 0.8
# Pixels to a block: whole instructions' worth, few enough that a block's z-scores stay in the second-level cache.
_BLOCK = 64
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@dataclasses.dataclass(frozen=True)
class StepFilter:
    """Linear filters that turn a series into step sizes and z-scores.

    Attributes
    ----------
    z_weights
        [step, time]: z_weights @ r is the z-score, at unit scatter scale, of a step at image `step + 1`.
    root_information
        [step]: that z-score over it is the GLS estimate of the step's size.
    """

    z_weights: NDArray[np.float32]
    root_information: NDArray[np.float32]


def step_filter(covariance: NDArray[np.float64]) -> StepFilter:
    """Filters of all single steps in a series with a free level, for one covariance [time, time]."""
    n_time = covariance.shape[0]
    inverse = np.linalg.inv(covariance)
    ones = np.ones(n_time)
    level_free = inverse - np.outer(inverse @ ones, inverse @ ones) / (ones @ inverse @ ones)
    steps = (np.arange(n_time)[None, :] >= np.arange(1, n_time)[:, None]).astype(float)
    raw = steps @ level_free
    information = np.einsum("st,st->s", raw, steps)
    root = np.sqrt(information)
    return StepFilter((raw / root[:, None]).astype(np.float32), root.astype(np.float32))


@dataclasses.dataclass(frozen=True)
class StepScan:
    """Best single step of each pixel.

    Attributes
    ----------
    statistic
        [pixel], largest sum over polarisations of z^2; NaN without data.
    image
        [pixel], index of the first image after the step.
    z
        [polarisation, pixel], z-scores at that step, signed.
    step
        [polarisation, pixel], size of the step, natural log.
    water
        [pixel], whether the pixel was treated as water.
    """

    statistic: NDArray[np.float32]
    image: NDArray[np.int16]
    z: NDArray[np.float32]
    step: NDArray[np.float32]
    water: NDArray[np.bool_]


def residuals(log_values: NDArray[np.float32], water: NDArray[np.bool_], background: Background) -> NDArray[np.float32]:
    """[time, polarisation, pixel]: ln power less the date effects of each pixel's stratum."""
    effect = background.effect.astype(np.float32)
    return log_values - np.where(water, effect[WATER].T[:, :, None], effect[LAND].T[:, :, None])


def scan_steps(
    log_values: NDArray[np.float32],
    background: Background,
    filters: dict[tuple[int, int], StepFilter],
    covariances: dict[tuple[int, int], Covariance],
) -> StepScan:
    """Best lasting step of each pixel.

    Parameters
    ----------
    log_values
        [time, polarisation, pixel], ln power; NaN where there is no image.
    filters, covariances
        By (stratum, polarisation).
    """
    n_time, n_pol, n_pixel = log_values.shape
    shape = (len(STRATA), n_pol)
    weights = np.zeros((*shape, n_time - 1, n_time), np.float32)
    information = np.ones((*shape, n_time - 1), np.float32)
    nugget = np.ones(shape, np.float32)
    for (stratum, pol), found in filters.items():
        weights[stratum, pol], information[stratum, pol] = found.z_weights, found.root_information
        nugget[stratum, pol] = np.sqrt(covariances[stratum, pol].nugget)
    scan = StepScan(
        np.empty(n_pixel, np.float32),
        np.empty(n_pixel, np.int16),
        np.empty((n_pol, n_pixel), np.float32),
        np.empty((n_pol, n_pixel), np.float32),
        np.empty(n_pixel, np.bool_),
    )
    _scan(
        np.ascontiguousarray(log_values, np.float32), background.effect.astype(np.float32),
        np.float32(background.calm_limit), weights, information, nugget,
        *(getattr(scan, field.name) for field in dataclasses.fields(scan)),
    )  # fmt: skip
    return scan


@parallel_kernel
def _scan(
    log_values: NDArray[np.float32],
    effect: NDArray[np.float32],
    calm_limit: np.float32,
    weights: NDArray[np.float32],
    information: NDArray[np.float32],
    nugget: NDArray[np.float32],
    statistic: NDArray[np.float32],
    image: NDArray[np.int16],
    z: NDArray[np.float32],
    step: NDArray[np.float32],
    water: NDArray[np.bool_],
) -> None:
    """Fill the fields of a `StepScan`; effect, weights, information and nugget are by [stratum, polarisation]."""
    n_time, n_pol, n_pixel = log_values.shape
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        begin = block * _BLOCK
        width = min(_BLOCK, n_pixel - begin)
        rest, change = np.zeros((n_time, _BLOCK), np.float32), np.empty((n_time - 1, _BLOCK), np.float32)
        clean, all_z = np.empty((n_time, _BLOCK), np.float32), np.empty((n_pol, n_time - 1, _BLOCK), np.float32)
        known, scale = np.empty(_BLOCK, np.float32), np.empty((n_pol, _BLOCK), np.float32)
        whole, on_water = np.empty(_BLOCK, np.bool_), np.empty(_BLOCK, np.bool_)
        best, largest = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
        for t in range(n_time):
            for b in range(width):
                rest[t, b] = log_values[t, 0, begin + b]
        quantile_is_below(rest, CALM_SHARE, calm_limit, known, on_water)
        for stratum in (WATER, LAND):
            members = 0
            for b in range(width):
                members += on_water[b] == (stratum == WATER)
            # Where both strata meet in a block each is done for the whole of it: that is rare, and needs no sorting.
            if members == 0:
                continue
            for pol in range(n_pol):
                known[:] = _ZERO
                for t in range(n_time):
                    row, shift = rest[t], effect[stratum, pol, t]
                    for b in range(width):
                        row[b] = log_values[t, pol, begin + b] - shift
                    for b in range(_BLOCK):
                        known[b] += _ONE if row[b] == row[b] else _ZERO
                for b in range(_BLOCK):
                    whole[b] = known[b] == n_time
                for t in range(n_time - 1):
                    row, after, target = rest[t], rest[t + 1], change[t]
                    for b in range(_BLOCK):
                        target[b] = abs(after[b] - row[b])
                medians_of_block(change, scale[pol])
                _relative_scatter(scale[pol], np.float64(nugget[stratum, pol]), n_time)
                reach = np.full(n_time, np.float32(REACH_SD) * nugget[stratum, pol])
                despike_block(rest, reach, whole, clean)
                _apply(weights[stratum, pol], clean, all_z[pol])
            _best_step(all_z, scale, largest, best)
            for b in range(width):
                if on_water[b] == (stratum == WATER):
                    pixel, at = begin + b, int(best[b])
                    water[pixel], image[pixel] = on_water[b], at + 1
                    statistic[pixel] = largest[b] if largest[b] >= _ZERO else np.nan
                    for pol in range(n_pol):
                        z[pol, pixel] = all_z[pol, at, b] / scale[pol, b]
                        step[pol, pixel] = all_z[pol, at, b] / information[stratum, pol, at]


@kernel
def _apply(weights: NDArray[np.float32], series: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Product of weights [step, time] with a block's series [time, pixel].

    Two steps by four images at a time: each number fetched then serves as many multiplications as the processor can do
    meanwhile. As fast as a BLAS, and its result need not leave the cache.
    """
    n_step, n_time = weights.shape
    width = series.shape[1]
    fours = n_time // 4 * 4
    out[:] = _ZERO
    for j in range(0, n_step - 1, 2):
        one, two = out[j], out[j + 1]
        v, w = weights[j], weights[j + 1]
        for t in range(0, fours, 4):
            v0, v1, v2, v3 = v[t], v[t + 1], v[t + 2], v[t + 3]
            w0, w1, w2, w3 = w[t], w[t + 1], w[t + 2], w[t + 3]
            r0, r1, r2, r3 = series[t], series[t + 1], series[t + 2], series[t + 3]
            for b in range(width):
                one[b] += v0 * r0[b] + v1 * r1[b] + v2 * r2[b] + v3 * r3[b]
                two[b] += w0 * r0[b] + w1 * r1[b] + w2 * r2[b] + w3 * r3[b]
        for t in range(fours, n_time):
            row = series[t]
            for b in range(width):
                one[b] += v[t] * row[b]
                two[b] += w[t] * row[b]
    for j in range(n_step - n_step % 2, n_step):
        for t in range(n_time):
            one, row, weight = out[j], series[t], weights[j, t]
            for b in range(width):
                one[b] += weight * row[b]


@kernel
def _best_step(
    z: NDArray[np.float32], scale: NDArray[np.float32], largest: NDArray[np.float32], best: NDArray[np.float32]
) -> None:
    """Step with the largest sum over polarisations of (z / scale)^2, and that sum; -1 where any z is NaN."""
    n_pol, n_step, width = z.shape
    weight, total = np.empty((n_pol, width), np.float32), np.empty(width, np.float32)
    for pol in range(n_pol):
        for b in range(width):
            weight[pol, b] = _ONE / (scale[pol, b] * scale[pol, b])
    largest[:] = -_ONE
    best[:] = _ZERO
    for j in range(n_step):
        total[:] = _ZERO
        for pol in range(n_pol):
            row, by = z[pol, j], weight[pol]
            for b in range(width):
                total[b] += row[b] * row[b] * by[b]
        number = np.float32(j)
        for b in range(width):
            best[b] = number if total[b] > largest[b] else best[b]
            largest[b] = total[b] if total[b] > largest[b] else largest[b]


@kernel
def _relative_scatter(medians: NDArray[np.float32], nugget_sd: float, n_time: int) -> None:
    """Turn medians of successive differences into scatter relative to the stratum's, in place."""
    for b in range(medians.size):
        ratio = MAD_TO_SD * medians[b] / math.sqrt(2.0) / max(nugget_sd, 1e-3)
        own = (PRIOR_IMAGES + n_time * ratio * ratio) / (PRIOR_IMAGES + n_time)
        medians[b] = math.sqrt(max(own, LEAST_SCALE * LEAST_SCALE))


def pixel_scale(values: NDArray[np.float32], nugget_sd: float) -> NDArray[np.float32]:
    """[pixel], a pixel's scatter from image to image relative to its stratum's, at least `LEAST_SCALE`.

    From the median absolute difference of successive images (a step enters one difference only), shrunk towards 1
    with the weight of `PRIOR_IMAGES` images.

    Parameters
    ----------
    values
        [time, pixel], ln power less the date effects; NaN where there is no image.
    nugget_sd
        The stratum's scatter, natural-log units.
    """
    scale = np.nan_to_num(median_over_time(np.abs(np.diff(values, axis=0))))
    _relative_scatter(scale, float(nugget_sd), values.shape[0])
    return scale
