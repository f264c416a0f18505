"""Optical families: files built to specification, read, and compared with GDAL's own reading where it has a driver."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import optical_files as files
import pystac
import pytest
import rasterio

from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, Scene, from_stac, open_scene, open_scenes, parse_track, read_pixels, to_stac
from sitewatch.scenes._formats import FORMATS

NAMES = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B11": "swir16", "B12": "swir22"}


def _pixels(scene: Scene) -> dict[str, np.ndarray]:
    data = read_pixels(scene)
    return {str(name): data[name].to_numpy() for name in data.data_vars}


@pytest.fixture(scope="module")
def l2a(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray], np.ndarray]:
    return files.write_sentinel2(tmp_path_factory.mktemp("l2a"))


def test_l2a_is_surface_reflectance_with_its_offset_taken_off(
    l2a: tuple[Path, dict[str, np.ndarray], np.ndarray],
) -> None:
    product, stored, scl = l2a
    scene = open_scene(product)
    assert (scene.quantity, scene.track.key, scene.platform) == ("surface reflectance", "sentinel-2-l2a", "sentinel-2a")
    assert scene.datetime.isoformat() == "2023-05-03T08:25:59.024000+00:00"
    assert scene.polarisations == ("blue", "green", "red", "nir", "swir16", "swir22")
    read = _pixels(scene)
    clear = np.kron(scl, np.ones((2, 2))) == 4
    for band in ("B02", "B04", "B08"):
        expected = np.where((stored[band] > 0) & clear, (stored[band].astype(float) - 1000) / 10000, np.nan)
        np.testing.assert_allclose(read[NAMES[band]], expected, atol=1e-6)
    # Inside a 20 m pixel the interpolation of its neighbours stays within theirs; where they all are 0 there is none.
    assert np.isnan(read["swir16"][:2, :4]).all()
    middle = read["swir16"][40:44, 30:34]
    assert np.isfinite(middle).all()
    assert float(np.abs(middle.mean() - (stored["B11"][20:22, 15:17].mean() - 1000) / 10000)) < 0.1


def test_gdals_own_driver_reads_the_same_numbers(l2a: tuple[Path, dict[str, np.ndarray], np.ndarray]) -> None:
    product, _, scl = l2a
    with rasterio.open(f"SENTINEL2_L2A:{product / 'MTD_MSIL2A.xml'}:10m:EPSG_{files.EPSG}") as source:
        by_name = {str(text).split(",")[0]: index for index, text in enumerate(source.descriptions, start=1)}
        stored = {name: source.read(index) for name, index in by_name.items()}
        assert source.transform == open_scene(product).geobox.affine
    read = _pixels(open_scene(product))
    clear = (np.kron(scl, np.ones((2, 2))) == 4) & (stored["B4"] > 0)
    for gdal, ours in (("B2", "blue"), ("B3", "green"), ("B4", "red"), ("B8", "nir")):
        np.testing.assert_allclose(read[ours][clear], (stored[gdal][clear].astype(float) - 1000) / 10000, atol=1e-6)


def test_a_zip_reads_as_its_folder_does(l2a: tuple[Path, dict[str, np.ndarray], np.ndarray]) -> None:
    product, _, _ = l2a
    folder, archive = open_scene(product), open_scene(files.zipped(product))
    assert folder.id == archive.id
    for name, values in _pixels(folder).items():
        np.testing.assert_array_equal(values, _pixels(archive)[name])


def test_images_before_and_after_baseline_4_compare(tmp_path: Path) -> None:
    new, _, _ = files.write_sentinel2(tmp_path / "new")
    old, _, _ = files.write_sentinel2(tmp_path / "old", baseline="03.01", offset=None)
    apart = _pixels(open_scene(old))["red"] - _pixels(open_scene(new))["red"]
    np.testing.assert_allclose(apart[np.isfinite(apart)], 0.1, atol=1e-6)  # the same stored numbers mean 0.1 more
    with pytest.raises(SceneError, match="no offsets"):
        open_scene(files.write_sentinel2(tmp_path / "lost", offset=None)[0])


def test_l1c_is_reflectance_at_the_top_of_the_atmosphere_and_masked(tmp_path: Path) -> None:
    product, _, mask = files.write_sentinel2(tmp_path, level="1C")
    scene = open_scene(product)
    assert (scene.quantity, scene.track.key) == ("TOA reflectance", "sentinel-2-l1c")
    cloudy = np.kron(mask, np.ones((6, 6))) > 0
    red = _pixels(scene)["red"]
    assert np.isnan(red[cloudy]).all()
    assert np.isfinite(red[2:, 3:][~cloudy[2:, 3:]]).all()


def test_clouds_of_old_l1c_are_polygons(tmp_path: Path) -> None:
    product, _, mask = files.write_sentinel2(tmp_path, level="1C", baseline="02.09", offset=None)
    red = _pixels(open_scene(product))["red"]
    assert np.isnan(red[mask > 0]).all()
    assert np.isfinite(red[2:, 3:][mask[2:, 3:] == 0]).all()


def test_a_product_without_its_metadata_is_refused(tmp_path: Path) -> None:
    product, _, _ = files.write_sentinel2(tmp_path)
    (product / "MTD_MSIL2A.xml").unlink()
    with pytest.raises(SceneError, match=r"MTD_MSIL2A\.xml"):
        open_scene(product)


@pytest.mark.parametrize(("sensor", "red"), [("LC08", "SR_B4"), ("LE07", "SR_B3")])
def test_landsat_has_its_scale_offset_and_quality_bits(tmp_path: Path, sensor: str, red: str) -> None:
    path = files.write_landsat(tmp_path, sensor=sensor)
    scene = open_scene(path)
    assert scene.quantity == "surface reflectance"
    assert scene.datetime.isoformat() == "2020-01-05T08:21:04+00:00"
    assert red in next(band.href for band in scene.bands if band.polarisation == "red")
    with rasterio.open(path) as source:
        stored = source.read(1).astype(float)
    read = _pixels(scene)["red"]
    for row, column in ((3, 4), (5, 6), (7, 8)):
        assert np.isnan(read[row, column])
    assert np.isnan(read).sum() == 3
    np.testing.assert_allclose(read[np.isfinite(read)], (stored * 0.0000275 - 0.2)[np.isfinite(read)], atol=1e-6)
    assert len(open_scenes(tmp_path).scenes) == 1


def test_landsats_date_alone_is_known_without_its_metadata(tmp_path: Path) -> None:
    scene = open_scene(files.write_landsat(tmp_path, time=None))
    assert not scene.time_known


@pytest.mark.parametrize("kind", ["L30", "S30"])
def test_hls_halves_are_one_track_and_masked_by_fmask(tmp_path: Path, kind: str) -> None:
    (scene,) = open_scenes(files.write_hls(tmp_path, kind)).scenes
    assert scene.track.key == "hls-v2"
    narrow = "B05" if kind == "L30" else "B8A"
    assert narrow in next(band.href for band in scene.bands if band.polarisation == "nir")
    nir = _pixels(scene)["nir"]
    assert [bool(np.isnan(nir[at])) for at in ((2, 3), (4, 5), (6, 7), (8, 9), (10, 11))] == [True] * 4 + [False]


@pytest.mark.parametrize(("bands", "red"), [(4, 3), (8, 6)])
def test_planetscope_bands_and_usable_data_mask(tmp_path: Path, bands: int, red: int) -> None:
    path = files.write_planet(tmp_path, bands)
    (scene,) = open_scenes(tmp_path).scenes
    assert scene.polarisations == ("blue", "green", "red", "nir")
    with rasterio.open(path) as source:
        stored = source.read(red) / 10000
    read = _pixels(scene)["red"]
    assert np.isnan(read[4:6, 4:6]).all()
    assert np.isnan(read).sum() == 4
    np.testing.assert_allclose(read[np.isfinite(read)], stored[np.isfinite(read)], atol=1e-6)


def test_planetscope_radiance_is_refused(tmp_path: Path) -> None:
    path = files.write_planet(tmp_path, 4)
    radiance = path.rename(path.with_name("20230503_082559_78_2426_3B_AnalyticMS_clip.tif"))
    with pytest.raises(SceneError, match="radiance"):
        open_scene(radiance)


def test_plain_reflectance_is_told_by_its_bands(tmp_path: Path) -> None:
    scl = np.full((20, 20), 4, np.uint16)
    scl[5, 5] = 8
    bands = {"B03": files.numbers(1, 20), "B04": files.numbers(2, 20), "B08": files.numbers(3, 20), "SCL": scl}
    scene = open_scene(files.write_plain(tmp_path, "20230503", bands))
    assert (scene.quantity, scene.polarisations) == ("reflectance", ("green", "red", "nir"))
    assert any("times 10,000" in note for note in scene.notes)
    read = _pixels(scene)
    assert np.isnan(read["red"][5, 5])
    np.testing.assert_allclose(read["red"][0], bands["B04"][0] / 10000, atol=1e-6)
    told = open_scene(tmp_path / "site_20230503.tif", Hints(quantity="surface reflectance", scale=1e-4, offset=-0.1))
    np.testing.assert_allclose(_pixels(told)["red"][0], bands["B04"][0] / 10000 - 0.1, atol=1e-6)


def _item(tmp_path: Path, **properties: object) -> pystac.Item:
    for key, seed in (("red", 4), ("nir", 8)):
        files.write_raster(tmp_path / f"{key}.tif", files.numbers(seed, 20), 10, nodata=0)
    files.write_raster(tmp_path / "scl.tif", np.full((10, 10), 4, np.uint8), 20)
    stated = {"raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}]}
    assets = {
        key: {"href": f"./{key}.tif", "type": "image/tiff; application=geotiff", "eo:bands": [{"common_name": key}]}
        | stated
        for key in ("red", "nir")
    }
    content = {
        "type": "Feature", "stac_version": "1.0.0", "id": "S2A_36TXL_20230503_0_L2A", "collection": "sentinel-2-l2a",
        "geometry": None, "links": [], "assets": {**assets, "scl": {"href": "./scl.tif", "type": "image/tiff"}},
        "properties": {"datetime": "2023-05-03T08:25:59Z", "platform": "sentinel-2a", "constellation": "sentinel-2",
                       **properties},
    }  # fmt: skip
    path = tmp_path / "item.json"
    path.write_text(json.dumps(content))
    return pystac.Item.from_file(str(path))


@pytest.mark.parametrize(
    ("properties", "offset"),
    [
        ({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": False}, -0.1),
        ({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, 0.0),
        ({"s2:processing_baseline": "03.01"}, 0.0),  # its items state the offset all the same
    ],
)
def test_an_items_offset_counts_where_it_is_not_taken_off_yet(
    tmp_path: Path, properties: dict[str, object], offset: float
) -> None:
    scene = open_scene(_item(tmp_path, **properties))
    assert (scene.quantity, scene.track.key) == ("surface reflectance", "sentinel-2-l2a")
    np.testing.assert_allclose(_pixels(scene)["red"], files.numbers(4, 20) / 10000 + offset, atol=1e-6)


def test_a_scene_survives_its_way_through_stac(
    tmp_path: Path, l2a: tuple[Path, dict[str, np.ndarray], np.ndarray]
) -> None:
    for scene in (
        open_scene(l2a[0]),
        open_scene(_item(tmp_path)),
        open_scene(files.write_landsat(tmp_path / "landsat")),
    ):
        assert from_stac(to_stac(scene)) == scene
        assert parse_track(scene.track.key) == scene.track


def test_every_optical_family_stands_in_the_table() -> None:
    names = {entry.name for entry in FORMATS}
    assert {"Sentinel-2 L2A", "Sentinel-2 L1C", "Landsat C2 L2", "HLS", "PlanetScope", "Reflectance GeoTIFF"} <= names


def test_the_real_hong_kong_files_are_told_by_their_names(shared_data: Path) -> None:
    found = open_scenes([shared_data / "oscd-hongkong" / "imgs_1", shared_data / "oscd-hongkong" / "imgs_2"])
    assert [scene.datetime.date().isoformat() for scene in found.scenes] == ["2016-09-27", "2018-03-23"]
    assert {scene.track.key for scene in found.scenes} == {"sentinel-2-l1c"}
    assert {scene.quantity for scene in found.scenes} == {"TOA reflectance"}
    red = _pixels(found.scenes[0])["red"]
    assert 0.03 < float(np.nanmedian(red)) < 0.2
