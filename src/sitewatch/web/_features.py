"""OGC API - Features over structures, and STAC over scenes: one landing page, collections, items page by page."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from shapely.geometry import mapping

from sitewatch.record import Record, SceneEntry, list_scenes
from sitewatch.web._desk import Desk, desk_of
from sitewatch.web._structures import slim_features

router = APIRouter(tags=["OGC API and STAC"])

GEOJSON = "application/geo+json"
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CONFORMS = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
]
_MOST = 10_000
_KINDS = ("structures", "scenes")
_BYTES_PER_SCENE = 6000
_Begins = dt.datetime.min.replace(tzinfo=dt.UTC)
_Ends = dt.datetime.max.replace(tzinfo=dt.UTC)
_BAD: dict[int | str, dict[str, Any]] = {
    400: {"description": "a parameter that can't be understood"},
    404: {"description": "no such collection or item"},
}


@router.get("/ogc", response_class=JSONResponse)
def landing(request: Request) -> dict[str, Any]:
    """What is here: landing page of the OGC API and root catalogue of STAC."""
    root = _root(request)
    children = [_link("child", f"{root}/collections/{name}", "application/json", name) for name in _names(request)]
    return {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "sitewatch",
        "title": "sitewatch",
        "description": "Structures found by sitewatch (OGC API - Features) and the scenes that show them (STAC).",
        "conformsTo": _CONFORMS,
        "links": [
            _link("self", root, "application/json"),
            _link("root", root, "application/json"),
            _link("conformance", f"{root}/conformance", "application/json"),
            _link("data", f"{root}/collections", "application/json"),
            _link("service-desc", _base(request) + "/openapi.json", "application/vnd.oai.openapi+json;version=3.1"),
            *children,
        ],
    }


@router.get("/ogc/conformance")
def conformance() -> dict[str, Any]:
    """Which parts of the standards are kept."""
    return {"conformsTo": _CONFORMS}


@router.get("/ogc/collections")
def collections(request: Request) -> dict[str, Any]:
    """Two collections a site: its structures and its scenes."""
    root = _root(request)
    return {
        "collections": [_collection(request, name) for name in _names(request)],
        "links": [_link("self", f"{root}/collections", "application/json"), _link("root", root, "application/json")],
    }


@router.get("/ogc/collections/{collection}", responses=_BAD)
def collection(request: Request, collection: str) -> dict[str, Any]:
    """One collection."""
    return _collection(request, collection)


@router.get("/ogc/collections/{collection}/items", responses=_BAD)
def items(
    request: Request,
    collection: str,
    limit: str = Query("100", description="1 to 10000 items a page", max_length=12),
    bbox: str = Query("", description="west,south,east,north in degrees", max_length=200),
    datetime: str = Query("", description="a moment, or begin/end with .. for an open end", max_length=100),
    start: str = Query("0", description="place of the first item; use the next link", max_length=12),
) -> JSONResponse:
    """Items that touch a box and a time: a structure's is from its onset to its completion, or on while it grows."""
    most, first = min(_whole(limit, "limit", 1), _MOST), _whole(start, "start", 0)
    box, span = _box(bbox), _span(datetime)
    found = [f for f in _features(request, collection) if _touches(f, box) and _during(f, span)]
    page = found[first : first + most]
    here = f"{_root(request)}/collections/{collection}/items"
    asked = {name: value for name, value in request.query_params.items() if name != "start"}
    links = [
        _link("self", f"{here}?{request.url.query}".rstrip("?"), GEOJSON),
        _link("root", _root(request), "application/json"),
    ]
    if first + most < len(found):
        links.append(_link("next", f"{here}?{urlencode({**asked, 'start': first + most})}", GEOJSON))
    return JSONResponse(
        {
            "type": "FeatureCollection",
            "timeStamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "numberMatched": len(found),
            "numberReturned": len(page),
            "features": page,
            "links": links,
        },
        media_type=GEOJSON,
    )


@router.get("/ogc/collections/{collection}/items/{item}", responses=_BAD)
def item(request: Request, collection: str, item: str) -> JSONResponse:
    """One structure or scene."""
    for feature in _features(request, collection):
        if feature["id"] == item:
            return JSONResponse(feature, media_type=GEOJSON)
    raise HTTPException(404, f"{collection} has no item {item!r}")


def _names(request: Request) -> list[str]:
    return [f"{key}.{kind}" for key in request.app.state.desks for kind in _KINDS]


def _found(request: Request, name: str) -> tuple[Desk, str]:
    site, _, kind = name.rpartition(".")
    if kind not in _KINDS:
        raise HTTPException(404, f"there is no collection {name!r}")
    return desk_of(request, site), kind


def _features(request: Request, name: str) -> Sequence[dict[str, Any]]:
    desk, kind = _found(request, name)
    root = _root(request)
    if kind == "structures":
        return [
            f | {"links": _item_links(root, name, f["id"])} for f in slim_features(desk) if f["properties"]["stands"]
        ]

    def ask(record: Record) -> tuple[list[dict[str, Any]], int]:
        entries = [_stac_item(one) for one in list_scenes(record, desk.uid)]
        return entries, _BYTES_PER_SCENE * len(entries)

    scenes: list[dict[str, Any]] = desk.remembered("scenes", ask)
    return [f | {"collection": name, "links": _item_links(root, name, f["id"])} for f in scenes]


def _stac_item(one: SceneEntry) -> dict[str, Any]:
    """A scene's STAC item without its files' paths, which are nobody's business beyond this machine."""
    item = dict(one.provenance)
    item["properties"] = dict(item.get("properties", {})) | {
        "datetime": one.datetime.isoformat(),
        "sitewatch:track": one.track,
        "sitewatch:used": one.used,
    }
    return {
        "type": "Feature",
        "stac_version": item.get("stac_version", "1.1.0"),
        "stac_extensions": [uri for uri in item.get("stac_extensions", []) if "/raster/" not in uri],
        "id": one.id,
        "bbox": list(one.footprint.bounds),
        "geometry": mapping(one.footprint),
        "properties": item["properties"],
        "assets": {},
    }


def _collection(request: Request, name: str) -> dict[str, Any]:
    desk, kind = _found(request, name)
    site, root = desk.workspace.site, _root(request)
    here = f"{root}/collections/{name}"
    times = [span for f in _features(request, name) if (span := _span_of(f)) is not None]
    begins, ends = min((s[0] for s in times), default=None), max((s[1] for s in times), default=None)
    interval = [begins.isoformat() if begins else None, ends.isoformat() if ends and ends != _Ends else None]
    words = (
        f"Structures at {site.name}: what was built or removed, dated by intervals, with standard deviations of sizes."
        if kind == "structures"
        else f"Images of {site.name} that sitewatch knows."
    )
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": name,
        "title": f"{site.name}: {kind}",
        "description": words,
        "license": "other",
        "itemType": "feature",
        "crs": [_CRS84],
        "extent": {
            "spatial": {"bbox": [list(site.area.bounds)], "crs": _CRS84},
            "temporal": {"interval": [interval]},
        },
        "links": [
            _link("self", here, "application/json"),
            _link("root", root, "application/json"),
            _link("parent", root, "application/json"),
            _link("items", f"{here}/items", GEOJSON),
        ],
    }


def _item_links(root: str, collection: str, name: str) -> list[dict[str, str]]:
    here = f"{root}/collections/{collection}"
    return [
        _link("self", f"{here}/items/{name}", GEOJSON),
        _link("collection", here, "application/json"),
        _link("root", root, "application/json"),
    ]


def _link(rel: str, href: str, media: str, title: str = "") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media, **({"title": title} if title else {})}


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _root(request: Request) -> str:
    return _base(request) + "/ogc"


def _whole(text: str, name: str, least: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise HTTPException(400, f"{name} is a whole number from {least} on, not {text!r}")
    return int(text)


def _box(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    good = len(numbers) == 4 and all(map(math.isfinite, numbers)) and numbers[1] <= numbers[3]
    if not good:
        raise HTTPException(400, f"bbox is west,south,east,north in degrees, not {text!r}")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _span(text: str) -> tuple[dt.datetime, dt.datetime] | None:
    if not text:
        return None
    begin, slash, end = text.partition("/")
    try:
        if not slash:
            return _moment(begin), _moment(begin, end=True)
        span = _open(begin, _Begins, _moment), _open(end, _Ends, lambda one: _moment(one, end=True))
    except (ValueError, OverflowError) as error:
        raise HTTPException(400, f"datetime is a moment or begin/end (.. leaves one open), not {text!r}") from error
    if span[0] > span[1]:
        raise HTTPException(400, f"the datetime {text!r} ends before it begins")
    return span


def _open(text: str, otherwise: dt.datetime, read: Callable[[str], dt.datetime]) -> dt.datetime:
    return otherwise if text in ("", "..") else read(text)


def _moment(text: str, end: bool = False) -> dt.datetime:
    when = dt.datetime.fromisoformat(text)
    if len(text) == 10 and end:
        when = when.replace(hour=23, minute=59, second=59)
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None else when.astimezone(dt.UTC)


def _touches(feature: dict[str, Any], box: tuple[float, float, float, float] | None) -> bool:
    if box is None:
        return True
    west, south, east, north = box
    w, s, e, n = feature["bbox"]
    if n < south or s > north:
        return False
    # A box whose west lies east of its east crosses the date line.
    return (w <= east and e >= west) if west <= east else (e >= west or w <= east)


def _span_of(feature: dict[str, Any]) -> tuple[dt.datetime, dt.datetime] | None:
    properties = feature["properties"]
    if "datetime" in properties:
        when = dt.datetime.fromisoformat(properties["datetime"])
        return when, when
    if properties["onset_latest"] is None:
        return None
    begins = _moment(properties["onset_earliest"] or properties["onset_latest"])
    ends = properties["completion_latest"]
    return begins, _moment(ends, end=True) if ends else _Ends


def _during(feature: dict[str, Any], span: tuple[dt.datetime, dt.datetime] | None) -> bool:
    own = _span_of(feature) if span else None
    # What has no time is in every time, as the standard has it.
    return span is None or own is None or (own[0] <= span[1] and own[1] >= span[0])
