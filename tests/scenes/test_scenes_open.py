import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pystac
import pytest

import sitewatch.scenes
from sitewatch.errors import SceneError
from sitewatch.scenes import open_scene, open_scenes, to_stac

WriteTiff = Callable[..., Path]


def test_the_packages_names_are_these() -> None:
    assert sitewatch.scenes.__all__ == [
        "Band",
        "Hints",
        "LeftOut",
        "Quantity",
        "Scale",
        "Scene",
        "Scenes",
        "Track",
        "from_stac",
        "open_scene",
        "open_scenes",
        "parse_track",
        "read_pixels",
        "to_stac",
    ]


def test_bad_images_are_set_aside_with_their_reasons_and_the_rest_goes_on(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    for day in (16, 10):
        write_tiff(f"deep/er/port_202109{day}_VV.tif")
    write_tiff("port_20210922_VV.tif", crs=None, transform=None)
    write_tiff("undated_VV.tif")
    (tmp_path / "port_20210928_VV.tif").write_bytes(b"")
    (tmp_path / "port_20211004_VV.tif").write_bytes(b"not a tiff")
    cut = write_tiff("port_20211010_VV.tif")
    cut.write_bytes(cut.read_bytes()[:-50])
    write_tiff("port_20211016_VV.tif", np.full((1, 40, 30), np.nan, dtype="float32"))
    (tmp_path / "notes.txt").write_text("a note")
    (tmp_path / "site.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    found = open_scenes(tmp_path)
    assert [scene.datetime.day for scene in found.scenes] == [10, 16]
    reasons = {Path(out.source).name: out.reason for out in found.left_out}
    assert reasons.keys() == {
        "port_20210922_VV.tif",
        "undated_VV.tif",
        "port_20210928_VV.tif",
        "port_20211004_VV.tif",
        "port_20211010_VV.tif",
        "port_20211016_VV.tif",
    }
    assert "not georeferenced" in reasons["port_20210922_VV.tif"]
    assert "when the image was acquired" in reasons["undated_VV.tif"]
    assert "0 bytes" in reasons["port_20210928_VV.tif"]
    assert "can't be read as an image" in reasons["port_20211004_VV.tif"]
    assert "cut off" in reasons["port_20211010_VV.tif"]
    assert "no valid pixel" in reasons["port_20211016_VV.tif"]
    assert all(not reason.startswith(name) for name, reason in reasons.items())


def test_nothing_usable_is_an_error_that_sums_up_why(write_tiff: WriteTiff, tmp_path: Path) -> None:
    for i in range(3):
        write_tiff(f"undated{i}_VV.tif")
    (tmp_path / "port_20210928_VV.tif").write_bytes(b"")
    with pytest.raises(
        SceneError, match=r"3 images: .*acquired \(e\.g\. undated\d_VV\.tif\); .*0 bytes.*--date-pattern"
    ):
        open_scenes(tmp_path)


def test_an_empty_folder_a_folder_without_images_and_a_missing_path_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SceneError, match="holds no images \\(nothing in it\\)"):
        open_scenes(tmp_path / "empty")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    with pytest.raises(SceneError, match="1 other file"):
        open_scenes(tmp_path / "texts")
    with pytest.raises(SceneError, match="does not exist"):
        open_scenes(tmp_path / "gone")
    with pytest.raises(SceneError, match="no images were named"):
        open_scenes([])


def test_files_named_twice_count_once(write_tiff: WriteTiff, tmp_path: Path) -> None:
    path = write_tiff("port_20210910_VV.tif")
    found = open_scenes([path, str(path), tmp_path])
    assert len(found.scenes) == 1
    assert found.left_out == ()


def test_linked_files_and_folders_count_and_a_link_that_goes_round_does_no_harm(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    for name in ("here/S1A_20230101_VV.tif", "there/S1A_20230113_VV.tif", "single/S1A_20230125_VV.tif"):
        write_tiff(name)
    (tmp_path / "here" / "more").symlink_to(tmp_path / "there")
    (tmp_path / "here" / "S1A_20230125_VV.tif").symlink_to(tmp_path / "single" / "S1A_20230125_VV.tif")
    (tmp_path / "there" / "back").symlink_to(tmp_path / "here")
    found = open_scenes(tmp_path / "here")
    assert [scene.datetime.day for scene in found.scenes] == [1, 13, 25]


def test_a_product_that_is_there_twice_is_used_once(write_tiff: WriteTiff) -> None:
    found = open_scenes([write_tiff("a/port_20210910_VV.tif").parent, write_tiff("b/port_20210910_VV.tif").parent])
    assert len(found.scenes) == 1
    assert found.left_out[0].reason.startswith("the same product as ")


def test_different_images_of_one_name_keep_different_ids(write_tiff: WriteTiff) -> None:
    a = write_tiff("a/port_20210910_VV.tif")
    b = write_tiff("b/port_20210910_VV.tif", tags={"ORBIT": "descending"})
    assert sorted(scene.id for scene in open_scenes([a, b]).scenes) == ["port_20210910", "port_20210910-2"]


def test_mixed_units_are_settled_image_by_image(write_tiff: WriteTiff, tmp_path: Path) -> None:
    power = np.random.default_rng(5).gamma(4, 0.02, (1, 40, 30)).astype("float32")
    write_tiff("port_20210910_VV.tif", power)
    write_tiff("port_20210916_VV.tif", 10 * np.log10(power))
    first, second = open_scenes(tmp_path).scenes
    assert (first.bands[0].unit, second.bands[0].unit) == ("linear", "dB")
    np.testing.assert_allclose(
        sitewatch.scenes.read_pixels(first).VV.values, sitewatch.scenes.read_pixels(second).VV.values, rtol=1e-4
    )


def test_progress_is_told_from_first_to_last(write_tiff: WriteTiff, tmp_path: Path) -> None:
    for day in (10, 16):
        write_tiff(f"port_202109{day}_VV.tif")
    told: list[tuple[int, int]] = []
    open_scenes(tmp_path, progress=lambda stage, done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]


def _catalogue(write_tiff: WriteTiff, folder: Path) -> Path:
    catalogue = pystac.Catalog("port", "two images")
    for day in (10, 16):
        catalogue.add_item(to_stac(open_scene(write_tiff(f"images/port_202109{day}_VV.tif"))))
    catalogue.normalize_and_save(str(folder / "stac"), pystac.CatalogType.SELF_CONTAINED)
    return folder / "stac" / "catalog.json"


def test_a_catalogue_an_item_and_a_folder_of_items_give_the_same_scenes(write_tiff: WriteTiff, tmp_path: Path) -> None:
    path = _catalogue(write_tiff, tmp_path)
    through_catalogue = open_scenes(path)
    assert [scene.id for scene in through_catalogue.scenes] == ["port_20210910", "port_20210916"]
    assert open_scenes(path.parent).scenes == through_catalogue.scenes
    # The images lie in the tree too; the items that describe them speak for them.
    assert open_scenes(tmp_path).scenes == through_catalogue.scenes
    item = path.parent / "port_20210910" / "port_20210910.json"
    assert open_scene(item) == through_catalogue.scenes[0]
    with pytest.raises(SceneError, match="STAC Catalog, not one item"):
        open_scene(path)


def test_a_broken_link_costs_one_item_of_a_catalogue(write_tiff: WriteTiff, tmp_path: Path) -> None:
    path = _catalogue(write_tiff, tmp_path)
    (path.parent / "port_20210910" / "port_20210910.json").unlink()
    (tmp_path / "images" / "port_20210916_VV.tif").unlink()
    with pytest.raises(SceneError, match="of the catalogue can't be read"):
        open_scenes(path)
    found = open_scenes([path, write_tiff("port_20210922_VV.tif")])
    assert [scene.id for scene in found.scenes] == ["port_20210922"]
    assert len(found.left_out) == 2


def test_an_item_collection_is_read(write_tiff: WriteTiff, tmp_path: Path) -> None:
    items = [to_stac(open_scene(write_tiff(f"images/port_202109{day}_VV.tif"))) for day in (10, 16)]
    path = tmp_path / "found.json"
    pystac.ItemCollection(items).save_object(str(path))
    assert len(open_scenes(path).scenes) == 2


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"stac_version": "1.0.0", "type": "Feature"}', '{"stac_version": "1.0.0", "type": "Catalog"}'],
)
def test_json_that_is_no_usable_stac_is_set_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(SceneError, match=r"a\.json"):
        open_scenes(path)


def test_a_malformed_item_in_a_folder_is_set_aside(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff("port_20210910_VV.tif")
    (tmp_path / "bad.json").write_text(json.dumps({"stac_version": "1.0.0", "type": "Feature", "id": "x"}))
    found = open_scenes(tmp_path)
    assert len(found.scenes) == 1
    assert "not a usable STAC item" in found.left_out[0].reason


def test_a_catalogue_without_items_says_so(tmp_path: Path) -> None:
    pystac.Catalog("empty", "nothing").normalize_and_save(str(tmp_path), pystac.CatalogType.SELF_CONTAINED)
    with pytest.raises(SceneError, match="holds no items"):
        open_scenes(tmp_path / "catalog.json")
