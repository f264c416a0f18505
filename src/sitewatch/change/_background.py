"""What the surfaces of a site do when nothing is built: strata, date effects and scatter.

Model (design.md): ln I(x,t) = ln mu(x,t) + a(g(x),t) + v(x,t) + ln s, with a the date's effect on stratum g (wind on
the sea, rain on the land), v a local jitter of variance tau2(g) and s gamma speckle of mean one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numba import prange
from numpy.typing import NDArray
from scipy.special import polygamma

from sitewatch.change._elementary import quick_log_32
from sitewatch.change._gamma import inverse_trigamma
from sitewatch.change._numba import parallel_kernel
from sitewatch.change._order import median_over_time, quantile_over_time
from sitewatch.change._robust import MAD_TO_SD

WATER, LAND = 0, 1
STRATA = ("water", "land")
SMALLEST_FLOOR = 1e-6
DB_PER_LOG = 10.0 / np.log(10.0)
# Calibrated gamma0 at C band: calm water lies below, land above, in nearly every scene (dB, co-polarised).
CALM_WATER_DB = -17.5
# Land's date effects stay within about this; a stratum whose level swings more is water (dB, sd over dates).
LAND_SWING_DB = 2.0
# Two modes are apart when Ashman's D exceeds this (Ashman, Bird and Zepf 1994, eq. 2: 2 is the minimum).
CLEAR_SEPARATION = 2.6
FEWEST = 40
# A pixel's calm level is this quantile over time.
CALM_SHARE = 0.1
# A date effect that falls once by so many times its own swing is a change of the ground; wind's falls are a fraction.
LASTING_DROP_SD = 4.0
FEWEST_SIDE = 3


@dataclasses.dataclass(frozen=True)
class Background:
    """Behaviour in time of a track's strata.

    Attributes
    ----------
    calm_limit
        Pixels whose 10 % quantile over time of the first polarisation's ln power lies below it are water; -inf
        where the site has no water, +inf where it has no land.
    effect
        [stratum, polarisation, time], the date effect a, natural log; zero median over time.
    level
        [stratum, polarisation], median level over the stable pixels, natural log.
    scatter
        [stratum, polarisation], robust sd of ln I about level and date effect, one pixel, one date.
    looks
        Equivalent number of looks n of pure speckle, as used.
    effective_looks
        [stratum, polarisation], n_e with trigamma(n_e) = trigamma(n) + tau2.
    present
        [stratum], whether the stratum has enough pixels to be known.
    floor
        Linear power below which pixels are clipped before logarithms.
    """

    calm_limit: float
    effect: NDArray[np.float64]
    level: NDArray[np.float64]
    scatter: NDArray[np.float64]
    looks: float
    effective_looks: NDArray[np.float64]
    present: NDArray[np.bool_]
    floor: float = SMALLEST_FLOOR

    def jitter_variance(self) -> NDArray[np.float64]:
        """[stratum, polarisation], tau2 = variance of ln I beyond speckle, never negative."""
        return np.maximum(self.scatter**2 - float(polygamma(1, self.looks)), 0.0)


def log_power(power: NDArray[np.float32], floor: float, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Natural logarithm of linear power, clipped from below so that a true zero stays finite; NaN stays NaN.

    Written into `out` where it is given (contiguous, of the same shape; `power` itself will do).
    """
    target = np.empty(power.shape, np.float32) if out is None else out
    _log_clipped(np.ascontiguousarray(power, np.float32).reshape(-1), np.float32(floor), target.reshape(-1))
    return target


@parallel_kernel
def _log_clipped(power: NDArray[np.float32], floor: np.float32, out: NDArray[np.float32]) -> None:
    for i in prange(power.size):
        value = power[i]
        log = quick_log_32(value if value > floor else floor)
        out[i] = log if value == value else value


def power_floor(power: NDArray[np.float32]) -> float:
    """Half the least positive power of a sample: what a zero stands for where pixels are rounded (8-bit images)."""
    least = float(np.min(power, where=power > 0, initial=np.inf))
    return max(0.5 * least, SMALLEST_FLOOR) if np.isfinite(least) else SMALLEST_FLOOR


def calm_level(log_first: NDArray[np.float32]) -> NDArray[np.float32]:
    """10 % quantile over time (axis 0): the level on calm dates, at which water is darkest.

    NaN where a pixel has no image.
    """
    return quantile_over_time(log_first, CALM_SHARE)


def date_effect(log_values: NDArray[np.float32], rounds: int = 3) -> NDArray[np.float64]:
    """Common effect of each date on a set of pixels, by alternating medians.

    Parameters
    ----------
    log_values
        [time, pixel], natural log, NaN allowed.

    Returns
    -------
    [time], zero median. Dates without any pixel get 0.
    """
    effect = np.zeros(log_values.shape[0])
    for _ in range(rounds):
        level = median_over_time(log_values - effect[:, None].astype(np.float32))
        effect = np.nan_to_num(median_over_time((log_values - level).T)).astype(float)
        effect -= np.median(effect)
    return effect


def _split(calm: NDArray[np.float32]) -> tuple[float, float]:
    """Otsu's threshold (1979) of the calm level and Ashman's D of the two sides."""
    counts, edges = np.histogram(calm, 128)
    middle = 0.5 * (edges[:-1] + edges[1:])
    below = np.cumsum(counts)
    mass = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mass[-1] * below / below[-1] - mass) ** 2 / (below * (below[-1] - below))
    threshold = float(middle[int(np.nanargmax(np.where(np.isfinite(between), between, -1.0)))])
    dark, bright = calm[calm < threshold], calm[calm >= threshold]
    if min(dark.size, bright.size) < FEWEST:
        return threshold, 0.0
    spread = float(np.sqrt(0.5 * (_spread(dark) ** 2 + _spread(bright) ** 2)))
    return threshold, float(abs(np.median(bright) - np.median(dark)) / max(spread, 1e-6))


def _spread(values: NDArray[np.float32]) -> float:
    low, high = np.percentile(values, [16, 84])
    return float(high - low) / 2


def _swing_db(log_values: NDArray[np.float32]) -> float:
    """Swing of a surface's level from date to date, dB (sd)."""
    return float(np.std(date_effect(log_values))) * DB_PER_LOG


def _turned_dark(log_values: NDArray[np.float32]) -> bool:
    """Whether a surface's date effect is one lasting drop: ground that darkened for good, not water.

    Wind moves the sea up and down from date to date; a drop that parts the record in two leaves little swing within
    the parts.
    """
    effect = date_effect(log_values) * DB_PER_LOG
    if effect.size < 2 * FEWEST_SIDE:
        return False
    best = 0.0
    for first in range(FEWEST_SIDE, effect.size - FEWEST_SIDE + 1):
        before, after = effect[:first], effect[first:]
        within = np.sqrt((before.var() * first + after.var() * after.size) / effect.size)
        best = max(best, float(before.mean() - after.mean()) / max(float(within), 0.1))
    return best > LASTING_DROP_SD


def water_limit(log_first: NDArray[np.float32], calibrated: bool) -> float:
    """Calm level (ln power) that parts water from land; -inf without water, +inf without land.

    Two clearly separate modes of the calm level count as water and land when the darker one also moves more from
    date to date (wind) or is as dark as calm water, and did not turn dark for good within the record; else the site
    is of one kind, told by level and movement.
    """
    calm = calm_level(log_first)
    calm = calm[np.isfinite(calm)]
    if calm.size < FEWEST:
        return float("-inf")
    threshold, separation = _split(calm)
    everywhere = calm_level(log_first)
    if separation > CLEAR_SEPARATION:
        dark = log_first[:, everywhere < threshold]
        bright = log_first[:, everywhere >= threshold]
        dark_level = float(np.median(calm[calm < threshold])) * DB_PER_LOG
        moves = _swing_db(dark) > max(1.25 * _swing_db(bright), 0.75)
        if (moves or (calibrated and dark_level < CALM_WATER_DB)) and not _turned_dark(dark):
            return threshold
    level_db = float(np.median(calm)) * DB_PER_LOG
    swing = _swing_db(log_first[:, np.isfinite(everywhere)])
    if calibrated:
        return float("inf") if level_db < CALM_WATER_DB or swing > 1.5 * LAND_SWING_DB else float("-inf")
    return float("inf") if swing > LAND_SWING_DB else float("-inf")


def estimate_background(
    log_sample: NDArray[np.float32], *, looks: float | None = None, calibrated: bool = True
) -> Background:
    """Strata, date effects and scatter from a sample of a track's pixels.

    Parameters
    ----------
    log_sample
        [time, polarisation, pixel], ln power, NaN where there is no image; a few ten thousand pixels spread over
        the whole site serve well.
    looks
        ENL of pure speckle; None: the largest that the most stable stratum supports.
    calibrated
        Whether absolute levels can be trusted to tell water from land.
    """
    n_time, n_pol, _ = log_sample.shape
    limit = water_limit(log_sample[:, 0], calibrated)
    water = calm_level(log_sample[:, 0]) < limit
    known = np.isfinite(calm_level(log_sample[:, 0]))
    effect = np.zeros((2, n_pol, n_time))
    level = np.full((2, n_pol), np.nan)
    scatter = np.full((2, n_pol), np.nan)
    present = np.zeros(2, bool)
    for stratum, members in ((WATER, water & known), (LAND, ~water & known)):
        present[stratum] = members.sum() >= FEWEST
        if not present[stratum]:
            continue
        for pol in range(n_pol):
            values = log_sample[:, pol, members]
            a = date_effect(values)
            rest = values - a[:, None].astype(np.float32)
            middle = median_over_time(rest)
            effect[stratum, pol] = a
            level[stratum, pol] = float(np.nanmedian(middle))
            if n_time > 2:
                # A median over few dates hugs them: widen as for n - 1 degrees of freedom.
                few = np.sqrt(n_time / (n_time - 1.0))
                scatter[stratum, pol] = MAD_TO_SD * float(np.nanmedian(np.abs(rest - middle))) * few
    fallback = float(np.sqrt(polygamma(1, looks or 4.0)))
    scatter = np.where(np.isfinite(scatter) & (scatter > 0.02), scatter, fallback)
    for absent in np.flatnonzero(~present):
        scatter[absent] = scatter[1 - absent] if present[1 - absent] else fallback
    if looks is None:
        looks = float(inverse_trigamma(float(np.min(scatter[present])) ** 2)) if present.any() else 4.0
    effective = np.array([[min(float(inverse_trigamma(float(s) ** 2)), looks) for s in row] for row in scatter])
    return Background(limit, effect, level, scatter, float(looks), effective, present)
