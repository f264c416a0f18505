"""Nouns of the record as JSON."""

from __future__ import annotations

from typing import Any

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from sitewatch.record import (
    Alert,
    ContextEvent,
    FindingRevision,
    Observation,
    ReviewEntry,
    Revision,
    RunEntry,
    revision_feature,
)
from sitewatch.site import SiteFeature

_SLIM = (
    *("id", "kind", "kind_probability", "status", "reason", "rejected_as", "onset_earliest", "onset_latest"),
    *("completion_earliest", "completion_latest", "preparation_first_seen", "area_m2", "area_m2_sd"),
    *("length_m", "length_m_sd", "width_m", "width_m_sd", "p_value", "phases"),
)


def geometry_json(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """A geometry as GeoJSON."""
    return None if geometry is None else dict(mapping(geometry))


def full_feature(one: Revision) -> dict[str, Any]:
    """A structure with all that is said of it, as GeoJSON Feature."""
    feature = revision_feature(one)
    feature["properties"].update(_state(one), made=one.made.isoformat(), by=one.by, why=one.why, run=one.run)
    return feature


def slim_feature(one: Revision) -> dict[str, Any]:
    """A structure as a map and a list need it, without its curves."""
    feature = revision_feature(one)
    properties = {name: feature["properties"][name] for name in _SLIM}
    return {
        "type": "Feature",
        "id": one.id,
        "bbox": list(one.structure.footprint.bounds),
        "geometry": feature["geometry"],
        "properties": properties | _state(one),
    }


def _state(one: Revision) -> dict[str, Any]:
    return {
        "revision": one.number,
        "found": one.found,
        "stands": one.stands,
        "reviewed": list(one.reviewed),
        "merged_into": one.merged_into,
        "split_from": one.split_from,
    }


def revision_json(one: Revision) -> dict[str, Any]:
    """One line of a structure's history."""
    s = one.structure
    return {
        "revision": one.number,
        "made": one.made.isoformat(),
        "by": one.by,
        "why": one.why,
        "run": one.run,
        "found": one.found,
        "reviewed": list(one.reviewed),
        "kind": s.kind,
        "status": s.status,
        "reason": s.reason,
        "merged_into": one.merged_into,
    }


def review_json(one: ReviewEntry) -> dict[str, Any]:
    """What an analyst said; outlines are left out."""
    content = {name: value for name, value in one.content.items() if not name.startswith("footprint")}
    return {
        "structure": one.structure,
        "action": one.action,
        "at": one.at.isoformat(),
        "by": one.by,
        "comment": one.comment,
        "content": content,
    }


def observation_json(one: Observation) -> dict[str, Any]:
    """What one scene shows of a structure."""
    return {
        "scene": one.scene,
        "datetime": one.datetime.isoformat(),
        "fraction": one.fraction,
        "sd": one.sd,
        "phase": one.phase,
        "run": one.run,
    }


def run_json(one: RunEntry) -> dict[str, Any]:
    """One finished run, without its command line, which may name folders."""
    return {
        "number": one.number,
        "started": one.started.isoformat(),
        "finished": one.finished.isoformat(),
        "by": one.by,
        "software_version": one.software_version,
        "input_hash": one.input_hash,
        "scenes": one.scenes,
        "counts": dict(one.counts),
        "seconds": dict(one.seconds),
        "notes": list(one.notes),
        "left_out": len(one.left_out),
    }


def finding_json(one: FindingRevision) -> dict[str, Any]:
    """One statement about the site, and how the evidence below it has changed since an analyst wrote it."""
    said = one.finding
    return {
        "id": one.id,
        "revision": one.number,
        "kind": said.kind,
        "text": said.text,
        "likelihood": said.likelihood,
        "confidence": said.confidence,
        "source": said.source,
        "structures": list(said.structures),
        "scenes": list(said.scenes),
        "edited": one.edited,
        "changed": list(one.changed),
    }


def alert_json(one: Alert) -> dict[str, Any]:
    """What somebody should hear of."""
    return {
        "key": one.key,
        "kind": one.kind,
        "text": one.text,
        "structure": one.structure,
        "raised": one.raised.isoformat() if one.raised else None,
        "content": dict(one.content),
    }


def event_json(one: ContextEvent) -> dict[str, Any]:
    """Something reported about the site."""
    return {
        "name": one.name,
        "source": one.source,
        "begins": one.begins.isoformat() if one.begins else None,
        "ends": one.ends.isoformat() if one.ends else None,
        "geometry": geometry_json(one.geometry),
    }


def facility_feature(one: SiteFeature) -> dict[str, Any]:
    """A known facility or transport link, as GeoJSON Feature."""
    return {
        "type": "Feature",
        "id": one.id,
        "geometry": geometry_json(one.geometry),
        "properties": {"role": one.role, "name": one.name or one.id},
    }
