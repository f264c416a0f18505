"""A site: the place under watch, its known facilities, transport links and context events."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import os
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from shapely.geometry.base import BaseGeometry

from sitewatch.atomic import write_whole
from sitewatch.errors import SiteError
from sitewatch.geodesy import area_m2

__all__ = ["Site", "SiteFeature", "event_days", "meets_if_swapped", "read_footprint", "read_footprints"]

MAX_AREA_KM2 = 10_000.0
MAX_SURVEY_KM2 = 2_000_000.0
"""Of an area that is surveyed tile by tile; more is a slip of the corners."""
"""Above this a site is taken for a mistake; it is a hundred kilometres squared, and a port covers ten."""

MIN_SHAPE = 1e-9
"""Area over squared perimeter below which all corners lie on one line, rounding apart."""

_WGS84_NAMES = re.compile(r"(OGC:1\.3:CRS84|OGC::?CRS84|EPSG::?4326)$", re.IGNORECASE)
_BBOX = "bbox:"
_BBOX_HINT = "Write bbox:W,S,E,N in degrees, e.g. bbox:35.73,35.50,35.78,35.54."
_ROLES = {"facility": "facilities", "link": "links", "event": "events"}


@dataclasses.dataclass(frozen=True)
class SiteFeature:
    """A known facility, a transport link or a context event of a site.

    Attributes
    ----------
    role
        ``facility``, ``link`` or ``event``.
    id, name
        As the file has them; empty where it has none.
    geometry
        EPSG:4326 (longitude, latitude), or None (an event need not lie anywhere).
    properties
        Every other property of the feature, read-only.
    """

    role: str
    id: str
    name: str
    geometry: BaseGeometry | None
    properties: Mapping[str, Any] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))


@dataclasses.dataclass(frozen=True)
class Site:
    """A place under watch.

    Attributes
    ----------
    id, name
        Short name for files, and name for readers.
    area
        What is watched, EPSG:4326 (longitude, latitude); valid, not empty.
    facilities, links, events
        Known parts, transport links and context events.
    """

    id: str
    name: str
    area: shapely.Polygon | shapely.MultiPolygon
    facilities: tuple[SiteFeature, ...] = ()
    links: tuple[SiteFeature, ...] = ()
    events: tuple[SiteFeature, ...] = ()

    @classmethod
    def read(
        cls, source: str | os.PathLike[str] | Mapping[str, Any] | BaseGeometry, *, most_km2: float = MAX_AREA_KM2
    ) -> Site:
        """Read a site.

        Parameters
        ----------
        source
            Path of a GeoJSON file, ``bbox:W,S,E,N`` in degrees, or the same GeoJSON as a mapping or a shapely
            geometry. GeoJSON is a FeatureCollection with one feature whose ``role`` is ``site`` (others are of role
            ``facility``, ``link`` or ``event``), a bare Feature, or a bare geometry.
        most_km2
            Largest area that is believed.

        Raises
        ------
        SiteError
            The file is missing or not GeoJSON, or the area can't be watched; the text says why and what to do.
        """
        if isinstance(source, BaseGeometry):
            return cls("site", "site", _checked_area(source, "the site", most_km2))
        if isinstance(source, Mapping):
            return _from_geojson(source, "the site", "site", most_km2)
        text = os.fspath(source)
        if is_bbox(text):
            return _from_bbox(text, most_km2)
        path = Path(text)
        return _from_geojson(_load_json(path, "site"), str(path), path.stem, most_km2)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the site as a GeoJSON FeatureCollection that `Site.read` reads back as an equal site."""
        features = [_feature_json("site", self.id, self.name, self.area, {})]
        features += [
            _feature_json(f.role, f.id, f.name, f.geometry, f.properties)
            for f in (*self.facilities, *self.links, *self.events)
        ]
        target = Path(path)
        try:
            text = json.dumps({"type": "FeatureCollection", "features": features}, indent=1, ensure_ascii=False)
            write_whole(target, text)
        except OSError as error:
            raise SiteError(f"the site can't be written to {target} ({error.strerror})") from error


def event_days(event: SiteFeature) -> tuple[dt.date | None, dt.date | None]:
    """When a context event begins and ends, from its ``date`` or ``begins`` and its ``ends``; None where not known."""
    told = event.properties
    return _day(told.get("date") or told.get("begins")), _day(told.get("ends"))


def _day(value: object) -> dt.date | None:
    """A day from a site file; what can't be read as one stays among the properties."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def read_footprint(source: str | os.PathLike[str]) -> tuple[str, shapely.Polygon | shapely.MultiPolygon]:
    """Read a footprint that the analyst drew.

    Parameters
    ----------
    source
        Path of a GeoJSON file with exactly one feature, whatever its role, or a bare geometry; or ``bbox:W,S,E,N`` in
        degrees.

    Returns
    -------
    name
        The feature's id, else the file's name, else the numbers of the box.
    outline
        EPSG:4326 (longitude, latitude); valid, not empty.

    Raises
    ------
    SiteError
        The file is missing or not GeoJSON, holds several features, or its area can't be used.
    """
    text = os.fspath(source)
    if is_bbox(text):
        box = _from_bbox(text)
        return f"bbox {box.name}", box.area
    path = Path(text)
    content = _load_json(path, "footprint")
    features = _features_of(content, text)
    if len(features) != 1:
        raise SiteError(
            f"{text} holds {len(features)} features, and a footprint is one",
            hint="Keep the one feature to be dated (several parts: one MultiPolygon).",
        )
    properties = features[0].get("properties") or {}
    name = str(properties.get("id") or features[0].get("id") or path.stem)
    return name, _checked_area(_geometry(features[0], text), text)


def read_footprints(source: str | os.PathLike[str]) -> tuple[shapely.Polygon | shapely.MultiPolygon, ...]:
    """Read footprints that the analyst drew: one a feature of a GeoJSON file, EPSG:4326, in the file's order.

    Raises
    ------
    SiteError
        The file is missing or not GeoJSON, or one of its areas can't be used.
    """
    text = os.fspath(source)
    features = _features_of(_load_json(Path(text), "footprint"), text)
    return tuple(_checked_area(_geometry(feature, text), text) for feature in features)


def meets_if_swapped(area: BaseGeometry, footprints: Iterable[BaseGeometry]) -> bool:
    """Whether an area that misses all images would meet one with latitude and longitude swapped.

    Within 90 degrees a swapped area looks like any other, and only the images can tell.
    """
    swapped = shapely.transform(area, lambda xy: xy[:, ::-1])
    footprints = list(footprints)
    return not any(area.intersects(f) for f in footprints) and any(swapped.intersects(f) for f in footprints)


def _load_json(path: Path, what: str) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SiteError(
            f"there is no {what} file {path}", hint="Give the path of a GeoJSON file, or bbox:W,S,E,N in degrees."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"the {what} file {path} can't be read ({error})") from error
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        fault = "is empty" if not text.strip() else f"is not JSON ({error})"
        raise SiteError(f"the {what} file {path} {fault}", hint="It must be GeoJSON.") from error
    if not isinstance(content, dict):
        raise SiteError(f"the {what} file {path} is JSON but not GeoJSON", hint="Its outermost part must be an object.")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def is_bbox(text: str) -> bool:
    """Whether a site is given as ``bbox:W,S,E,N``."""
    return text.lower().startswith(_BBOX)


def bbox_corners(text: str) -> tuple[float, float, float, float]:
    """West, south, east and north of ``bbox:W,S,E,N``, as written; raises SiteError where they are no numbers."""
    try:
        west, south, east, north = (float(part) for part in text[len(_BBOX) :].split(","))
    except ValueError as error:
        raise SiteError(f"{text} is not four numbers", hint=_BBOX_HINT) from error
    return west, south, east, north


def _from_bbox(text: str, most_km2: float = MAX_AREA_KM2) -> Site:
    west, south, east, north = bbox_corners(text)
    if -180 <= east < west <= 180:
        raise SiteError(
            f"{text} runs from longitude {west:g} east to {east:g}, across the antimeridian",
            hint="Watch the two sides as two sites; if that is not what you mean, the order is W,S,E,N.",
        )
    if south >= north or west >= east:
        raise SiteError(f"{text} is empty: west must be below east, and south below north", hint=_BBOX_HINT)
    area = _checked_area(shapely.box(west, south, east, north), text, most_km2)
    return Site("bbox", text[len(_BBOX) :], area)


def _from_geojson(content: Mapping[str, Any], where: str, fallback_id: str, most_km2: float) -> Site:
    features = _features_of(content, where)
    sites = _site_features(features)
    if len(sites) != 1:
        found = "no feature whose role is 'site'" if not sites else f"{len(sites)} features whose role is 'site'"
        raise SiteError(
            f"{where} has {found}",
            hint='Give exactly one feature the property "role": "site" (several areas: one MultiPolygon).',
        )
    properties = sites[0].get("properties") or {}
    site_id = str(properties.get("id") or sites[0].get("id") or fallback_id)
    parts = [_part(f, where) for f in features if f is not sites[0]]
    grouped = {field: tuple(p for p in parts if p.role == role) for role, field in _ROLES.items()}
    return Site(
        site_id,
        str(properties.get("name") or site_id),
        _checked_area(_geometry(sites[0], where), where, most_km2),
        **grouped,
    )


def _features_of(content: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """The features of GeoJSON in any of its forms; those of the bare forms are the site."""
    _refuse_other_crs(content, where)
    match content.get("type"):
        case "FeatureCollection":
            features = content.get("features")
        case "Feature":
            features = [{**content, "properties": {**(content.get("properties") or {}), "role": "site"}}]
        case "Polygon" | "MultiPolygon" | "Point" | "MultiPoint" | "LineString" | "MultiLineString":
            features = [{"type": "Feature", "properties": {"role": "site"}, "geometry": content}]
        case other:
            raise SiteError(
                f"{where} is not GeoJSON of an area: its type is {other!r}",
                hint="It must be a FeatureCollection, a Feature, a Polygon or a MultiPolygon.",
            )
    if not isinstance(features, Sequence) or not all(isinstance(f, Mapping) for f in features):
        raise SiteError(f"{where} is not GeoJSON: its features are not a list of objects")
    return list(features)


def _site_features(features: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    # A drawing tool writes one feature and no role; there is then no doubt which one is the site.
    if len(features) == 1 and _role(features[0]) is None:
        return list(features)
    return [f for f in features if _role(f) == "site"]


def _role(feature: Mapping[str, Any]) -> Any:
    return (feature.get("properties") or {}).get("role")


def _part(feature: Mapping[str, Any], where: str) -> SiteFeature:
    properties = dict(feature.get("properties") or {})
    role = properties.pop("role", None)
    if role not in _ROLES:
        raise SiteError(
            f"{where} has a feature of role {role!r}",
            hint="Beside the one 'site', roles are 'facility', 'link' and 'event'.",
        )
    identifier = str(properties.pop("id", None) or feature.get("id") or "")
    name = str(properties.pop("name", None) or "")
    geometry = None if feature.get("geometry") is None else _geometry(feature, where)
    if geometry is not None:
        _check_degrees(geometry, f"the {role} {name or identifier} of {where}")
    return SiteFeature(role, identifier, name, geometry, types.MappingProxyType(properties))


def _geometry(feature: Mapping[str, Any], where: str) -> BaseGeometry:
    geometry = feature.get("geometry")
    if not geometry:
        raise SiteError(f"{where} has a feature without a geometry", hint="Draw the area as a polygon.")
    try:
        with np.errstate(invalid="ignore"):  # coordinates that are not finite get an error of their own
            return shapely.force_2d(shapely.geometry.shape(geometry))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        raise SiteError(f"{where} has a geometry that is not GeoJSON ({error})") from error


def _refuse_other_crs(content: Mapping[str, Any], where: str) -> None:
    crs = content.get("crs")
    if crs is None:
        return
    name = str(((crs.get("properties") or {}).get("name") if isinstance(crs, Mapping) else None) or crs)
    if not _WGS84_NAMES.search(name):
        raise SiteError(
            f"{where} is in the coordinate reference system {name}",
            hint="GeoJSON is in WGS84 longitude and latitude (EPSG:4326): export it so.",
        )


def _checked_area(
    geometry: BaseGeometry, where: str, most_km2: float = MAX_AREA_KM2
) -> shapely.Polygon | shapely.MultiPolygon:
    geometry = shapely.force_2d(geometry)
    if geometry.is_empty:
        raise SiteError(f"the area of {where} is empty", hint="Draw it as a polygon.")
    if not isinstance(geometry, shapely.Polygon | shapely.MultiPolygon):
        raise SiteError(
            f"the area of {where} is a {geometry.geom_type}",
            hint="It must be a Polygon or a MultiPolygon: draw around it.",
        )
    _check_degrees(geometry, where)
    # A figure of eight has an area of zero too, in sum; its hull has not.
    if geometry.convex_hull.area <= MIN_SHAPE * geometry.convex_hull.length**2:
        raise SiteError(f"the area of {where} is zero", hint="All its corners lie on one line or in one point.")
    if not geometry.is_valid:
        raise SiteError(f"the polygon of {where} {_fault(geometry)}", hint="Draw its outline without crossings.")
    size_km2 = area_m2(geometry) / 1e6
    if size_km2 > most_km2:
        raise SiteError(
            f"the area of {where} is {size_km2:,.0f} km2, more than the {most_km2:,.0f} km2 that a site may have",
            hint="Check its corners, or watch it as several sites.",
        )
    return geometry


def _fault(geometry: BaseGeometry) -> str:
    reason = shapely.is_valid_reason(geometry)
    place = re.search(r"^(.*)\[(\S+) (\S+)\]$", reason)
    if place is None:
        return f"is not valid ({reason})"
    at = f"at longitude {float(place[2]):.6f}, latitude {float(place[3]):.6f}"
    if "self-intersection" in reason.lower():
        return f"crosses itself {at}"
    return f"is not valid {at} ({place[1].lower()})"


def _check_degrees(geometry: BaseGeometry, where: str) -> None:
    xy = shapely.get_coordinates(geometry)
    if not all(math.isfinite(value) for value in xy.ravel()):
        raise SiteError(f"{where} has coordinates that are not finite numbers")
    if xy.size == 0:
        return
    west, south, east, north = geometry.bounds
    if max(abs(west), abs(east)) > 360 or max(abs(south), abs(north)) > 360:
        raise SiteError(
            f"{where} has coordinates such as {xy[0, 0]:g}, {xy[0, 1]:g}, which are not degrees",
            hint="They look projected: export the file in WGS84 longitude and latitude (EPSG:4326).",
        )
    if max(abs(south), abs(north)) > 90:
        order = "W,S,E,N" if is_bbox(where) else "longitude first, then latitude"
        worst = south if abs(south) > abs(north) else north
        raise SiteError(
            f"{where} has a latitude of {worst:g}; latitudes end at 90",
            hint=f"Latitude and longitude seem to be swapped: the order is {order}.",
        )
    if max(abs(west), abs(east)) > 180 or east - west > 180:
        raise SiteError(
            f"{where} spans longitudes {west:g} to {east:g}, so it seems to cross the antimeridian",
            hint="Longitudes run from -180 to 180; watch the two sides as two sites.",
        )


def _feature_json(
    role: str, identifier: str, name: str, geometry: BaseGeometry | None, properties: Mapping[str, Any]
) -> dict[str, Any]:
    head = {"role": role, "id": identifier, "name": name}
    geojson = None if geometry is None else shapely.geometry.mapping(geometry)
    return {"type": "Feature", "geometry": geojson, "properties": {**head, **properties}}
