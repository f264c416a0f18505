"""Where Sentinel-1 pixels land: point targets, terrain, flattening; against a known orbit, sarsen and a real grid."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import safe_products as sp
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from safe_xml import INTERVAL_S

from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, Scene, open_scene, read_pixels
from sitewatch.scenes._sampling import cubic
from sitewatch.scenes.sentinel1 import open_package
from sitewatch.scenes.sentinel1._annotation import read_annotation
from sitewatch.scenes.sentinel1._geometry import ecef, geodetic_to_ecef, ground_pixel, line_of, see
from sitewatch.scenes.sentinel1._reader import corrected_line

LON, LAT = 36.0, 34.0
UTM = "EPSG:32637"


def with_target(folder: Path, frame: sp.Frame, lon: float, lat: float, height: float, ascending: bool = True) -> Path:
    """A product of a dark plain with one bright point."""
    line, pixel = frame.place(lon, lat, height)
    rows, cols = np.mgrid[: frame.lines, : frame.samples]
    dn = 20 + 3000 * np.exp(-((rows - line) ** 2 + (cols - pixel) ** 2) / (2 * 1.2**2))
    return sp.write_safe(folder, frame, {"VV": dn.astype(np.uint16)}, ascending=ascending)


def off_by_px(scene: Scene, lon: float, lat: float) -> float:
    """Distance in pixels between the brightest spot and where a point lies."""
    x, y = pyproj.Transformer.from_crs("EPSG:4326", str(scene.geobox.crs), always_xy=True).transform(lon, lat)
    col, row = ~scene.geobox.affine * (x, y)
    window = (slice(int(row) - 30, int(row) + 30), slice(int(col) - 30, int(col) + 30))
    values = read_pixels(scene, window)["VV"].to_numpy()
    i, j = np.unravel_index(np.nanargmax(values), values.shape)
    near = values[i - 5 : i + 6, j - 5 : j + 6]
    rows, cols = np.mgrid[i - 5 : i + 6, j - 5 : j + 6] + 0.5
    found = (near * rows).sum() / near.sum() + window[0].start, (near * cols).sum() / near.sum() + window[1].start
    return float(np.hypot(found[0] - row, found[1] - col))


@pytest.mark.parametrize(
    ("lon", "lat", "ascending", "height"),
    [(36.0, 34.0, True, 0.0), (36.0, 34.0, False, 250.0), (-70.2, -50.3, True, 100.0), (20.0, 68.0, False, 500.0)],
)
def test_a_point_target_lands_where_it_stands(
    tmp_path: Path, lon: float, lat: float, ascending: bool, height: float
) -> None:
    frame = sp.frame_over(lon, lat, lines=120, samples=140, height_m=height, ascending=ascending)
    product = with_target(tmp_path, frame, lon, lat, height, ascending)
    for hints in (Hints(), Hints(dem=str(height), dem_datum="ellipsoid"), Hints(dem=str(height - 30), dem_datum="30")):
        assert off_by_px(open_scene(product, hints), lon, lat) < 0.05


def test_a_wrong_height_moves_it_by_height_over_the_tangent_of_incidence(tmp_path: Path) -> None:
    frame = sp.frame_over(LON, LAT, lines=120, samples=140)
    product = with_target(tmp_path, frame, LON, LAT, 30.0)
    assert off_by_px(open_scene(product, Hints(dem="30", dem_datum="ellipsoid")), LON, LAT) < 0.05
    moved = off_by_px(open_scene(product, Hints(dem="30", dem_datum="-40")), LON, LAT)
    assert moved == pytest.approx(40 / np.tan(np.radians(39.7)) / 10, rel=0.03)


def test_a_height_without_its_datum_is_refused_and_a_missing_geoid_too() -> None:
    with pytest.raises(SceneError, match="nothing says what 12 m are measured from"):
        Hints(dem="12")
    with pytest.raises(SceneError, match="a height datum needs heights"):
        Hints(dem_datum="egm96")


def write_dem(path: Path, surface: object, reach: int = 450) -> Path:
    """Heights over the place, 10 m posts; `surface` gives them from metres east and north of it."""
    x0, y0 = pyproj.Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(LON, LAT)
    at = 10.0 * (np.arange(2 * reach) + 0.5 - reach)
    east, north = np.meshgrid(at, -at)
    heights = surface(east, north).astype(np.float32)  # type: ignore[operator]
    transform = Affine(10, 0, x0 - 10 * reach, 0, -10, y0 + 10 * reach)
    shape = {"height": 2 * reach, "width": 2 * reach, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", crs=UTM, transform=transform, **shape) as target:
        target.write(heights, 1)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[sp.Frame, Path]:
    """A product of one number all over."""
    frame = sp.frame_over(LON, LAT, lines=320, samples=320)
    dn = np.full((320, 320), 400, np.uint16)
    tables = sp.Tables(sigma=(400.0, 0.0, 0.0))
    return frame, sp.write_safe(tmp_path_factory.mktemp("plain"), frame, {"VV": dn}, tables=tables)


def middle(scene: Scene, size: int = 24) -> np.ndarray:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", str(scene.geobox.crs), always_xy=True).transform(LON, LAT)
    col, row = ~scene.geobox.affine * (x, y)
    window = (slice(int(row) - size, int(row) + size), slice(int(col) - size, int(col) + size))
    return read_pixels(scene, window)["VV"].to_numpy()


@pytest.mark.parametrize("slope_deg", [0.0, 20.0, -25.0])
def test_flattening_follows_the_law_of_a_tilted_plane(
    plain: tuple[sp.Frame, Path], tmp_path: Path, slope_deg: float
) -> None:
    frame, product = plain
    near, far = (frame.orbit.locate(frame.start_s + 0.2, frame.near_m + d, 0.0) for d in (500, 1500))
    azimuth = np.radians(pyproj.Geod(ellps="WGS84").inv(*near, *far)[0])
    rise = np.tan(np.radians(slope_deg))
    dem = write_dem(tmp_path / "dem.tif", lambda e, n: rise * (e * np.sin(azimuth) + n * np.cos(azimuth)))
    flat = open_scene(product, Hints(dem="0", dem_datum="ellipsoid"))
    sloped = open_scene(product, Hints(dem=str(dem), dem_datum="ellipsoid"))
    ratio = middle(sloped) / np.nanmean(middle(flat))
    theta = np.radians(flat.incidence_angle_deg or 0.0)
    # Small (2011): a facet's area across the line of sight per slant range goes with 1 / tan(local incidence).
    assert np.nanmean(ratio) == pytest.approx(np.tan(theta - np.radians(slope_deg)) / np.tan(theta), rel=0.02)
    assert np.nanstd(ratio) < 0.02 * np.nanmean(ratio)
    assert "gamma0 flattened by the terrain's area; layover and shadow masked" in sloped.notes


def test_layover_and_shadow_are_masked(plain: tuple[sp.Frame, Path], tmp_path: Path) -> None:
    _, product = plain

    def ridge(east: np.ndarray, north: np.ndarray) -> np.ndarray:
        # 55 degrees towards the radar in the west, 70 degrees away from it in the east.
        return np.clip(np.minimum((east + 150) * np.tan(np.radians(55)), (80 - east) * np.tan(np.radians(70))), 0, None)

    dem = write_dem(tmp_path / "ridge.tif", ridge)
    scene = open_scene(product, Hints(dem=str(dem), dem_datum="ellipsoid"))
    missing = np.isnan(middle(scene, 45))
    # The top is 216 m high at the middle, column 45, and the incidence some 39 degrees.
    theta = np.radians(scene.incidence_angle_deg or 0.0)
    falls, hides = round(21.6 / np.tan(theta)), round(21.6 * np.tan(theta))
    assert missing[:, 33:42].mean() > 0.9  # the slope towards the radar
    assert missing[:, 48:52].mean() > 0.9  # the slope away from it
    assert missing[:, 45 - falls + 3 : 28].mean() > 0.8  # ground onto which the first slope falls
    assert missing[:, 56 : 45 + hides - 2].mean() > 0.8  # ground in the shadow of the second
    assert not missing[:, : 45 - falls - 5].any()
    assert not missing[:, 45 + hides + 3 :].any()


def test_sarsen_places_the_same_ground_alike(plain: tuple[sp.Frame, Path], tmp_path: Path) -> None:
    sarsen = pytest.importorskip("sarsen")
    import xarray as xr
    from sarsen import geocoding, orbit, scene

    _, product = plain
    dem = write_dem(tmp_path / "hills.tif", lambda e, n: 60 + 40 * np.sin(e / 300) * np.cos(n / 200), reach=12)
    package = open_package(str(product))
    annotation = read_annotation(package, next(p for p in package.files if p.startswith("annotation/s1a")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raster = scene.open_dem_raster(str(dem))
        theirs = sarsen.Sentinel1SarProduct(str(product), "IW/VV")
        interpolator = orbit.OrbitPolyfitInterpolator.from_position(theirs.state_vectors())
        position = scene.convert_to_dem_ecef(raster)
        seen = geocoding.backward_geocode(position, interpolator, zero_doppler_distance=0.001)
        slant = (seen.dem_distance**2).sum("axis") ** 0.5
        # The orbit's epoch and the image's first line are both UTC.
        seconds = (seen.azimuth_time - np.datetime64("2022-06-01T15:40:00.123456", "ns")) / np.timedelta64(1, "s")
        pixels = (
            theirs.slant_range_time_to_ground_range(seen.azimuth_time, 2 * slant / 299_792_458.0) / sp.SPACING_M
        ).to_numpy()
    mine = see(annotation.orbit, position.transpose("axis", "y", "x").to_numpy())
    assert isinstance(seconds, xr.DataArray)
    # sarsen fits the orbit by a polynomial of fifth degree: some decimetres, hundredths of a line.
    np.testing.assert_allclose(line_of(annotation, mine), seconds.to_numpy() / INTERVAL_S, atol=0.05)
    np.testing.assert_allclose(mine.range_m, slant.to_numpy(), atol=0.3)
    np.testing.assert_allclose(ground_pixel(annotation, mine), pixels, atol=0.1)


def test_the_real_geolocation_grid_is_met(shared_data: Path) -> None:
    folder = shared_data / "sentinel1-safe"
    if not folder.is_dir():
        pytest.skip(f"no Sentinel-1 product at {folder}")
    package = open_package(str(next(folder.glob("*.SAFE"))))
    annotation = read_annotation(package, next(p for p in package.files if p.startswith("annotation/s1b")))
    ground = annotation.ground
    points = see(annotation.orbit, geodetic_to_ecef(ground.longitude, ground.latitude, ground.height_m))
    assert np.abs(points.time_s - ground.azimuth_time_s).max() < 2e-6
    assert np.abs(points.range_m - ground.slant_range_time_s * 299_792_458.0 / 2).max() < 1e-4
    # The grid takes the nearest conversion to ground range, this code (as SNAP and sarsen) the interpolated one.
    pixel = ground_pixel(annotation, points)
    assert np.abs(pixel - ground.pixel).max() < 0.6
    assert np.abs(corrected_line(annotation, points, pixel) - ground.line).max() < 0.02


def test_a_coarser_grid_gets_means_and_any_projection_is_reached(plain: tuple[sp.Frame, Path]) -> None:
    _, product = plain
    scene = open_scene(product, Hints(dem="0", dem_datum="ellipsoid"))
    assert scene.reader is not None
    grid = GeoBox((12, 12), Affine(3e-4, 0, LON - 0.0018, 0, -3e-4, LAT + 0.0018), "EPSG:4326")
    values = scene.reader.read(scene.bands, grid)["VV"]
    np.testing.assert_allclose(values, (400 / 360) ** 2, rtol=1e-4)


@given(
    st.integers(0, 2**32 - 1),
    st.floats(2.0, 17.0),
    st.floats(2.0, 17.0),
)
def test_interpolated_power_is_exact_on_pixels_linear_on_slopes_and_never_below_its_neighbours(
    seed: int, row: float, col: float
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.gamma(2.0, 1.0, (20, 20)).astype(np.float32)
    at = np.array([row]), np.array([col])
    assert cubic(image, np.array([7.0]), np.array([9.0]))[0] == pytest.approx(image[7, 9])
    r, c = int(row), int(col)
    assert cubic(image, *at)[0] >= image[r : r + 2, c : c + 2].min() * (1 - 1e-6)
    rows, cols = np.mgrid[:20, :20].astype(np.float32)
    assert cubic(3 + 2 * rows + cols, *at)[0] == pytest.approx(3 + 2 * row + col, rel=1e-5)


def test_points_beyond_the_state_vectors_are_nan(plain: tuple[sp.Frame, Path]) -> None:
    _, product = plain
    package = open_package(str(product))
    annotation = read_annotation(package, next(p for p in package.files if p.startswith("annotation/s1a")))
    grid = GeoBox((2, 2), Affine(0.1, 0, 36, 0, -0.1, 74), "EPSG:4326")
    assert np.isnan(see(annotation.orbit, ecef(grid, np.zeros((2, 2)))).time_s).all()
