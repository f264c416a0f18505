"""Bad input gets a clear message and an exit code; a bad image is set aside and the rest goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

Sitewatch = Callable[..., Any]
GOOD = 12
LATER = {"ACQUISITION_DATETIME": "2023-01-20T06:42:00Z"}


def rewrite(
    source: Path, target: Path, change: Callable[[Any], Any], tags: dict[str, str] | None = None, **profile: Any
) -> None:
    """Write `source` with other pixels, profile or tags."""
    with rasterio.open(source) as image:
        pixels, about, told = change(image.read()), {**image.profile, **profile}, {**image.tags(), **(tags or {})}
        names = image.descriptions
    about = {name: value for name, value in about.items() if value is not None}
    with rasterio.open(target, "w", **about) as image:
        image.write(pixels.astype(about["dtype"]))
        image.update_tags(**told)
        image.descriptions = names


def first(images: Path) -> Path:
    return min(images.glob("*.tif"))


def zero_bytes(source: Path, target: Path) -> None:
    target.touch()


def truncated(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.write_bytes(data[: len(data) // 2])


def without_georeferencing(source: Path, target: Path) -> None:
    rewrite(source, target, lambda p: p, LATER, crs=None, transform=None)


def elsewhere(source: Path, target: Path) -> None:
    rewrite(source, target, lambda p: p, LATER, transform=rasterio.transform.from_origin(200_000, 4_000_000, 10, 10))


def all_nan(source: Path, target: Path) -> None:
    rewrite(source, target, lambda p: p * np.nan, LATER)


def no_image_at_all(source: Path, target: Path) -> None:
    target.write_text("Dear sir or madam")


SPOILED = {
    "empty.tif": (zero_bytes, "empty"),
    "half.tif": (truncated, ""),
    "nowhere.tif": (without_georeferencing, "georeferenc"),
    "elsewhere.tif": (elsewhere, "site"),
    "nan.tif": (all_nan, ""),
    "letter.tif": (no_image_at_all, ""),
}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_bad_images_are_set_aside_each_with_its_reason_and_the_good_ones_are_used(
    sitewatch: Sitewatch, site: Path, images: Path
) -> None:
    source = first(images)
    for name, (spoil, _) in SPOILED.items():
        spoil(source, images / name)
    done = sitewatch("run", site, images, "--out", "out", "--json", "--verbose")
    assert done.code == 0, done.err
    assert len(done.json["scenes_used"]) == GOOD
    reasons = {Path(entry["source"]).stem: entry["reason"] for entry in done.json["left_out"]}
    assert sorted(reasons) == sorted(Path(name).stem for name in SPOILED)
    for name, (_, said) in SPOILED.items():
        assert said in reasons[Path(name).stem].lower()
        assert reasons[Path(name).stem] in " ".join(done.err.split())


def test_the_same_date_twice_counts_once(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    shutil.copy(first(images), images / "copy.tif")
    done = sitewatch("run", site, images, "--out", "out", "--json")
    assert done.code == 0, done.err
    assert len(done.json["scenes_used"]) == GOOD
    assert len(done.json["left_out"]) == 1


def test_units_are_told_image_by_image(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    """One image in dB among linear ones gives the same levels as if all were linear."""
    with np.errstate(divide="ignore"):
        source = first(images)
        target = images / "decibel.tif"
        rewrite(source, target, lambda p: 10 * np.log10(p), {"UNITS": "dB"})
    source.unlink()
    done = sitewatch("inspect", images, "--json")
    assert done.code == 0, done.err
    assert sorted({unit for scene in done.json["scenes"] for unit in scene["units"]}) == ["dB", "linear"]
    run = sitewatch("run", site, images, "--out", "out", "--json")
    assert run.code == 0, run.err
    assert len(run.json["scenes_used"]) == GOOD


def test_an_empty_folder(sitewatch: Sitewatch, site: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = sitewatch("run", site, tmp_path / "empty", "--out", "out")
    assert done.code == 1
    assert "empty" in done.err


def test_a_folder_that_is_not_there(sitewatch: Sitewatch, site: Path) -> None:
    done = sitewatch("run", site, "nowhere", "--out", "out")
    assert done.code == 1
    assert "nowhere" in done.err


def test_images_that_all_miss_the_site(sitewatch: Sitewatch, images: Path) -> None:
    done = sitewatch("run", "bbox:10,50,10.01,50.01", images, "--out", "out")
    assert done.code == 1
    assert "site" in done.err


def test_a_site_whose_coordinates_are_swapped(sitewatch: Sitewatch, site: Path, images: Path, tmp_path: Path) -> None:
    content = json.loads(site.read_text())
    ring = content["features"][0]["geometry"]["coordinates"][0]
    content["features"][0]["geometry"]["coordinates"][0] = [[lat, lon] for lon, lat in ring]
    (tmp_path / "swapped.geojson").write_text(json.dumps(content))
    done = sitewatch("run", "swapped.geojson", images, "--out", "out")
    assert done.code == 1
    assert "swapped" in done.err


def test_a_polygon_that_crosses_itself(sitewatch: Sitewatch, images: Path, tmp_path: Path) -> None:
    bow = [[-27, 45.146], [-26.99, 45.153], [-26.99, 45.146], [-27, 45.153], [-27, 45.146]]
    (tmp_path / "bow.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [bow]}))
    done = sitewatch("run", "bow.geojson", images, "--out", "out")
    assert done.code == 1
    assert "crosses itself" in done.err
    assert not (tmp_path / "out").exists()


def test_a_drawn_footprint_that_crosses_itself(sitewatch: Sitewatch, site: Path, images: Path, tmp_path: Path) -> None:
    bow = [[-27, 45.146], [-26.99, 45.153], [-26.99, 45.146], [-27, 45.153], [-27, 45.146]]
    (tmp_path / "bow.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [bow]}))
    done = sitewatch("date", site, "bow.geojson", images)
    assert done.code == 1
    assert "crosses itself" in done.err


def test_one_single_image(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    done = sitewatch("run", site, first(images), "--out", "out")
    assert done.code == 1
    assert "1 image" in done.err


def test_what_only_the_user_can_know_is_asked_for_by_its_option(
    sitewatch: Sitewatch, images: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    with rasterio.open(first(images)) as image, rasterio.open(folder / "a.tif", "w", **image.profile) as bare:
        bare.write(image.read())
    done = sitewatch("inspect", folder / "a.tif")
    assert done.code == 1
    assert "--date-pattern" in done.err or "--polarisation" in done.err


def test_an_error_is_json_too_where_json_was_asked_for(sitewatch: Sitewatch, images: Path) -> None:
    done = sitewatch("run", "no-such.geojson", images, "--out", "out", "--json")
    assert done.code == 1
    assert done.json["exit_code"] == 1
    assert done.json["error"]["kind"] == "SiteError"
    assert "no-such.geojson" in done.json["error"]["message"]


def test_a_folder_that_holds_other_things_is_not_written_into(
    sitewatch: Sitewatch, site: Path, images: Path, tmp_path: Path
) -> None:
    done = sitewatch("run", site, images, "--out", images)
    assert done.code == 1
    assert "not a sitewatch workspace" in done.err
    assert len(list(images.iterdir())) == GOOD
