"""Alerts and their deliveries: what somebody should hear, and whether they did."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sitewatch.errors import RecordError
from sitewatch.record._database import Record, reading, writing
from sitewatch.record._nouns import Alert, Delivery, public_id
from sitewatch.record._revisions import find_latest
from sitewatch.record._sites import held_site_row, site_row
from sitewatch.record._tables import AlertRow, DeliveryRow, StructureRow


def raise_alert(record: Record, uid: str, alert: Alert) -> bool:
    """Raise an alert, once: one whose key the site has already is left as it is.

    Returns
    -------
    bool
        Whether it is new.
    """
    with writing(record) as session:
        site = held_site_row(session, uid)
        if session.scalar(select(AlertRow.id).where(AlertRow.site_id == site.id, AlertRow.key == alert.key)):
            return False
        session.add(
            AlertRow(
                site_id=site.id, structure_id=_structure_id(session, uid, alert.structure), run_id=None,
                key=alert.key, kind=alert.kind, text=alert.text, content=dict(alert.content),
                raised=alert.raised or dt.datetime.now(dt.UTC),
            )
        )  # fmt: skip
        session.flush()
        return True


def list_alerts(record: Record, uid: str) -> tuple[Alert, ...]:
    """Alerts of a site, oldest first."""
    with reading(record) as session:
        rows = session.execute(
            select(AlertRow, StructureRow.number)
            .outerjoin(StructureRow, AlertRow.structure_id == StructureRow.id)
            .where(AlertRow.site_id == site_row(session, uid).id)
            .order_by(AlertRow.id)
        )
        return tuple(Alert(a.key, a.kind, a.text, _name(number), a.raised, dict(a.content)) for a, number in rows)


def add_delivery(
    record: Record,
    uid: str,
    alert: str,
    *,
    channel: str,
    target: str,
    delivered: bool,
    detail: str = "",
    at: dt.datetime | None = None,
) -> Delivery:
    """Write down an attempt to deliver an alert.

    Parameters
    ----------
    at
        When it ended, UTC; now where None.

    Raises
    ------
    RecordError
        If there is no such alert, or it was delivered there before: nobody should hear of it twice.
    """
    with writing(record) as session:
        site = held_site_row(session, uid)
        row = session.scalar(select(AlertRow).where(AlertRow.site_id == site.id, AlertRow.key == alert))
        if row is None:
            raise RecordError(f"there is no alert {alert!r}", hint="Raise it first.")
        there = (DeliveryRow.alert_id == row.id, DeliveryRow.channel == channel, DeliveryRow.target == target)
        if session.scalar(select(DeliveryRow.id).where(*there, DeliveryRow.delivered)):
            raise RecordError(f"the alert {alert!r} was delivered to {target} before", hint="Nothing is left to do.")
        attempt = (session.scalar(select(func.max(DeliveryRow.attempt)).where(*there)) or 0) + 1
        delivery = DeliveryRow(
            alert_id=row.id, channel=channel, target=target, attempt=attempt,
            at=at or dt.datetime.now(dt.UTC), delivered=delivered, detail=detail,
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        return _delivery(delivery, alert)


def list_deliveries(record: Record, uid: str, alert: str | None = None) -> tuple[Delivery, ...]:
    """Attempts to deliver the alerts of a site, or one of them, oldest first."""
    with reading(record) as session:
        query = select(DeliveryRow, AlertRow.key).join(AlertRow).order_by(DeliveryRow.id)
        query = query.where(AlertRow.site_id == site_row(session, uid).id)
        if alert is not None:
            query = query.where(AlertRow.key == alert)
        return tuple(_delivery(row, key) for row, key in session.execute(query))


def _delivery(row: DeliveryRow, alert: str) -> Delivery:
    return Delivery(alert, row.channel, row.target, row.attempt, row.at, row.delivered, row.detail)


def _structure_id(session: Session, uid: str, name: str | None) -> int | None:
    return None if name is None else find_latest(session, uid, name).structure.id


def _name(number: int | None) -> str | None:
    return None if number is None else public_id(number)
