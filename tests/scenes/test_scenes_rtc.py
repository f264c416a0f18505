"""Terrain-corrected Sentinel-1 products of ASF HyP3, the Planetary Computer and OPERA's complex bursts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from sitewatch.errors import SceneError
from sitewatch.scenes import open_scene, open_scenes, read_pixels

WriteTiff = Callable[..., Path]

HYP3 = "S1A_IW_20220601T154000_DVP_RTC30_G_{letters}_1AE1"
POWER = np.random.default_rng(1).gamma(4, 0.02, (1, 40, 30)).astype("float32")


@pytest.mark.parametrize(
    ("letters", "stored", "quantity"),
    [
        ("gpuned", POWER, "gamma0"),
        ("sauned", np.sqrt(POWER), "sigma0"),
        ("gdwfcm", 10 * np.log10(POWER), "gamma0"),
    ],
)
def test_hyp3_names_tell_units_quantity_and_processing(
    write_tiff: WriteTiff, letters: str, stored: np.ndarray, quantity: str
) -> None:
    name = HYP3.format(letters=letters)
    # Tested: a slope in layover, ground it falls onto, a slope in shadow, ground it hides, two of them at once.
    flags = np.ones(POWER.shape, np.uint8)
    flags[0, 3, :5] = 3, 5, 9, 17, 11
    write_tiff(f"{name}/{name}_ls_map.tif", flags)
    for layer in ("VV", "VH", "dem", "inc_map", "area", "rgb"):
        path = write_tiff(f"{name}/{name}_{layer}.tif", stored)
    # What HyP3 puts beside the images names the granule, and that the orbit.
    granule = "S1A_IW_SLC__1SDV_20220601T154000_20220601T154027_043500_0531AB_C3D4"
    (path.parent / f"{name}.README.md.txt").write_text(f"made from {granule} by GAMMA")
    (scene,) = open_scenes(path.parent).scenes
    assert scene.polarisations == ("VV", "VH")
    assert (scene.id, scene.quantity, scene.family) == (name, quantity, "ASF HyP3 RTC")
    assert scene.datetime == dt.datetime(2022, 6, 1, 15, 40, tzinfo=dt.UTC)
    assert scene.track.key == "sentinel-1-iw-28-ascending"
    np.testing.assert_allclose(read_pixels(scene)["VH"], np.where(flags[0] > 1, np.nan, POWER[0]), rtol=1e-4)
    assert int(read_pixels(scene)["VV"].isnull().sum()) == 5
    notes = " ".join(scene.notes)
    assert ("speckle filtered" in notes) == (letters[3] == "f")
    assert ("water is masked" in notes) == (letters[2] == "w")
    assert "flight direction (ascending) told from the local time" in notes


def test_hyp3_without_its_readme_says_that_the_orbit_is_missing_and_zero_is_no_data(write_tiff: WriteTiff) -> None:
    stored = POWER.copy()
    stored[0, :5] = 0
    scene = open_scene(write_tiff(f"{HYP3.format(letters='gpuned')}_VV.tif", stored))
    assert scene.track.relative_orbit == 0
    assert any("relative orbit is not told" in note for note in scene.notes)
    assert np.isnan(read_pixels(scene)["VV"].to_numpy()[:5]).all()


def test_planetary_computer_files_are_told_by_their_folder(write_tiff: WriteTiff) -> None:
    granule = "S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC"
    stored = POWER.copy()
    stored[0, :, :4] = -32768
    for pol in ("vv", "vh"):
        path = write_tiff(f"{granule}/measurement/iw-{pol}.rtc.tiff", stored)
    scene = open_scene(path)
    assert (scene.id, scene.polarisations) == (f"{granule}_rtc", ("VV", "VH"))
    assert (scene.quantity, scene.enl, scene.family) == ("gamma0", 4.4, "Planetary Computer RTC")
    assert scene.track.relative_orbit == (30352 - 73) % 175 + 1
    values = read_pixels(scene)["VV"].to_numpy()
    assert np.isnan(values[:, :4]).all()
    np.testing.assert_allclose(values[:, 4:], POWER[0, :, 4:])


CSLC = "OPERA_L2_CSLC-S1_T087-185683-IW2_20221228T161651Z_20240504T181714Z_S1A_VV_v1.1"


def write_cslc(folder: Path, dn: np.ndarray, *, gamma: float = 300.0, noise: float = 500.0) -> Path:
    """A small CSLC-S1 file, laid out as a real one of version 1.1."""
    h5py = pytest.importorskip("h5py")
    path = folder / f"{CSLC}.h5"
    rows, cols = dn.shape
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data["VV"] = dn.astype(np.complex64)
        data["x_coordinates"] = 157322.5 + 5.0 * np.arange(cols)
        data["y_coordinates"] = 2172295.0 - 10.0 * np.arange(rows)
        data["x_spacing"], data["y_spacing"], data["projection"] = 5.0, -10.0, np.int32(32605)
        told = {
            "absolute_orbit_number": 46534,
            "burst_id": b"t087_185683_iw2",
            "look_direction": b"Right",
            "orbit_pass_direction": b"Descending",
            "track_number": 87,
            "zero_doppler_start_time": b"2022-12-28 16:16:51.013157",
        }
        for name, value in told.items():
            file[f"identification/{name}"] = value
        for group, name, value in (
            ("calibration_information", "gamma", gamma),
            ("noise_information", "thermal_noise_lut", noise),
        ):
            at = file.create_group(f"metadata/{group}")
            at["x_coordinates"] = 157270.0 + 100.0 * np.arange(8)
            at["y_coordinates"] = 2172345.0 - 50.0 * np.arange(12)
            at[name] = np.full((12, 8), value, np.float32)
        file["metadata/calibration_information/beta_naught"] = 237.0
    return path


def test_opera_cslc_becomes_power_on_square_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    dn = rng.normal(0, 80, (30, 41)) + 1j * rng.normal(0, 80, (30, 41))
    dn[3:6, 4:9] = np.nan
    scene = open_scene(write_cslc(tmp_path, dn))
    assert scene.track.key == "sentinel-1-iw-87-descending"
    assert (scene.quantity, scene.subunit, scene.family) == ("gamma0", "T087-185683-IW2", "OPERA CSLC-S1")
    assert scene.datetime == dt.datetime(2022, 12, 28, 16, 16, 51, 13157, dt.UTC)
    assert scene.geobox.affine == Affine(10, 0, 157320, 0, -10, 2172300)
    power = np.abs(dn[:, :40]) ** 2
    pairs = power.reshape(30, 20, 2)
    valid = np.isfinite(pairs)
    mean = np.where(valid, pairs, 0).sum(2) / np.where(valid.any(2), valid.sum(2), np.nan)
    expected = np.maximum((mean - 500) / 300**2, 0)
    values = read_pixels(scene)["VV"].to_numpy()
    np.testing.assert_allclose(values, expected, rtol=1e-4)
    part = read_pixels(scene, (slice(7, 15), slice(3, 11)))["VV"]
    np.testing.assert_array_equal(part, values[7:15, 3:11])


def test_opera_cslc_without_tables_is_relative_and_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    path = write_cslc(tmp_path, np.full((30, 40), 30 + 40j), gamma=0.0)
    scene = open_scene(path)
    assert scene.quantity == "unknown"
    assert any("not calibrated" in note for note in scene.notes)
    np.testing.assert_allclose(read_pixels(scene)["VV"], 2500.0)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(SceneError, match="can't be read as HDF5: it is cut off"):
        open_scene(path)


def test_an_item_shaped_as_the_planetary_computers_gives_the_track_and_the_looks(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    name = "S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC_rtc"
    stored = POWER.copy()
    stored[0, :, :4] = -32768
    assets = {}
    for pol in ("vv", "vh"):
        path = write_tiff(f"iw-{pol}.rtc.tiff", stored, nodata=-32768)
        assets[pol] = {
            "href": str(path),
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "title": f"{pol.upper()}: backscatter",
            "roles": ["data"],
            "raster:bands": [{"nodata": -32768, "data_type": "float32", "spatial_resolution": 10.0}],
        }
    assets["rendered_preview"] = {"href": "https://example.org/p.png", "type": "image/png", "roles": ["overview"]}
    properties = {
        "datetime": "2019-12-15T00:43:51.5Z",
        "platform": "SENTINEL-1A",
        "constellation": "Sentinel-1",
        "sar:instrument_mode": "IW",
        "sar:polarizations": ["VV", "VH"],
        "sar:frequency_band": "C",
        "sar:product_type": "GRD",
        "sar:observation_direction": "right",
        "sar:looks_equivalent_number": 4.4,
        "sat:orbit_state": "ascending",
        "sat:absolute_orbit": 30352,
    }
    square = [[[33, 36], [34, 36], [34, 37], [33, 37], [33, 36]]]
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-1-rtc",
        "geometry": {"type": "Polygon", "coordinates": square},
        "bbox": [33, 36, 34, 37],
        "properties": properties,
        "links": [],
        "assets": assets,
    }
    (tmp_path / "item.json").write_text(json.dumps(item))
    scene = open_scene(tmp_path / "item.json")
    assert scene.track.key == f"sentinel-1-iw-{(30352 - 73) % 175 + 1}-ascending"
    assert (scene.quantity, scene.enl, scene.polarisations) == ("gamma0", 4.4, ("VV", "VH"))
    np.testing.assert_allclose(read_pixels(scene)["VV"].to_numpy()[:, 4:], POWER[0, :, 4:])
    assert np.isnan(read_pixels(scene)["VV"].to_numpy()[:, :4]).all()
