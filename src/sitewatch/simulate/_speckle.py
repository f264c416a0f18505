"""Speckle: gamma noise of a stated number of looks whose neighbours are correlated by the sensor's point spread."""

from __future__ import annotations

import functools

import numpy as np
from scipy import special, stats

from sitewatch.simulate._fields import FloatArray, Shape, correlated_normal


def speckle(
    rng: np.random.Generator, shape: Shape, *, enl: float, point_spread_px: tuple[float, float] = (0.0, 0.0)
) -> FloatArray:
    """Multiplicative speckle of mean 1 and variance 1/ENL, exactly gamma distributed in every pixel.

    For a complex impulse response of Gaussian shape whose intensity has the standard deviation s, the intensity of
    fully developed speckle has the autocorrelation ``exp(-d^2 / (4 s^2))`` (the squared modulus of the complex one;
    Goodman 2007, Speckle Phenomena in Optics, ch. 4). A normal field with this autocorrelation is mapped pixel by pixel
    onto the gamma law, so that the marginal law holds at any ENL, whole or not, *after* the correlation is in; the
    mapping lowers the correlation itself by one or two hundredths.

    Parameters
    ----------
    rng
        Source of randomness.
    shape
        Rows, columns.
    enl
        Equivalent number of looks of the result (not of what goes into the blur).
    point_spread_px
        Standard deviation of the intensity's point spread along rows and columns, in pixels.

    Returns
    -------
    float32 array (y, x), mean 1.
    """
    normal_scores, gamma_scores = _quantile_table(float(enl))
    field = correlated_normal(rng, shape, point_spread_px)
    return np.interp(field, normal_scores, gamma_scores).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _quantile_table(enl: float) -> tuple[FloatArray, FloatArray]:
    """Standard normal scores and the Gamma(enl, 1/enl) quantiles of the same probability."""
    scores = np.linspace(-7, 7, 8001)
    # each half from its own tail: 1 - p loses all digits far out
    lower = stats.gamma.ppf(special.ndtr(np.minimum(scores, 0)), enl, scale=1 / enl)
    upper = stats.gamma.isf(special.ndtr(-np.maximum(scores, 0)), enl, scale=1 / enl)
    return scores, np.where(scores < 0, lower, upper)
