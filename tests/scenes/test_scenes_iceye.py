"""ICEYE's products: calibration, geometry, metadata, and what is refused; the real layout where it is at hand."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pystac
import pytest
import rasterio
import shapely

from radar_files import HEIGHT, LAT, LON, Geometry, Target, amplitudes, iceye_properties, write_iceye, write_radar_tiff
from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, Scene, from_stac, open_scene, open_scenes, parse_track, read_pixels, to_stac
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._samples import read_power

NAME = "ICEYE_SR2QKV_20250301T092953Z_5045505_X42_SLH_GRD.tif"
FLAT = Hints(dem=str(HEIGHT), dem_datum="ellipsoid")


def level(scene: Scene) -> np.ndarray:
    """Pixels well inside the image."""
    values = read_pixels(scene)["VV"].to_numpy()
    rows, cols = np.array(values.shape) // 2
    return values[rows - 8 : rows + 8, cols - 8 : cols + 8]


def test_grd_power_is_calibrated_to_gamma0(tmp_path: Path) -> None:
    """sigma0 = CF |DN|², gamma0 = sigma0 / cos(incidence)."""
    geometry = Geometry(incidence_deg=35)
    path = write_iceye(tmp_path / NAME, geometry, np.full(geometry.shape, 80.0))
    expected = 2.5e-5 * 80**2 / np.cos(np.radians(35))
    np.testing.assert_allclose(level(open_scene(path, FLAT)), expected, rtol=1e-4)


def test_slc_power_is_calibrated_to_gamma0(tmp_path: Path) -> None:
    """beta0 = CF |DN|², sigma0 = beta0 sin(incidence), gamma0 = sigma0 / cos(incidence)."""
    geometry = Geometry(incidence_deg=35, slant=True, range_spacing_m=0.46)
    path = write_iceye(tmp_path / NAME.replace("GRD", "SLC"), geometry, np.full(geometry.shape, 80.0), "SLC")
    scene = open_scene(path, FLAT)
    expected = 2.5e-5 * 80**2 * np.tan(np.radians(35))
    np.testing.assert_allclose(level(scene), expected, rtol=1e-4)
    assert scene.product_type == "SLC"


@pytest.mark.parametrize("rows_are_range", [True, False])
def test_the_incidence_angle_follows_range(rows_are_range: bool, tmp_path: Path) -> None:
    shape = (600, 40) if rows_are_range else (40, 600)
    geometry = Geometry(shape=shape, rows_are_range=rows_are_range, range_spacing_m=10, azimuth_spacing_m=10)
    path = write_iceye(tmp_path / NAME, geometry, np.full(shape, 80.0))
    gain = open_scene(path, FLAT).reader.image.gain
    near, far = geometry.near_far_deg
    ends = gain.at(np.array([0.0, shape[0] - 1]), np.array([0.0, shape[1] - 1]))
    assert far - near > 0.4
    np.testing.assert_allclose([ends[0, 0], ends[1, 1]], 1 / np.cos(np.radians([near, far])), rtol=1e-6)


def test_what_a_product_says_of_itself_is_read(tmp_path: Path) -> None:
    geometry = Geometry(look="left", heading_deg=190)
    path = write_iceye(tmp_path / NAME, geometry, amplitudes(geometry))
    scene = open_scene(path)
    assert scene.track.key == "iceye-slh-ascending-left-inc35-az100"
    assert scene.track.label == "ICEYE SLH, ascending, looking left, incidence 35°, azimuth 100°"
    assert abs(scene.datetime - dt.datetime(2025, 3, 1, 9, 29, 59, 991561, dt.UTC)) < dt.timedelta(milliseconds=1)
    assert scene.processed == dt.datetime(2025, 3, 2, 8, 12, 46, 280439, dt.UTC)
    assert (scene.platform, scene.family, scene.quantity, scene.product_type) == ("iceye-x42", "ICEYE", "gamma0", "GRD")
    assert scene.polarisations == ("VV",)
    assert scene.enl is None
    assert any("slopes are not corrected" in note for note in scene.notes)
    assert any("(--dem)" in note and "14 m off" in note for note in scene.notes)
    assert any("4 looks in azimuth" in note for note in scene.notes)
    assert not any("(--dem)" in note for note in open_scene(path, FLAT).notes)


@pytest.mark.parametrize(("precision", "told"), [("rapid", True), ("predicted", True), ("precise", False)])
def test_a_rough_orbit_is_told(precision: str, told: bool, tmp_path: Path) -> None:
    path = write_iceye(tmp_path / NAME, Geometry(), amplitudes(Geometry()), **{"iceye:orbit_precision": precision})
    assert any(f"the {precision} orbit" in note for note in open_scene(path, FLAT).notes) == told


def test_a_track_can_be_said_by_its_key() -> None:
    track = parse_track("iceye-slh-ascending-left-inc35-az100")
    assert track.key == "iceye-slh-ascending-left-inc35-az100"


def test_zero_is_no_data(tmp_path: Path) -> None:
    geometry = Geometry()
    amplitude = np.full(geometry.shape, 80.0)
    amplitude[:, :60] = 0
    path = write_iceye(tmp_path / NAME, geometry, amplitude)
    values = read_pixels(open_scene(path, FLAT))["VV"].to_numpy()
    assert np.nanmin(values) > 0
    whole = write_iceye(tmp_path / NAME.replace("X42", "X43"), geometry, np.full(geometry.shape, 80.0))
    filled = np.isfinite(read_pixels(open_scene(whole, FLAT))["VV"].to_numpy())
    assert 0.5 < np.isfinite(values).sum() / filled.sum() < 0.62


def test_metadata_may_lie_beside_the_image(tmp_path: Path) -> None:
    geometry = Geometry()
    inside = write_iceye(tmp_path / "a" / NAME, geometry, amplitudes(geometry))
    beside = write_iceye(tmp_path / "b" / NAME, geometry, amplitudes(geometry), embedded=False, rpc_tag=False)
    item = pystac.Item(NAME[:-4], None, None, dt.datetime.now(dt.UTC), iceye_properties(geometry, "GRD"))
    item.add_asset("GRD", pystac.Asset(f"https://example.com/{NAME}", media_type="image/tiff", roles=["data"]))
    beside.with_suffix(".json").write_text(json.dumps(item.to_dict()))
    one, other = open_scene(inside), open_scene(beside)
    assert (one.datetime, one.track, one.geobox, one.id) == (other.datetime, other.track, other.geobox, other.id)
    # The item stands for the file beside it, in a folder too, and is not read as an image of its own.
    assert open_scene(beside.with_suffix(".json")).bands == other.bands
    assert [scene.bands for scene in open_scenes(beside.parent).scenes] == [other.bands]


def test_an_item_of_a_catalogue_leads_to_its_grd(tmp_path: Path) -> None:
    geometry = Geometry()
    grd = write_iceye(tmp_path / "data" / NAME, geometry, amplitudes(geometry))
    slc = write_iceye(tmp_path / "data" / NAME.replace("GRD", "SLC"), geometry, amplitudes(geometry), "SLC")
    item = pystac.Item("scene", None, None, dt.datetime.now(dt.UTC), iceye_properties(geometry, "GRD"))
    for href in (slc, grd):
        item.add_asset(href.stem[-3:], pystac.Asset(str(href), media_type="image/tiff", roles=["data"]))
    assert open_scene(item).bands[0].href == str(grd)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (NAME.replace("GRD", "QLK"), "it is a quicklook: a picture with its contrast changed, without calibration"),
        (NAME.replace("GRD.tif", "QLK.png"), "it is a quicklook"),
        (NAME.replace("GRD", "CSI"), "colorized sub-aperture"),
        (NAME.replace("GRD", "VID"), "it is a video"),
        ("ICEYE_X6_QUICKLOOK_SM_153426_20211026T060946.tif", "it is a quicklook"),
    ],
)
def test_pictures_are_refused_with_the_reason(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x89PNG")
    with pytest.raises(SceneError, match=reason) as refused:
        open_scene(tmp_path / name)
    assert "GRD" in refused.value.hint


def test_what_is_missing_or_wrong_is_said(tmp_path: Path) -> None:
    geometry = Geometry()

    def refusal(**changes: Any) -> str:
        path = write_iceye(tmp_path / NAME, geometry, amplitudes(geometry), **changes)
        with pytest.raises(SceneError) as refused:
            open_scene(path)
        return str(refused.value)

    bare = refusal(embedded=False)
    assert "no tag ICEYE_PROPERTIES" in bare
    assert f"{NAME[:-4]}.json" in bare
    assert "Put the metadata file" in bare
    assert "lack iceye:calibration_factor" in refusal(**{"iceye:calibration_factor": None})
    assert "calibrates nothing" in refusal(**{"iceye:calibration_factor": 0})
    assert "incidence angles (40 to 35" in refusal(
        **{"iceye:incidence_angle_near": 40, "iceye:incidence_angle_far": 35}
    )
    assert "'power' mapping" in refusal(**{"iceye:amplitude_mapping": {"function": "power"}})
    assert "type CPHD" in refusal(**{"sar:product_type": "CPHD"})
    assert "neither rational polynomials nor tie points" in refusal(rpc_tag=False, **{"iceye:rpc": None})
    broken = {**iceye_properties(geometry, "GRD")["iceye:rpc"], "line_num_coeff": [1, 2]}
    assert "LINE_NUM_COEFF has 2 coefficients" in refusal(rpc_tag=False, **{"iceye:rpc": broken})
    assert "polarisation RH" in refusal(**{"sar:polarizations": ["RH"]})
    assert "not an ISO 8601" in refusal(**{"iceye:zero_doppler_start_datetime": "yesterday"})


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    geometry = Geometry(shape=(300, 300))
    path = write_iceye(tmp_path / NAME, geometry, amplitudes(geometry, level=1e4, looks=1))
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(SceneError, match=r"cut off|can't be read"):
        open_scene(path)


def test_stac_tells_geometry_calibration_and_what_was_not_applied(tmp_path: Path) -> None:
    geometry = Geometry()
    path = write_iceye(tmp_path / NAME, geometry, amplitudes(geometry))
    item = to_stac(open_scene(path, FLAT))
    assert {uri.split("/")[3] for uri in item.stac_extensions} == {
        "sar",
        "sat",
        "view",
        "projection",
        "raster",
        "processing",
    }
    properties = item.properties
    assert properties["sar:product_type"] == "GRD"
    assert properties["sar:frequency_band"] == "X"
    assert properties["sar:observation_direction"] == "right"
    assert properties["sat:orbit_state"] == "ascending"
    assert properties["view:incidence_angle"] == pytest.approx(35)
    assert properties["view:azimuth"] == 80
    assert properties["processing:level"] == "L1"
    assert "slopes are not corrected" in properties["processing:lineage"]
    assert properties["sitewatch:terrain"] == "60 m above the WGS84 ellipsoid"
    # Read back, the item leads to the product again.
    assert open_scene(item, FLAT) == open_scene(path, FLAT)


@pytest.mark.parametrize("hints", [Hints(), FLAT])
def test_a_product_survives_its_stac_item_with_the_ground_it_was_laid_on(hints: Hints, tmp_path: Path) -> None:
    scene = open_scene(write_iceye(tmp_path / NAME, Geometry(), amplitudes(Geometry())), hints)
    item = to_stac(scene)
    assert from_stac(item) == scene
    assert open_scene(item) == scene
    assert open_scenes([item]).scenes == (scene,)


# The legacy forms, with the real layout and tags of ICEYE's own samples where these are at hand.


@pytest.fixture(scope="module")
def samples(shared_data: Path) -> Path:
    folder = shared_data / "iceye"
    if not folder.is_dir():
        pytest.skip(f"ICEYE's samples are not in {folder}")
    return folder


def _array(text: str) -> np.ndarray:
    return np.array([float(word) for word in re.sub(r"[\[\]]", " ", text).split()])


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def test_heights_of_the_polynomials_are_above_the_ellipsoid(samples: Path) -> None:
    """ICEYE's documentation says geoid; its orbit and slant range say ellipsoid, by which geocoding goes here.

    The tie points of a real product carry longitude, latitude and height. Range and zero-Doppler time computed from
    the product's own orbit for heights above the ellipsoid give their pixels to a tenth; geoid heights would be off by
    the undulation there, 49 m, which is some 50 pixels of range.
    """
    path = next(samples.glob("ICEYE_GRD_*_0.tif"))
    with rasterio.open(path) as source:
        tags, points, rpc = source.tags(), source.gcps[0], Rpc.read(source.rpcs.to_dict())
    times = np.array([_seconds(t) for t in re.findall(r"'([^']+)'", tags["STATE_VECTOR_TIME_UTC"])])
    position = np.stack([_array(tags[f"POS{axis}"]) for axis in "XYZ"], axis=1)
    start = _seconds(tags["ZERODOPPLER_START_UTC"])
    middle = times.mean()
    fits = [np.polynomial.Polynomial.fit(times - middle, position[:, i], 6) for i in range(3)]
    ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    ground_to_slant = np.polynomial.Polynomial(_array(tags["GRSR_COEFFICIENTS"]))
    for point in points[::61]:
        place, t = np.array(ecef.transform(point.x, point.y, point.z)), start - middle + 0.4
        for _ in range(20):
            away = place - np.array([fit(t) for fit in fits])
            velocity = np.array([fit.deriv()(t) for fit in fits])
            t += velocity @ away / (velocity @ velocity)
        assert np.linalg.norm(away) == pytest.approx(ground_to_slant(point.col * 0.5), abs=0.05)
        assert (t + middle - start) / float(tags["AZIMUTH_TIME_INTERVAL"]) == pytest.approx(point.row, abs=0.1)
        row, col = rpc.image(np.array(point.x), np.array(point.y), point.z)
        assert (float(row), float(col)) == pytest.approx((point.row, point.col), abs=0.1)
        assert abs(float(rpc.image(np.array(point.x), np.array(point.y), point.z - 49)[1]) - point.col) > 50


def test_the_legacy_grd_is_read(samples: Path) -> None:
    scene = open_scene(next(samples.glob("ICEYE_GRD_*_0.tif")))
    assert scene.datetime.isoformat(timespec="milliseconds") == "2021-04-27T21:51:27.475+00:00"
    assert scene.track.key == "iceye-sled-ascending-right-inc32-az80"
    assert scene.platform == "iceye-xy"
    assert scene.geobox.affine.a == 0.5
    # Its first pixel is the near one of the first line.
    assert scene.footprint.centroid.distance(shapely.Point(-6.2818332, 37.41700285)) < 0.002
    assert float(np.nanmedian(read_pixels(scene)["VV"])) > 0


def test_the_legacy_slc_is_read_as_sarpy_reads_it(samples: Path, tmp_path: Path) -> None:
    """Independent reader: sarpy's ICEYE module, for samples, calibration and time."""
    pytest.importorskip("h5py")
    iceye = pytest.importorskip("sarpy.io.complex.iceye")
    path = next(samples.glob("*.h5"))
    scene = open_scene(path)
    with warnings.catch_warnings():
        # What sarpy makes of a geometry cut down to 20 pixels is not at stake.
        warnings.simplefilter("ignore", RuntimeWarning)
        reader = iceye.ICEYEReader(str(path))
    theirs = reader[:, :]
    beta0 = read_power(scene.bands[0], scene.reader.image.stored, (slice(0, 20), slice(0, 20)))
    factor = reader.get_sicds_as_tuple()[0].Radiometric.BetaZeroSFPoly.Coefs[0, 0]
    # Its rows are range and ours are lines.
    np.testing.assert_allclose(beta0, factor * np.abs(theirs.T) ** 2, rtol=1e-5)
    angle = np.radians(31.69812485724647)
    assert scene.reader.image.gain.at(np.zeros(1), np.zeros(1))[0, 0] == pytest.approx(np.tan(angle), rel=1e-6)
    assert scene.product_type == "SLC"


def test_the_legacy_metadata_may_lie_beside_the_image_as_xml(tmp_path: Path) -> None:
    geometry = Geometry(rows_are_range=False)
    near, far = geometry.near_far_deg
    fields = {
        "product_level": "GRD",
        "product_type": "SpotlightHigh",
        "satellite_name": "ICEYE-X6",
        "look_side": "right",
        "heading": 350.0,
        "orbit_direction": "ASCENDING",
        "polarization": "VV",
        "zerodoppler_start_utc": "2021-10-26T06:09:46.000000",
        "zerodoppler_end_utc": "2021-10-26T06:09:47.000000",
        "calibration_factor": 1e-5,
        "incidence_near": near,
        "incidence_far": far,
        "range_spacing": 0.8,
        "azimuth_spacing": 0.8,
        "avg_scene_height": HEIGHT,
    }
    path = tmp_path / "ICEYE_X6_GRD_SLH_153426_20211026T060946.tif"
    write_radar_tiff(path, np.full((1, *geometry.shape), 100, "uint16"), rpc=geometry.rpc)
    body = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    path.with_suffix(".xml").write_text(f'<?xml version="1.0"?><Product>{body}</Product>')
    scene = open_scene(path)
    assert scene.track.key == "iceye-slh-ascending-right-inc35-az80"
    np.testing.assert_allclose(level(scene), 1e-5 * 100**2 / np.cos(np.radians(35)), rtol=1e-4)
    path.with_suffix(".xml").write_text("<Product><product_level>GRD")
    with pytest.raises(SceneError, match="not readable XML"):
        open_scene(path)


def test_an_hdf5_without_samples_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "ICEYE_X9_SLC_SM_1_20210427T215124.h5"
    with h5py.File(path, "w") as file:
        file["product_level"] = b"SLC"
    with pytest.raises(SceneError, match="lacks the samples"):
        open_scene(path)
    path.write_bytes(b"not hdf5")
    with pytest.raises(SceneError, match="can't be read as HDF5"):
        open_scene(path)


def test_a_folder_as_delivered_opens_as_its_image_with_the_pictures_set_aside(tmp_path: Path) -> None:
    geometry = Geometry()
    grd = write_iceye(tmp_path / NAME, geometry, amplitudes(geometry, [Target()]))
    shutil.copy(grd, tmp_path / NAME.replace("GRD", "QLK"))
    (tmp_path / NAME.replace("GRD.tif", "QLK.png")).write_bytes(b"\x89PNG")
    found = open_scenes(tmp_path, FLAT)
    (scene,) = found.scenes
    assert scene.footprint.contains(shapely.Point(LON, LAT))
    assert [out.reason for out in found.left_out] == [
        "it is a quicklook: a picture with its contrast changed, without calibration"
    ]
