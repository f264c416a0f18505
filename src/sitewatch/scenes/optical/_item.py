"""STAC items of optical images, in the shapes of Earth Search, Planetary Computer and CDSE, for Sentinel-2 and Landsat.

Sentinel-2's offset needs care. From processing baseline 04.00 on, stored numbers are 1000 too high; Earth Search has
taken that off again from most of its COGs and says so (``earthsearch:boa_offset_applied``), while its items go on
stating an offset of -0.1 for all of them. So: none where the property says that it is applied or the baseline is older;
else the one that the item states, or -0.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pystac
import shapely
import shapely.geometry

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._raster import footprint_of, is_remote, read_info
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes.optical import _hls, _landsat
from sitewatch.scenes.optical._bands import BANDS, SENTINEL_2, in_order
from sitewatch.scenes.optical._masks import Mask, MaskKind
from sitewatch.scenes.optical._reader import OpticalReader

_OFFSET_BASELINE = 4.0
_MASK_ASSETS: dict[str, MaskKind] = {"scl": "SCL", "qa_pixel": "QA_PIXEL", "fmask": "Fmask"}
_COMMON = {"nir": "nir", "nir08": "nir08", "swir16": "swir16", "swir22": "swir22", "swir1": "swir16", "swir2": "swir22"}
_COMMON |= {"blue": "blue", "green": "green", "red": "red"}


def is_optical(item: pystac.Item) -> bool:
    """Whether an item is of an optical sensor that is read, by what it calls itself."""
    return _constellation(item) is not None


def read_optical_item(item: pystac.Item, hints: Hints | None = None) -> Scene:
    """Describe the scene of an optical STAC item.

    Raises
    ------
    UnknownSceneError
        No asset is a band that is read.
    SceneError
        The item has no time, or a file is missing, cut off or not georeferenced.
    """
    hints = hints or Hints()
    constellation = _constellation(item)
    at = item.datetime or item.common_metadata.start_datetime
    if at is None or constellation is None:
        raise SceneError(f"{item.id}: the STAC item has no datetime, or is of no optical sensor that is read")
    assets = _assets(item, constellation)
    if not assets:
        raise UnknownSceneError(
            f"{item.id}: the STAC item has no band that is read", hint="Assets are told by eo:common_name or their key."
        )
    level = _level(item, constellation)
    bands = tuple(_band(name, asset, item, constellation) for name, asset in assets.items())
    geobox = min(
        (read_info(band.href).geobox for band in bands[: 1 if is_remote(bands[0].href) else None]),
        key=lambda box: abs(box.affine.determinant),
    )
    mask = _mask(item)
    quantity: Quantity = "TOA reflectance" if level == "L1C" else "surface reflectance"
    geometry = shapely.force_2d(shapely.geometry.shape(item.geometry)) if item.geometry else None
    platform = str(item.properties.get("platform", "")).lower()
    track = {"sentinel-2": Track("sentinel-2", level), "landsat": _landsat.TRACK, "hls": _hls.TRACK}[constellation]
    return Scene(
        id=item.id,
        datetime=at,
        track=parse_track(hints.track) if hints.track else track,
        bands=bands,
        geobox=geobox,
        footprint=geometry if isinstance(geometry, shapely.Polygon) else footprint_of(geobox),
        quantity=quantity,
        platform=platform,
        family={"sentinel-2": f"Sentinel-2 {level}", "landsat": "Landsat C2 L2", "hls": "HLS"}[constellation],
        subunit=str(item.properties.get("grid:code", "")).removeprefix("MGRS-"),
        credit=credit_line(constellation, at),
        notes=tuple(_notes(item, bands, constellation, mask)),
        product_type=level,
        reader=OpticalReader(item.get_self_href() or item.id, mask),
        mask_files=(mask.href,) if mask else (),
    )


def _constellation(item: pystac.Item) -> str | None:
    p = item.properties
    words = f"{item.collection_id or ''} {p.get('constellation', '')} {p.get('platform', '')}".lower()
    if re.search(r"\bhls", words):
        return "hls"
    if re.search(r"sentinel-?_?2", words):
        return "sentinel-2"
    if re.search(r"landsat", words):
        return "landsat"
    return None


def _level(item: pystac.Item, constellation: str) -> str:
    if constellation != "sentinel-2":
        return "L2"
    words = f"{item.collection_id or ''} {item.properties.get('s2:product_type', '')} {item.id}".lower()
    return "L1C" if re.search(r"l1c", words) else "L2A"


def _assets(item: pystac.Item, constellation: str) -> dict[str, pystac.Asset]:
    """Bands by common name, blue first. Of two assets of one band (10 and 20 m, or a JPEG 2000 twin) the first."""
    found: dict[str, pystac.Asset] = {}
    for key, asset in item.assets.items():
        name = _name_of(key, asset, constellation)
        if name is None or name in found or not _is_raster(asset):
            continue
        found[name] = asset
    if "nir" not in found and "nir08" in found:
        found["nir"] = found.pop("nir08")
    return {name: found[name] for name in in_order(found) if name in BANDS}


def _name_of(key: str, asset: pystac.Asset, constellation: str) -> str | None:
    described = asset.extra_fields.get("eo:bands") or asset.extra_fields.get("bands") or []
    if len(described) == 1:
        told = described[0].get("common_name") or described[0].get("eo:common_name")
        # Planetary Computer calls Sentinel-2's B8A as B08: the number decides there.
        number = re.match(r"(B\d{2}|B8A)(?![0-9A-Z])", key.upper())
        if constellation == "sentinel-2" and number:
            return SENTINEL_2.get(number[1])
        return _COMMON.get(str(told))
    if len(described) > 1:
        return None
    number = re.match(r"(B\d{2}|B8A)(?![0-9A-Z])", key.upper())
    if constellation == "sentinel-2" and number:
        return SENTINEL_2.get(number[1])
    return _COMMON.get(key.lower())


def _is_raster(asset: pystac.Asset) -> bool:
    if set(asset.roles or ()) & {"overview", "thumbnail", "visual", "metadata"}:
        return False
    return asset.href.split("?")[0].lower().endswith((".tif", ".tiff", ".jp2")) or "tiff" in str(asset.media_type)


def _band(name: str, asset: pystac.Asset, item: pystac.Item, constellation: str) -> Band:
    told = (asset.extra_fields.get("raster:bands") or asset.extra_fields.get("bands") or [{}])[0]
    stated_scale = told.get("scale", told.get("raster:scale", asset.extra_fields.get("raster:scale")))
    stated_offset = told.get("offset", told.get("raster:offset", asset.extra_fields.get("raster:offset")))
    scale, offset, nodata = {
        "sentinel-2": (0.0001, 0.0, 0.0),
        "landsat": (_landsat.SCALE, _landsat.OFFSET, _landsat.NODATA),
        "hls": (_hls.SCALE, 0.0, _hls.NODATA),
    }[constellation]
    scale = scale if stated_scale is None else float(stated_scale)
    if constellation == "sentinel-2":
        offset = _sentinel2_offset(item.properties, None if stated_offset is None else float(stated_offset))
    elif stated_offset is not None:
        offset = float(stated_offset)
    href = (asset.get_absolute_href() or asset.href).removeprefix("file://")
    return Band(name, href, scale=scale, offset=offset, unit="reflectance", nodata=nodata)


def _sentinel2_offset(properties: Mapping[str, Any], stated: float | None) -> float:
    if properties.get("earthsearch:boa_offset_applied") is True:
        return 0.0
    baseline = _baseline(properties)
    if baseline is None:
        return stated or 0.0
    if baseline < _OFFSET_BASELINE:
        return 0.0
    return -0.1 if stated is None else stated


def _baseline(properties: Mapping[str, Any]) -> float | None:
    told = properties.get("s2:processing_baseline") or properties.get("processing:version")
    try:
        return float(str(told)) if told is not None else None
    except ValueError:
        return None


def _mask(item: pystac.Item) -> Mask | None:
    for key, asset in item.assets.items():
        kind = _MASK_ASSETS.get(key.lower().removesuffix("_20m"))
        if kind and _is_raster(asset):
            return Mask(kind, (asset.get_absolute_href() or asset.href).removeprefix("file://"))
    return None


def _notes(item: pystac.Item, bands: tuple[Band, ...], constellation: str, mask: Mask | None) -> list[str]:
    notes = []
    if constellation == "sentinel-2":
        if any(band.offset for band in bands):
            notes.append(f"offset of {bands[0].offset:g} (baseline {_baseline(item.properties) or 'not told'}) applied")
        elif item.properties.get("earthsearch:boa_offset_applied") is True:
            notes.append("the offset of baseline 04.00 counts as taken off, as the catalogue says")
        elif _baseline(item.properties) is None:
            notes.append("the processing baseline is not told: no offset is taken off")
    if mask is None:
        notes.append("no cloud mask: the item has none")
    return notes
