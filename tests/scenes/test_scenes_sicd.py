"""SICD written and projected by sarpy: calibration, geometry, metadata and what is refused."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from capella_files import write_capella_slc
from test_scenes_geocode import true_utm

from radar_files import HEIGHT, LAT, LON, Geometry, Target, amplitudes, centroid_utm
from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, open_scene, open_scenes, read_pixels
from sitewatch.scenes._samples import open_sicd

pytest.importorskip("sarpy")
FLAT = Hints(dem=str(HEIGHT), dem_datum="ellipsoid")
GEOMETRY = Geometry(slant=True, rows_are_range=False, range_spacing_m=0.45, shape=(150, 170))


def template(folder: Path) -> Any:
    """Complete SICD metadata of the scene, made by sarpy from a Capella SLC."""
    from sarpy.io.complex.capella import CapellaDetails

    path = write_capella_slc(folder / "slc.tif", GEOMETRY, amplitudes(GEOMETRY))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CapellaDetails(str(path)).get_sicd()


def write_sicd(path: Path, meta: Any, target: Target, ground: float = 0.3) -> Path:
    """A SICD of even ground and one reflector, where sarpy's own projection puts it."""
    from sarpy.io.complex.sicd import SICDWriter

    row, col = meta.project_ground_to_image_geo([target.lat, target.lon, target.height], ordering="latlong")[0]
    rows, cols = np.mgrid[: meta.ImageData.NumRows, : meta.ImageData.NumCols]
    power = ground**2 + 100.0 * np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / 1.2**2)
    phase = np.random.default_rng(1).uniform(-np.pi, np.pi, power.shape)
    meta.ImageData.PixelType = "RE32F_IM32F"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with SICDWriter(str(path), meta, check_existence=False) as writer:
            writer.write_chip((np.sqrt(power) * np.exp(1j * phase)).astype("complex64"))
    return path


@pytest.fixture(scope="module")
def sicd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sicd")
    meta = template(folder)
    (folder / "slc.tif").unlink()
    meta.CollectionInfo.CollectorName = "Umbra-04"
    return write_sicd(folder / "2025-03-01-09-30-00_UMBRA-04_SICD.nitf", meta, Target(LON + 1e-4, LAT, HEIGHT))


def test_a_target_lands_where_sicd_s_projection_has_it(sicd: Path) -> None:
    scene = open_scene(sicd, FLAT)
    pixels = read_pixels(scene)
    place = centroid_utm(pixels["HH"].to_numpy(), pixels["x"].to_numpy(), pixels["y"].to_numpy())
    assert math.dist(place, true_utm(Target(LON + 1e-4))) < 0.2 * scene.geobox.affine.a


def test_power_is_calibrated_by_the_scale_factor_polynomials(sicd: Path) -> None:
    scene = open_scene(sicd, FLAT)
    meta = open_sicd(str(sicd)).sicd_meta
    sigma0 = meta.Radiometric.SigmaZeroSFPoly.Coefs[0, 0] * 0.3**2
    expected = sigma0 / np.cos(np.radians(meta.SCPCOA.IncidenceAng))
    assert float(np.nanmedian(read_pixels(scene)["HH"])) == pytest.approx(expected, rel=1e-3)
    assert scene.quantity == "gamma0"
    assert scene.nesz_db == pytest.approx(-22.5, abs=0.1)


def test_metadata_are_read(sicd: Path) -> None:
    scene = open_scene(sicd)
    assert scene.track.key == "umbra-stripmap-ascending-right-inc35-az80"
    assert scene.datetime.isoformat(timespec="seconds") == "2025-03-01T09:30:00+00:00"
    assert (scene.platform, scene.product_type, scene.family) == ("umbra-04", "SICD", "SICD")
    assert any("(--dem)" in note for note in scene.notes)
    assert len(open_scenes(sicd.parent).scenes) == 1


def test_without_scale_factors_the_quantity_is_unknown(tmp_path: Path) -> None:
    meta = template(tmp_path)
    meta.Radiometric = None
    scene = open_scene(write_sicd(tmp_path / "x_SICD.nitf", meta, Target()), FLAT)
    assert scene.quantity == "unknown"
    assert any("no radiometric scale factors" in note for note in scene.notes)
    assert float(np.nanmedian(read_pixels(scene)["HH"])) == pytest.approx(0.09, rel=1e-3)
    # What the user says they measure is brought to gamma0 like any other image.
    told = open_scene(scene.bands[0].href, Hints(quantity="sigma0", dem=FLAT.dem, dem_datum=FLAT.dem_datum))
    assert told.quantity == "gamma0"
    expected = 0.09 / math.cos(math.radians(told.incidence_angle_deg))
    assert float(np.nanmedian(read_pixels(told)["HH"])) == pytest.approx(expected, rel=1e-3)


def test_a_nitf_that_is_no_sicd_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.nitf"
    path.write_bytes(b"NITF02.10 but nothing else")
    with pytest.raises(SceneError, match="can't be read as SICD"):
        open_scene(path)
    with pytest.raises(SceneError, match="it is a SIDD"):
        open_scene(path.rename(tmp_path / "x_SIDD.nitf"))


def test_the_missing_package_is_named(sicd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sarpy.io.complex.sicd", None)
    with pytest.raises(SceneError, match="needs the package sarpy") as refused:
        open_scene(sicd)
    assert "sitewatch[sicd]" in refused.value.hint
