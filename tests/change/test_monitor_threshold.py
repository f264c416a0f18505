"""The mean time between false candidates is the one asked for, in series that the calibration has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numba
import numpy as np
import pytest

from sitewatch.change._monitor_bank import bank_for
from sitewatch.change._monitor_kernel import RAISED, Rules, advance
from sitewatch.change._monitor_state import as_runs, as_verdicts, blank_arrays
from sitewatch.change._monitor_threshold import threshold_for
from sitewatch.errors import ChangeError


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Thousands of small images: starting threads for each costs more than they save."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


def measured_arl(threshold: float, looks: tuple[float, ...], history: int, series: int, images: int) -> float:
    """Images spent before the first false candidate, over the number of series that had one."""
    rng, n = np.random.default_rng(77), np.array(looks)
    bank = bank_for(n.size)
    rules = Rules(
        bank.log_ratio, bank.log_weight, np.tile(n, (2, 1)), np.full(2, threshold), 4.55, -2.99, 1.5, 1.5, 0.75
    )
    arrays = blank_arrays(bank.log_weight.size, n.size, series)
    arrays["stratum"][:] = 1
    arrays["level_count"][:] = history
    arrays["level_sum"][:] = rng.gamma(n[:, None] * history, 1.0, (n.size, series)) / n[:, None]
    spent, raised = 0, 0
    for image in range(images):
        event = np.zeros(arrays["stratum"].size, np.int8)
        power = np.stack([rng.gamma(one, 1 / one, event.size) for one in looks])
        advance(as_runs(arrays), as_verdicts(arrays), rules, power.astype(np.float32), image, event)
        spent += event.size
        raised += int((event == RAISED).sum())
        if (event == RAISED).any():
            arrays = {name: np.ascontiguousarray(values[..., event != RAISED]) for name, values in arrays.items()}
    return spent / raised


@pytest.mark.parametrize(
    ("looks", "history", "arl"),
    [
        ((1.0,), 20, 100),
        ((2.0,), 50, 100),
        ((4.4,), 20, 100),
        ((4.4,), 50, 300),
        ((10.0,), 30_000, 100),
        ((20.0,), 20, 100),
        ((4.4, 3.1), 30, 100),
        ((4.4,), 0, 100),
    ],
)
def test_false_candidates_come_as_often_as_asked_for(looks: tuple[float, ...], history: int, arl: int) -> None:
    threshold = threshold_for(arl, looks, history)
    assert measured_arl(threshold, looks, history, 1200, 3 * arl) == pytest.approx(arl, rel=0.15)


def test_beyond_what_is_simulated_the_time_is_carried_on() -> None:
    assert threshold_for(1e6, 30.0, 50) - threshold_for(1e5, 30.0, 50) == pytest.approx(math.log(10))


@pytest.mark.study
@pytest.mark.parametrize("looks", [(1.0,), (4.4,), (20.0,), (4.4, 4.4)])
def test_carried_on_from_a_tenth_it_is_still_right(looks: tuple[float, ...]) -> None:
    threshold = threshold_for(1e5, looks, 50)
    assert measured_arl(threshold, looks, 50, 4000, 10_000) == pytest.approx(1e5, rel=0.25)


def test_the_same_question_gets_the_same_answer() -> None:
    first = threshold_for(60, 4.4, 40)
    assert threshold_for(60, (4.4,), 41) == first
    assert threshold_for(90, 4.4, 40) > first


@pytest.mark.parametrize(("arl", "looks"), [(1.0, 4.4), (1e12, 4.4), (100.0, 0.0), (100.0, ()), (100.0, float("nan"))])
def test_what_cannot_be_is_refused(arl: float, looks: float | tuple[float, ...]) -> None:
    with pytest.raises(ChangeError):
        threshold_for(arl, looks, 20)
