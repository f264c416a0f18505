"""The ready sites in examples/: read whole, sourced, a network that can be asked, commands that exist."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import shutil
from pathlib import Path

import networkx as nx
import pytest
import typer

from sitewatch.assess import Load, can_reach, transport_network
from sitewatch.cli import app
from sitewatch.report import events_of
from sitewatch.site import Site, event_days

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FILES = sorted(EXAMPLES.glob("*/*.geojson"))
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]

each_example = pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)


def test_there_are_the_model_case_and_two_civil_sites_each_in_its_folder() -> None:
    assert {"sohae", "aberdeen-south-harbour", "canakkale-bridge"} == {file.parent.name for file in FILES}
    listed = (EXAMPLES / "README.md").read_text()
    for file in FILES:
        assert file.stem == file.parent.name == Site.read(file).id
        assert f"({file.stem}/README.md)" in listed


@each_example
def test_every_event_is_dated_and_has_a_source_and_an_address_that_the_readme_has_too(file: Path) -> None:
    site = Site.read(file)
    readme = (file.parent / "README.md").read_text()
    assert site.events
    assert len(events_of(site)) == len(site.events)  # all of them find a letter on the timeline
    assert len({event.id for event in site.events}) == len(site.events)
    for event in site.events:
        assert event.name
        assert event.properties["source"].strip()
        assert event.properties["url"] in readme
        begins, ends = event_days(event)
        assert begins is not None
        assert ends is None or begins <= ends


@each_example
def test_what_is_drawn_lies_in_the_area_and_says_how_exactly(file: Path) -> None:
    site = Site.read(file)
    for feature in (*site.facilities, *site.events):
        assert feature.geometry is None or site.area.covers(feature.geometry), feature.id
    for facility in site.facilities:
        assert facility.geometry is None or facility.properties["position"], facility.id


@each_example
def test_links_join_facilities_and_the_network_is_built_without_structures(file: Path) -> None:
    site = Site.read(file)
    network = transport_network(site, [])
    assert network.graph["notes"] == ()  # no link left out
    assert {key for _, _, key in network.edges(keys=True)} == {link.id for link in site.links}
    assert set(network) == {facility.id for facility in site.facilities}
    outside = [facility.id for facility in site.facilities if facility.properties.get("outside")]
    for facility in network:
        assert any(nx.has_path(network, start, facility) for start in outside), facility
    for link in site.links:
        assert link.properties["source"]


def test_what_is_not_published_of_sohae_stays_unknown() -> None:
    network = transport_network(Site.read(EXAMPLES / "sohae" / "sohae.geojson"), [])
    item = Load(length_m=20, width_m=3, height_m=3, mass_t=20)
    answers = {place: can_reach(network, place, item, dt.date(2025, 9, 1)).verdict for place in ("assembly", "seaport")}
    assert answers == {"assembly": "unknown", "seaport": "unknown"}


def test_only_the_clearance_below_the_deck_decides_anything_at_the_bridge() -> None:
    network = transport_network(Site.read(EXAMPLES / "canakkale-bridge" / "canakkale-bridge.geojson"), [])
    high = Load(height_m=80)
    assert can_reach(network, "marmara", high, dt.date(2023, 1, 1)).verdict == "no"
    assert can_reach(network, "marmara", high, dt.date(2019, 1, 1)).verdict == "unknown"
    assert can_reach(network, "marmara", Load(height_m=60), dt.date(2023, 1, 1)).verdict == "unknown"


@each_example
def test_the_commands_of_the_readme_exist_with_their_options(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (file.parent / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    shutil.copy(file, tmp_path)
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    used = []
    for line in lines:
        program, name, *words = shlex.split(line)
        assert program == "sitewatch"
        COMMANDS[name].make_context(name, words)
        used.append(name)
        assert all(Path(word).is_file() for word in words if word.endswith(".geojson")), line
    assert {"fetch", "init", "add", "update", "report", "links"} <= set(used)


@each_example
def test_the_file_is_plain_geojson_with_a_feature_a_line(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) == len(json.loads(text)["features"]) + 2
