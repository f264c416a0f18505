"""What the network says of the model case, and of sites with loops, parallel ways and gaps."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sitewatch.assess import (
    DIMENSIONS,
    UNLIMITED,
    Limits,
    Link,
    Load,
    Opening,
    Since,
    add_link,
    can_reach,
    largest_load,
    route_words,
    transport_network,
    what_changed,
)
from sitewatch.errors import SiteError
from sitewatch.site import Site
from sitewatch.structures import Interval, Structure
from transport_case import BEGUN, DONE, FACILITIES, LAST, RAIL, ROAD, ROAD_DONE, SEA, feature, site_of

Make = Callable[..., Structure]
Structures = tuple[Structure, ...]
WIDE = Load(20.0, 4.0, 4.0, 100.0)
SLIM = Load(20.0, 3.0, 4.0, 100.0)
BEFORE, AMID = dt.date(2023, 1, 1), dt.date(2025, 6, 25)


def with_mass(road: Mapping[str, Any] = ROAD, mass_t: float = 200.0) -> dict[str, Any]:
    return {**road, "properties": {**road["properties"], "mass_t": mass_t}}


@pytest.fixture
def known_site() -> Site:
    """The model case with every limit known."""
    return site_of(*FACILITIES, RAIL, SEA, with_mass())


def test_before_the_pier_the_gauge_of_the_railway_limits_the_width(known_site: Site, structures: Structures) -> None:
    network = transport_network(known_site, structures)
    wide, slim = (can_reach(network, "hall", load, BEFORE) for load in (WIDE, SLIM))
    assert (wide.verdict, wide.limiting) == ("no", "Rail spur")
    assert "width of at most 3.4 m" in " ".join(wide.reasons)
    assert (slim.verdict, slim.since, route_words(slim.route)) == ("yes", None, "by rail")


def test_with_the_pier_and_its_road_wider_items_reach_the_hall_by_sea_and_road(
    known_site: Site, structures: Structures
) -> None:
    answer = can_reach(transport_network(known_site, structures), "Assembly hall", WIDE, LAST)
    assert answer.verdict == "yes"
    assert answer.since == Since(DONE.earliest, DONE.latest)
    assert [step.name for step in answer.route] == ["Sea lane", "transfer at Pier", "Pier road"]
    assert any("assumed: a mobile crane" in one for one in answer.assumptions)


def test_between_the_images_around_its_completion_it_is_not_known(known_site: Site, structures: Structures) -> None:
    network = transport_network(known_site, structures)
    on = {day: can_reach(network, "hall", WIDE, day).verdict for day in (DONE.earliest, AMID, DONE.latest)}
    assert list(on.values()) == ["no", "unknown", "yes"]


def test_an_unknown_limit_stays_unknown_and_is_named(site: Site, structures: Structures) -> None:
    answer = can_reach(transport_network(site, structures), "hall", WIDE, LAST)
    assert (answer.verdict, answer.limiting) == ("unknown", "Pier road")
    assert answer.reasons == ("the largest mass that Pier road takes is not known",)


def test_a_size_that_is_not_given_is_asked_for(known_site: Site, structures: Structures) -> None:
    network = transport_network(known_site, structures)
    answer = can_reach(network, "hall", Load(20.0, 4.0, 4.0), LAST)
    assert (answer.verdict, answer.since) == ("unknown", None)
    assert any("mass of the load is not given" in reason for reason in answer.reasons)


def test_without_gear_that_is_told_a_change_of_mode_is_not_known(structures: Structures) -> None:
    bare = [f for f in FACILITIES if f["properties"]["id"] != "pier"]
    network = transport_network(site_of(*bare, feature("facility", "pier"), RAIL, SEA, with_mass()), structures)
    answer = can_reach(network, "hall", WIDE, LAST)
    assert (answer.verdict, answer.limiting) == ("unknown", "transfer at pier")


@pytest.mark.parametrize(
    ("changes", "on_last", "after"),
    [
        ({"status": "candidate"}, "unknown", "unknown"),
        ({"status": "rejected"}, "unknown", "unknown"),
        ({"completion": None}, "no", "unknown"),
        ({}, "yes", "yes"),
    ],
    ids=["candidate", "rejected", "still growing", "complete"],
)
def test_the_state_of_the_structure_decides(
    known_site: Site, made: Make, changes: dict[str, Any], on_last: str, after: str
) -> None:
    road = made("SW-0002", "road", completion=ROAD_DONE)
    network = transport_network(known_site, [made(**changes), road])
    assert can_reach(network, "hall", WIDE, LAST).verdict == on_last
    assert can_reach(network, "hall", WIDE, LAST + dt.timedelta(days=90)).verdict == after


def test_before_a_candidate_was_begun_it_surely_was_not_there(known_site: Site, made: Make) -> None:
    network = transport_network(known_site, [made(status="candidate"), made("SW-0002", completion=ROAD_DONE)])
    assert can_reach(network, "hall", WIDE, BEGUN.earliest).verdict == "no"


def test_a_structure_that_nobody_knows_leaves_the_link_open(known_site: Site) -> None:
    answer = can_reach(transport_network(known_site, []), "hall", WIDE, LAST)
    assert answer.verdict == "unknown"
    assert any("no structure SW-0001 is in the record" in reason for reason in answer.reasons)


def test_a_bridge_that_was_removed_closes_its_road(made: Make) -> None:
    gone = made(kind="demolition", onset=DONE, completion=None)
    network = transport_network(site_of(*FACILITIES, {**RAIL, "properties": {**RAIL["properties"],
                                        "depends_on": "SW-0001"}}), [gone])  # fmt: skip
    assert [can_reach(network, "hall", SLIM, day).verdict for day in (DONE.earliest, AMID, LAST)] == [
        "yes",
        "unknown",
        "no",
    ]
    width = what_changed(network)[-1].limits[1]
    assert (width.direction, width.before.at_most, width.after.at_most) == ("smaller", 3.4, 0.0)


def test_a_link_may_name_the_facility_on_whose_ground_the_structure_stands(made: Make) -> None:
    drawn = {**SEA, "properties": {**SEA["properties"], "depends_on": "Pier"}}
    network = transport_network(site_of(*FACILITIES, drawn), [made(), made("SW-0009", status="candidate")])
    assert network["open-sea"]["pier"]["lane"]["link"].depends_on == "SW-0001"
    answer = can_reach(network, "pier", WIDE, LAST)
    assert answer.since == Since(DONE.earliest, DONE.latest)
    assert any("SW-0001 (pier), which meets the outline of Pier" in one for one in answer.assumptions)


def test_dates_of_the_site_file_count_too() -> None:
    spur = {**RAIL, "properties": {**RAIL["properties"], "available_from": ["2010-01-01", "2010-06-01"],
                                   "available_until": "2020-05-01"}}  # fmt: skip
    network = transport_network(site_of(*FACILITIES, spur), [])
    days = [dt.date(2010, 1, 1), dt.date(2010, 3, 1), dt.date(2010, 6, 1), dt.date(2020, 4, 30), dt.date(2020, 5, 1)]
    verdicts = [can_reach(network, "hall", SLIM, day).verdict for day in days]
    assert verdicts == ["no", "unknown", "yes", "yes", "no"]
    assert network["hall"]["railway-net"]["spur"]["link"].available_from == Interval(days[0], days[2])


def test_of_parallel_ways_the_widest_and_the_strongest_are_both_kept(known_site: Site, structures: Structures) -> None:
    loads = largest_load(transport_network(known_site, structures), "hall", LAST)
    assert loads.of("width_m").at_least == 8.0
    assert loads.of("mass_t").at_least == 200.0
    heavy = {**RAIL["properties"], "mass_t": 900}
    network = transport_network(site_of(*FACILITIES, {**RAIL, "properties": heavy}, SEA, with_mass()), structures)
    loads = largest_load(network, "hall", LAST)
    assert [route_words(loads.of(name).route) for name in ("width_m", "mass_t")] == [
        "by sea to Pier, then by road",
        "by rail",
    ]
    assert len(loads.routes) == 2
    # No single route takes the widest and the heaviest at once.
    assert can_reach(network, "hall", Load(20.0, 8.0, 4.0, 900.0), LAST).verdict == "no"


def test_what_changed_gives_before_after_since_and_the_limiting_link(known_site: Site, structures: Structures) -> None:
    changes = {one.place.id: one for one in what_changed(transport_network(known_site, structures))}
    assert list(changes) == ["pier", "hall"]
    width = changes["hall"].limits[DIMENSIONS.index("width_m")]
    assert (width.before.at_most, width.before.limiting) == (3.4, "Rail spur")
    assert (width.after.at_least, width.after.limiting) == (8.0, "Pier road")
    assert (width.direction, width.since) == ("larger", Since(DONE.earliest, DONE.latest))
    assert changes["pier"].before.routes == ()
    assert changes["pier"].after.of("mass_t").at_least == math.inf


def test_a_new_way_of_unknown_limits_makes_no_change_known(site: Site, structures: Structures) -> None:
    hall = what_changed(transport_network(site, structures))[-1]
    directions = {one.after.dimension: one.direction for one in hall.limits}
    assert directions == {"length_m": "larger", "width_m": "larger", "height_m": "larger", "mass_t": "unknown"}


def test_a_place_that_no_link_reaches_is_a_no() -> None:
    network = transport_network(site_of(*FACILITIES, feature("facility", "bunker"), RAIL), [])
    assert can_reach(network, "bunker", SLIM, LAST).reasons == ("no route in the site file leads there",)
    assert largest_load(network, "bunker", LAST).of("mass_t").at_most == 0.0


def test_loops_and_one_way_links_end() -> None:
    sites = [feature("facility", name) for name in "abcd"]
    ring = [
        feature("link", f"{a}{b}", mode="road", one_way=True, **{"from": a, "to": b},
                **dict.fromkeys(DIMENSIONS, "unlimited"))
        for a, b in ("ab", "bc", "ca", "cd")
    ]  # fmt: skip
    out = feature("facility", "world", outside=True)
    way = feature("link", "w", mode="road", **{"from": "world", "to": "a"}, **dict.fromkeys(DIMENSIONS, "unlimited"))
    network = transport_network(site_of(out, *sites, way, *ring), [])
    answer = can_reach(network, "d", SLIM, LAST)
    assert [step.name for step in answer.route] == ["w", "ab", "bc", "cd"]
    back = feature("link", "back", mode="road", one_way=True, **{"from": "a", "to": "world"})
    assert can_reach(transport_network(site_of(out, *sites, back), []), "a", SLIM, LAST).verdict == "no"


def test_many_parallel_ways_of_all_modes_are_quick() -> None:
    stations = [feature("facility", f"p{i}", transfer="unlimited", outside=i == 0) for i in range(8)]
    links = [
        feature("link", f"{mode}{i}{k}", mode=mode, **{"from": f"p{i}", "to": f"p{i + 1}"},
                length_m=10 + k, width_m=9 - k, height_m=5, mass_t=10 * k + i + 1)
        for i in range(7) for k in range(4) for mode in ("sea", "rail", "road")
    ]  # fmt: skip
    loads = largest_load(transport_network(site_of(*stations, *links), []), "p7", LAST)
    assert [loads.of(name).at_least for name in DIMENSIONS] == [13.0, 9.0, 5.0, 31.0]
    assert all(route.at_least[1] + route.at_least[0] <= 19 for route in loads.routes)


def test_a_site_file_of_before_there_were_networks_is_read_and_says_so() -> None:
    network = transport_network(site_of(feature("facility", "", name="Quay"), feature("link", "", name="Railway")), [])
    assert network.number_of_edges() == 0
    assert "Railway is left out" in network.graph["notes"][0]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"mode": "air"}, "mode 'air'"),
        ({"to": "hal"}, "'hal', which is no facility"),
        ({"width_m": -1}, "width_m -1"),
        ({"width_m": "3,4"}, "width_m '3,4'"),
        ({"depends_on": ["a", "b"]}, "depends on"),
        ({"available_from": "spring"}, "available_from 'spring'"),
        ({"available_from": ["2020-01-02", "2020-01-01"]}, "backwards"),
        ({"one_way": "yes"}, "one_way 'yes'"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_with_its_link(broken: dict[str, Any], words: str) -> None:
    link = {**RAIL, "properties": {**RAIL["properties"], **broken}}
    with pytest.raises(SiteError, match=words):
        transport_network(site_of(*FACILITIES, link), [])


def test_a_network_without_an_outside_is_refused() -> None:
    inside = [feature("facility", name) for name in ("hall", "railway-net")]
    with pytest.raises(SiteError, match="nowhere that loads come from"):
        transport_network(site_of(*inside, RAIL), [])


def test_an_unknown_facility_and_a_negative_load_are_refused(site: Site) -> None:
    with pytest.raises(SiteError, match="no facility is called 'hal'"):
        can_reach(transport_network(site, []), "hal", SLIM, LAST)
    with pytest.raises(SiteError, match="can't have the width_m -1"):
        Load(1.0, -1.0, 1.0, 1.0)


def test_a_link_can_be_added_to_a_network(known_site: Site) -> None:
    network = transport_network(known_site, [])
    assert can_reach(network, "hall", WIDE, BEFORE).verdict == "unknown"
    wide = Link("new", "New line", "rail", "railway-net", "hall", UNLIMITED, opening=Opening(BEFORE, DONE.latest))
    add_link(network, wide)
    assert can_reach(network, "hall", WIDE, LAST).verdict == "yes"
    narrow = dataclasses.replace(wide, id="narrow", limits=Limits(1.0, 1.0, 1.0, 1.0))
    add_link(network, narrow)
    assert can_reach(network, "hall", WIDE, LAST).verdict == "yes"
