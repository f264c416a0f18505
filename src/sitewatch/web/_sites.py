"""Sites: what is under watch, by which tracks, and what the record says of the whole of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from sitewatch import __version__
from sitewatch.record import (
    KINDS,
    Record,
    at_work,
    list_alerts,
    list_deliveries,
    list_events,
    list_facilities,
    list_findings,
    list_runs,
    list_scenes,
    list_structures,
    user,
)
from sitewatch.web._desk import Desk, desk_of
from sitewatch.web._stacks import iso, open_track, stack_names, stretch
from sitewatch.web._words import alert_json, event_json, facility_feature, finding_json, geometry_json, run_json

router = APIRouter(tags=["sites"])


@router.get("/api/about")
def about(request: Request) -> dict[str, Any]:
    """What serves this page, what a structure may be called, and the base map that was configured."""
    return {
        "software": "sitewatch",
        "version": __version__,
        "kinds": list(KINDS),
        "user": user(),
        "basemap": request.app.state.basemap,
    }


@router.get("/api/sites")
def sites(request: Request) -> dict[str, Any]:
    """All sites that are served."""
    desks: dict[str, Desk] = request.app.state.desks
    return {"sites": [_summary(desk) for desk in desks.values()]}


@router.get("/api/sites/{site}")
def site(request: Request, site: str) -> dict[str, Any]:
    """One site: its area, facilities, context events, and its tracks with the time of every image."""
    desk = desk_of(request, site)
    with desk.record() as record:
        facilities = [facility_feature(one) for one in list_facilities(record, desk.uid) if one.geometry is not None]
        events = [event_json(one) for one in list_events(record, desk.uid)]
    return {
        **_summary(desk),
        "area": geometry_json(desk.workspace.site.area),
        "facilities": {"type": "FeatureCollection", "features": facilities},
        "events": events,
        "tracks": [_track(desk, name) for name in stack_names(desk.workspace)],
    }


@router.get("/api/sites/{site}/runs")
def runs(request: Request, site: str) -> dict[str, Any]:
    """Finished runs, oldest first, and who is updating the workspace now."""
    desk = desk_of(request, site)
    with desk.record() as record:
        entries = [run_json(one) for one in list_runs(record, desk.uid)]
    return {"runs": entries, "at_work": update_at_work(desk)}


@router.get("/api/sites/{site}/findings")
def findings(request: Request, site: str) -> dict[str, Any]:
    """Statements about the site: observed, measured, assessed (with likelihood and confidence) or reported."""
    desk = desk_of(request, site)
    with desk.record() as record:
        return {"findings": [finding_json(one) for one in list_findings(record, desk.uid)]}


@router.get("/api/sites/{site}/alerts")
def alerts(request: Request, site: str) -> dict[str, Any]:
    """What somebody should hear of, oldest first, and whether it was delivered."""
    desk = desk_of(request, site)
    with desk.record() as record:
        delivered = {one.alert for one in list_deliveries(record, desk.uid) if one.delivered}
        entries = [alert_json(one) | {"delivered": one.key in delivered} for one in list_alerts(record, desk.uid)]
    return {"alerts": entries}


def update_at_work(desk: Desk) -> dict[str, Any] | None:
    """Whether an update is running, and since when."""
    holder = at_work(desk.workspace.folder)
    return {"since": holder.since.isoformat()} if holder else None


def _summary(desk: Desk) -> dict[str, Any]:
    def ask(record: Record) -> tuple[dict[str, Any], int]:
        revisions = [one for one in list_structures(record, desk.uid) if one.stands]
        scenes, entries = list_scenes(record, desk.uid), list_runs(record, desk.uid)
        counts = {
            status: sum(one.structure.status == status for one in revisions)
            for status in ("confirmed", "candidate", "rejected")
        }
        days = [scene.datetime.isoformat() for scene in scenes]
        return {
            "structures": counts,
            "reviewed": sum(bool(one.reviewed) for one in revisions),
            "images": len(scenes),
            "first_image": min(days, default=None),
            "last_image": max(days, default=None),
            "runs": len(entries),
            "last_run": entries[-1].finished.isoformat() if entries else None,
        }, 2000

    place = desk.workspace.site
    return {"id": desk.key, "name": place.name, "bbox": list(place.area.bounds), **desk.remembered("summary", ask)}


def _track(desk: Desk, name: str) -> dict[str, Any]:
    track = open_track(desk, name)
    attributes = track.cube.attrs
    return {
        "name": name,
        "key": str(attributes.get("track", name)),
        "label": track.label,
        "version": track.version,
        "quantity": str(attributes.get("quantity", "unknown")),
        "credit": str(attributes.get("credit", "")),
        "pixel_m": [attributes.get("pixel_x_m"), attributes.get("pixel_y_m")],
        "polarisations": track.polarisations,
        "stretch": {band: list(stretch(desk, track, band)) for band in track.polarisations},
        "times": [iso(time) for time in track.times],
        "has_onset_map": (desk.workspace.change_folder / f"{name}_first_date.tif").is_file(),
    }
