"""The log ratio of two images, averaged until little of it is speckle.

A ratio cancels what multiplies both images, terrain above all, and turns speckle into an additive error of one variance
on bright and dark ground alike (Rignot and van Zyl 1993; Dekker 1998). Amplitudes are averaged before the ratio is
taken, and a floor is added to both, so that the noise of dark water is no change.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.optimize import brentq

from sitewatch.change._enl import kernel_width
from sitewatch.change._gamma import inverse_trigamma
from sitewatch.change._robust import MAD_TO_SD

# dB of power for one unit of ln amplitude.
DB_PER_LOG_AMPLITUDE = 20.0 / np.log(10.0)
# Added to both amplitudes, as a share of their mean: 14 dB below the mean, where the noise of many radars lies.
FLOOR_SHARE = 0.2
# Speckle that averaging may leave in the log ratio, ln amplitude (1.45 dB): a change of 6 dB is four times as large.
SPECKLE_LEFT = 1.0 / 6.0
# Kernels are told by their sd along an axis, pixels. A single pixel, of area 1 = 4 pi sd^2, is as wide as this.
PIXEL_WIDTH = float(1.0 / np.sqrt(4.0 * np.pi))
# Ground that looks smoother than this in the ratio is taken to be so by itself, not through the imaging.
MOST_WIDTH = 3.0
# Averaging over more than this would hide what is built.
MOST_SIGMA = 5.0
FEWEST_DIFFERENCES = 30


@dataclasses.dataclass(frozen=True)
class RatioSpeckle:
    """Speckle of the log ratio before averaging.

    Attributes
    ----------
    sd
        Of one pixel, ln amplitude; 0 where the images are too small or too even to tell.
    width
        (y, x), sd in pixels of the Gaussian kernel through which white speckle would hang together as this does.
    """

    sd: float
    width: tuple[float, float]

    @property
    def looks(self) -> float:
        """Looks of one image: var ln amplitude of a ratio is 2 psi1(n) / 4; inf without speckle."""
        return float(inverse_trigamma(2.0 * self.sd**2))

    def averaging(self) -> tuple[float, float]:
        """(y, x), sd in pixels of the Gaussian that leaves `SPECKLE_LEFT`.

        A Gaussian of sd s over speckle of kernel w divides its variance by 1 + (s / w)^2.
        """
        gain = max((self.sd / SPECKLE_LEFT) ** 2, 1.0)
        reach = np.sqrt(gain - 1.0)
        return min(self.width[0] * reach, MOST_SIGMA), min(self.width[1] * reach, MOST_SIGMA)

    def cell_pixels(self, sigma: tuple[float, float]) -> float:
        """Pixels that tell as much as one after averaging: 4 pi times the kernel's variance."""
        return float(4.0 * np.pi * np.prod([np.hypot(w, s) for w, s in zip(self.width, sigma, strict=True)]))


def amplitude_floor(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Amplitude below which ratios say nothing, from amplitudes [y, x] with NaN for no data."""
    mean = 0.5 * float(np.nanmean(before) + np.nanmean(after))
    return FLOOR_SHARE * mean if mean > 0 else 1.0


def log_ratio(
    before: NDArray[np.float64], after: NDArray[np.float64], floor: float, sigma: tuple[float, float]
) -> NDArray[np.float64]:
    """Natural logarithm of the ratio of averaged amplitudes, after over before, a floor added to both.

    Parameters
    ----------
    before, after
        [y, x], amplitudes; NaN at the same pixels.
    floor
        Amplitude added to both.
    sigma
        (y, x), sd of the Gaussian to average over, pixels; 0 for none.

    Returns
    -------
    [y, x]; NaN where the images are.
    """
    known = np.isfinite(before)
    weight = _smooth(known.astype(float), sigma)
    means = [_smooth(np.where(known, image, 0.0), sigma) for image in (before, after)]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log((means[1] / weight + floor) / (means[0] / weight + floor))
    return np.where(known, ratio, np.nan)


def measure_speckle(before: NDArray[np.float64], after: NDArray[np.float64], floor: float) -> RatioSpeckle:
    """Speckle of the log ratio from differences between neighbours, which slow changes of the ground hardly touch.

    Neighbours at distance h differ by the variance 2 sd^2 (1 - rho^(h^2)) if the kernel is Gaussian, so that the
    differences at one and two pixels give rho and the sd. Medians keep edges and changes out. Pixels without signal in
    both images say nothing of speckle and are left out.

    Parameters
    ----------
    before, after, floor
        As for `log_ratio`.
    """
    ratio = log_ratio(before, after, floor, (0.0, 0.0))
    ratio[~has_signal(before, after)] = np.nan
    found = [_along(ratio, axis) for axis in (0, 1)]
    sds = [sd for sd, _ in found if np.isfinite(sd)]
    return RatioSpeckle(float(np.mean(sds)) if sds else 0.0, (found[0][1], found[1][1]))


def has_signal(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[y, x], pixels with data that are not 0 in both images."""
    return np.isfinite(before) & ((before > 0) | (after > 0))


def _smooth(values: NDArray[np.float64], sigma: tuple[float, float]) -> NDArray[np.float64]:
    return ndi.gaussian_filter(values, sigma, mode="nearest") if max(sigma) > 0 else values


def _along(ratio: NDArray[np.float64], axis: int) -> tuple[float, float]:
    """Sd of one pixel and kernel width along an axis; NaN and a pixel's width where there is too little."""
    variance = []
    values = np.moveaxis(ratio, axis, 0)
    for lag in (1, 2):
        differences = np.abs(values[lag:] - values[:-lag])
        differences = differences[np.isfinite(differences)]
        if differences.size < FEWEST_DIFFERENCES:
            return float("nan"), PIXEL_WIDTH
        variance.append((MAD_TO_SD * float(np.median(differences))) ** 2)
    near, far = variance
    if far == 0.0:
        return 0.0, PIXEL_WIDTH
    # (1 - rho) / (1 - rho^4) falls from 1 to 1/4; a kernel of sd w has rho = exp(-1 / (4 w^2)).
    widest = float(np.exp(-0.25 / MOST_WIDTH**2))
    narrowest = float(np.exp(-0.25 / PIXEL_WIDTH**2))

    def excess(rho: float) -> float:
        return 1.0 / ((1.0 + rho) * (1.0 + rho * rho)) - near / far

    if excess(narrowest) <= 0.0:
        rho = narrowest
    elif excess(widest) >= 0.0:
        rho = widest
    else:
        rho = float(brentq(excess, narrowest, widest))
    return float(np.sqrt(far / (2.0 * (1.0 - rho**4)))), kernel_width(rho)
