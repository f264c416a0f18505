"""What one source (the user, a STAC item, tags, a file name) tells of a scene, and how such tellings join."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import shapely

from sitewatch.scenes._hints import POLARISATIONS, Hints, parse_track
from sitewatch.scenes._scene import Quantity, Scale, Track


@dataclasses.dataclass(frozen=True)
class Moment:
    """An acquisition time, UTC; midday where only the date is known."""

    at: dt.datetime
    time_known: bool = True

    @classmethod
    def of_date(cls, date: dt.date) -> Moment:
        """A date whose time of day is unknown."""
        return cls(dt.datetime.combine(date, dt.time(12), dt.UTC), time_known=False)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What one source tells; None where it is silent."""

    moment: Moment | None = None
    platform: str | None = None
    constellation: str | None = None
    mode: str | None = None
    relative_orbit: int | None = None
    orbit_state: str | None = None
    look_direction: str | None = None
    polarisations: tuple[str, ...] | None = None
    quantity: Quantity | None = None
    unit: Scale | None = None
    enl: float | None = None
    incidence_angle_deg: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def track(self) -> Track:
        """The viewing geometry as far as told."""
        return Track(
            self.constellation or "unknown",
            self.mode or "",
            self.relative_orbit or 0,
            self.orbit_state or "",
            self.look_direction or "",
        )


def join_facts(*sources: Facts) -> Facts:
    """Take each fact from the first source that tells it; a date without a time is completed by a later source's."""
    joined: dict[str, Any] = {}
    for field in dataclasses.fields(Facts):
        told = [value for value in (getattr(s, field.name) for s in sources) if value is not None]
        joined[field.name] = told[0] if told else None
    joined["notes"] = tuple(dict.fromkeys(note for s in sources for note in s.notes))
    moments = [s.moment for s in sources if s.moment is not None]
    if moments and not moments[0].time_known:
        same_day = [m for m in moments if m.time_known and m.at.date() == moments[0].at.date()]
        joined["moment"] = (same_day or moments)[0]
    if joined["constellation"] is None and joined["platform"]:
        joined["constellation"] = constellation_of(joined["platform"])
    if joined["constellation"] == "sentinel-1" and joined["look_direction"] is None:
        joined["look_direction"] = "right"  # the only side Sentinel-1 looks to
    return Facts(**joined)


def hinted(hints: Hints) -> Facts:
    """What the user tells (date patterns apart, which need a name)."""
    facts = Facts(polarisations=hints.polarisations or None, quantity=hints.quantity, unit=hints.units)
    if hints.track is None:
        return facts
    track = parse_track(hints.track)
    return dataclasses.replace(
        facts,
        constellation=track.constellation,
        mode=track.mode or None,
        relative_orbit=track.relative_orbit or None,
        orbit_state=track.orbit_state or None,
        look_direction=track.look_direction or None,
    )


def time_in_name(text: str) -> dt.datetime:
    """A time, UTC, as products' names write it: ``20221204T161641``, with or without a Z."""
    return dt.datetime.strptime(text.upper().removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)


def platform_named(text: str) -> str:
    """Platform as STAC writes it: ``sentinel-1a`` for ``S1A`` or ``SENTINEL-1A``."""
    name = re.sub(r"[\s_]+", "-", text.strip().lower())
    short = re.fullmatch(r"(?:s|sentinel-?)1-?([a-d])?", name)
    return f"sentinel-1{short[1] or ''}" if short else name


def constellation_of(platform: str) -> str:
    """Constellation of a platform: ``sentinel-1`` for ``sentinel-1a``, ``iceye`` for ``iceye-x7``."""
    name = platform_named(platform)
    family = re.match(r"sentinel-1|iceye|capella|umbra|radarsat|cosmo-skymed|terrasar-x|tandem-x|alos", name)
    return family[0] if family else name


def sentinel_1_relative_orbit(platform: str, absolute_orbit: int, date: dt.date) -> int | None:
    """Relative orbit of a Sentinel-1 absolute orbit; None where the relation is not known.

    The satellites repeat 175 orbits; each has its offset. Sentinel-1C moved to another slot in June 2026, after which
    its offset is left open.
    """
    offsets = {"sentinel-1a": 73, "sentinel-1b": 27, "sentinel-1c": 172, "sentinel-1d": 42}
    if platform not in offsets or (platform == "sentinel-1c" and date >= dt.date(2026, 6, 1)):
        return None
    return (absolute_orbit - offsets[platform]) % 175 + 1


def local_orbit_state(start: dt.datetime, footprint: shapely.Polygon) -> str | None:
    """Whether Sentinel-1 flew north or south, by local solar time: it crosses the equator at 6 and 18 hours.

    None near the poles, where both directions pass at any hour.
    """
    centre = footprint.centroid
    if abs(centre.y) > 65:
        return None
    hour = (start.hour + start.minute / 60 + centre.x / 15) % 24
    return "ascending" if 12 <= hour < 24 else "descending"


def orbit_state_told(text: str) -> str | None:
    """``ascending`` or ``descending`` from the ways products write it."""
    lower = text.strip().lower()
    if lower in ("a", "d"):
        return "ascending" if lower == "a" else "descending"
    if found := re.search(r"\b(asc|desc|dsc)", lower):
        return "ascending" if found[1] == "asc" else "descending"
    return None


def quantity_told(text: str) -> Quantity | None:
    """Backscatter quantity that a text names."""
    found = re.search(r"(gamma|sigma|beta)[\s_-]*(?:0|nought|naught|zero|(?=[\s_-]|$))", text.lower())
    if found is None:
        return None
    names: dict[str, Quantity] = {"gamma": "gamma0", "sigma": "sigma0", "beta": "beta0"}
    return names[found[1]]


def unit_told(text: str) -> Scale | None:
    """Pixel unit that a text names; None where it names none, or two."""
    lower = text.strip().lower()
    told: set[Scale] = set()
    if re.search(r"(?<![a-z])(db|decibels?)(?![a-z])", lower):
        told.add("dB")
    if re.search(r"linear|power|intensity", lower) or lower == "1":
        told.add("linear")
    if re.search(r"amplitude", lower):
        told.add("amplitude")
    return told.pop() if len(told) == 1 else None


def filter_told(text: str) -> str | None:
    """Speckle filter that a text says was applied: its name, ``unnamed``, or None."""
    lower = text.lower()
    if re.search(r"\b(no|not|non|without|un)[- ]?(speckle[- ]?)?filter|\bno[nt]?[- ]speckle|not despeckled", lower):
        return None
    named = re.search(r"\b((?:refined |enhanced )?lee|frost|gamma[- ]map|boxcar)\b[- ](?:sigma[- ])?filter", lower)
    if named:
        return named[1].title()
    return "unnamed" if re.search(r"speckle[- ]filter|despeckled", lower) else None


def polarisations_told(text: str) -> tuple[str, ...]:
    """Polarisations that stand as words in a text, in order, each once."""
    found = re.findall(rf"(?<![A-Za-z0-9])({'|'.join(POLARISATIONS)})(?![A-Za-z0-9])", text.upper())
    return tuple(dict.fromkeys(found))
