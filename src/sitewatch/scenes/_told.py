"""Typed access to a product's metadata: what is missing or of the wrong kind is an error about the file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from sitewatch.scenes._hints import POLARISATIONS
from sitewatch.scenes._raster import scene_error


@dataclasses.dataclass(frozen=True)
class Told:
    """The fields of a product; names with dots lead into objects, and several names are tried in turn."""

    fields: Mapping[str, Any]
    href: str

    def first(self, *names: str) -> Any:
        """The first of these fields that says something; None where none does."""
        for name in names:
            value = self.fields.get(name, _inside(self.fields, name))
            if value is not None and value != "" and value != []:
                return value
        return None

    def required(self, *names: str) -> Any:
        """As `first`, but silence is an error."""
        value = self.first(*names)
        if value is None:
            raise scene_error(
                self.href,
                f"its metadata lack {names[0]}",
                "Put the metadata file delivered with it (.json or .xml) beside it, or ask its provider.",
            )
        return value

    def text(self, *names: str, default: str | None = None) -> str:
        """A text; `default` where it is silent."""
        value = self.required(*names) if default is None else self.first(*names)
        return (default or "") if value is None else str(value)

    def number(self, *names: str) -> float:
        """A number."""
        return self._number(self.required(*names), names[0])

    def maybe_number(self, *names: str) -> float | None:
        """A number, or None."""
        value = self.first(*names)
        return None if value is None else self._number(value, names[0])

    def maybe_count(self, *names: str) -> int | None:
        """A whole number, or None."""
        value = self.maybe_number(*names)
        return None if value is None else round(value)

    def time(self, *names: str) -> dt.datetime:
        """A time, UTC."""
        return utc(str(self.required(*names)), self.href)

    def maybe_time(self, *names: str) -> dt.datetime | None:
        """A time, UTC, or None."""
        value = self.first(*names)
        return None if value is None else utc(str(value), self.href)

    def polarisation(self, *names: str) -> str:
        """One of VV, VH, HH, HV, also where it stands alone in a list."""
        return polarisation_of(self.required(*names), self.href)

    def _number(self, value: Any, name: str) -> float:
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise scene_error(self.href, f"its {name} is no number ({value!r})") from error


def utc(text: str, href: str) -> dt.datetime:
    """An ISO 8601 date and time as UTC, which it is where it names no zone."""
    written = text.strip().upper()
    try:
        # A date alone is no time.
        at = dt.datetime.fromisoformat(written) if re.search("[T ]", written) else None
    except ValueError:
        at = None
    if at is None:
        raise scene_error(href, f"its time {text!r} is not an ISO 8601 date and time")
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)


def polarisation_of(value: Any, href: str) -> str:
    """One of VV, VH, HH, HV, also where it stands alone in a list."""
    listed = [str(v).upper() for v in (value if isinstance(value, list | tuple) else [value])]
    if len(listed) != 1 or listed[0] not in POLARISATIONS:
        raise scene_error(href, f"its polarisation {', '.join(listed)} is not one of VV, VH, HH, HV")
    return listed[0]


def _inside(fields: Mapping[str, Any], name: str) -> Any:
    value: Any = fields
    for part in name.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            return None
    return value
