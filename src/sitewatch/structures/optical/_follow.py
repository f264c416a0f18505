"""Follow one footprint through clear optical images: not built, then built, and when each pixel turned.

Before, a pixel has its level and the footprint's season; after, a level without season, for what is built or bare does
not green. How much likelier each clear image is with a pixel built than without follows from the indices' covariance;
the change point of each pixel then from all its images (`_change_points`, as for radar). An image that shows less than
half of the footprint takes no part: no date that is stated is that of a cloud.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from sitewatch.change.optical import OpticalModel, design
from sitewatch.structures._change_points import change_points

# Images that show less of the footprint than this are left out.
SEEN_SHARE = 0.5
TURNS = 2
# Missed haze touches all pixels at once: no image says more than this about any pixel (natural log).
MOST_LOG_RATIO = 5.0
FEWEST_BEFORE, FEWEST_AFTER = 4, 3
LEAST_SD = 0.02


@dataclasses.dataclass(frozen=True)
class Followed:
    """A footprint through time.

    Attributes
    ----------
    images
        [image], places of the images that take part among all of the track.
    built_by, dated
        [image, pixel] and [pixel], as `sitewatch.structures._presence.Presence` has them.
    values
        [index, image, pixel], clear indices.
    season
        [index, image], the season before, without level.
    before, after
        [index, pixel], levels.
    ratio
        [image, pixel], log-likelihood ratio of built against not built.
    """

    images: NDArray[np.intp]
    built_by: NDArray[np.float64]
    dated: NDArray[np.bool_]
    values: NDArray[np.float64]
    season: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    ratio: NDArray[np.float64]


def follow(
    values: NDArray[np.float32],
    first_image: NDArray[np.integer],
    footprint: NDArray[np.bool_],
    days: NDArray[np.float64],
    model: OpticalModel,
) -> Followed | None:
    """Follow a footprint; None where too few images see it on either side.

    Parameters
    ----------
    values
        [index, time, y, x], clear indices of a window less the date's effect.
    first_image
        [y, x], each pixel's own best change point.
    footprint
        [y, x].
    """
    rows, columns = np.nonzero(footprint)
    every = values[:, :, rows, columns].astype(float)
    images = np.flatnonzero(np.isfinite(every[0]).mean(axis=1) >= SEEN_SHARE)
    chosen = every[:, images]
    first = first_image[rows, columns].astype(float)
    if not (first >= 0).any():
        return None
    # Pixels that were drawn in from around have the date of the rest.
    first = np.where(first >= 0, first, np.median(first[first >= 0]))
    guess = int(np.searchsorted(images, np.median(first)))
    own = np.searchsorted(images, first)
    if guess < FEWEST_BEFORE or images.size - guess < FEWEST_AFTER:
        return None
    built = (np.arange(images.size)[:, None] >= own[None, :]).astype(float)
    seen = None
    for _ in range(TURNS):
        seen = _weighed(chosen, built, days[images], model)
        if seen is None:
            return None
        built, dated = change_points(seen[-1], rows, columns)
    assert seen is not None
    season, before, after, ratio = seen
    return Followed(images, built, dated, chosen, season, before, after, ratio)


def _weighed(
    values: NDArray[np.float64], built: NDArray[np.float64], days: NDArray[np.float64], model: OpticalModel
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
    """Season, levels before and after, and the ratio of each image, given when each pixel was built."""
    absent = np.where(built < 0.5, values, np.nan)
    there = np.where(built >= 0.5, values, np.nan)
    early = np.isfinite(absent[0]).any(axis=1)
    if early.sum() < FEWEST_BEFORE or np.isfinite(there[0]).any(axis=1).sum() < FEWEST_AFTER:
        return None
    season = _season(absent, days, early)
    before = _median(absent - season[:, :, None])
    after = _median(there)
    before = np.where(np.isfinite(before), before, np.nanmedian(before, axis=1, keepdims=True))
    after = np.where(np.isfinite(after), after, np.nanmedian(after, axis=1, keepdims=True))
    off_before = values - season[:, :, None] - before[:, None, :]
    off_after = values - after[:, None, :]
    rest = np.where(built < 0.5, off_before, off_after)
    inverse = _precision(rest)
    one, other = (np.einsum("ktp,kl,ltp->tp", d, inverse, d) for d in (off_before, off_after))
    # Departures hang together: neighbours in time repeat each other by all but the nugget's share.
    ratio = np.clip(0.5 * (one - other) * max(model.memory.nugget, 0.25), -MOST_LOG_RATIO, MOST_LOG_RATIO)
    return season, before, after, np.where(np.isfinite(ratio), ratio, 0.0)


def _season(absent: NDArray[np.float64], days: NDArray[np.float64], early: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[index, image], the footprint's season by its images before, about their mean; none where they tell none."""
    mean = _median(absent, axis=2)
    span = design(days[early])
    basis = design(days)[:, : span.shape[1]]
    out = np.zeros(mean.shape)
    if basis.shape[1] == 1 or early.sum() < basis.shape[1] + 4:
        return out
    for k in range(mean.shape[0]):
        use = early & np.isfinite(mean[k])
        ridge = 1e-3 * use.sum() * np.eye(basis.shape[1])
        ridge[0, 0] = 0.0
        x = basis[use]
        weight = np.linalg.solve(x.T @ x + ridge, x.T @ mean[k, use])
        out[k] = basis[:, 1:] @ weight[1:]
    return out


def _median(values: NDArray[np.float64], axis: int = 1) -> NDArray[np.float64]:
    """Median over an axis, NaN where there is nothing."""
    known = np.isfinite(values).any(axis=axis)
    filled = np.where(np.expand_dims(known, axis), values, 0.0)
    return np.where(known, np.nanmedian(filled, axis=axis), np.nan)


def _precision(rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """[index, index], inverse covariance of departures, large ones cut off."""
    flat = rest.reshape(rest.shape[0], -1)
    flat = flat[:, np.isfinite(flat).all(axis=0)]
    sd = np.maximum(1.4826 * np.median(np.abs(flat), axis=1), LEAST_SD)
    ready = np.clip(flat / sd[:, None], -3.0, 3.0)
    correlation = ready @ ready.T / max(ready.shape[1], 1)
    scale = np.sqrt(np.diag(correlation))
    # NDVI and NDWI say nearly the same; a little of each keeps their difference from speaking loudest.
    correlation = 0.9 * correlation / np.outer(scale, scale) + 0.1 * np.eye(len(scale))
    spread = np.maximum(sd, LEAST_SD)
    return np.asarray(np.linalg.inv(correlation * np.outer(spread, spread)))
