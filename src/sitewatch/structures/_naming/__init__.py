"""Names for what is not construction, each with what in the images says so.

One small function a phenomenon (`_sea`, `_land`, `_beside`, `_ghost`), asked in an order that puts the surer sign
first. A name turns a candidate down only where the phenomenon shows by itself (`SEA_SIGNS`, `LAND_SIGNS`); for what was
rejected already a milder sign will do (`MILD_LAND_SIGNS`). What is confirmed is left to the grade, but for what lies
beside a larger structure and for ghosts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import xarray as xr

from sitewatch.structures._find_one import Found
from sitewatch.structures._naming._across import vessel_elsewhere
from sitewatch.structures._naming._beside import beside
from sitewatch.structures._naming._facts import Facts, facts_as_afloat, facts_of
from sitewatch.structures._naming._ghost import ambiguity
from sitewatch.structures._naming._land import crop, felled_trees, short_crop, vegetation, wet_soil
from sitewatch.structures._naming._sea import open_water, tidal_flat, vessel, waves
from sitewatch.structures._naming._track import heading_of
from sitewatch.structures._naming._verdict import Verdict

__all__ = ["name_all", "name_one", "vessel_elsewhere"]

Sign = Callable[[Found, Facts], Verdict | None]
# Share of water from which on what was rejected on land may have been a vessel at its quay.
BESIDE_WATER_SHARE = 0.3
SEA_SIGNS: tuple[Sign, ...] = (tidal_flat, waves, vessel, open_water)
LAND_SIGNS: tuple[Sign, ...] = (crop,)
MILD_LAND_SIGNS: tuple[Sign, ...] = (felled_trees, vegetation, short_crop, wet_soil)


def name_all(found: Sequence[Found], stack: xr.Dataset) -> list[Found]:
    """Findings of one track, those that are not construction rejected and named."""
    heading = heading_of(stack)
    out = []
    for one in found:
        verdict = beside(one, found, heading) or ambiguity(one, found, heading)
        out.append(name_one(one) if verdict is None else _rejected(one, verdict))
    return out


def name_one(found: Found) -> Found:
    """One finding, rejected and named by what it does itself; a confirmed one is left alone."""
    status = found.grade.status
    if status == "confirmed":
        return found
    facts = facts_of(found)
    signs = SEA_SIGNS if facts.at_sea else LAND_SIGNS
    verdict = _first(signs, found, facts)
    if verdict is None and status == "rejected":
        if not facts.at_sea and found.character.water_share >= BESIDE_WATER_SHARE:
            verdict = vessel(found, facts_as_afloat(found))
        if verdict is None and not facts.at_sea:
            verdict = _first(MILD_LAND_SIGNS, found, facts)
        verdict = verdict or _unexplained(found)
    return found if verdict is None else _rejected(found, verdict)


def _first(signs: Sequence[Sign], found: Found, facts: Facts) -> Verdict | None:
    return next((verdict for sign in signs if (verdict := sign(found, facts)) is not None), None)


def _unexplained(found: Found) -> Verdict:
    """What was rejected and shows none of the signs keeps the grade's reason."""
    reason = found.grade.reason
    if found.grade.kind == "ship":
        return Verdict("ship_moored", reason)
    return Verdict("noise" if "noise" in reason else "transient", reason)


def _rejected(found: Found, verdict: Verdict) -> Found:
    grade = dataclasses.replace(
        found.grade,
        status="rejected",
        reason=verdict.reason,
        rejected_as=verdict.name,
        kind=KINDS.get(verdict.name, found.grade.kind),
    )
    return dataclasses.replace(found, grade=grade)


KINDS = {
    "ship_moored": "ship",
    "tidal_flat": "tidal flat",
    "crop": "crop",
    "vegetation": "vegetation",
    "felled_trees": "felling",
    "cleared_ground": "clearing",
    "wet_soil": "wet soil",
    "waves": "waves",
    "ambiguity": "ambiguity",
    "layover": "layover",
    "shadow": "shadow",
    "sidelobe": "sidelobe",
}
