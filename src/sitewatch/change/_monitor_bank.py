"""The steps that the monitor looks for: a small bank of sizes, up and down, in all polarisations and in each alone.

A CUSUM is best for the one step it is made for, and loses little for its neighbours: of the evidence for a step of d
that one made for s gathers, the share 1 - (1 - s / d)^2 is left in the limit of small steps. Sizes that double lose at
most a ninth between them. Lorden and Eisenberger 1973 ("Detection of failure rate increases", Technometrics 15) run
several charts side by side in the same way.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

DB_PER_LOG = 10.0 / np.log(10.0)
SIZES_DB = (1.0, 2.0, 4.0, 8.0)
# The weight of a size falls as this power of it. Large steps are seen within a few images whatever their weight, and
# small ones need all the head start there is: of 0, 0.5, 1, 1.3, 1.6 and 2 the one that keeps the delay closest to that
# of the CUSUM which knows both levels, over 1 to 10 dB and 1 to 10 looks.
WEIGHT_POWER = 1.5


@dataclasses.dataclass(frozen=True)
class Bank:
    """Steps that are looked for side by side.

    Attributes
    ----------
    log_ratio
        [component, polarisation], natural logarithm of the level after over that before; 0 where the component does
        not look at the polarisation.
    log_weight
        [component], what is added to the component's log-likelihood ratio before components are compared.
    """

    log_ratio: NDArray[np.float64]
    log_weight: NDArray[np.float64]


@functools.cache
def bank_for(polarisations: int) -> Bank:
    """The bank for that many polarisations: the same step in all of them and, if there are several, in each alone."""
    shapes = [np.ones(polarisations)]
    if polarisations > 1:
        shapes += list(np.eye(polarisations))
    log_ratio, log_weight = [], []
    for shape in shapes:
        for size_db in SIZES_DB:
            for sign in (1.0, -1.0):
                log_ratio.append(sign * size_db / DB_PER_LOG * shape)
                log_weight.append(-WEIGHT_POWER * np.log(size_db))
    return Bank(np.array(log_ratio), np.array(log_weight))
