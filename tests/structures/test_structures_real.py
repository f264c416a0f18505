"""Real images: new land where there was sea, and none where there is none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import shapely

from sitewatch.change import detect_change
from sitewatch.scenes import open_scenes
from sitewatch.site import Site
from sitewatch.stack import build_stacks
from sitewatch.structures import Structure, find_structures

pytestmark = pytest.mark.data
# The old shore of La Palma lies east of this longitude all over the site; the delta reaches 500 m beyond it.
OPEN_SEA_WEST_OF = -17.9415


def confirmed(structures: tuple[Structure, ...]) -> list[Structure]:
    return [s for s in structures if s.status == "confirmed"]


@pytest.fixture(scope="module")
def la_palma(shared_data: Path) -> list[Structure]:
    folder = shared_data / "lapalma-lava-delta"
    site = Site.read(folder / "site.geojson")
    stacks = build_stacks(site, open_scenes([folder / "scenes"]).scenes).stacks
    return confirmed(find_structures(site, stacks, [detect_change(stack) for stack in stacks]))


def test_the_lava_delta_is_the_only_large_structure_and_is_new_land(la_palma: list[Structure]) -> None:
    (delta,) = [s for s in la_palma if s.area_m2.value > 200_000]
    assert delta.kind == "reclamation"
    assert 500_000 < delta.area_m2.value < 640_000
    assert delta.footprint.intersects(shapely.Point(-17.930, 28.611))


def test_the_lava_reached_the_sea_between_the_images_that_say_so(la_palma: list[Structure]) -> None:
    delta = max(la_palma, key=lambda s: s.area_m2.value)
    assert delta.onset is not None
    assert dt.date(2021, 9, 28) <= delta.onset.earliest < delta.onset.latest <= dt.date(2021, 10, 4)
    by_date = {p.date: p.fraction for p in delta.growth}
    assert by_date[dt.date(2021, 9, 28)] < 0.02
    assert by_date[dt.date(2021, 10, 4)] > 0.2


def test_waves_and_ships_off_la_palma_are_not_confirmed(la_palma: list[Structure]) -> None:
    assert [s.id for s in la_palma if s.footprint.centroid.x < OPEN_SEA_WEST_OF] == []
    assert not {"pier", "ship"} & {s.kind for s in la_palma}


def burst(shared_data: Path, name: str) -> list[Structure]:
    """Confirmed structures of one OPERA burst."""
    scenes = open_scenes(sorted((shared_data / "opera-rtc-s1").glob(f"*T137-{name}_*.tif"))).scenes
    west, south, east, north = scenes[0].footprint.bounds
    site = Site.read(f"bbox:{west},{south},{east},{north}")
    stacks = build_stacks(site, scenes).stacks
    return confirmed(find_structures(site, stacks, [detect_change(stack) for stack in stacks]))


@pytest.mark.parametrize("name", ["292318-IW1", "292318-IW2", "292319-IW1", "292322-IW1", "292323-IW1", "292324-IW1"])
def test_the_open_sea_confirms_nothing(shared_data: Path, name: str) -> None:
    assert burst(shared_data, name) == []


def test_a_town_confirms_a_few_at_most(shared_data: Path) -> None:
    assert len(burst(shared_data, "292319-IW2")) <= 3


def test_a_coast_where_nothing_was_built_confirms_nothing(shared_data: Path) -> None:
    assert burst(shared_data, "292324-IW2") == []


def test_nothing_at_latakia_is_confirmed_as_a_pier(shared_data: Path, tmp_path: Path) -> None:
    """Ships moor there for months beside a breakwater that stands throughout, on images of several tracks."""
    scenes = open_scenes([shared_data / "latakia-s1-rtc" / "catalog.json"]).scenes
    site = Site.read("bbox:35.74,35.49,35.80,35.56")
    stacks = build_stacks(site, scenes, tmp_path).stacks
    structures = find_structures(site, stacks, [detect_change(stack) for stack in stacks])
    found = confirmed(structures)
    assert [s.id for s in found if s.kind in ("pier", "reclamation")] == []
    # A vessel that lay at the quay for a year is none of the few things confirmed: the tracks know its ground as water.
    assert not any(s.footprint.intersects(shapely.Point(35.7629, 35.5107)) for s in found)
    # Much of what changed there is told to be vessels by what it did; all that is rejected has a name and a reason.
    assert sum(s.rejected_as == "ship_moored" for s in structures) > len(structures) / 4
    assert all(s.rejected_as and s.reason for s in structures if s.status == "rejected")
