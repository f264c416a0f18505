"""What is said on the screen: short where much is alike, whole sentences, no blanks that nobody sees."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rasterio

Sitewatch = Callable[..., Any]


def test_images_given_twice_are_told_in_one_line_and_one_by_one_when_verbose(
    sitewatch: Sitewatch, images: Path, tmp_path: Path
) -> None:
    shutil.copytree(images, tmp_path / "again")
    short, whole = sitewatch("inspect", tmp_path), sitewatch("inspect", tmp_path, "--verbose")
    told = [line for line in short.err.splitlines() if line.startswith("Left out")]
    assert len(told) == 1
    assert "and 11 more: the same product as" in told[0]
    assert len([line for line in whole.err.splitlines() if line.startswith("Left out")]) == 12


def test_reasons_beyond_the_first_few_are_counted_in_images(sitewatch: Sitewatch, images: Path) -> None:
    good = min(images.glob("*.tif"))
    (images / "a.tif").touch()
    (images / "b.tif").write_text("Dear sir or madam")
    (images / "c.tif").write_bytes(good.read_bytes()[:300])
    (images / "d.json").write_text('{"stac_version": "1.0.0", "type": "Feature"}')
    with rasterio.open(good) as image, rasterio.open(images / "e.tif", "w", **image.profile) as bare:
        bare.write(image.read())
        bare.update_tags(ACQUISITION_DATETIME="2023-01-09")
    for name in ("f.tif", "g.tif"):
        shutil.copy(good, images / name)
        with rasterio.open(images / name, "r+") as image:
            image.update_tags(ACQUISITION_DATETIME="")
    done = sitewatch("inspect", images)
    told = [line for line in done.err.splitlines() if line.startswith("Left out")]
    assert len(told) == 6
    assert told[-1] == "Left out: 2 more, for another reason (--verbose shows all)."


def test_inspecting_a_folder_tells_what_was_guessed_about_its_images(sitewatch: Sitewatch, images: Path) -> None:
    for file in sorted(images.iterdir())[:3]:
        with rasterio.open(file, "r+") as image:
            image.update_tags(UNITS="")
    done = sitewatch("inspect", images)
    assert "Note: units guessed to be linear power" in done.err
    assert "(3 of 12 images)" in done.err


def test_what_to_do_after_an_error_is_a_whole_sentence(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    one = sitewatch("run", site, min(images.iterdir()), "--out", "one")
    far = sitewatch("run", "bbox:10,50,10.01,50.01", images, "--out", "far")
    for done in (one, far):
        hint = done.err.strip().splitlines()[-1]
        assert hint[0].isupper()
        assert hint.endswith(".")


def test_a_ctrl_c_that_a_compiled_module_turns_into_an_import_error_is_still_an_interruption(
    sitewatch: Sitewatch, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def import_cut_short(source: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ImportError("numpy._core.multiarray failed to import")  # noqa: B904  as numpy's C code does

    monkeypatch.setattr("sitewatch.site.Site.read", import_cut_short)
    done = sitewatch("run", "site.geojson", images, "--out", "out")
    assert done.code == 130
    assert "interrupted" in done.err


def test_lines_of_tables_end_with_their_last_word_in_a_pipe(sitewatch: Sitewatch, images: Path) -> None:
    done = sitewatch("inspect", images)
    assert "simulated-iw-110-descending" in done.out
    assert [line for line in done.out.splitlines() if line != line.rstrip()] == []


def test_a_footprint_that_is_not_there_is_not_called_a_site(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    done = sitewatch("date", site, "nowhere.geojson", images)
    assert done.code == 1
    assert "there is no footprint file nowhere.geojson" in done.err


def test_two_boxes_dated_in_one_workspace_keep_a_page_each(
    sitewatch: Sitewatch, site: Path, images: Path, small_coast: Path, tmp_path: Path
) -> None:
    west, south, east, north = rasterio.features.bounds(json.loads((small_coast / "truth.geojson").read_text()))
    for edge in (north, north + 0.0002):
        box = f"bbox:{west},{south},{east},{edge}"
        assert sitewatch("date", site, box, images, "--out", "out").code == 0
    assert len(list((tmp_path / "out" / "dated").glob("*.html"))) == 2


@pytest.mark.parametrize(("others", "said"), [(1, "1 other file in it"), (2, "2 other files in it")])
def test_a_folder_without_images_says_what_it_holds(
    sitewatch: Sitewatch, tmp_path: Path, others: int, said: str
) -> None:
    (tmp_path / "papers").mkdir()
    for number in range(others):
        (tmp_path / "papers" / f"{number}.txt").touch()
    assert said in sitewatch("inspect", "papers").err
