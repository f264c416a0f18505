"""Where targets of known position land on the map, and how a wrong height datum shows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.transform import RPCTransformer

from radar_files import (
    HEIGHT,
    LAT,
    LON,
    UNDULATION,
    Geometry,
    Target,
    amplitudes,
    centroid_utm,
    tie_points,
    write_iceye,
)
from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, open_scene, read_pixels
from sitewatch.scenes import _geocode as geocode
from sitewatch.scenes._radar_image import range_axis
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._scene import Scene
from sitewatch.stack._resample import moved

GEOMETRIES = [
    Geometry(),
    Geometry(look="left", heading_deg=190.0, incidence_deg=28.0),
    Geometry(rows_are_range=False, shape=(130, 170)),
]
ELSEWHERE = Target(LON + 0.0003, LAT - 0.0002)


def true_utm(target: Target) -> tuple[float, float]:
    return pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(target.lon, target.lat)


def read_onto(scene: Scene, grid: GeoBox) -> Mapping[str, np.ndarray]:
    """The image laid on a grid other than the one it proposes."""
    assert scene.reader is not None
    return scene.reader.read(scene.bands, grid)


def landed(path: Path, hints: Hints) -> tuple[float, float]:
    pixels = read_pixels(open_scene(path, hints))
    return centroid_utm(pixels["VV"].to_numpy(), pixels["x"].to_numpy(), pixels["y"].to_numpy())


def write_dem(path: Path, height: float) -> Path:
    """A gently sloping elevation model around the scene, `height` at its centre."""
    step = 0.0005
    lon = LON + step * (np.arange(60) - 29.5)
    heights = np.tile(height + 2000 * (lon - LON), (60, 1)).astype("float32")
    place = {"crs": "EPSG:4326", "transform": Affine(step, 0, lon[0] - step / 2, 0, -step, LAT + 30 * step)}
    with rasterio.open(path, "w", driver="GTiff", count=1, height=60, width=60, dtype="float32", **place) as target:
        target.write(heights, 1)
    return path


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=["right", "left", "native"])
def test_a_target_lands_within_a_fifth_of_a_pixel_of_where_it_stands(geometry: Geometry, tmp_path: Path) -> None:
    for number, target in enumerate([Target(), ELSEWHERE]):
        path = write_iceye(tmp_path / f"ICEYE_T_{number}_GRD.tif", geometry, amplitudes(geometry, [target]))
        x, y = landed(path, Hints(dem=str(HEIGHT), dem_datum="ellipsoid"))
        true_x, true_y = true_utm(target)
        assert math.hypot(x - true_x, y - true_y) < 0.2 * geometry.range_spacing_m


def test_geoid_heights_taken_for_ellipsoidal_move_a_target_by_tens_of_metres(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [Target()]))
    above_geoid = str(HEIGHT - UNDULATION)
    right = landed(path, Hints(dem=above_geoid, dem_datum=str(UNDULATION)))
    wrong = landed(path, Hints(dem=above_geoid, dem_datum="ellipsoid"))
    true = true_utm(Target())
    assert math.dist(right, true) < 0.2 * geometry.range_spacing_m
    assert math.dist(wrong, true) == pytest.approx(UNDULATION / math.tan(math.radians(35)), abs=0.5)
    assert math.dist(wrong, true) > 60


def test_an_elevation_model_above_the_geoid_is_converted(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [Target()]))
    dem = write_dem(tmp_path / "dem.tif", HEIGHT - UNDULATION)
    hints = Hints(dem=str(dem), dem_datum=str(UNDULATION))
    assert math.dist(landed(path, hints), true_utm(Target())) < 0.2 * geometry.range_spacing_m


def test_terrain_is_followed(tmp_path: Path) -> None:
    """A reflector on a hill lands right with the elevation model and off without it."""
    geometry = Geometry()
    hill = Target(LON + 0.0004, LAT, HEIGHT + 0.8)
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [hill]))
    dem = write_dem(tmp_path / "dem.tif", HEIGHT)
    off = math.dist(landed(path, Hints(dem=str(HEIGHT), dem_datum="ellipsoid")), true_utm(hill))
    assert off == pytest.approx(0.8 / math.tan(math.radians(35)), abs=0.15)
    assert math.dist(landed(path, Hints(dem=str(dem), dem_datum="ellipsoid")), true_utm(hill)) < 0.16


@pytest.mark.parametrize("half", [0.0, 0.5], ids=["pixel numbers", "pixel corners"])
def test_tie_points_place_an_image_that_has_no_polynomials(half: float, tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(
        tmp_path / "ICEYE_T_GRD.tif",
        geometry,
        amplitudes(geometry, [Target()]),
        rpc_tag=False,
        gcps=tie_points(geometry, HEIGHT, half=half),
        **{"iceye:rpc": None},
    )
    assert math.dist(landed(path, Hints()), true_utm(Target())) < 0.2 * geometry.range_spacing_m
    assert any("tie points" in note for note in open_scene(path).notes)


def test_any_grid_is_served_straight_from_the_radar_geometry(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [Target()], level=1e4))
    scene = open_scene(path, Hints(dem=str(HEIGHT), dem_datum="ellipsoid"))
    x, y = true_utm(Target())
    fine = GeoBox((60, 60), Affine(0.5, 0, x - 15.2, 0, -0.5, y + 14.9), "EPSG:32633")
    coarse = GeoBox((6, 6), Affine(5, 0, x - 15.2, 0, -5, y + 14.9), "EPSG:32633")
    there = read_onto(scene, fine)["VV"]
    columns = fine.affine.c + 0.5 * (np.arange(60) + 0.5)
    rows = fine.affine.f - 0.5 * (np.arange(60) + 0.5)
    assert math.dist(centroid_utm(there, columns, rows), (x, y)) < 0.1
    # Coarser pixels are means of power: the total is kept.
    assert read_onto(scene, coarse)["VV"].sum() * 100 == pytest.approx(there.sum(), rel=0.1)


def test_averaging_takes_looks(tmp_path: Path) -> None:
    geometry = Geometry(shape=(300, 300))
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, level=4e4, looks=1))
    scene = open_scene(path)
    x, y = true_utm(Target())
    means = {}
    for size in (0.8, 4.0):
        count = int(120 / size)
        grid = GeoBox((count, count), Affine(size, 0, x - 60, 0, -size, y + 60), "EPSG:32633")
        values = read_onto(scene, grid)["VV"]
        means[size] = values.mean(), values.mean() ** 2 / values.var()
    assert means[4.0][0] == pytest.approx(means[0.8][0], rel=0.02)
    assert means[4.0][1] > 15 * 0.8  # 25 samples a pixel of one look each


def test_a_shift_is_taken_back_in_the_same_interpolation(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [Target()]))
    scene = open_scene(path, Hints(dem=str(HEIGHT), dem_datum="ellipsoid"))
    rows, cols = np.arange(scene.geobox.shape[0]) + 0.5, np.arange(scene.geobox.shape[1]) + 0.5
    still = centroid_utm(read_onto(scene, scene.geobox)["VV"], cols, rows)
    shifted = centroid_utm(read_onto(scene, moved(scene.geobox, (2.4, -1.7)))["VV"], cols, rows)
    assert shifted == pytest.approx((still[0] + 1.7, still[1] - 2.4), abs=0.03)


def test_only_the_samples_a_window_needs_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = Geometry(shape=(400, 400))
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [Target()]))
    scene = open_scene(path, Hints(dem=str(HEIGHT), dem_datum="ellipsoid"))
    asked: list[int] = []
    read = geocode.read_power

    def counted(band: object, stored: str, window: tuple[slice, slice]) -> np.ndarray:
        values = read(band, stored, window)  # type: ignore[arg-type]
        asked.append(values.size)
        return values

    monkeypatch.setattr(geocode, "read_power", counted)
    whole = read_onto(scene, scene.geobox)["VV"]
    part = read_onto(scene, scene.geobox[200:240, 210:250])["VV"]
    assert asked[1] < 0.05 * asked[0]
    np.testing.assert_allclose(part, whole[200:240, 210:250], rtol=1e-4)
    # A window too large to read at once is read in parts, to the same result.
    monkeypatch.setattr(geocode, "_MOST_SAMPLES", 20_000)
    np.testing.assert_allclose(read_onto(scene, scene.geobox)["VV"], whole, rtol=1e-4)
    assert max(asked[2:]) <= 20_000


def test_a_place_the_image_does_not_show_is_nan(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, level=1e4))
    x, y = true_utm(Target())
    beside = GeoBox((20, 20), Affine(1, 0, x + 5000, 0, -1, y), "EPSG:32633")
    assert np.isnan(read_onto(open_scene(path), beside)["VV"]).all()


def test_an_elevation_model_elsewhere_is_refused(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry, [Target()]))
    dem = write_dem(tmp_path / "dem.tif", 10)
    with rasterio.open(dem, "r+") as target:
        target.transform = Affine(0.0005, 0, 3, 0, -0.0005, 50)
    with pytest.raises(SceneError, match=r"dem\.tif: the elevation model holds no height where the image lies"):
        open_scene(path, Hints(dem=str(dem), dem_datum="ellipsoid"))


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=["right", "left", "native"])
def test_the_range_axis_is_found_from_the_polynomials(geometry: Geometry) -> None:
    assert range_axis(geometry.rpc, geometry.shape) == (0 if geometry.rows_are_range else 1, True)


def test_polynomials_and_their_inverse_agree() -> None:
    rpc = Geometry().rpc
    rows, cols = np.meshgrid(np.linspace(0, 159, 7), np.linspace(0, 139, 5))
    lon, lat = rpc.ground(rows, cols, 75.0)
    back = rpc.image(lon, lat, 75.0)
    np.testing.assert_allclose(back[0], rows, atol=1e-3)
    np.testing.assert_allclose(back[1], cols, atol=1e-3)


def test_polynomials_are_evaluated_as_gdal_does(tmp_path: Path) -> None:
    """Independent reader: GDAL's own transformer, whose pixel centres are at halves."""
    geometry = Geometry()
    path = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry))
    with rasterio.open(path) as source:
        with RPCTransformer(source.rpcs, rpc_height=HEIGHT) as transformer:
            rows, cols = transformer.rowcol([LON, LON + 3e-4], [LAT, LAT - 2e-4], op=lambda v: v)
        read = Rpc.read(source.rpcs.to_dict())
    mine = read.image(np.array([LON, LON + 3e-4]), np.array([LAT, LAT - 2e-4]), HEIGHT)
    np.testing.assert_allclose(mine[0] + 0.5, rows, atol=1e-3)
    np.testing.assert_allclose(mine[1] + 0.5, cols, atol=1e-3)


def test_polynomials_lacking_a_field_say_which() -> None:
    fields = dataclasses.asdict(Geometry().rpc)
    del fields["samp_den_coeff"]
    with pytest.raises(ValueError, match="SAMP_DEN_COEFF is missing"):
        Rpc.read(fields)
    with pytest.raises(ValueError, match="has 3 coefficients, not 20"):
        Rpc.read({**fields, "SAMP_DEN_COEF": "1 2 3"})
