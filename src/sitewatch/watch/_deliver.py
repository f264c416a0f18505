"""Tell receivers what they are still to be told, and note in the record how each attempt went."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from sitewatch.errors import RefusedError, SitewatchError
from sitewatch.record import Record, Workspace, add_delivery, list_alerts, list_deliveries, transaction
from sitewatch.watch._clock import Clock
from sitewatch.watch._due import Batch, outstanding
from sitewatch.watch._feed import FeedChannel
from sitewatch.watch._lines import LinesChannel
from sitewatch.watch._mail import EmailChannel
from sitewatch.watch._message import Channel, Message
from sitewatch.watch._rules import Rule, WatchRules
from sitewatch.watch._webhook import WebhookChannel, secret_of


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One attempt to tell somebody: what, whom, and how it went."""

    channel: str
    target: str
    alerts: tuple[str, ...]
    delivered: bool
    detail: str


@dataclasses.dataclass(frozen=True)
class Told:
    """What an errand to all receivers of a site came to.

    Attributes
    ----------
    next_attempt
        When something is to be told (again), None where nothing is left.
    """

    attempts: tuple[Attempt, ...] = ()
    next_attempt: dt.datetime | None = None


def channels_of(rules: WatchRules) -> tuple[Channel, ...]:
    """The receivers that rules name.

    Raises
    ------
    WatchError
        If a webhook has no secret.
    """
    for webhook in rules.webhook:
        secret_of(webhook)
    return (
        *(WebhookChannel(one) for one in rules.webhook),
        *(EmailChannel(one) for one in rules.email),
        *(FeedChannel(one) for one in rules.feed),
        *(LinesChannel(one) for one in rules.file),
    )


def deliver(
    workspace: Workspace,
    record: Record,
    rules: Sequence[Rule],
    channels: Sequence[Channel],
    clock: Clock,
    *,
    patience_s: float = 0.0,
) -> Told:
    """Tell every receiver what is due, and again what failed, as long as that is due within `patience_s`.

    Each attempt is noted when it has ended. One that was cut short between the two is made again, with the same id, by
    which the receiver can tell.
    """
    until = clock.now() + dt.timedelta(seconds=patience_s)
    attempts: list[Attempt] = []
    while True:
        moments: list[dt.datetime] = []
        for channel in channels:
            for target in channel.targets:
                done, following = _tell(workspace, record, rules, channel, target, clock)
                attempts += done
                moments += following
        following_one = min(moments, default=None)
        if following_one is None or following_one > until:
            return Told(tuple(attempts), following_one)
        clock.sleep(max((following_one - clock.now()).total_seconds(), 0.0))


def _tell(
    workspace: Workspace, record: Record, rules: Sequence[Rule], channel: Channel, target: str, clock: Clock
) -> tuple[list[Attempt], list[dt.datetime]]:
    """Tell one receiver what is due; gives the attempts made, and when there is to be another."""
    alerts, deliveries = list_alerts(record, workspace.uid), list_deliveries(record, workspace.uid)
    attempts: list[Attempt] = []
    unreachable = ""
    for batch in outstanding(alerts, deliveries, rules, channel=channel.name, target=target, now=clock.now()):
        if batch.next_attempt > clock.now():
            continue
        if unreachable:
            # Asking again a moment later is of no use, and would keep the other receivers waiting.
            attempt = Attempt(channel.name, target, batch.keys, False, f"not tried: {unreachable}")
        else:
            attempt, reached = _attempt(workspace, batch, channel, target)
            unreachable = "" if reached else attempt.detail
        _note(record, workspace, attempt, clock.now())
        attempts.append(attempt)
    deliveries = list_deliveries(record, workspace.uid)
    left = outstanding(alerts, deliveries, rules, channel=channel.name, target=target, now=clock.now())
    return attempts, [batch.next_attempt for batch in left]


def _note(record: Record, workspace: Workspace, attempt: Attempt, at: dt.datetime) -> None:
    with transaction(record):
        for key in attempt.alerts:
            add_delivery(
                record, workspace.uid, key, channel=attempt.channel, target=attempt.target,
                delivered=attempt.delivered, detail=attempt.detail, at=at,
            )  # fmt: skip


def _attempt(workspace: Workspace, batch: Batch, channel: Channel, target: str) -> tuple[Attempt, bool]:
    """Try once; gives how it went, and whether the receiver can be reached at all."""
    keys = batch.keys
    message = Message(workspace.uid, workspace.site.id, workspace.site.name, batch.alerts)
    try:
        return Attempt(channel.name, target, keys, True, channel.send(message, target)), True
    except RefusedError as error:
        return Attempt(channel.name, target, keys, False, error.message), True
    except SitewatchError as error:
        return Attempt(channel.name, target, keys, False, error.message), False
    except Exception as error:
        # Whatever one receiver's answer brings about, the others are to be told.
        return Attempt(channel.name, target, keys, False, f"{type(error).__name__}: {error}"), False
