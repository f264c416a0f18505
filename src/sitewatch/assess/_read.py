"""The places and links of a site file."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from sitewatch.assess._limits import DIMENSIONS, UNLIMITED, Limits
from sitewatch.assess._nouns import MODES, Link, Place
from sitewatch.errors import SiteError
from sitewatch.site import Site, SiteFeature
from sitewatch.structure import Interval

UNLIMITED_WORD = "unlimited"


def read_places(site: Site) -> tuple[Place, ...]:
    """The facilities of a site as places of its network.

    Raises
    ------
    SiteError
        A value can't be understood, or two facilities share an id.
    """
    places = []
    for feature in site.facilities:
        told = feature.properties.get("transfer")
        where = f"the facility {label_of(feature)}"
        if told == UNLIMITED_WORD:
            transfer = UNLIMITED
        elif told is None or isinstance(told, Mapping):
            transfer = _limits(told or {}, where)
        else:
            raise SiteError(
                f"{where} has the transfer {told!r}", hint='Write limits such as {"mass_t": 100}, or "unlimited".'
            )
        places.append(
            Place(
                feature.id or feature.name,
                feature.name or feature.id,
                _flag(feature, "outside", where),
                transfer,
                _text(feature, "source"),
            )
        )
    ids = [place.id for place in places if place.id]
    for one in ids:
        if ids.count(one) > 1:
            raise SiteError(f"two facilities share the id {one!r}", hint="Give each facility an id of its own.")
    return tuple(place for place in places if place.id)


def read_links(site: Site, places: Mapping[str, Place]) -> tuple[list[tuple[Link, SiteFeature]], list[str]]:
    """The links of a site that join two of its places; `Link.opening` is as the file has it.

    Returns
    -------
    links
        Each with its feature.
    notes
        Why others are left out: files of before there were networks draw links and say no more.

    Raises
    ------
    SiteError
        A value can't be understood.
    """
    links, notes = [], []
    for number, feature in enumerate(site.links, start=1):
        name = label_of(feature) or f"link {number}"
        where = f"the link {name}"
        mode, ends = feature.properties.get("mode"), [feature.properties.get(end) for end in ("from", "to")]
        if mode is None or None in ends:
            notes.append(f"{name} is left out of the network: the site file doesn't give its mode, from and to.")
            continue
        if mode not in MODES:
            raise SiteError(f"{where} has the mode {mode!r}", hint=f"Modes are {', '.join(MODES)}.")
        found = [_place(str(end), places, where) for end in ends]
        depends_on = feature.properties.get("depends_on")
        if depends_on is not None and not (isinstance(depends_on, str) and depends_on):
            raise SiteError(f"{where} depends on {depends_on!r}", hint="Name one structure, such as SW-0001.")
        link = Link(
            feature.id or f"{name} ({number})",
            name,
            mode,
            found[0],
            found[1],
            _limits(feature.properties, where),
            depends_on,
            one_way=_flag(feature, "one_way", where),
            berth_length_m=_number(feature.properties, "berth_length_m", where),
            berth_depth_m=_number(feature.properties, "berth_depth_m", where),
            source=_text(feature, "source"),
        )
        links.append((link, feature))
    ids = [link.id for link, _ in links]
    if len(set(ids)) < len(ids):
        raise SiteError("two links share an id", hint="Give each link an id of its own.")
    return links, notes


def read_interval(feature: SiteFeature, name: str) -> Interval | None:
    """A date, or [last day without, first day with], of a feature."""
    value = feature.properties.get(name)
    if value is None:
        return None
    days = value if isinstance(value, list | tuple) else [value, value]
    try:
        first, last = (dt.date.fromisoformat(str(day)) for day in days)
    except ValueError as error:
        raise SiteError(
            f"{label_of(feature)} has {name} {value!r}", hint='Write "YYYY-MM-DD", or two of them in a list.'
        ) from error
    if last < first:
        raise SiteError(f"{label_of(feature)} has {name} {value!r}, which runs backwards")
    return Interval(first, last)


def label_of(feature: SiteFeature) -> str:
    """Its name, or else its id."""
    return feature.name or feature.id


def _place(end: str, places: Mapping[str, Place], where: str) -> str:
    if end in places:
        return end
    named = [place.id for place in places.values() if place.name == end]
    if len(named) != 1:
        what = "is the name of several facilities" if named else "is no facility of the site file"
        raise SiteError(
            f"{where} ends at {end!r}, which {what}",
            hint='Add it with role "facility" and an id of its own; "outside": true if loads come from there.',
        )
    return named[0]


def _limits(properties: Mapping[str, Any], where: str) -> Limits:
    return Limits(**{name: _number(properties, name, where) for name in DIMENSIONS})


def _number(properties: Mapping[str, Any], name: str, where: str) -> float | None:
    value = properties.get(name)
    if value is None:
        return None
    if value == UNLIMITED_WORD:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        raise SiteError(
            f"{where} has {name} {value!r}", hint='Write a number from 0 on, null (not known) or "unlimited".'
        )
    return float(value)


def _flag(feature: SiteFeature, name: str, where: str) -> bool:
    value = feature.properties.get(name, False)
    if not isinstance(value, bool):
        raise SiteError(f"{where} has {name} {value!r}", hint="Write true or false.")
    return value


def _text(feature: SiteFeature, name: str) -> str:
    return str(feature.properties.get(name) or "")
