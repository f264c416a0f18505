"""Scan each pixel's series for the one lasting step that explains it best.

Generalised least squares: with residuals r ~ N(level + delta h_j, C), h_j the unit step at image j and C the
stratum's temporal covariance, the best delta and its z-score are linear in r, so that all steps of all pixels come from
one matrix product. The statistic of a pixel is the largest sum over polarisations of z_j^2 (generalised likelihood
ratio of a Gaussian step; see e.g. Bai 1994 for the least-squares change point).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._background import LAND, WATER, Background, calm_level
from sitewatch.change._covariance import Covariance
from sitewatch.change._despike import despike
from sitewatch.change._numba import parallel_kernel
from sitewatch.change._order import median_over_time

# How far from the running median a single image is believed, in standard deviations of one pixel.
REACH_SD = 2.5
# Weight of the stratum's scatter against the pixel's own, in images.
PRIOR_IMAGES = 10.0


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
    water = calm_level(log_values[:, 0]) < background.calm_limit
    rest = residuals(log_values, water, background)
    statistic = np.full(n_pixel, np.nan, np.float32)
    image = np.ones(n_pixel, np.int16)
    z = np.zeros((n_pol, n_pixel), np.float32)
    step = np.zeros((n_pol, n_pixel), np.float32)
    for stratum, members in ((WATER, water), (LAND, ~water)):
        at = np.flatnonzero(members)
        if at.size == 0:
            continue
        all_z = np.empty((n_pol, n_time - 1, at.size), np.float32)
        scale = np.empty((n_pol, at.size), np.float32)
        for pol in range(n_pol):
            nugget = float(np.sqrt(covariances[stratum, pol].nugget))
            values = np.ascontiguousarray(rest[:, pol] if at.size == n_pixel else rest[:, pol, at])
            scale[pol] = pixel_scale(values, nugget)
            clean = despike(values, np.full(n_time, REACH_SD * nugget, np.float32))
            np.matmul(filters[stratum, pol].z_weights, clean, out=all_z[pol])
        best = np.zeros(at.size, np.int64)
        largest = np.empty(at.size, np.float32)
        _best_step(all_z, scale, largest, best)
        statistic[at], image[at] = largest, best + 1
        for pol in range(n_pol):
            there = all_z[pol, best, np.arange(at.size)]
            z[pol, at] = there / scale[pol]
            step[pol, at] = there / filters[stratum, pol].root_information[best]
    return StepScan(statistic, image, z, step, water)


@parallel_kernel
def _best_step(
    z: NDArray[np.float32], scale: NDArray[np.float32], largest: NDArray[np.float32], best: NDArray[np.int64]
) -> None:
    """Step with the largest sum over polarisations of (z / scale)^2, and that sum; NaN where any z is."""
    n_pol, n_step, n_pixel = z.shape
    block = 256
    for start in prange((n_pixel + block - 1) // block):
        first, end = start * block, min(n_pixel, (start + 1) * block)
        for pixel in range(first, end):
            largest[pixel] = -1.0
        for step in range(n_step):
            for pixel in range(first, end):
                total = np.float32(0.0)
                for pol in range(n_pol):
                    one = z[pol, step, pixel] / scale[pol, pixel]
                    total += one * one
                if total > largest[pixel]:
                    largest[pixel] = total
                    best[pixel] = step
        for pixel in range(first, end):
            if largest[pixel] < 0:
                largest[pixel] = np.nan


def pixel_scale(values: NDArray[np.float32], nugget_sd: float) -> NDArray[np.float32]:
    """[pixel], a pixel's scatter from image to image relative to its stratum's, at least 0.8.

    From the median absolute difference of successive images (a step enters one difference only), shrunk towards 1
    with the weight of `PRIOR_IMAGES` images.
    """
    n_time = values.shape[0]
    change = np.abs(np.diff(values, axis=0))
    own = 1.4826 * np.nan_to_num(median_over_time(change)) / np.sqrt(2.0)
    ratio2 = (own / max(nugget_sd, 1e-3)) ** 2
    return np.sqrt(np.maximum((PRIOR_IMAGES + n_time * ratio2) / (PRIOR_IMAGES + n_time), 0.64)).astype(np.float32)
