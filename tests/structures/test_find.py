"""From stacks to structures, end to end on simulated coasts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import shapely
import xarray as xr

from sitewatch.change import detect_change
from sitewatch.errors import StructureError
from sitewatch.simulate import ASCENDING, DESCENDING, Acquisitions, Scenario, Work, revisit_dates, simulate_coast
from sitewatch.site import Site
from sitewatch.structures import Structure, date_footprint, find_structures, to_geodataframe
from sitewatch.structures._map import to_degrees

START = dt.datetime(2022, 1, 3, 4, 30, tzinfo=dt.UTC)


def site_of(scenario: Scenario) -> Site:
    west, south, east, north = scenario.geobox.extent.to_crs("EPSG:4326").boundingbox
    return Site.read(f"bbox:{west},{south},{east},{north}")


@pytest.fixture(scope="module")
def built() -> tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]]:
    scenario = simulate_coast(11, shape=(160, 160))
    changes = [detect_change(stack) for stack in scenario.stacks]
    return scenario, changes, find_structures(site_of(scenario), scenario.stacks, changes)


def outline(scenario: Scenario, work: Work) -> shapely.Geometry:
    """A work's true footprint in longitude and latitude."""
    return to_degrees(work.outline, scenario.geobox)


def confirmed(structures: tuple[Structure, ...]) -> list[Structure]:
    return [s for s in structures if s.status == "confirmed"]


def test_every_work_is_found_where_it_stands(
    built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]],
) -> None:
    scenario, _, structures = built
    for work in scenario.works:
        overlaps = [
            s
            for s in confirmed(structures)
            if s.footprint.intersection(outline(scenario, work)).area > 0.4 * outline(scenario, work).area
        ]
        assert overlaps, work.kind
        assert overlaps[0].kind == work.kind


def test_the_onset_lies_near_the_truth(built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]]) -> None:
    scenario, _, structures = built
    for work in scenario.works:
        match = max(confirmed(structures), key=lambda s: s.footprint.intersection(outline(scenario, work)).area)
        assert match.onset is not None
        slack = dt.timedelta(days=75)
        assert match.onset.earliest - slack <= work.onset[1]
        assert match.onset.latest + slack >= work.onset[0]


def test_dates_are_acquisitions_and_growth_is_complete(
    built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]],
) -> None:
    scenario, _, structures = built
    dates = {dt.date.fromisoformat(str(t)[:10]) for t in scenario.stack["time"].values}
    for structure in confirmed(structures):
        assert structure.onset is not None
        ends = [structure.onset.earliest, structure.onset.latest, structure.first_raised, structure.confirmed_on]
        assert set(ends) <= dates
        assert structure.onset.earliest <= structure.first_raised <= structure.confirmed_on  # type: ignore[operator]
        assert [p.date for p in structure.growth] == sorted(dates)
        assert structure.growth[-1].fraction == 1
        assert structure.scenes


def test_the_same_images_give_the_same_structures(
    built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]],
) -> None:
    scenario, changes, structures = built
    assert find_structures(site_of(scenario), scenario.stacks, changes) == structures


def test_nothing_is_confirmed_where_nothing_was_built() -> None:
    scenario = simulate_coast(12, shape=(140, 140), works=())
    changes = [detect_change(stack) for stack in scenario.stacks]
    assert confirmed(find_structures(site_of(scenario), scenario.stacks, changes)) == []


def test_one_polarisation_will_do(built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]]) -> None:
    scenario, _, _ = built
    stack = scenario.stack[["VV"]]
    found = confirmed(find_structures(site_of(scenario), [stack], [detect_change(stack)]))
    assert "pier" in {s.kind for s in found}


def test_two_tracks_join_into_one_structure() -> None:
    dates = revisit_dates(ASCENDING, start=START, count=36, every_days=12)
    first = revisit_dates(DESCENDING, start=START + dt.timedelta(days=5), count=36, every_days=12)
    scenario = simulate_coast(
        11, dates=first, shape=(140, 140), works=("pier",), others=(Acquisitions(ASCENDING, dates),)
    )
    changes = [detect_change(stack) for stack in scenario.stacks]
    piers = [s for s in confirmed(find_structures(site_of(scenario), scenario.stacks, changes)) if s.kind == "pier"]
    assert len(piers) == 1
    assert len(piers[0].tracks) == 2
    assert {level.track for level in piers[0].levels} == set(piers[0].tracks)


def test_a_drawn_footprint_is_dated(built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]]) -> None:
    scenario, changes, _ = built
    pier = next(work for work in scenario.works if work.kind == "pier")
    (answer,) = date_footprint(outline(scenario, pier), scenario.stacks, changes)
    assert answer.onset is not None
    assert answer.onset.earliest <= pier.onset[1] + dt.timedelta(days=40)
    assert answer.onset.latest >= pier.onset[0] - dt.timedelta(days=40)


def test_a_footprint_off_the_images_is_refused(
    built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]],
) -> None:
    scenario, changes, _ = built
    with pytest.raises(StructureError, match="covers 0 pixels"):
        date_footprint(shapely.box(1.0, 2.0, 1.001, 2.001), scenario.stacks, changes)


def test_structures_become_a_table(built: tuple[Scenario, list[xr.Dataset], tuple[Structure, ...]]) -> None:
    for structures in (built[2], ()):
        table = to_geodataframe(structures)
        assert len(table) == len(structures)
        assert table.crs.to_epsg() == 4326
        assert np.issubdtype(table["onset_latest"].dtype, np.datetime64)
