"""Lengths of time, times of day and time zones as people write them in the file of a watch."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(value: object) -> object:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", value.strip()) if isinstance(value, str) else None
    if isinstance(value, dt.timedelta):
        return value
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{value!r} is no length of time; write 90s, 15m, 6h, 30d or 2w")
    return dt.timedelta(**{_UNITS[match[2]]: float(match[1])})


def _clock(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value.strip()):
        return dt.time.fromisoformat(value.strip())
    if isinstance(value, dt.time):
        return value
    raise ValueError(f"{value!r} is no time of day; write 07:00")


def _known_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone; write UTC or a name such as Asia/Seoul") from error
    return name


Duration = Annotated[dt.timedelta, BeforeValidator(_duration)]
Clock = Annotated[dt.time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_known_zone)]
