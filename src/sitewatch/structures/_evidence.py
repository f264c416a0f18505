"""How well each pixel's series fits a step of a structure's own size at each image, against no step at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from sitewatch.change import Covariance, StepFilter, despiked_steps
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._window import Window

# A structure's texture is never taken to be finer than this (natural log of power), nor its steps more alike over
# polarisations than this correlation.
SMALLEST_TEXTURE = 0.15
CLOSEST_CORRELATION = 0.95
# Share of the images since a step, and the fewest and most of them, that tell whether what came is still there.
LAST_SHARE = 0.35
FEWEST_LAST, MOST_LAST = 3, 12


@dataclasses.dataclass(frozen=True)
class Steps:
    """Generalised least squares estimates of a step at every image, for some pixels of a window.

    Attributes
    ----------
    rows, columns
        Where the pixels lie in the window.
    size
        [step, polarisation, pixel], step between images ``step`` and ``step + 1``, natural log.
    variance
        [step, polarisation, pixel], of that estimate where nothing changed.
    series
        [time, polarisation, pixel], ln power less date effects, passing things cut down.
    scatter, slow
        [polarisation, pixel], variance of one image of it, and of what drifts slowly.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    size: NDArray[np.float32]
    variance: NDArray[np.float32]
    series: NDArray[np.float32]
    scatter: NDArray[np.float64]
    slow: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Typical:
    """How much the pixels of one structure changed.

    Attributes
    ----------
    mean
        [polarisation], natural log.
    spread
        [polarisation, polarisation], covariance from pixel to pixel: the structure's texture against the ground's.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


def steps_of(
    window: Window,
    chosen: NDArray[np.bool_],
    filters: Mapping[tuple[int, int], StepFilter],
    covariances: Mapping[tuple[int, int], Covariance],
) -> Steps:
    """Estimate every step of the chosen pixels [y, x] of a window."""
    rows, columns = np.nonzero(chosen)
    rest = window.residual[:, :, rows, columns]
    n_time, n_pol, n_pixel = rest.shape
    size = np.empty((n_time - 1, n_pol, n_pixel), np.float32)
    variance = np.empty_like(size)
    series = np.empty((n_time, n_pol, n_pixel), np.float32)
    scatter, slow = np.empty((n_pol, n_pixel)), np.empty((n_pol, n_pixel))
    water = window.water[rows, columns]
    for stratum, members in ((0, water), (1, ~water)):
        if not members.any():
            continue
        for pol in range(n_pol):
            parts = covariances[stratum, pol]
            one = despiked_steps(rest[:, pol, members], filters[stratum, pol], parts)
            size[:, pol, members], variance[:, pol, members], series[:, pol, members] = one
            scatter[pol, members], slow[pol, members] = parts.nugget, sum(parts.drift) + parts.season
    return Steps(rows, columns, size, variance, series, scatter, slow)


def typical_step(size: NDArray[np.float64], variance: NDArray[np.float64]) -> Typical:
    """Robust mean and covariance over pixels of their steps, the estimates' own errors taken off.

    Parameters
    ----------
    size, variance
        [polarisation, pixel], estimated steps and the variances of the estimates.
    """
    mean = np.median(size, axis=1)
    deviation = size - mean[:, None]
    # Few pixels hug their own median: widen as for n - 1 degrees of freedom.
    few = size.shape[1] / max(size.shape[1] - 1.0, 1.0)
    total = (MAD_TO_SD * np.median(np.abs(deviation), axis=1)) ** 2 * few
    own = np.maximum(total - np.median(variance, axis=1), SMALLEST_TEXTURE**2)
    spread = np.diag(own)
    for a in range(len(own)):
        for b in range(a):
            # Gnanadesikan and Kettenring 1972: covariances from the robust spreads of sums and differences.
            both = [MAD_TO_SD * np.median(np.abs(deviation[a] + sign * deviation[b])) for sign in (1.0, -1.0)]
            limit = CLOSEST_CORRELATION * np.sqrt(own[a] * own[b])
            spread[a, b] = spread[b, a] = np.clip(0.25 * (both[0] ** 2 - both[1] ** 2), -limit, limit)
    return Typical(mean, spread)


def log_bayes_factor(steps: Steps, typical: Typical) -> NDArray[np.float64]:
    """[step, pixel], log of how much likelier the series is with a step there of the structure's size than with none.

    With d the estimate and v its variance, the exact marginal likelihood ratio N(d; m, S + v) / N(d; 0, v) of a
    Gaussian step of unknown size whose prior is the structure's own, N(m, S).
    """
    size, variance = steps.size.astype(float), steps.variance.astype(float)
    n_pol = size.shape[1]
    none = -0.5 * (size**2 / variance + np.log(variance)).sum(axis=1)
    deviation = size - typical.mean[:, None]
    if n_pol == 1:
        total = typical.spread[0, 0] + variance[:, 0]
        return np.asarray(-0.5 * (deviation[:, 0] ** 2 / total + np.log(total)) - none)
    if n_pol == 2:
        a, d = typical.spread[0, 0] + variance[:, 0], typical.spread[1, 1] + variance[:, 1]
        b = typical.spread[0, 1]
        determinant = a * d - b * b
        x, y = deviation[:, 0], deviation[:, 1]
        return np.asarray(-0.5 * ((d * x * x - 2 * b * x * y + a * y * y) / determinant + np.log(determinant)) - none)
    full = typical.spread + variance.transpose(0, 2, 1)[..., None] * np.eye(n_pol)
    solved = np.linalg.solve(full, deviation.transpose(0, 2, 1)[..., None])[..., 0]
    distance = (solved * deviation.transpose(0, 2, 1)).sum(axis=-1)
    return np.asarray(-0.5 * (distance + np.linalg.slogdet(full)[1]) - none)


def log_odds_of_staying(steps: Steps, image: NDArray[np.intp]) -> NDArray[np.float64]:
    """[pixel], log of how much likelier the last images are if what came has stayed than if it has left again.

    The mean of the last images against the pixel's own levels before its step and from then to those images; 0 where
    too few images follow.

    Parameters
    ----------
    image
        [pixel], first image after each pixel's step.
    """
    n_time = steps.series.shape[0]
    last = np.clip(np.round(LAST_SHARE * (n_time - image)), FEWEST_LAST, MOST_LAST).astype(int)
    since = n_time - last - image
    sums = np.concatenate([np.zeros((1, *steps.series.shape[1:])), np.cumsum(steps.series, axis=0, dtype=float)])
    pixel = np.arange(image.size)
    begin, middle, end = sums[image, :, pixel].T, sums[n_time - last, :, pixel].T, sums[n_time, :, pixel].T
    late = (end - middle) / last
    gone = late - begin / image
    stayed = late - (middle - begin) / np.maximum(since, 1)
    left, right = (steps.scatter * (1.0 / last + 1.0 / np.maximum(count, 1)) + steps.slow for count in (image, since))
    one = 0.5 * (gone**2 / left - stayed**2 / right + np.log(left / right))
    return np.where(since >= FEWEST_LAST, one.sum(axis=0), 0.0)


def posterior(log_weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """[step, pixel], weights that sum to one over the steps."""
    return np.asarray(np.exp(log_weight - logsumexp(log_weight, axis=0)))
