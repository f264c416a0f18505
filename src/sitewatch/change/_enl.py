"""How much the speckle scatters: equivalent number of looks (ENL) and its correlation between neighbours.

Two estimates complement each other: `temporal_enl` sees all that scatters between dates at a stable pixel, so speckle
and local jitter together (the effective looks that tests need), `spatial_enl` sees the speckle of single images, but
only where the ground is even.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, stats

from sitewatch.change._gamma import inverse_trigamma, trigamma
from sitewatch.errors import ChangeError

# Steps of the histogram over ln(CV^2) in which the mode is sought, and its smoothing in units of the expected spread.
_BINS_PER_SPREAD = 20
_SMOOTHING = 0.5
# Squared coefficients of variation of so few pixels are more skewed than a gamma variable, which lifts the looks at
# their mode by this over the number of pixels (measured on simulated speckle, 1 to 20 looks, windows of 5, 7 and 9).
_SKEWNESS = 2.3
# Differences larger than this share of those between stable images are taken as changes.
_STABLE_SHARE = 0.99


@dataclasses.dataclass(frozen=True)
class SpeckleCorrelation:
    """Spatial correlation of speckle and what it costs.

    Attributes
    ----------
    coefficients
        [2 lag + 1, 2 lag + 1], autocorrelation over shifts in y and x; 1 in the middle.
    area
        Sum of the coefficients: pixels that carry the information of one when values are averaged or log-likelihoods
        summed. N pixels count as N / area.
    squared_area
        Sum of the squared coefficients: the same for estimates of a variance.
    """

    coefficients: NDArray[np.float64]
    area: float
    squared_area: float


def _difference_quantile(looks: float, quantile: float) -> float:
    """Quantile of |ln I_2 - ln I_1| for two images of so many looks; I_2 / I_1 follows F(2n, 2n)."""
    return float(np.log(stats.f.isf(0.5 * (1.0 - quantile), 2.0 * looks, 2.0 * looks)))


def _looks_with_difference(observed: float, quantile: float) -> float:
    """Looks for which that quantile of the differences is as observed; NaN outside 0.05 to 100 000 looks."""
    few, many = 0.05, 1e5
    if not _difference_quantile(few, quantile) > observed > _difference_quantile(many, quantile):
        return float("nan")
    return float(optimize.brentq(lambda n: _difference_quantile(n, quantile) - observed, few, many, rtol=1e-9))


def temporal_enl(
    power: NDArray[np.floating], *, stable: NDArray[np.bool_] | None = None, quantile: float = 0.5
) -> float:
    """Effective looks from how much stable pixels scatter from date to date.

    Ratios of successive images follow F(2n, 2n), whatever the pixel's level, so a quantile of |ln I_t - ln I_{t-1}|
    over all pixels and dates gives n. A step spoils one difference of its series and slow drift none; differences
    larger than 99 in 100 of stable ones are left out, and the law is cut at the same place.

    For speckle that is not quite gamma-distributed (averages of unequal looks) the result is the n whose middle fits,
    which is more than the mean squared over the variance: see docs/statistics-omnibus.md.

    Parameters
    ----------
    power
        [time, y, x] linear power divided by the date's effect; NaN for missing.
    stable
        [y, x], pixels to use; all without it.
    quantile
        Which quantile to match; a higher one minds the tails more and changed pixels too.

    Returns
    -------
    Effective looks; NaN where there are no two images to compare.
    """
    if power.ndim != 3 or not 0 < quantile < 1:
        raise ChangeError(f"Looks are estimated from [time, y, x] and a quantile, not {power.shape} and {quantile}")
    series = power.reshape(power.shape[0], -1)
    if stable is not None:
        series = series[:, stable.ravel()]
    previous = np.full(series.shape[1], np.nan)
    found = []
    for row in series:
        with np.errstate(invalid="ignore"):
            logs = np.log(np.where(row > 0, row, np.nan).astype(np.float64))
        difference = np.abs(logs - previous)
        found.append(difference[np.isfinite(difference)])
        previous = np.where(np.isfinite(logs), logs, previous)
    pooled = np.sort(np.concatenate(found)) if found else np.empty(0)
    if pooled.size == 0 or pooled[-1] == 0:
        return float("nan")
    kept = pooled.size
    looks = float("nan")
    for _ in range(50):
        updated = _looks_with_difference(float(np.quantile(pooled[:kept], quantile)), quantile * _STABLE_SHARE)
        if np.isnan(updated) or abs(updated - looks) < 1e-6 * looks:
            return updated
        looks = updated
        kept = max(int(np.searchsorted(pooled, _difference_quantile(looks, _STABLE_SHARE), side="right")), 1)
    return looks


def _mode(values: NDArray[np.float64], spread: float) -> float:
    """Most frequent value, from a histogram smoothed with a Gaussian of a fraction of `spread`."""
    width = spread / _BINS_PER_SPREAD
    low = np.floor(values.min() / width) * width
    histogram = np.bincount(((values - low) / width).astype(int)).astype(float)
    smooth = ndimage.gaussian_filter1d(np.pad(histogram, 40), _SMOOTHING * _BINS_PER_SPREAD, mode="constant")
    peak = int(np.argmax(smooth))
    # Parabola through the peak and its neighbours.
    left, top, right = smooth[peak - 1 : peak + 2]
    shift = 0.5 * (left - right) / (left - 2.0 * top + right) if left - 2.0 * top + right < 0 else 0.0
    return float(low + (peak - 40 + 0.5 + shift) * width)


def spatial_enl(power: NDArray[np.floating], *, window: int = 7, area: float = 1.0) -> float:
    """Looks of single images, from the most frequent coefficient of variation in small windows.

    On even ground the squared coefficient of variation CV^2 of N pixels of n looks estimates 1/n; texture and edges
    only raise it, so the mode of ln(CV^2) over all windows and dates is that of even ground. (For a gamma-distributed
    estimate the mode of the logarithm lies at the logarithm of the mean.) Two biases of small windows are taken off:
    the mean of CV^2 is 1/(n + 1/N) and its mode a little lower still, and neighbours that are alike make a window
    scatter by a factor 1 - area/N less.

    Parameters
    ----------
    power
        [time, y, x] or [y, x] linear power; windows with NaN are left out.
    window
        Side of the window in pixels, odd.
    area
        `SpeckleCorrelation.area` of the image, 1 for uncorrelated speckle.

    Returns
    -------
    Looks; NaN where no window is complete.
    """
    if power.ndim not in (2, 3) or window < 3 or window % 2 == 0:
        raise ChangeError(f"Looks can't be estimated from shape {power.shape} in windows of {window} pixels")
    images = power if power.ndim == 3 else power[None]
    half = window // 2
    number = float(window * window)
    logs = []
    for image in images:
        if min(image.shape) < window:
            continue
        values = image.astype(np.float64)
        mean = ndimage.uniform_filter(values, window)
        # The running sums of the filter carry NaN along, so windows with NaN are found separately.
        bad = ~np.isfinite(values)
        if bad.any():
            values = np.where(bad, 0.0, values)
            mean = ndimage.uniform_filter(values, window)
        square = ndimage.uniform_filter(values * values, window)
        usable = (mean > 0) & ~ndimage.maximum_filter(bad, window)
        inner = (slice(half, image.shape[0] - half), slice(half, image.shape[1] - half))
        mean, square, usable = mean[inner], square[inner], usable[inner]
        variation = (square[usable] / mean[usable] ** 2 - 1.0) * number / (number - 1.0)
        logs.append(np.log(variation[variation > 1e-12]))
    pooled = np.concatenate(logs) if logs else np.empty(0)
    if pooled.size == 0:
        return float("nan")
    independent = number / max(area, 1.0)
    looks = float(np.exp(-np.median(pooled)))
    for _ in range(2):
        # Spread of ln(CV^2) on even ground: of a variance from so many values, given the mean.
        looks = float(np.exp(-_mode(pooled, np.sqrt((2.0 + 2.0 / looks) / independent))))
    # (N - area) / (N - 1) is what the window's variance keeps of the true one.
    keep = (number - area) / (number - 1.0)
    return max(float(looks * keep - 1.0 / independent - _SKEWNESS / number), 0.0)


def speckle_correlation(residuals: NDArray[np.floating], *, lag: int = 3) -> SpeckleCorrelation:
    """Autocorrelation of log-residuals in space, averaged over dates.

    Parameters
    ----------
    residuals
        [time, y, x] natural logarithm of power less its pixel's mean and the date's effect; NaN for what doesn't count
        (changed pixels, no image).
    lag
        Largest shift in pixels.

    Returns
    -------
    Correlation. Coefficients within twice their own standard error are taken as 0, lest noise adds up over the shifts.
    """
    if residuals.ndim != 3 or lag < 0:
        raise ChangeError(f"Correlation needs [time, y, x] and a lag of 0 or more, not {residuals.shape} and {lag}")
    values = residuals.astype(np.float64)
    known = np.isfinite(values)
    dates = np.maximum(known.sum(axis=0), 1)
    # Taking off each pixel's mean lowers every product by (k - 1) / k alike, so their ratio stays.
    values = np.where(known, values - np.where(known, values, 0.0).sum(axis=0) / dates, 0.0)
    side = 2 * lag + 1
    coefficients = np.zeros((side, side))
    coefficients[lag, lag] = 1.0
    _, n_y, n_x = values.shape
    power = (values**2).sum() / max(int(known.sum()), 1)
    for dy in range(lag + 1):
        for dx in range(-lag, lag + 1):
            if (dy == 0 and dx <= 0) or dy >= n_y or abs(dx) >= n_x or power == 0:
                continue
            here = (slice(None), slice(0, n_y - dy), slice(max(-dx, 0), n_x - max(dx, 0)))
            there = (slice(None), slice(dy, n_y), slice(max(dx, 0), n_x - max(-dx, 0)))
            pairs = int((known[here] & known[there]).sum())
            if pairs == 0:
                continue
            value = float((values[here] * values[there]).sum() / pairs / power)
            if abs(value) > 2.0 / np.sqrt(pairs):
                coefficients[lag + dy, lag + dx] = coefficients[lag - dy, lag - dx] = value
    return SpeckleCorrelation(coefficients, max(float(coefficients.sum()), 1.0), float((coefficients**2).sum()))


def kernel_width(alike: float) -> float:
    """Standard deviation, pixels, of the Gaussian point spread whose speckle correlates so from a pixel to the next.

    Through a kernel of sd s white speckle correlates by exp(-h^2 / (4 s^2)) at distance h.
    """
    return float(np.sqrt(-0.25 / np.log(alike)))


def looks_with_jitter(looks: float, jitter: float) -> float:
    """Effective looks n_e, psi1(n_e) = psi1(looks) + jitter, for a local jitter of that variance of ln(power)."""
    return float(inverse_trigamma(trigamma(looks) + max(jitter, 0.0)))
