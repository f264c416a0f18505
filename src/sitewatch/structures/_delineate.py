"""The footprint: which pixels belong to a structure, told by how much each changed when the structure was built."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change._despike import WINDOW as MEDIAN_IMAGES
from sitewatch.structures._cells import spill_share
from sitewatch.structures._evidence import steps_of
from sitewatch.structures._ground import Ground
from sitewatch.structures._membership import COUPLING, OUTSIDE_ODDS, Membership, members
from sitewatch.structures._nan import nan_median
from sitewatch.structures._pixels import EIGHT, edge_pixels
from sitewatch.structures._rectangle import best_rectangle
from sitewatch.structures._window import Window, ground_round

# How far from its seed a footprint may reach.
REACH_PIXELS = 4
# A rim that only the sensor's point spread lit up is evidence against, not for.
SMEARED_ODDS = -4.0
# What a free outline owes a rectangle, natural log for each pixel edge: it follows the speckle on its way.
OUTLINE_COST = 0.5
FEWEST_FOR_RECTANGLE = 9
# Share of the power gained nearby at which the outline is drawn.
EDGE_SHARE = 0.5
# Share of a work's rise at sea, in dB, that each of its pixels shows.
SHALLOW_SHARE = 0.4
# A rim is smeared where at least this share of it lies below; rims are taken off at most so often.
SMEARED_RIM_SHARE = 0.3
WIDEST_RIM_PIXELS = 2
CORE_WINDOW_PIXELS = 9
RIM_WINDOW_PIXELS = 7
FEWEST_CORE_PIXELS = 9
FEWEST_CORE_SHARE = 0.25
# Rims that show less than this share of a structure's own step, in logarithms, are no danger to its outline.
SMEARING_SHARE = 0.2
SMALLEST_HOLE_KEPT_SHARE = 0.12
# A piece apart belongs to the whole where it is no smaller than this share of the largest piece.
PIECE_SHARE, LINE_PIECE_SHARE = 0.3, 0.1


def refine_footprint(
    window: Window, seed: NDArray[np.bool_], ground: Ground, allowed: NDArray[np.bool_], linear: bool
) -> Membership:
    """Grow or shrink a seed to the pixels that changed with the structure and as it did.

    Parameters
    ----------
    seed
        [y, x] of the window: pixels that surely changed.
    ground
        What the track's surfaces do by themselves.
    allowed
        [y, x], pixels that may join (not part of another structure).
    linear
        Whether the structure is a thin line, for which the coupling is halved.

    Returns
    -------
    Membership whose `inside` is the footprint.
    """
    near = ndi.binary_dilation(seed, EIGHT, iterations=REACH_PIXELS) & allowed & _has_series(window)
    if not (seed & near).any():
        nothing = np.zeros(seed.shape)
        odds, step = nothing + OUTSIDE_ODDS, np.zeros((len(window.polarisations), *seed.shape))
        return Membership(np.zeros(seed.shape, bool), odds, step, nothing + 1)
    steps = steps_of(window, near, ground.filters, ground.covariances)
    found = members(steps, seed & near, COUPLING * (0.5 if linear else 1.0))
    foreign = _foreign(window, seed & near, found.step)
    inside = found.inside & ~_shallow(window, seed & near, found.step)
    inside = keep_whole(inside, seed, linear)
    typical = np.median(found.step[:, seed & near], axis=1)
    on_water = bool(window.water[seed].mean() > 0.5)
    spill = spill_share(window, ground_round(window, inside, on_water=on_water))
    if _smeared_share(typical, spill) > SMEARING_SHARE:
        inside = _sharpened(window, inside, found.image, found.step)
    odds = np.where(found.inside & ~inside, np.minimum(found.odds, SMEARED_ODDS), found.odds)
    free = keep_whole(inside, seed, linear) & ~foreign
    odds[foreign | ~allowed] = 0.0
    return dataclasses.replace(found, inside=_straightened(free, odds, near & (window.water == on_water)), odds=odds)


def _has_series(window: Window) -> NDArray[np.bool_]:
    """[y, x], pixels whose missing images leave a running median of `MEDIAN_IMAGES` something at every image."""
    missing = np.isnan(window.log_values).any(axis=1)
    together = min(MEDIAN_IMAGES, window.log_values.shape[0])
    in_a_row = np.lib.stride_tricks.sliding_window_view(missing, together, axis=0)
    return np.asarray(~in_a_row.all(axis=-1).any(axis=0), bool)


def _smeared_share(typical: NDArray[np.float64], spill: float) -> float:
    """Step just beyond the edge over the structure's own, natural logs, in the polarisation that changed most.

    What the point spread spills is power: it lifts dark ground beside bright walls by much, and takes little from the
    level of bright ground beside a dark road.
    """
    own = np.where(np.abs(typical) < 1e-3, 1e-3, typical)
    return float((np.log1p(spill * np.expm1(own)) / own)[np.argmax(np.abs(own))])


def _straightened(free: NDArray[np.bool_], odds: NDArray[np.float64], possible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The best rectangle in place of a ragged outline, where it explains the pixels about as well."""
    if free.sum() < FEWEST_FOR_RECTANGLE:
        return free
    rectangle = best_rectangle(odds, free)
    ragged = float(odds[free].sum()) - OUTLINE_COST * edge_pixels(free)
    return rectangle.mask & (possible | free) if rectangle.score > ragged else free


def _foreign(window: Window, seed: NDArray[np.bool_], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Ground of the other stratum that did not change as the structure did: an old shore beside a new pier."""
    on_water = bool(window.water[seed].mean() > 0.5)
    typical = np.median(step[:, seed], axis=1)
    strongest = int(np.argmax(np.abs(typical)))
    unchanged = step[strongest] * np.sign(typical[strongest]) < 0.5 * abs(typical[strongest])
    return np.asarray((window.water != on_water) & unchanged, bool)


def _shallow(window: Window, seed: NDArray[np.bool_], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Water that rose by far less than the work in it: flats that dry out, shoals, the lee of a pier.

    Water is even, so that what stands in it rises by its own texture more or less, and no less.
    """
    typical = np.median(step[:, seed], axis=1)
    strongest = int(np.argmax(np.abs(typical)))
    if window.water[seed].mean() <= 0.5 or typical[strongest] <= 0:
        return np.zeros(seed.shape, bool)
    return np.asarray(window.water & (step[strongest] < SHALLOW_SHARE * typical[strongest]), bool)


def _sharpened(
    window: Window, inside: NDArray[np.bool_], when: NDArray[np.float64], step: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """A footprint without the rim that the sensor's point spread smeared over its neighbours.

    Even a few per cent of a bright thing's power stand far above dark ground in a logarithmic test; the outline
    belongs where about half the power is gained, or lost. Rims are judged as a whole, for the texture of a structure
    varies from pixel to pixel as much as the power falls across its edge.
    """
    if not inside.any():
        return inside
    rest = window.residual.astype(float)
    image = np.arange(rest.shape[0])[:, None, None]
    level = nan_median(np.where((image < when)[:, None], rest, np.nan), axis=0)
    gained = np.exp(level + step) - np.exp(level)
    falls = np.median(gained[:, inside], axis=1) < 0
    gained = np.maximum(np.where(falls[:, None, None], -gained, gained), 0.0)
    contrast = [np.median(gain[inside]) / np.median(np.exp(low)) for gain, low in zip(gained, level, strict=True)]
    gain = gained[int(np.argmax(contrast))]
    for _ in range(WIDEST_RIM_PIXELS):
        core = ndi.binary_erosion(inside, EIGHT)
        rim = inside & ~core
        if core.sum() < max(FEWEST_CORE_PIXELS, FEWEST_CORE_SHARE * inside.sum()):
            break
        overall = float(gain[core].mean())
        nearby = _mean_within(gain, core, CORE_WINDOW_PIXELS, overall)
        weak = rim & (_mean_within(gain, rim, RIM_WINDOW_PIXELS, overall) < EDGE_SHARE * nearby)
        if weak.sum() < SMEARED_RIM_SHARE * rim.sum():
            break
        inside = inside & ~weak
    return inside


def _mean_within(
    values: NDArray[np.float64], mask: NDArray[np.bool_], size: int, otherwise: float
) -> NDArray[np.float64]:
    """[y, x], mean over the pixels of a mask in a window of `size` pixels; `otherwise` where there are none."""
    count = ndi.uniform_filter(mask.astype(float), size, mode="constant")
    total = ndi.uniform_filter(np.where(mask, values, 0.0), size, mode="constant")
    return np.where(count > 1e-6, total / np.maximum(count, 1e-6), otherwise)


def keep_whole(inside: NDArray[np.bool_], seed: NDArray[np.bool_], linear: bool) -> NDArray[np.bool_]:
    """The pieces that hold a fair part of the seed, small holes filled."""
    labels, count = ndi.label(ndi.binary_dilation(inside, EIGHT) if linear else inside, EIGHT)
    if count == 0:
        return seed
    labels = np.where(inside, labels, 0)
    share = np.bincount(labels[inside & seed], minlength=count + 1)
    size = np.bincount(labels[inside], minlength=count + 1)
    fewest = max(3, (LINE_PIECE_SHARE if linear else PIECE_SHARE) * share.max())
    keep = [i for i in range(1, count + 1) if share[i] >= fewest and size[i] > 0]
    whole = np.isin(labels, keep)
    filled = ndi.binary_fill_holes(whole)
    holes, n_holes = ndi.label(filled & ~whole)
    for i in range(1, n_holes + 1):
        if (holes == i).sum() <= max(2, SMALLEST_HOLE_KEPT_SHARE * whole.sum()):
            whole |= holes == i
    return whole
