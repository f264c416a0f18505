"""Single images of many geometries: what each says by itself, and how that joins the dates.

A track of one or two images has no levels of its own, so each of its images is judged within itself (`_within`). What
it gives is a likelihood of the share built, and likelihoods multiply over images, geometries and sensors. Two things
stay possible and bound what one geometry says: that the structure is hidden in it (shadow, layover, no contrast), and
that something else stood there for a moment (a vessel, parked lorries).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from sitewatch.change._background import SMALLEST_FLOOR
from sitewatch.structures._map import covered, onto
from sitewatch.structures._pixels import box_round
from sitewatch.structures._window import pixel_side_m
from sitewatch.structures._within import SHARES, UNKNOWN, Contrast, share_evidence

# A structure can't be told from its ground in so many geometries, and so many images show something else in its place.
HIDDEN_SHARE = 0.02
STRANGER_SHARE = 0.02
MARGIN_M = 500.0
LEAST_SHARE, NEARLY_SHARE = 0.03, 0.95
# An outline from other images holds the finished structure and some ground beside it: it fills so much or all.
FILLED_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Glimpse:
    """What one image says of a footprint, judged within itself.

    Attributes
    ----------
    time
        Of acquisition, UTC.
    scene, track
        Its scene and the geometry it was seen in.
    evidence
        [share], log of how much likelier the image is with each of `SHARES` built than with none.
    """

    time: np.datetime64
    scene: str
    track: str
    evidence: NDArray[np.float64]

    @property
    def date(self) -> dt.date:
        """Acquisition date, UTC."""
        day: dt.date = self.time.astype("datetime64[D]").item()
        return day

    def likelihood(self, low: float, high: float) -> float:
        """Of a share built that lies anywhere between two, against none; strangers counted in where that is none."""
        if high <= 0.0:
            return self.absent
        weight = _overlap(max(FILLED_SHARE * low, LEAST_SHARE if low > 0 else 0.0), high)
        value = np.exp(self.evidence)
        value[0] = self.absent
        return float(weight @ value)

    @property
    def absent(self) -> float:
        """Likelihood with none built, strangers counted in, against that of bare ground."""
        return float(1.0 - STRANGER_SHARE + STRANGER_SHARE * np.exp(self.evidence[1:]).mean())

    def log_ratio(self, low: float = LEAST_SHARE, high: float = 1.0) -> float:
        """Log of how much likelier the image is with such a share built than with none, both bounds in force."""
        some = self.likelihood(max(low, LEAST_SHARE), max(high, LEAST_SHARE))
        return float(np.log(HIDDEN_SHARE + (1.0 - HIDDEN_SHARE) * some / self.absent))

    def share_between(self, low: float, high: float) -> tuple[float, float]:
        """Mean and standard deviation of the share built, if it lies between two."""
        weight = _overlap(low, high) * np.exp(self.evidence - self.evidence.max())
        weight = weight / weight.sum() if weight.sum() > 0 else _overlap(low, high)
        mean = float(weight @ SHARES)
        return mean, float(np.sqrt(max(weight @ SHARES**2 - mean**2, 0.0)))


def glimpses_of(
    stack: xr.Dataset,
    footprint: shapely.Polygon | shapely.MultiPolygon,
    *,
    present: Callable[[str], Sequence[Contrast]] = lambda _: UNKNOWN,
    absent_db: float = 0.0,
    same_ground: tuple[NDArray[np.bool_], GeoBox] | None = None,
    others: shapely.Geometry | None = None,
) -> list[Glimpse]:
    """What the images of a stack say of a footprint (EPSG:4326), each by itself; none where they don't cover it.

    Parameters
    ----------
    present
        How the structure stands out from its surroundings, given the polarisation.
    absent_db
        How its ground stood out before, dB.
    same_ground
        Ground of the kind that it stands on, and the grid of that map; told from the image where None.
    others
        Other structures (EPSG:4326).
    """
    geobox = stack.odc.geobox
    mask = covered(footprint, geobox)
    if not mask.any():
        return []
    pixel_m = pixel_side_m(stack)
    margin = round(MARGIN_M / pixel_m)
    box = box_round(mask, margin)
    part = geobox[box]
    name = str(next(iter(stack.data_vars)))
    ground = None if same_ground is None else onto(*same_ground, part)
    beside = None if others is None or shapely.is_empty(others) else covered(others, part)
    found = []
    for image in range(stack.sizes["time"]):
        one = stack[name].isel(time=image, y=box[0], x=box[1])
        evidence = share_evidence(
            np.log(np.maximum(one.to_numpy().astype(float), SMALLEST_FLOOR)),
            mask[box],
            pixel_m,
            present=present(name),
            absent_db=absent_db,
            same_ground=ground,
            others=beside,
        )
        if evidence is not None:
            found.append(
                Glimpse(
                    stack["time"].values[image], str(one["scene"].values), str(stack.attrs.get("track", "")), evidence
                )
            )
    return found


@dataclasses.dataclass(frozen=True)
class Timeline:
    """Images that date a structure in the order of their times, and the single ones among them.

    Attributes
    ----------
    days
        [image], days of all.
    own
        [image], number of the image among those of the full tracks, -1 for a single one.
    single
        [image], number of the single image, -1 for one of a full track.
    """

    days: NDArray[np.float64]
    own: NDArray[np.intp]
    single: NDArray[np.intp]


def timeline(days: NDArray[np.float64], single_days: NDArray[np.float64]) -> Timeline:
    """Put single images between those of the full tracks."""
    every = np.concatenate([days, single_days])
    order = np.argsort(every, kind="stable")
    own = np.concatenate([np.arange(days.size), np.full(single_days.size, -1)])
    single = np.concatenate([np.full(days.size, -1), np.arange(single_days.size)])
    return Timeline(every[order], own[order], single[order])


def begun_with(
    chance: NDArray[np.float64],
    line: Timeline,
    glimpses: Sequence[Glimpse],
    between: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Chance [image of the timeline] of having been begun by each image, and the log evidence of the single images.

    Parameters
    ----------
    chance
        [image of the full tracks], by their images alone.
    between
        [single image, 2], least and greatest share that stands if it was begun.

    Returns
    -------
    The chances; and the log likelihood ratio of the single images with the structure begun when the full tracks say
    against never.
    """
    states = [
        (g.absent, g.likelihood(max(low, LEAST_SHARE), high)) for g, (low, high) in zip(glimpses, between, strict=True)
    ]
    return _with(chance, line, glimpses, states)


def finished_with(
    chance: NDArray[np.float64],
    line: Timeline,
    glimpses: Sequence[Glimpse],
    between: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Chance [image of the timeline] of having been finished by each image; parameters as for `begun_with`."""
    states = []
    for g, (low, high) in zip(glimpses, between, strict=True):
        short = g.likelihood(min(low, NEARLY_SHARE), min(high, NEARLY_SHARE))
        states.append((short, g.likelihood(1.0, 1.0)))
    return _with(chance, line, glimpses, states)[0]


def _with(
    chance: NDArray[np.float64], line: Timeline, glimpses: Sequence[Glimpse], states: Sequence[tuple[float, float]]
) -> tuple[NDArray[np.float64], float]:
    """Weigh the gaps in which an event may lie by the likelihoods (before, after) of the single images."""
    mass = _split_mass(chance, line)
    place = np.empty(len(glimpses), int)
    singles = line.single >= 0
    place[line.single[singles]] = np.flatnonzero(singles)
    # Gap j ends with image j: the image shows what came about in it.
    after = place[:, None] >= np.arange(mass.size)[None, :]
    log_likelihood, nothing = over_geometries(
        glimpses, np.where(after, np.log([b for _, b in states])[:, None], np.log([a for a, _ in states])[:, None])
    )
    with np.errstate(divide="ignore"):
        weight = np.log(mass) + log_likelihood
    total = np.logaddexp.reduce(weight)
    if not np.isfinite(total):
        return _split_chance(mass), 0.0
    return _split_chance(np.exp(weight - total)), float(total - nothing)


def over_geometries(glimpses: Sequence[Glimpse], log_states: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """[hypothesis], log-likelihood of all images under each; and that of nothing there. log_states [image, hypothesis].

    The images of one geometry hide a structure together or not at all.
    """
    total = np.zeros(log_states.shape[1])
    nothing = 0.0
    for track in dict.fromkeys(g.track for g in glimpses):
        of = [i for i, g in enumerate(glimpses) if g.track == track]
        bare = float(sum(np.log(glimpses[i].absent) for i in of))
        shown = log_states[of].sum(axis=0)
        total += np.logaddexp(np.log(HIDDEN_SHARE) + bare, np.log1p(-HIDDEN_SHARE) + shown)
        nothing += bare
    return total, nothing


def _split_mass(chance: NDArray[np.float64], line: Timeline) -> NDArray[np.float64]:
    """[gap of the timeline], the chance of each gap of the full tracks split over its parts by their length.

    Of the open gaps before the first and after the last image of the full tracks the open part keeps half.
    """
    whole = np.diff(np.concatenate([[0.0], np.clip(np.maximum.accumulate(chance), 0.0, 1.0), [1.0]]))
    at = np.searchsorted(np.flatnonzero(line.own >= 0), np.arange(line.days.size + 1))
    length = np.diff(line.days)
    length = np.concatenate([[0.0], length, [0.0]])
    mass = np.zeros(at.size)
    for gap in range(whole.size):
        parts = np.flatnonzero(at == gap)
        share = np.maximum(length[parts], 1e-9)
        if gap == 0 or gap == whole.size - 1:
            share[0 if gap == 0 else -1] = 0.0
            share[0 if gap == 0 else -1] = share.sum() if parts.size > 1 else 1.0
        mass[parts] = whole[gap] * share / share.sum()
    return mass


def _split_chance(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.cumsum(mass)[:-1], 0.0, 1.0)


def _overlap(low: float, high: float) -> NDArray[np.float64]:
    """[share], weights of `SHARES` for a share that lies evenly between two (linear interpolation)."""
    points = np.linspace(low, max(high, low), 41)
    weight = np.zeros(SHARES.size)
    at = np.clip(np.searchsorted(SHARES, points, side="right") - 1, 0, SHARES.size - 2)
    right = np.clip((points - SHARES[at]) / (SHARES[at + 1] - SHARES[at]), 0.0, 1.0)
    np.add.at(weight, at, 1.0 - right)
    np.add.at(weight, at + 1, right)
    return weight / weight.sum()
