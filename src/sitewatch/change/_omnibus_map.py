"""The omnibus test that nothing changed, on a stack freed of its date effects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._background import LAND, WATER, Background
from sitewatch.change._omnibus import Omnibus, sequential_omnibus
from sitewatch.change._scan import residuals


def omnibus_map(
    log_values: NDArray[np.float32], water: NDArray[np.bool_], background: Background, alpha: float
) -> Omnibus:
    """Sequential omnibus test of each pixel (Conradsen, Nielsen and Skriver 2016), looks as its stratum scatters.

    Parameters
    ----------
    log_values
        [time, polarisation, pixel], ln power; NaN where there is no image.
    water
        [pixel], the stratum.
    alpha
        Chance that a stable pixel is called changed.

    Returns
    -------
    Omnibus with arrays [1, pixel]. Drift and seasons are changes to this test; it is a second opinion beside the step
    scan, which knows them.
    """
    power = np.exp(residuals(log_values, water, background)).transpose(1, 0, 2)[:, :, None, :]
    looks = np.where(water, background.effective_looks[WATER].min(), background.effective_looks[LAND].min())
    return sequential_omnibus(np.ascontiguousarray(power), looks[None, :], alpha=alpha)
