"""What sitewatch found, as site and region models of IARPA SMART.

A structure becomes a site, each of its images that has a phase an observation. The format knows no radar: `sensor_name`
is null and the track, the fraction built and the chances of the phases stand in each observation's ``cache``. Models of
kind ``proposed`` may only bear the three-letter code of a team of the programme; under any other name sites are
written as an ``update`` and their region as ``empty``.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import shapely

from sitewatch.errors import ExportError
from sitewatch.exports._mgrs import mgrs_square
from sitewatch.exports._smart import SmartObservation, SmartRegion, SmartSite, joined, write_smart
from sitewatch.site import Site
from sitewatch.structures import GrowthPoint, Interval, PhasePoint, Structure

VERSION = "0.1.0"  # of the models, not of the format: it must be three numbers
NOWHERE = "XX_R001"
ORIGINATOR = "sitewatch"
TEAMS = ("acc", "ara", "ast", "bla", "iai", "kit", "str")
_REGION = re.compile(r"[A-Z]{2}_([RST]\d{3}|C[0-7]\d{2})")
_STATUS = {"confirmed": "system_confirmed", "candidate": "system_proposed", "rejected": "system_rejected"}
_BEGUN = ("Site Preparation", "Active Construction", "Post Construction")

Sources = Mapping[str, Mapping[dt.date, str]]


def smart_site(
    structure: Structure,
    site_id: str,
    *,
    originator: str = ORIGINATOR,
    sources: Mapping[dt.date, str] | None = None,
) -> SmartSite:
    """A structure as a site model.

    Parameters
    ----------
    structure
        With or without phases; without, it is observed once, when it was first seen.
    site_id
        Such as ``KP_R001_0007``.
    originator
        Who says it.
    sources
        Ids of the images by their days.

    Raises
    ------
    ExportError
        It has no date at all, so that nothing can be said to have been observed.
    """
    observations = _observations(structure, sources or {})
    if not observations:
        raise ExportError(
            f"{structure.id} has no date, and a SMART model needs one", hint="Leave it out of the models."
        )
    outline = _single(structure.footprint)
    begun = _first(structure.phases, _BEGUN[:2]) or (structure.onset.latest if structure.onset else None)
    ended = _first(structure.phases, _BEGUN[2:]) or (structure.completion.latest if structure.completion else None)
    properties = {
        "type": "site",
        "region_id": site_id.rpartition("_")[0],
        "site_id": site_id,
        "version": VERSION,
        "status": _STATUS[structure.status],
        "mgrs": mgrs_square(*_middle(outline)),
        "score": _score(structure),
        "start_date": _iso(begun),
        "end_date": _iso(ended),
        "model_content": "proposed" if originator in TEAMS else "update",
        "originator": originator,
        "cache": {
            "id": structure.id,
            "kind": structure.kind,
            "onset": _span(structure.onset),
            "completion": _span(structure.completion),
            "area_m2": _finite(structure.area_m2.value, 1),
            "p_value": _finite(structure.p_value, 18),
        },
    }
    return SmartSite(properties, outline, observations)


def smart_region(
    site: Site, sites: Sequence[SmartSite], region_id: str, *, originator: str = ORIGINATOR
) -> SmartRegion:
    """The place under watch as a region model that lists `sites`, from their first to their last observation."""
    days = [o.date for one in sites for o in one.observations if o.date]
    if not days:
        raise ExportError("there is no dated structure to write", hint="Update the workspace first.")
    outline = _single(site.area)
    properties = {
        "type": "region",
        "region_id": region_id,
        "version": VERSION,
        "mgrs": mgrs_square(*_middle(outline)),
        "start_date": min(days).isoformat(),
        "end_date": max(days).isoformat(),
        "originator": originator,
        "model_content": "proposed" if originator in TEAMS else "empty",
        "comments": site.name,
    }
    return SmartRegion(properties, outline, tuple(_summary(one) for one in sites))


def write_smart_models(
    folder: str | Path,
    site: Site,
    structures: Sequence[Structure],
    *,
    region_id: str = NOWHERE,
    originator: str = ORIGINATOR,
    sources: Sources | None = None,
) -> tuple[Path, ...]:
    """Write a region model and a site model of each dated structure, as ``region_models/`` and ``site_models/``.

    Parameters
    ----------
    folder
        Made where it is not there. Models of the same region that are in it go, so that it holds this result alone.
    region_id
        Country, an underscore, R, S or T and three digits (or C and three): ``KP_R001``. ``XX`` is no country.
    originator
        Who says it; with the code of a team of the programme (see `TEAMS`) the models are ``proposed``.
    sources
        By name of the structure, ids of the images by their days.

    Returns
    -------
    tuple
        The files, the region first.

    Raises
    ------
    ExportError
        `region_id` is no such name, no structure has a date, or there are more than the format has numbers for.
    """
    if not _REGION.fullmatch(region_id):
        raise ExportError(f"{region_id!r} is not the name of a SMART region", hint="Names look like KP_R001.")
    folder = Path(folder)
    dated = [one for one in structures if one.phases or one.onset or one.growth]
    ids = _numbers(dated)
    models = [
        smart_site(one, f"{region_id}_{ids[one.id]:04d}", originator=originator, sources=(sources or {}).get(one.id))
        for one in dated
    ]
    region = smart_region(site, models, region_id, originator=originator)
    written = [write_smart(folder / "region_models" / f"{region_id}.geojson", region)]
    written += [write_smart(folder / "site_models" / f"{model.id}.geojson", model) for model in models]
    for old in (folder / "site_models").glob(f"{region_id}_*.geojson"):
        if old not in written:
            old.unlink()
    return tuple(written)


def _observations(structure: Structure, sources: Mapping[dt.date, str]) -> tuple[SmartObservation, ...]:
    growth: dict[dt.date, GrowthPoint] = {point.date: point for point in structure.growth}
    points: list[tuple[dt.date, PhasePoint | None]] = [(point.date, point) for point in structure.phases]
    if not points:
        seen = structure.onset.latest if structure.onset else max(growth, default=None)
        points = [(seen, None)] if seen else []
    return tuple(
        _observation(structure, day, point, growth.get(day), sources.get(day))
        for day, point in sorted(points, key=operator.itemgetter(0))
    )


def _observation(
    structure: Structure, day: dt.date, phase: PhasePoint | None, built: GrowthPoint | None, source: str | None
) -> SmartObservation:
    parts = len(shapely.get_parts(structure.footprint))
    cache: dict[str, object] = {}
    if built is not None:
        cache |= {"track": built.track, "fraction": _finite(built.fraction, 4), "fraction_sd": _finite(built.sd, 4)}
    if phase is not None:
        cache["probabilities"] = [round(chance, 4) for chance in phase.probabilities]
    properties = {
        "observation_date": day.isoformat(),
        "source": source,
        "sensor_name": None,
        "type": "observation",
        "current_phase": joined([phase.phase] * parts) if phase else None,
        "is_occluded": joined(["False"] * parts),
        "is_site_boundary": joined(["True"] * parts),
        "score": 1.0 if phase is None else round(max(phase.probabilities), 4),
        "cache": cache,
    }
    outline = shapely.MultiPolygon(list(shapely.get_parts(shapely.force_2d(structure.footprint))))
    return SmartObservation(properties, outline)


def _summary(model: SmartSite) -> SmartSite:
    kept = ("status", "version", "site_id", "mgrs", "start_date", "end_date", "score", "originator", "model_content")
    properties = {"type": "site_summary", **{key: model.properties[key] for key in kept}}
    return SmartSite(properties, model.geometry)


def _numbers(structures: Sequence[Structure]) -> dict[str, int]:
    """The numbers of the names (``SW-0007``: 7) where each has its own; else they are counted."""
    ends = {one.id: int(found[0]) for one in structures if (found := re.search(r"\d{1,9}$", one.id))}
    clear = len(ends) == len(structures) == len(set(ends.values()))
    numbers = (
        ends if clear and max(ends.values(), default=0) <= 9999 else {s.id: i for i, s in enumerate(structures, 1)}
    )
    if len(structures) > 9999:
        raise ExportError(f"there are {len(structures)} structures, and a SMART region has 9999 at most")
    return numbers


def _single(area: shapely.Polygon | shapely.MultiPolygon) -> shapely.Polygon:
    """One polygon, as the format wants it: of several parts their hull."""
    flat = shapely.force_2d(area)
    return flat if isinstance(flat, shapely.Polygon) else shapely.convex_hull(flat)  # type: ignore[return-value]


def _middle(outline: shapely.Polygon) -> tuple[float, float]:
    return outline.centroid.x, outline.centroid.y


def _score(structure: Structure) -> float:
    """Confidence of the format, 0 to 1: the chance that it is no noise, and nothing for what is rejected."""
    if structure.status == "rejected" or not math.isfinite(structure.p_value):
        return 0.0
    return round(min(max(1.0 - structure.p_value, 0.0), 1.0), 6)


def _finite(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _first(points: Sequence[PhasePoint], phases: Sequence[str]) -> dt.date | None:
    return min((point.date for point in points if point.phase in phases), default=None)


def _span(interval: Interval | None) -> list[str] | None:
    return None if interval is None else [interval.earliest.isoformat(), interval.latest.isoformat()]


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
