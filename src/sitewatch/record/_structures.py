"""structures.geojson: what was found, as RFC 7946 GeoJSON that other tools can score, style and join."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sitewatch.atomic import write_json
from sitewatch.structure import LEAST_P, PHASES, Interval, Measure, PhasePoint, Structure

_DECIMALS = 8  # of a degree: about a millimetre
_RANK = {"confirmed": 0, "candidate": 1, "rejected": 2}


def write_structures(path: str | Path, structures: Iterable[Structure]) -> Path:
    """Write structures as a GeoJSON FeatureCollection in EPSG:4326.

    The order is stable (confirmed first, then by onset and id) and nothing in the file depends on when it was written,
    so that the same result gives the same bytes.

    Parameters
    ----------
    path
        File to write; it appears whole or not at all.
    structures
        Of every status.

    Returns
    -------
    Path
        The file written.
    """
    path = Path(path)
    features = [to_feature(structure) for structure in sorted(structures, key=order_of)]
    write_json(path, {"type": "FeatureCollection", "features": features})
    return path


def write_centrelines(path: str | Path, structures: Iterable[Structure]) -> Path:
    """Write the centrelines of linear works as a GeoJSON FeatureCollection of lines in EPSG:4326.

    A layer of its own, for a GIS gives a layer one geometry; `id` joins it to `write_structures`' file. The
    order is that file's. Where there is no linear work the collection is empty.

    Parameters
    ----------
    path
        File to write; it appears whole or not at all.
    structures
        Of every kind and status; those without a centreline are passed over.
    """
    path = Path(path)
    features = [_line_feature(s, s.centreline) for s in sorted(structures, key=order_of) if s.centreline is not None]
    write_json(path, {"type": "FeatureCollection", "features": features})
    return path


def _line_feature(s: Structure, line: BaseGeometry) -> dict[str, Any]:
    properties = {
        "id": s.id,
        "kind": s.kind,
        "status": s.status,
        **_measure("length_m", s.length_m),
        **_measure("width_m", s.width_m),
        **_interval("onset", s.onset),
        **_interval("completion", s.completion),
        "length_growth": _lengths(s),
    }
    return {"type": "Feature", "id": s.id, "geometry": _geometry(line), "properties": properties}


def to_feature(structure: Structure) -> dict[str, Any]:
    """One structure as a GeoJSON Feature; dates are ISO 8601, sizes metres and square metres.

    Levels are dB, and of optical tracks indices, in properties of their own that other structures lack.
    """
    s = structure
    properties: dict[str, Any] = {
        "id": s.id,
        "kind": s.kind,
        "kind_probability": _round(s.kind_probability, 3),
        "status": s.status,
        "reason": s.reason,
        "rejected_as": s.rejected_as,
        **_interval("onset", s.onset),
        **_interval("completion", s.completion),
        "preparation_first_seen": _iso(s.preparation_first_seen),
        "first_raised": _iso(s.first_raised),
        "confirmed_on": _iso(s.confirmed_on),
        **_measure("area_m2", s.area_m2),
        **_measure("length_m", s.length_m),
        **_measure("width_m", s.width_m),
        "orientation_deg": _round(s.orientation_deg, 1),
        "p_value": _significant(max(s.p_value, LEAST_P)),
        "growth": [[point.date.isoformat(), _round(point.fraction, 4)] for point in s.growth],
        "growth_sd": [_round(point.sd, 4) for point in s.growth],
        "growth_track": [point.track for point in s.growth],
        "length_growth": _lengths(s),
        "phases": _changes(s.phases),
        "phase_probabilities": [
            [point.date.isoformat(), *(_round(chance, 3) for chance in point.probabilities)] for point in s.phases
        ],
        "before_db": _levels(s, "before_db", "dB"),
        "after_db": _levels(s, "after_db", "dB"),
        "tracks": list(s.tracks),
        "scenes": list(s.scenes),
    }
    if any(level.unit == "1" for level in s.levels):
        properties |= {"before_index": _levels(s, "before_db", "1"), "after_index": _levels(s, "after_db", "1")}
    if s.single_images:
        # Judged within themselves; natural log of how much likelier each is with the structure begun than with nothing.
        properties["single_images"] = [
            {
                "date": one.date.isoformat(),
                "scene": one.scene,
                "track": one.track,
                "log_ratio": _round(one.log_ratio, 2),
            }
            for one in s.single_images
        ]
    if s.centreline is not None:
        properties["centreline"] = _geometry(s.centreline)
    return {"type": "Feature", "id": s.id, "geometry": _geometry(s.footprint), "properties": properties}


def _geometry(geometry: BaseGeometry) -> dict[str, Any]:
    """GeoJSON of a geometry: 2-D, rounded, outer rings counter-clockwise as RFC 7946 asks."""
    flat = shapely.force_2d(geometry)
    rounded = shapely.transform(flat, lambda xy: np.round(xy, _DECIMALS))
    # Rounding can make a hair-thin spike cross itself; the unrounded outline is then the better answer.
    kept = rounded if rounded.is_valid or not flat.is_valid else flat
    return dict(shapely.geometry.mapping(shapely.orient_polygons(kept)))


def _changes(phases: Sequence[PhasePoint]) -> list[list[Any]]:
    """[date, phase, its chance] of the first image and of each whose phase is another than at the image before."""
    return [
        [point.date.isoformat(), point.phase, _round(point.probabilities[PHASES.index(point.phase)], 3)]
        for before, point in zip((None, *phases), phases, strict=False)
        if before is None or before.phase != point.phase
    ]


def _lengths(structure: Structure) -> list[list[Any]] | None:
    """[date, length built in metres, its sd] an image, of linear works."""
    points = [[p.date.isoformat(), _round(p.length_m, 1), _round(p.length_m_sd, 1)] for p in structure.length_growth]
    return points or None


def _levels(structure: Structure, name: str, unit: str) -> dict[str, dict[str, float | None]]:
    levels: dict[str, dict[str, float | None]] = {}
    for level in (one for one in structure.levels if one.unit == unit):
        levels.setdefault(level.track, {})[level.polarisation] = _round(getattr(level, name), 2)
    return levels


def _interval(name: str, interval: Interval | None) -> dict[str, str | None]:
    return {
        f"{name}_earliest": _iso(interval.earliest if interval else None),
        f"{name}_latest": _iso(interval.latest if interval else None),
    }


def _measure(name: str, measure: Measure) -> dict[str, float | None]:
    return {name: _round(measure.value, 1), f"{name}_sd": _round(measure.sd, 1)}


def _iso(date: Any) -> str | None:
    return None if date is None else str(date.isoformat())


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def _significant(value: float) -> float | None:
    return float(f"{value:.3g}") if math.isfinite(value) else None


def order_of(structure: Structure) -> tuple[int, str, str]:
    """Confirmed first, then by onset and id."""
    onset = structure.onset.latest.isoformat() if structure.onset else "9999"
    return _RANK[structure.status], onset, structure.id
