"""The kinds of surface in a stack, told apart by how bright they are and how much they swing through time.

The power analysis needs them to take off what a date does to a whole surface (wind on the sea, rain on the land), and
because neighbours share their weather differently on each.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from scipy import ndimage as ndi
from scipy.cluster.vq import ClusterError, kmeans2

from sitewatch.errors import ChangeError
from sitewatch.simulate._fields import FloatArray

_FLOOR = 1e-5  # -50 dB: below any radar's noise, so that a true 0 has a logarithm
_MOST_SURFACES = 3
# Weights of level and spread (both in nepers) in the distance between surfaces, and the distance within which two
# count as one: 4 dB of level, or 2 dB of spread, or some of each.
_WEIGHTS = np.array([1.0, 2.0])
_SAME_WITHIN = 0.9
_SMALLEST_SHARE = 0.02


@dataclasses.dataclass(frozen=True)
class Surface:
    """One kind of surface in one track.

    Attributes
    ----------
    level, spread
        Typical time mean of the log intensity and its standard deviation through time, first polarisation, nepers.
    date_effect
        (time, polarisation), what each date does to the log intensity of the whole surface.
    """

    level: float
    spread: float
    date_effect: FloatArray


def log_intensity(stack: xr.Dataset) -> FloatArray:
    """(time, polarisation, y, x) natural logarithm of the power; NaN without data."""
    power = np.stack([stack[name].to_numpy() for name in stack.data_vars], axis=1)
    return np.asarray(np.log(np.maximum(power, np.float32(_FLOOR))), dtype=np.float32)


def mean_of_known(values: FloatArray) -> FloatArray:
    """Mean along the first axis of what is finite; 0 where nothing is."""
    return np.asarray(np.nansum(values, axis=0) / np.maximum(np.isfinite(values).sum(axis=0), 1))


def learn_surfaces(parts: list[FloatArray]) -> list[Surface]:
    """Split sampled pixels into at most three surfaces, from dark to bright.

    Parameters
    ----------
    parts
        Contiguous samples of the stack, each as `log_intensity` gives it.

    Raises
    ------
    ChangeError
        Without a single pixel that has data on half the dates.
    """
    features = np.concatenate([_features(part).reshape(2, -1).T for part in parts])
    features = features[np.isfinite(features).all(axis=1)]
    if not len(features):
        raise ChangeError("no pixel of the stack has data on half of its dates", hint="Choose a site inside the images")
    centres = _centres(features * _WEIGHTS) / _WEIGHTS
    bare = [Surface(float(level), float(spread), np.zeros(0)) for level, spread in centres]
    maps = [surface_map(part, bare) for part in parts]
    return [
        dataclasses.replace(surface, date_effect=_date_effect(parts, maps, index)) for index, surface in enumerate(bare)
    ]


def surface_map(log_values: FloatArray, surfaces: list[Surface]) -> np.ndarray:
    """Index of the nearest surface for each pixel (y, x), -1 without data."""
    level, spread = _features(log_values)
    known = np.isfinite(level)
    distance = [
        np.hypot((level - surface.level) * _WEIGHTS[0], (spread - surface.spread) * _WEIGHTS[1]) for surface in surfaces
    ]
    return np.where(known, np.argmin(np.where(known, np.array(distance), 0), axis=0), -1)


def without_date_effect(log_values: FloatArray, surfaces: list[Surface], where: np.ndarray) -> FloatArray:
    """Log intensity less each pixel's mean and its surface's date effect."""
    effects = np.stack([surface.date_effect for surface in surfaces], axis=-1)
    residual = log_values - effects[:, :, np.maximum(where, 0)]
    residual = residual - mean_of_known(residual)
    return np.where(where >= 0, residual, np.nan).astype(np.float32)


def _features(log_values: FloatArray) -> FloatArray:
    """(2, y, x): smoothed time mean and standard deviation of the first polarisation; NaN with little data."""
    first = log_values[:, 0]
    known = np.isfinite(first).mean(axis=0) >= 0.5
    mean = mean_of_known(first)
    spread = np.sqrt(mean_of_known((first - mean) ** 2))
    weight = np.maximum(ndi.uniform_filter(known.astype(float), 5), 1e-6)
    smooth = [ndi.uniform_filter(np.where(known, one, 0.0), 5) / weight for one in (mean, spread)]
    return np.where(known, np.array(smooth), np.nan)


def _centres(points: FloatArray) -> FloatArray:
    """Centres of the clusters that are both apart and large enough, from dark to bright."""
    by_level = points[np.argsort(points[:, 0])]
    for count in range(min(_MOST_SURFACES, len(points)), 1, -1):
        # from where pixels lie: the sea is dark and swings, so that low level and low spread together are nobody's
        start = np.array([part.mean(axis=0) for part in np.array_split(by_level, count)])
        if len(np.unique(start, axis=0)) < count:
            continue
        try:
            centres, labels = kmeans2(points, start, minit="matrix", missing="raise")
        except ClusterError:  # one was left without pixels: there are fewer
            continue
        share = np.bincount(labels, minlength=count) / len(points)
        gaps = [np.hypot(*(a - b)) for i, a in enumerate(centres) for b in centres[:i]]
        if min(gaps) > _SAME_WITHIN and share.min() > _SMALLEST_SHARE:
            return np.asarray(centres[np.argsort(centres[:, 0])])
    return np.asarray(points.mean(axis=0, keepdims=True))


def _date_effect(parts: list[FloatArray], maps: list[np.ndarray], index: int) -> FloatArray:
    """(time, polarisation) median over a surface's pixels of what departs from their own means."""
    pixels = np.concatenate([part[:, :, where == index] for part, where in zip(parts, maps, strict=True)], axis=2)
    centred = pixels - mean_of_known(pixels)
    empty = ~np.isfinite(centred).any(axis=2, keepdims=True)
    return np.asarray(np.nanmedian(np.where(empty, 0, centred), axis=2))
