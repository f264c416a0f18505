"""Candidate regions: connected pixels that changed for good, together."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.filters import apply_hysteresis_threshold

from sitewatch.change import WATER
from sitewatch.structures._pixels import EIGHT

# A region holds pixels beyond CORE_P and grows into neighbours beyond EDGE_P.
CORE_P = 1e-4
EDGE_P = 1e-2
FEWEST_PIXELS = 4
# Pixels round one that say whether it is marked.
MARKS_REACH = 1
# Beside a straight edge a pixel has three changed neighbours of eight, in a notch of it four.
MOST_AT_A_RIM = 4
# Pieces of one structure lie up to twice this many pixels apart (texture hides the change of single pixels), and
# changed within this share of the record of each other.
BRIDGE_PIXELS = 2
FEWEST_TO_BRIDGE, FEWEST_TO_BRIDGE_FAR = 3, 6
SAME_TIME_SHARE = 0.12
# Neighbours hang together where their change points lie within so many images, or this share of the record.
SAME_TIME_IMAGES = 3.0
NEIGHBOUR_TIME_SHARE = 0.08
# Brighter and darker sides of a region are two things where their means lie so many standard deviations apart
# (Ashman's D; the two halves of one normal law lie 2.65 apart) and neither is a mere patch; the sides are those of a
# neighbourhood's direction.
TWO_THINGS = 4.0
SMALLER_SIDE_SHARE = 0.15
TREND_PIXELS = 5
WATER_TREND_PIXELS = 3
TREND_LIMIT = 12.0


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


def marks(p_value: NDArray[np.floating]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """[y, x] twice: pixels that a region may grow into, and those among them that one begins at.

    Whether a pixel is one depends on no other farther away than `MARKS_REACH`.
    """
    return _beyond(_strength(_evidence(p_value)))


def _evidence(p_value: NDArray[np.floating]) -> NDArray[np.float64]:
    known = np.nan_to_num(p_value, nan=1.0)
    return np.asarray(-np.log10(np.maximum(known.astype(float), 1e-300)))


def _strength(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    # A pixel amid changed ones is drawn in by its neighbours' evidence: texture leaves single pixels unchanged.
    nearby = ndi.uniform_filter(np.minimum(evidence, 12.0), 3)
    amid = ndi.uniform_filter((evidence > -np.log10(EDGE_P)).astype(float), 3) > (MOST_AT_A_RIM + 0.5) / 9
    return np.maximum(evidence, np.where(amid & (nearby > 2.5), nearby, 0.0))


def _beyond(strong: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return strong > -np.log10(EDGE_P), strong > -np.log10(CORE_P)


def candidate_regions(change: xr.Dataset, *, last_image: int | None = None) -> list[Region]:
    """Connected pixels that changed at about the same time, largest evidence first.

    Neighbours hang together where their change points do, whatever their direction: what is built has a level of its
    own, and on uneven ground some of its pixels turn brighter and some darker. They are parted only where the two
    directions are plainly two things.

    Parameters
    ----------
    change
        Result of `detect_change`, or a part of it.
    last_image
        The latest change point of the whole result, where `change` is a part.
    """
    evidence = _evidence(change["p_value"].to_numpy())
    first_image = change["first_image"].to_numpy()
    last = int(first_image.max()) if last_image is None else last_image
    strong = _strength(evidence)
    marked = apply_hysteresis_threshold(strong, -np.log10(EDGE_P), -np.log10(CORE_P))
    labels = _pieces(_coherent(marked, first_image, last), first_image, BRIDGE_PIXELS, last)
    sign = direction(change)
    water = change["stratum"].to_numpy() == WATER if "stratum" in change else np.zeros(sign.shape, bool)
    labels = _parted(labels, sign, water)
    found = []
    for i, box in enumerate(ndi.find_objects(labels), start=1):
        if box is None:
            continue
        mask = labels[box] == i
        if mask.sum() >= FEWEST_PIXELS and (evidence[box][mask] > -np.log10(CORE_P)).sum() >= 2:
            brighter = float(sign[box][mask].sum()) > 0
            found.append((float(evidence[box][mask].sum()), Region(box[0], box[1], mask, brighter)))
    return [region for _, region in sorted(found, key=lambda pair: -pair[0])]


def _coherent(marked: NDArray[np.bool_], first_image: NDArray[np.integer], last: int) -> NDArray[np.int32]:
    """[y, x], labels of marked pixels that touch and changed at about the same time; 0 elsewhere."""
    number = np.zeros(marked.shape, np.int64)
    number[marked] = np.arange(1, int(marked.sum()) + 1)
    if not marked.any():
        return number.astype(np.int32)
    near = max(SAME_TIME_IMAGES, NEIGHBOUR_TIME_SHARE * last)
    when = first_image.astype(float)
    ends = []
    height, width = marked.shape
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, height - dy), slice(max(-dx, 0), width - max(dx, 0)))
        there = (slice(dy, height), slice(max(dx, 0), width - max(-dx, 0)))
        linked = marked[here] & marked[there] & (np.abs(when[here] - when[there]) <= near)
        ends.append(np.stack([number[here][linked], number[there][linked]]))
    links = np.concatenate(ends, axis=1) - 1
    count = int(marked.sum())
    graph = coo_array((np.ones(links.shape[1], bool), (links[0], links[1])), shape=(count, count))
    _, group = connected_components(graph, directed=False)
    out = np.zeros(marked.shape, np.int32)
    out[marked] = group + 1
    return out


def _pieces(
    labels: NDArray[np.int32], first_image: NDArray[np.integer], bridge_pixels: int, last: int
) -> NDArray[np.int32]:
    """[y, x], the same with pieces across a small gap joined where they changed at about the same time."""
    count = int(labels.max())
    if count < 2:
        return labels
    size = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    # Single pixels that changed at a time of their own join nothing.
    solid, large = (np.concatenate([[False], size >= few])[labels] for few in (FEWEST_TO_BRIDGE, FEWEST_TO_BRIDGE_FAR))
    reach = ndi.binary_dilation(solid, EIGHT) | ndi.binary_dilation(large, EIGHT, iterations=bridge_pixels)
    wide, _ = ndi.label(reach, EIGHT)
    every = np.arange(1, count + 1)
    group = np.zeros(count, int)
    group[labels[solid] - 1] = wide[solid]
    group[group == 0] = -every[group == 0]
    when, low, high = _dates(labels, first_image, count)
    near = SAME_TIME_SHARE * last
    target = every.copy()
    for members in _groups(group):
        left = members
        while left.size > 1:  # the largest piece gathers what fits it, then the largest of the rest
            main = left[np.argmax(size[left])]
            start, end = low[main], high[main]
            joined = left == main
            while True:  # each piece that joins carries the structure's time on
                fits = (when[left] >= start - near) & (when[left] <= end + near)
                if (fits | joined).sum() == joined.sum():
                    break
                joined |= fits
                start, end = low[left[joined]].min(), high[left[joined]].max()
            target[left[joined]] = main + 1
            left = left[~joined]
    return np.concatenate([[0], target])[labels].astype(np.int32)


def _dates(
    labels: NDArray[np.int32], first_image: NDArray[np.integer], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """[label] median, 10 % and 90 % quantile of each label's change points."""
    at = np.flatnonzero(labels)
    order = np.lexsort((first_image.ravel()[at], labels.ravel()[at]))
    values = first_image.ravel()[at][order].astype(float)
    size = np.bincount(labels.ravel()[at], minlength=count + 1)[1:]
    begin = np.concatenate([[0], np.cumsum(size)[:-1]])

    def quantile(share: float) -> NDArray[np.float64]:
        return values[np.minimum(begin + np.round(share * (size - 1)).astype(int), max(values.size - 1, 0))]

    return quantile(0.5), quantile(0.1), quantile(0.9)


def _parted(labels: NDArray[np.int32], sign: NDArray[np.float32], water: NDArray[np.bool_]) -> NDArray[np.int32]:
    """[y, x], the same with labels parted whose pixels fall into a brighter and a darker thing side by side.

    Water has no texture for a work to be darker than: there the two directions are always two things.
    """
    out = labels.copy()
    following = int(labels.max()) + 1
    for i, box in enumerate(ndi.find_objects(labels), start=1):
        if box is None:
            continue
        mask = labels[box] == i
        if mask.sum() < 2 * FEWEST_PIXELS:
            continue
        at_sea = water[box][mask].mean() > 0.5
        window = WATER_TREND_PIXELS if at_sea else TREND_PIXELS
        trend = ndi.uniform_filter(np.where(mask, np.clip(sign[box], -TREND_LIMIT, TREND_LIMIT), 0.0), window)
        up, down = mask & (trend > 0), mask & (trend <= 0)
        if at_sea and up.any() and down.any():
            out[box][down] = following
            following += 1
            continue
        if min(up.sum(), down.sum()) < max(FEWEST_PIXELS, SMALLER_SIDE_SHARE * mask.sum()):
            continue
        a, b = sign[box][up], sign[box][down]
        distance = float(np.mean(a) - np.mean(b)) / max(float(np.sqrt(0.5 * (np.var(a) + np.var(b)))), 1e-6)
        if distance > TWO_THINGS:
            out[box][down] = following
            following += 1
    return out


def _groups(group: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Indices of the entries that share a value with another one, value by value."""
    order = np.argsort(group, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return [run for run in runs if run.size > 1]
