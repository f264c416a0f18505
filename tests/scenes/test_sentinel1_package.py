"""Sentinel-1 products as they lie on disk: found, recognised, refused where they are not whole."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest
import safe_products as sp

from sitewatch.errors import SceneError
from sitewatch.scenes import Hints, open_scene, open_scenes, read_pixels, to_stac
from sitewatch.scenes.sentinel1 import open_package, package_of
from sitewatch.stack._store import _scene_key

LON, LAT = 36.0, 34.0


@pytest.fixture(scope="module")
def frame() -> sp.Frame:
    return sp.frame_over(LON, LAT, lines=120, samples=140)


@pytest.fixture(scope="module")
def product(frame: sp.Frame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pixels = np.random.default_rng(3).integers(50, 900, (120, 140)).astype(np.uint16)
    return sp.write_safe(tmp_path_factory.mktemp("safe"), frame, {"VV": pixels, "VH": pixels // 3})


@pytest.fixture
def copy(product: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(product, tmp_path / product.name))


def test_a_folder_is_one_scene_with_what_annotation_and_manifest_tell(product: Path) -> None:
    scene = open_scene(product)
    assert scene.id == product.stem
    assert scene.datetime == dt.datetime(2022, 6, 1, 15, 40, 0, 123456, dt.UTC)
    assert scene.processed == dt.datetime(2022, 6, 1, 18, 40, 0, 123456, dt.UTC)
    assert scene.track.key == "sentinel-1-iw-28-ascending"
    assert scene.track.look_direction == "right"
    assert scene.polarisations == ("VV", "VH")
    assert (scene.platform, scene.quantity, scene.family) == ("sentinel-1a", "gamma0", "Sentinel-1 GRDH")
    assert scene.enl == 4.4
    assert scene.incidence_angle_deg == pytest.approx(39.7, abs=0.2)
    assert scene.footprint.contains(sp_point())


def sp_point() -> object:
    import shapely

    return shapely.Point(LON, LAT)


def test_a_zip_is_read_where_it_lies_and_gives_the_same_pixels(product: Path, tmp_path: Path) -> None:
    zipped = sp.zip_safe(Path(shutil.copytree(product, tmp_path / product.name)))
    shutil.rmtree(tmp_path / product.name)
    scene = open_scene(zipped)
    assert [p.name for p in tmp_path.iterdir()] == [zipped.name]
    assert scene.bands[0].href.startswith("/vsizip/")
    np.testing.assert_array_equal(read_pixels(scene)["VH"], read_pixels(open_scene(product))["VH"])


def test_cdse_cog_products_are_read_as_the_originals(frame: sp.Frame, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(50, 900, (120, 140)).astype(np.uint16)
    plain = sp.write_safe(tmp_path / "plain", frame, {"VV": pixels})
    cog = sp.write_safe(tmp_path / "cog", frame, {"VV": pixels}, cog=True)
    scene = open_scene(cog)
    assert scene.family == "Sentinel-1 GRDH COG"
    assert scene.bands[0].href.endswith("-cog.tiff")
    np.testing.assert_array_equal(read_pixels(scene)["VV"], read_pixels(open_scene(plain))["VV"])


def test_a_folder_of_products_gives_one_scene_each_whatever_lies_in_them(product: Path, tmp_path: Path) -> None:
    shutil.copytree(product, tmp_path / "a" / product.name)
    other = shutil.copytree(product, tmp_path / "b" / product.name.replace("A1B2", "C3D4"))
    sp.zip_safe(Path(other))
    found = open_scenes(tmp_path)
    assert sorted({s.id for s in found.scenes}) == sorted({product.stem, Path(other).stem})
    assert len(found.scenes) + len(found.left_out) == 3
    assert "the same product" in found.left_out[0].reason


def test_any_part_of_a_product_stands_for_it(product: Path) -> None:
    image = next((product / "measurement").iterdir())
    assert package_of(str(image)) == str(product)
    for part in (image, product / "manifest.safe"):
        assert open_scene(part).id == product.stem
        assert len(open_scenes([part]).scenes) == 1


@pytest.mark.parametrize(
    ("missing", "what"),
    [
        ("manifest.safe", "manifest.safe is missing"),
        ("annotation/*-vv-*.xml", r"annotation/.*-vv-.*\.xml is missing"),
        (
            "annotation/calibration/calibration-*-vv-*.xml",
            r"annotation/calibration/calibration-.*-vv-.*\.xml is missing",
        ),
        ("annotation/calibration/noise-*-vv-*.xml", r"annotation/calibration/noise-.*-vv-.*\.xml is missing"),
    ],
)
def test_a_product_that_lacks_a_needed_file_is_refused_by_its_name(copy: Path, missing: str, what: str) -> None:
    next(iter(copy.glob(missing))).unlink()
    with pytest.raises(SceneError, match=f"^{copy.name}: {what}"):
        open_scene(copy)
    assert [entry.source for entry in open_scenes([copy, *_another(copy)]).left_out] == [str(copy)]


def _another(copy: Path) -> list[Path]:
    """A whole product beside a damaged one, so that something is usable."""
    frame = sp.frame_over(LON, LAT, lines=40, samples=50)
    return [sp.write_safe(copy.parent / "whole", frame, {"VV": np.full((40, 50), 90, np.uint16)}, mark="FFFF")]


def test_a_polarisation_whose_image_is_not_there_is_left_out_and_told(copy: Path) -> None:
    next(copy.glob("measurement/*-vh-*")).unlink()
    scene = open_scene(copy)
    assert scene.polarisations == ("VV",)
    assert "VH of the product is not there" in scene.notes


def test_a_cut_off_image_is_refused_when_it_is_opened(copy: Path) -> None:
    image = next(copy.glob("measurement/*-vv-*"))
    image.write_bytes(image.read_bytes()[: image.stat().st_size * 2 // 3])
    with pytest.raises(SceneError, match=r"cut off|can't be read"):
        open_scene(copy)


def test_a_cut_off_annotation_and_zip_are_refused(copy: Path) -> None:
    zipped = sp.zip_safe(copy)
    zipped.write_bytes(zipped.read_bytes()[:-2000])
    with pytest.raises(SceneError, match="zip is cut off or damaged"):
        open_scene(zipped)
    annotation = next(copy.glob("annotation/*-vv-*.xml"))
    annotation.write_text(annotation.read_text()[:9000])
    with pytest.raises(SceneError, match=r"annotation/.* is cut off or no XML"):
        open_scene(copy)


def test_an_annotation_without_an_orbit_or_of_another_size_is_refused(copy: Path) -> None:
    annotation = next(copy.glob("annotation/*-vv-*.xml"))
    text = annotation.read_text()
    annotation.write_text(text.replace("<numberOfLines>120", "<numberOfLines>121"))
    with pytest.raises(SceneError, match="120 x 140 pixels, and its annotation says 121 x 140"):
        open_scene(copy)


def test_checksums_are_compared_on_demand(copy: Path) -> None:
    assert list(open_package(str(copy)).verify()) == []
    image = next(copy.glob("measurement/*-vv-*"))
    content = bytearray(image.read_bytes())
    content[len(content) // 2] ^= 1
    image.write_bytes(content)
    faults = list(open_package(str(copy)).verify())
    assert faults == [(f"measurement/{image.name}", "its MD5 checksum is not the one in the manifest")]
    zipped = sp.zip_safe(copy)
    assert list(open_package(str(zipped)).verify()) == faults


def test_other_modes_and_products_without_images_are_refused(copy: Path) -> None:
    for path in copy.glob("annotation/*.xml"):
        path.write_text(path.read_text().replace("<mode>IW</mode>", "<mode>EW</mode>"))
    with pytest.raises(SceneError, match="its mode is EW"):
        open_scene(copy)
    manifest = copy / "manifest.safe"
    manifest.write_text(manifest.read_text().replace("measurement/", "elsewhere/"))
    shutil.rmtree(copy / "measurement")
    with pytest.raises(SceneError, match="holds no GRD or SLC image"):
        open_scene(copy)


def test_a_product_across_the_antimeridian_is_refused_and_says_so(tmp_path: Path) -> None:
    frame = sp.frame_over(179.999, LAT, lines=40, samples=50)
    product = sp.write_safe(tmp_path, frame, {"VV": np.full((40, 50), 90, np.uint16)})
    with pytest.raises(SceneError, match="crosses the antimeridian"):
        open_scene(product)


def test_a_product_survives_its_stac_item(product: Path) -> None:
    from sitewatch.scenes import from_stac

    scene = open_scene(product, Hints(dem="12.5", dem_datum="24", quantity="gamma0"))
    again = from_stac(to_stac(scene))
    assert again == scene


def test_the_stack_is_built_anew_when_the_ground_or_the_file_changes(copy: Path) -> None:
    keys = [_scene_key(open_scene(copy, Hints(dem=h, dem_datum="ellipsoid"))) for h in ("0", "50")]
    assert keys[0] != keys[1]
    zipped = sp.zip_safe(copy)
    before = _scene_key(open_scene(zipped))
    next(copy.glob("preview")).rmdir()
    (copy / "note.txt").write_text("more")
    sp.zip_safe(copy)
    assert _scene_key(open_scene(zipped)) != before


def test_the_real_product_is_described(shared_data: Path) -> None:
    folder = shared_data / "sentinel1-safe"
    if not folder.is_dir():
        pytest.skip(f"no Sentinel-1 product at {folder}")
    (scene,) = open_scenes(folder).scenes
    assert scene.id == "S1B_IW_GRDH_1SDV_20211223T051122_20211223T051147_030148_039993_5371"
    assert scene.track.key == "sentinel-1-iw-22-descending"
    assert scene.processed == dt.datetime(2021, 12, 23, 6, 6, 18, tzinfo=dt.UTC)
    assert "VH of the product is not there" in scene.notes
    assert scene.nesz_db == pytest.approx(-25.5, abs=0.1)
    assert scene.footprint.area == pytest.approx(4.3, abs=0.5)
