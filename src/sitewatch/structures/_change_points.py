"""When each pixel was built, from what every image says of it: the exact left-to-right two-state model.

Built pixels never go back, so each pixel has one change point kappa >= 1: the first image that shows it built
(kappa = T: not yet). With LLR_t the log-likelihood ratio of built against not built at image t, the left-to-right
two-state model gives exactly P(kappa = j | data) ~ P(kappa = j) exp(sum_{t >= j} LLR_t). The prior P(kappa) is learnt
from the structure itself (empirical Bayes): a pixel is built about when its neighbours are, and when it all grows.
Images of several tracks take part alike: their ratios rest on levels of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

# Shares of the prior on a pixel's change point: flat, the structure's growth, the neighbours'.
PRIOR_SHARES = (0.001, 0.1, 0.899)
NEIGHBOUR_SIGMA_PIXELS = 1.0
# A pixel dates itself where its own 90 % interval spans no more images than this (or this share of the record).
DATED_IMAGES = 3
DATED_SHARE = 0.06
ROUNDS = 8


def change_points(
    ratio: NDArray[np.float64],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """[image, pixel] probability of being built by each image, with the prior learnt from the structure.

    And [pixel], whether the pixel's own images, without that prior, date it to a few images.
    """
    n_time = ratio.shape[0]
    sums = np.cumsum(ratio[::-1], axis=0)[::-1]
    weight = np.concatenate([sums, np.zeros((1, sums.shape[1]))])
    # What stood at the first image did not change: no pixel of a footprint was built by then.
    weight[0] = -np.inf
    # Nothing lies outside the footprint's box, so that smoothing within it is the same and less work.
    rows, columns = rows - rows.min(), columns - columns.min()
    box = (int(rows.max()) + 1, int(columns.max()) + 1)
    mask = np.zeros(box)
    mask[rows, columns] = 1.0
    inside = ndi.gaussian_filter(mask, NEIGHBOUR_SIGMA_PIXELS, mode="constant")
    probability = _shares(weight)
    own = np.cumsum(probability, axis=0)
    narrow = ((own > 0.05) & (own < 0.95)).sum(axis=0) <= max(DATED_IMAGES, DATED_SHARE * n_time)
    dated = narrow & (own[-2] > 0.95)  # and surely built by the last image
    field = np.zeros((n_time + 1, *box))
    flat, growth, near = PRIOR_SHARES
    for _ in range(ROUNDS):
        field[:, rows, columns] = probability
        smooth = ndi.gaussian_filter(field, (0.5, NEIGHBOUR_SIGMA_PIXELS, NEIGHBOUR_SIGMA_PIXELS), mode="constant")
        around = smooth[:, rows, columns] / inside[rows, columns]
        prior = flat / (n_time + 1) + growth * probability.mean(axis=1, keepdims=True) + near * around
        probability = _shares(weight + np.log(prior))
    return np.minimum(np.cumsum(probability, axis=0)[:-1], 1.0), dated


def _shares(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """[image, pixel] probabilities from their logarithms up to a constant a pixel."""
    share = np.exp(weight - weight.max(axis=0))
    return share / share.sum(axis=0)
