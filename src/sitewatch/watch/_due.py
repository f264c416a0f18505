"""Who is told of an alert, and when. Pure: rules, alerts and the clock in, messages out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sitewatch.record import Alert, Delivery
from sitewatch.watch._rules import Digest, QuietHours, Rule

WAITS_S = (5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""Before the second attempt, the third and so on; after the last there is none, 46 hours after the first."""
STALE = dt.timedelta(days=3)
"""What nobody tried to tell for so long after it was due is not told any more: a new receiver gets no old news."""


@dataclasses.dataclass(frozen=True)
class Batch:
    """Alerts that go to one receiver in one message: one alert, or those of a digest or of quiet hours.

    Attributes
    ----------
    due
        Since when they are to be told.
    attempts
        How often that was tried.
    next_attempt
        When it is to be tried (again).
    """

    alerts: tuple[Alert, ...]
    due: dt.datetime
    attempts: int
    next_attempt: dt.datetime

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of its alerts."""
        return tuple(alert.key for alert in self.alerts)


def outstanding(
    alerts: Sequence[Alert],
    deliveries: Sequence[Delivery],
    rules: Sequence[Rule],
    *,
    channel: str,
    target: str,
    now: dt.datetime,
) -> tuple[Batch, ...]:
    """What one receiver is still to be told, oldest first; what was delivered, given up or has gone stale is not in it.

    The alerts of a message depend on when they were raised and on the rules only, not on when it is sent: a message
    that was sent but not noted is sent again as the same.

    Parameters
    ----------
    alerts, deliveries
        Of one site, as the record holds them.
    rules
        In force for the site.
    channel, target
        The receiver: the name of a channel, and the address in it.
    """
    tried: Mapping[str, list[Delivery]] = defaultdict(list)
    for one in deliveries:
        if (one.channel, one.target) == (channel, target):
            tried[one.alert].append(one)
    groups: dict[tuple[dt.datetime, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        if (due := due_at(alert, rules, channel)) is not None:
            groups[due, "" if due != alert.raised else alert.key].append(alert)
    batches = [_batch(due, group, tried, now) for (due, _), group in groups.items()]
    # What is due at the same moment keeps the order in which it was raised.
    return tuple(sorted((one for one in batches if one), key=lambda one: one.due))


def due_at(alert: Alert, rules: Sequence[Rule], channel: str) -> dt.datetime | None:
    """When a receiver is to be told: at once, at the end of quiet hours or with a digest; None for never."""
    raised = alert.raised
    if raised is None:
        return None
    moments = [_when(raised, rule) for rule in rules if _accepts(rule, alert, channel)]
    return min(moments, default=None)


def _batch(
    due: dt.datetime, group: Sequence[Alert], tried: Mapping[str, Sequence[Delivery]], now: dt.datetime
) -> Batch | None:
    left = tuple(alert for alert in group if not any(one.delivered for one in tried[alert.key]))
    if not left:
        return None
    attempts = sorted(one.at for one in tried[left[0].key])
    if len(attempts) > len(WAITS_S) or (not attempts and now - due > STALE):
        return None
    after = attempts[-1] + dt.timedelta(seconds=WAITS_S[len(attempts) - 1]) if attempts else due
    return Batch(left, due, len(attempts), max(after, due))


def _accepts(rule: Rule, alert: Alert, channel: str) -> bool:
    if rule.to is not None and channel not in rule.to:
        return False
    news = alert.content.get("news", [alert.kind])
    if not set(rule.kinds) & set(news):
        return False
    structure = alert.content.get("structure")
    if structure is None:
        return True
    if (structure["area_m2"] or 0.0) < rule.smallest_m2:
        return False
    before = alert.content.get("before") or {}
    # Whoever heard that it was confirmed is to hear that it no longer is.
    confirmed = "confirmed" in (structure["status"], before.get("status"))
    if rule.least_status == "confirmed" and not confirmed:
        return False
    p_value = structure["p_value"]
    return "withdrawn" in news or p_value is None or p_value <= rule.largest_p_value


def _when(raised: dt.datetime, rule: Rule) -> dt.datetime:
    zone = zoneinfo.ZoneInfo(rule.timezone)
    at = raised if rule.digest is None else _next(raised, rule.digest, zone)
    return at if rule.quiet_hours is None else _after_quiet(at, rule.quiet_hours, zone)


def _next(moment: dt.datetime, digest: Digest, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The first time of a digest at or after a moment."""
    day = moment.astimezone(zone).date()
    for ahead in range(9):
        candidate = day + dt.timedelta(days=ahead)
        at = dt.datetime.combine(candidate, digest.at, zone).astimezone(dt.UTC)
        if at >= moment and digest.weekday in (None, candidate.weekday()):
            return at
    raise AssertionError("every week has every weekday")


def _after_quiet(moment: dt.datetime, quiet: QuietHours, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The moment itself, or the end of the quiet hours that it falls into."""
    local = moment.astimezone(zone)
    clock = local.time()
    overnight = quiet.begin > quiet.end
    inside = (clock >= quiet.begin or clock < quiet.end) if overnight else quiet.begin <= clock < quiet.end
    if not inside:
        return moment
    day = local.date() + dt.timedelta(days=1 if overnight and clock >= quiet.begin else 0)
    return dt.datetime.combine(day, quiet.end, zone).astimezone(dt.UTC)
