"""``sitewatch links``: what can reach which facility, with the dates of a workspace and without."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely

from sitewatch.record import Workspace, begin_run, keep_structures
from sitewatch.site import Site
from transport_case import FACILITIES, LAST, RAIL, ROAD, SEA, made_structure, model_site, model_structures, site_of

Sitewatch = Callable[..., Any]


@pytest.fixture
def model(tmp_path: Path) -> str:
    model_site().write(tmp_path / "coast.geojson")
    return "coast.geojson"


def test_without_a_workspace_what_depends_on_structures_is_not_known(sitewatch: Sitewatch, model: str) -> None:
    done = sitewatch("links", model, "--load", "20,4,4,100", "--json")
    assert done.code == 0, done.err
    assert {name: one["verdict"] for name, one in done.json["answers"].items()} == {
        "pier": "unknown",
        "hall": "unknown",
    }
    done = sitewatch("links", model, "--load", "20,3.4,4,100", "--day", "2020-01-01", "--json")
    assert done.json["answers"]["hall"]["route"] == ["Rail spur"]
    assert done.json["answers"]["hall"]["verdict"] == "yes"


def test_the_table_the_findings_and_the_assumptions_are_printed(sitewatch: Sitewatch, model: str) -> None:
    done = sitewatch("links", model)
    assert done.code == 0, done.err
    for words in ("Assembly hall", "3.4 m, perhaps 8 m", "[assessed]", "Assumptions:", "a loading gauge"):
        assert words in done.out
    assert done.err == ""


def test_a_workspace_gives_the_dates(sitewatch: Sitewatch, model: str, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "port", Site.read(model))
    with workspace.record() as record:
        run = begin_run(record, workspace.uid, started=dt.datetime.now(dt.UTC), by="test", command="", parameters={},
                        scenes=[])  # fmt: skip
        found = [dataclasses.replace(one, id="", scenes=()) for one in model_structures()]
        kept = keep_structures(record, workspace.uid, run, found, why="found")
    assert [one.id for one in kept] == ["SW-0001", "SW-0002"]
    hall = sitewatch("links", model, "-w", "port", "--json").json["facilities"][1]
    assert hall["before"]["width_m"]["at_most"] == 3.4
    assert hall["now"]["width_m"] == {
        "at_least": 8.0, "at_most": 8.0, "route": ["Sea lane", "transfer at Pier", "Pier road"],
        "limiting": "Pier road", "unknown_at": [],
    }  # fmt: skip
    since = {"earliest": "2025-06-20", "latest": "2025-07-09"}
    assert hall["changes"]["width_m"] == {"direction": "larger", "since": since}
    told = sitewatch("links", model, "-w", "port", "--load", "20,4,4,?")
    assert f"On {LAST}:" in told.out
    assert "the mass of the load is not given" in " ".join(told.out.split())


def test_an_empty_workspace_is_read(sitewatch: Sitewatch, model: str, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "port", Site.read(model))
    assert sitewatch("links", model, "-w", "port").code == 0
    assert "not a sitewatch workspace" in sitewatch("links", model, "-w", "nowhere").err


def test_a_site_without_links_is_told_how_to_give_some(sitewatch: Sitewatch) -> None:
    done = sitewatch("links", "bbox:10,50,10.1,50.1")
    assert (done.code, "no links" in done.out) == (0, True)


@pytest.mark.parametrize(
    "words", [("--load", "1,2,3"), ("--load", "1,2,3,x"), ("--load", "1,-2,3,4"), ("--day", "May")]
)
def test_a_load_or_day_that_makes_no_sense_is_a_usage_error(
    sitewatch: Sitewatch, model: str, words: tuple[str, str]
) -> None:
    done = sitewatch("links", model, *words)
    assert done.code == 2
    assert words[0] in done.err


def test_a_broken_link_is_told(sitewatch: Sitewatch, tmp_path: Path) -> None:
    air = {**RAIL, "properties": {**RAIL["properties"], "mode": "air"}}
    site_of(*FACILITIES, air, SEA, ROAD).write(tmp_path / "coast.geojson")
    done = sitewatch("links", "coast.geojson")
    assert (done.code, "mode 'air'" in done.err) == (1, True)


def test_the_structure_of_the_case_stands_on_the_pier() -> None:
    pier = shapely.geometry.shape(FACILITIES[2]["geometry"])
    assert made_structure().footprint.within(pier)
