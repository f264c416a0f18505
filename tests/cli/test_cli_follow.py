"""A site followed over time from the command line: init, add, update, status, structures, history, review, export."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import pytest

Sitewatch = Callable[..., Any]


@pytest.fixture
def port(followed: Path, tmp_path: Path) -> Path:
    """A copy of the workspace that may be changed."""
    shutil.copytree(followed / "port", tmp_path / "port")
    return tmp_path / "port"


def test_a_workspace_begins_empty_and_says_what_to_do(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    begun = sitewatch("init", site, "-w", "port", "--json")
    assert begun.code == 0, begun.err
    assert Path(begun.json["record"]).name == "record.sqlite"
    assert "already" in sitewatch("init", site, "-w", "port").err
    none = sitewatch("update", "-w", "port")
    assert none.code == 1
    assert "sitewatch add" in none.err
    added = sitewatch("add", images, "-w", "port", "--json")
    assert (len(added.json["new"]), added.json["known"]) == (12, 0)
    again = sitewatch("add", images, "-w", "port", "--json")
    assert (again.json["new"], again.json["known"]) == ([], 12)
    told = sitewatch("status", "-w", "port", "--json").json
    assert (told["images"], told["images_not_used_yet"], told["runs"], told["update_at_work"]) == (12, 12, 0, None)


def test_a_folder_that_is_no_workspace_is_told_in_every_command(sitewatch: Sitewatch, images: Path) -> None:
    for words in (["status"], ["update"], ["structures"], ["export"], ["history", "1"], ["add", images]):
        done = sitewatch(*words, "-w", "nowhere")
        assert done.code == 1
        assert "not a sitewatch workspace" in done.err


def test_bad_images_are_not_added(sitewatch: Sitewatch, port: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.tif").write_text("dear")
    before = sitewatch("status", "-w", port, "--json").json
    assert sitewatch("add", tmp_path / "letter.tif", "-w", port).code == 1
    assert sitewatch("status", "-w", port, "--json").json == before


def test_nothing_new_is_nothing_computed_and_what_is_new_is_read_alone(
    sitewatch: Sitewatch, port: Path, followed: Path, small_coast: Path, tmp_path: Path
) -> None:
    written = {
        path: path.stat().st_mtime_ns for path in port.rglob("*") if path.is_file() and "record" not in path.name
    }
    done = sitewatch("update", "-w", port, "--json")
    assert done.code == 0, done.err
    assert (done.json["new"], done.json["run"]) == (False, None)
    after = {path: path.stat().st_mtime_ns for path in written}
    changed = {path.name for path in written if written[path] != after[path]}
    assert changed <= {"structures.geojson", "centrelines.geojson", ".update.lock"}
    for file in sorted((small_coast / "scenes").glob("*.tif"))[12:14]:
        shutil.copy(file, tmp_path)
    sitewatch("review", "1", "--kind", "road", "--by", "ann", "-w", port)
    assert sitewatch("add", tmp_path, "-w", port).code == 0
    grown = sitewatch("update", "-w", port, "--json")
    assert grown.code == 0, grown.err
    assert (grown.json["run"], len(grown.json["new_scenes"]), len(grown.json["scenes_used"])) == (2, 2, 14)
    (kept,) = [one for one in grown.json["structures"] if one["id"] == "SW-0001"]
    assert (kept["kind"], kept["kind_probability"], kept["record"]["computed"]["kind"]) == ("road", None, "pier")
    assert len(kept["growth"]) == 14
    assert "named by an analyst" in (port / "dossier.html").read_text()
    told = sitewatch("history", "1", "-w", port)
    assert "The latest run says otherwise: kind pier" in told.out
    assert len(sitewatch("history", "1", "-w", port, "--json").json["revisions"]) == 3


def test_images_of_which_something_else_is_said_now_are_computed_again(
    sitewatch: Sitewatch, port: Path, followed: Path
) -> None:
    assert sitewatch("add", followed / "images", "--quantity", "sigma0", "-w", port).code == 0
    done = sitewatch("update", "-w", port, "--json")
    assert done.code == 0, done.err
    assert (done.json["new"], done.json["run"], done.json["new_scenes"]) == (True, 2, [])
    assert not sitewatch("update", "-w", port, "--json").json["new"]


def test_images_that_are_gone_are_told(sitewatch: Sitewatch, port: Path, followed: Path, images: Path) -> None:
    import sqlite3

    with sqlite3.connect(port / "record.sqlite") as record:
        record.execute("UPDATE source SET href = ?", (str(images),))
    next(iter(sorted(images.glob("*.tif")))).unlink()
    done = sitewatch("update", "-w", port, "--json")
    assert done.code == 0, done.err
    assert len(done.json["lost_scenes"]) == 1
    assert "can't be found any more" in done.err


def test_a_lost_dossier_is_written_again_with_what_was_reviewed(sitewatch: Sitewatch, port: Path) -> None:
    assert sitewatch("review", "SW-0001", "--kind", "reclamation", "-w", port).code == 0
    (port / "structures.geojson").unlink()
    done = sitewatch("update", "-w", port)
    assert done.code == 0, done.err
    assert done.out.startswith("Nothing new.")
    assert "named by an analyst" in (port / "dossier.html").read_text()
    kinds = {
        f["id"]: f["properties"]["kind"] for f in json.loads((port / "structures.geojson").read_text())["features"]
    }
    assert kinds["SW-0001"] == "reclamation"


def test_structures_are_listed_and_reviewed_ones_say_so(
    sitewatch: Sitewatch, port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITEWATCH_WORKSPACE", str(port))
    monkeypatch.setenv("SITEWATCH_USER", "ann")
    assert "SW-0001  pier" in sitewatch("structures").out
    done = sitewatch("review", "sw-1", "--reject", "a barge", "--comment", "it left in May")
    assert done.code == 0, done.err
    assert "SW-0001" not in sitewatch("structures").out
    listed = sitewatch("structures", "--all", "--json").json["structures"]
    (one,) = [s for s in listed if s["id"] == "SW-0001"]
    assert (one["status"], one["reason"], one["revision"], one["reviewed"]) == (
        "rejected",
        "a barge",
        2,
        ["reason", "rejected_as", "status"],
    )
    told = sitewatch("history", "1").out
    assert "ann" in told
    assert "it left in May" in told
    kept = json.loads((port / "structures.geojson").read_text())["features"]
    assert {f["id"]: f["properties"]["reason"] for f in kept}["SW-0001"] == "a barge"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "say what you know"),
        (["--confirm", "--reject", "x"], 2, "one thing"),
        (["--kind", "castle"], 1, "castle"),
        (["--merge-into", "SW-0099"], 1, "SW-0099"),
        (["--footprint", "nowhere.geojson"], 1, "nowhere.geojson"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(
    sitewatch: Sitewatch, followed: Path, words: list[str], code: int, said: str
) -> None:
    done = sitewatch("review", "SW-0001", *words, "-w", followed / "port")
    assert done.code == code
    assert said in done.err
    assert len(sitewatch("history", "1", "-w", followed / "port", "--json").json["revisions"]) == 1


def test_the_record_goes_out_as_geojson_and_geopackage(sitewatch: Sitewatch, followed: Path, tmp_path: Path) -> None:
    port = followed / "port"
    assert json.loads(sitewatch("export", "-w", port).out) == json.loads((port / "structures.geojson").read_text())
    assert sitewatch("export", "-w", port, "--out", "port.geojson").code == 0
    assert (tmp_path / "port.geojson").read_bytes() == (port / "structures.geojson").read_bytes()
    assert sitewatch("export", "-w", port, "--out", "port.gpkg", "--json").json["structures"] > 0
    layers = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "port.gpkg")}
    assert layers == {"site", "structures", "scenes", "layer_styles"}
    structures = geopandas.read_file(tmp_path / "port.gpkg", layer="structures")
    assert structures.crs == "EPSG:4326"
    assert "SW-0001" in set(structures["id"])
    assert sitewatch("export", "-w", port, "--out", "port.shp").code == 2
