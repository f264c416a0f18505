"""Pixel by pixel and image by image: is it built yet?

Turns of two steps: the levels of both states, given when each pixel was built, and what each image says by them
(`_weigh`); and when it was built, given that (`_change_points`). Several tracks take their turns together
(`_together`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.change import Covariance
from sitewatch.structures._change_points import change_points
from sitewatch.structures._weigh import Side, cleared_by, side_of, weigh
from sitewatch.structures._window import Window

GUESS_SIGMA_PIXELS = 1.2
START_PERCENT = 5
START_IMAGES = 2
TURNS = 4
# Images show hardly any, and most, of a footprint up to this share of it and from that on.
HARDLY_ANY, MOST = 0.1, 0.5


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
    turned = in_turns([side], [np.arange(n_time)], (rows, columns), built, image < start, TURNS)
    (presence,) = turned.presence
    assert presence is not None
    return presence


@dataclasses.dataclass(frozen=True)
class Turned:
    """What the turns come to.

    Attributes
    ----------
    built_by, dated
        [image, pixel] and [pixel], as in `Presence`, over all images.
    presence
        Of each side, with its own images; None where it was left out.
    """

    built_by: NDArray[np.float64]
    dated: NDArray[np.bool_]
    presence: tuple[Presence | None, ...]


def in_turns(
    sides: Sequence[Side],
    images: Sequence[NDArray[np.intp]],
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]],
    built: NDArray[np.float64],
    nothing: NDArray[np.bool_],
    turns: int,
    fewest_images: int = 0,
) -> Turned:
    """Levels of both states, given when each pixel was built, and when it was built, given the levels, in turns.

    Parameters
    ----------
    sides
        The pixels as each track sees them.
    images
        [side][image], places of each side's images among all in order.
    built
        [image, pixel], a first guess of when each was built.
    nothing
        [image, 1], images at which nothing stands anywhere.
    fewest_images
        A side with fewer images of hardly anything built, or of most of it, knows not both levels and is left out.
    """
    cleared = [np.zeros((*side.raw.shape[:2], 1)) for side in sides]
    for turn in range(turns):
        ratio = np.zeros(built.shape)
        seen = [
            weigh(side, built[at], nothing[at], one) if _knows_both(built[at], fewest_images) else None
            for side, at, one in zip(sides, images, cleared, strict=True)
        ]
        for number, (side, at, weighed) in enumerate(zip(sides, images, seen, strict=True)):
            if weighed is None:
                continue
            ratio[at] = weighed.ratio
            if turn == 0:
                cleared[number] = cleared_by(side, weighed.before, built[at])
        built, dated = change_points(ratio, *pixels)
    presence = tuple(
        None if w is None else Presence(built[at], w.before, w.after, pixels, w.ratio, dated, w.deviation)
        for w, at in zip(seen, images, strict=True)
    )
    return Turned(built, dated, presence)


def _knows_both(built: NDArray[np.float64], fewest_images: int) -> bool:
    share = built.mean(axis=1)
    return bool((share < HARDLY_ANY).sum() >= fewest_images and (share > MOST).sum() >= fewest_images)


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
