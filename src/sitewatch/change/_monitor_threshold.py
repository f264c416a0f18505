"""How much evidence makes a candidate: the threshold with the wanted mean time between false ones.

Found by simulating stable speckle through the very kernel that watches the pixels. One pass serves all thresholds: a
series that exceeds a threshold for the first time has exceeded all lower ones before. With T(h) the images that all
series spent below h and N(h) the times that h was exceeded, the mean time is T / N, also for series that are cut off
(the hazard of a run length is constant but for its first images).
"""

from __future__ import annotations

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._monitor_bank import bank_for
from sitewatch.change._monitor_kernel import Runs, clear_runs, score_runs
from sitewatch.change._numba import kernel
from sitewatch.errors import ChangeError

SHORTEST_ARL, LONGEST_ARL = 20.0, 1e9
# False candidates that the calibration rests on; their number scatters by its square root.
_FALSE_CANDIDATES = 1000
# Beyond, the logarithm of the mean time is carried on with slope 1: the tail of a likelihood ratio (Siegmund 1985,
# "Sequential Analysis", ch. 2 and 8).
_LONGEST_SIMULATED = 10_000.0
_SERIES = 64
_PARTS = 2
_STEP = 0.05
# How far beyond the wanted mean time, in its logarithm, the simulation goes on.
_MARGIN = 0.2
# More images of a level than this are as good as all.
_KNOWN = 30_000


def threshold_for(arl: float, looks: float | tuple[float, ...], history: int) -> float:
    """Threshold of the weighted evidence at which a stable pixel becomes a candidate every `arl` images on average.

    Parameters
    ----------
    arl
        Mean number of images from the start, or from the end of the last candidate, to the next false one (average
        run length), 20 to 1e9.
    looks
        Effective looks, one a polarisation; taken to two significant digits.
    history
        Images from which a pixel's level is known when the watch begins. The threshold hardly depends on it.

    Returns
    -------
    The threshold, natural log. Simulated with a fixed seed, so the same arguments give the same threshold; kept while
    the process lives.

    Raises
    ------
    ChangeError
        If `arl` is outside those bounds, or there are no looks, or they aren't positive.
    """
    per_pol = (float(looks),) if isinstance(looks, (int, float)) else tuple(float(n) for n in looks)
    if not SHORTEST_ARL <= arl <= LONGEST_ARL:
        raise ChangeError(
            f"The mean number of images between false candidates must lie between {SHORTEST_ARL:g} and "
            f"{LONGEST_ARL:g}, not {arl:g}"
        )
    if not per_pol or not all(n > 0 and math.isfinite(n) for n in per_pol):
        raise ChangeError(f"Looks must be positive, one a polarisation, not {looks}")
    rounded = tuple(float(f"{n:.2g}") for n in per_pol)
    grid, log_arl = run_lengths(rounded, _few_digits(history), min(arl, _LONGEST_SIMULATED))
    beyond = max(math.log(arl) - log_arl[-1], 0.0)
    return float(np.interp(math.log(arl), log_arl, grid)) + beyond


def _few_digits(history: int) -> int:
    """To one significant digit, so that pixels with nearly as many images share a simulation."""
    return min(int(float(f"{max(history, 0):.1g}")), _KNOWN)


@functools.lru_cache(maxsize=256)
def run_lengths(looks: tuple[float, ...], history: int, longest: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Thresholds and the logarithm of the mean time between false candidates at each, up to about `longest` images."""
    bank = bank_for(len(looks))
    rng = np.random.default_rng(1954)
    n = np.array(looks)
    grid = np.arange(bank.log_weight.min(), math.log(longest) + 4.0, _STEP)
    log_arl = np.empty(0)
    # A series begins anew when it passes the last threshold of the grid, so the first, short simulation looks for
    # where that grid may end, and the second has most of its series pass there.
    with ThreadPoolExecutor(_PARTS) as pool:
        for candidates in (_FALSE_CANDIDATES / 10, _FALSE_CANDIDATES):
            images = math.ceil(longest * candidates / (_SERIES * _PARTS))
            simulate = functools.partial(
                _simulate, bank.log_ratio, bank.log_weight, n, history, grid, images, math.ceil(2 * longest)
            )
            parts = list(pool.map(simulate, rng.spawn(_PARTS)))
            spent, passed = sum(part[0] for part in parts), sum(part[1] for part in parts)
            log_arl = np.log(spent / np.maximum(passed, 1))
            last = int(np.searchsorted(log_arl, math.log(longest) + _MARGIN)) + 1
            grid, log_arl = grid[:last], log_arl[:last]
    return grid, log_arl


@kernel
def _simulate(
    log_ratio: NDArray[np.float64],
    log_weight: NDArray[np.float64],
    looks: NDArray[np.float64],
    history: int,
    grid: NDArray[np.float64],
    images: int,
    limit: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images spent below each threshold by stable series, and how often it was exceeded.

    A series begins anew when it exceeds the last threshold, or after `limit` images.
    """
    n_component, n_pol = log_ratio.shape
    runs = Runs(
        np.zeros((n_pol, _SERIES), np.float32),
        np.zeros(_SERIES, np.int32),
        np.zeros((n_component, n_pol, _SERIES), np.float32),
        np.zeros((n_component, _SERIES), np.int32),
        np.zeros((n_component, _SERIES), np.int32),
    )
    spent, passed = np.zeros(grid.size), np.zeros(grid.size, np.int64)
    power, n = np.empty((n_pol, _SERIES)), np.empty((n_pol, _SERIES))
    active = np.ones(_SERIES, np.bool_)
    best, which = np.empty(_SERIES), np.empty(_SERIES, np.int64)
    since, next_one = np.zeros(_SERIES, np.int64), np.full(_SERIES, grid.size)
    for image in range(images):
        for b in range(_SERIES):
            if next_one[b] == grid.size or image - since[b] == limit:
                for above in range(next_one[b], grid.size):
                    spent[above] += image - since[b]
                clear_runs(runs, b)
                runs.level_count[b] = history
                for pol in range(n_pol):
                    runs.level_sum[pol, b] = rng.standard_gamma(looks[pol] * history) if history > 0 else 0.0
                    n[pol, b] = looks[pol]
                since[b] = image
                next_one[b] = 0
            for pol in range(n_pol):
                power[pol, b] = rng.standard_gamma(looks[pol])
        score_runs(runs, log_ratio, log_weight, image, 0, power, n, active, best, which)
        for b in range(_SERIES):
            while next_one[b] < grid.size and best[b] > grid[next_one[b]]:
                spent[next_one[b]] += image + 1 - since[b]
                passed[next_one[b]] += 1
                next_one[b] += 1
    for b in range(_SERIES):
        for above in range(next_one[b], grid.size):
            spent[above] += images - since[b]
    return spent, passed
