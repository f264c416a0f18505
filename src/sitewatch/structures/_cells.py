"""How many pixels carry the information of one: speckle of neighbours hangs together by the sensor's point spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sitewatch.change._enl import kernel_width
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._nan import nan_median
from sitewatch.structures._window import Window

# Of Sentinel-1 products at 10 to 30 m, where a window is too small to tell.
USUAL_PIXELS = 1.8
USUAL_SPILL = 0.1
MOST_ALIKE = 0.95
FEWEST_PAIRS = 400
MOST_PIXELS = 12.0
LAGS = (1, 2)
REACH_SD = 3.0


def pixels_per_cell(window: Window, ground: NDArray[np.bool_]) -> float:
    """Pixels that count as one when logarithms of power are averaged, from all images of a window.

    Parameters
    ----------
    ground
        [y, x] of the window: pixels of one surface on which nothing is built.
    """
    return pixels_per_cell_of(window.residual, ground)


def pixels_per_cell_of(log_values: NDArray[np.floating], ground: NDArray[np.bool_]) -> float:
    """Pixels that count as one when logarithms of power are averaged.

    The sum of the autocorrelation over shifts, taken as separable in y and x, of differences between successive images:
    levels drop out of them, and so does what a whole surface does (its median over the ground is taken off).

    Parameters
    ----------
    log_values
        [time, polarisation, y, x]; what a date does to all of the surface does not matter.
    ground
        [y, x]: pixels of one surface on which nothing is built.
    """
    shared = _alike(log_values, ground)
    if shared is None:
        return USUAL_PIXELS
    area = np.prod(1.0 + 2.0 * np.maximum(shared, 0.0).sum(axis=1))
    return float(np.clip(area, 1.0, MOST_PIXELS))


def spill_share(window: Window, ground: NDArray[np.bool_]) -> float:
    """Share of a surface's power that the sensor's point spread throws on the pixels just beyond its straight edge.

    Beyond an edge between two pixels, the middle of the next one gets Phi(-1 / (2 s)) of what lies on the edge's other
    side through a Gaussian point spread of sd s.

    Parameters
    ----------
    ground
        [y, x] of the window: pixels of one surface on which nothing is built.
    """
    shared = _alike(window.residual, ground)
    if shared is None:
        return USUAL_SPILL
    neighbours = float(np.clip(shared[:, 0].mean(), 1e-3, MOST_ALIKE))
    return float(ndtr(-0.5 / kernel_width(neighbours)))


def _alike(log_values: NDArray[np.floating], ground: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """[axis, lag], correlation of what neighbours along y and x do from image to image; None where too few tell."""
    step = np.diff(log_values.astype(float), axis=0)
    step = np.where(ground, step, np.nan)
    step -= nan_median(step, axis=(2, 3), keepdims=True)
    known = np.isfinite(step)
    if known.sum() < FEWEST_PAIRS:
        return None
    reach = REACH_SD * MAD_TO_SD * float(np.median(np.abs(step[known])))
    step = np.clip(np.where(known, step, 0.0), -reach, reach)
    power = float((step**2).sum() / known.sum())
    shared = np.zeros((2, len(LAGS)))
    for number, axis in enumerate((2, 3)):
        for place, lag in enumerate(LAGS):
            if step.shape[axis] <= lag:
                continue
            here, there = np.arange(step.shape[axis] - lag), np.arange(lag, step.shape[axis])
            pairs = int((known.take(here, axis) & known.take(there, axis)).sum())
            if pairs < FEWEST_PAIRS or power <= 0:
                continue
            products = step.take(here, axis) * step.take(there, axis)
            shared[number, place] = float(products.sum()) / pairs / power
    return shared
