"""What the images of a place do when nothing is built there: measured on the stack itself.

A surface's date effect is taken off; what is left scatters with speckle and with what the weather does to one place and
not to the next. The scatter of one pixel gives the effective looks; that of blocks of growing size tells how far more
pixels help, since neighbours share speckle and weather.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from scipy import ndimage as ndi
from scipy.cluster.vq import kmeans2

from sitewatch.errors import ChangeError
from sitewatch.simulate._fields import FloatArray
from sitewatch.simulate._information import looks_of_variance

_FLOOR = 1e-5  # -50 dB: below any radar's noise, so that a true 0 has a logarithm
_BLOCKS_PX = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_FEWEST_BLOCKS = 40
_WINDOW_PX = 9
_SIGMA_OF_MAD = 1.4826


@dataclasses.dataclass(frozen=True)
class Surface:
    """One kind of surface in one track.

    Attributes
    ----------
    level, spread
        Its centre among the others: time median of the log intensity and its standard deviation through time, of the
        first polarisation.
    date_effect
        (time, polarisation), log intensity.
    inflation
        (block size, polarisation): by how much the variance of a step between block means exceeds that of as many
        independent pixels and images.
    """

    level: float
    spread: float
    date_effect: FloatArray
    inflation: FloatArray


def log_intensity(stack: xr.Dataset) -> FloatArray:
    """(time, polarisation, y, x) natural logarithm of the power; NaN without data."""
    power = np.stack([stack[name].to_numpy() for name in stack.data_vars], axis=1)
    return np.asarray(np.log(np.maximum(power, np.float32(_FLOOR))), dtype=np.float32)


def block_sizes() -> FloatArray:
    """Pixels in each block size at which the inflation is measured."""
    return np.asarray(_BLOCKS_PX, dtype=float) ** 2


def learn_surfaces(parts: list[FloatArray], images_after: int, count: int = 3) -> list[Surface]:
    """Split sampled pixels into surfaces by level and spread, and measure each.

    Parameters
    ----------
    parts
        Contiguous samples of the stack, each as `log_intensity` gives it.
    images_after
        How many images follow the step whose variance matters.
    count
        Surfaces to look for; fewer are returned where the place has fewer.

    Raises
    ------
    ChangeError
        Without a single pixel that has data on half the dates.
    """
    features = np.concatenate([_features(part).reshape(2, -1).T for part in parts])
    features = features[np.isfinite(features).all(axis=1)]
    if not len(features):
        raise ChangeError("no pixel of the stack has data on half of its dates", hint="Choose a site inside the images")
    start = np.quantile(features, np.linspace(0.1, 0.9, count), axis=0)
    # levels differ by several nepers and spreads by parts of one, but both tell water from land
    centres, labels = kmeans2(features * [1.0, 2.0], start * [1.0, 2.0], minit="matrix", missing="warn")
    kept = [centres[i] / [1.0, 2.0] for i in range(count) if np.mean(labels == i) > 0.02]
    return [_measure(parts, kept, index, images_after) for index in range(len(kept))]


def surface_map(log_values: FloatArray, centres: list[tuple[float, float]]) -> np.ndarray:
    """Index of the nearest surface (level, spread) for each pixel (y, x), -1 without data."""
    features = _features(log_values)
    distance = [np.hypot(features[0] - level, 2 * (features[1] - spread)) for level, spread in centres]
    known = np.isfinite(features).all(axis=0)
    return np.where(known, np.argmin(np.where(known, np.array(distance), 0), axis=0), -1)


def local_looks(residual: FloatArray) -> FloatArray:
    """Effective looks about each pixel (polarisation, y, x), from residuals (time, polarisation, y, x).

    The variance is that of differences between consecutive images, which a lasting step hardly moves, and the median
    over a window of 9 by 9 pixels, which a few changed ones don't.
    """
    difference = np.diff(residual, axis=0)
    count = np.isfinite(difference).sum(axis=0)
    variance = np.nansum(difference**2, axis=0) / np.maximum(2 * count, 1)
    # the median of a chi-square lies below its mean (Wilson and Hilferty 1931); differences share images, and two in
    # three count as independent
    freedom = np.maximum(count * 2 / 3, 1)
    typical = ndi.median_filter(variance, size=(1, _WINDOW_PX, _WINDOW_PX), mode="nearest")
    return looks_of_variance(typical / (1 - 2 / (9 * freedom)) ** 3)


def point_spread_px(residuals: list[FloatArray]) -> float:
    """Standard deviation of the sensor's point spread in pixels, from how alike neighbours' speckle is.

    For a Gaussian point spread of standard deviation s the speckle of neighbours one pixel apart correlates by
    ``exp(-1 / (4 s^2))``. Differences between consecutive images leave little but speckle.
    """
    logs = []
    for axis in (2, 3):
        products, squares = [], []
        for residual in residuals:
            difference = np.clip(np.diff(residual, axis=0), -3, 3)
            size = difference.shape[axis]
            here, beside = difference.take(range(size - 1), axis), difference.take(range(1, size), axis)
            both = np.isfinite(here) & np.isfinite(beside)
            products.append(here[both] * beside[both])
            squares.append((here[both] ** 2 + beside[both] ** 2) / 2)
        alike = np.concatenate(products).sum() / max(float(np.concatenate(squares).sum()), 1e-9)
        logs.append(-np.log(np.clip(alike, 0.002, 0.95)))
    return float(1 / (2 * np.mean(logs) ** 0.5))


def without_date_effect(log_values: FloatArray, surfaces: list[Surface], where: np.ndarray) -> FloatArray:
    """Log intensity less each pixel's mean and its surface's date effect."""
    effects = np.stack([surface.date_effect for surface in surfaces], axis=-1)
    residual = log_values - effects[:, :, np.maximum(where, 0)]
    residual = residual - _mean(residual)
    return np.where(where >= 0, residual, np.nan).astype(np.float32)


def _features(log_values: FloatArray) -> FloatArray:
    """(2, y, x): smoothed time median and standard deviation of the first polarisation; NaN with little data."""
    first = log_values[:, 0]
    known = np.isfinite(first).mean(axis=0) >= 0.5
    filled = np.where(np.isfinite(first), first, np.where(known, 0, 0))
    count = np.maximum(np.isfinite(first).sum(axis=0), 1)
    mean = filled.sum(axis=0) / count
    spread = np.sqrt(np.maximum(np.where(np.isfinite(first), (first - mean) ** 2, 0).sum(axis=0) / count, 0))
    weight = np.maximum(ndi.uniform_filter(known.astype(float), 5), 1e-6)
    smooth = [ndi.uniform_filter(np.where(known, one, 0.0), 5) / weight for one in (mean, spread)]
    return np.where(known, np.array(smooth), np.nan)


def _mean(values: FloatArray) -> FloatArray:
    """Mean through time of what is finite."""
    return np.asarray(np.nansum(values, axis=0) / np.maximum(np.isfinite(values).sum(axis=0), 1))


def _measure(parts: list[FloatArray], centres: list[FloatArray], index: int, images_after: int) -> Surface:
    """Date effect and inflation of one surface."""
    pairs = [(float(c[0]), float(c[1])) for c in centres]
    maps = [surface_map(part, pairs) for part in parts]
    pixels = np.concatenate([part[:, :, where == index] for part, where in zip(parts, maps, strict=True)], axis=2)
    centred = pixels - _mean(pixels)
    some = np.isfinite(centred).any(axis=2, keepdims=True)
    effect = np.nanmedian(np.where(some, centred, 0), axis=2)
    level, spread = pairs[index]
    bare = Surface(level, spread, effect, np.ones((len(_BLOCKS_PX), pixels.shape[1])))
    residuals = [
        without_date_effect(part, [bare], np.where(where == index, 0, -1))
        for part, where in zip(parts, maps, strict=True)
    ]
    return dataclasses.replace(bare, inflation=_inflation(residuals, images_after))


def _inflation(residuals: list[FloatArray], images_after: int) -> FloatArray:
    """Variance of steps between block means over that of independent pixels and images, by block size."""
    n_time, n_pol = residuals[0].shape[:2]
    after = min(images_after, n_time - 1)
    white = 1 / after + 1 / (n_time - after)
    single = np.concatenate([np.diff(part, axis=0).reshape(n_time - 1, n_pol, -1) for part in residuals], axis=2)
    count = np.isfinite(single).sum(axis=0)
    seen = (count > 0).all(axis=0)
    variance = np.median((np.nansum(single**2, axis=0) / np.maximum(2 * count, 1))[:, seen], axis=1)
    out = np.full((len(_BLOCKS_PX), n_pol), np.nan)
    for row, size in enumerate(_BLOCKS_PX):
        blocks = np.concatenate([_block_means(part, size) for part in residuals], axis=2)
        if blocks.shape[2] < _FEWEST_BLOCKS:
            break
        steps = [
            np.nanmean(blocks[start : start + after], axis=0)
            - np.nanmean(np.delete(blocks, np.s_[start : start + after], axis=0), axis=0)
            for start in np.unique(np.linspace(0, n_time - after, 6).astype(int))
        ]
        gathered = np.concatenate(steps, axis=1)
        spread = _SIGMA_OF_MAD * np.median(np.abs(gathered - np.median(gathered, axis=1, keepdims=True)), axis=1)
        out[row] = spread**2 / (variance * white) * size**2
    measured = np.isfinite(out[:, 0])
    if not measured.any():
        return np.ones_like(out)
    # beyond the largest block measured nothing more is gained: its variance stands for all larger ones
    last = int(np.flatnonzero(measured)[-1])
    out[last + 1 :] = out[last] * (np.array(_BLOCKS_PX[last + 1 :]) ** 2 / _BLOCKS_PX[last] ** 2)[:, None]
    return np.maximum.accumulate(np.maximum(out, 1.0), axis=0)


def _block_means(residual: FloatArray, size: int) -> FloatArray:
    """(time, polarisation, block) means of whole blocks without gaps in any image."""
    n_time, n_pol, height, width = residual.shape
    rows, cols = height // size, width // size
    cut = residual[:, :, : rows * size, : cols * size].reshape(n_time, n_pol, rows, size, cols, size)
    means = cut.mean(axis=(3, 5)).reshape(n_time, n_pol, -1)
    return np.asarray(means[:, :, np.isfinite(means).all(axis=(0, 1))])
