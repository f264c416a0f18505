from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, ndimage, stats

from sitewatch.errors import ChangeError
from sitewatch.simulate import (
    CONTRASTS_DB,
    SOUGHT,
    gamma_divergence,
    inject,
    inject_steady,
    smallest_detectable,
    speckle,
    verify_power,
)
from sitewatch.simulate._detectable import joint_window, showing_window, summarise
from sitewatch.simulate._information import (
    detection_probability,
    information_needed,
    kept_along,
    looks_of_variance,
    step_information,
)
from sitewatch.simulate._surfaces import _centres


def plain_stack(n_time: int = 24, size: int = 70, *, enl: float = 4.4, blur: float = 0.0, seed: int = 1) -> xr.Dataset:
    """A stack of one even surface and nothing but speckle and date effects."""
    rng = np.random.default_rng(seed)
    level = 0.1 * 10 ** (rng.normal(0, 2.0, (n_time, 1, 1)) / 10)
    fields = {
        pol: np.stack([speckle(rng, (size, size), enl=enl, point_spread_px=(blur, blur)) for _ in range(n_time)])
        for pol in ("VV", "VH")
    }
    return xr.Dataset(
        {pol: (("time", "y", "x"), (level * field).astype(np.float32)) for pol, field in fields.items()},
        coords={
            "time": np.datetime64("2024-01-01", "ns") + np.arange(n_time) * np.timedelta64(12, "D"),
            "y": 1000.0 - 10 * np.arange(size),
            "x": 10.0 * np.arange(size),
        },
        attrs={"pixel_x_m": 10.0, "pixel_y_m": 10.0, "track": "test"},
    )


@pytest.mark.parametrize("dark_spread", [0.3, 2.5])
def test_a_dark_and_a_bright_surface_are_told_apart_whichever_swings_more(dark_spread: float) -> None:
    rng = np.random.default_rng(0)
    dark, bright = rng.normal((-5, dark_spread), (0.2, 0.1), (400, 2)), rng.normal((-2, 0.5), (0.2, 0.1), (600, 2))
    centres = _centres(np.concatenate([dark, bright]))
    np.testing.assert_allclose(centres, [[-5, dark_spread], [-2, 0.5]], atol=0.1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 0), st.floats(0, 3)), min_size=1, max_size=12))
def test_any_pixels_have_one_to_three_surfaces_from_dark_to_bright(points: list[tuple[float, float]]) -> None:
    centres = _centres(np.array(points))
    assert 1 <= len(centres) <= 3
    assert (np.diff(centres[:, 0]) >= 0).all()


def typical(power: xr.Dataset) -> float:
    return float(power["smallest_area_m2"].median())


@pytest.mark.parametrize("looks", [1.0, 4.4, 12.0])
@pytest.mark.parametrize("ratio", [0.3, 0.9, 1.5, 8.0])
def test_the_divergence_is_the_integral_that_defines_it(looks: float, ratio: float) -> None:
    after, before = stats.gamma(looks, scale=ratio / looks), stats.gamma(looks, scale=1 / looks)
    whole, _ = integrate.quad(
        lambda x: after.pdf(x) * (after.logpdf(x) - before.logpdf(x)), 0, after.isf(1e-13), limit=300
    )
    assert gamma_divergence(ratio, looks) == pytest.approx(whole, rel=1e-4, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(ratio=st.floats(0.01, 100), before=st.integers(1, 200), after=st.integers(1, 200))
def test_a_step_is_worth_at_most_the_divergence_and_reaches_it(ratio: float, before: int, after: int) -> None:
    worth = float(step_information(ratio, before, after))
    assert -1e-9 <= worth <= after * float(gamma_divergence(ratio)) + 1e-9
    assert step_information(ratio, 10**9, after) == pytest.approx(after * gamma_divergence(ratio), rel=1e-3, abs=1e-5)
    assert worth == pytest.approx(float(step_information(1 / ratio, after, before)), rel=1e-6, abs=1e-9)


def test_the_power_formula_agrees_with_simulated_likelihood_ratios() -> None:
    rng = np.random.default_rng(1)
    looks, pixels, before, after, ratio, trials = 4.4, 3, 14, 6, 1.55, 20_000
    false_alarm = 1e-3
    first = rng.gamma(looks * pixels, 1 / (looks * pixels), (trials, before)).mean(axis=1)
    then = ratio * rng.gamma(looks * pixels, 1 / (looks * pixels), (trials, after)).mean(axis=1)
    pooled = (before * first + after * then) / (before + after)
    deviance = 2 * looks * pixels * ((before + after) * np.log(pooled) - before * np.log(first) - after * np.log(then))
    found = np.mean(deviance > stats.chi2.isf(false_alarm, 1))
    predicted = detection_probability(looks * pixels * step_information(ratio, before, after), 1, false_alarm)
    assert 0.3 < predicted < 0.95
    assert found == pytest.approx(float(predicted), abs=0.04)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("false_alarm", [1e-2, 1e-7])
def test_the_information_needed_gives_the_probability_asked_for(channels: int, false_alarm: float) -> None:
    needed = information_needed(0.9, channels, false_alarm)
    assert detection_probability(needed, channels, false_alarm) == pytest.approx(0.9, abs=1e-4)


def test_looks_are_those_whose_log_intensity_scatters_so() -> None:
    samples = np.log(np.random.default_rng(1).gamma(4.4, size=200_000))
    assert looks_of_variance(samples.var()) == pytest.approx(4.4, rel=0.02)


@pytest.mark.parametrize("side", [1, 2, 5])
def test_the_blur_keeps_what_a_filtered_square_keeps(side: int) -> None:
    fine, sigma = 12, 0.75
    image = np.zeros((20 * fine, 20 * fine))
    square = (slice(8 * fine, (8 + side) * fine),) * 2
    image[square] = 1
    kept = ndimage.gaussian_filter(image, sigma * fine, truncate=6)[square].mean()
    assert kept_along(side, sigma) ** 2 == pytest.approx(kept, abs=0.003)


def test_the_smallest_area_falls_with_contrast_images_and_patience() -> None:
    stack = plain_stack()
    by_contrast = [typical(smallest_detectable(stack, contrast_db={"VV": c, "VH": c})) for c in (0.8, 1.5, 3.0)]
    assert by_contrast[0] > by_contrast[1] > by_contrast[2]
    by_images = [typical(smallest_detectable(stack, contrast_db={"VV": 1.0}, duration_images=n)) for n in (1, 3, 10)]
    assert by_images[0] > by_images[1] > by_images[2]
    by_care = [typical(smallest_detectable(stack, contrast_db={"VV": 1.0}, probability=p)) for p in (0.5, 0.9, 0.99)]
    assert by_care[0] < by_care[1] < by_care[2]
    assert typical(smallest_detectable(stack, contrast_db={"VV": 1.0, "VH": 1.0})) < by_care[1]


def test_looks_and_point_spread_are_measured_from_the_stack() -> None:
    sharp = smallest_detectable(plain_stack(), contrast_db={"VV": 2.0})
    blurred = smallest_detectable(plain_stack(blur=0.75), contrast_db={"VV": 2.0})
    assert float(sharp["effective_looks"].median()) == pytest.approx(4.4, rel=0.1)
    assert float(blurred["effective_looks"].median()) == pytest.approx(4.4, rel=0.1)
    assert blurred.attrs["point_spread_m"] == pytest.approx(7.5, abs=0.6)
    assert sharp.attrs["point_spread_m"] < 3
    assert typical(blurred) > typical(sharp)


def test_a_change_gives_its_own_looks() -> None:
    stack = plain_stack()
    change = xr.Dataset(
        {
            "stratum": (("y", "x"), np.zeros((70, 70), np.uint8)),
            "effective_looks": (("stratum_name", "polarisation"), [[2.0, 2.0], [np.nan, np.nan]]),
        },
        coords={"polarisation": ["VV", "VH"]},
    )
    power = smallest_detectable(stack, change, contrast_db={"VV": 1.0})
    assert float(power["effective_looks"].max()) == 2.0
    assert typical(power) > typical(smallest_detectable(stack, contrast_db={"VV": 1.0}))


def test_places_without_data_stay_empty_and_gaps_cost() -> None:
    stack = plain_stack()
    whole = smallest_detectable(stack, contrast_db={"VV": 2.0})
    stack["VV"][:, :, :20] = np.nan
    stack["VV"][::3, 40:, 40:] = np.nan
    power = smallest_detectable(stack, contrast_db={"VV": 2.0})
    assert np.isnan(power["smallest_area_m2"][:, :18]).all()
    assert (power["surface"][:, :18] == -1).all()
    assert int(power["images"][60, 60]) == 16
    assert np.isfinite(power["smallest_area_m2"][:, 25:]).all()
    assert float(power["smallest_area_m2"][50:, 50:].median()) > typical(whole)


def test_what_no_area_would_show_is_infinite() -> None:
    power = smallest_detectable(plain_stack(), contrast_db={"VV": 0.005})
    assert np.isinf(power["smallest_area_m2"]).all()


def test_every_variable_says_its_unit_and_the_curve_rises() -> None:
    power = smallest_detectable(plain_stack(), contrast_db="building on land")
    assert all(variable.attrs["units"] and variable.attrs["long_name"] for variable in power.data_vars.values())
    assert (np.diff(power["detection_probability"].isel(surface_index=0)) > -0.02).all()
    assert power.attrs["contrast_db"] == {pol: CONTRASTS_DB["building on land"][pol] for pol in ("VV", "VH")}


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"contrast_db": "palace"}, ChangeError, "palace"),
        ({"contrast_db": {"HH": 3.0}}, ChangeError, "no contrast"),
        ({"duration_images": 24}, ChangeError, "24 image"),
        ({"probability": 1.0}, ValueError, "between 0 and 1"),
    ],
)
def test_what_cannot_be_analysed_is_said(arguments: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        smallest_detectable(plain_stack(size=30), **arguments)  # type: ignore[arg-type]


def test_an_injection_changes_the_level_by_the_stated_decibels_and_nothing_else() -> None:
    stack = plain_stack(size=30)
    mask = np.zeros((30, 30), bool)
    mask[5:12, 8:20] = True
    when = stack["time"].to_numpy()[10]
    changed = inject(stack, mask, {"VV": 5.0, "VH": -3.0}, when)
    for pol, level in (("VV", 5.0), ("VH", -3.0)):
        step = 10 * np.log10(changed[pol] / stack[pol]).to_numpy()
        np.testing.assert_allclose(step[10:, mask], level, atol=1e-4)
        np.testing.assert_array_equal(changed[pol].to_numpy()[:10], stack[pol].to_numpy()[:10])
        np.testing.assert_array_equal(changed[pol].to_numpy()[:, ~mask], stack[pol].to_numpy()[:, ~mask])
        assert changed[pol].dtype == np.float32
        assert changed[pol].dims == ("time", "y", "x")
    assert changed.attrs == stack.attrs
    only = inject(stack, mask, {"VV": 5.0}, when)
    np.testing.assert_array_equal(only["VH"], stack["VH"])


def test_a_steady_injection_leaves_the_swing_of_its_surroundings_behind() -> None:
    stack = plain_stack(size=60)
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    changed = inject_steady(stack, mask, {"VV": 10.0}, stack["time"].to_numpy()[12])
    inside, outside = (10 * np.log10(changed["VV"].to_numpy()[:, where].mean(axis=1)) for where in (mask, ~mask))
    assert inside[12:].std() < 0.3 < 1 < outside[12:].std()
    assert inside[12:].mean() - np.median(inside[:12]) == pytest.approx(10, abs=0.5)
    np.testing.assert_array_equal(changed["VV"].to_numpy()[:12], stack["VV"].to_numpy()[:12])
    np.testing.assert_array_equal(changed["VV"].to_numpy()[:, ~mask], stack["VV"].to_numpy()[:, ~mask])
    np.testing.assert_array_equal(changed["VH"], stack["VH"])
    speckle_kept = np.corrcoef(changed["VV"].to_numpy()[20, mask], stack["VV"].to_numpy()[20, mask])[0, 1]
    assert speckle_kept > 0.9


def test_an_injection_that_does_not_fit_is_said() -> None:
    stack = plain_stack(size=30)
    with pytest.raises(ChangeError, match="shape"):
        inject(stack, np.zeros((3, 3), bool), {"VV": 1.0}, stack["time"].to_numpy()[3])
    with pytest.raises(ChangeError, match="HH"):
        inject(stack, np.zeros((30, 30), bool), {"HH": 1.0}, stack["time"].to_numpy()[3])


def block_detector(images_after: int, side: int, threshold: float):  # type: ignore[no-untyped-def]
    """Mean log ratio over a box against its own scatter over the image."""

    def detect(stack: xr.Dataset) -> np.ndarray:
        logs = np.log(stack["VV"].to_numpy())
        logs = logs - np.median(logs, axis=(1, 2), keepdims=True)
        step = ndimage.uniform_filter(logs[-images_after:].mean(axis=0) - logs[:-images_after].mean(axis=0), side)
        spread = 1.4826 * np.median(np.abs(step - np.median(step)))
        return ndimage.binary_dilation(np.abs(step - np.median(step)) > threshold * spread, iterations=side // 2)

    return detect


def test_a_detector_finds_more_of_what_is_larger_and_what_is_predicted() -> None:
    stack = plain_stack(n_time=20, size=140, blur=0.7, seed=3)
    when = stack["time"].to_numpy()[-6]
    contrast = {"VV": 3.2}
    result = verify_power(
        stack,
        block_detector(6, 6, 4.7),
        contrast_db=contrast,
        areas_m2=[100, 2500, 10_000],
        from_time=when,
        trials=16,
    )
    assert result["probability"].to_numpy()[0] < 0.2
    assert result["probability"].to_numpy()[-1] > 0.9
    assert (result["probability_low"] <= result["probability"]).all()
    assert (result["probability"] <= result["probability_high"]).all()
    assert result.attrs["reported_without"] == 0
    assert result["area_m2"].to_numpy().tolist() == [100, 2500, 10_000]
    predicted = typical(smallest_detectable(stack, contrast_db=contrast))
    assert 100 < predicted < 10_000


def test_injections_keep_off_what_is_reported_anyway_and_off_what_is_forbidden() -> None:
    stack = plain_stack(size=60)
    seen: list[np.ndarray] = []

    def detect(one: xr.Dataset) -> np.ndarray:
        seen.append(np.isclose(one["VV"] / stack["VV"], 2.0, rtol=0.01).any(axis=0))
        reported = np.zeros((60, 60), bool)
        reported[:20] = True
        return reported

    where = np.ones((60, 60), bool)
    where[:, :30] = False
    result = verify_power(
        stack,
        detect,
        contrast_db={"VV": 3.0103},
        areas_m2=[900, 10**7],
        from_time=stack["time"].to_numpy()[5],
        where=where,
    )
    assert seen[1].any()
    assert not seen[1][:28].any()
    assert not seen[1][:, :30].any()
    assert result["found"].to_numpy().tolist() == [0, 0]
    assert result["injected"].to_numpy()[1] == 0
    assert np.isnan(result["probability"].to_numpy()[1])


def test_a_smeared_injection_keeps_its_power_and_reaches_over_its_edge() -> None:
    stack = plain_stack(size=40)
    mask = np.zeros((40, 40), bool)
    mask[15:20, 15:25] = True
    when = stack["time"].to_numpy()[10]
    even = xr.ones_like(stack)
    smeared = inject(even, mask, {"VV": 6.0}, when, smear_px=0.8)["VV"].to_numpy() - 1
    np.testing.assert_array_equal(smeared[:10], 0)
    gain = 10**0.6 - 1
    assert smeared[-1].sum() == pytest.approx(gain * mask.sum(), rel=1e-4)
    assert 0 < smeared[-1][14, 20] < gain / 2 < smeared[-1][15, 20] < gain
    assert smeared[-1][mask].mean() == pytest.approx(gain * kept_along(5, 0.8) * kept_along(10, 0.8), rel=0.05)
    steady = inject_steady(stack, mask, {"VV": 10.0}, when, smear_px=0.8)["VV"].to_numpy()
    far = ~ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=5)
    np.testing.assert_array_equal(steady[:, far], stack["VV"].to_numpy()[:, far])
    np.testing.assert_array_equal(steady[:10], stack["VV"].to_numpy()[:10])


def test_strips_are_laid_along_rows_and_columns_with_the_width_asked_for() -> None:
    stack = plain_stack(size=80)
    seen: list[np.ndarray] = []

    def detect(one: xr.Dataset) -> np.ndarray:
        seen.append(np.isclose(one["VV"] / stack["VV"], 2.0, rtol=0.01).any(axis=0))
        return seen[-1]

    when = stack["time"].to_numpy()[5]
    result = verify_power(
        stack, detect, contrast_db={"VV": 3.0103}, areas_m2=[6000], width_m=20, from_time=when, trials=6
    )
    assert result["area_m2"].to_numpy().tolist() == [6000]
    assert result["found"].to_numpy().tolist() == result["injected"].to_numpy().tolist()
    shapes = {tuple(s.stop - s.start for s in box) for box in ndimage.find_objects(ndimage.label(seen[-1])[0])}
    assert shapes == {(2, 30), (30, 2)}


def test_what_single_pixels_do_not_show_is_not_called_detectable() -> None:
    stack = plain_stack()
    faint = {"contrast_db": {"VV": 1.5, "VH": 1.5}, "pixel_false_alarm": 0.01}
    together = smallest_detectable(stack, **faint)  # type: ignore[arg-type]
    alone = smallest_detectable(stack, **faint, pixel_chance=0.85)  # type: ignore[arg-type]
    assert np.isfinite(together["smallest_area_m2"]).all()
    assert np.isinf(alone["smallest_area_m2"]).all()
    assert np.isnan(alone["margin"]).all()
    assert float(together["margin"].min()) >= 1
    plain = {"contrast_db": {"VV": 8.0, "VH": 8.0}, "fewest_pixels": 16}
    assert typical(smallest_detectable(stack, **plain, pixel_chance=0.85)) == 1600  # type: ignore[arg-type]


def test_a_strip_is_no_shorter_than_what_passes_for_a_line() -> None:
    road = smallest_detectable(plain_stack(), contrast_db={"VV": -8.0}, width_m=20.0, slenderness=9.0)
    assert float(road["smallest_length_m"].min()) >= 180
    np.testing.assert_allclose(road["smallest_length_m"] * 20, road["smallest_area_m2"], rtol=1e-5)


def dates_of(count: int) -> np.ndarray:
    return np.datetime64("2024-01-01", "ns") + np.arange(count) * np.timedelta64(12, "D")


def test_the_window_ends_where_the_images_run_out_and_begins_where_they_suffice() -> None:
    times = dates_of(24)
    days = [np.datetime64(time, "D").astype(object) for time in times]
    first, last, wait = showing_window(times, [6.0], 6, 4) or pytest.fail("no window")
    assert last == days[18]
    assert wait == 60
    assert days[4] <= first <= last
    wide = showing_window(times, [6.0], 6, 4, margin=100.0) or pytest.fail("no window")
    assert wide == (days[4], last, wait)
    assert showing_window(times, [6.0], 6, 18)
    assert showing_window(times, [6.0], 6, 19) is None


def test_a_window_of_several_tracks_is_what_they_share() -> None:
    one = (dt.date(2024, 1, 1), dt.date(2024, 6, 1), 60)
    other = (dt.date(2024, 3, 1), dt.date(2024, 8, 1), 90)
    assert joint_window([one, None, other]) == (other[0], one[1], 90)
    assert joint_window([one, (dt.date(2024, 7, 1), dt.date(2024, 8, 1), 9)]) is None
    assert joint_window([None]) is None


def test_the_figures_are_those_that_do_on_half_and_on_nine_tenths() -> None:
    area = np.array([[100.0, 200.0, 300.0, 400.0, 500.0], [600.0, 700.0, 800.0, 900.0, np.inf]])
    area = np.pad(area, 1, constant_values=np.nan)
    figures = summarise(SOUGHT[0], "t", area, np.sqrt(area), 20, None)
    assert (figures.half_m2, figures.nine_tenths_m2) == (500.0, 900.0)
    assert (figures.half_m, figures.nine_tenths_m) == (pytest.approx(22.36, abs=0.01), 30.0)
    assert figures.share == 0.5
    assert figures.shown_from is None
    never = summarise(SOUGHT[0], "t", np.full((3, 3), np.inf), np.full((3, 3), np.inf), 9, None)
    assert (never.half_m2, never.share) == (None, 1.0)
