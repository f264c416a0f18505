"""Sentences about a site: what was not found, what could not be seen, what others report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import shapely
from pier_images import DAYS, IMAGES, image, pier

from sitewatch.finding import Finding, fault_of
from sitewatch.findings import site_findings
from sitewatch.record import ContextEvent, ReviewEntry, Revision
from sitewatch.site import Site
from sitewatch.sought import Detectable, Sought
from sitewatch.structure import Structure
from transport_case import FACILITIES, RAIL, ROAD, SEA, feature, site_of

BUILDING = Detectable(Sought("building", "land", {"VV": 6.0}), "", 0.6, 400.0, 900.0, 20.0, 30.0, DAYS[4], DAYS[8], 60)
PIER = Detectable(Sought("pier", "water", {"VV": 11.0}), "", 0.4, 400.0, 900.0, 20.0, 30.0, DAYS[4], DAYS[8], 60)
PAD = feature("facility", "pad", shapely.box(10.06, 50.06, 10.07, 50.07), name="Launch pad")
MAST = feature("facility", "mast", shapely.Point(10.08, 50.08), name="Mast")


def revision(structure: Structure, **changes: Any) -> Revision:
    given: dict[str, Any] = {"id": structure.id, "number": 1, "made": dt.datetime.now(dt.UTC), "by": "x", "why": "x"}
    return Revision(**{**given, "structure": structure, "computed": structure, **changes})


def told(site: Site, structures: Sequence[Structure] = (), **changes: Any) -> dict[str, Finding]:
    given: dict[str, Any] = {"detectable": (PIER, BUILDING), "scenes": IMAGES} | changes
    scenes = given.pop("scenes")
    findings = site_findings(site, [revision(one) for one in structures], scenes, **given)
    assert all(fault_of(one) == "" for one in findings)
    assert len({one.key for one in findings}) == len(findings)
    return {one.key: one for one in findings}


def test_where_nothing_was_found_the_images_and_the_smallest_size_are_told() -> None:
    none = told(site_of(PAD, MAST))
    assert none["site/no sign"].text == (
        "No sign of construction in 14 images from 12 February to 18 July 2023. A pier on water would have been found "
        "from 30 m by 30 m on. A building on land would have been found from 30 m by 30 m on."
    )
    pad = none["facility/pad/no sign"]
    assert pad.kind == "observed"
    assert pad.text.startswith("No sign of construction at Launch pad in 14 images from")
    assert "For the site as a whole: A pier" in pad.text
    assert set(pad.scenes) == {scene.id for scene in IMAGES}
    assert "at Mast or within 50 m of it in 14 images" in none["facility/mast/no sign"].text


def test_a_facility_that_no_image_shows_or_where_something_stands_is_not_called_empty() -> None:
    west = [image(day, shapely.box(10.0, 50.0, 10.05, 50.1)) for day in DAYS]
    assert "facility/pad/no sign" not in told(site_of(PAD), scenes=west)
    on_it = pier(footprint=shapely.box(10.061, 50.061, 10.065, 50.062))
    assert "facility/pad/no sign" not in told(site_of(PAD), [on_it])
    near = pier(footprint=shapely.box(10.0803, 50.08, 10.081, 50.081))  # about 21 m east of the mast
    assert "facility/mast/no sign" not in told(site_of(MAST), [near])
    rejected = pier(footprint=on_it.footprint, status="rejected", reason="a ship")
    assert "facility/pad/no sign" in told(site_of(PAD), [rejected])


def test_what_is_confirmed_and_what_is_open_are_named_beside_the_rest() -> None:
    site = site_of()
    assert told(site, [pier()])["site/no sign"].text.startswith("Besides SW-0001, no sign of construction in 14 images")
    open_one = pier(name="SW-0002", status="candidate", reason="one image is missing")
    both = told(site, [pier(), open_one])["site/no sign"].text
    assert both.startswith("Besides SW-0001, no construction is confirmed in 14 images")
    assert "SW-0002 is not settled." in both


def test_what_could_not_be_seen_is_told() -> None:
    gap = [*IMAGES[:5], *IMAGES[9:]]
    limits = told(site_of(), scenes=gap)
    assert limits["limits/gaps"].text.startswith(
        "The longest time without an image is 60 days, between 1 April and 31 "
    )
    assert set(limits["limits/gaps"].scenes) == {IMAGES[4].id, IMAGES[9].id}
    assert "How high the tide stood in these 10 images is not known" in limits["limits/tide"].text
    assert "limits/tide" not in told(site_of(), detectable=(BUILDING,))
    assert any("+6.0 dB in VV" in one for one in limits["limits/smallest building"].assumptions)
    half = [image(day, shapely.box(10.0, 50.0, 10.05, 50.1)) for day in DAYS]
    assert told(site_of(), scenes=half)["limits/not covered"].text == "About 50 % of the site is in none of the images."
    assert "limits/not covered" not in limits


def test_what_is_reported_has_its_source_and_the_structures_where_it_happened() -> None:
    place = shapely.box(10.01, 50.01, 10.02, 50.02)
    events = (
        ContextEvent("Quay wall extended", "38 North", dt.date(2023, 3, 20), dt.date(2023, 4, 9), place, "quay"),
        ContextEvent("A visit", "KCNA"),
    )
    reported = told(site_of(), [pier()], events=events)
    quay = reported["event/quay"]
    assert (quay.kind, quay.source, quay.structures) == ("reported", "38 North", ("SW-0001",))
    assert quay.text == "According to 38 North: Quay wall extended, 20 March to 9 April 2023."
    assert reported["event/A visit"].text == "According to KCNA: A visit, without a date."
    assert reported["event/A visit"].structures == ()


def test_what_an_analyst_said_is_reported_until_it_is_withdrawn() -> None:
    at = dt.datetime(2025, 7, 9, 8, 0, tzinfo=dt.UTC)
    confirm = ReviewEntry("SW-0001", "confirm", at, "ann", "seen on the photo", {})
    (said,) = [one for key, one in told(site_of(), [pier()], reviews=(confirm,)).items() if "/review" in key]
    assert said.text == "ann confirmed SW-0001 on 9 July 2025: “seen on the photo”."
    assert said.source == "review by ann, 9 July 2025"
    withdraw = ReviewEntry("SW-0001", "withdraw", at, "ann", "", {})
    assert not [key for key in told(site_of(), [pier()], reviews=(confirm, withdraw)) if "/review" in key]


def test_what_the_works_change_is_stated_with_keys_that_stay() -> None:
    site = site_of(*FACILITIES, RAIL, SEA, ROAD)
    before, after = told(site, [pier(completion=None)]), told(site, [pier()])
    assert {key for key in before if key.startswith("links/")} & {key for key in after if key.startswith("links/")}


def test_a_site_without_images_states_nothing_of_images() -> None:
    assert told(site_of(), scenes=[], detectable=()) == {}
