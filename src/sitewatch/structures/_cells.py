"""How many pixels carry the information of one: speckle of neighbours hangs together by the sensor's point spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sitewatch.structures._nan import nan_median
from sitewatch.structures._window import Window

# Of Sentinel-1 products at 10 to 30 m, where a window is too small to tell.
USUAL_PIXELS = 1.8
FEWEST_PAIRS = 400
MOST_PIXELS = 12.0
LAGS = (1, 2)
REACH_SD = 3.0


def pixels_per_cell(window: Window, ground: NDArray[np.bool_]) -> float:
    """Pixels that count as one when logarithms of power are averaged.

    The sum of the autocorrelation over shifts, taken as separable in y and x, of differences between successive images:
    levels drop out of them, and so does what a whole surface does (its median over the ground is taken off).

    Parameters
    ----------
    ground
        [y, x] of the window: pixels of one surface on which nothing is built.
    """
    step = np.diff(window.residual().astype(float), axis=0)
    step = np.where(ground, step, np.nan)
    step -= nan_median(step, axis=(2, 3), keepdims=True)
    known = np.isfinite(step)
    if known.sum() < FEWEST_PAIRS:
        return USUAL_PIXELS
    reach = REACH_SD * 1.4826 * float(np.median(np.abs(step[known])))
    step = np.clip(np.where(known, step, 0.0), -reach, reach)
    power = float((step**2).sum() / known.sum())
    area = 1.0
    for axis in (2, 3):
        along = 1.0
        for lag in LAGS:
            if step.shape[axis] <= lag:
                continue
            here, there = np.arange(step.shape[axis] - lag), np.arange(lag, step.shape[axis])
            pairs = int((known.take(here, axis) & known.take(there, axis)).sum())
            if pairs < FEWEST_PAIRS or power <= 0:
                continue
            shared = float((step.take(here, axis) * step.take(there, axis)).sum()) / pairs / power
            along += 2.0 * max(shared, 0.0)
        area *= along
    return float(np.clip(area, 1.0, MOST_PIXELS))
