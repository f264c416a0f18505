import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.control import GroundControlPoint

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes import Hints, Track, open_scene, open_scenes, read_pixels

WriteTiff = Callable[..., Path]
NAME = "port_20210910_VV.tif"


def _uniform(low: float, high: float, dtype: str = "float32", bands: int = 1) -> np.ndarray:
    return np.random.default_rng(4).uniform(low, high, (bands, 40, 30)).astype(dtype)


def test_tags_name_and_band_describe_the_lava_delta_kind_of_image(write_tiff: WriteTiff) -> None:
    tags = {"ACQUISITION_DATE": "2021-11-27", "ORBIT": "ascending", "QUANTITY": "gamma0, linear power, unknown scale"}
    path = write_tiff(
        "S1_IW_GRD_ASC_20211127_gamma0_VV.tif", _uniform(0, 255, "uint8"), tags=tags, descriptions=("VV",)
    )
    scene = open_scene(path)
    assert scene.id == "S1_IW_GRD_ASC_20211127_gamma0"
    assert scene.datetime == dt.datetime(2021, 11, 27, 12, tzinfo=dt.UTC)
    assert not scene.time_known
    assert scene.track == Track("sentinel-1", "IW", 0, "ascending", "right")
    assert scene.quantity == "gamma0"
    assert (scene.bands[0].unit, scene.bands[0].nodata) == ("linear", None)
    assert any("scale" in note and "unknown" in note for note in scene.notes)
    assert "8-bit pixels" in scene.notes
    assert scene.credit == "Contains modified Copernicus Sentinel data 2021"


def test_units_are_guessed_from_the_values_and_the_guess_is_told(write_tiff: WriteTiff) -> None:
    linear = open_scene(write_tiff(NAME, _uniform(0.001, 0.9)))
    assert linear.bands[0].unit == "linear"
    assert any(note.startswith("units guessed to be linear") for note in linear.notes)
    decibels = open_scene(write_tiff("port_20210916_VV.tif", _uniform(-25, 3)))
    assert decibels.bands[0].unit == "dB"
    assert any(note.startswith("units guessed to be dB") for note in decibels.notes)


def test_a_noise_subtracted_image_is_not_taken_for_decibels(write_tiff: WriteTiff) -> None:
    scene = open_scene(write_tiff(NAME, _uniform(-0.004, 0.2)))
    assert scene.bands[0].unit == "linear"


def test_a_guess_looks_beyond_an_empty_centre(write_tiff: WriteTiff) -> None:
    pixels = np.full((1, 600, 600), np.nan, dtype="float32")
    pixels[:, :100, :] = -12
    assert open_scene(write_tiff(NAME, pixels, nodata=np.nan)).bands[0].unit == "dB"


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (_uniform(0, 255, "uint8"), "whole numbers"),
        (_uniform(0, 9000, "uint16"), "whole"),
        (_uniform(50, 900), "too large"),
    ],
)
def test_numbers_that_could_be_anything_are_asked_about(write_tiff: WriteTiff, pixels: np.ndarray, says: str) -> None:
    with pytest.raises(UnknownSceneError, match=rf"{says}.*--units linear\|dB\|amplitude"):
        open_scene(write_tiff(NAME, pixels))


def test_an_image_of_nothing_but_no_data_says_so(write_tiff: WriteTiff) -> None:
    with pytest.raises(SceneError, match="it holds no valid pixel"):
        open_scene(write_tiff(NAME, np.full((1, 40, 30), np.nan, dtype="float32")))


def test_scale_offset_and_unit_of_the_file_are_honoured(write_tiff: WriteTiff) -> None:
    path = write_tiff(NAME, _uniform(1, 255, "uint8"), scale=0.1, offset=-27.1, units=("dB",), nodata=0)
    band = open_scene(path).bands[0]
    assert (band.scale, band.offset, band.unit, band.nodata) == (0.1, -27.1, "dB", 0.0)


def test_scaled_numbers_without_a_unit_are_judged_by_what_they_stand_for(write_tiff: WriteTiff) -> None:
    path = write_tiff(NAME, _uniform(1, 255, "uint8"), scale=0.1, offset=-27.1, nodata=0)
    assert open_scene(path).bands[0].unit == "dB"


def test_bands_described_by_polarisation_are_taken_and_an_angle_is_not(write_tiff: WriteTiff) -> None:
    path = write_tiff(
        "port_20210910.tif", _uniform(-25, 0, bands=3), descriptions=("Sigma0_VV_db", "Sigma0_VH_db", "angle")
    )
    scene = open_scene(path)
    assert [(band.polarisation, band.index) for band in scene.bands] == [("VV", 1), ("VH", 2)]
    assert {band.unit for band in scene.bands} == {"dB"}
    assert not any("guessed" in note for note in scene.notes)


def test_a_name_that_lists_the_polarisations_names_the_bands_in_order(write_tiff: WriteTiff) -> None:
    scene = open_scene(write_tiff("port_20210910_VV_VH.tif", _uniform(0.01, 0.1, bands=2)))
    assert scene.polarisations == ("VV", "VH")


def test_one_file_a_polarisation_makes_one_scene(write_tiff: WriteTiff) -> None:
    vv, vh = write_tiff("port_20210910_VV.tif"), write_tiff("port_20210910_VH.tif")
    assert open_scene(vh).polarisations == ("VV", "VH")
    (scene,) = open_scenes([vh, vv]).scenes
    assert [band.href for band in scene.bands] == [str(vv), str(vh)]
    assert scene.id == "port_20210910"


def test_files_of_one_scene_on_different_grids_are_refused(write_tiff: WriteTiff) -> None:
    write_tiff("port_20210910_VH.tif", transform=Affine(10, 0, 500_005, 0, -10, 4_000_000))
    with pytest.raises(SceneError, match="grid differs"):
        open_scene(write_tiff("port_20210910_VV.tif"))


def test_what_only_the_user_can_tell_is_asked_for_by_option(write_tiff: WriteTiff) -> None:
    with pytest.raises(UnknownSceneError, match="--date-pattern"):
        open_scene(write_tiff("port_VV.tif"))
    with pytest.raises(UnknownSceneError, match="--polarisation"):
        open_scene(write_tiff("port_20210910.tif"))
    with pytest.raises(SceneError, match=r"it has 1 band\(s\), and --polarisation names 2"):
        open_scene(write_tiff("port_20210910.tif"), Hints(polarisation="VV,VH"))


def test_what_the_user_says_wins_over_what_the_file_says(write_tiff: WriteTiff) -> None:
    tags = {"ACQUISITION_DATE": "2020-01-01", "ORBIT": "descending", "QUANTITY": "sigma0, dB", "POLARISATION": "HH"}
    path = write_tiff("IMG_10092021.tif", _uniform(1, 200, "uint8"), tags=tags, scale=0.5)
    hints = Hints(
        date_pattern="IMG_%d%m%Y",
        polarisation="VV",
        units="amplitude",
        scale=2.0,
        offset=1.0,
        track="iceye spot 7 ascending left",
        quantity="beta0",
        nodata=3,
    )
    scene = open_scene(path, hints)
    assert scene.datetime.date() == dt.date(2021, 9, 10)
    assert scene.track == Track("iceye", "SPOT", 7, "ascending", "left")
    assert scene.quantity == "beta0"
    band = scene.bands[0]
    assert (band.polarisation, band.unit, band.scale, band.offset, band.nodata) == ("VV", "amplitude", 2.0, 1.0, 3)


def test_tags_settle_what_an_ambiguous_name_leaves_open(write_tiff: WriteTiff) -> None:
    path = write_tiff("a_20210910_20210922_VV.tif", tags={"ACQUISITION_DATE": "2021-09-10"})
    assert open_scene(path).datetime.date() == dt.date(2021, 9, 10)


def test_what_stays_unknown_is_told_in_the_notes(write_tiff: WriteTiff) -> None:
    notes = " | ".join(open_scene(write_tiff(NAME)).notes)
    assert "--quantity" in notes
    assert "--track" in notes
    assert "--nodata" in notes


def test_the_same_name_in_dated_folders_gives_different_scenes(write_tiff: WriteTiff, tmp_path: Path) -> None:
    for day in ("2021-09-10", "2021-09-16"):
        write_tiff(f"{day}/VV.tif")
        write_tiff(f"{day}/VH.tif")
    found = open_scenes(tmp_path)
    assert [scene.id for scene in found.scenes] == ["2021-09-10", "2021-09-16"]
    assert {scene.polarisations for scene in found.scenes} == {("VV", "VH")}


def test_a_stac_item_beside_the_file_describes_it(write_tiff: WriteTiff) -> None:
    path = write_tiff("quay_VV.tif", _uniform(1, 200, "uint8"))
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "quay-7",
        "geometry": None,
        "properties": {"datetime": "2024-03-02T05:00:00Z", "platform": "iceye-x7", "sat:orbit_state": "descending"},
        "links": [],
        "assets": {},
    }
    beside = path.with_name("quay.json")
    beside.write_text(json.dumps(item))
    facts_only = open_scene(path, Hints(units="linear"))
    assert (facts_only.id, facts_only.datetime.hour, facts_only.track.constellation) == ("quay", 5, "iceye")
    bands = [{"scale": 0.1, "offset": -27.1, "unit": "dB", "data_type": "uint8", "nodata": 0}]
    item["assets"] = {"vv": {"href": "./quay_VV.tif", "type": "image/tiff", "raster:bands": bands}}
    beside.write_text(json.dumps(item))
    whole = open_scene(path)
    assert whole.id == "quay-7"
    assert (whole.bands[0].unit, whole.bands[0].scale, whole.bands[0].href) == ("dB", 0.1, str(path))
    assert read_pixels(whole).VV.max() < 1


def test_a_file_without_georeference_is_refused_for_what_it_lacks(write_tiff: WriteTiff) -> None:
    with pytest.raises(SceneError, match=f"{NAME}: the image is not georeferenced: it has no coordinate reference"):
        open_scene(write_tiff(NAME, crs=None, transform=None))
    gcps = [GroundControlPoint(r, c, 35 + c / 1e3, 36 - r / 1e3) for r, c in ((0, 0), (0, 29), (39, 0))]
    with pytest.raises(SceneError, match="radar geometry"):
        open_scene(write_tiff(NAME, crs="EPSG:4326", transform=None, gcps=gcps))


def test_a_complex_image_is_refused(write_tiff: WriteTiff) -> None:
    with pytest.raises(SceneError, match="complex"):
        open_scene(write_tiff(NAME, _uniform(0, 1).astype("complex64")))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", r"empty \(0 bytes\)"), (b"II*\x00 cut short", "can't be read"), (b"hello", "can't be read")],
)
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(SceneError, match=f"{NAME}: .*{says}"):
        open_scene(path)


def test_a_download_that_broke_off_is_noticed_without_reading_pixels(write_tiff: WriteTiff) -> None:
    path = write_tiff(NAME, _uniform(0.01, 0.1, bands=1))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SceneError, match="cut off"):
        open_scene(path, Hints(units="linear"))


def test_a_missing_file_or_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="does not exist"):
        open_scene(tmp_path / NAME)
    with pytest.raises(SceneError, match="open_scenes"):
        open_scene(tmp_path)


@pytest.mark.data
def test_the_real_lava_delta_images_are_18_dates_of_one_track(shared_data: Path) -> None:
    found = open_scenes(shared_data / "lapalma-lava-delta")
    assert len(found.scenes) == 18
    assert [track.key for track in found.tracks] == ["sentinel-1-iw-ascending"]
    assert not any(scene.time_known for scene in found.scenes)
    assert (read_pixels(found.scenes[0]).VV == 0).any()


@pytest.mark.data
def test_the_real_flood_chip_opens_as_decibels_once_its_date_is_told(shared_data: Path, tmp_path: Path) -> None:
    chip = shared_data / "sen1floods11" / "Spain_7370579_S1Hand.tif"
    with pytest.raises(UnknownSceneError, match="--date-pattern"):
        open_scene(chip)
    dated = tmp_path / "20190917_S1Hand.tif"
    dated.symlink_to(chip.resolve())
    scene = open_scene(dated)
    assert [(band.polarisation, band.unit) for band in scene.bands] == [("VV", "dB"), ("VH", "dB")]


def test_images_in_radar_geometry_of_unknown_make_are_set_aside_for_that_reason(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    points = [GroundControlPoint(row, col, 14 + 1e-4 * col, 40 - 1e-4 * row) for row in (0, 40) for col in (0, 30)]
    for day in (1, 2, 3):
        write_tiff(f"VV_2024010{day}.tif", crs="EPSG:4326", transform=None, gcps=points)
    with pytest.raises(SceneError, match="3 images: the image is in radar geometry"):
        open_scenes(tmp_path)
