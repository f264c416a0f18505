"""STAC items read as scenes: sar, sat, view, projection and raster extensions, in the forms of STAC 1.0 and 1.1."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pystac
import shapely.geometry
from affine import Affine
from odc.geo.geobox import GeoBox

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import (
    Facts,
    Moment,
    filter_told,
    hinted,
    join_facts,
    orbit_state_told,
    platform_named,
    polarisations_told,
    quantity_told,
    sentinel_1_relative_orbit,
    unit_told,
)
from sitewatch.scenes._hints import POLARISATIONS, Hints
from sitewatch.scenes._names import without_polarisation
from sitewatch.scenes._raster import RasterBand, footprint_of, is_remote, name_of, read_info, same_place, scene_error
from sitewatch.scenes._scene import Band, Quantity, Scene
from sitewatch.scenes._units import settle_unit

FAMILY = "STAC"
OWN = "sitewatch:"
"""Prefix of what sitewatch writes into items for want of a common field."""

_QUANTITIES: tuple[Quantity, ...] = ("gamma0", "sigma0", "beta0", "unknown")
_NOT_IMAGES = {"metadata", "thumbnail", "overview", "visual", "mask", "local-incidence-angle", "noise-power"}


@dataclasses.dataclass(frozen=True)
class _Layer:
    """One band of one asset as an item describes it; None where it is silent."""

    polarisation: str
    href: str
    index: int
    scale: float | None
    offset: float | None
    unit: str
    nodata: float | None
    dtype: str | None
    properties: Mapping[str, Any]


def read_item(item: pystac.Item, hints: Hints | None = None, only: Sequence[str] | None = None) -> Scene:
    """Describe the scene of a STAC item and check the local files it points to.

    Parameters
    ----------
    item
        An item with image assets of known polarisation.
    hints
        What the user says; wins over the item.
    only
        Take just the assets with these addresses.

    Raises
    ------
    UnknownSceneError
        Polarisation or units can't be determined.
    SceneError
        The item has no usable image, or a file is missing, cut off or not georeferenced.
    """
    scene = from_stac(item, hints, only)
    for href in dict.fromkeys(band.href for band in scene.bands if not is_remote(band.href)):
        info = read_info(href)
        if info.geobox.shape != scene.geobox.shape or not same_place(info.geobox.affine, scene.geobox):
            note = "the STAC item describes another grid than the file has; the file's is taken"
            scene = dataclasses.replace(
                scene, geobox=info.geobox, footprint=footprint_of(info.geobox), notes=(*scene.notes, note)
            )
    return scene


def from_stac(item: pystac.Item, hints: Hints | None = None, only: Sequence[str] | None = None) -> Scene:
    """Describe the scene of a STAC item from the item; a file is opened only for what the item leaves out."""
    hints = hints or Hints()
    layers = [layer for layer in _layers(item) if only is None or _local(layer.href) in {_local(h) for h in only}]
    if not layers:
        raise UnknownSceneError(
            f"{item.id}: the STAC item has no image of known polarisation",
            hint="An asset needs sar:polarizations, a band name or a key such as 'vv'.",
        )
    facts = join_facts(hinted(hints), item_facts(item))
    if facts.moment is None:
        raise SceneError(f"{item.id}: the STAC item has no datetime")
    properties = item.properties
    geobox = _geobox({**properties, **layers[0].properties}, item.id) or read_info(layers[0].href).geobox
    bands, notes = _bands(layers, hints)
    processed = properties.get(f"{OWN}processed")
    quantity, told = _quantity(item, facts)
    return Scene(
        id=item.id,
        datetime=facts.moment.at,
        track=facts.track,
        bands=bands,
        geobox=geobox,
        footprint=_footprint(item, geobox),
        quantity=quantity,
        platform=facts.platform or "",
        enl=facts.enl,
        incidence_angle_deg=facts.incidence_angle_deg,
        time_known=facts.moment.time_known,
        family=properties.get(f"{OWN}family", FAMILY),
        subunit=properties.get(f"{OWN}subunit", ""),
        processed=dt.datetime.fromisoformat(processed) if processed else None,
        credit=properties.get(f"{OWN}credit", credit_line(facts.track.constellation, facts.moment.at)),
        notes=tuple(dict.fromkeys((*facts.notes, *notes, *told))),
    )


def item_facts(item: pystac.Item) -> Facts:
    """Facts of an item's properties."""
    p = item.properties
    at = item.datetime or item.common_metadata.start_datetime
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=dt.UTC)
    platform = platform_named(p["platform"]) if p.get("platform") else None
    orbit = p.get("sat:relative_orbit")
    if orbit is None and platform and p.get("sat:absolute_orbit") and at:
        orbit = sentinel_1_relative_orbit(platform, int(p["sat:absolute_orbit"]), at.date())
    notes = tuple(p.get(f"{OWN}notes", ()))
    if f"{OWN}notes" not in p and (name := filter_told(_prose(item))):
        notes = ("speckle filtered" if name == "unnamed" else f"speckle filtered ({name})",)
    return Facts(
        moment=None if at is None else Moment(at.astimezone(dt.UTC), p.get(f"{OWN}time_known", True)),
        platform=platform,
        constellation=p.get("constellation"),
        mode=p.get("sar:instrument_mode"),
        relative_orbit=None if orbit is None else int(orbit),
        orbit_state=orbit_state_told(p.get("sat:orbit_state") or ""),
        look_direction=p.get("sar:observation_direction"),
        enl=p.get("sar:looks_equivalent_number"),
        incidence_angle_deg=p.get("view:incidence_angle"),
        notes=notes,
    )


def item_beside(href: str) -> pystac.Item | None:
    """The STAC item that lies beside an image under its name, with or without the polarisation; None without one."""
    if is_remote(href):
        return None
    path = Path(href)
    stems = dict.fromkeys((path.stem, path.name, without_polarisation(path.stem)))
    for candidate in (path.with_name(f"{stem}.json") for stem in stems if stem):
        if candidate.is_file() and stac_type(candidate) == "Feature":
            return load_item(candidate)
    return None


def describes(item: pystac.Item, hrefs: Sequence[str]) -> bool:
    """Whether an item's images include all of these files."""
    return {_local(href) for href in hrefs} <= {_local(layer.href) for layer in _layers(item)}


def asset_hrefs(item: pystac.Item) -> set[str]:
    """Where all of an item's assets lie, local ones as absolute paths."""
    return {_local(asset.get_absolute_href() or asset.href) for asset in item.assets.values()}


def stac_type(path: Path) -> str | None:
    """The ``type`` of a STAC JSON file (Feature, Catalog, Collection, FeatureCollection); None if it isn't STAC."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text) if '"stac_version"' in text else None
    except (OSError, ValueError):
        return None
    return str(content.get("type")) if isinstance(content, dict) else None


def load_item(path: Path) -> pystac.Item:
    """Read one STAC item file."""
    try:
        return pystac.Item.from_file(str(path.absolute()))
    # pystac lets whatever a malformed item provokes through: KeyError, TypeError, ValueError, its own.
    except Exception as error:
        raise scene_error(path, f"it is not a usable STAC item ({type(error).__name__}: {error})") from error


def _layers(item: pystac.Item) -> list[_Layer]:
    layers: list[_Layer] = []
    images = {key: asset for key, asset in item.assets.items() if _is_image(asset)}
    for key, asset in images.items():
        extra = asset.extra_fields
        described = _described_bands(extra)
        asset_wide = [str(p).upper() for p in extra.get("sar:polarizations", ())]
        item_wide = [str(p).upper() for p in item.properties.get("sar:polarizations", ())] if len(images) == 1 else []
        for index, band in enumerate(described, start=1):
            texts = (band.get("name"), band.get("description"), key, asset.title, PurePosixPath(asset.href).stem)
            in_texts = next((told[0] for text in texts if len(told := polarisations_told(text or "")) == 1), None)
            in_lists = next((wide[index - 1] for wide in (asset_wide, item_wide) if len(wide) == len(described)), None)
            polarisation = in_lists or in_texts
            if polarisation not in POLARISATIONS:
                continue
            layers.append(
                _Layer(
                    polarisation=polarisation,
                    href=_href(item, asset),
                    index=int(extra.get(f"{OWN}band", index)),
                    scale=_number(band, extra, "scale"),
                    offset=_number(band, extra, "offset"),
                    unit=str(_either(band, extra, "unit") or ""),
                    nodata=_number(band, extra, "nodata"),
                    dtype=_either(band, extra, "data_type"),
                    properties=extra,
                )
            )
    return sorted(layers, key=lambda layer: POLARISATIONS.index(layer.polarisation))


def _described_bands(extra: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Descriptions of an asset's bands, 1.1 or 1.0 form; one empty description where there is none."""
    if extra.get("bands"):
        return list(extra["bands"])
    raster, named = extra.get("raster:bands") or [], extra.get("eo:bands") or []
    count = max(len(raster), len(named), 1)
    padded = [[*bands, *[{}] * (count - len(bands))] for bands in (named, raster)]
    return [{**name, **numbers} for name, numbers in zip(*padded, strict=True)]


def _either(band: Mapping[str, Any], extra: Mapping[str, Any], field: str) -> Any:
    """A band's field, or its asset's (STAC 1.1 hoists common ones), with or without the extension's prefix."""
    places = (band.get(field), band.get(f"raster:{field}"), extra.get(f"raster:{field}"), extra.get(field))
    return next((value for value in places if value is not None), None)


def _number(band: Mapping[str, Any], extra: Mapping[str, Any], field: str) -> float | None:
    value = _either(band, extra, field)
    return None if value is None else float(value)  # "nan", "inf" and "-inf" are the extension's spellings


def _is_image(asset: pystac.Asset) -> bool:
    if set(asset.roles or ()) & _NOT_IMAGES:
        return False
    if asset.media_type:
        return "tiff" in asset.media_type.lower()
    return asset.href.split("?")[0].lower().endswith((".tif", ".tiff"))


def _href(item: pystac.Item, asset: pystac.Asset) -> str:
    href = asset.get_absolute_href()
    if href is None:
        raise SceneError(f"{item.id}: the asset {asset.href} has a relative address and the item has no file")
    return href.removeprefix("file://")


def _local(href: str) -> str:
    return href if is_remote(href) else os.path.abspath(href.removeprefix("file://"))


def _bands(layers: Sequence[_Layer], hints: Hints) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    bands: dict[str, Band] = {}
    notes: list[str] = []
    for layer in layers:
        if layer.polarisation in bands:
            raise SceneError(f"{name_of(layer.href)}: {layer.polarisation} occurs twice in one STAC item")
        raw = None if layer.unit and layer.dtype else _file_band(layer)
        scale = _first(hints.scale, layer.scale, raw.scale if raw else None, 1.0)
        offset = _first(hints.offset, layer.offset, raw.offset if raw else None, 0.0)
        nodata = next((v for v in (hints.nodata, layer.nodata, raw.nodata if raw else None) if v is not None), None)
        told = hints.units or unit_told(layer.unit) or (unit_told(raw.unit) if raw else None)
        dtype = layer.dtype or (raw.dtype if raw else "float32")
        unit, found = settle_unit(layer.href, layer.index, dtype, scale, offset, nodata, told)
        bands[layer.polarisation] = Band(layer.polarisation, layer.href, layer.index, scale, offset, unit, nodata)
        notes += found
    return tuple(bands.values()), tuple(dict.fromkeys(notes))


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _file_band(layer: _Layer) -> RasterBand | None:
    """What the file says of a layer that its item leaves partly open; None where it has no such band."""
    info = read_info(layer.href)
    return next((band for band in info.bands if band.index == layer.index), None)


def _geobox(properties: Mapping[str, Any], item_id: str) -> GeoBox | None:
    shape, transform = properties.get("proj:shape"), properties.get("proj:transform")
    code = properties.get("proj:code") or properties.get("proj:epsg")
    crs = code or properties.get("proj:wkt2") or properties.get("proj:projjson")
    if not (shape and transform and crs):
        return None
    try:
        text = f"EPSG:{crs}" if isinstance(crs, int) else crs if isinstance(crs, str) else json.dumps(crs)
        rows, cols = (int(n) for n in shape)
        return GeoBox((rows, cols), Affine(*transform[:6]), text)
    except (ValueError, TypeError) as error:
        raise SceneError(f"{item_id}: its proj: fields don't describe a grid ({error})") from error


def _footprint(item: pystac.Item, geobox: GeoBox) -> shapely.Polygon:
    if item.geometry is not None:
        geometry = shapely.force_2d(shapely.geometry.shape(item.geometry))
        if isinstance(geometry, shapely.Polygon) and not geometry.is_empty:
            return geometry
    return footprint_of(geobox)


def _quantity(item: pystac.Item, facts: Facts) -> tuple[Quantity, tuple[str, ...]]:
    own = item.properties.get(f"{OWN}quantity")
    stated = facts.quantity or next((quantity for quantity in _QUANTITIES if quantity == own), None)
    if stated:
        return stated, ()
    if told := quantity_told(_prose(item)):
        return told, ()
    if re.search(r"(?<![a-z])rtc(?![a-z])", f"{item.collection_id} {item.id}".lower()):
        return "gamma0", ("taken as gamma0, for it is named RTC",)
    return "unknown", ("nothing says whether it is gamma0, sigma0 or beta0 (--quantity)",)


def _prose(item: pystac.Item) -> str:
    """What is written about an item in words: its own title and description, its assets' titles, its collection's."""
    texts = [item.properties.get("title"), item.properties.get("description"), *(a.title for a in item.assets.values())]
    link = item.get_single_link("collection")
    href = link.get_absolute_href() if link is not None else None
    if href and not is_remote(href):
        texts.append(_description(href))
    return " ".join(text for text in texts if text)


@functools.lru_cache(maxsize=64)
def _description(href: str) -> str:
    try:
        content = json.loads(Path(href).read_text(encoding="utf-8"))
        return str(content.get("description", ""))
    except (OSError, ValueError, AttributeError):
        return ""
