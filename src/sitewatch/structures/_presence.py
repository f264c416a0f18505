"""Pixel by pixel and image by image: is it built yet?

Turns of two steps: the levels of both states, given when each pixel was built; and when it was built,
given what each image says by these levels (`_change_points`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, polygamma, psi

from sitewatch.change import DB_PER_LOG, Covariance
from sitewatch.change._gamma import inverse_trigamma
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._change_points import change_points
from sitewatch.structures._nan import nan_median
from sitewatch.structures._preparation import SURELY_WAITING, waiting_drop
from sitewatch.structures._window import Window

# A single image can always be something else (a ship, a wet patch): its density under either state never falls
# below that of this share spread over this range.
STRANGER_SHARE = 0.03
STRANGER_RANGE = 40.0 / DB_PER_LOG
GUESS_SIGMA_PIXELS = 1.2
START_PERCENT = 5
START_IMAGES = 2
TURNS = 4
# Share of a footprint that must be built before clearing can no longer be seen on the rest.
BEGUN_SHARE = 0.1
LEVEL_PRIOR_IMAGES = 1.5


@dataclasses.dataclass(frozen=True)
class Presence:
    """When each pixel of a footprint was built.

    Attributes
    ----------
    built_by
        [image, pixel], probability that the pixel is built by that image.
    before, after
        [polarisation, pixel], ln power levels, `before` with the date effect removed.
    pixels
        Row and column of each pixel in the window.
    ratio
        [image, pixel], log-likelihood ratio of built against not built at each image.
    dated
        [pixel], whether the pixel's own images date it to a few images (texture leaves some all but unchanged).
    deviation
        [image, polarisation, pixel], ln power less the pixel's level as built.
    """

    built_by: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]]
    ratio: NDArray[np.float64]
    dated: NDArray[np.bool_]
    deviation: NDArray[np.float64]


def follow(
    window: Window,
    footprint: NDArray[np.bool_],
    first_image: NDArray[np.integer],
    statistic: NDArray[np.float32],
    covariances: Mapping[tuple[int, int], Covariance],
) -> Presence:
    """Follow a footprint's pixels from not built to built.

    Parameters
    ----------
    window
        All dates around the structure.
    footprint
        [y, x] of the window.
    first_image
        [y, x], each pixel's own best change point.
    statistic
        [y, x], how strongly each pixel changed (see `detect_change`); weak pixels start from strong neighbours' dates.
    covariances
        The strata's variance components.
    """
    rows, columns = np.nonzero(footprint)
    side = side_of(window, rows, columns, covariances)
    n_time = side.raw.shape[0]
    guess = np.clip(first_guess(first_image, statistic, rows, columns), 1, n_time - 1)
    image = np.arange(n_time)[:, None]
    built = (image >= guess[None, :]).astype(float)
    # Before the first pixels change nothing stands anywhere: those images count as "before" for every pixel, else one
    # that hardly changed could settle for having stood from the start.
    start = np.percentile(guess, START_PERCENT) - START_IMAGES
    cleared = np.zeros((n_time, side.raw.shape[1], 1))
    for turn in range(TURNS):
        seen = weigh(side, built, image < start, cleared)
        if turn == 0:
            cleared = cleared_by(side, seen.before, built)
        built, dated = change_points(seen.ratio, rows, columns)
    return Presence(built, seen.before, seen.after, (rows, columns), seen.ratio, dated, seen.deviation)


@dataclasses.dataclass(frozen=True)
class Side:
    """A footprint's pixels as one track sees them.

    Attributes
    ----------
    window
        All dates of the track around them.
    raw, rest
        [time, polarisation, pixel], ln power, and the same less the date's effect.
    water
        [pixel], whether it was water.
    looks, speckle_looks
        [polarisation, pixel], looks whose log variance is all that a stable pixel does, and what it does at random.
    """

    window: Window
    raw: NDArray[np.float64]
    rest: NDArray[np.float64]
    water: NDArray[np.bool_]
    looks: NDArray[np.float64]
    speckle_looks: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Weighed:
    """What the images of one track say about each pixel, given when it was built.

    Attributes
    ----------
    before, after
        [polarisation, pixel], ln power levels.
    ratio
        [image, pixel], log-likelihood ratio of built against not built at each image.
    deviation
        [image, polarisation, pixel], ln power less the pixel's level as built.
    """

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    ratio: NDArray[np.float64]
    deviation: NDArray[np.float64]


def side_of(
    window: Window,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    covariances: Mapping[tuple[int, int], Covariance],
) -> Side:
    """The pixels at these rows and columns of a window."""
    raw = window.log_values[:, :, rows, columns].astype(float)
    rest = window.residual[:, :, rows, columns].astype(float)
    water = window.water[rows, columns]
    looks = _looks_before(water, covariances, raw.shape[1], lasting=True)
    speckle_looks = _looks_before(water, covariances, raw.shape[1], lasting=False)
    return Side(window, raw, rest, water, looks, speckle_looks)


def weigh(side: Side, built: NDArray[np.float64], nothing: NDArray[np.bool_], cleared: NDArray[np.float64]) -> Weighed:
    """Learn the levels of both states from the images [image, pixel] `built` tells apart, and weigh every image.

    Parameters
    ----------
    built
        [image, pixel], probability of being built.
    nothing
        [image, 1], images at which nothing stands anywhere.
    cleared
        See `cleared_by`.
    """
    waiting = np.where(nothing, 1.0, 1.0 - built)
    before = _level(side.rest - cleared, waiting, side.looks)
    effect = _effect_after(side.window, side.raw, built)
    after_looks = _looks_after(side.raw - effect, built, side.looks)
    after = _level(side.raw - effect, built, after_looks)
    # Both states scatter alike, lest a steadier law call a pixel built whose level hardly changed.
    common = np.minimum(side.speckle_looks, after_looks)
    deviation = side.raw - effect - after[None]
    ratio = np.nansum(
        log_gamma_density(deviation, common) - log_gamma_density(side.rest - cleared - before[None], common),
        axis=1,
    )
    return Weighed(before, after, ratio, deviation)


def cleared_by(side: Side, before: NDArray[np.float64], built: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, polarisation, 1], what clearing the site took from the level of the ground that waits for its building.

    Cleared ground is neither what was there before nor the building to come. None of it at sea.
    """
    if side.water.mean() < 0.5:
        return _cleared(side.rest, before, built)
    return np.zeros((*side.rest.shape[:2], 1))


def _cleared(rest: NDArray[np.float64], before: NDArray[np.float64], built: NDArray[np.float64]) -> NDArray[np.float64]:
    n_time, n_pol, _ = rest.shape
    out = np.zeros((n_time, n_pol, 1))
    some = np.flatnonzero(built.mean(axis=1) > BEGUN_SHARE)
    image = waiting_drop(rest - before[None], built, int(some[0]) + 1 if some.size else n_time)
    if image is None:
        return out
    waiting = np.where(built[:, None, :] < SURELY_WAITING, rest, np.nan)
    # Pixel by pixel against its own level on the images before, so that the ground's unevenness drops out.
    own = nan_median(waiting[:image], axis=0)
    drop = nan_median(waiting[image:] - own[None], axis=(0, 2))
    out[image:] = np.nan_to_num(drop)[None, :, None]
    return out


def first_guess(
    first_image: NDArray[np.integer],
    statistic: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> NDArray[np.float64]:
    """[pixel], median change point of each pixel's neighbourhood, weighted by nearness and strength."""
    reach = int(np.ceil(3 * GUESS_SIGMA_PIXELS))
    inside = np.zeros(first_image.shape)
    inside[rows, columns] = np.minimum(np.nan_to_num(statistic[rows, columns]), 400.0) ** 2 + 1.0
    strength = np.pad(inside, reach)
    images = np.pad(first_image.astype(float), reach)
    offsets = [(dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
    at = [(rows + reach + dy, columns + reach + dx) for dy, dx in offsets]
    near = np.array([np.exp(-0.5 * (dy**2 + dx**2) / GUESS_SIGMA_PIXELS**2) for dy, dx in offsets])
    weight = np.stack([strength[y, x] for y, x in at]) * near[:, None]
    value = np.stack([images[y, x] for y, x in at])
    order = np.argsort(value, axis=0)
    share = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
    middle = (share >= 0.5 * share[-1]).argmax(axis=0)
    return np.take_along_axis(value, order, axis=0)[middle, np.arange(rows.size)]


def _looks_before(
    water: NDArray[np.bool_], covariances: Mapping[tuple[int, int], Covariance], n_pol: int, *, lasting: bool
) -> NDArray[np.float64]:
    """[polarisation, pixel], looks whose log variance is all that a stable pixel does from image to image.

    With `lasting`, drift and season are counted too.
    """

    def looks(stratum: int, pol: int) -> float:
        parts = covariances[stratum, pol]
        return float(inverse_trigamma(parts.nugget + (sum(parts.drift) + parts.season if lasting else 0.0)))

    return np.array([np.where(water, looks(0, pol), looks(1, pol)) for pol in range(n_pol)])


def _looks_after(
    values: NDArray[np.float64], built: NDArray[np.float64], before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[polarisation, 1], looks of the built state from its scatter about each pixel's own level."""
    weight = built[:, None, :] > 0.9
    out = []
    for pol in range(values.shape[1]):
        series = np.where(weight[:, 0] & np.isfinite(values[:, pol]), values[:, pol], np.nan)
        enough = np.isfinite(series).sum(axis=0) >= 4
        if enough.sum() < 3:
            out.append(float(np.median(before[pol])))
            continue
        step = np.abs(np.diff(series[:, enough], axis=0))
        sd = MAD_TO_SD * float(nan_median(step)) / np.sqrt(2.0)
        out.append(float(np.clip(inverse_trigamma(max(sd, 0.05) ** 2), 0.5, 1.5 * np.median(before[pol]) + 2)))
    return np.array(out)[:, None]


def _effect_after(window: Window, raw: NDArray[np.float64], built: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, polarisation, 1], date effect that the built surface follows: the land's or none, whichever fits."""
    effect = window.background.effect[1].T[:, :, None]
    weight = built > 0.9
    scores = []
    for trial in (np.zeros_like(effect), effect):
        series = np.where(weight[:, None, :], raw - trial, np.nan)
        enough = np.isfinite(series[:, 0]).sum(axis=0) >= 4
        if not enough.any():
            return np.zeros_like(effect)
        centred = series[:, :, enough]
        centred = centred - nan_median(centred, axis=0)
        by_date = np.array([nan_median(row) if np.isfinite(row).any() else 0.0 for row in centred[:, 0]])
        scores.append(float(np.sum(by_date**2)))
    return effect if scores[1] < 0.7 * scores[0] else np.zeros_like(effect)


def _level(values: NDArray[np.float64], weight: NDArray[np.float64], looks: NDArray[np.float64]) -> NDArray[np.float64]:
    """[polarisation, pixel], robust ln of the mean power over the weighted images, drawn a little to the whole's."""
    w = np.where(np.isfinite(values), weight[:, None, :], 0.0)
    filled = np.nan_to_num(values)
    bias = np.broadcast_to(np.log(looks) - psi(looks), values.shape[1:])
    reach = 2.5 * np.sqrt(polygamma(1, np.broadcast_to(looks, values.shape[1:])))
    overall = nan_median(np.where(w > 0.5, values, np.nan), axis=(0, 2), keepdims=True)[0] if (w > 0.5).any() else 0.0
    overall = np.nan_to_num(np.broadcast_to(overall, values.shape[1:]))
    level = overall
    total = w.sum(axis=0)
    for limit in (4.0, 1.0, 1.0):
        clipped = np.clip(filled, level - limit * reach, level + limit * reach)
        own = (w * clipped).sum(axis=0)
        level = (own + LEVEL_PRIOR_IMAGES * overall) / (total + LEVEL_PRIOR_IMAGES)
    return level + bias


def log_gamma_density(deviation: NDArray[np.float64], looks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log density of d = ln(I / mean) for gamma speckle of `looks` looks, with a floor for strangers."""
    bounded = np.clip(deviation, -20.0, 6.0)
    inside = looks * np.log(looks) - gammaln(looks) + looks * (bounded - np.exp(bounded))
    with np.errstate(invalid="ignore"):  # missing images are NaN and stay so
        return np.logaddexp(inside + np.log(1 - STRANGER_SHARE), np.log(STRANGER_SHARE / STRANGER_RANGE))
