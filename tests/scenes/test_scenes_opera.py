import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sitewatch.errors import SceneError
from sitewatch.scenes import Track, from_stac, open_scene, open_scenes, read_pixels, to_stac

WriteTiff = Callable[..., Path]
PRODUCT = "OPERA_L2_RTC-S1_T137-292319-IW2_20211119T015858Z_20250830T120333Z_S1A_30_v1.0"


def test_the_name_tells_everything_but_the_orbit_state(write_tiff: WriteTiff) -> None:
    write_tiff(f"{PRODUCT}_VH.tif", nodata=float("nan"))
    scene = open_scene(write_tiff(f"{PRODUCT}_VV.tif", nodata=float("nan")))
    assert scene.id == PRODUCT
    assert scene.datetime == dt.datetime(2021, 11, 19, 1, 58, 58, tzinfo=dt.UTC)
    assert scene.processed == dt.datetime(2025, 8, 30, 12, 3, 33, tzinfo=dt.UTC)
    assert scene.track == Track("sentinel-1", "IW", 137, "", "right")
    assert (scene.platform, scene.subunit, scene.quantity) == ("sentinel-1a", "T137-292319-IW2", "gamma0")
    assert [(b.polarisation, b.unit, b.scale) for b in scene.bands] == [("VV", "linear", 1.0), ("VH", "linear", 1.0)]
    assert scene.credit.startswith("Contains modified Copernicus Sentinel data 2021, processed by NASA/JPL-Caltech")
    assert scene.notes == ()


def test_the_tags_tell_the_orbit_state_where_they_are_kept(write_tiff: WriteTiff) -> None:
    path = write_tiff(f"{PRODUCT}_VV.tif", tags={"ORBIT_PASS_DIRECTION": "ascending", "TRACK_NUMBER": "137"})
    assert open_scene(path).track.orbit_state == "ascending"


def test_mask_angle_and_browse_layers_never_become_scenes(write_tiff: WriteTiff, tmp_path: Path) -> None:
    for layer in ("VV", "VH", "mask", "local_incidence_angle", "number_of_looks"):
        write_tiff(f"granule/{PRODUCT}_{layer}.tif")
    static = "OPERA_L2_RTC-S1-STATIC_T137-292319-IW2_20140403_S1A_30_v1.0_incidence_angle.tif"
    write_tiff(f"granule/{static}")
    (tmp_path / "granule" / f"{PRODUCT}_BROWSE.png").write_bytes(b"\x89PNG")
    found = open_scenes(tmp_path)
    assert [scene.polarisations for scene in found.scenes] == [("VV", "VH")]
    assert found.left_out == ()
    with pytest.raises(SceneError, match="layer beside the image"):
        open_scene(tmp_path / "granule" / f"{PRODUCT}_mask.tif")


def test_layover_and_shadow_of_the_products_mask_are_no_data_also_in_a_window(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    power = np.random.default_rng(1).gamma(4, 0.02, (1, 40, 30)).astype("float32")
    flags = np.zeros((1, 40, 30), np.uint8)
    flags[0, 10, 3:7] = 1, 2, 3, 255
    write_tiff(f"{PRODUCT}_mask.tif", flags)
    for layer in ("VV", "VH"):
        path = write_tiff(f"{PRODUCT}_{layer}.tif", power)
    scene = open_scene(path)
    assert scene.mask is not None
    assert "layover and shadow masked" in scene.notes[0]
    expected = np.where(flags[0] > 0, np.nan, power[0])
    np.testing.assert_array_equal(read_pixels(scene)["VH"], expected)
    np.testing.assert_array_equal(read_pixels(scene, np.s_[8:12, 5:9])["VV"], expected[8:12, 5:9])
    assert from_stac(to_stac(scene)) == scene
    (tmp_path / f"{PRODUCT}_mask.tif").unlink()
    assert open_scene(path).mask is None


def test_a_mask_on_another_grid_is_refused(write_tiff: WriteTiff) -> None:
    write_tiff(f"{PRODUCT}_mask.tif", np.zeros((1, 20, 30), np.uint8))
    with pytest.raises(SceneError, match=r"_mask\.tif: its grid"):
        read_pixels(open_scene(write_tiff(f"{PRODUCT}_VV.tif")))


def test_only_the_files_that_are_named_are_used(write_tiff: WriteTiff) -> None:
    write_tiff(f"{PRODUCT}_VH.tif")
    found = open_scenes([write_tiff(f"{PRODUCT}_VV.tif")])
    assert found.scenes[0].polarisations == ("VV",)


def test_a_bad_polarisation_is_set_aside_and_the_other_serves(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff(f"{PRODUCT}_VV.tif")
    (tmp_path / f"{PRODUCT}_VH.tif").write_bytes(b"")
    found = open_scenes(tmp_path)
    assert found.scenes[0].polarisations == ("VV",)
    assert "0 bytes" in found.left_out[0].reason


def test_polarisations_on_different_grids_are_refused(write_tiff: WriteTiff) -> None:
    write_tiff(f"{PRODUCT}_VH.tif", crs="EPSG:32637")
    with pytest.raises(SceneError, match="grid differs"):
        open_scene(write_tiff(f"{PRODUCT}_VV.tif"))


@pytest.mark.data
def test_the_real_bursts_open_as_310_scenes_of_one_track(shared_data: Path) -> None:
    found = open_scenes(shared_data / "opera-rtc-s1")
    assert len(found.scenes) == 310
    assert found.left_out == ()
    assert [track.key for track in found.tracks] == ["sentinel-1-iw-137"]
    assert {scene.polarisations for scene in found.scenes} == {("VV", "VH")}
    assert {scene.platform for scene in found.scenes} == {"sentinel-1a", "sentinel-1b"}
    assert len({scene.subunit for scene in found.scenes}) == 10
    times = [scene.datetime for scene in found.scenes]
    assert times == sorted(times)
