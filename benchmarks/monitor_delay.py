"""Detection delay of the sequential monitor beside the CUSUM that knows both levels, on simulated gamma speckle.

    python benchmarks/monitor_delay.py            # prints the tables of docs/monitor.md, a few minutes
    python benchmarks/monitor_delay.py --figure docs/images/monitor-delay.png

Yardstick: the CUSUM of Page 1954 with the true level before, the true step and the true looks; one-sided, so it knows
the direction too. Its threshold is set by simulation at the same mean number of images between false alarms (ARL).

Delay: images from the first one after the step to the alarm, both counted, so 1 is the least. Both see `BURN_IN` images
without a change first; series with an alarm among them are left out, so it is the expected delay given no false alarm
before (steady state). The monitor whose level is learnt from a history of 20 or 50 images gets no burn-in: the
step comes right after the history, which is its worst case, while the yardstick keeps its burn-in.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._monitor_bank import DB_PER_LOG, bank_for
from sitewatch.change._monitor_kernel import CONFIRMED, RAISED, Rules, advance
from sitewatch.change._monitor_state import as_runs, as_verdicts, blank_arrays
from sitewatch.change._monitor_threshold import threshold_for
from sitewatch.change._numba import kernel

STEPS_DB = (1, 2, 3, 5, 7, 10, -1, -2, -3, -5, -7, -10)
ARLS = (100, 1000, 10_000)
LOOKS = (4.4, 1.0, 10.0)
BURN_IN = 50
# A level from so many images counts as known.
KNOWN = 30_000
SERIES = 8000
# Of learnt levels: after so many images a step that isn't seen counts as missed.
PATIENCE = 2000


@kernel
def cusum_run_lengths(
    rng: np.random.Generator, looks: float, step: float, grid: NDArray[np.float64], series: int, limit: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images spent below each threshold by stable series of at most `limit` images, and times it was exceeded."""
    ratio = math.exp(step)
    spent, passed = np.zeros(grid.size), np.zeros(grid.size, np.int64)
    for _ in range(series):
        w, at, t = 0.0, 0, 0
        while at < grid.size and t < limit:
            t += 1
            w = max(w, 0.0) + rng.standard_gamma(looks) * (1.0 - 1.0 / ratio) - looks * step
            while at < grid.size and w > grid[at]:
                spent[at] += t
                passed[at] += 1
                at += 1
        for above in range(at, grid.size):
            spent[above] += t
    return spent, passed


@kernel
def cusum_delay(rng: np.random.Generator, looks: float, step: float, threshold: float, series: int) -> float:
    """Mean delay, in images, given no alarm in the burn-in."""
    ratio = math.exp(step)
    total, done = 0, 0
    while done < series:
        w, t, early = 0.0, 0, False
        while t < BURN_IN and not early:
            t += 1
            w = max(w, 0.0) + rng.standard_gamma(looks) * (1.0 - 1.0 / ratio) - looks * step
            early = w > threshold
        if early:
            continue
        delay, alarm = 0, False
        while not alarm:
            delay += 1
            w = max(w, 0.0) + ratio * rng.standard_gamma(looks) * (1.0 - 1.0 / ratio) - looks * step
            alarm = w > threshold
        total += delay
        done += 1
    return total / series


def yardstick(looks: float, step_db: float) -> list[float]:
    """Delay of the CUSUM that knows both levels, at each of `ARLS`."""
    rng = np.random.default_rng(1954)
    step = step_db / DB_PER_LOG
    grid = np.arange(max(-3.0, 0.02 - looks * abs(step)), math.log(ARLS[-1]) + 1.0, 0.02)
    spent, passed = cusum_run_lengths(rng, looks, step, grid, 100, 2 * ARLS[-1])
    arl = spent / np.maximum(passed, 1)
    grid = grid[: int(np.searchsorted(arl, 1.2 * ARLS[-1])) + 1]
    spent, passed = cusum_run_lengths(rng, looks, step, grid, 1500, 2 * ARLS[-1])
    log_arl = np.log(spent / np.maximum(passed, 1))
    return [
        cusum_delay(rng, looks, step, float(np.interp(math.log(target), log_arl, grid)), 2 * SERIES) for target in ARLS
    ]


@dataclasses.dataclass(frozen=True)
class Delays:
    """Images from the step to the raised candidate and to its confirmation; inf where none came in time."""

    raised: NDArray[np.float64]
    confirmed: NDArray[np.float64]


def monitor_delays(
    looks: tuple[float, ...],
    arl: float,
    step_db: tuple[float, ...],
    *,
    history: int,
    burn_in: int,
    series: int = SERIES,
    patience: int = PATIENCE,
    confirm: bool = False,
) -> Delays:
    """Feed the monitor's kernel series that step, all of them at once, until each has its alarm."""
    rng = np.random.default_rng(2026)
    n, step = np.array(looks), 10 ** (np.array(step_db) / 10)
    bank = bank_for(len(looks))
    confirm_at, withdraw_at = math.log(0.95 / 0.01), math.log(0.05 / 0.99)
    threshold = threshold_for(arl, looks, history)
    rules = Rules(
        bank.log_ratio,
        bank.log_weight,
        np.tile(n, (2, 1)),
        np.full(2, threshold),
        confirm_at,
        withdraw_at,
        confirm_at / 3,
        -withdraw_at / 2,
        0.75,
    )
    arrays = blank_arrays(bank.log_weight.size, len(looks), series)
    arrays["stratum"][:] = 1
    arrays["level_count"][:] = history
    arrays["level_sum"][:] = rng.standard_gamma(n[:, None] * history, (n.size, series)) / n[:, None]
    raised, confirmed = np.full(series, np.inf), np.full(series, np.inf)
    alive = np.arange(series)

    def feed(image: int, level: NDArray[np.float64]) -> NDArray[np.int8]:
        power = rng.standard_gamma(n[:, None], (n.size, alive.size)) * (level / n)[:, None]
        event = np.zeros(alive.size, np.int8)
        advance(as_runs(arrays), as_verdicts(arrays), rules, power.astype(np.float32), image, event)
        return event

    def keep(which: NDArray[np.bool_]) -> None:
        nonlocal alive, arrays
        alive = alive[which]
        arrays = {name: np.ascontiguousarray(values[..., which]) for name, values in arrays.items()}

    for image in range(burn_in):
        keep(feed(image, np.ones(n.size)) != RAISED)
    started = alive
    for delay in range(1, patience + 1):
        event = feed(burn_in + delay - 1, step)
        first = (event == RAISED) & np.isinf(raised[alive])
        raised[alive[first]] = delay
        confirmed[alive[event == CONFIRMED]] = delay
        done = np.isfinite((confirmed if confirm else raised)[alive])
        if done.any():
            keep(~done)
        if alive.size == 0:
            break
    return Delays(raised[started], confirmed[started])
