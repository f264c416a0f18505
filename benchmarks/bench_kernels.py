"""The omnibus test and the segmentation beside vectorised NumPy references, 100 dates, two polarisations.

    python -m pytest benchmarks/bench_kernels.py --benchmark-only -q

Every benchmark states million pixel-dates per second. Those of the kernels with a reference run it before every round
and state how many times faster the kernel is, best against best and median against median, so that whatever else the
machine does meets both. Results are compared before anything is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from sitewatch.change._omnibus import sequential_omnibus
from sitewatch.change._omnibus_laws import box_laws, box_p_value, box_rho_q, exact_laws
from sitewatch.change._segment import last_step, segment

LOOKS, IMAGES, ALPHA, PENALTY = 4.4, 100, 0.01, 10.0
# Pixels on a side for the references; enough to spread NumPy's overhead, few enough to stay in its caches.
SMALL = 60


def stack(side: int) -> NDArray[np.float32]:
    """[channel, time, y, x] speckle in which one pixel in twenty steps up by 8 dB at image 60."""
    rng = np.random.default_rng(1)
    power = rng.gamma(LOOKS, 1 / LOOKS, (2, IMAGES, side, side)).astype(np.float32)
    power[:, 60:, :, : side // 20] *= 6.3
    return power


def omnibus_in_numpy(
    power: NDArray[np.float32], looks: float, alpha: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """p of Q, p of R_j and changes by the corrected approximation, vectorised over pixels; one loop over restarts."""
    channels, images, *grid = power.shape
    values = power.reshape(channels, images, -1).astype(np.float64)
    pixels = values.shape[2]
    ln_i = np.log(values).sum(axis=0)
    p_q, p_r, changed = np.ones(pixels), np.full((images, pixels), np.nan), np.zeros((images, pixels), bool)
    start_of = np.zeros(pixels, int)
    for start in range(images - 1):
        which = np.flatnonzero(start_of == start)
        if which.size == 0:
            continue
        part = slice(None) if which.size == pixels else which
        k = images - start
        j = np.arange(1, k + 1, dtype=float)[:, None]
        ln_s = np.log(np.cumsum(values[:, start:, part], axis=1)).sum(axis=0)
        j_ln_j = channels * j * np.log(j)
        weighted = j * ln_s
        ln_r = looks * (j_ln_j[1:] - j_ln_j[:-1] + weighted[:-1] + ln_i[start + 1 :, part] - weighted[1:])
        rho = 1 - (1 + 1 / (j[1:] * (j[1:] - 1))) / (6 * looks)
        p = box_p_value(-ln_r, float(channels), rho)
        q = box_p_value(-ln_r.sum(axis=0), float(channels * (k - 1)), box_rho_q(looks, k))
        if start == 0:
            p_q = q
        p_r[start + 1 :, part] = p
        below = p <= alpha
        hit = below.any(axis=0) & (q <= alpha)
        at = start + 1 + below.argmax(axis=0)
        changed[at[hit], which[hit]] = True
        start_of[which] = np.where(hit, at, -1)
    return p_q.reshape(grid), p_r.reshape(images, *grid), changed.reshape(images, *grid)


def segment_in_numpy(power: NDArray[np.float32], looks: float, penalty: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cost and number of segments of the optimum, by dynamic programming vectorised over pixels and starts."""
    channels, images, *grid = power.shape
    values = power.reshape(channels, images, -1).astype(np.float64)
    pixels = values.shape[2]
    sums = np.concatenate([np.zeros((channels, 1, pixels)), np.cumsum(values, axis=1)], axis=1)
    best, previous = np.empty((images + 1, pixels)), np.zeros((images + 1, pixels), int)
    best[0] = -penalty
    for end in range(1, images + 1):
        m = np.arange(end, 0, -1.0)[:, None]
        mean = (sums[:, end][:, None] - sums[:, :end]) / m
        cost = np.log(mean).sum(axis=0) * (m * looks) + best[:end]
        previous[end] = cost.argmin(axis=0)
        best[end] = np.take_along_axis(cost, previous[end][None], axis=0)[0] + penalty
    count, end, everyone = np.zeros(pixels, int), np.full(pixels, images), np.arange(pixels)
    while (end > 0).any():
        count += end > 0
        end = previous[end, everyone]
    whole = images * looks * np.log(values.mean(axis=1)).sum(axis=0)
    return (best[images] - whole).reshape(grid), count.reshape(grid)


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    number = int(request.param)
    if number > numba.config.NUMBA_NUM_THREADS:
        pytest.skip(f"this machine has {numba.config.NUMBA_NUM_THREADS} thread")
    numba.set_num_threads(number)
    yield number
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


def run(benchmark: Any, call: Callable[[], object], side: int, reference: Callable[[], object] | None = None) -> None:
    """Time `call` on side x side pixels; `reference` works on `SMALL` x `SMALL` and is timed before every round."""
    seconds: list[float] = []

    def time_reference() -> None:
        if reference is not None:
            started = time.perf_counter()
            reference()
            seconds.append((time.perf_counter() - started) / (SMALL * SMALL * IMAGES))

    benchmark.pedantic(call, setup=time_reference, rounds=7, warmup_rounds=1)
    own = [s / (side * side * IMAGES) for s in benchmark.stats.stats.data]
    benchmark.extra_info["million_pixel_dates_per_s"] = round(1e-6 / min(own), 2)
    if seconds:
        benchmark.extra_info["of_the_reference"] = round(1e-6 / min(seconds), 2)
        benchmark.extra_info["times_faster_best"] = round(min(seconds) / min(own), 1)
        benchmark.extra_info["times_faster_median"] = round(float(np.median(seconds) / np.median(own)), 1)


@pytest.mark.parametrize("laws", [box_laws, exact_laws])
def test_omnibus_kernel(benchmark: Any, threads: int, laws: Any) -> None:
    small, power = stack(SMALL), stack(400)
    p_q, p_r, changed = omnibus_in_numpy(small, LOOKS, ALPHA)
    found = sequential_omnibus(small, LOOKS, alpha=ALPHA, laws=box_laws)
    np.testing.assert_allclose(found.p_q, p_q, rtol=1e-3, atol=1e-12)
    np.testing.assert_allclose(found.p_r, p_r, rtol=1e-3, atol=1e-12)
    np.testing.assert_array_equal(found.changed, changed)
    # The tables serve every tile of a stack, so they are made once, outside what is timed.
    started = time.perf_counter()
    tables = laws([LOOKS], IMAGES, 2)
    benchmark.extra_info["seconds_for_the_tables"] = round(time.perf_counter() - started, 3)
    run(
        benchmark,
        lambda: sequential_omnibus(power, LOOKS, alpha=ALPHA, laws=lambda *_: tables),
        400,
        lambda: omnibus_in_numpy(small, LOOKS, ALPHA),
    )


def test_segmentation_kernel(benchmark: Any, threads: int) -> None:
    small, power = stack(SMALL), stack(200)
    cost, count = segment_in_numpy(small, LOOKS, PENALTY)
    found = segment(small, LOOKS, PENALTY)
    np.testing.assert_allclose(found.cost, cost, atol=1e-6)
    np.testing.assert_array_equal(found.count, count)
    run(benchmark, lambda: segment(power, LOOKS, PENALTY), 200, lambda: segment_in_numpy(small, LOOKS, PENALTY))


def test_last_step_kernel(benchmark: Any, threads: int) -> None:
    power = stack(200)
    run(benchmark, lambda: last_step(power, LOOKS), 200)
