"""The structure's growth, and when it was there and when it was finished, as intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.stats import norm

from sitewatch.structures._pixels import EIGHT

# From how many pixels on a structure counts as there (one or two are below the resolution).
FIRST_PIXELS = 4.0
# 95 %: less than 2.5 % on either side.
TAIL = 0.025
DOUBT = 0.02
# Neighbouring pixels err together.
CORRELATED_PIXELS = 2.0


def growth_curve(built_by: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[image] fraction of the final extent that stands, and its standard deviation.

    Parameters
    ----------
    built_by
        [image, pixel], probability of being built by each image.
    """
    final = max(float(built_by[-1].sum()), 1e-9)
    fraction = built_by.sum(axis=1) / final
    spread = np.sqrt(CORRELATED_PIXELS * (built_by * (1 - built_by)).sum(axis=1)) / final
    return np.clip(fraction, 0, 1), spread


def decided(built_by: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with what is all but sure taken as sure.

    Every pixel keeps a small prior chance at every date; summed over thousands of pixels it would look like growth.
    """
    return np.where(built_by < DOUBT, 0.0, np.where(built_by > 1 - DOUBT, 1.0, built_by))


def chance_by(built_by: NDArray[np.float64], count: float) -> NDArray[np.float64]:
    """[image], chance that `count` pixels or more are built by then; never falls.

    By the normal approximation of the Poisson binomial.
    """
    built_by = decided(built_by)
    mean = built_by.sum(axis=1)
    variance = CORRELATED_PIXELS * (built_by * (1 - built_by)).sum(axis=1)
    chance = norm.cdf((mean - (count - 0.5)) / np.sqrt(variance + 0.01))
    return np.maximum.accumulate(chance)


def connected(
    built_by: NDArray[np.float64], pixels: tuple[NDArray[np.intp], ...], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """The same with only the largest patch of built pixels at each image counted as sure.

    A structure begins somewhere and grows from there; single bright pixels all over a later footprint are waves.

    Parameters
    ----------
    built_by
        [image, pixel], probability of being built by each image.
    pixels, shape
        Rows and columns of the pixels in a window of that shape.
    """
    out = built_by.copy()
    for image in range(len(out)):
        sure = out[image] > 0.5
        if not sure.any() or sure.mean() > 0.5:
            continue
        mask = np.zeros(shape, bool)
        mask[pixels[0][sure], pixels[1][sure]] = True
        # A gap of one pixel does not part what texture hides.
        labels, _ = ndi.label(ndi.binary_dilation(mask, EIGHT))
        at = labels[pixels[0], pixels[1]]
        largest = np.bincount(at[sure]).argmax()
        out[image, sure & (at != largest)] = 0.0
    return out


def crossing(built_by: NDArray[np.float64], count: float) -> tuple[int, int] | None:
    """Last image by which fewer than `count` pixels credibly stand, first by which so many do (95 %).

    None where the count is never credibly reached. The first index is -1 where it was reached before the first image.
    """
    return credibly(chance_by(built_by, count))


def credibly(chance: NDArray[np.float64]) -> tuple[int, int] | None:
    """Last image by which something has credibly not happened, first by which it has, from the chance [image] of it.

    None where it never credibly has. The first index is -1 where it had before the first image.
    """
    there = np.flatnonzero(chance > 1 - TAIL)
    if there.size == 0:
        return None
    absent = np.flatnonzero(chance < TAIL)
    return (int(absent[-1]) if absent.size else -1), int(there[0])
