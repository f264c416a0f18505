"""A message: alerts of one site on their way to one receiver, and their common form in JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any, Protocol

from sitewatch.record import Alert

_NAMESPACE = uuid.UUID("6ee2b1a3-3c5f-5d0e-9a43-6d2f0f5f4c11")
TYPE = "sitewatch.alerts"


@dataclasses.dataclass(frozen=True)
class Message:
    """One or several alerts of a site; the same alerts always make the same message.

    Attributes
    ----------
    site_uid, site, site_name
        Name of the workspace in the record, id of the site, and what people call it.
    """

    site_uid: str
    site: str
    site_name: str
    alerts: tuple[Alert, ...]

    @property
    def id(self) -> str:
        """The same at every attempt, so that a receiver can tell a repetition."""
        ids = [alert_id(self.site_uid, alert) for alert in self.alerts]
        return ids[0] if len(ids) == 1 else named_id(" ".join(ids))

    @property
    def raised(self) -> dt.datetime:
        """When the newest of its alerts was raised."""
        return max(alert.raised or dt.datetime.min.replace(tzinfo=dt.UTC) for alert in self.alerts)

    @property
    def subject(self) -> str:
        """A line for people."""
        if len(self.alerts) > 1:
            return f"{self.site_name}: {len(self.alerts)} alerts"
        (alert,) = self.alerts
        return f"{self.site_name}: {f'{alert.structure} ' if alert.structure else ''}{alert.kind}"

    def as_json(self) -> dict[str, Any]:
        """The form in which webhooks and files have it, see docs/watch.md."""
        return {
            "type": TYPE,
            "timestamp": self.raised.isoformat(),
            "data": {"alerts": [alert_json(self, alert) for alert in self.alerts]},
        }


class Channel(Protocol):
    """A way to tell somebody; it knows no record."""

    @property
    def name(self) -> str:
        """What the rules call it."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """Whom it tells, each by itself."""
        ...

    def send(self, message: Message, target: str) -> str:
        """Tell a message to one target, and give what it answered.

        Raises
        ------
        DeliveryError
            If it can't be known to have arrived.
        """
        ...


def alert_id(site_uid: str, alert: Alert) -> str:
    """An alert's name in the whole world: of the workspace and the alert's key."""
    return named_id(f"{site_uid} {alert.key}")


def named_id(name: str) -> str:
    """The UUID of a name among sitewatch's."""
    return str(uuid.uuid5(_NAMESPACE, name))


def alert_json(message: Message, alert: Alert) -> dict[str, Any]:
    """One alert for machines."""
    content = {name: value for name, value in alert.content.items() if name not in ("news", "revisions")}
    return {
        "id": alert_id(message.site_uid, alert),
        "site": {"id": message.site, "name": message.site_name, "workspace": message.site_uid},
        "kind": alert.kind,
        "news": list(alert.content.get("news", [alert.kind])),
        "text": alert.text,
        "raised": alert.raised.isoformat() if alert.raised else None,
        **content,
    }
