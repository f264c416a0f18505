"""The site as a GeoPackage: structures, scenes, facilities and events as layers for QGIS and others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely

from sitewatch.atomic import replacing
from sitewatch.record._geopackage_styles import add_styles
from sitewatch.record._nouns import ContextEvent, Revision, SceneEntry
from sitewatch.record._published import revision_feature
from sitewatch.record._structures import order_of
from sitewatch.site import Site


def write_geopackage(
    path: str | Path,
    site: Site,
    revisions: Iterable[Revision],
    scenes: Sequence[SceneEntry] = (),
    events: Sequence[ContextEvent] = (),
) -> Path:
    """Write what the record knows of a site as one GeoPackage in EPSG:4326.

    Parameters
    ----------
    path
        File to write; it appears whole or not at all.
    revisions
        Structures to write, whether they stand or not; nested properties are JSON text.

    Returns
    -------
    Path
        The file written, with the layers ``site``, ``structures``, ``scenes``, ``facilities`` and ``events``; layers
        without a feature are left out. The table ``layer_styles`` makes QGIS show structures by their status.
    """
    path = Path(path)
    facilities: list[tuple[Mapping[str, Any], Any]] = [
        ({"role": f.role, "id": f.id, "name": f.name, "properties": dict(f.properties)}, f.geometry)
        for f in (*site.facilities, *site.links)
    ]
    layers: dict[str, list[tuple[Mapping[str, Any], Any]]] = {
        "site": [({"id": site.id, "name": site.name}, site.area)],
        "structures": [_structure(one) for one in sorted(revisions, key=lambda one: order_of(one.structure))],
        "scenes": [
            ({"id": s.id, "datetime": s.datetime.isoformat(), "track": s.track, "used": s.used}, s.footprint)
            for s in scenes
        ],
        "facilities": facilities,
        "events": [
            ({"name": e.name, "source": e.source, "begins": _iso(e.begins), "ends": _iso(e.ends)}, e.geometry)
            for e in events
        ],
    }
    with replacing(path) as temporary:
        temporary.unlink()  # what is there would be taken for a GeoPackage to add to
        for name, rows in layers.items():
            if rows:
                _write_layer(temporary, name, rows)
        add_styles(temporary, layers)
    return path


def _structure(revision: Revision) -> tuple[dict[str, Any], shapely.Geometry]:
    properties = revision_feature(revision)["properties"]
    return {**properties, "revision": revision.number, "stands": revision.stands}, revision.structure.footprint


def _write_layer(path: Path, name: str, rows: Sequence[tuple[Mapping[str, Any], Any]]) -> None:
    import geopandas as gpd
    import pandas as pd

    columns = list(dict.fromkeys(column for properties, _ in rows for column in properties))
    table = pd.DataFrame([{c: _flat(properties.get(c)) for c in columns} for properties, _ in rows], columns=columns)
    gpd.GeoDataFrame(table, geometry=[geometry for _, geometry in rows], crs="EPSG:4326").to_file(
        path, layer=name, driver="GPKG", engine="pyogrio"
    )


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _iso(day: Any) -> str | None:
    return None if day is None else day.isoformat()
