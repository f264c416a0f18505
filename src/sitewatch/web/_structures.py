"""Structures: what is said of them, was said, is shown by each image, and what analysts say through the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import shapely
from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import shape

from sitewatch.errors import ReviewError
from sitewatch.record import (
    Comment,
    Confirm,
    MergeInto,
    Record,
    Reject,
    Restore,
    SetFootprint,
    SetKind,
    Withdraw,
    get_structure,
    history_of,
    list_observations,
    list_reviews,
    list_structures,
    review,
    write_published,
)
from sitewatch.web._desk import Desk, desk_of
from sitewatch.web._words import full_feature, observation_json, review_json, revision_json, slim_feature

router = APIRouter(tags=["structures"])

_T = TypeVar("_T")
_BYTES_PER_STRUCTURE = 4000
_MOST_VERTICES = 5000
_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


class ReviewIn(BaseModel):
    """What an analyst says of a structure."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["confirm", "reject", "kind", "footprint", "merge", "comment", "withdraw", "restore"]
    by: Annotated[str, Field(max_length=100, description="who says it")] = ""
    comment: Annotated[str, Field(max_length=4000, description="why, in the analyst's words")] = ""
    reason: Annotated[str, Field(max_length=400, description="of a rejection: what it is instead")] = ""
    kind: Annotated[str, Field(max_length=40, description="of `kind`: what it is called now")] = ""
    into: Annotated[str, Field(max_length=20, description="of `merge`: the structure it becomes a part of")] = ""
    revision: Annotated[int, Field(ge=0, le=10**6, description="of `restore`: whose reviews hold again")] = 0
    footprint: Annotated[
        dict[str, Any] | None, Field(description="of `footprint`: GeoJSON Polygon or MultiPolygon, EPSG:4326")
    ] = None


@router.get("/api/sites/{site}/structures")
def structures(
    request: Request,
    site: str,
    everything: Annotated[bool, Query(alias="all", description="also what is merged or no longer found")] = False,
) -> dict[str, Any]:
    """The latest revision of every structure, without curves, as GeoJSON."""
    desk = desk_of(request, site)
    features = [f for f in slim_features(desk) if everything or f["properties"]["stands"]]
    return {"type": "FeatureCollection", "features": features}


@router.get("/api/sites/{site}/structures/{name}")
def structure(request: Request, response: Response, site: str, name: str) -> dict[str, Any]:
    """All that is said of one structure now; the ETag is the number of its revision."""
    desk = desk_of(request, site)
    with desk.record() as record:
        found = _known(lambda: get_structure(record, desk.uid, name))
    response.headers["ETag"] = f'"{found.number}"'
    return full_feature(found)


@router.get("/api/sites/{site}/structures/{name}/revisions")
def revisions(request: Request, site: str, name: str) -> dict[str, Any]:
    """All that was ever said of it, oldest first."""
    desk = desk_of(request, site)
    with desk.record() as record:
        entries = _known(lambda: history_of(record, desk.uid, name))
        said = list_reviews(record, desk.uid, name)
    return {"revisions": [revision_json(one) for one in entries], "reviews": [review_json(one) for one in said]}


@router.get("/api/sites/{site}/structures/{name}/observations")
def observations(request: Request, site: str, name: str) -> dict[str, Any]:
    """What each scene shows of it, by the latest run that judged it."""
    desk = desk_of(request, site)
    with desk.record() as record:
        entries = _known(lambda: list_observations(record, desk.uid, name))
    return {"observations": [observation_json(one) for one in entries]}


@router.get("/api/sites/{site}/reviews")
def reviews(request: Request, site: str) -> dict[str, Any]:
    """What analysts said of the structures of the site, oldest first: who changed what, when and why."""
    desk = desk_of(request, site)
    with desk.record() as record:
        return {"reviews": [review_json(one) for one in list_reviews(record, desk.uid)]}


@router.post(
    "/api/sites/{site}/structures/{name}/reviews",
    responses={
        404: {"description": "no such site or structure"},
        409: {
            "description": "somebody said something of it since the revision that If-Match names; nothing is entered"
        },
        422: {"description": "what is said makes no sense"},
        428: {"description": "If-Match is missing"},
    },
)
def add_review(
    request: Request,
    response: Response,
    site: str,
    name: str,
    said: ReviewIn,
    if_match: Annotated[str | None, Header(description="number of the revision that the analyst saw")] = None,
) -> dict[str, Any]:
    """Enter what an analyst says; it holds over what later runs compute.

    Returns the structures that it concerns as they are now, the named one first.
    """
    desk = desk_of(request, site)
    match = _ETAG.fullmatch(if_match or "")
    if match is None:
        raise HTTPException(428, "say in If-Match which revision you saw: the ETag of the structure")
    with desk.record() as record:
        _known(lambda: get_structure(record, desk.uid, name))
        changed = review(
            record, desk.uid, name, _action(said), by=said.by, comment=said.comment, seen=int(match[1])
        )  # fmt: skip
        write_published(desk.workspace, list_structures(record, desk.uid))
    response.headers["ETag"] = f'"{changed[0].number}"'
    return {"structures": [full_feature(one) for one in changed]}


def slim_features(desk: Desk) -> list[dict[str, Any]]:
    """Every structure that the record knows, as a map needs it; by name."""

    def ask(record: Record) -> tuple[list[dict[str, Any]], int]:
        features = [slim_feature(one) for one in list_structures(record, desk.uid)]
        return features, _BYTES_PER_STRUCTURE * len(features)

    features: list[dict[str, Any]] = desk.remembered("structures", ask)
    return features


def _known(ask: Callable[[], _T]) -> _T:
    """What the record answers, or 404 where it knows no such structure."""
    try:
        return ask()
    except ReviewError as error:
        raise HTTPException(404, error.message) from error


def _action(said: ReviewIn) -> Any:
    match said.action:
        case "confirm":
            return Confirm()
        case "reject":
            return Reject(said.reason)
        case "kind":
            return SetKind(said.kind)
        case "footprint":
            return SetFootprint(_outline(said.footprint))
        case "merge":
            return MergeInto(said.into)
        case "comment":
            return Comment()
        case "restore":
            return Restore(said.revision)
        case "withdraw":
            return Withdraw()


def _outline(drawn: dict[str, Any] | None) -> shapely.Polygon | shapely.MultiPolygon:
    hint = "Send a GeoJSON Polygon or MultiPolygon in longitude and latitude."
    if not drawn or drawn.get("type") not in ("Polygon", "MultiPolygon"):
        raise ReviewError("there is no outline", hint=hint)
    try:
        outline = shape(drawn)
        bounds = outline.bounds
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ReviewError("the outline can't be read", hint=hint) from error
    if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon) or outline.is_empty:
        raise ReviewError("the outline is empty", hint=hint)
    if shapely.get_num_coordinates(outline) > _MOST_VERTICES:
        raise ReviewError(f"the outline has more than {_MOST_VERTICES} corners", hint="Draw it simpler.")
    if not (-180 <= bounds[0] <= bounds[2] <= 180 and -90 <= bounds[1] <= bounds[3] <= 90):
        raise ReviewError("the outline leaves the globe", hint=hint)
    return outline
