"""How much likelier each image of a track is with a pixel built than without, by levels learnt from the track."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sitewatch.change import Covariance
from sitewatch.change._gamma import inverse_trigamma, trigamma
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._laws import log_gamma_density, log_mean_bias
from sitewatch.structures._nan import nan_median
from sitewatch.structures._preparation import SURELY_WAITING, waiting_drop
from sitewatch.structures._window import Window

# Share of a footprint that must be built before clearing can no longer be seen on the rest.
BEGUN_SHARE = 0.1
LEVEL_PRIOR_IMAGES = 1.5
# So many images of an unbuilt pixel that look built are strangers; more of them are something that comes and goes.
STRANGER_IMAGES = 1.0
FIRST_SHARE, SHARE_ROUNDS = 0.1, 6


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
    as_built = log_gamma_density(deviation, common)
    as_before = log_gamma_density(side.rest - cleared - before[None], common)
    ratio = np.nansum(as_built - as_before, axis=1)
    return Weighed(before, after, less_what_comes_and_goes(ratio, waiting), deviation)


def less_what_comes_and_goes(ratio: NDArray[np.float64], waiting: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood ratio [image, pixel] where the unbuilt pixel looked built in a share of its images, learnt by EM.

    A flat that falls dry with the tide looks like what will be built on it whenever it does: such an image says little.
    The law without the structure is then a mixture of both, (1 - share) f_before + share f_built.
    """
    images = waiting.sum(axis=0)
    bounded = np.exp(np.clip(ratio, -50.0, 50.0))
    share = np.full(ratio.shape[1], FIRST_SHARE)
    for _ in range(SHARE_ROUNDS):
        looked_built = share * bounded / (1 - share + share * bounded)
        share = np.maximum((waiting * looked_built).sum(axis=0) - STRANGER_IMAGES, 0.0) / np.maximum(images, 1.0)
    log_share = np.log(share, out=np.full(share.shape, -np.inf), where=share > 0)
    return ratio - np.logaddexp(np.log1p(-share), ratio + log_share)


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
    bias = np.broadcast_to(log_mean_bias(looks), values.shape[1:])
    reach = 2.5 * np.sqrt(trigamma(np.broadcast_to(looks, values.shape[1:])))
    overall = nan_median(np.where(w > 0.5, values, np.nan), axis=(0, 2), keepdims=True)[0] if (w > 0.5).any() else 0.0
    overall = np.nan_to_num(np.broadcast_to(overall, values.shape[1:]))
    level = overall
    total = w.sum(axis=0)
    for limit in (4.0, 1.0, 1.0):
        clipped = np.clip(filled, level - limit * reach, level + limit * reach)
        own = (w * clipped).sum(axis=0)
        level = (own + LEVEL_PRIOR_IMAGES * overall) / (total + LEVEL_PRIOR_IMAGES)
    return level + bias
