"""What is to be scored, from any form in which it lies on disk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely

from sitewatch.errors import ExportError
from sitewatch.exports._smart import SmartRegion, SmartSite, features_in, read_smart, read_smart_folder, sites_of
from sitewatch.exports._smart_models import NOWHERE, smart_site
from sitewatch.structure import PHASES
from sitewatch.structures import Interval, Measure, PhasePoint, Structure

_NAN = Measure(float("nan"), float("nan"))
_PROPOSED = ("system_confirmed", "positive")


def read_proposals(path: str | Path) -> tuple[SmartSite, ...]:
    """Confirmed structures as site models that are named as the structures are.

    Parameters
    ----------
    path
        ``structures.geojson``, the workspace it lies in, or SMART models: a site model or a folder of them, of which
        those that are ``system_confirmed`` or annotated as positive count.

    Raises
    ------
    ExportError
        It is none of these.
    """
    path = Path(path)
    if (path / "structures.geojson").is_file():
        path /= "structures.geojson"
    if not path.is_dir() and (features := _structures(path)) is not None:
        found = [_structure(feature, path) for feature in features]
        return tuple(_named(one) for one in found if one.status == "confirmed")
    sites, _ = read_reference(path)
    return tuple(one for one in sites if _is_proposed(one.status.removeprefix("transient_")))


def read_reference(path: str | Path) -> tuple[tuple[SmartSite, ...], tuple[SmartRegion, ...]]:
    """Site models and region models of a file or a folder.

    Raises
    ------
    ExportError
        There is no site model, or a file is none.
    """
    path = Path(path)
    models = read_smart_folder(path) if path.is_dir() else (read_smart(path),)
    sites = tuple(sites_of(models))
    if not sites:
        raise ExportError(
            f"{path} holds region models alone", hint="Give the site models too, with their observations."
        )
    return sites, tuple(one for one in models if isinstance(one, SmartRegion))


def _is_proposed(status: str) -> bool:
    return status.startswith(_PROPOSED) and not status.endswith("excluded")


def _structures(path: Path) -> list[Mapping[str, Any]] | None:
    """Features of a structures.geojson; None where the file is something else."""
    features = features_in(path)
    ours = all(isinstance(f, dict) and "onset_latest" in (f.get("properties") or {}) for f in features)
    return features if ours else None


def _structure(feature: Mapping[str, Any], path: Path) -> Structure:
    p = feature["properties"]
    try:
        return Structure(
            id=str(p["id"]),
            kind=str(p["kind"]),
            status=p["status"],
            footprint=shapely.geometry.shape(feature["geometry"]),  # type: ignore[arg-type]
            area_m2=_NAN,
            length_m=_NAN,
            width_m=_NAN,
            growth=(),
            levels=(),
            p_value=float("nan"),
            onset=_interval(p, "onset"),
            completion=_interval(p, "completion"),
            phases=_phases(p),
        )
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise ExportError(f"{path} has a structure that can't be read ({error!r})") from error


def _phases(properties: Mapping[str, Any]) -> tuple[PhasePoint, ...]:
    changes = [(dt.date.fromisoformat(day), phase) for day, phase, _ in properties.get("phases") or []]
    points = []
    for day, *chances in properties.get("phase_probabilities") or []:
        when = dt.date.fromisoformat(day)
        stated = [phase for since, phase in changes if since <= when]
        points.append(PhasePoint(when, stated[-1] if stated else PHASES[0], tuple(chances)))
    return tuple(points)


def _interval(properties: Mapping[str, Any], name: str) -> Interval | None:
    ends = [properties.get(f"{name}_{end}") for end in ("earliest", "latest")]
    return Interval(*(dt.date.fromisoformat(end) for end in ends)) if all(ends) else None  # type: ignore[arg-type]


def _named(structure: Structure) -> SmartSite:
    model = smart_site(structure, f"{NOWHERE}_0001")
    return SmartSite({**model.properties, "site_id": structure.id}, model.geometry, model.observations)
