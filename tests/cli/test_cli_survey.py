"""``sitewatch survey``: a small area from its images, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Sitewatch = Callable[..., Any]


def test_an_area_is_surveyed_from_images_and_again_from_its_stacks(
    sitewatch: Sitewatch, site: Path, images: Path, tmp_path: Path
) -> None:
    first = sitewatch("survey", site, images, "--out", "coast", "--json")
    assert first.code == 0, first.err
    assert first.json["tiles"] == 1
    assert {one["status"] for one in first.json["structures"]} >= {"confirmed"}
    written = (tmp_path / "coast" / "structures.geojson").read_bytes()
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
