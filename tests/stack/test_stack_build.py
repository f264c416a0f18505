from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from stack_images import GRID, START, Place, footprint, planned

from sitewatch.errors import StackError
from sitewatch.scenes._scene import Scene, Track
from sitewatch.stack import build_stack, build_stacks
from sitewatch.stack._dataset import merge_credits
from sitewatch.stack._grid import crop

Write = Callable[..., Scene]
Speckle = Callable[..., np.ndarray]


def test_a_stack_in_memory_holds_the_files_pixels(site: Place, write_scene: Write, speckle: Speckle) -> None:
    images = [speckle(i) for i in range(3)]
    scenes = [write_scene(f"d{i}", {"VV": image, "VH": image / 5}, 12 * i) for i, image in enumerate(images)]
    stack = build_stack(site, scenes[::-1])
    assert dict(stack.sizes) == {"time": 3, "y": 60, "x": 80}
    assert list(stack.data_vars) == ["VV", "VH"]
    np.testing.assert_array_equal(stack.VV, images)
    np.testing.assert_array_equal(stack.VH, np.array(images) / np.float32(5))
    assert stack.VV.dtype == np.float32
    assert stack.VV.attrs["units"] == "1"
    assert stack.time.to_numpy()[1] == np.datetime64("2023-01-15T06:00:00")
    assert stack.time.dtype == "datetime64[ns]"
    assert list(stack.scene.to_numpy()) == ["d0", "d1", "d2"]
    assert list(stack.platform.to_numpy()) == ["sentinel-1a"] * 3
    assert stack.odc.geobox == GRID


def test_attributes_say_what_the_contract_asks_for(site: Place, write_scene: Write, speckle: Speckle) -> None:
    credit = "Contains modified Copernicus Sentinel data"
    scenes = [
        write_scene("a", speckle(1), 0, enl=4.0, credit=f"{credit} 2023", notes=("8-bit",)),
        write_scene("b", speckle(2), 400, enl=5.0, credit=f"{credit} 2024", notes=("8-bit", "guessed")),
        write_scene("c", speckle(3), 412, credit=f"{credit} 2024"),
    ]
    attrs = build_stack(site, scenes).attrs
    expected = {
        "track": "sentinel-1-iw-7-ascending",
        "track_label": "Sentinel-1 IW, track 7, ascending",
        "quantity": "gamma0",
        "enl": 4.5,
        "time_known": 1,
        "credit": f"{credit} 2023-2024",
        "site": "here",
        "relative_orbit": 7,
    }
    assert {key: attrs[key] for key in expected} == expected
    assert attrs["notes"][:2] == ["8-bit (2 of 3 images)", "guessed (1 of 3 images)"]
    # At the western rim of its zone UTM draws the ground 0.1 % too large.
    assert attrs["pixel_x_m"] == pytest.approx(10, rel=0.002)


def test_unstated_looks_are_nan(site: Place, write_scene: Write) -> None:
    assert np.isnan(build_stack(site, [write_scene("a", 0.1)]).attrs["enl"])


def test_one_image_is_a_stack_of_one_time(site: Place, write_scene: Write) -> None:
    assert build_stack(site, [write_scene("a", 0.1)]).sizes["time"] == 1


def test_an_overlap_comes_from_the_same_burst_on_every_date(site: Place, write_scene: Write) -> None:
    west, east = crop(GRID, 0, 0, (60, 50)), crop(GRID, 0, 30, (60, 50))
    scenes = []
    for date, (first, second) in enumerate([("IW1", "IW2"), ("IW2", "IW1"), ("IW1", "IW2")]):
        for late, name in enumerate((first, second)):
            time = START + dt.timedelta(days=12 * date, seconds=3 * late)
            value, grid = (1.0, west) if name == "IW1" else (2.0, east)
            scenes.append(write_scene(f"{name}_{date}", value, geobox=grid, subunit=name, datetime=time))
    stack = build_stack(site, scenes)
    assert stack.sizes["time"] == 3
    assert (stack.VV[:, :, :50] == 1).all()
    assert (stack.VV[:, :, 50:] == 2).all()
    assert stack.scene.to_numpy()[0] == "IW1_0;IW2_0"


def test_a_gap_in_the_first_burst_is_filled_by_its_neighbour(site: Place, write_scene: Write) -> None:
    holed = np.full((60, 80), 1.0)
    holed[10:20, 10:20] = np.nan
    scenes = [write_scene("a", holed, subunit="IW1"), write_scene("b", 2.0, subunit="IW2")]
    values = build_stack(site, scenes).VV.to_numpy()[0]
    assert (values[10:20, 10:20] == 2).all()
    assert (values == 1).sum() == 60 * 80 - 100


def test_what_no_image_covers_is_nan(site: Place, write_scene: Write) -> None:
    small = crop(GRID, 5, 6, (30, 40))
    stack = build_stack(site, [write_scene("a", 0.1), write_scene("b", 0.2, 12, small)])
    assert np.isfinite(stack.VV[1]).sum() == 30 * 40
    assert np.isfinite(stack.VV[1, 5:35, 6:46]).all()


def test_a_pass_with_half_its_pixels_is_kept(site: Place, write_scene: Write, speckle: Speckle) -> None:
    half = speckle(2)
    half[:, 40:] = np.nan
    stack = build_stack(site, [write_scene("a", speckle(1)), write_scene("b", half, 12)])
    np.testing.assert_array_equal(stack.VV[1], half)


def test_duplicates_are_left_out_with_the_reason(site: Place, write_scene: Write) -> None:
    old = write_scene("old", 1.0, processed=START, subunit="IW1")
    new = write_scene("new", 2.0, processed=START + dt.timedelta(1), subunit="IW1")
    built = build_stacks(site, [old, new])
    assert (built.stacks[0].VV == 2).all()
    assert [x.source for x in built.left_out] == ["old"]
    assert built.left_out[0].reason.startswith("duplicate of new")


def truncate(scene: Scene) -> Scene:
    path = Path(scene.bands[0].href)
    path.write_bytes(path.read_bytes()[:700])
    return scene


@pytest.mark.parametrize("on_disk", [False, True])
def test_bad_scenes_are_set_aside_and_the_rest_goes_on(
    on_disk: bool, tmp_path: Path, site: Place, write_scene: Write, speckle: Speckle
) -> None:
    good = [write_scene(f"g{i}", speckle(i), 12 * i) for i in range(20)]
    gone = dataclasses.replace(planned("gone", 27))
    bad = [
        write_scene("nan", np.nan, 5),
        write_scene("zero", 0.0, 17),
        truncate(write_scene("cut", speckle(99), 200)),
        gone,
    ]
    built = build_stacks(site, [*good[:10], *bad, *good[10:]], tmp_path / "stacks" if on_disk else None)
    (stack,) = built.stacks
    reasons = {x.source: x.reason for x in built.left_out}
    assert set(reasons) == {"nan", "zero", "cut", "gone"}
    assert "no valid pixel" in reasons["nan"]
    assert "zero" in reasons["zero"]
    assert {x.track for x in built.left_out} == {good[0].track}
    np.testing.assert_array_equal(stack.VV, [speckle(i) for i in range(20)])
    assert list(stack.scene.to_numpy()) == [f"g{i}" for i in range(20)]
    if on_disk:
        again = build_stacks(site, [*good, *bad], tmp_path / "stacks")
        assert {x.source: x.reason for x in again.left_out} == reasons
        assert {x.datetime for x in again.left_out} == {x.datetime for x in built.left_out}


def test_a_scene_without_pixels_does_not_cost_its_pass(site: Place, tmp_path: Path, write_scene: Write) -> None:
    scenes = [write_scene("a", 1.0, subunit="IW1"), write_scene("b", np.nan, subunit="IW2")]
    built = build_stacks(site, scenes, tmp_path)
    assert list(built.stacks[0].scene.to_numpy()) == ["a"]
    assert [x.source for x in built.left_out] == ["b"]


def test_a_track_of_which_nothing_is_left_does_not_stop_the_others(site: Place, write_scene: Write) -> None:
    scenes = [write_scene("a", 1.0), write_scene("b", np.nan, track=Track("iceye"))]
    built = build_stacks(site, scenes)
    assert [s.attrs["constellation"] for s in built.stacks] == ["sentinel-1"]
    assert [x.source for x in built.left_out] == ["b"]


def test_nothing_usable_is_an_error_that_says_why(site: Place, write_scene: Write) -> None:
    with pytest.raises(StackError, match="there is no scene"):
        build_stacks(site, [])
    with pytest.raises(StackError, match="a has no valid pixel"):
        build_stacks(site, [write_scene("a", np.nan)])
    with pytest.raises(StackError, match=r"misses the site by .* km"):
        build_stacks(site, [planned("far", geobox=GRID.translate_pix(9000, 0))])


def test_scenes_of_two_tracks_are_no_stack(site: Place) -> None:
    with pytest.raises(StackError, match=r"2 tracks: ICEYE; Sentinel-1 IW, track 7, ascending"):
        build_stack(site, [planned("a"), planned("b", track=Track("iceye"))])


def test_tracks_that_differ_by_look_direction_get_stores_of_their_own(
    site: Place, tmp_path: Path, write_scene: Write
) -> None:
    scenes = [
        write_scene(look, 1.0 + i, track=Track("iceye", look_direction=look))
        for i, look in enumerate(["left", "right"])
    ]
    built = build_stacks(site, scenes, tmp_path)
    assert sorted(p.name for p in tmp_path.glob("*.zarr")) == ["iceye-left.zarr", "iceye-right.zarr"]
    assert [float(s.VV.mean()) for s in built.stacks] == [1.0, 2.0]


def test_too_large_a_stack_asks_for_a_folder(site: Place) -> None:
    huge = GeoBox((30_000, 30_000), GRID.affine, GRID.crs)
    with pytest.raises(StackError, match=r"needs 3\.4 GiB") as caught:
        build_stack(Place("big", footprint(huge)), [planned("a", geobox=huge)])
    assert "folder" in caught.value.hint


def test_images_on_another_grid_are_resampled_and_their_power_is_kept(site: Place, write_scene: Write) -> None:
    ramp = np.linspace(1, 2, 80) * np.ones((60, 1))
    shifted = GRID.translate_pix(0.5, 0)
    scenes = [write_scene("a", ramp), write_scene("b", ramp, 12), write_scene("c", ramp, 24, shifted)]
    stack = build_stack(site, scenes)
    step = 1 / 79
    np.testing.assert_array_equal(stack.VV[0], ramp.astype(np.float32))
    inner = stack.VV[2, 2:-2, 2:-2].to_numpy()
    np.testing.assert_allclose(inner, ramp[2:-2, 2:-2] - step / 2, atol=1e-5)
    assert any("resampled" in note and "1 of 3" in note for note in stack.attrs["notes"])


def test_a_finer_image_is_averaged(site: Place, write_scene: Write, speckle: Speckle) -> None:
    fine_grid = GRID.zoom_out(1 / 5)
    fine = speckle(3, shape=(300, 400))
    scenes = [write_scene(f"d{i}", speckle(i), 12 * i) for i in range(3)]
    stack = build_stack(site, [*scenes, write_scene("fine", fine, 60, fine_grid)], grid=GRID)
    blocks = fine.reshape(60, 5, 80, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(stack.VV[3], blocks, rtol=1e-4)


def test_another_zone_lands_where_it_belongs(site: Place, write_scene: Write) -> None:
    away = GeoBox.from_bbox(footprint(GRID).buffer(0.003).bounds, "EPSG:4326", resolution=1e-4).to_crs("EPSG:32610")
    lon, lat = footprint(GRID).centroid.coords[0]
    bright = np.full(away.shape, 0.1)
    col, row = ~away.affine * _project(lon, lat, "EPSG:32610")
    bright[int(row) - 2 : int(row) + 3, int(col) - 2 : int(col) + 3] = 10.0
    scenes = [write_scene("a", 0.1), write_scene("b", 0.1, 12), write_scene("c", bright, 24, away)]
    image = build_stack(site, scenes).VV[2]
    peak = image.where(image > 5, drop=True)
    here = _project(lon, lat, "EPSG:32611")
    assert abs(float(peak.x.mean()) - here[0]) < 10
    assert abs(float(peak.y.mean()) - here[1]) < 10


def _project(lon: float, lat: float, crs: str) -> tuple[float, float]:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)


def test_progress_counts_to_the_end(site: Place, write_scene: Write) -> None:
    seen: list[tuple[str, int, int]] = []
    build_stack(site, [write_scene(f"d{i}", 0.1, i) for i in range(4)], progress=lambda *a: seen.append(a))
    assert seen[-1][1:] == (4, 4)
    assert "track 7" in seen[0][0]


@pytest.mark.parametrize(
    ("lines", "merged"),
    [
        (["© ICEYE 2023"], "© ICEYE 2023"),
        (["© ICEYE 2023", "© ICEYE 2023", ""], "© ICEYE 2023"),
        (["data 2019", "data 2021-2022", "other"], "data 2019-2022; other"),
        ([], ""),
    ],
)
def test_credit_lines_merge_over_the_years(lines: list[str], merged: str) -> None:
    assert merge_credits(lines) == merged


def test_a_stack_is_what_xarray_makes_of_it(site: Place, write_scene: Write) -> None:
    stack: Any = build_stack(site, [write_scene("a", 0.1), write_scene("b", 0.2, 12)])
    assert isinstance(stack, xr.Dataset)
    assert float(stack.VV.sel(time="2023-01-15").mean()) == pytest.approx(0.2)
