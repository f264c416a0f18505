"""The change rasters as a static STAC catalogue, for any client that reads STAC."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sitewatch.atomic import write_json
from sitewatch.errors import ExportError
from sitewatch.site import Site

_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
_LINKS = {"root": "collection.json", "parent": "collection.json", "collection": "collection.json"}


def write_stac(
    folder: str | Path, site: Site, rasters: Sequence[Path], begins: dt.datetime, ends: dt.datetime
) -> tuple[Path, ...]:
    """Write a STAC 1.1 collection and an item for each track, whose assets are its rasters.

    Parameters
    ----------
    folder
        Where ``collection.json`` and the items go; the rasters stay where they are, and links to them are relative.
    rasters
        As `sitewatch.record.write_change_rasters` wrote them: ``<track>_<variable>.tif``.
    begins, ends
        First and last image that went into them, UTC.

    Raises
    ------
    ExportError
        There is no raster.
    """
    folder = Path(folder)
    by_track: dict[str, list[tuple[str, Path, dict[str, Any]]]] = {}
    for path in sorted(rasters):
        content = _described(path)
        by_track.setdefault(path.stem.removesuffix(f"_{content['variable']}"), []).append(
            (content["variable"], path, content)
        )
    if not by_track:
        raise ExportError("there is no raster to catalogue", hint="`sitewatch update` writes them.")
    items = [_item(folder, site, track, some, (begins, ends)) for track, some in by_track.items()]
    written = []
    for item in items:
        write_json(folder / f"{item['id']}.json", item)
        written.append(folder / f"{item['id']}.json")
    write_json(folder / "collection.json", _collection(site, items, (begins, ends)))
    return (folder / "collection.json", *written)


def _described(path: Path) -> dict[str, Any]:
    import rasterio
    from rasterio.warp import transform_bounds

    with rasterio.open(path) as source:
        tags = source.tags(1)
        return {
            "variable": tags.get("variable", path.stem),
            "title": source.descriptions[0] or "",
            "unit": source.units[0] or "1",
            "data_type": source.dtypes[0],
            "nodata": _nodata(source.nodata),
            "code": source.crs.to_string(),
            "shape": list(source.shape),
            "transform": list(source.transform)[:6],
            "bbox": [round(edge, 8) for edge in transform_bounds(source.crs, "EPSG:4326", *source.bounds)],
        }


def _nodata(value: float | None) -> float | str | None:
    return "nan" if value is not None and value != value else value


def _item(
    folder: Path,
    site: Site,
    track: str,
    rasters: Sequence[tuple[str, Path, dict[str, Any]]],
    span: tuple[dt.datetime, dt.datetime],
) -> dict[str, Any]:
    first = rasters[0][2]
    west, south, east, north = first["bbox"]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [_PROJECTION],
        "id": track,
        "collection": site.id,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": first["bbox"],
        "properties": {
            "title": f"Change at {site.name}, {track}",
            "datetime": None,
            "start_datetime": _utc(span[0]),
            "end_datetime": _utc(span[1]),
            "proj:code": first["code"],
            "proj:shape": first["shape"],
            "proj:transform": first["transform"],
        },
        "links": [{"rel": rel, "href": href, "type": "application/json"} for rel, href in _LINKS.items()],
        "assets": {name: _asset(folder, path, content) for name, path, content in rasters},
    }


def _asset(folder: Path, path: Path, content: dict[str, Any]) -> dict[str, Any]:
    band = {key: content[key] for key in ("unit", "data_type", "nodata") if content[key] is not None}
    return {
        "href": Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
        "type": _COG,
        "title": content["title"],
        "roles": ["data"],
        **band,
    }


def _collection(site: Site, items: Sequence[dict[str, Any]], span: tuple[dt.datetime, dt.datetime]) -> dict[str, Any]:
    boxes = [item["bbox"] for item in items]
    whole = [*(min(b[i] for b in boxes) for i in (0, 1)), *(max(b[i] for b in boxes) for i in (2, 3))]
    links = [{"rel": "root", "href": "collection.json", "type": "application/json"}]
    links += [{"rel": "item", "href": f"{item['id']}.json", "type": "application/geo+json"} for item in items]
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": site.id,
        "title": site.name,
        "description": f"Change rasters of {site.name}, an item a track.",
        "license": "other",
        "extent": {"spatial": {"bbox": [whole]}, "temporal": {"interval": [[_utc(span[0]), _utc(span[1])]]}},
        "links": links,
    }


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
