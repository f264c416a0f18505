"""The change rasters as a static STAC catalogue, for any client that reads STAC."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pystac
import shapely.geometry
from pystac.extensions.projection import ProjectionExtension
from pystac.utils import datetime_to_str

from sitewatch.atomic import write_json
from sitewatch.errors import ExportError
from sitewatch.scenes._raster import RasterInfo, footprint_of, read_info
from sitewatch.scenes._to_stac import projection_fields
from sitewatch.site import Site

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
    SceneError
        One of them can't be read.
    """
    folder = Path(folder)
    by_track: dict[str, dict[str, RasterInfo]] = {}
    for path in sorted(rasters):
        info = read_info(str(path))
        name = info.bands[0].tags.get("VARIABLE", path.stem)
        by_track.setdefault(path.stem.removesuffix(f"_{name}"), {})[name] = info
    if not by_track:
        raise ExportError("there is no raster to catalogue", hint="`sitewatch update` writes them.")
    items = [_item(folder, site, track, some, (begins, ends)) for track, some in by_track.items()]
    written = []
    for item in items:
        write_json(folder / f"{item['id']}.json", item)
        written.append(folder / f"{item['id']}.json")
    write_json(folder / "collection.json", _collection(site, items, (begins, ends)))
    return (folder / "collection.json", *written)


def _item(
    folder: Path,
    site: Site,
    track: str,
    rasters: Mapping[str, RasterInfo],
    span: tuple[dt.datetime, dt.datetime],
) -> dict[str, Any]:
    # All rasters of a track lie on one grid.
    grid = next(iter(rasters.values())).geobox
    outline = footprint_of(grid)
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [ProjectionExtension.get_schema_uri()],
        "id": track,
        "collection": site.id,
        "geometry": shapely.geometry.mapping(shapely.orient_polygons(outline)),
        "bbox": list(outline.bounds),
        "properties": {
            "title": f"Change at {site.name}, {track}",
            "datetime": None,
            "start_datetime": datetime_to_str(span[0]),
            "end_datetime": datetime_to_str(span[1]),
            **projection_fields(grid),
        },
        "links": [{"rel": rel, "href": href, "type": "application/json"} for rel, href in _LINKS.items()],
        "assets": {name: _asset(folder, info) for name, info in rasters.items()},
    }


def _asset(folder: Path, info: RasterInfo) -> dict[str, Any]:
    band = info.bands[0]
    # JSON has no NaN; the raster extension spells it.
    nodata = "nan" if band.nodata is not None and math.isnan(band.nodata) else band.nodata
    return {
        "href": Path(os.path.relpath(Path(info.href).resolve(), folder.resolve())).as_posix(),
        "type": pystac.MediaType.COG,
        "title": band.description,
        "roles": ["data"],
        "unit": band.unit or "1",
        "data_type": band.dtype,
        **({} if nodata is None else {"nodata": nodata}),
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
        "extent": {
            "spatial": {"bbox": [whole]},
            "temporal": {"interval": [[datetime_to_str(span[0]), datetime_to_str(span[1])]]},
        },
        "links": links,
    }
