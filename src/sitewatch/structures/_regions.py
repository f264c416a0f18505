"""Candidate regions: connected pixels that changed for good, in one direction."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.filters import apply_hysteresis_threshold

# A region holds pixels beyond CORE_P and grows into neighbours beyond EDGE_P.
CORE_P = 1e-4
EDGE_P = 1e-2
FEWEST_PIXELS = 4
# Pieces of one structure lie up to twice this many pixels apart (texture hides the change of single pixels; most of
# what turns darker is a thin line), and changed within this share of the record of each other.
BRIDGE_PIXELS = {True: 1, False: 2}
SAME_TIME_SHARE = 0.12
EIGHT = np.ones((3, 3), bool)


@dataclasses.dataclass(frozen=True)
class Region:
    """A connected set of changed pixels.

    Attributes
    ----------
    mask
        [y, x] within `rows`, `columns`.
    brighter
        Direction of the change.
    """

    rows: slice
    columns: slice
    mask: NDArray[np.bool_]
    brighter: bool


def direction(change: xr.Dataset) -> NDArray[np.float32]:
    """[y, x], signed evidence over polarisations: positive where it became brighter."""
    names = [str(name) for name in change.data_vars if str(name).startswith("z_")]
    return np.sum([np.nan_to_num(change[name].to_numpy()) for name in names], axis=0)


def candidate_regions(change: xr.Dataset) -> list[Region]:
    """Connected pixels that changed in one direction, largest evidence first.

    Parameters
    ----------
    change
        Result of `detect_change`.
    """
    p_value = np.nan_to_num(change["p_value"].to_numpy(), nan=1.0)
    evidence = -np.log10(np.maximum(p_value.astype(float), 1e-300))
    sign = direction(change)
    # A pixel amid changed ones is drawn in by its neighbours' evidence: texture leaves single pixels unchanged.
    nearby = ndi.uniform_filter(np.minimum(evidence, 12.0), 3)
    found = []
    for brighter in (True, False):
        same = (sign > 0) == brighter
        strong = np.where(same, np.maximum(evidence, np.where(nearby > 2.5, nearby, 0.0)), 0.0)
        marked = apply_hysteresis_threshold(strong, -np.log10(EDGE_P), -np.log10(CORE_P))
        labels = _pieces(marked, change["first_image"].to_numpy(), BRIDGE_PIXELS[brighter])
        for i, box in enumerate(ndi.find_objects(labels), start=1):
            if box is None:
                continue
            mask = (labels[box] == i) & marked[box]
            if mask.sum() >= FEWEST_PIXELS and (evidence[box][mask] > -np.log10(CORE_P)).sum() >= 2:
                found.append((float(evidence[box][mask].sum()), Region(box[0], box[1], mask, brighter)))
    return [region for _, region in sorted(found, key=lambda pair: -pair[0])]


def _pieces(marked: NDArray[np.bool_], first_image: NDArray[np.integer], bridge_pixels: int) -> NDArray[np.int32]:
    """[y, x], labels of connected pixels; pieces across a small gap join where they changed at about the same time."""
    labels, count = ndi.label(marked, EIGHT)
    if count < 2:
        return np.asarray(labels, np.int32)
    wide, _ = ndi.label(ndi.binary_dilation(marked, EIGHT, iterations=bridge_pixels), EIGHT)
    every = np.arange(1, count + 1)
    group = ndi.maximum(wide, labels, every).astype(int)
    when, low, high = (
        ndi.labeled_comprehension(first_image, labels, every, quantile, float, 0)
        for quantile in (np.median, lambda v: np.percentile(v, 10), lambda v: np.percentile(v, 90))
    )
    size = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    near = SAME_TIME_SHARE * float(first_image.max())
    target = every.copy()
    for members in _groups(group):
        main = members[np.argmax(size[members])]
        start, end = low[main], high[main]
        joined = members == main
        while True:  # each piece that joins carries the structure's time on
            fits = (when[members] >= start - near) & (when[members] <= end + near)
            if (fits | joined).sum() == joined.sum():
                break
            joined |= fits
            start, end = low[members[joined]].min(), high[members[joined]].max()
        target[members[joined]] = main + 1
    return np.concatenate([[0], target])[labels].astype(np.int32)


def _groups(group: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Indices of the entries that share a value with another one, value by value."""
    order = np.argsort(group, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return [run for run in runs if run.size > 1]
