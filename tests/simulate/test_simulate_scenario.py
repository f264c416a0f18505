from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.simulate import ASCENDING, Acquisitions, Scenario, View, demo_scenario, revisit_dates, simulate_coast
from sitewatch.simulate._growth import Schedule, draw_schedule, fraction_built, milestones


@pytest.fixture(scope="module")
def demo() -> Scenario:
    return demo_scenario()


@pytest.fixture(scope="module")
def two_tracks() -> Scenario:
    second = Acquisitions(ASCENDING, revisit_dates(ASCENDING, start=dt.date(2023, 1, 13), count=12))
    return simulate_coast(8, dates=revisit_dates(count=14), shape=(120, 130), works=("pier",), others=(second,))


def db(values: np.ndarray) -> float:
    return float(10 * np.log10(values.mean()))


def test_the_demo_shows_a_pier_a_prepared_building_a_road_and_a_ship_moored_for_months(demo: Scenario) -> None:
    assert [work.kind for work in demo.works] == ["pier", "building", "road"]
    assert all(work.completion is not None for work in demo.works)
    building = demo.works[1]
    assert building.preparation_first_seen is not None
    assert building.preparation_first_seen < building.onset[1]
    moored = [
        t for t in demo.not_construction if t.kind == "ship at a quay" and t.last and (t.last - t.first).days > 90
    ]
    assert moored
    assert {"tidal flat", "ships under way"} <= {thing.kind for thing in demo.not_construction}


def test_the_stack_keeps_the_contract_of_the_architecture(demo: Scenario) -> None:
    stack = demo.stack
    assert stack["VV"].dims == ("time", "y", "x")
    for pol in ("VV", "VH"):
        assert stack[pol].dtype == np.float32
        assert np.isfinite(stack[pol]).all()
        assert (stack[pol] >= 0).all()
        assert stack[pol].attrs["units"] == "1"
        assert stack[pol].attrs["long_name"]
    assert stack["time"].dtype == np.dtype("datetime64[ns]")
    assert stack.indexes["time"].is_monotonic_increasing
    assert (np.diff(stack["y"]) < 0).all()
    assert stack.odc.geobox == demo.geobox
    promised = "track track_label constellation orbit_state look_direction relative_orbit quantity enl pixel_x_m"
    assert set(promised.split()) <= set(stack.attrs)
    assert stack.attrs["track"] == demo.views[0].track.key
    assert stack.attrs["pixel_x_m"] == pytest.approx(10, rel=0.001)
    assert len(set(stack["scene"].to_numpy())) == stack.sizes["time"]


def test_polygon_and_pixels_have_the_same_area_and_works_keep_apart(demo: Scenario) -> None:
    for work in demo.works:
        assert work.outline.area == pytest.approx(work.mask.sum() * 100)
        assert work.area_m2 == pytest.approx(work.mask.sum() * 100)
        box = shapely.minimum_rotated_rectangle(work.outline)
        if work.kind != "road":
            assert 0.25 * box.length < work.length_m < 0.5 * box.length
    assert all(a.outline.distance(b.outline) > 40 for a, b in itertools.combinations(demo.works, 2))


def test_dates_of_the_truth_are_neighbouring_images(demo: Scenario) -> None:
    dates = [moment.date() for moment in demo.dates]
    for work in demo.works:
        for interval in (work.onset, work.completion):
            assert interval is not None
            assert dates.index(interval[1]) == dates.index(interval[0]) + 1
        assert [date for date, _ in work.growth] == dates
        shown = {date: round(fraction * work.mask.sum()) for date, fraction in work.growth}
        assert shown[work.onset[0]] < 4 <= shown[work.onset[1]]


def test_structures_change_the_level_where_and_when_the_truth_says(demo: Scenario) -> None:
    dates = np.array([moment.date() for moment in demo.dates])
    vv, vh = demo.stack["VV"].to_numpy(), demo.stack["VH"].to_numpy()
    for work in demo.works:
        assert work.completion is not None
        before, after = dates < (work.preparation_first_seen or work.onset[0]), dates >= work.completion[1]
        rise_vv = db(vv[after][:, work.mask]) - db(vv[before][:, work.mask])
        rise_vh = db(vh[after][:, work.mask]) - db(vh[before][:, work.mask])
        if work.kind == "road":
            assert rise_vv < -1
            assert rise_vh < -2
        else:
            assert rise_vv > 3
            assert rise_vh > 3


def test_sea_swings_with_the_wind_and_land_does_not(demo: Scenario) -> None:
    vv = 10 * np.log10(demo.stack["VV"].to_numpy())
    calm = np.percentile(vv, 10, axis=0)
    sea, land = calm < np.percentile(calm, 20), calm > np.percentile(calm, 70)
    assert np.ptp(np.median(vv[:, sea], axis=1)) > 9
    assert np.ptp(np.median(vv[:, land], axis=1)) < 6


def test_one_seed_gives_one_scenario_and_another_gives_another() -> None:
    dates = revisit_dates(count=8)
    first, again, other = (simulate_coast(seed, dates=dates, shape=(80, 90)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.stack["VV"], again.stack["VV"])
    assert [w.growth for w in first.works] == [w.growth for w in again.works]
    assert not np.array_equal(first.stack["VV"], other.stack["VV"])
    assert first.stack["VV"].shape == (8, 80, 90)


def test_images_do_not_depend_on_how_many_others_there_are() -> None:
    dates = revisit_dates(count=10)
    second = Acquisitions(ASCENDING, revisit_dates(ASCENDING, start=dt.date(2022, 12, 3), count=4))
    alone = simulate_coast(5, dates=dates, shape=(80, 90))
    joined = simulate_coast(5, dates=dates, shape=(80, 90), others=(second,))
    np.testing.assert_array_equal(alone.stack["VH"], joined.stack["VH"])


def test_two_tracks_see_the_same_place_from_two_sides(two_tracks: Scenario) -> None:
    first, second = two_tracks.stacks
    assert first.attrs["track"] != second.attrs["track"]
    assert first.odc.geobox == second.odc.geobox
    assert len(two_tracks.dates) == first.sizes["time"] + second.sizes["time"]
    assert list(two_tracks.dates) == sorted(two_tracks.dates)
    means = [10 * np.log10(stack["VH"].mean("time").to_numpy()) for stack in two_tracks.stacks]
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.6


def test_an_empty_place_has_ships_but_no_works() -> None:
    scenario = simulate_coast(2, dates=revisit_dates(count=6), shape=(80, 80), works=())
    assert scenario.works == ()
    assert scenario.not_construction


def test_all_kinds_can_be_built() -> None:
    kinds = ("reclamation", "pier", "building", "demolition", "road")
    scenario = simulate_coast(4, dates=revisit_dates(count=30, every_days=24), shape=(220, 220), works=kinds)
    assert {work.kind for work in scenario.works} == set(kinds)


def test_fainter_works_stand_out_less() -> None:
    dates = revisit_dates(count=30, every_days=24)
    plain, faint = (simulate_coast(3, dates=dates, works=("pier",), faintness_db=fade) for fade in (0.0, 6.0))
    where = plain.works[0].mask
    np.testing.assert_array_equal(where, faint.works[0].mask)
    drop = db(plain.stack["VV"].to_numpy()[-3:, where]) - db(faint.stack["VV"].to_numpy()[-3:, where])
    assert 3 < drop <= 6.5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"works": ("castle",)}, "castle"),
        ({"dates": revisit_dates(count=1)}, "two images"),
        ({"dates": [dt.datetime(2023, 1, 1), dt.datetime(2023, 2, 1)]}, "time zone"),
        ({"dates": revisit_dates(count=4)[::-1]}, "increase"),
    ],
)
def test_what_cannot_be_simulated_is_said(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        simulate_coast(1, shape=(60, 60), **arguments)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    steps=st.lists(st.floats(0.01, 5), min_size=1, max_size=8),
    days=st.lists(st.floats(0, 1000), min_size=2, max_size=40),
)
def test_growth_never_falls_and_stays_between_nothing_and_all(seed: int, steps: list[float], days: list[float]) -> None:
    rng = np.random.default_rng(seed)
    order = rng.random((12, 15))
    mask = rng.random((12, 15)) < 0.7
    progress = np.cumsum(steps) / np.sum(steps)
    schedule = Schedule(300.0, 700.0, (0.0, *progress))
    fraction = fraction_built(mask, schedule.built_day(order), sorted(days))
    assert (np.diff(fraction) >= 0).all()
    assert ((fraction >= 0) & (fraction <= 1)).all()
    assert fraction_built(mask, schedule.built_day(order), [299.0, 701.0]).tolist() == [0.0, 1.0 if mask.any() else 0.0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), length=st.floats(300, 2000), preparation=st.booleans())
def test_schedules_lie_inside_the_series(seed: int, length: float, preparation: bool) -> None:
    schedule = draw_schedule(
        np.random.default_rng(seed), 100.0, 100.0 + length, span_days=(100, 400), preparation=preparation
    )
    assert schedule.start_day - schedule.preparation_days >= 100
    assert schedule.start_day < schedule.end_day <= 100 + length * 1.1
    assert np.all(np.diff(schedule.built_day(np.linspace(0, 1, 50))) >= 0)
    assert (schedule.preparation_days > 0) == preparation


def test_a_structure_that_never_stops_growing_has_no_completion() -> None:
    mask, order = np.ones((5, 5), bool), np.linspace(0, 1, 25).reshape(5, 5)
    days = list(np.arange(0.0, 100, 10))
    dates = [dt.date(2024, 1, 1) + dt.timedelta(days=int(day)) for day in days]
    for end_day, finished in ((45.0, True), (75.0, False), (130.0, False)):
        schedule = Schedule(15.0, end_day)
        built_day = schedule.built_day(order)
        seen = milestones(mask & (built_day <= days[-1]), built_day, schedule, days, dates)
        assert seen is not None
        assert (seen.completion is not None) == finished
    assert seen.onset[0] < seen.onset[1]


def test_a_structure_that_shows_in_no_image_has_no_truth() -> None:
    mask, days = np.ones((3, 3), bool), [0.0, 10.0, 20.0]
    dates = [dt.date(2024, 1, 1 + int(day)) for day in days]
    schedule = Schedule(30.0, 40.0)
    built_day = schedule.built_day(np.zeros((3, 3)))
    assert milestones(mask, built_day, schedule, days, dates) is None


def test_views_differ_in_their_tracks() -> None:
    assert View().track.key == "simulated-iw-110-descending"
    assert ASCENDING.track.key == "simulated-iw-74-ascending"


def test_the_public_names_are_these() -> None:
    import sitewatch.simulate

    assert sitewatch.simulate.__all__ == [
        "ASCENDING",
        "CONTRASTS_DB",
        "DESCENDING",
        "LOOKALIKES",
        "SOUGHT",
        "Acquisitions",
        "Built",
        "NotConstruction",
        "Scenario",
        "Survey",
        "View",
        "Work",
        "demo_scenario",
        "gamma_divergence",
        "inject",
        "inject_steady",
        "revisit_dates",
        "simulate_coast",
        "simulate_lookalike",
        "single_views",
        "smallest_detectable",
        "speckle",
        "survey_scatter",
        "verify_power",
        "write_area",
        "write_scenario",
    ]
