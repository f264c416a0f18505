"""``sitewatch export --as`` and ``sitewatch score``: the formats of others, from a workspace."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pystac
import pytest
from PIL import Image

from sitewatch.exports import SmartRegion, SmartSite, read_smart_folder

Sitewatch = Callable[..., Any]


@pytest.fixture
def port(followed: Path) -> Path:
    """A workspace that has been updated with twelve images; not to be changed."""
    return followed / "port"


def test_a_kmz_has_pictures_of_before_and_after(sitewatch: Sitewatch, port: Path, tmp_path: Path) -> None:
    done = sitewatch("export", "-w", port, "--out", "port.kmz", "--json")
    assert done.code == 0, done.err
    assert done.json["format"] == "kmz"
    with zipfile.ZipFile(tmp_path / "port.kmz") as archive:
        pictures = [name for name in archive.namelist() if name.startswith("files/SW-0001")]
        assert pictures == ["files/SW-0001-1.png", "files/SW-0001-2.png"]
        for name in pictures:
            with Image.open(io.BytesIO(archive.read(name))) as picture:
                assert picture.width > 300
        text = archive.read("doc.kml").decode()
    assert "Before: " in text


def test_the_ending_or_the_option_says_the_format(sitewatch: Sitewatch, port: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    assert sitewatch("export", "-w", port, "--out", "port.parquet").code == 0
    assert "SW-0001" in set(geopandas.read_parquet(tmp_path / "port.parquet")["id"])
    assert sitewatch("export", "-w", port, "--out", "port.dat", "--as", "kml").code == 0
    assert "<TimeSpan>" in (tmp_path / "port.dat").read_text()


def test_observations_go_to_standard_output_with_their_scenes(sitewatch: Sitewatch, port: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(sitewatch("export", "-w", port, "--as", "csv").out)))
    of_one = [row for row in rows if row["structure"] == "SW-0001"]
    assert len(of_one) == 12
    assert all(row["scene"] and row["track"] for row in of_one)
    assert {row["phase"] for row in of_one} >= {"No Activity", "Active Construction"}
    assert float(of_one[-1]["fraction"]) > float(of_one[0]["fraction"])


def test_smart_models_leave_the_workspace_and_score_against_it(
    sitewatch: Sitewatch, followed: Path, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    shutil.copytree(followed / "port", port)
    assert sitewatch("review", "SW-0001", "--confirm", "-w", port).code == 0
    done = sitewatch("export", "-w", port, "--as", "smart", "--out", "smart", "--region", "KP_R001")
    assert done.code == 0, done.err
    models = read_smart_folder(tmp_path / "smart")
    sites = [model for model in models if isinstance(model, SmartSite)]
    (region,) = [model for model in models if isinstance(model, SmartRegion)]
    assert {one.id for one in region.sites} == {one.id for one in sites}
    pier = next(one for one in sites if one.id == "KP_R001_0001")
    assert all(one.properties["source"] for one in pier.observations)
    score = sitewatch("score", port, "smart", "--smallest", 0, "--json").json
    assert (score["true_positives"], score["false_positives"], score["false_negatives"]) == (1, 0, 0)
    assert score["onsets"]["Active Construction"]["mean_days"] == 0.0
    told = sitewatch("score", port, "smart", "--smallest", 0)
    assert "Detected: 1 of 1" in told.out
    assert "KP_R001_0001" in told.out


def test_the_change_rasters_go_out_as_stac(sitewatch: Sitewatch, port: Path, tmp_path: Path) -> None:
    assert sitewatch("export", "-w", port, "--as", "stac", "--out", "stac").code == 0
    (item,) = pystac.Collection.from_file(str(tmp_path / "stac" / "collection.json")).get_items()
    files = {Path(str(asset.get_absolute_href())).resolve() for asset in item.assets.values()}
    assert files == set((port / "change").glob("*.tif"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--as", "shp"], 2, "none of geojson"),
        (["--as", "kmz"], 2, "say where"),
        (["--out", "port.shp"], 2, "smart"),
        (["--as", "smart", "--out", "smart", "--region", "Sohae"], 1, "KP_R001"),
    ],
)
def test_what_can_not_be_exported_says_why(
    sitewatch: Sitewatch, port: Path, words: list[str], code: int, said: str
) -> None:
    done = sitewatch("export", "-w", port, *words)
    assert done.code == code
    assert said in done.err


def test_what_can_not_be_scored_says_why(sitewatch: Sitewatch, port: Path, tmp_path: Path) -> None:
    assert "no file" in sitewatch("score", "nowhere.geojson", tmp_path).err
    (tmp_path / "empty").mkdir()
    done = sitewatch("score", port, "empty", "--json")
    assert (done.code, done.json["error"]["kind"]) == (1, "ExportError")
    assert sitewatch("score", port, "empty", "--tau", 3).code == 2
