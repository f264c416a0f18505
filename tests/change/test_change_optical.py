"""Optical change: indices, the scan's statistic against brute force, its law under the null, and pairs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr

from optical_cube import BUILT, SIDE, cube, days
from sitewatch.change import LAND
from sitewatch.change.optical import change_optical_pair, detect_optical_change, indices_of, model_of, series_of
from sitewatch.change.optical._null import effective_dates, p_at_date
from sitewatch.change.optical._scan import cut_spikes, scan
from sitewatch.change.optical._season import Memory, design
from sitewatch.errors import ChangeError

BLOCK = (slice(4, 12), slice(6, 14))
DAY = dt.date(2019, 9, 10)


def test_indices_are_those_of_their_authors() -> None:
    found = indices_of({"blue": [0.1], "green": [0.2], "red": [0.3], "nir": [0.5], "swir16": [0.4]})
    assert {name: round(float(value[0]), 4) for name, value in found.items()} == {
        "NDVI": 0.25,
        "NDWI": -0.4286,
        "BSI": 0.0769,
        "brightness": -1.6094,
    }
    assert list(indices_of({"green": [0.2], "nir": [np.nan]})) == ["NDWI", "brightness"]
    assert np.isnan(indices_of({"green": [0.2], "nir": [np.nan]})["NDWI"]).all()


def _wilks(y: np.ndarray, x: np.ndarray, step: np.ndarray, correlation: np.ndarray) -> float:
    """F of a step by generalised least squares and the ratio of determinants, written out."""
    white = np.linalg.inv(np.linalg.cholesky(correlation))
    y, x, step = white @ y, white @ x, white @ step[:, None]
    without = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    both = np.hstack([x, step])
    with_it = y - both @ np.linalg.lstsq(both, y, rcond=None)[0]
    ratio = np.linalg.det(with_it.T @ with_it) / np.linalg.det(without.T @ without)
    n, p, k = len(y), x.shape[1], y.shape[1]
    return float((1 - ratio) / ratio * (n - p - k) / k)


def test_the_scan_finds_the_greatest_of_all_steps_by_brute_force() -> None:
    random = np.random.default_rng(3)
    when = np.sort(random.uniform(0, 1200, 40))
    values = random.standard_normal((2, 40, 3)).astype(np.float32)
    values[:, 22:, 1] += 1.5
    values[:, random.random((40, 3)) < 0.2] = np.nan
    basis, memory = design(when), Memory(0.6, (0.2, 0.1, 0.1)).matrix(when)
    found = scan(values, basis, memory)
    for pixel in range(3):
        at = np.flatnonzero(np.isfinite(values[0, :, pixel]))
        y = values[:, at, pixel].T.astype(float)
        every = {
            int(at[j]): _wilks(y, basis[at], (np.arange(at.size) >= j).astype(float), memory[np.ix_(at, at)])
            for j in range(3, at.size - 2)
        }
        assert found.clear[pixel] == at.size
        assert found.image[pixel] == max(every, key=lambda j: every[j])
        assert found.statistic[pixel] == pytest.approx(max(every.values()), rel=1e-5)
    assert found.image[1] == 22 or np.isnan(values[0, 22, 1])
    assert found.size[0, 1] > 0.5


def test_the_best_of_all_dates_pays_for_its_search() -> None:
    random = np.random.default_rng(5)
    when = np.arange(60) * 20.0
    basis, memory = design(when), Memory(0.5, (0.3, 0.2, 0.0)).matrix(when)
    values = np.einsum("ij,kjp->kip", np.linalg.cholesky(memory), random.standard_normal((3, 60, 800)))
    gaps = np.repeat(random.random((60, 16)) > 0.3, 50, axis=1)
    values[:, ~gaps] = np.nan
    found = scan(values.astype(np.float32), basis, memory)
    alone = p_at_date(found.statistic, found.clear, basis.shape[1], 3)
    p_value = np.minimum(alone * effective_dates(gaps, basis, memory, 3), 1)
    assert 0.01 < float((p_value < 0.05).mean()) < 0.09


def test_a_missed_cloud_goes_and_a_step_stays() -> None:
    values = np.random.default_rng(0).normal(0, 0.02, (1, 30, 2)).astype(np.float32)
    values[0, 11, 0] = 0.9
    values[0, 20:, 1] += 0.5
    cut_spikes(values)
    assert values[0, 11, 0] < 0.3
    assert values[0, 20:24, 1].min() > 0.4


def test_a_block_that_is_built_steps_at_its_day() -> None:
    stack = cube(days(), [(BLOCK, DAY, BUILT)])
    change = detect_optical_change(stack)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[BLOCK] = True
    p_value = change["p_value"].to_numpy()
    assert (p_value[inside] < 1e-4).mean() > 0.95
    assert (p_value[~inside] < 1e-2).mean() < 0.05
    first = change["first_date"].to_numpy()[inside].astype("datetime64[D]")
    assert np.median((first - np.datetime64(DAY)).astype(int)) < 48
    assert (change["step_NDVI"].to_numpy()[inside] < -0.1).all()
    assert set(np.unique(change["stratum"].to_numpy())) == {LAND}
    model = model_of(change)
    values, _ = series_of(stack, model)
    assert values.shape == (3, stack.sizes["time"], SIDE, SIDE)
    assert 0 < model.memory.nugget <= 1


def test_few_images_are_refused() -> None:
    with pytest.raises(ChangeError, match="12 or more"):
        detect_optical_change(cube(days(8)))


def _pair(seed: int = 2) -> tuple[xr.Dataset, xr.Dataset]:
    random = np.random.default_rng(seed)
    ground = 0.05 + 0.25 * random.random((4, 50, 50))
    names = ("green", "red", "nir", "swir16")
    before, after = (ground * np.exp(0.05 * random.standard_normal(ground.shape)) for _ in range(2))
    after[:, 10:22, 15:30] = np.array([0.3, 0.32, 0.34, 0.36])[:, None, None]
    return tuple(  # type: ignore[return-value]
        xr.Dataset({n: (("y", "x"), v[k]) for k, n in enumerate(names)}, attrs={"quantity": "TOA reflectance"})
        for v in (before, after)
    )


def test_a_pair_shows_what_changed_whatever_gain_lies_between() -> None:
    before, after = _pair()
    change = change_optical_pair(before, after)
    found = change["changed"].to_numpy()
    assert found[12:20, 17:28].mean() > 0.95
    assert found[30:].mean() < 0.02
    assert set(np.unique(change["direction"].to_numpy()[14:18, 18:26])) == {1}
    dimmed = change_optical_pair(before, (after * 0.7).assign_attrs(after.attrs))
    np.testing.assert_array_equal(dimmed["changed"].to_numpy(), found)


def test_a_pair_of_two_levels_is_refused() -> None:
    before, after = _pair()
    with pytest.raises(ChangeError, match="TOA reflectance"):
        change_optical_pair(before, after.assign_attrs(quantity="surface reflectance"))
    with pytest.raises(ChangeError, match="different grids"):
        change_optical_pair(before, after.isel(y=slice(0, 40)))
