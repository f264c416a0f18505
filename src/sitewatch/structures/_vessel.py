"""A vessel laid up, or a thing that stands? Told by how much its level swings from image to image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sitewatch.change import DB_PER_LOG
from sitewatch.change._gamma import trigamma
from sitewatch.structures._laws import with_strangers

# What stands keeps its level but for tide and wetness; a moored vessel swings, loads and is swapped (dB, sd).
STANDING_SWING_DB = 0.8
VESSEL_SWING_DB = 2.5
# An image that shows something else as well lies anywhere within so many dB.
OTHERWISE_RANGE_DB = 20.0


def vessel_log_ratio(
    level_error: NDArray[np.float64], effective: NDArray[np.float64], looks: NDArray[np.float64] | float
) -> float:
    """Log of how much likelier a level's swing is for a moored vessel than for a thing that stands.

    Both laws are Gaussian in dB with the speckle's variance and a swing of their own, the mean level being free (its
    flat prior integrated out). All polarisations see one vessel swing, each with speckle of its own: their mean is what
    is judged.

    Parameters
    ----------
    level_error
        [time, polarisation], mean ln power less the level as built; NaN where nothing stands.
    effective
        [time], number of independent pixels in each mean.
    looks
        Equivalent number of looks of a pixel.

    Returns
    -------
    float
        NaN where fewer than two images show it.
    """
    seen = np.isfinite(level_error)
    known = seen.any(axis=1)
    if known.sum() < 2:
        return float("nan")
    level = np.nan_to_num(level_error[known]).sum(axis=1) / seen[known].sum(axis=1) * DB_PER_LOG
    independent = np.maximum(effective[known], 0.5) * seen[known].sum(axis=1)
    speckle = trigamma(looks) * DB_PER_LOG**2 / independent
    vessel, standing = (_log_evidence(level, speckle + swing**2) for swing in (VESSEL_SWING_DB, STANDING_SWING_DB))
    return vessel - standing


def swing_in_words(swing_db: float) -> str:
    """What is said of a level that swings by so much (sd)."""
    return f"its level swings by {swing_db:.1f} dB from image to image as moored ships do"


def _log_evidence(values: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    """Log marginal likelihood of values about an unknown mean, a few of them strangers."""
    weight = 1 / variance
    mean = (weight * values).sum() / weight.sum()
    own = -0.5 * ((values - mean) ** 2 * weight - np.log(weight) + np.log(2 * np.pi))
    mixed = with_strangers(own, OTHERWISE_RANGE_DB)
    return float(mixed.sum() - 0.5 * np.log(weight.sum()))
