"""Column types: moments in UTC, geometry as WKB, and long lists packed small."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import JSON, DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC; one without a time zone is refused, for nobody could say later when it was."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"{value!r} has no time zone; the record holds moments in UTC")
        utc = value.astimezone(dt.UTC)
        # SQLite keeps text without a zone; what is always UTC sorts and compares rightly there.
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Geometry(TypeDecorator[BaseGeometry]):
    """A shapely geometry in EPSG:4326 as well-known binary: exact, and no database needs an extension for it."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes(shapely.to_wkb(value))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> BaseGeometry | None:
        return None if value is None else shapely.from_wkb(value)


class Packed(TypeDecorator[dict[str, Any]]):
    """A JSON object, compressed: growth and phases are long lists of nearly equal numbers."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        return zlib.compress(json.dumps(value, allow_nan=False, separators=(",", ":")).encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None else dict(json.loads(zlib.decompress(value)))


PlainJson = JSON(none_as_null=True)
"""Readable JSON; a missing value is SQL's NULL, not JSON's."""
