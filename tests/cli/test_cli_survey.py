"""``sitewatch survey``: a small area from its images, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Sitewatch = Callable[..., Any]


def standing(path: Path) -> list[dict[str, Any]]:
    """What is said of the structures that are not rejected, but for the names that a record gives them."""
    features = json.loads(path.read_text())["features"]
    said = [one["properties"] for one in features if one["properties"]["status"] != "rejected"]
    assert said
    return [{name: one[name] for name in ("kind", "status", "onset_earliest", "area_m2", "length_m")} for one in said]


def test_an_area_is_surveyed_from_images_and_again_from_its_stacks(
    sitewatch: Sitewatch, site: Path, images: Path, followed: Path, tmp_path: Path
) -> None:
    first = sitewatch("survey", site, images, "--out", "coast", "--json")
    assert first.code == 0, first.err
    assert first.json["tiles"] == 1
    written = (tmp_path / "coast" / "structures.geojson").read_bytes()
    assert standing(tmp_path / "coast" / "structures.geojson") == standing(followed / "port" / "structures.geojson")
    stacks = sorted((tmp_path / "coast" / "stacks").glob("*.zarr"))
    second = sitewatch("survey", site, *stacks, "--out", "other", "--workers", 0)
    assert second.code == 0, second.err
    assert (tmp_path / "other" / "structures.geojson").read_bytes() == written
    assert json.loads((tmp_path / "other" / "survey.json").read_text())["lost"] == []


def test_stacks_among_images_and_tiles_through_chunks_are_refused(
    sitewatch: Sitewatch, site: Path, images: Path
) -> None:
    mixed = sitewatch("survey", site, images, "a.zarr", "--out", "coast")
    assert (mixed.code, "mixed" in mixed.err) == (1, True)
    remote = sitewatch("survey", site, images, "--out", "s3://bucket/coast")
    assert (remote.code, "can't be built" in remote.err) == (1, True)
