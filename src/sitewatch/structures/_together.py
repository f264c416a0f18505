"""Follow one footprint through the images of several tracks at once.

Levels are learnt track by track and never compared across tracks; what is added is how much likelier each image is with
a pixel built than without. One change point a pixel then explains all images of all tracks in the order of their dates,
so that the interval it is dated to is as short as they allow together.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.change import Covariance
from sitewatch.structures._presence import START_IMAGES, START_PERCENT, Presence, in_turns
from sitewatch.structures._weigh import side_of
from sitewatch.structures._window import Window, dates_of

TURNS = 3
# A track knows its two levels from so many images on either side; with fewer it doesn't take part.
FEWEST_IMAGES = 2


@dataclasses.dataclass(frozen=True)
class Together:
    """A footprint followed through all images of several tracks.

    Attributes
    ----------
    dates, days
        [image], of all images in order; days since the first.
    track
        [image], number of the window that an image belongs to.
    windows
        One a track.
    presence
        Of each window, with its own images; None where a track had too few on one side to know its levels.
    built_by, dated
        [image, pixel] and [pixel], as in `Presence`, over all images.
    """

    dates: tuple[dt.date, ...]
    days: NDArray[np.float64]
    track: NDArray[np.intp]
    windows: tuple[Window, ...]
    presence: tuple[Presence | None, ...]
    built_by: NDArray[np.float64]
    dated: NDArray[np.bool_]


def follow_together(
    windows: Sequence[Window],
    lead: Presence,
    covariances: Sequence[Mapping[tuple[int, int], Covariance]],
) -> Together:
    """Follow a footprint through several tracks whose windows lie on the same pixels.

    Parameters
    ----------
    windows
        One a track; the first is the one that `lead` was followed in.
    lead
        The footprint as its own track dates it: where the turns begin.
    covariances
        The strata's variance components, one entry a track.
    """
    rows, columns = lead.pixels
    sides = [side_of(w, rows, columns, c) for w, c in zip(windows, covariances, strict=True)]
    times = [w.stack["time"].values for w in windows]
    track = np.repeat(np.arange(len(windows)), [t.size for t in times])
    every = np.concatenate(times)
    order = np.argsort(every, kind="stable")
    track, every = track[order], every[order]
    days = (every - every[0]) / np.timedelta64(1, "D")
    images = [np.flatnonzero(track == number) for number in range(len(windows))]
    built = _in_between(lead.built_by, days[images[0]], days)
    nothing = (days < _start(lead, days[images[0]]))[:, None]
    turned = in_turns(sides, images, lead.pixels, built, nothing, TURNS, FEWEST_IMAGES)
    return Together(tuple(dates_of(every)), days, track, tuple(windows), turned.presence, turned.built_by, turned.dated)


def alone(window: Window, presence: Presence) -> Together:
    """The same of one track, as it was followed."""
    track = np.zeros(len(window.dates), int)
    return Together(tuple(window.dates), window.days, track, (window,), (presence,), presence.built_by, presence.dated)


def _in_between(
    built_by: NDArray[np.float64], own: NDArray[np.float64], days: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[image, pixel], chances of one track's images at the days of all."""
    position = np.interp(days, own, np.arange(own.size, dtype=float))
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, own.size - 1)
    share = (position - below)[:, None]
    return np.asarray((1.0 - share) * built_by[below] + share * built_by[above])


def _start(lead: Presence, own: NDArray[np.float64]) -> float:
    """Day before which nothing stands anywhere."""
    begun = int((lead.built_by.mean(axis=1) * 100 >= START_PERCENT).argmax())
    return float(own[max(begun - START_IMAGES, 0)])
