"""Site and region models of IARPA SMART, read and written without loss.

A site model is a GeoJSON FeatureCollection: one feature is the site, the others are its observations. A region model
has one feature for the region and one for each of its sites. The nouns here keep the properties as their files have
them, every key in its place, and read the few that matter out of them; what is read and written back is the same.
The format is the one of `smart.schema.json` (Johns Hopkins APL, IARPA SMART dataset).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from sitewatch.atomic import write_whole
from sitewatch.errors import ExportError

_SEPARATOR = ", "


@dataclasses.dataclass(frozen=True)
class SmartObservation:
    """What one image shows of a site.

    Attributes
    ----------
    properties
        As the file has them.
    geometry
        EPSG:4326 (longitude, latitude); of a MultiPolygon the lists below have an entry a part.
    """

    properties: Mapping[str, Any]
    geometry: shapely.Polygon | shapely.MultiPolygon

    @property
    def date(self) -> dt.date | None:
        """Calendar day of the image."""
        return _day(self.properties.get("observation_date"))

    @property
    def phases(self) -> tuple[str, ...]:
        """Phase of each part; empty where none is told."""
        return _listed(self.properties.get("current_phase"))

    @property
    def boundary(self) -> tuple[bool, ...]:
        """Of each part, whether it is the boundary of the whole site."""
        return tuple(word == "True" for word in _listed(self.properties.get("is_site_boundary")))


@dataclasses.dataclass(frozen=True)
class _Model:
    """Properties as the file has them, and the outline, EPSG:4326."""

    properties: Mapping[str, Any]
    geometry: shapely.Polygon

    @property
    def start(self) -> dt.date | None:
        """First day of a site's activity, or of the time that a region is about."""
        return _day(self.properties.get("start_date"))

    @property
    def end(self) -> dt.date | None:
        """Last day; None while a site's activity goes on or where it is not known."""
        return _day(self.properties.get("end_date"))


@dataclasses.dataclass(frozen=True)
class SmartSite(_Model):
    """A site model, or the line of a region model that sums it up (then without observations)."""

    observations: tuple[SmartObservation, ...] = ()

    @property
    def id(self) -> str:
        """Such as ``KR_R001_0007``."""
        return str(self.properties["site_id"])

    @property
    def status(self) -> str:
        """Such as ``positive_annotated`` or ``system_confirmed``."""
        return str(self.properties["status"])


@dataclasses.dataclass(frozen=True)
class SmartRegion(_Model):
    """A region model: the area, the time it is about, and its sites in short."""

    sites: tuple[SmartSite, ...] = ()

    @property
    def id(self) -> str:
        """Such as ``KR_R001``."""
        return str(self.properties["region_id"])


def read_smart(path: str | Path) -> SmartSite | SmartRegion:
    """Read a site or region model of IARPA SMART.

    Raises
    ------
    ExportError
        The file is missing, is no GeoJSON, or is no model: the text says what it lacks.
    """
    path = Path(path)
    parts = [_part(feature, path) for feature in features_in(path)]
    heads = [part for part in parts if part[0].get("type") in ("site", "region")]
    if len(heads) != 1:
        found = "no feature" if not heads else f"{len(heads)} features"
        raise ExportError(
            f"{path} has {found} whose type is site or region, and a SMART model has one",
            hint="Structures of sitewatch become SMART models with `sitewatch export --as smart`.",
        )
    properties, outline = heads[0]
    rest = [part for part in parts if part is not heads[0]]
    wanted, key = ("observation", "site_id") if properties["type"] == "site" else ("site_summary", "region_id")
    if properties.get(key) is None or any(one.get("type") != wanted for one, _ in rest):
        raise ExportError(f"{path} is not a SMART model: it lacks a {key}, or a feature of it is not of type {wanted}")
    if wanted == "observation":
        return SmartSite(properties, outline, tuple(SmartObservation(*one) for one in rest))
    return SmartRegion(properties, outline, tuple(SmartSite(*one) for one in rest))


def read_smart_folder(folder: str | Path) -> tuple[SmartSite | SmartRegion, ...]:
    """Read all models of a folder and the folders in it (``*.geojson``, ``*.json``), in order of their paths.

    Schemas (``*.schema.json``) are passed over.

    Raises
    ------
    ExportError
        A file is no model, or there is none.
    """
    folder = Path(folder)
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".geojson", ".json") and ".schema" not in p.name)
    if not files:
        raise ExportError(f"there is no SMART model in {folder}", hint="Models are files that end in .geojson.")
    return tuple(read_smart(path) for path in files)


def write_smart(path: str | Path, model: SmartSite | SmartRegion) -> Path:
    """Write a site or region model as the official ones are written; it appears whole or not at all."""
    members: Iterable[SmartObservation | SmartSite] = (
        model.observations if isinstance(model, SmartSite) else model.sites
    )
    features = [_feature(one.properties, one.geometry) for one in (model, *members)]
    text = json.dumps({"type": "FeatureCollection", "features": features}, indent=4, ensure_ascii=True, allow_nan=False)
    return write_whole(Path(path), text)


def features_in(path: Path) -> list[Any]:
    """Features of a GeoJSON FeatureCollection as they stand there, unchecked; raises ExportError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ExportError(f"there is no file {path}") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} can't be read as JSON ({error})") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise ExportError(
            f"{path} is not a GeoJSON FeatureCollection",
            hint="structures.geojson and the site and region models of SMART are.",
        )
    return features


def _part(feature: Any, path: Path) -> tuple[dict[str, Any], Any]:
    try:
        outline = shapely.geometry.shape(feature["geometry"])
        properties = dict(feature["properties"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise ExportError(f"{path} has a feature that is not GeoJSON ({error})") from error
    if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon):
        raise ExportError(f"{path} has a {outline.geom_type}, and the features of SMART models are polygons")
    return properties, outline


def _feature(properties: Mapping[str, Any], geometry: BaseGeometry) -> dict[str, Any]:
    return {"type": "Feature", "properties": dict(properties), "geometry": shapely.geometry.mapping(geometry)}


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(_SEPARATOR)) if text else ()


def joined(words: Iterable[str]) -> str:
    """Attributes of the parts of a MultiPolygon in one text, as the format has them."""
    return _SEPARATOR.join(words)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text[:10]) if text else None


def sites_of(models: Iterable[SmartSite | SmartRegion]) -> Iterator[SmartSite]:
    """The site models among models."""
    return (one for one in models if isinstance(one, SmartSite))
