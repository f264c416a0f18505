"""The footprint: which pixels belong to a structure, told by how much each changed when the structure was built."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change import Covariance
from sitewatch.structures._nan import nan_median
from sitewatch.structures._window import Window

# Log-odds that each of eight neighbours inside (outside) adds (takes).
COUPLING = 0.55
ROUNDS = 8
EIGHT = np.ones((3, 3), bool)
# Share of the power gained nearby at which the outline is drawn.
EDGE_SHARE = 0.5
# A rim is smeared where at least this share of it lies below; rims are taken off at most so often.
SMEARED_RIM_SHARE = 0.3
WIDEST_RIM_PIXELS = 2
CORE_WINDOW_PIXELS = 9
FEWEST_CORE_PIXELS = 4
FEWEST_CORE_SHARE = 0.1
SMALLEST_HOLE_KEPT_SHARE = 0.12


def local_step(
    window: Window, first_image: NDArray[np.float64], gap: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """[polarisation, y, x] mean ln power after less before each pixel's change point, and the numbers of images."""
    n_time = window.log_values.shape[0]
    rest = window.residual().astype(float)
    image = np.arange(n_time)[:, None, None]
    after = (image >= first_image) & np.isfinite(rest[:, 0])
    before = (image < first_image - gap) & np.isfinite(rest[:, 0])

    def mean(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        middle = nan_median(np.where(mask[:, None], rest, np.nan), axis=0)
        reach = 3.0 * window.background.scatter.max()
        clipped = np.clip(rest, middle - reach, middle + reach)
        count = np.maximum(mask.sum(axis=0), 1)
        return np.where(mask[:, None], np.nan_to_num(clipped), 0.0).sum(axis=0) / count

    return mean(after) - mean(before), after.sum(axis=0), before.sum(axis=0)


def refine_footprint(
    window: Window,
    seed: NDArray[np.bool_],
    first_image: NDArray[np.integer],
    covariances: dict[tuple[int, int], Covariance],
    allowed: NDArray[np.bool_],
    linear: bool,
) -> NDArray[np.bool_]:
    """Grow or shrink a seed to the pixels whose step fits the structure better than the ground around it.

    Two classes with Gaussian steps, the structure's (with its texture) and no change (with speckle and drift), and
    a Potts prior; iterated conditional modes (Besag 1986).

    Parameters
    ----------
    seed
        [y, x] of the window: pixels that surely changed.
    first_image
        [y, x], change point of each seed pixel; others take the nearest seed pixel's.
    allowed
        [y, x], pixels that may join (not part of another structure).
    linear
        Whether the structure is a thin line, for which the coupling is halved.
    """
    _, (iy, ix) = ndi.distance_transform_edt(~seed, return_indices=True)
    n_time = window.log_values.shape[0]
    own = np.where(seed, first_image, 0)[iy, ix]
    when = np.clip(own, 2, n_time - 1).astype(float)
    step, n_after, n_before = local_step(window, when)
    odds = np.zeros(seed.shape)
    for pol in range(step.shape[0]):
        sizes = step[pol][seed]
        middle = float(np.median(sizes))
        texture = max(1.4826 * float(np.median(np.abs(sizes - middle))), 0.15)
        noise2 = np.zeros(seed.shape)
        for stratum in (0, 1):
            parts = covariances[stratum, pol]
            slow = sum(parts.drift) + parts.season
            noise2 = np.where(
                window.water == (stratum == 0),
                parts.nugget * (1 / np.maximum(n_after, 1) + 1 / np.maximum(n_before, 1)) + slow,
                noise2,
            )
        inside2 = texture**2 + noise2
        odds += 0.5 * (step[pol] ** 2 / noise2 - (step[pol] - middle) ** 2 / inside2 + np.log(noise2 / inside2))
    odds = np.clip(odds, -8.0, 12.0)
    foreign = _foreign(window, seed, step)
    odds[~allowed | ~np.isfinite(step).all(axis=0)] = -20.0
    near = ndi.binary_dilation(seed, EIGHT, iterations=4)
    odds[~near] = -20.0
    coupling = COUPLING * (0.5 if linear else 1.0)
    inside = seed.copy()
    kernel = np.ones((3, 3))
    kernel[1, 1] = 0
    for _ in range(ROUNDS):
        count = ndi.convolve(inside.astype(float), kernel, mode="constant")
        # A straight edge of the structure has five neighbours outside: neutral there.
        updated = odds + coupling * (2 * count - 8 + 2) > 0
        if (updated == inside).all():
            break
        inside = updated
    if float(np.median([np.median(step[pol][seed]) for pol in range(step.shape[0])])) > 0:
        inside = _sharpened(window, inside, when, step)
    return keep_whole(inside, seed, linear) & ~foreign


def _foreign(window: Window, seed: NDArray[np.bool_], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Ground of the other stratum that did not change as the structure did: an old shore beside a new pier."""
    on_water = bool(window.water[seed].mean() > 0.5)
    typical = np.median(step[:, seed], axis=1)
    strongest = int(np.argmax(np.abs(typical)))
    unchanged = step[strongest] * np.sign(typical[strongest]) < 0.5 * abs(typical[strongest])
    return np.asarray((window.water != on_water) & unchanged, bool)


def _sharpened(
    window: Window, inside: NDArray[np.bool_], when: NDArray[np.float64], step: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """A bright footprint without the rim that the sensor's point spread smeared over its neighbours.

    Even a few per cent of a bright thing's power stand far above dark ground in a logarithmic test; the outline
    belongs where about half the power is gained. Rims are judged as a whole, for the texture of a structure varies from
    pixel to pixel as much as the power falls across its edge.
    """
    rest = window.residual().astype(float)
    image = np.arange(rest.shape[0])[:, None, None]
    level = nan_median(np.where((image < when)[:, None], rest, np.nan), axis=0)
    gained = (np.exp(level + step) - np.exp(level)) * (step > 0)
    contrast = [np.median(gain[inside]) / np.median(np.exp(low)) for gain, low in zip(gained, level, strict=True)]
    gain = gained[int(np.argmax(contrast))]
    for _ in range(WIDEST_RIM_PIXELS):
        core = ndi.binary_erosion(inside, EIGHT)
        rim = inside & ~core
        if core.sum() < max(FEWEST_CORE_PIXELS, FEWEST_CORE_SHARE * inside.sum()):
            break
        overall = float(gain[core].mean())
        nearby = _mean_within(gain, core, CORE_WINDOW_PIXELS, overall)
        weak = rim & (_mean_within(gain, rim, 3, overall) < EDGE_SHARE * nearby)
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
    keep = [i for i in range(1, count + 1) if share[i] >= max(3, 0.1 * share.max()) and size[i] > 0]
    whole = np.isin(labels, keep)
    filled = ndi.binary_fill_holes(whole)
    holes, n_holes = ndi.label(filled & ~whole)
    for i in range(1, n_holes + 1):
        if (holes == i).sum() <= max(2, SMALLEST_HOLE_KEPT_SHARE * whole.sum()):
            whole |= holes == i
    return whole
