"""Images of pointed satellites become stacks: one geometry in linear units, single images as tracks of one."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from radar_files import HEIGHT, LAT, LON, UNDULATION, Geometry, Target, amplitudes, centroid_utm, write_iceye
from sitewatch.scenes import Hints, Scene, open_scenes
from sitewatch.site import Site
from sitewatch.stack import build_stacks, open_stack

HERE = Site(id="harbour", name="Harbour", area=shapely.box(LON - 0.0004, LAT - 0.0003, LON + 0.0004, LAT + 0.0003))
FLAT = Hints(dem=str(HEIGHT), dem_datum="ellipsoid")
SIGMA0 = 0.2


def write_image(folder: Path, day: int, geometry: Geometry, target: Target = Target()) -> Path:  # noqa: B008
    """Speckled ground of a known sigma0 (four looks) with one reflector."""
    power = SIGMA0 / 2.5e-5
    amplitude = amplitudes(geometry, [target], level=power, peak=3000.0, looks=4)
    when = {
        "iceye:zero_doppler_start_datetime": f"2025-03-{day:02d}T09:30:00.1Z",
        "iceye:zero_doppler_end_datetime": f"2025-03-{day:02d}T09:30:00.3Z",
    }
    return write_iceye(
        folder / f"ICEYE_SR2QKV_202503{day:02d}T093000Z_{day}_X42_SLH_GRD.tif", geometry, amplitude, **when
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four images of one geometry, whose images differ a little, as passes of a pointed satellite do."""
    folder = tmp_path_factory.mktemp("one-geometry")
    for day, incidence, heading in ((1, 35.0, 350.0), (8, 35.2, 350.6), (15, 34.9, 349.5), (22, 35.1, 350.2)):
        write_image(folder, day, Geometry(incidence_deg=incidence, heading_deg=heading))
    return folder


def test_images_of_one_geometry_make_a_stack_in_linear_gamma0(folder: Path, tmp_path: Path) -> None:
    scenes = open_scenes(folder, FLAT).scenes
    assert len({scene.track for scene in scenes}) == 1
    stacks = build_stacks(HERE, scenes, tmp_path)
    (stack,) = stacks.stacks
    assert stack.sizes["time"] == 4
    assert (stack.attrs["quantity"], stack.attrs["constellation"]) == ("gamma0", "iceye")
    assert stack.attrs["track"] == "iceye-slh-ascending-right-inc35-az80"
    assert stacks.left_out == ()
    values = stack["VV"].to_numpy()
    assert np.isfinite(values).all()
    assert np.median(values) == pytest.approx(SIGMA0 / math.cos(math.radians(35)), rel=0.1)
    # The reflector stands at the same place on every date, to a fifth of a pixel.
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(LON, LAT)
    near = stack.sel(x=slice(x - 6, x + 6), y=slice(y + 6, y - 6))
    for image in near["VV"].to_numpy():
        place = centroid_utm(image, near["x"].to_numpy(), near["y"].to_numpy())
        assert math.dist(place, (x, y)) < 0.3
    assert open_stack(tmp_path / f"{stack.attrs['track']}.zarr").equals(stack)


def test_another_terrain_makes_another_stack(folder: Path, tmp_path: Path) -> None:
    """The store that an earlier run left is not taken for one on other ground."""
    right = build_stacks(HERE, open_scenes(folder, FLAT).scenes, tmp_path).stacks[0]["VV"].to_numpy()
    wrong_hints = Hints(dem=str(HEIGHT - UNDULATION / 8), dem_datum="ellipsoid")
    wrong = build_stacks(HERE, open_scenes(folder, wrong_hints).scenes, tmp_path).stacks[0]["VV"].to_numpy()
    assert not np.array_equal(right, wrong)


def test_single_images_of_many_geometries_are_kept_as_tracks_of_one_image(tmp_path: Path) -> None:
    geometries = [
        Geometry(),
        Geometry(incidence_deg=28),
        Geometry(look="left", heading_deg=170),
        Geometry(heading_deg=20),
        Geometry(incidence_deg=36.2),
    ]
    for day, geometry in enumerate(geometries, start=1):
        write_image(tmp_path, day, geometry)
    scenes = open_scenes(tmp_path, FLAT).scenes
    stacks = build_stacks(HERE, scenes)
    assert sorted(stack.sizes["time"] for stack in stacks.stacks) == [1, 1, 1, 2]
    assert len({stack.attrs["track"] for stack in stacks.stacks}) == 4
    # All on one grid, so that evidence can join across them.
    assert len({(float(stack["x"][0]), float(stack["y"][0]), stack.sizes["x"]) for stack in stacks.stacks}) == 1


def test_the_stack_takes_its_pixels_straight_from_the_radar_geometry(folder: Path) -> None:
    """Images of another spacing are not resampled twice: no note says so, and speckle keeps its variance."""
    scenes: list[Scene] = list(open_scenes(folder, FLAT).scenes)
    other = dataclasses.replace(scenes[0], geobox=scenes[0].geobox.zoom_out(2))
    (stack,) = build_stacks(HERE, [other, *scenes[1:]], grid=None).stacks
    assert not any("resampled" in note for note in stack.attrs["notes"])
    first, second = (stack["VV"][i].to_numpy() for i in (0, 1))
    scatter = [np.std(np.log(image)) for image in (first, second)]
    assert scatter[0] == pytest.approx(scatter[1], rel=0.1)


def test_of_an_acquisition_the_detected_image_is_taken_before_the_complex_one(folder: Path, tmp_path: Path) -> None:
    geometry = Geometry()
    for path in folder.glob("*20250301*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
        slant = dataclasses.replace(geometry, slant=True, range_spacing_m=0.5)
        later = {"iceye:processing_end_datetime": "2026-01-01T00:00:00Z"}
        when = {"iceye:zero_doppler_start_datetime": "2025-03-01T09:30:00.1Z", "iceye:zero_doppler_end_datetime": None}
        slc = tmp_path / path.name.replace("GRD", "SLC")
        write_iceye(slc, slant, amplitudes(slant, level=5000.0), "SLC", **later, **when)
    scenes = open_scenes(tmp_path, FLAT).scenes
    assert {scene.product_type for scene in scenes} == {"GRD", "SLC"}
    stacks = build_stacks(HERE, scenes)
    assert [str(name) for name in stacks.stacks[0]["scene"].values] == [s.id for s in scenes if s.product_type == "GRD"]
    assert "duplicate" in stacks.left_out[0].reason
