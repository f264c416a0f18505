"""One more image for every pixel under watch: run by run the evidence for a step, then what it means.

Power is x ~ Gamma(n, mean mu) with mu unknown. A run is the images since some image nu; with S the sum of all k
images, s that of the k' images of the run and r the step, the likelihood ratio of "since nu the level is r times what
it was before" against "nothing changed", both integrated over mu with the invariant prior d mu / mu, is

    W = n [ k ln(S / (S - (1 - 1/r) s)) - k' ln r ]

(the invariant statistic of Pollak and Siegmund 1991, "Sequential detection of a change in a normal mean when the
initial value is unknown", Annals of Statistics 19, here for the gamma law's scale). Its law does not depend on mu; the
fewer images there are before nu, the less it claims; with very many it becomes the CUSUM of Page 1954. As there, a run
starts afresh when its evidence is gone: W <= 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._elementary import quick_log
from sitewatch.change._numba import kernel, parallel_kernel

NONE, RAISED, CONFIRMED, WITHDRAWN = 0, 1, 2, 3
_WATER, _LAND = 0, 1
_BLOCK = 64
# A power of zero counts as this; sums of it still have logarithms.
_LEAST_POWER = 1e-12
# An image of a candidate counts as no brighter than so many times what it should be.
_MOST_TIMES = 8.0
# Evidence below this is rounding.
_NO_EVIDENCE = 1e-9


class Runs(NamedTuple):
    """What a pixel's evidence rests on, changed in place; what each array means is said in `_monitor_state`."""

    level_sum: NDArray[np.float32]  # [polarisation, pixel]
    level_count: NDArray[np.int32]  # [pixel]
    run_sum: NDArray[np.float32]  # [component, polarisation, pixel]
    run_count: NDArray[np.int32]  # [component, pixel]
    run_start: NDArray[np.int32]  # [component, pixel]


class Verdicts(NamedTuple):
    """What was concluded from it, changed in place."""

    stratum: NDArray[np.uint8]  # [pixel]
    candidate: NDArray[np.int8]  # [pixel]
    evidence: NDArray[np.float32]  # [pixel]
    raised: NDArray[np.int32]  # [pixel]
    changed: NDArray[np.int32]  # [pixel]
    confirmed: NDArray[np.int32]  # [pixel]
    confirmed_raised: NDArray[np.int32]  # [pixel]
    confirmed_changed: NDArray[np.int32]  # [pixel]
    confirmed_step_db: NDArray[np.float32]  # [polarisation, pixel]


class Rules(NamedTuple):
    """What the kernel decides by.

    Attributes
    ----------
    log_ratio, log_weight
        The bank.
    looks
        [stratum, polarisation].
    threshold
        [stratum], of the weighted evidence, for a candidate.
    confirm_at, withdraw_at
        Evidence of the images after the raising one, above and below which a candidate's fate is sealed.
    most_for, most_against
        Largest share of it that one image may have, for and against; both positive.
    lasting_share
        Share of the raising component's step, in dB, that the images must keep to speak for the candidate.
    """

    log_ratio: NDArray[np.float64]
    log_weight: NDArray[np.float64]
    looks: NDArray[np.float64]
    threshold: NDArray[np.float64]
    confirm_at: float
    withdraw_at: float
    most_for: float
    most_against: float
    lasting_share: float


@kernel
def score_runs(
    runs: Runs,
    log_ratio: NDArray[np.float64],
    log_weight: NDArray[np.float64],
    image: int,
    first: int,
    power: NDArray[np.float64],
    looks: NDArray[np.float64],
    active: NDArray[np.bool_],
    best: NDArray[np.float64],
    which: NDArray[np.int64],
) -> None:
    """Add an image to every run of a block of pixels and find the strongest.

    Parameters
    ----------
    image
        Its number.
    first
        The block's first pixel.
    power, looks
        [polarisation, pixel of the block]; any positive power where not active.
    active
        [pixel of the block], whether the pixel has this image and waits for a change.
    best, which
        [pixel of the block], filled: the largest weighted evidence and its component.
    """
    n_component, n_pol = log_ratio.shape
    width = active.size
    total, log_total, count = np.empty((n_pol, width)), np.empty((n_pol, width)), np.empty(width)
    for pol in range(n_pol):
        for b in range(width):
            total[pol, b] = runs.level_sum[pol, first + b] + power[pol, b]
            log_total[pol, b] = quick_log(total[pol, b])
    for b in range(width):
        count[b] = runs.level_count[first + b] + 1.0
    best[:] = -np.inf
    which[:] = -1
    evidence, length, lives = np.empty(width), np.empty(width), np.empty(width, np.bool_)
    # No branches from pixel to pixel, so that the compiler handles several at once.
    for c in range(n_component):
        evidence[:] = 0.0
        counts, starts = runs.run_count[c, first : first + width], runs.run_start[c, first : first + width]
        for b in range(width):
            length[b] = counts[b] + 1.0
        for pol in range(n_pol):
            step = log_ratio[c, pol]
            if step != 0.0:
                gain = 1.0 - math.exp(-step)
                sums, x, n = runs.run_sum[c, pol, first : first + width], power[pol], looks[pol]
                whole, log_whole = total[pol], log_total[pol]
                for b in range(width):
                    log_rest = quick_log(whole[b] - gain * (sums[b] + x[b]))
                    evidence[b] += n[b] * (count[b] * (log_whole[b] - log_rest) - length[b] * step)
        for b in range(width):
            lives[b] = active[b] & (evidence[b] > _NO_EVIDENCE)
        for pol in range(n_pol):
            sums, x = runs.run_sum[c, pol, first : first + width], power[pol]
            for b in range(width):
                longer = np.float32(sums[b] + x[b]) if lives[b] else np.float32(0.0)
                sums[b] = longer if active[b] else sums[b]
        for b in range(width):
            starts[b] = np.int32(image) if lives[b] & (counts[b] == 0) else starts[b]
        for b in range(width):
            longer_by_one = counts[b] + np.int32(1) if lives[b] else np.int32(0)
            counts[b] = longer_by_one if active[b] else counts[b]
        for b in range(width):
            weighted = evidence[b] + log_weight[c] if lives[b] else -np.inf
            which[b] = c if weighted > best[b] else which[b]
            best[b] = max(weighted, best[b])
    for b in range(width):
        if active[b]:
            runs.level_count[first + b] += 1
            for pol in range(n_pol):
                runs.level_sum[pol, first + b] = total[pol, b]


@kernel
def clear_runs(runs: Runs, at: int) -> None:
    """Forget all runs of a pixel."""
    n_component, n_pol, _ = runs.run_sum.shape
    for c in range(n_component):
        runs.run_count[c, at] = 0
        runs.run_start[c, at] = -1
        for pol in range(n_pol):
            runs.run_sum[c, pol, at] = 0.0


@kernel
def _raise(runs: Runs, verdicts: Verdicts, at: int, component: int, image: int) -> None:
    """Make a candidate: the level is that of the images before the run, which are kept out of it from now on."""
    verdicts.candidate[at] = component
    verdicts.evidence[at] = 0.0
    verdicts.raised[at] = image
    verdicts.changed[at] = runs.run_start[component, at]
    runs.level_count[at] -= runs.run_count[component, at]
    for pol in range(runs.level_sum.shape[0]):
        runs.level_sum[pol, at] = max(runs.level_sum[pol, at] - runs.run_sum[component, pol, at], 0.0)
    clear_runs(runs, at)


@kernel
def withdraw(runs: Runs, verdicts: Verdicts, at: int) -> None:
    """Back to waiting; the images of the candidate belong to no level."""
    verdicts.candidate[at] = -1
    verdicts.evidence[at] = 0.0
    verdicts.raised[at] = -1
    verdicts.changed[at] = -1
    clear_runs(runs, at)


@kernel
def _confirm(runs: Runs, verdicts: Verdicts, at: int, component: int, image: int) -> None:
    """Note the change and go on from the new level, learnt from the images after the raising one."""
    verdicts.confirmed[at] = image
    verdicts.confirmed_raised[at] = verdicts.raised[at]
    verdicts.confirmed_changed[at] = verdicts.changed[at]
    count = runs.run_count[component, at]
    brighter = True
    for pol in range(runs.level_sum.shape[0]):
        after = runs.run_sum[component, pol, at]
        before = runs.level_sum[pol, at]
        step = math.log((after / count) / (before / runs.level_count[at])) if before > 0.0 and after > 0.0 else 0.0
        verdicts.confirmed_step_db[pol, at] = 10.0 / math.log(10.0) * step
        brighter = brighter and step > 0.0
        runs.level_sum[pol, at] = after
    runs.level_count[at] = count
    if verdicts.stratum[at] == _WATER and brighter:
        # What was built in the water no longer follows the wind, so the images with the sea's date effects taken out
        # say nothing about its level.
        verdicts.stratum[at] = _LAND
        runs.level_count[at] = 0
        runs.level_sum[:, at] = 0.0
    withdraw(runs, verdicts, at)


@kernel
def _judge(
    runs: Runs,
    verdicts: Verdicts,
    rules: Rules,
    at: int,
    image: int,
    power: NDArray[np.float64],
    looks: NDArray[np.float64],
) -> int:
    """Weigh one more image of a candidate (power, looks [polarisation]): does the new level last?"""
    component = verdicts.candidate[at]
    before = runs.level_count[at]
    gained = 0.0
    runs.run_count[component, at] += 1
    count = runs.run_count[component, at]
    for pol in range(power.size):
        known, after = runs.level_sum[pol, at], runs.run_sum[component, pol, at]
        step = rules.lasting_share * rules.log_ratio[component, pol]
        # A ship that passes is not to become part of the new level.
        x = min(power[pol], _MOST_TIMES * known / before * math.exp(max(rules.log_ratio[component, pol], 0.0)))
        shrink = math.exp(-step)
        gained += looks[pol] * (
            (before + count) * math.log((known + after + x) / (known + (after + x) * shrink))
            - (before + count - 1) * math.log((known + after) / (known + after * shrink))
            - step
        )
        runs.run_sum[component, pol, at] += x
    gained = min(max(gained, -rules.most_against), rules.most_for)
    verdicts.evidence[at] += gained
    # Sums of equal parts must reach their total in single precision too.
    if verdicts.evidence[at] >= rules.confirm_at - 1e-4:
        _confirm(runs, verdicts, at, component, image)
        return CONFIRMED
    if verdicts.evidence[at] <= rules.withdraw_at + 1e-4:
        withdraw(runs, verdicts, at)
        return WITHDRAWN
    return NONE


@parallel_kernel
def advance(
    runs: Runs, verdicts: Verdicts, rules: Rules, power: NDArray[np.float32], image: int, event: NDArray[np.int8]
) -> None:
    """Take in one image [polarisation, pixel] (linear, date effects removed, NaN: none) and say what it changes.

    `event` [pixel] is filled with `NONE`, `RAISED`, `CONFIRMED` or `WITHDRAWN`. A pixel that lacks one polarisation
    skips the image; one whose stratum is neither water nor land is not watched.
    """
    n_pol, n_pixel = power.shape
    for block in prange((n_pixel + _BLOCK - 1) // _BLOCK):
        first = block * _BLOCK
        width = min(_BLOCK, n_pixel - first)
        x, looks = np.empty((n_pol, width)), np.empty((n_pol, width))
        there, active = np.empty(width, np.bool_), np.empty(width, np.bool_)
        for b in range(width):
            at = first + b
            there[b] = verdicts.stratum[at] <= _LAND
            for pol in range(n_pol):
                there[b] = there[b] and not np.isnan(power[pol, at])
            for pol in range(n_pol):
                x[pol, b] = max(power[pol, at], _LEAST_POWER) if there[b] else 1.0
                looks[pol, b] = rules.looks[verdicts.stratum[at], pol] if there[b] else 1.0
            active[b] = there[b] and verdicts.candidate[at] < 0
        best, which = np.empty(width), np.empty(width, np.int64)
        score_runs(runs, rules.log_ratio, rules.log_weight, image, first, x, looks, active, best, which)
        for b in range(width):
            at = first + b
            event[at] = NONE
            if active[b]:
                if best[b] > rules.threshold[verdicts.stratum[at]]:
                    _raise(runs, verdicts, at, which[b], image)
                    event[at] = RAISED
            elif there[b]:
                event[at] = _judge(runs, verdicts, rules, at, image, x[:, b].copy(), looks[:, b].copy())
