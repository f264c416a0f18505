"""Sites, their facilities and context events, and where their scenes come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sitewatch.errors import RecordError
from sitewatch.record._database import Record, reading, writing
from sitewatch.record._nouns import ContextEvent, Source
from sitewatch.record._tables import EventRow, FacilityRow, RunRow, SiteRow, SourceRow, StructureRow
from sitewatch.site import Site, SiteFeature, event_days


def register_site(record: Record, uid: str, site: Site, *, by: str) -> None:
    """Make a site known to the record, with its facilities and events; a known one gains what is new of these.

    Parameters
    ----------
    uid
        Of the workspace; two sites may share a name.
    """
    with reading(record) as session:
        if _knows(session, uid, site):
            # Whoever only looks must not have to wait for one who writes.
            return
    with writing(record) as session:
        row = session.scalar(select(SiteRow).where(SiteRow.uid == uid))
        if row is None:
            row = SiteRow(uid=uid, key=site.id, name=site.name, area=site.area, created=_now(), created_by=by)
            session.add(row)
            session.flush()
        known = _known_facilities(session, row.id)
        for one in (*site.facilities, *site.links):
            if (one.role, one.id, one.name) not in known:
                session.add(_facility_row(row.id, one))
        known_events = _known_events(session, row.id)
        for event in map(event_from, site.events):
            if (event.key, event.name, event.begins) not in known_events:
                session.add(_event_row(row.id, event, by))
        session.flush()


def add_event(record: Record, uid: str, event: ContextEvent, *, by: str) -> None:
    """Add a context event to a site.

    Raises
    ------
    RecordError
        If its source is not told: a report without one can't be weighed.
    """
    if not event.source.strip():
        raise RecordError(f"the event {event.name!r} has no source", hint="Say where it was reported.")
    with writing(record) as session:
        session.add(_event_row(site_row(session, uid).id, event, by))


def list_events(record: Record, uid: str) -> tuple[ContextEvent, ...]:
    """Context events of a site, by the day they begin."""
    with reading(record) as session:
        rows = session.scalars(select(EventRow).where(EventRow.site_id == site_row(session, uid).id))
        events = [ContextEvent(e.name, e.source, e.begins, e.ends, e.geometry, e.key, dict(e.properties)) for e in rows]
    return tuple(sorted(events, key=lambda event: (event.begins or dt.date.min, event.name)))


def list_facilities(record: Record, uid: str) -> tuple[SiteFeature, ...]:
    """Known facilities and links of a site."""
    with reading(record) as session:
        rows = session.scalars(
            select(FacilityRow).where(FacilityRow.site_id == site_row(session, uid).id).order_by(FacilityRow.id)
        )
        return tuple(SiteFeature(f.role, f.key, f.name, f.geometry, dict(f.properties)) for f in rows)


def add_sources(record: Record, uid: str, sources: Iterable[Source], *, by: str) -> None:
    """Remember where scenes come from; what is known already takes the newer hints."""
    with writing(record) as session:
        site = site_row(session, uid)
        for source in sources:
            row = session.scalar(select(SourceRow).where(SourceRow.site_id == site.id, SourceRow.href == source.href))
            if row is None:
                session.add(
                    SourceRow(site_id=site.id, href=source.href, hints=dict(source.hints), added=_now(), added_by=by)
                )
            else:
                row.hints = dict(source.hints)
            session.flush()


def list_sources(record: Record, uid: str) -> tuple[Source, ...]:
    """Where the scenes of a site come from, in the order they were added."""
    with reading(record) as session:
        rows = session.scalars(
            select(SourceRow).where(SourceRow.site_id == site_row(session, uid).id).order_by(SourceRow.id)
        )
        return tuple(Source(row.href, dict(row.hints)) for row in rows)


def has_history(record: Record, uid: str) -> bool:
    """Whether anything was ever found at a site, or images were added to it."""
    with reading(record) as session:
        site = session.scalar(select(SiteRow).where(SiteRow.uid == uid))
        if site is None:
            return False
        counts = [
            session.scalar(select(func.count()).select_from(table).where(table.site_id == site.id))
            for table in (RunRow, StructureRow, SourceRow)
        ]
        return any(counts)


def site_row(session: Session, uid: str) -> SiteRow:
    """The row of a site.

    Raises
    ------
    RecordError
        If the record does not know it.
    """
    row = session.scalar(select(SiteRow).where(SiteRow.uid == uid))
    if row is None:
        raise RecordError(
            f"the record does not know the site {uid}", hint="Is it the right database, or has it been emptied?"
        )
    return row


def held_site_row(session: Session, uid: str) -> SiteRow:
    """The row of a site, held against others who write about the same site until the transaction ends."""
    row = site_row(session, uid)
    session.execute(select(SiteRow.id).where(SiteRow.id == row.id).with_for_update())
    return row


def event_from(feature: SiteFeature) -> ContextEvent:
    """The context event that a feature of a site file describes."""
    properties: dict[str, Any] = dict(feature.properties)
    begins, ends = event_days(feature)
    return ContextEvent(
        name=feature.name or feature.id,
        source=str(properties.get("source") or "the site file"),
        begins=begins,
        ends=ends,
        geometry=feature.geometry,
        key=feature.id,
        properties=properties,
    )


def _knows(session: Session, uid: str, site: Site) -> bool:
    """Whether a site is known with all its facilities and events."""
    row = session.scalar(select(SiteRow).where(SiteRow.uid == uid))
    if row is None:
        return False
    facilities = {(one.role, one.id, one.name) for one in (*site.facilities, *site.links)}
    events = {(event.key, event.name, event.begins) for event in map(event_from, site.events)}
    return facilities <= _known_facilities(session, row.id) and events <= _known_events(session, row.id)


def _known_facilities(session: Session, site_id: int) -> set[tuple[str, str, str]]:
    rows = session.scalars(select(FacilityRow).where(FacilityRow.site_id == site_id))
    return {(row.role, row.key, row.name) for row in rows}


def _known_events(session: Session, site_id: int) -> set[tuple[str, str, dt.date | None]]:
    rows = session.scalars(select(EventRow).where(EventRow.site_id == site_id))
    return {(row.key, row.name, row.begins) for row in rows}


def _event_row(site_id: int, event: ContextEvent, by: str) -> EventRow:
    return EventRow(
        site_id=site_id, key=event.key, name=event.name, begins=event.begins, ends=event.ends,
        geometry=event.geometry, source=event.source, properties=dict(event.properties), added=_now(), added_by=by,
    )  # fmt: skip


def _facility_row(site_id: int, one: SiteFeature) -> FacilityRow:
    return FacilityRow(
        site_id=site_id, role=one.role, key=one.id, name=one.name, geometry=one.geometry,
        properties=dict(one.properties), added=_now(),
    )  # fmt: skip


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
