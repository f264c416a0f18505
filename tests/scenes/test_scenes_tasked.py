"""Capella and Umbra: calibration, geometry, metadata and what is refused."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from capella_files import capella_metadata, write_capella_geo, write_capella_slc
from test_scenes_geocode import true_utm

from radar_files import HEIGHT, LAT, LON, Geometry, Target, amplitudes, centroid_utm
from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, open_scene, open_scenes, read_pixels, to_stac

GEO = "CAPELLA_C14_SP_GEO_HH_20250301092958_20250301093001.tif"
SLC = "CAPELLA_C14_SM_SLC_HH_20250301092958_20250301093001.tif"
FLAT = Hints(dem=str(HEIGHT), dem_datum="ellipsoid")
SLANT = Geometry(slant=True, rows_are_range=False, range_spacing_m=0.45, shape=(150, 170))


def digital(value: float = 100) -> np.ndarray:
    pixels = np.full((30, 40), value)
    pixels[:, :5] = 0
    return pixels


@pytest.mark.parametrize("embedded", [True, False], ids=["in the TIFF", "beside it"])
def test_capella_geo_is_calibrated_to_gamma0(embedded: bool, tmp_path: Path) -> None:
    """sigma0 = (scale_factor DN)², gamma0 = sigma0 / cos(incidence); 0 is no data."""
    path = write_capella_geo(tmp_path / GEO, Geometry(), digital(), embedded=embedded)
    scene = open_scene(path)
    values = read_pixels(scene)["HH"].to_numpy()
    assert np.isnan(values[:, :5]).all()
    np.testing.assert_allclose(values[:, 5:], (0.002 * 100) ** 2 / np.cos(np.radians(35)), rtol=1e-5)
    assert (scene.quantity, scene.product_type, scene.family) == ("gamma0", "GEO", "Capella")
    assert scene.track.key == "capella-spotlight-ascending-right-inc35-az80"
    assert (scene.enl, scene.nesz_db, scene.incidence_angle_deg) == (8.2, -22.5, 35.0)
    assert scene.datetime.isoformat() == "2025-03-01T09:30:00+00:00"
    assert scene.platform == "capella-14"
    properties = to_stac(scene).properties
    assert properties["sar:product_type"] == "GEO"
    assert properties["processing:level"] == "L2"
    assert properties["sitewatch:nesz_db"] == -22.5


def test_capella_radiometry_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / GEO
    power = (0.002 * 100) ** 2
    for radiometry, factor in (("beta_nought", math.tan(math.radians(35))), ("gamma_nought", 1.0)):
        write_capella_geo(path, Geometry(), digital(), radiometry=radiometry)
        assert np.nanmax(read_pixels(open_scene(path))["HH"]) == pytest.approx(power * factor, rel=1e-5)
    write_capella_geo(path, Geometry(), digital(), radiometry="delta_nought")
    with pytest.raises(SceneError, match="radiometry 'delta_nought' is not one of") as refused:
        open_scene(path)
    assert "--quantity" in refused.value.hint
    assert open_scene(path, Hints(quantity="gamma0")).quantity == "gamma0"
    write_capella_geo(path, Geometry(), digital(), calibration="limited")
    assert "its calibration is 'limited': levels may be off" in open_scene(path).notes


def test_capella_gec_says_that_terrain_is_not_corrected(tmp_path: Path) -> None:
    path = write_capella_geo(tmp_path / GEO.replace("GEO", "GEC"), Geometry(), digital())
    assert any("without terrain: ground 10 m higher lies 14 m off" in note for note in open_scene(path).notes)


def test_capella_refusals_say_what_to_do(tmp_path: Path) -> None:
    path = write_capella_geo(tmp_path / GEO, Geometry(), digital(), embedded=False)
    (tmp_path / f"{path.stem}_extended.json").unlink()
    with pytest.raises(SceneError, match=r"_extended\.json is not beside it"):
        open_scene(path)
    (tmp_path / f"{path.stem}_extended.json").write_text("{")
    with pytest.raises(SceneError, match="not readable JSON"):
        open_scene(path)
    for name in (GEO.replace(".tif", "_preview.tif"), GEO.replace("GEO", "CSI")):
        (tmp_path / name).touch()
        with pytest.raises(SceneError, match=r"it is a (preview|Capella CSI)"):
            open_scene(tmp_path / name)


def test_capella_slc_is_placed_by_its_orbit_and_calibrated(tmp_path: Path) -> None:
    amplitude = amplitudes(SLANT, [Target()], level=200.0**2, peak=20_000.0)
    path = write_capella_slc(tmp_path / SLC, SLANT, amplitude)
    scene = open_scene(path, FLAT)
    pixels = read_pixels(scene)
    place = centroid_utm(pixels["HH"].to_numpy(), pixels["x"].to_numpy(), pixels["y"].to_numpy())
    assert math.dist(place, true_utm(Target())) < 0.2 * scene.geobox.affine.a
    ground = float(np.nanmedian(pixels["HH"]))
    assert ground == pytest.approx((0.002 * 200) ** 2 * math.tan(math.radians(35)), rel=0.01)
    assert scene.track.key == "capella-stripmap-ascending-right-inc35-az80"


def test_capella_slc_is_read_as_sarpy_reads_it(tmp_path: Path) -> None:
    """Independent reader: sarpy's Capella module, for samples, calibration and geometry."""
    capella = pytest.importorskip("sarpy.io.complex.capella")
    from sitewatch.scenes._samples import read_power

    path = write_capella_slc(tmp_path / SLC, SLANT, amplitudes(SLANT, [Target()], level=1e4))
    scene = open_scene(path, FLAT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader = capella.CapellaReader(str(path))
    sicd = reader.get_sicds_as_tuple()[0]
    beta0 = read_power(scene.bands[0], scene.reader.image.stored, (slice(0, 150), slice(0, 170)))
    factor = sicd.Radiometric.BetaZeroSFPoly.Coefs[0, 0]
    np.testing.assert_allclose(beta0, factor * np.abs(reader[:, :].T) ** 2, rtol=1e-4)
    places = np.array([[LAT + dy, LON + dx, HEIGHT + h] for dy in (0, 2e-4) for dx in (0, -2e-4) for h in (0, 40)])
    theirs, _, _ = sicd.project_ground_to_image_geo(places, ordering="latlong")
    row, col = scene.reader.image.model.image(places[:, 1], places[:, 0], places[:, 2])
    # sarpy takes the middle sample (n // 2) for the scene's centre, which lies half a pixel before it.
    np.testing.assert_allclose(col - theirs[:, 0], (col - theirs[:, 0]).mean(), atol=0.1)
    np.testing.assert_allclose(row - theirs[:, 1], (row - theirs[:, 1]).mean(), atol=0.1)
    assert abs((col - theirs[:, 0]).mean()) < 0.6
    assert abs((row - theirs[:, 1]).mean()) < 0.6


def test_capella_geometries_that_are_not_read_are_refused(tmp_path: Path) -> None:
    fields = capella_metadata(SLANT, "SLC")["collect"]["image"]["image_geometry"]
    squinted = {**fields, "doppler_centroid_polynomial": {"coefficients": [[300.0]]}}
    for geometry, reason in (({"type": "pfa"}, r"\(pfa\)"), (squinted, "not zero-Doppler")):
        path = write_capella_slc(tmp_path / SLC, SLANT, amplitudes(SLANT), image_geometry=geometry)
        with pytest.raises(SceneError, match=reason) as refused:
            open_scene(path)
        assert "SICD" in refused.value.hint


def umbra_metadata(**collect: Any) -> dict[str, Any]:
    """METADATA.json of an Umbra collect, as Umbra's open data have it."""
    return {
        "version": "1.0.0",
        "vendor": "Umbra Space",
        "imagingMode": "SPOTLIGHT",
        "umbraSatelliteName": "UMBRA_04",
        "collects": [
            {
                "id": "5ba5b849-2f14-4936-a0e9-4482afe45284",
                "startAtUTC": "2023-07-18T02:30:33+00:00",
                "endAtUTC": "2023-07-18T02:30:36.374803+00:00",
                "radarBand": "X",
                "radarCenterFrequencyHz": 9600001094.9,
                "polarizations": ["VV"],
                "angleAzimuthDegrees": 122.1,
                "angleGrazingDegrees": 42.6,
                "angleIncidenceDegrees": 47.4,
                "satelliteTrack": "ASCENDING",
                "observationDirection": "LEFT",
                **collect,
            }
        ],
        "derivedProducts": {"GEC": [{"groundResolution": {"azimuthMeters": 0.71, "rangeMeters": 0.70}}]},
    }


STEM = "2023-07-18-02-30-32_UMBRA-04"


def write_umbra(folder: Path, **collect: Any) -> Path:
    path = folder / f"{STEM}_GEC.tif"
    pixels = np.full((20, 30), 60, "uint8")
    pixels[:3] = 0
    place = {"crs": "EPSG:32617", "transform": Affine(0.5, 0, 655_000, 0, -0.5, 990_000)}
    profile = {"driver": "GTiff", "count": 1, "height": 20, "width": 30, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, **place) as target:
        target.write(pixels, 1)
    (folder / f"{STEM}_METADATA.json").write_text(json.dumps(umbra_metadata(**collect)))
    return path


def test_umbra_gec_is_amplitude_without_a_published_calibration(tmp_path: Path) -> None:
    scene = open_scene(write_umbra(tmp_path))
    values = read_pixels(scene)["VV"].to_numpy()
    assert np.isnan(values[:3]).all()
    assert (values[3:] == 60.0**2).all()
    assert scene.quantity == "unknown"
    assert scene.track.key == "umbra-spotlight-ascending-left-inc47-az300"
    assert scene.datetime.isoformat(timespec="seconds") == "2023-07-18T02:30:34+00:00"
    assert (scene.platform, scene.incidence_angle_deg, scene.product_type) == ("umbra-04", 47.4, "GEC")
    assert any("no calibration" in note for note in scene.notes)
    assert any("without terrain" in note for note in scene.notes)
    # The user may know better.
    calibrated = open_scene(tmp_path / f"{STEM}_GEC.tif", Hints(quantity="sigma0", scale=0.01))
    assert calibrated.quantity == "sigma0"
    assert np.nanmax(read_pixels(calibrated)["VV"]) == pytest.approx(0.36)


def test_umbra_refusals_say_what_to_do(tmp_path: Path) -> None:
    path = write_umbra(tmp_path)
    assert len(open_scenes(tmp_path).scenes) == 1
    other = tmp_path / f"{STEM}_CSI.tif"
    other.write_bytes(path.read_bytes())
    with pytest.raises(SceneError, match="it is an Umbra CSI"):
        open_scene(other)
    (tmp_path / f"{STEM}_METADATA.json").unlink()
    with pytest.raises(SceneError, match=r"METADATA\.json is not beside it"):
        open_scene(path)
    write_umbra(tmp_path, angleIncidenceDegrees=None)
    with pytest.raises(SceneError, match=r"lack collects\.0\.angleIncidenceDegrees"):
        open_scene(path)
