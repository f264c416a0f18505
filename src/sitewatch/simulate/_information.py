"""How much speckled images can tell: divergence between two levels, and the power of the test that compares them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from sitewatch.simulate._fields import FloatArray

Numbers = float | npt.NDArray[np.floating]


def gamma_divergence(ratio: Numbers, looks: Numbers = 1.0) -> FloatArray:
    """Kullback-Leibler divergence of one image's pixel after a change from what it was before, in nats.

    ``looks * (ratio - 1 - ln ratio)`` for gamma laws of the same shape, `ratio` the mean after over the mean before
    (both linear).
    """
    return np.asarray(np.asarray(looks) * (np.asarray(ratio) - 1 - np.log(ratio)))


def step_information(ratio: Numbers, images_before: Numbers, images_after: Numbers) -> FloatArray:
    """Log likelihood ratio of a step against no step at the true means, for one look of one pixel, in nats.

    ``(k0 + k1) ln m - k0 ln m0 - k1 ln m1`` with m the mean of all k0 + k1 images; where both levels must be learned
    from the images this replaces the divergence, and tends to ``images_after * gamma_divergence(ratio)`` as the images
    before grow many.
    """
    before, after = np.asarray(images_before, dtype=float), np.asarray(images_after, dtype=float)
    total = before + after
    ratio = np.asarray(ratio, dtype=float)
    return np.asarray(total * np.log((before + after * ratio) / np.maximum(total, 1)) - after * np.log(ratio))


def kept_along(side: Numbers, sigma: float) -> FloatArray:
    """Share of a stripe's contrast left inside it after a Gaussian blur of standard deviation `sigma` across it.

    A rectangle keeps the product of its two sides' shares.
    """
    u = np.asarray(side, dtype=float) / (np.sqrt(2) * max(sigma, 1e-9))
    return np.asarray(special.erf(u) + np.expm1(-(u**2)) / (u * np.sqrt(np.pi)))


def detection_probability(information: Numbers, channels: int, false_alarm: Numbers) -> FloatArray:
    """Chance that the likelihood-ratio test of a step finds it.

    Twice the log likelihood ratio is chi-square with one degree a channel when nothing changed, and noncentral with
    twice the information when something did (Wald 1943).

    Parameters
    ----------
    information
        Of all pixels, looks, images and channels together, nats.
    channels
        Independent polarisations.
    false_alarm
        Chance that one such test raises when nothing changed.
    """
    threshold = stats.chi2.isf(np.asarray(false_alarm), channels)
    return np.asarray(stats.ncx2.sf(threshold, channels, 2 * np.maximum(information, 1e-12)))


def information_needed(probability: float, channels: int, false_alarm: float) -> float:
    """Information, in nats, at which `detection_probability` reaches a probability."""
    threshold = float(stats.chi2.isf(false_alarm, channels))
    return float(special.chndtrinc(threshold, channels, 1 - probability)) / 2


def looks_of_variance(log_variance: Numbers) -> FloatArray:
    """Effective number of looks whose log intensity has a given variance: trigamma(n) = variance."""
    looks = np.geomspace(0.05, 5000, 4000)
    variance = special.polygamma(1, looks)[::-1]
    return np.asarray(np.interp(np.asarray(log_variance), variance, looks[::-1]))
