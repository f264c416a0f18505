"""How images of a place scatter when nothing is built there: looks, likeness of neighbours, and what averaging gains.

All of it is measured on residuals: log intensity less each pixel's mean and its surface's date effect.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi

from sitewatch.change._enl import kernel_width
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.simulate._fields import FloatArray
from sitewatch.simulate._information import looks_of_variance
from sitewatch.simulate._surfaces import mean_of_known

_BLOCKS_PX = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_FEWEST_BLOCKS = 40
_WINDOW_PX = 9
# A block belongs to a surface that holds this share of its pixels.
_MAJORITY = 0.8


def local_looks(residual: FloatArray) -> FloatArray:
    """Effective looks about each pixel (polarisation, y, x), from residuals (time, polarisation, y, x).

    The variance is that of differences between consecutive images, which a lasting step hardly moves, and the median
    over a window of 9 by 9 pixels, which a few changed ones don't.
    """
    variance, count = _variance(residual)
    # the median of a chi-square lies below its mean (Wilson and Hilferty 1931); differences share images, and two in
    # three count as independent
    freedom = np.maximum(count * 2 / 3, 1)
    typical = ndi.median_filter(variance, size=(1, _WINDOW_PX, _WINDOW_PX), mode="nearest")
    return looks_of_variance(typical / (1 - 2 / (9 * freedom)) ** 3)


def point_spread_px(residuals: list[FloatArray]) -> float:
    """Standard deviation of the sensor's point spread in pixels, from how alike neighbours' speckle is.

    Differences between consecutive images leave little but speckle.
    """
    logs = []
    for axis in (2, 3):
        products, squares = 0.0, 1e-9
        for residual in residuals:
            difference = np.clip(np.diff(residual, axis=0), -3, 3)
            size = difference.shape[axis]
            here, beside = difference.take(range(size - 1), axis), difference.take(range(1, size), axis)
            products += float(np.nansum(here * beside))
            squares += float(np.nansum(np.where(np.isfinite(here * beside), here**2 + beside**2, 0))) / 2
        logs.append(np.log(np.clip(products / squares, 0.002, 0.95)))
    return kernel_width(float(np.exp(np.mean(logs))))


def block_sizes() -> FloatArray:
    """Pixels in each block size at which `step_inflation` is measured."""
    return np.asarray(_BLOCKS_PX, dtype=float) ** 2


def step_inflation(residuals: list[FloatArray], maps: list[np.ndarray], index: int, images_after: int) -> FloatArray:
    """By how much steps between block means scatter more than those of independent pixels and images.

    Parameters
    ----------
    residuals
        Samples (time, polarisation, y, x).
    maps
        Surface of each of their pixels (y, x).
    index
        The surface in question.
    images_after
        How many images follow the step.

    Returns
    -------
    (block size, polarisation) ratio of variances, at least 1. Where a surface holds too few blocks of a size, those of
    all surfaces stand in; where there are too few altogether, larger areas are taken to gain nothing.
    """
    n_time, n_pol = residuals[0].shape[:2]
    after = min(images_after, n_time - 1)
    white = 1 / after + 1 / (n_time - after)
    variance = _typical_variance(residuals, maps, index)
    out = np.full((len(_BLOCKS_PX), n_pol), np.nan)
    for row, size in enumerate(_BLOCKS_PX):
        found = [_block_means(part, where == index, size) for part, where in zip(residuals, maps, strict=True)]
        means = np.concatenate([mean for mean, _ in found], axis=2)
        own = np.concatenate([share for _, share in found]) >= _MAJORITY
        chosen = means[:, :, own] if own.sum() >= _FEWEST_BLOCKS else means
        if chosen.shape[2] >= _FEWEST_BLOCKS:
            out[row] = _step_variance(chosen, after) / (variance * white) * size**2
    measured = np.flatnonzero(np.isfinite(out[:, 0]))
    if not len(measured):
        return np.ones_like(out)
    last = int(measured[-1])
    out[last + 1 :] = out[last] * (np.array(_BLOCKS_PX[last + 1 :]) ** 2 / _BLOCKS_PX[last] ** 2)[:, None]
    return np.maximum.accumulate(np.maximum(out, 1.0), axis=0)


def _variance(residual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variance through time from differences of consecutive images, and how many of these there are."""
    difference = np.diff(residual, axis=0)
    return mean_of_known(difference**2) / 2, np.isfinite(difference).sum(axis=0)


def _typical_variance(residuals: list[FloatArray], maps: list[np.ndarray], index: int) -> FloatArray:
    """Median over a surface's pixels of their variance, by polarisation."""
    variances = [_variance(part)[0][:, where == index] for part, where in zip(residuals, maps, strict=True)]
    return np.asarray(np.median(np.concatenate(variances, axis=1), axis=1))


def _block_means(residual: FloatArray, mine: np.ndarray, size: int) -> tuple[FloatArray, FloatArray]:
    """(time, polarisation, block) means of blocks with data in most images, and the surface's share of each."""
    n_time, n_pol, height, width = residual.shape
    rows, cols = height // size, width // size
    cut = residual[:, :, : rows * size, : cols * size].reshape(n_time, n_pol, rows, size, cols, size)
    means = cut.mean(axis=(3, 5)).reshape(n_time, n_pol, -1)
    share = mine[: rows * size, : cols * size].reshape(rows, size, cols, size).mean(axis=(1, 3)).ravel()
    kept = np.isfinite(means).all(axis=1).mean(axis=0) >= 0.8
    return means[:, :, kept], share[kept]


def _step_variance(means: FloatArray, after: int) -> FloatArray:
    """Variance by polarisation of steps of block means about a run of `after` images, deaf to the odd real change."""
    n_time = means.shape[0]
    steps = [
        mean_of_known(means[start : start + after])
        - mean_of_known(np.delete(means, np.s_[start : start + after], axis=0))
        for start in np.unique(np.linspace(0, n_time - after, 6).astype(int))
    ]
    gathered = np.concatenate(steps, axis=1)
    middle = np.median(gathered, axis=1, keepdims=True)
    return np.asarray((MAD_TO_SD * np.median(np.abs(gathered - middle), axis=1)) ** 2)
