"""The two commands, in the process that a user starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely.geometry
from holdings import DAYS, SITE, Holdings
from servers import Files
from typer.testing import CliRunner

from sitewatch.cli import app


def sitewatch(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="sitewatch")


def test_search_prints_a_line_an_image_and_writes_geojson_that_is_a_catalogue_itself(
    api: str, site_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.geojson"
    done = sitewatch("search", site_file, "--from", api, "--since", DAYS[1], "--out", out)
    assert done.exit_code == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:-1]] == list(DAYS[1:])
    assert "87 ascending" in done.stdout
    assert "100%" in done.stdout
    again = sitewatch("search", site_file, "--from", out, "--json")
    assert [item["datetime"][:10] for item in json.loads(again.stdout)["items"]] == list(DAYS[1:])


def test_fetch_says_what_it_brings_before_and_what_to_run_after(api: str, site_file: Path, tmp_path: Path) -> None:
    words = ("fetch", site_file, "--from", api, "--out", tmp_path / "images")
    dry = sitewatch(*words, "--dry-run", "--json")
    assert not (tmp_path / "images").exists()
    done = sitewatch(*words)
    assert done.exit_code == 0, done.stderr
    assert "To fetch: 5 images" in done.stderr
    assert "--max-gb" in done.stderr
    assert "--margin" in done.stderr
    assert f"Next: sitewatch run {site_file} {tmp_path / 'images'}" in done.stdout
    assert len(json.loads(dry.stdout)["to_fetch"]) == len(list((tmp_path / "images").glob("*/*.tif"))) == len(DAYS)
    inspected = sitewatch("inspect", tmp_path / "images", "--json")
    assert len(json.loads(inspected.stdout)["scenes"]) == len(DAYS)
    again = json.loads(sitewatch(*words, "--json").stdout)
    assert (len(again["there"]), again["fetched_bytes"]) == (len(DAYS), 0)


def test_one_image_is_told_as_one(files: Files, site_file: Path, tmp_path: Path) -> None:
    words = ("fetch", site_file, "--from", f"{files.url}/stac/catalog.json", "--out", tmp_path / "images")
    first = sitewatch(*words, "--limit", 1)
    assert "To fetch: 1 image, " in first.stderr
    assert "Fetched: 1 image, " in first.stdout
    again = sitewatch(*words, "--limit", 1)
    assert "To fetch: 0 images, " in again.stderr
    assert "; 1 image is there already." in again.stderr
    assert ", 1 was there. " in again.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--from", "nowhere"), 1, "there is no catalogue 'nowhere'"),
        (("--from", "STAC", "--since", "yesterday"), 2, "YYYY-MM-DD"),
        (("--from", "STAC", "--since", "2019-01-01", "--until", "2019-02-01"), 1, "has no image of the site"),
        (("--from", "STAC", "--since", "2999-01-01"), 1, "clock says"),
        (("--from", "STAC", "--asset", "thumbnail"), 1, "404"),
        (("--from", "STAC", "--max-gb", "0"), 1, "beyond the budget"),
    ],
)
def test_what_cannot_be_fetched_is_said(
    files: Files, site_file: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    given = [f"{files.url}/stac/catalog.json" if word == "STAC" else word for word in words]
    done = sitewatch("fetch", site_file, *given, "--out", tmp_path / "images")
    assert done.exit_code == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_account_that_is_needed_is_asked_for_by_the_names_of_its_variables(
    holdings: Holdings, files: Files, site_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        f'[mine]\nurl = "{files.url}/stac/catalog.json"\nkind = "static"\nsigning = "oauth"\n'
        f'token_url = "{files.url}/login"\nenvironment = ["MINE_NAME", "MINE_PASSWORD"]\n'
    )
    monkeypatch.setenv("SITEWATCH_CATALOGUES", str(own))
    done = sitewatch("fetch", site_file, "--from", "mine", "--out", tmp_path / "images")
    assert done.exit_code == 1
    assert "Set MINE_NAME and MINE_PASSWORD in the environment" in done.stderr


def test_a_site_across_the_antimeridian_is_said_to_be_two(holdings: Holdings, tmp_path: Path) -> None:
    items = holdings.items(str(holdings.folder))[:1]
    items[0]["geometry"] = shapely.geometry.mapping(shapely.box(179.9, -17, 180, -16.7))
    path = tmp_path / "items.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    found = sitewatch("search", "bbox:179.95,-16.9,-179.95,-16.8", "--from", path, "--json")
    assert json.loads(found.stdout)["items"][0]["coverage"] == pytest.approx(0.5)
    done = sitewatch("fetch", "bbox:179.95,-16.9,-179.95,-16.8", "--from", path, "--out", tmp_path / "images")
    # The image itself lies elsewhere, whatever the item says.
    assert done.exit_code == 1
    assert "does not reach the site" in done.stderr
    assert "two boxes" in done.stderr


def test_the_site_of_these_tests_lies_in_their_images(made: Holdings) -> None:
    assert shapely.box(35.76, 35.55, 35.89, 35.67).contains(SITE)
