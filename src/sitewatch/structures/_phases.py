"""In which phase of its construction a structure was at each image: a left-to-right hidden Markov model.

The phases are those of IARPA SMART: No Activity, Site Preparation, Active Construction, Post Construction. They come in
that order, some may be skipped, and none comes back. Time runs in days, not in images: the chance that a phase has been
left between two images grows with the gap between them. Two kinds of evidence speak at each image: how surely the
structure has been begun and finished by then, and how dark the ground that waits for it is against its own past. How
dark it had been, how much it dropped and how far it scatters are not known; the model runs for each of a grid of values
and the results are weighed by their evidence, so that a drop counts by all that it explains (Rabiner 1989; the
average over models is that of Hoeting, Madigan, Raftery and Volinsky 1999).
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from sitewatch.structure import PHASES, Interval, Phase, PhasePoint
from sitewatch.structures._growth import credibly
from sitewatch.structures._laws import STRANGER_RANGE_DB, with_strangers

NONE, PREPARATION, ACTIVE, POST = range(4)
# Mean days of site preparation and of construction on the 142 phased sites of five SMART regions, and the share of
# sites with a preparation that any image shows (`benchmarks/phases.py --annotations` computes them).
PREPARATION_DAYS = 164.0
ACTIVE_DAYS = 567.0
PREPARED_SHARE = 0.8
# Share of an event's chance that is spread evenly over all images, so that no image rules anything out for good.
SPREAD_SHARE = 0.01
# Chance that unfinished works show nothing new in one more image.
PAUSE = 0.05
# Levels (dB) that the model weighs: where the waiting ground lay against the median of its images, how far it dropped,
# how far it scatters from image to image.
BASES_DB = np.arange(-0.5, 2.51, 0.25)
DROPS_DB = np.array([1.0, 1.4, 2.0, 2.8, 4.0])
SCATTERS_DB = np.array([0.15, 0.22, 0.32, 0.47, 0.7, 1.0])


@dataclasses.dataclass(frozen=True)
class Phases:
    """Phases of one structure, image by image.

    Attributes
    ----------
    probability
        [image, phase], chance of each phase at each image; rows sum to 1.
    phase
        [image], index of the phase that is stated; never falls.
    """

    probability: NDArray[np.float64]
    phase: NDArray[np.intp]


def follow_phases(
    begun: NDArray[np.float64],
    finished: NDArray[np.float64],
    days: NDArray[np.float64],
    waiting_db: NDArray[np.float64] | None = None,
    waiting_pixels: NDArray[np.float64] | None = None,
    stated: Sequence[tuple[float, NDArray[np.bool_]]] = (),
) -> Phases:
    """Chances of the four phases at each image, and the phases that are stated.

    Parameters
    ----------
    begun, finished
        [image], chance that the structure has been begun, and finished, by each image; neither falls. Where
        `finished` stays below 1, so much of it is left for works that go on after the last image.
    days
        [image], days of the images, increasing.
    waiting_db, waiting_pixels
        [image], mean level of the ground that waits for the structure, dB, NaN where none is left, and how many pixels
        it is the mean of; without them no site preparation is looked for.
    stated
        What else is said of the dates: the chance that it is right, and [image, phase] what it leaves possible. The
        phases are those given it, and those without it, in these shares.
    """
    prepares = waiting_db is not None and bool(np.isfinite(waiting_db).sum() > 1)
    share = PREPARED_SHARE if prepares else 0.0
    transition = transitions(days, rates(float(days[-1] - days[0]), share))
    emission = np.zeros((1, days.size, 4))
    if prepares and waiting_db is not None:
        count = np.ones(days.size) if waiting_pixels is None else waiting_pixels
        emission = waiting_evidence(waiting_db, count)
    emission = emission + growth_evidence(begun, finished)
    # What the first image shows is the status quo: No Activity.
    open_to_all = _posterior(emission, transition)
    probability = np.zeros_like(open_to_all)
    left = 1.0
    for share, phases_left in stated:
        with np.errstate(divide="ignore"):
            held = _posterior(emission + np.log(phases_left), transition)
        if np.isfinite(held).all():
            probability += share * held
            left -= share
    probability += left * open_to_all
    probability /= probability.sum(axis=1, keepdims=True)
    return Phases(probability, in_order(probability))


def _posterior(emission: NDArray[np.float64], transition: NDArray[np.float64]) -> NDArray[np.float64]:
    """[image, phase] chances, the grid's models weighed by their evidence; NaN where nothing is possible."""
    # What the first image shows is the status quo: No Activity.
    log_probability, evidence = forward_backward(emission, np.eye(4)[NONE], transition)
    if not np.isfinite(evidence).any():
        return np.full(emission.shape[1:], np.nan)
    weight = np.exp(evidence - evidence.max())
    out: NDArray[np.float64] = np.einsum("g,gts->ts", weight / weight.sum(), np.exp(log_probability))
    return out


def what_is_left(images: int, onset: tuple[int, int] | None, completion: tuple[int, int] | None) -> NDArray[np.bool_]:
    """[image, phase], what intervals that hold the onset and the completion leave possible.

    Parameters
    ----------
    onset, completion
        Last image without, first image with it; None leaves all.
    """
    left = np.ones((images, 4), bool)
    for span, first in ((onset, ACTIVE), (completion, POST)):
        if span is not None:
            left[: span[0] + 1, first:] = False
            left[span[1] :, :first] = False
    return left


def rates(record_days: float, prepared_share: float) -> NDArray[np.float64]:
    """[phase, phase], rates of change, 1/day: row from, column to; rows sum to 0.

    A structure that was found has begun within its record: the mean wait for that is the record's length.
    """
    begin = 1.0 / max(record_days, 1.0)
    rate = np.zeros((4, 4))
    rate[NONE, PREPARATION] = begin * prepared_share
    rate[NONE, ACTIVE] = begin * (1.0 - prepared_share)
    rate[PREPARATION, ACTIVE] = 1.0 / PREPARATION_DAYS
    rate[ACTIVE, POST] = 1.0 / ACTIVE_DAYS
    return rate - np.diag(rate.sum(axis=1))


def transitions(days: NDArray[np.float64], rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """[gap, phase, phase], chance to be in a phase at an image, given the phase at the image before.

    The matrix exponential of the rates times the days between them: phases may pass unseen between two images.
    """
    gaps = np.diff(days)
    if gaps.size == 0:
        return np.zeros((0, 4, 4))
    chance: NDArray[np.float64] = np.maximum(expm(rate * gaps[:, None, None]), 0.0)
    return chance / chance.sum(axis=2, keepdims=True)


def growth_evidence(begun: NDArray[np.float64], finished: NDArray[np.float64]) -> NDArray[np.float64]:
    """[image, phase], log evidence of each image for each phase, from when the structure was begun and finished.

    A change at image j is worth ln P(j), so that its steps from image to image are ln P(j) - ln P(j + 1).
    """
    start, end = _steps(begun), _steps(finished)
    return np.stack([np.zeros_like(start), np.zeros_like(start), start, start + end], axis=1)


def _steps(by: NDArray[np.float64]) -> NDArray[np.float64]:
    """[image], log evidence of each image for an event that has happened by it with the chance `by`."""
    at = np.diff(np.concatenate([[0.0], np.clip(np.maximum.accumulate(by), 0.0, 1.0), [1.0]]))
    worth = np.log((1 - SPREAD_SHARE) * at + SPREAD_SHARE / at.size)
    return worth[:-1] - worth[1:]


def waiting_evidence(level_db: NDArray[np.float64], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """[grid, image, phase], log evidence of the waiting ground's level, for a grid of the levels that are not known.

    It has dropped in Site Preparation and not in No Activity.
    What still waits beside works under way may have been prepared or not.
    """
    known = np.isfinite(level_db)
    centred = np.where(known, level_db - np.median(level_db[known]), 0.0)
    loss = np.sqrt(pixels[known].max() / np.maximum(pixels, 1.0))
    base, drop, scatter = (
        axis[:, None] for axis in np.array(list(itertools.product(BASES_DB, DROPS_DB, SCATTERS_DB))).T
    )
    sd = scatter * loss[None, :]
    before, prepared = _log_normal(centred - base, sd), _log_normal(centred - base + drop, sd)
    either = np.logaddexp(before, prepared) - np.log(2.0)
    evidence = np.stack([before, prepared, either, either], axis=2)
    return np.where(known[None, :, None], evidence, 0.0)


def _log_normal(deviation: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log density of the normal law, with a floor for strangers."""
    inside = -0.5 * (deviation / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    return with_strangers(inside, STRANGER_RANGE_DB)


def forward_backward(
    log_emission: NDArray[np.float64], start: NDArray[np.float64], transition: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[..., image, state] log posterior of the states, and [...] log evidence.

    Exact, in logs (Rabiner 1989, eqs. 19 to 27).

    Parameters
    ----------
    log_emission
        [..., image, state]; leading axes are models of their own.
    start
        [state], chance of each state at the first image.
    transition
        [gap, state, state], chances from row to column.
    """
    n_time = log_emission.shape[-2]
    forward, backward = np.empty_like(log_emission), np.zeros_like(log_emission)
    with np.errstate(divide="ignore"):  # what can't be is -inf
        forward[..., 0, :] = np.log(start) + log_emission[..., 0, :]
    for t in range(1, n_time):
        forward[..., t, :] = _log_matmul(forward[..., t - 1, :], transition[t - 1]) + log_emission[..., t, :]
    for t in range(n_time - 2, -1, -1):
        onward = log_emission[..., t + 1, :] + backward[..., t + 1, :]
        backward[..., t, :] = _log_matmul(onward, transition[t].T)
    evidence = np.logaddexp.reduce(forward[..., -1, :], axis=-1)
    return forward + backward - evidence[..., None, None], evidence


def _log_matmul(log_row: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln(exp(row) @ matrix), without overflow."""
    largest = log_row.max(axis=-1, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        out: NDArray[np.float64] = np.log(np.exp(log_row - largest) @ matrix) + largest
    return out


def in_order(probability: NDArray[np.float64]) -> NDArray[np.intp]:
    """[image], the phases that never go back and of which the most are expected to be right.

    The likeliest phase image by image could go back, and the likeliest path (Viterbi) may be right at fewer images; the
    sum of the chances is largest over all ordered sequences (posterior decoding, Rabiner 1989, sec. III.B, kept to the
    order as in Kall, Krogh and Sonnhammer 2005).
    """
    n_time, n_state = probability.shape
    best, came = probability[0].copy(), np.zeros((n_time, n_state), np.intp)
    for t in range(1, n_time):
        leader = np.zeros(n_state, np.intp)
        for state in range(1, n_state):
            leader[state] = state if best[state] > best[leader[state - 1]] else leader[state - 1]
        came[t], best = leader, best[leader] + probability[t]
    phase = np.empty(n_time, np.intp)
    phase[-1] = int(best.argmax())
    for t in range(n_time - 1, 0, -1):
        phase[t - 1] = came[t, phase[t]]
    return phase


def reached_between(probability: NDArray[np.float64], phase: int) -> tuple[int, int] | None:
    """Last image by which a phase has credibly not been reached, first by which it or a later one has been (95 %).

    None where it is never credibly reached; the first index is -1 where it was reached by the first image.
    """
    return credibly(probability[:, phase:].sum(axis=1))


def as_points(dates: Sequence[dt.date], phases: Phases) -> tuple[PhasePoint, ...]:
    """Phases with the dates of their images."""
    return tuple(
        PhasePoint(day, PHASES[phase], (float(chance[0]), float(chance[1]), float(chance[2]), float(chance[3])))
        for day, phase, chance in zip(dates, phases.phase, phases.probability, strict=True)
    )


def prepared_on(points: Sequence[PhasePoint]) -> dt.date | None:
    """First image that is said to show Site Preparation, or None."""
    return next((point.date for point in points if point.phase == PHASES[PREPARATION]), None)


def begun_between(points: Sequence[PhasePoint], phase: Phase) -> Interval | None:
    """95 % interval of the image by which a phase or a later one has been reached; None where it can't be stated."""
    if not points:
        return None
    images = reached_between(np.array([p.probabilities for p in points]), PHASES.index(phase))
    return None if images is None or images[0] < 0 else Interval(points[images[0]].date, points[images[1]].date)


def held_to(
    points: Sequence[PhasePoint], onset: Interval | None, completion: Interval | None
) -> tuple[PhasePoint, ...]:
    """Phases of one track, given the intervals that all tracks together leave.

    What the intervals rule out at a date gets no chance there, and the rest keep their proportions.
    """
    if not points or (onset is None and completion is None):
        return tuple(points)
    dates = [p.date for p in points]

    def images(interval: Interval | None) -> tuple[int, int] | None:
        if interval is None:
            return None
        return bisect.bisect_right(dates, interval.earliest) - 1, bisect.bisect_left(dates, interval.latest)

    left = what_is_left(len(dates), images(onset), images(completion))
    probability = np.where(left, np.array([p.probabilities for p in points]), 0.0)
    # Where all that is left had no chance, all of it shares.
    probability = np.where(probability.sum(axis=1, keepdims=True) < 1e-12, left, probability)
    probability /= np.maximum(probability.sum(axis=1, keepdims=True), 1e-300)
    return as_points(dates, Phases(probability, in_order(probability)))
