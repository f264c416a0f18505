"""The monitor as its user meets it: candidates, confirmation, withdrawal, and a state that replaces the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from zarr.storage import MemoryStore

from sitewatch.change import measure_date_effect, monitor_dates, start_monitor, update_monitor, watch_series
from sitewatch.errors import ChangeError

RAISED, CONFIRMED, WITHDRAWN = 1, 2, 3
LOOKS = 4.4
HISTORY = 20


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Many small images: starting threads for each costs more than they save."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


def cube(power: dict[str, NDArray[Any]]) -> xr.Dataset:
    """A stack from power [time, y, x] by polarisation, one image every 12 days."""
    n_time, height, width = next(iter(power.values())).shape
    return xr.Dataset(
        {name: (("time", "y", "x"), values.astype(np.float32)) for name, values in power.items()},
        coords={
            "time": np.datetime64("2021-03-02T09:31:20", "ns") + np.arange(n_time) * np.timedelta64(12, "D"),
            "y": 100.0 - np.arange(height),
            "x": 10.0 + np.arange(width),
        },
    )


def speckle(seed: int, images: int, height: int = 8, width: int = 10, looks: float = LOOKS) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(looks, 1 / looks, (images, height, width))


def feed(state: xr.Dataset, images: xr.Dataset) -> tuple[xr.Dataset, NDArray[np.int8]]:
    """The state after all images, and what each brought [time, y, x]."""
    events = []
    for index in range(images.sizes["time"]):
        state, alarms = update_monitor(state, images.isel(time=index))
        events.append(alarms["event"].values)
    return state, np.array(events)


def watch(stack: xr.Dataset, **options: Any) -> tuple[xr.Dataset, NDArray[np.int8]]:
    state = start_monitor(stack.isel(time=slice(0, HISTORY)), **{"looks": LOOKS, "arl": 300, **options})
    return feed(state, stack.isel(time=slice(HISTORY, None)))


def test_a_lasting_step_is_raised_and_confirmed_and_dated() -> None:
    power = speckle(1, HISTORY + 40)
    power[HISTORY + 10 :, :, :5] *= 10 ** (8 / 10)
    stack = cube({"VV": power})
    state, events = watch(stack)
    built = events[10:, :, :5] == CONFIRMED
    assert built.any(axis=0).all()
    dates = monitor_dates(state).isel(x=slice(0, 5))
    first = stack["time"].values[HISTORY + 10]
    days = (dates["first_with"].values - first) / np.timedelta64(1, "D")
    assert np.median(days) == 0
    assert np.mean(np.abs(days) <= 12) > 0.9
    assert (dates["first_raised"].values >= dates["first_with"].values).all()
    # Three more images at least.
    assert (dates["confirmed_on"].values - dates["first_raised"].values >= np.timedelta64(36, "D")).all()
    assert state["confirmed_step_db"].values[0, :, :5].mean() == pytest.approx(8, abs=0.5)


@pytest.mark.parametrize("step_db", [6, -8])
def test_the_watch_goes_on_from_the_new_level(step_db: int) -> None:
    power = speckle(2, HISTORY + 100, 12, 12)
    power[HISTORY + 10 : HISTORY + 60] *= 10 ** (step_db / 10)
    state, events = watch(cube({"VV": power}), arl=1000)
    confirmed = (events == CONFIRMED).sum(axis=0)
    assert np.mean(confirmed == 2) > 0.9
    assert np.median(state["confirmed_step_db"].values) == pytest.approx(-step_db, abs=1)


@pytest.mark.parametrize("images", [1, 2])
def test_ships_are_withdrawn_and_never_confirmed(images: int) -> None:
    power = speckle(3, HISTORY + 20, 40, 50)
    power[HISTORY + 5 : HISTORY + 5 + images] *= 10 ** (15 / 10)
    _, events = watch(cube({"VV": power}), arl=10_000)
    assert (events[5] == RAISED).mean() > 0.99
    assert (events == WITHDRAWN).any(axis=0).mean() > 0.99
    assert (events == CONFIRMED).sum() <= 2  # 2000 pixels of speckle by themselves


@given(
    size_db=st.floats(-30, 30),
    images=st.integers(1, 3),
    looks=st.floats(1, 20),
    level_db=st.floats(-25, 5),
    history=st.integers(5, 60),
)
@settings(max_examples=60, deadline=None)
def test_what_is_gone_after_as_many_images_as_confirm_is_never_confirmed(
    size_db: float, images: int, looks: float, level_db: float, history: int
) -> None:
    power = np.full((history + 45, 1, 1), 10 ** (level_db / 10))
    power[history + 3 : history + 3 + images] *= 10 ** (size_db / 10)
    stack = cube({"VV": power})
    # Two digits, so that thresholds are simulated once.
    state = start_monitor(stack.isel(time=slice(0, history)), looks=float(round(looks / 5) * 5 or 1), arl=50)
    _, events = feed(state, stack.isel(time=slice(history, None)))
    assert not (events == CONFIRMED).any()
    # Little history and few looks may leave a candidate open.
    assert (events == WITHDRAWN).sum() <= (events == RAISED).sum()


def test_a_ship_does_not_become_part_of_the_level() -> None:
    power = speckle(4, HISTORY + 30, 20, 20)
    power[5] *= 100
    power[HISTORY + 5] *= 100
    state, _ = watch(cube({"VV": power}), arl=10_000)
    level = state["level_sum"].values[0] / state["level_count"].values
    assert np.median(level) == pytest.approx(1, abs=0.1)
    assert level.max() < 2


def test_one_odd_image_does_not_lose_a_structure() -> None:
    power = np.ones((HISTORY + 20, 1, 1))
    power[HISTORY + 5 :] = 5.0
    power[HISTORY + 7] = 1.0
    _, events = watch(cube({"VV": power}))
    assert WITHDRAWN not in events
    assert CONFIRMED in events


@st.composite
def sessions(draw: st.DrawFn) -> tuple[NDArray[np.float64], int, int]:
    images, seed = draw(st.integers(2, 25)), draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    power = rng.gamma(LOOKS, 1 / LOOKS, (2, HISTORY + images, 4, 3))
    power[:, HISTORY + images // 3 :, 1:, 0] *= 6
    power[0, HISTORY + images // 2, :, 1] *= 60
    power[rng.random(power.shape) < 0.1] = np.nan
    return power, draw(st.integers(0, images)), draw(st.integers(1, 3))


@given(sessions())
@settings(max_examples=25, deadline=None)
def test_two_sessions_and_any_tiling_give_what_one_gives(case: tuple[NDArray[np.float64], int, int]) -> None:
    power, pause, cut = case
    stack = cube({"VV": power[0], "VH": power[1]})
    start = start_monitor(stack.isel(time=slice(0, HISTORY)), looks=LOOKS, arl=60)
    images = stack.isel(time=slice(HISTORY, None))
    whole, events = feed(start, images)

    half, first = feed(start, images.isel(time=slice(0, pause)))
    store = MemoryStore()
    half.to_zarr(store, consolidated=False)
    restored = xr.open_zarr(store, consolidated=False)
    rest, second = feed(restored, images.isel(time=slice(pause, None)))
    xr.testing.assert_identical(rest.load(), whole)
    both = [part for part in (first, second) if part.size]
    np.testing.assert_array_equal(np.concatenate(both), events)

    tiles = [slice(0, cut), slice(cut, None)]
    pieces = [feed(start.isel(y=rows), images.isel(y=rows)) for rows in tiles]
    np.testing.assert_array_equal(np.concatenate([piece[1] for piece in pieces], axis=1), events)
    joined = xr.concat([piece[0] for piece in pieces], "y", data_vars="minimal", coords="minimal", compat="override")
    xr.testing.assert_identical(joined.transpose(*whole.dims), whole.transpose(*whole.dims))


@given(seed=st.integers(0, 2**16), share=st.floats(0.05, 0.6))
@settings(max_examples=20, deadline=None)
def test_missing_images_are_as_if_they_had_not_been(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    power = speckle(seed, HISTORY + 30, 1, 1)
    power[HISTORY + 12 :] *= 4
    there = rng.random(power.shape[0]) >= share
    there[0] = True
    gaps = power.copy()
    gaps[~there] = np.nan
    kept = cube({"VV": power}).isel(time=np.flatnonzero(there))
    split = int(there[:HISTORY].sum())
    with_gaps, events = watch(cube({"VV": gaps}))
    rules = ("threshold", "looks")
    state = start_monitor(kept.isel(time=slice(0, split)), looks=LOOKS, arl=300).assign(
        {name: with_gaps[name] for name in rules}
    )
    state, expected = feed(state, kept.isel(time=slice(split, None)))
    np.testing.assert_array_equal(events[there[HISTORY:]].ravel(), expected.ravel())
    assert not events[~there[HISTORY:]].any()
    for name in ("level_sum", "level_count", "run_sum", "run_count", "evidence"):
        np.testing.assert_array_equal(with_gaps[name].values, state[name].values)


def test_the_scale_of_the_power_does_not_matter() -> None:
    power = speckle(6, HISTORY + 30)
    power[HISTORY + 10 :, :4] *= 3
    _, events = watch(cube({"VV": power}))
    _, scaled = watch(cube({"VV": power * 2.0**-13}))
    np.testing.assert_array_equal(scaled, events)


def test_updating_leaves_the_old_state_as_it_was() -> None:
    stack = cube({"VV": speckle(7, HISTORY + 1)})
    state = start_monitor(stack.isel(time=slice(0, HISTORY)), looks=LOOKS, arl=100)
    before = state.copy(deep=True)
    update_monitor(state, stack.isel(time=-1) * 50)
    xr.testing.assert_identical(state, before)


def test_two_polarisations_see_a_step_sooner_than_one() -> None:
    vv, vh = speckle(8, HISTORY + 60, 20, 20), speckle(9, HISTORY + 60, 20, 20)
    vv[HISTORY:] *= 10 ** (3 / 10)
    vh[HISTORY:] *= 10 ** (3 / 10)

    def delay(power: dict[str, NDArray[Any]]) -> float:
        _, events = watch(cube(power), arl=1000)
        seen = (events == RAISED).any(axis=0)
        return float((events == RAISED).argmax(axis=0)[seen].mean())

    assert delay({"VV": vv, "VH": vh}) < 0.7 * delay({"VV": vv})


@pytest.mark.parametrize(("vv_db", "vh_db"), [(7, 0), (0, -7), (7, -7)])
def test_a_step_in_one_polarisation_or_against_the_other_is_seen(vv_db: int, vh_db: int) -> None:
    vv, vh = speckle(10, HISTORY + 25), speckle(11, HISTORY + 25)
    vv[HISTORY:] *= 10 ** (vv_db / 10)
    vh[HISTORY:] *= 10 ** (vh_db / 10)
    _, events = watch(cube({"VV": vv, "VH": vh}), arl=1000)
    assert (events == CONFIRMED).any(axis=0).mean() > 0.95


def test_levels_are_learnt_during_the_watch_where_there_is_no_history() -> None:
    power = speckle(12, 80, 10, 10)
    power[40:] *= 10 ** (8 / 10)
    stack = cube({"VV": power})
    state = start_monitor(stack.isel(time=slice(0, 0)), looks=LOOKS, arl=1000)
    assert not np.isfinite(state["image_time"].values.astype(float)).all() or np.isnat(state["image_time"].values).all()
    _, events = feed(state, stack)
    assert (events[:40] == RAISED).sum() < 12
    assert (events[40:] == CONFIRMED).any(axis=0).mean() > 0.95


def windy_sea(seed: int) -> tuple[xr.Dataset, NDArray[np.float64]]:
    """Water in the left half that follows the wind, land in the right one: the stack and the wind in dB."""
    rng = np.random.default_rng(seed)
    wind_db = rng.normal(0, 3, HISTORY + 30)
    power = speckle(seed, HISTORY + 30, 30, 40)
    power[:, :, :20] *= 0.01 * 10 ** (wind_db / 10)[:, None, None]
    return cube({"VV": power}), wind_db


def test_date_effects_are_measured_on_the_pixels_that_wait() -> None:
    stack, wind_db = windy_sea(13)
    stratum = np.tile(np.repeat([0, 1], 20), (30, 1))
    effect = np.zeros((2, 1, HISTORY))
    effect[0, 0] = wind_db[:HISTORY]
    state = start_monitor(
        stack.isel(time=slice(0, HISTORY)), looks=LOOKS, stratum=stratum, date_effect_db=effect, arl=1000
    )
    raised = 0
    for index in range(HISTORY, HISTORY + 30):
        image = stack.isel(time=index)
        # A tenth of the sea is built over.
        image["VV"][:4, :20] = 10 ** (-6 / 10) if index >= HISTORY + 5 else image["VV"][:4, :20]
        found = measure_date_effect(state, image)
        assert float(found.sel(stratum_name="water", polarisation="VV")) == pytest.approx(wind_db[index], abs=0.7)
        assert float(found.sel(stratum_name="land", polarisation="VV")) == pytest.approx(0, abs=0.7)
        state, alarms = update_monitor(state, image, date_effect_db=found)
        raised += int((alarms["event"].values[4:] == RAISED).sum())
    assert raised < 2.5 * 26 * 40 * 30 / 1000
    built = state.isel(y=slice(0, 4), x=slice(0, 20))
    assert (built["confirmed"].values > 0).mean() > 0.95
    # What stands in the water follows the wind no more.
    assert (built["stratum"].values[built["confirmed"].values > 0] == 1).all()


def test_without_date_effects_the_wind_is_taken_for_change() -> None:
    stack, _ = windy_sea(14)
    _, events = watch(stack, arl=1000)
    assert (events[:, :, :20] == RAISED).mean() > 10 * (events[:, :, 20:] == RAISED).mean()


def test_few_pixels_tell_no_date_effect() -> None:
    stack = cube({"VV": speckle(15, HISTORY + 1, 5, 5)})
    state = start_monitor(stack.isel(time=slice(0, HISTORY)), looks=LOOKS, arl=100)
    assert (measure_date_effect(state, stack.isel(time=-1) * 3) == 0).all()


def test_pixels_outside_are_not_watched() -> None:
    stack = cube({"VV": np.where(np.arange(HISTORY + 10)[:, None, None] < HISTORY, 1.0, 50.0) * np.ones((1, 2, 2))})
    _, events = watch(stack, stratum=[[1, 255], [0, 255]])
    assert (events[:, :, 0] == RAISED).any(axis=0).all()
    assert not events[:, :, 1].any()


def test_a_series_says_when_it_was_raised_and_confirmed() -> None:
    power = np.random.default_rng(16).gamma(40, 1 / 40, HISTORY + 40)
    power[HISTORY + 4] *= 30
    power[HISTORY + 15 :] *= 3
    series = cube({"VV": power[:, None, None]}).isel(y=0, x=0, drop=True)
    alarms = watch_series(series, looks=40, history=HISTORY)
    assert [alarm.event for alarm in alarms] == ["raised", "withdrawn", "raised", "confirmed"]
    times = series["time"].values
    assert alarms[0].on == alarms[0].first_raised == alarms[1].first_raised == times[HISTORY + 4]
    confirmed = alarms[3]
    assert confirmed.first_with == confirmed.first_raised == times[HISTORY + 15]
    assert confirmed.on == times[HISTORY + 18]


def test_a_series_is_told_what_a_pixel_is_told() -> None:
    power = speckle(17, HISTORY + 60, 1, 1)
    power[HISTORY + 5] *= 30
    power[HISTORY + 20 :] *= 5
    power[HISTORY + 45 :] /= 8
    power[::7] = np.nan
    stack = cube({"VV": power, "VH": power[::-1]})
    state, expected = start_monitor(stack.isel(time=slice(0, HISTORY)), looks=LOOKS, arl=300), []
    for index in range(HISTORY, HISTORY + 60):
        state, said = update_monitor(state, stack.isel(time=index))
        if event := int(said["event"].values[0, 0]):
            dates = (said[name].values[0, 0] for name in ("first_raised", "first_with"))
            expected.append((["", "raised", "confirmed", "withdrawn"][event], said["time"].values, *dates))
    alarms = watch_series(stack.isel(y=0, x=0, drop=True), looks=LOOKS, history=HISTORY, arl=300)
    assert [(alarm.event, alarm.on, alarm.first_raised, alarm.first_with) for alarm in alarms] == expected
    assert {"raised", "confirmed"} <= {alarm.event for alarm in alarms}


def test_a_candidate_is_forgotten_when_told() -> None:
    power = np.random.default_rng(18).gamma(40, 1 / 40, HISTORY + 20)
    power[HISTORY + 5 :] *= 10
    series = cube({"VV": power[:, None, None]}).isel(y=0, x=0, drop=True)
    times = series["time"].values
    alarms = watch_series(series, looks=40, history=HISTORY, forget_at=HISTORY + 7)
    assert [(alarm.event, alarm.on) for alarm in alarms] == [
        ("raised", times[HISTORY + 5]),
        ("withdrawn", times[HISTORY + 7]),
        ("raised", times[HISTORY + 7]),
        ("confirmed", times[HISTORY + 10]),
    ]
    early = watch_series(series, looks=40, history=HISTORY, forget_at=HISTORY + 5)
    assert [alarm.event for alarm in early] == ["raised", "confirmed"]


def test_each_image_of_a_series_has_the_looks_known_when_it_came() -> None:
    power = np.ones(HISTORY + 20)
    power[HISTORY + 3 :] = 1.5
    series = cube({"VV": power[:, None, None]}).isel(y=0, x=0, drop=True)
    few = np.where(np.arange(power.size) < HISTORY + 10, 2.0, 100.0)[:, None]
    raised = {
        name: watch_series(series, looks=looks, history=HISTORY, threshold=8.0)[0].on
        for name, looks in (("many", 100.0), ("few at first", few))
    }
    times = list(series["time"].values)
    assert times.index(raised["many"]) < HISTORY + 8
    assert times.index(raised["few at first"]) == HISTORY + 10


def _history(**change: Any) -> Callable[[xr.Dataset], Any]:
    return lambda stack: start_monitor(stack, **{"looks": LOOKS, "arl": 100, **change})


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (_history(looks=0.0), "Looks must be positive"),
        (_history(looks=[1.0, 2.0, 3.0]), "looks have shape"),
        (_history(stratum=np.ones((3, 3))), "stratum have shape"),
        (_history(date_effect_db=np.ones((2, 1, 3))), "date effects have shape"),
        (_history(arl=2), "must lie between"),
        (lambda stack: watch_series(stack.isel(y=0, x=0), looks=np.ones((3, 1))), "looks of a series have shape"),
        (_history(confirm_images=0), "can't be confirmed by 0"),
        (_history(missed=0.7), "errors of"),
    ],
)
def test_a_monitor_that_cannot_be_is_refused(call: Callable[[xr.Dataset], Any], text: str) -> None:
    with pytest.raises(ChangeError, match=text):
        call(cube({"VV": speckle(0, 6)}))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda image: image.rename(VV="HH"), "lacks VV"),
        (lambda image: image.isel(x=slice(0, 3)), "not on the monitor's grid"),
        (lambda image: image.assign_coords(y=image["y"] + 5), "not on the monitor's grid"),
        (lambda image: image.drop_vars("time"), "no single time"),
        (lambda image: image.assign_coords(time=image["time"] - np.timedelta64(12, "D")), "not later"),
    ],
)
def test_an_image_that_cannot_follow_is_refused(change: Callable[[xr.Dataset], xr.Dataset], text: str) -> None:
    stack = cube({"VV": speckle(0, 6)})
    state = start_monitor(stack.isel(time=slice(0, 5)), looks=LOOKS, arl=100)
    with pytest.raises(ChangeError, match=text):
        update_monitor(state, change(stack.isel(time=5)))
