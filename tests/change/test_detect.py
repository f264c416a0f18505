"""The change stage as a whole: strata, date effects, the step scan and its p-values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change import WATER, background_of, covariances_of, detect_change, shared_covariances_of
from sitewatch.errors import ChangeError

Power = dict[str, NDArray[np.float32]]


def test_water_and_land_are_told_apart_where_there_are_both(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    change = detect_change(as_stack(coast))
    stratum = change["stratum"].to_numpy()
    assert (stratum[30:] == WATER).mean() > 0.98
    assert (stratum[:30] != WATER).mean() > 0.98


@pytest.mark.parametrize(("rows", "water"), [(slice(0, 30), False), (slice(30, 60), True)])
def test_a_site_of_one_kind_is_told_by_level_and_movement(
    coast: Power, as_stack: Callable[..., xr.Dataset], rows: slice, water: bool
) -> None:
    change = detect_change(as_stack({name: values[:, rows] for name, values in coast.items()}))
    assert ((change["stratum"].to_numpy() == WATER) == water).all()


def test_an_unknown_scale_still_tells_water_from_land(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    scaled = {name: values * 700 for name, values in coast.items()}
    stratum = detect_change(as_stack(scaled, "unknown"))["stratum"].to_numpy()
    assert (stratum[30:] == WATER).mean() > 0.98
    assert (stratum[:30] != WATER).mean() > 0.98


def test_the_wind_is_found_as_the_seas_date_effect(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    change = detect_change(as_stack(coast))
    wind_db = np.random.default_rng(5).normal(-19, 3, 40)
    found = change["date_effect_db"].sel(stratum_name="water", polarisation="VV").to_numpy()
    assert np.abs((found - found.mean()) - (wind_db - wind_db.mean())).max() < 0.5
    land = change["date_effect_db"].sel(stratum_name="land").to_numpy()
    assert np.abs(land).max() < 0.5


def test_p_values_hold_where_nothing_changed(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    p_value = detect_change(as_stack(coast))["p_value"].to_numpy().ravel()
    for alpha, tolerance in ((0.1, 0.3), (0.01, 0.8)):
        assert abs((p_value < alpha).mean() / alpha - 1) < tolerance, (alpha, (p_value < alpha).mean())


@pytest.mark.parametrize(("rows", "step_db"), [(slice(8, 14), 6.0), (slice(8, 14), -6.0), (slice(44, 50), 10.0)])
def test_a_lasting_step_is_found_with_its_date_and_size(
    coast: Power, as_stack: Callable[..., xr.Dataset], rows: slice, step_db: float
) -> None:
    built = {name: values.copy() for name, values in coast.items()}
    for values in built.values():
        values[25:, rows, 20:26] *= 10 ** (step_db / 10)
    change = detect_change(as_stack(built))
    box = {"y": rows, "x": slice(20, 26)}
    assert (change["p_value"].isel(box) < 1e-3).mean() > 0.97
    assert np.median(change["first_image"].isel(box)) == 25
    assert float(change["step_db_VV"].isel(box).median()) == pytest.approx(step_db, abs=1.0)
    assert (change["omnibus_p_value"].isel(box) < 1e-3).mean() > 0.9


def test_what_stays_for_two_images_is_no_lasting_step(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    ship = {name: values.copy() for name, values in coast.items()}
    for values in ship.values():
        values[18:20, 40:46, 20:26] *= 100
    p_value = detect_change(as_stack(ship))["p_value"].isel(y=slice(40, 46), x=slice(20, 26))
    assert (p_value < 1e-4).mean() < 0.05


def test_units_change_levels_only(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    one = detect_change(as_stack(coast, "unknown"))
    other = detect_change(as_stack({name: values * 1000 for name, values in coast.items()}, "unknown"))
    # ln 1000 is not a float32, so the last digits differ.
    np.testing.assert_allclose(one["statistic"], other["statistic"], rtol=0.02, atol=0.05)
    assert (other["level_db"] - one["level_db"]).to_numpy() == pytest.approx(30.0, abs=0.05)


def test_swapped_axes_give_the_swapped_result(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    built = {name: values.copy() for name, values in coast.items()}
    for values in built.values():
        values[25:, 8:14, 30:40] *= 5
    plain = detect_change(as_stack(built))["step_db_VV"].to_numpy()
    turned = detect_change(as_stack({name: values.transpose(0, 2, 1) for name, values in built.items()}))
    difference = np.abs(turned["step_db_VV"].to_numpy().T - plain)[8:14, 30:40]
    assert np.median(difference) < 0.2


def test_missing_images_and_pixels_are_left_out(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    holes = {name: values.copy() for name, values in coast.items()}
    for values in holes.values():
        values[7] = np.nan
        values[11, :, :30] = np.nan
        values[:, 3, 3] = np.nan
    change = detect_change(as_stack(holes))
    assert np.isnan(change["p_value"].to_numpy()[3, 3])
    assert change["first_image"].to_numpy()[3, 3] == -1
    rest = np.delete(change["p_value"].to_numpy().ravel(), 3 * 60 + 3)
    assert np.isfinite(rest).all()
    assert (rest < 0.01).mean() < 0.03


def test_one_polarisation_and_one_row_of_pixels_work(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    change = detect_change(as_stack({"VV": coast["VV"][:, :1]}))
    assert change["p_value"].shape == (1, 60)
    assert np.isfinite(change["p_value"]).all()


def test_two_images_are_refused_by_name(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    with pytest.raises(ChangeError, match="simulated-98 has 2 image"):
        detect_change(as_stack({"VV": coast["VV"][:2]}))


def test_what_was_estimated_can_be_read_back(coast: Power, as_stack: Callable[..., xr.Dataset]) -> None:
    change = detect_change(as_stack(coast))
    background = background_of(change)
    assert background.effect.shape == (2, 2, 40)
    assert background.present.all()
    for parts in (covariances_of(change), shared_covariances_of(change)):
        assert set(parts) == {(0, 0), (0, 1), (1, 0), (1, 1)}
        assert all(part.nugget >= 0 and min(part.drift) >= 0 and part.season >= 0 for part in parts.values())
    # Speckle of neighbours is independent here: they share next to none of it.
    assert shared_covariances_of(change)[1, 0].nugget < 0.15 * covariances_of(change)[1, 0].nugget
