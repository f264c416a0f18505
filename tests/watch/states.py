"""States of a record for tests of the watch: revisions made by hand, and a record filled as runs fill it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from acquaintances import DAYS, box, structure
from sitewatch.record import Alert, Delivery, Revision
from sitewatch.structures import Interval, PhasePoint, Structure

NOW = dt.datetime(2025, 7, 9, 10, 0, tzinfo=dt.UTC)


def pier(**changes: Any) -> Structure:
    return structure("SW-0001", box(0, 0), **changes)


def said(one: Structure, number: int = 1, **changes: Any) -> Revision:
    revision = Revision(one.id, number, NOW, "sitewatch", "run 1", one, one, run=1)
    return dataclasses.replace(revision, **changes)


def in_phase(phase: Any) -> tuple[PhasePoint, ...]:
    return (PhasePoint(DAYS[3], phase, (0.0, 0.0, 0.0, 1.0)),)


def finished(first: int, last: int) -> Interval:
    return Interval(DAYS[first], DAYS[last])


def alert(key: str, raised: dt.datetime = NOW, kind: str = "confirmed", **content: Any) -> Alert:
    facts = {"area_m2": 5400.0, "status": "confirmed", "p_value": 1e-9, "geometry": {"coordinates": []}}
    told = {"news": [kind], "structure": facts, "before": None, "revisions": 1, **content}
    return Alert(key, kind, f"{key}.", "SW-0001", raised, told)


def attempt(key: str, at: dt.datetime, delivered: bool, number: int = 1) -> Delivery:
    return Delivery(key, "desk", "there", number, at, delivered)
