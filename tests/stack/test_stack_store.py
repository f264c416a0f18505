from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from odc.geo.geobox import GeoBox
from stack_images import GRID, Place, footprint

from sitewatch.errors import StackError
from sitewatch.scenes._scene import Scene
from sitewatch.stack import _mosaic, _store, build_stack, build_stacks, open_stack

Write = Callable[..., Scene]
Speckle = Callable[..., np.ndarray]
NAME = "sentinel-1-iw-7-ascending.zarr"


@pytest.fixture
def scenes(write_scene: Write, speckle: Speckle) -> list[Scene]:
    return [write_scene(f"d{i:02d}", {"VV": speckle(i), "VH": speckle(i + 50)}, 12 * i) for i in range(36)]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the scenes whose pixels were read, as they are read."""
    seen: list[str] = []
    read = _mosaic.read_pixels

    def count(scene: Scene, window: object) -> xr.Dataset:
        seen.append(scene.id)
        return read(scene, window)

    monkeypatch.setattr(_mosaic, "read_pixels", count)
    return seen


def test_the_store_equals_the_stack_in_memory(site: Place, scenes: list[Scene], tmp_path: Path) -> None:
    stored, held = build_stack(site, scenes, tmp_path), build_stack(site, scenes)
    attrs = dict(stored.attrs)
    assert attrs.pop("content_hash")
    np.testing.assert_equal(attrs, held.attrs)
    for name in ("VV", "VH", "scene", "platform"):
        np.testing.assert_array_equal(stored[name], held[name])
    for name in ("time", "y", "x"):
        xr.testing.assert_identical(stored[name].variable, held[name].variable)
    assert list(stored.data_vars) == list(held.data_vars)
    assert stored.odc.geobox == held.odc.geobox


def test_the_store_opens_in_plain_xarray_without_a_warning(site: Place, scenes: list[Scene], tmp_path: Path) -> None:
    build_stack(site, scenes, tmp_path)
    opened = xr.open_zarr(tmp_path / NAME)
    assert set(opened.coords) == {"time", "y", "x", "scene", "platform", "spatial_ref"}
    assert opened.odc.geobox == GRID
    assert opened.VV.chunks is not None
    assert zarr.open_array(tmp_path / NAME / "VV", mode="r").chunks == (16, 256, 256)


def test_a_finished_store_is_used_as_it_is(site: Place, scenes: list[Scene], tmp_path: Path, reads: list[str]) -> None:
    build_stack(site, scenes, tmp_path)
    before = len(reads)
    build_stack(site, scenes[::-1], tmp_path)
    assert len(reads) == before


def test_a_file_that_changed_is_read_again(
    site: Place, scenes: list[Scene], tmp_path: Path, write_scene: Write, reads: list[str]
) -> None:
    build_stack(site, scenes, tmp_path)
    reads.clear()
    changed = write_scene("d20", {"VV": 7.0, "VH": 8.0}, 240)
    os.utime(changed.bands[0].href, (1, 1))
    stack = build_stack(site, scenes, tmp_path)
    assert (stack.VV[20] == 7).all()
    assert {"d20"} < set(reads) == {f"d{i}" for i in range(16, 32)}


def test_new_images_are_added_without_reading_all_the_others(
    site: Place, scenes: list[Scene], tmp_path: Path, reads: list[str]
) -> None:
    build_stack(site, scenes[:34], tmp_path)
    reads.clear()
    stack = build_stack(site, scenes, tmp_path)
    assert set(reads) == {"d32", "d33", "d34", "d35"}
    np.testing.assert_array_equal(stack.VV, build_stack(site, scenes).VV)
    assert [p.name for p in tmp_path.glob("*.zarr*")] == [NAME]


def test_a_killed_build_goes_on_and_ends_the_same(
    site: Place, scenes: list[Scene], tmp_path: Path, reads: list[str]
) -> None:
    def kill(stage: str, done: int, total: int) -> None:
        if done == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_stack(site, scenes, tmp_path / "killed", progress=kill)
    assert not (tmp_path / "killed" / NAME).exists()
    reads.clear()
    resumed = build_stack(site, scenes, tmp_path / "killed")
    assert set(reads) == {f"d{i:02d}" for i in range(16, 36)}
    undisturbed = build_stack(site, scenes, tmp_path / "whole")
    xr.testing.assert_identical(resumed.compute(), undisturbed.compute())
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_an_update_that_is_killed_leaves_the_store_as_it_was(
    site: Place, scenes: list[Scene], tmp_path: Path, write_scene: Write
) -> None:
    before = build_stack(site, scenes[:20], tmp_path).compute()
    files = contents(tmp_path / NAME)

    def kill(stage: str, done: int, total: int) -> None:
        if done == 35:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_stack(site, scenes, tmp_path, progress=kill)
    assert contents(tmp_path / NAME) == files
    xr.testing.assert_identical(open_stack(tmp_path / NAME).compute(), before)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_another_site_in_the_same_folder_builds_anew(site: Place, scenes: list[Scene], tmp_path: Path) -> None:
    build_stack(site, scenes, tmp_path)
    small = Place("small", footprint(GRID[5:25, 10:50]).buffer(-2e-5))
    assert dict(build_stack(small, scenes, tmp_path).sizes) == {"time": 36, "y": 20, "x": 40}


def test_windows_and_rows_of_blocks_give_the_same_store(
    tmp_path: Path, write_scene: Write, speckle: Speckle, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = GeoBox((530, 300), GRID.affine, GRID.crs)
    place = Place("wide", footprint(wide).buffer(-1e-6))
    scenes = [write_scene(f"d{i}", speckle(i, shape=(530, 300)), i, wide) for i in range(3)]
    scenes[1] = write_scene("d1", np.where(np.arange(530)[:, None] < 300, np.nan, 1.0), 1, wide)
    whole = build_stack(place, scenes, tmp_path / "a").compute()
    monkeypatch.setattr(_store, "_BLOCK_BYTES", 1)
    xr.testing.assert_identical(build_stack(place, scenes, tmp_path / "b").compute(), whole)


def test_memory_does_not_grow_with_the_number_of_dates(
    tmp_path: Path, write_scene: Write, speckle: Speckle, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = GeoBox((300, 128), GRID.affine, GRID.crs)
    place = Place("m", footprint(grid).buffer(-1e-6))
    image = speckle(1, shape=(300, 128))
    scenes = [write_scene(f"d{i}", image, i, grid) for i in range(96)]
    monkeypatch.setattr(_store, "_BLOCK_BYTES", 1)

    def peak(count: int) -> int:
        tracemalloc.start()
        build_stacks(place, scenes[:count], tmp_path / str(count))
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    few, many = peak(32), peak(96)
    # 64 more dates are 9.4 MiB of pixels.
    assert many < few + 5 * 2**20


def test_what_is_no_stack_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="there is no stack at"):
        open_stack(tmp_path / "nothing.zarr")
    xr.Dataset({"a": ("x", np.zeros(2))}).to_zarr(tmp_path / "other.zarr", zarr_format=2, consolidated=True)
    with pytest.raises(StackError, match="not a stack"):
        open_stack(tmp_path / "other.zarr")
