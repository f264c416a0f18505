"""A structure as the values of a row, and back: nothing is rounded or lost on the way."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import shapely

from sitewatch.structure import (
    GrowthPoint,
    Interval,
    LengthPoint,
    Levels,
    Measure,
    PhasePoint,
    SingleImage,
    Structure,
)

Facts = dict[str, Any]
"""Values by column of the table `revision`."""

SIZES = ("area_m2", "length_m", "width_m")
_INTERVALS = ("onset", "completion")
_DAYS = ("preparation_first_seen", "first_raised", "confirmed_on")
_GEOMETRIES = ("footprint", "centreline")
OUTLINE = (*_GEOMETRIES, *(f"{name}{end}" for name in SIZES for end in ("", "_sd")), "orientation_deg")
"""Fields that go with the outline."""
DATES = tuple(f"{name}_{end}" for name in _INTERVALS for end in ("earliest", "latest"))
"""Fields of onset and completion."""
NAMES = (
    *("name", "kind", "kind_probability", "status", "reason", "rejected_as", "p_value", "detail"),
    *(*DATES, *_DAYS, *OUTLINE),
)
"""All fields."""


def to_facts(structure: Structure) -> Facts:
    """Values by column; NaN, which neither JSON nor SQL orders well, is None."""
    s = structure
    facts: Facts = {
        "name": s.id,
        "kind": s.kind,
        "kind_probability": _or_none(s.kind_probability),
        "status": s.status,
        "reason": s.reason,
        "rejected_as": s.rejected_as,
        "footprint": s.footprint,
        "centreline": s.centreline,
        "orientation_deg": s.orientation_deg,
        "p_value": _or_none(s.p_value),
        "detail": _detail(s),
    }
    for name in _INTERVALS:
        interval: Interval | None = getattr(s, name)
        facts[f"{name}_earliest"] = interval.earliest if interval else None
        facts[f"{name}_latest"] = interval.latest if interval else None
    for name in _DAYS:
        facts[name] = getattr(s, name)
    for name in SIZES:
        measure: Measure = getattr(s, name)
        facts[name], facts[f"{name}_sd"] = _or_none(measure.value), _or_none(measure.sd)
    return facts


def from_facts(facts: Mapping[str, Any], identifier: str) -> Structure:
    """The structure that `to_facts` took apart, under the name it is to have."""
    detail = facts["detail"]
    return Structure(
        id=identifier,
        kind=facts["kind"],
        kind_probability=_or_nan(facts["kind_probability"]),
        status=facts["status"],
        reason=facts["reason"],
        rejected_as=facts["rejected_as"],
        footprint=facts["footprint"],
        centreline=facts["centreline"],
        orientation_deg=facts["orientation_deg"],
        p_value=_or_nan(facts["p_value"]),
        growth=tuple(
            GrowthPoint(dt.date.fromisoformat(day), _or_nan(fraction), _or_nan(sd), track)
            for day, fraction, sd, track in detail["growth"]
        ),
        # Lengths are along the centreline; an outline drawn anew has none.
        length_growth=tuple(
            LengthPoint(dt.date.fromisoformat(day), _or_nan(length), _or_nan(sd))
            for day, length, sd in detail["length_growth"]
            if facts["centreline"] is not None
        ),
        phases=tuple(
            PhasePoint(dt.date.fromisoformat(day), phase, (a, b, c, d)) for day, phase, (a, b, c, d) in detail["phases"]
        ),
        levels=tuple(
            Levels(track, pol, _or_nan(before), _or_nan(after), *unit)
            for track, pol, before, after, *unit in detail["levels"]
        ),
        single_images=tuple(
            SingleImage(dt.date.fromisoformat(day), scene, track, _or_nan(ratio))
            for day, scene, track, ratio in detail["single_images"]
        ),
        scenes=tuple(detail["scenes"]),
        tracks=tuple(detail["tracks"]),
        onset=_interval(facts, "onset"),
        completion=_interval(facts, "completion"),
        preparation_first_seen=facts["preparation_first_seen"],
        first_raised=facts["first_raised"],
        confirmed_on=facts["confirmed_on"],
        area_m2=_measure(facts, "area_m2"),
        length_m=_measure(facts, "length_m"),
        width_m=_measure(facts, "width_m"),
    )


def to_plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON values, geometry as well-known binary in hexadecimal digits."""
    return {name: _to_plain(value) for name, value in facts.items()}


def from_plain(plain: Mapping[str, Any]) -> Facts:
    """What `to_plain` was given."""
    return {name: _from_plain(name, value) for name, value in plain.items()}


def to_json(structure: Structure) -> dict[str, Any]:
    """A structure as JSON values that lose nothing of it; its id stands as ``name``."""
    return to_plain(to_facts(structure))


def from_json(plain: Mapping[str, Any], identifier: str) -> Structure:
    """The structure that `to_json` took apart, under the name it is to have."""
    return from_facts(from_plain(plain), identifier)


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two structures agree in every field."""
    return to_plain({name: one[name] for name in NAMES}) == to_plain({name: other[name] for name in NAMES})


def _to_plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkb(value, hex=True)
    return value


def _from_plain(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _GEOMETRIES:
        return shapely.from_wkb(value)
    return dt.date.fromisoformat(value) if name in (*DATES, *_DAYS) else value


def _detail(s: Structure) -> dict[str, Any]:
    return {
        "growth": [[p.date.isoformat(), _or_none(p.fraction), _or_none(p.sd), p.track] for p in s.growth],
        "length_growth": [[p.date.isoformat(), _or_none(p.length_m), _or_none(p.length_m_sd)] for p in s.length_growth],
        "phases": [[p.date.isoformat(), p.phase, list(p.probabilities)] for p in s.phases],
        "levels": [
            [
                v.track,
                v.polarisation,
                _or_none(v.before_db),
                _or_none(v.after_db),
                *([] if v.unit == "dB" else [v.unit]),
            ]
            for v in s.levels
        ],
        "single_images": [[p.date.isoformat(), p.scene, p.track, _or_none(p.log_ratio)] for p in s.single_images],
        "scenes": list(s.scenes),
        "tracks": list(s.tracks),
    }


def _interval(facts: Mapping[str, Any], name: str) -> Interval | None:
    earliest, latest = facts[f"{name}_earliest"], facts[f"{name}_latest"]
    return None if earliest is None or latest is None else Interval(earliest, latest)


def _measure(facts: Mapping[str, Any], name: str) -> Measure:
    return Measure(_or_nan(facts[name]), _or_nan(facts[f"{name}_sd"]))


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
