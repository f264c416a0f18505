"""From changed pixels to footprints: regions and their outlines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change import detect_change
from sitewatch.structures import find_in_track
from sitewatch.structures._delineate import _sharpened, keep_whole
from sitewatch.structures._regions import candidate_regions
from sitewatch.structures._window import Window

LandStack = Callable[..., xr.Dataset]
NEVER = 999


def nothing_built(shape: tuple[int, int] = (70, 70)) -> NDArray[np.int64]:
    """[y, x], first image that shows a pixel changed: none."""
    return np.full(shape, NEVER)


def changed(z: NDArray[np.floating], first_image: NDArray[np.integer], p_value: NDArray[np.floating]) -> xr.Dataset:
    """What `detect_change` would say, as far as regions need it."""
    dims = ("y", "x")
    return xr.Dataset({"z_VV": (dims, z), "first_image": (dims, first_image), "p_value": (dims, p_value)})


def lit(parts: list[tuple[slice, slice, float, int]], shape: tuple[int, int] = (30, 60)) -> xr.Dataset:
    """Rectangles of one z-score and change point each on quiet ground."""
    z, first, p_value = np.full(shape, 0.1), np.full(shape, 20), np.ones(shape)
    for rows, columns, score, image in parts:
        z[rows, columns], first[rows, columns], p_value[rows, columns] = score, image, 1e-8
    return changed(z, first, p_value)


@pytest.mark.parametrize(("point_spread_px", "step_db"), [(0.6, 8.0), (1.0, 14.0), (0.9, 5.5)])
def test_a_blurred_block_keeps_its_area(land_stack: LandStack, point_spread_px: float, step_db: float) -> None:
    turn = nothing_built()
    turn[25:41, 20:44] = 18
    stack = land_stack(3, turn, step_db, point_spread_px=point_spread_px)
    (one,) = find_in_track(stack, detect_change(stack))
    truth = turn < NEVER
    assert one.grade.status == "confirmed"
    assert one.footprint.sum() == pytest.approx(truth.sum(), rel=0.1)
    on_site = np.zeros(truth.shape, bool)
    on_site[one.window.rows, one.window.columns] = one.footprint
    assert (on_site & truth).sum() > 0.93 * (on_site | truth).sum()
    # The truth lies within the stated error.
    assert abs(one.shape.area_m2.value - truth.sum() * 100) < 3 * one.shape.area_m2.sd


@pytest.mark.parametrize("missing", [[35], [34, 35], [0], [17, 18]])
def test_images_that_miss_a_structure_do_not_lose_it(land_stack: LandStack, missing: list[int]) -> None:
    turn = nothing_built()
    turn[25:41, 20:44] = 18
    stack = land_stack(3, turn, 8.0)
    half = stack["x"] < float(stack["x"][50])
    lacking = xr.DataArray(np.isin(np.arange(36), missing), dims="time") & half
    stack = stack.where(~lacking).assign_attrs(stack.attrs)
    (one,) = find_in_track(stack, detect_change(stack))
    assert one.grade.status == "confirmed"
    assert one.footprint.sum() == pytest.approx((turn < NEVER).sum(), rel=0.1)


def test_a_footprint_of_nothing_stays_nothing(as_window: Callable[..., Window]) -> None:
    window = as_window(np.ones((8, 12, 12)))
    nothing = np.zeros((12, 12), bool)
    assert not _sharpened(window, nothing, np.ones((12, 12)), np.zeros((1, 12, 12))).any()


def test_neighbours_that_changed_in_opposite_directions_stay_apart() -> None:
    change = lit([(slice(5, 15), slice(5, 20), 9.0, 20), (slice(5, 15), slice(20, 35), -9.0, 20)])
    regions = candidate_regions(change)
    assert sorted(r.brighter for r in regions) == [False, True]
    for region in regions:
        on_site = np.zeros((30, 60), bool)
        on_site[region.rows, region.columns] = region.mask
        own, other = (slice(5, 20), slice(20, 35)) if region.brighter else (slice(20, 35), slice(5, 20))
        assert on_site[5:15, own].all()
        assert not on_site[5:15, other].any()


def test_neighbours_of_opposite_sign_are_two_structures(land_stack: LandStack) -> None:
    turn, step = nothing_built(), np.zeros((70, 70))
    turn[25:41, 20:42] = 18
    step[25:41, 20:31], step[25:41, 31:42] = 7.0, -4.0
    stack = land_stack(2, turn, step)
    found = find_in_track(stack, detect_change(stack))
    assert len(found) == 2
    for one in found:
        assert one.footprint.sum() == pytest.approx(16 * 11, rel=0.12)
        assert one.character.step_db == pytest.approx(
            [7.0] * 2 if one.character.step_db[0] > 0 else [-4.0] * 2, abs=0.5
        )


def test_a_thin_dark_line_with_gaps_is_one_region() -> None:
    pieces = [(slice(10, 12), slice(start, start + 8), -9.0, 20) for start in (4, 14, 24, 34)]
    (region,) = candidate_regions(lit(pieces))
    assert not region.brighter
    assert region.mask.sum() == 4 * 16


def test_pieces_that_changed_at_other_times_are_other_regions() -> None:
    pieces = [(slice(10, 12), slice(4, 14), -9.0, 5), (slice(10, 12), slice(16, 26), -9.0, 20)]
    assert len(candidate_regions(lit(pieces))) == 2


def test_a_thin_dark_line_with_gaps_comes_out_as_one_road(land_stack: LandStack) -> None:
    turn = nothing_built()
    turn[34:36, 8:62] = 18
    turn[34:36, [20, 21, 40, 52]] = NEVER
    stack = land_stack(1, turn, -4.5)
    (road,) = find_in_track(stack, detect_change(stack))
    assert road.grade.kind == "road"
    assert road.shape.length_m.value == pytest.approx(540, rel=0.1)
    assert road.shape.centreline is not None


def test_a_few_weak_pixels_are_no_region() -> None:
    assert candidate_regions(lit([(slice(5, 6), slice(5, 8), -9.0, 20)])) == []
    quiet = lit([(slice(5, 9), slice(5, 9), 3.0, 20)])
    quiet["p_value"] = xr.where(quiet["p_value"] < 1, 5e-3, 1.0)  # at the rim's level, never at the core's
    assert candidate_regions(quiet) == []


def test_the_strongest_region_comes_first() -> None:
    change = lit([(slice(2, 6), slice(2, 6), -9.0, 20), (slice(15, 25), slice(30, 50), -9.0, 20)])
    assert [int(r.mask.sum()) for r in candidate_regions(change)] == [200, 16]


def test_small_holes_are_filled_and_large_ones_kept() -> None:
    seed = np.zeros((30, 30), bool)
    seed[5:25, 5:25] = True
    pierced, courtyard = seed.copy(), seed.copy()
    pierced[10:12, 10:12] = False
    courtyard[10:20, 10:20] = False
    assert keep_whole(pierced, seed, linear=False).sum() == 400
    assert keep_whole(courtyard, seed, linear=False).sum() == 300


def test_a_large_field_that_darkens_for_good_is_seen(land_stack: LandStack) -> None:
    turn = nothing_built()
    turn[25:45, 20:40] = 18
    change = detect_change(land_stack(1, turn, -7.0))
    assert np.median(change["step_db_VV"].to_numpy()[turn < NEVER]) == pytest.approx(-7.0, abs=1.0)
