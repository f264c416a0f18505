"""Laws of a level from image to image: speckle, and that an image may show something else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from sitewatch.change import DB_PER_LOG

# A single image can always be something else (a ship, a wet patch): its density under any state never falls below that
# of this share spread over this range.
STRANGER_SHARE = 0.03
STRANGER_RANGE_DB = 40.0
STRANGER_RANGE = STRANGER_RANGE_DB / DB_PER_LOG


def log_mean_bias(looks: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """How far the mean ln power of speckle lies below the ln of its mean power."""
    return np.asarray(np.log(looks) - psi(looks))


def with_strangers(log_density: NDArray[np.float64], over: float) -> NDArray[np.float64]:
    """A log density with a floor for strangers, which lie anywhere within a range of its variable."""
    with np.errstate(invalid="ignore"):  # missing images are NaN and stay so
        return np.logaddexp(log_density + np.log(1 - STRANGER_SHARE), np.log(STRANGER_SHARE / over))


def log_gamma_density(deviation: NDArray[np.float64], looks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log density of d = ln(I / mean) for gamma speckle of `looks` looks, strangers counted in."""
    bounded = np.clip(deviation, -20.0, 6.0)
    inside = looks * np.log(looks) - gammaln(looks) + looks * (bounded - np.exp(bounded))
    return with_strangers(inside, STRANGER_RANGE)
