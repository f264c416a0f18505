"""The ground: constant or a file, and no height without a datum."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from sitewatch.errors import SceneError
from sitewatch.scenes import Hints
from sitewatch.scenes._terrain import Terrain, geoid_heights

GRID = GeoBox((40, 50), Affine(10, 0, 500_000, 0, -10, 4_100_000), "EPSG:32633")


def write_dem(path: Path, crs: str = "EPSG:32633", nodata: float | None = None) -> Path:
    """Heights that rise by 1 m every 100 m eastwards from 5 m, with a hole where `nodata` is given."""
    heights = np.tile(5 + 0.01 * (30 * np.arange(40) - 285.0), (40, 1)).astype("float32")
    if nodata is not None:
        heights[:, 20:] = nodata
    profile = {"driver": "GTiff", "count": 1, "height": 40, "width": 40, "dtype": "float32", "nodata": nodata}
    place = {"crs": crs, "transform": Affine(30, 0, 499_700, 0, -30, 4_100_300)}
    with rasterio.open(path, "w", **profile, **place) as target:
        target.write(heights, 1)
    return path


def test_a_constant_height_is_laid_on_the_ellipsoid() -> None:
    assert np.all(Terrain.parse("12.5", "ellipsoid").heights(GRID) == 12.5)
    np.testing.assert_allclose(Terrain.parse("12.5", "49.7").heights(GRID), 62.2, rtol=1e-6)


def test_a_file_is_read_bilinearly_with_its_geoid_added(tmp_path: Path) -> None:
    terrain = Terrain.parse(str(write_dem(tmp_path / "dem.tif")), "20")
    heights = terrain.heights(GRID)
    east = (np.arange(50) + 0.5) * 10
    np.testing.assert_allclose(heights, np.tile(20 + 5 + 0.01 * east, (40, 1)), atol=0.01)
    assert terrain.label == "dem.tif above a geoid 20 m over the ellipsoid"


def test_holes_stay_holes(tmp_path: Path) -> None:
    heights = Terrain.parse(str(write_dem(tmp_path / "dem.tif", nodata=-9999)), "ellipsoid").heights(GRID)
    assert np.isfinite(heights[:, :25]).all()
    assert np.isnan(heights[:, 40:]).all()


@pytest.mark.parametrize(
    ("dem", "datum", "reason"),
    [
        ("12", None, "nothing says what 12 m are measured from"),
        ("12", "egm2009", "no height datum 'egm2009'"),
        ("12", "200", "no geoid lies 200 m off the ellipsoid"),
        ("12000", "ellipsoid", "is not on Earth"),
        ("absent.tif", "egm96", r"absent\.tif: the file does not exist"),
    ],
)
def test_a_height_without_a_sound_datum_is_refused(dem: str, datum: str | None, reason: str) -> None:
    with pytest.raises(SceneError, match=reason):
        Terrain.parse(dem, datum)
    with pytest.raises(SceneError, match=reason):
        Hints(dem=dem, dem_datum=datum)


def test_a_datum_without_heights_is_refused() -> None:
    with pytest.raises(SceneError, match="a height datum needs heights"):
        Hints(dem_datum="ellipsoid")


def test_a_file_may_state_its_datum_and_must_not_be_contradicted(tmp_path: Path) -> None:
    stated = write_dem(tmp_path / "stated.tif", crs="EPSG:32633+3855")
    assert Terrain.parse(str(stated)).datum == "egm2008"
    assert Terrain.parse(str(stated), "48.2").datum == 48.2
    with pytest.raises(SceneError, match=r"states heights above egm2008, and --dem-datum says ellipsoid"):
        Terrain.parse(str(stated), "ellipsoid")
    with pytest.raises(SceneError, match=r"nothing says what the heights in silent\.tif"):
        Terrain.parse(str(write_dem(tmp_path / "silent.tif")))


def test_a_geoid_that_is_not_at_hand_is_never_taken_for_the_ellipsoid() -> None:
    """PROJ itself would shift by nothing without a word."""
    import pyproj

    if any(Path(folder, "us_nga_egm08_25.tif").exists() for folder in (pyproj.datadir.get_user_data_dir(),)):
        pytest.skip("this machine has the grid of EGM2008")
    with pytest.raises(SceneError, match="EGM2008 geoid above the ellipsoid are not on this machine") as refused:
        Terrain.parse("12", "egm2008").heights(GRID)
    assert "--dem-datum" in refused.value.hint


def test_a_geoid_is_taken_from_proj_s_grid_where_it_is_there(tmp_path: Path) -> None:
    """With a grid under the name PROJ looks for, whose undulation rises with longitude; a process of its own."""
    lon = np.arange(-180, 180.5, 5.0)
    undulation = np.tile(40 + lon / 10, (37, 1)).astype("float32")
    profile = {"driver": "GTiff", "count": 1, "height": 37, "width": len(lon), "dtype": "float32"}
    place = {"crs": "EPSG:4979", "transform": Affine(5, 0, -182.5, 0, -5, 92.5)}
    with rasterio.open(tmp_path / "us_nga_egm08_25.tif", "w", **profile, **place) as target:
        target.write(undulation, 1)
        target.update_tags(AREA_OR_POINT="Point", TYPE="VERTICAL_OFFSET_GEOGRAPHIC_TO_VERTICAL")
        target.update_tags(1, DESCRIPTION="geoid_undulation", UNITTYPE="metre")
        target.set_band_description(1, "geoid_undulation")
    script = f"""
import numpy as np, pyproj
pyproj.datadir.append_data_dir({str(tmp_path)!r})
from affine import Affine
from odc.geo.geobox import GeoBox
from sitewatch.scenes._terrain import Terrain
grid = GeoBox((40, 50), Affine(10, 0, 500_000, 0, -10, 4_100_000), "EPSG:32633")
heights = Terrain.parse("12", "egm2008").heights(grid)
print(float(heights.min()), float(heights.max()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    low, high = map(float, done.stdout.split())
    assert low == pytest.approx(12 + 40 + 1.5, abs=0.01)
    assert high == pytest.approx(12 + 40 + 1.5006, abs=0.01)


def test_a_stated_geoid_is_even() -> None:
    assert np.all(geoid_heights(23.4, GRID) == np.float32(23.4))
