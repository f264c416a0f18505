"""Events, alerts and deliveries: each said once, with its source."""

from __future__ import annotations

import datetime as dt

import pytest
import shapely

from acquaintances import SITE, UID, box, keep, structure
from sitewatch.errors import RecordError
from sitewatch.record import (
    Alert,
    ContextEvent,
    Record,
    add_delivery,
    add_event,
    count_revisions,
    list_alerts,
    list_deliveries,
    list_events,
    list_facilities,
    list_structures,
    raise_alert,
    register_site,
    structures_as_of,
)
from sitewatch.site import Site, SiteFeature


@pytest.fixture
def record(record: Record) -> Record:
    keep(record, structure("a", box(0, 0)))
    return record


def test_an_alert_is_raised_once_and_delivered_once_to_each(record: Record) -> None:
    alert = Alert("SW-0001 confirmed", "confirmed", "a pier", "SW-0001", content={"area_m2": 5400.0})
    assert raise_alert(record, UID, alert)
    assert not raise_alert(record, UID, alert)
    (kept,) = list_alerts(record, UID)
    assert (kept.key, kept.structure, kept.content) == (alert.key, "SW-0001", {"area_m2": 5400.0})
    send = {"channel": "webhook", "target": "https://example.org"}
    failed = add_delivery(record, UID, alert.key, **send, delivered=False, detail="503")  # type: ignore[arg-type]
    done = add_delivery(record, UID, alert.key, **send, delivered=True)  # type: ignore[arg-type]
    assert (failed.attempt, done.attempt) == (1, 2)
    with pytest.raises(RecordError, match=r"delivered to https://example\.org before"):
        add_delivery(record, UID, alert.key, **send, delivered=True)  # type: ignore[arg-type]
    add_delivery(record, UID, alert.key, channel="mail", target="ann@example.org", delivered=True)
    assert [d.delivered for d in list_deliveries(record, UID, alert.key)] == [False, True, True]


def test_events_have_a_source_and_those_of_the_site_file_enter_once(record: Record) -> None:
    launch = SiteFeature(
        "event", "e1", "launch", shapely.Point(124.71, 39.66), {"date": "2023-05-31", "source": "KCNA"}
    )
    quay = SiteFeature("facility", "f1", "quay", box(0, 0), {"since": 2016})
    site = Site(SITE.id, SITE.name, SITE.area, facilities=(quay,), events=(launch,))
    for _ in range(2):
        register_site(record, UID, site, by="test")
    add_event(record, UID, ContextEvent("directive", "a gazette", dt.date(2022, 3, 11)), by="ann")
    with pytest.raises(RecordError, match="no source"):
        add_event(record, UID, ContextEvent("rumour", ""), by="ann")
    events = list_events(record, UID)
    assert [(e.name, e.source, e.begins) for e in events] == [
        ("directive", "a gazette", dt.date(2022, 3, 11)),
        ("launch", "KCNA", dt.date(2023, 5, 31)),
    ]
    assert events[1].geometry == launch.geometry
    (facility,) = list_facilities(record, UID)
    assert (facility.name, dict(facility.properties)) == ("quay", {"since": 2016})


def test_the_record_is_known_as_it_was_at_any_time(record: Record) -> None:
    begun = count_revisions(record, UID)
    keep(record, structure("a", box(0, 0), kind="quay wall"), structure("b", box(0.01, 0)))
    now = count_revisions(record, UID)
    assert (begun, now) == (1, 3)
    assert structures_as_of(record, UID, now) == list_structures(record, UID)
    assert [one.structure.kind for one in structures_as_of(record, UID, begun)] == ["pier"]
    assert structures_as_of(record, UID, 0) == ()


def test_what_does_not_exist_is_told(record: Record) -> None:
    with pytest.raises(RecordError, match="no alert"):
        add_delivery(record, UID, "none", channel="file", target="x", delivered=True)
    with pytest.raises(RecordError, match="does not know the site"):
        list_alerts(record, "c" * 32)
