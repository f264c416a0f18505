"""Flattening, layover and shadow of images that polynomials place: a rigorous geometry and the laws of planes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine

from radar_files import LAT, LON, Geometry, amplitudes, write_iceye
from sitewatch.scenes import Hints, Scene, open_scene, read_pixels
from sitewatch.scenes._rpc_terrain import line_of_sight

UTM = "EPSG:32633"
COARSE = Geometry(range_spacing_m=4.0, azimuth_spacing_m=4.0)
TO_MAP = pyproj.Transformer.from_crs("EPSG:4326", UTM, always_xy=True)
Surface = Callable[[np.ndarray, np.ndarray], np.ndarray]


def away_from_radar(geometry: Geometry) -> tuple[float, float]:
    """East and north of the unit vector over the ground that leads away from the radar, on the map."""
    heading = np.radians(geometry.heading_deg + (90 if geometry.look == "right" else -90))
    ahead = pyproj.Geod(ellps="WGS84").fwd(LON, LAT, float(np.degrees(heading)), 1000.0)
    step = np.subtract(TO_MAP.transform(ahead[0], ahead[1]), TO_MAP.transform(LON, LAT)) / 1000.0
    return float(step[0]), float(step[1])


def write_dem(path: Path, profile: Callable[[np.ndarray], np.ndarray], geometry: Geometry) -> Path:
    """Heights over the place, 10 m posts; `profile` gives them from metres away from the radar."""
    reach = 60
    x0, y0 = TO_MAP.transform(LON, LAT)
    at = 10.0 * (np.arange(2 * reach) + 0.5 - reach)
    east, north = np.meshgrid(at, -at)
    away = away_from_radar(geometry)
    heights = profile(east * away[0] + north * away[1]).astype("float32")
    size = {"height": 2 * reach, "width": 2 * reach, "count": 1, "dtype": "float32"}
    place = {"crs": UTM, "transform": Affine(10, 0, x0 - 10 * reach, 0, -10, y0 + 10 * reach)}
    with rasterio.open(path, "w", driver="GTiff", **size, **place) as target:
        target.write(heights, 1)
    return path


def laid(scene: Scene, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Pixels near the image's middle, and how many metres each lies away from the radar."""
    pixels = read_pixels(scene)["VV"]
    x0, y0 = TO_MAP.transform(LON, LAT)
    east, north = np.meshgrid(pixels["x"].to_numpy() - x0, pixels["y"].to_numpy() - y0)
    away = away_from_radar(geometry)
    along = east * away[1] - north * away[0]
    near = np.abs(along) < 120
    return pixels.to_numpy()[near], (east * away[0] + north * away[1])[near]


GEOMETRIES = [
    COARSE,
    Geometry(look="left", heading_deg=190.0, incidence_deg=28.0, range_spacing_m=4.0, azimuth_spacing_m=4.0),
    Geometry(rows_are_range=False, shape=(140, 160), range_spacing_m=4.0, azimuth_spacing_m=4.0),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=["right", "left", "native"])
def test_the_polynomials_tell_where_the_radar_is(geometry: Geometry) -> None:
    position, _, distance = geometry._path
    ground = np.array(pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True).transform(LON, LAT, 60.0))
    found = line_of_sight(geometry.rpc, LON, LAT, 60.0)
    assert np.degrees(np.arccos(found @ (position - ground) / distance)) < 0.1


@pytest.mark.parametrize("slope_deg", [0.0, 15.0, -25.0])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=["right", "left", "native"])
def test_flattening_follows_the_law_of_a_tilted_plane(geometry: Geometry, slope_deg: float, tmp_path: Path) -> None:
    product = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry))
    rise = np.tan(np.radians(slope_deg))
    dem = write_dem(tmp_path / "dem.tif", lambda away: 60 + rise * away, geometry)
    flat = open_scene(product, Hints(dem="60", dem_datum="ellipsoid"))
    sloped = open_scene(product, Hints(dem=str(dem), dem_datum="ellipsoid"))
    values, away = laid(sloped, geometry)
    level, _ = laid(flat, geometry)
    ratio = values[np.abs(away) < 100] / np.nanmean(level)
    theta = np.radians(geometry.incidence_deg)
    # Small (2011): a facet's area across the line of sight per slant range goes with 1 / tan(local incidence).
    assert np.nanmean(ratio) == pytest.approx(np.tan(theta - np.radians(slope_deg)) / np.tan(theta), rel=0.02)
    assert np.nanstd(ratio) < 0.02 * np.nanmean(ratio)
    assert sloped.notes[0].startswith("gamma0 flattened by the terrain's area; layover and shadow masked")
    assert flat.notes[0].startswith("gamma0 for flat ground")


@pytest.mark.parametrize("geometry", GEOMETRIES[::2], ids=["right", "native"])
def test_a_ridge_hides_and_is_laid_over_the_ground_around_it(geometry: Geometry, tmp_path: Path) -> None:
    product = write_iceye(tmp_path / "ICEYE_T_GRD.tif", geometry, amplitudes(geometry))

    def ridge(away: np.ndarray) -> np.ndarray:
        # 100 m high; 50 degrees towards the radar, 70 degrees away from it; the incidence is 35 degrees.
        front, back = 100 + away * np.tan(np.radians(50)), 100 - away * np.tan(np.radians(70))
        return np.asarray(60 + np.clip(np.minimum(front, back), 0, None))

    dem = write_dem(tmp_path / "ridge.tif", ridge, geometry)
    values, away = laid(open_scene(product, Hints(dem=str(dem), dem_datum="ellipsoid")), geometry)

    def masked(start: float, stop: float) -> float:
        return float(np.isnan(values[(away > start) & (away < stop)]).mean())

    assert masked(-75, -10) > 0.95  # the slope towards the radar, whose order is turned round
    assert masked(-130, -95) > 0.8  # the ground before it, onto which it falls as far as 100 / tan(35) = 143 m
    assert masked(8, 30) > 0.95  # the slope away from the radar
    assert masked(42, 60) > 0.8  # the ground behind it in its shadow, as far as 100 tan(35) = 70 m
    assert masked(-230, -165) == 0
    assert masked(95, 200) == 0
