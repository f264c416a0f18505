"""STAC items read as scenes: sar, sat, view, projection and raster extensions, in the forms of STAC 1.0 and 1.1."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
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
    quantity_told,
    sentinel_1_relative_orbit,
    unit_told,
)
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._raster import (
    RasterBand,
    RasterInfo,
    footprint_of,
    is_remote,
    name_of,
    read_info,
    same_place,
    scene_error,
)
from sitewatch.scenes._scene import Band, Mask, Quantity, Scene
from sitewatch.scenes._stac_layers import OWN, Layer, layers_of, local_href
from sitewatch.scenes._units import settle_unit
from sitewatch.scenes.optical._item import is_optical, read_optical_item

FAMILY = "STAC"
_QUANTITIES: tuple[Quantity, ...] = ("gamma0", "sigma0", "beta0", "unknown")


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
    if f"{OWN}source" not in item.properties and is_optical(item):
        return read_optical_item(item, hints)
    scene = from_stac(item, hints, only)
    if scene.reader is not None:
        return scene
    for href in dict.fromkeys(band.href for band in scene.bands if not is_remote(band.href)):
        info = read_info(href)
        if info.geobox.shape != scene.geobox.shape or not same_place(info.geobox.affine, scene.geobox):
            note = "the STAC item describes another grid than the file has; the file's is taken"
            scene = dataclasses.replace(
                scene, geobox=info.geobox, footprint=footprint_of(info.geobox), notes=(*scene.notes, note)
            )
        scene = dataclasses.replace(scene, bands=tuple(_completed(band, info) for band in scene.bands))
    return scene


def from_stac(item: pystac.Item, hints: Hints | None = None, only: Sequence[str] | None = None) -> Scene:
    """Describe the scene of a STAC item from the item; a file is opened only for what the item leaves out."""
    hints = hints or Hints()
    if f"{OWN}source" in item.properties:
        return _product(item, hints)
    if is_optical(item):
        return read_optical_item(item, hints)
    layers = [
        layer for layer in layers_of(item) if only is None or local_href(layer.href) in {local_href(h) for h in only}
    ]
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
    angles = (0, -1) if hints.track else properties.get(f"{OWN}track_angles", (0, -1))
    quantity, told = _quantity(item, facts)
    return Scene(
        id=item.id,
        datetime=facts.moment.at,
        track=dataclasses.replace(facts.track, incidence_deg=angles[0], azimuth_deg=angles[1]),
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
        product_type=properties.get(f"{OWN}product_type", ""),
        nesz_db=properties.get(f"{OWN}nesz_db"),
        view_azimuth_deg=properties.get("view:azimuth"),
        mask=_mask(item),
    )


def _mask(item: pystac.Item) -> Mask | None:
    """The layer of layover and shadow of an item that sitewatch wrote."""
    for asset in item.assets.values():
        if f"{OWN}bits" in asset.extra_fields:
            href = (asset.get_absolute_href() or asset.href).removeprefix("file://")
            return Mask(href, int(asset.extra_fields[f"{OWN}bits"]))
    return None


def _product(item: pystac.Item, hints: Hints) -> Scene:
    """The scene of a product that sitewatch itself described, read again from where it lies."""
    # The families know this module; they are looked up when they are needed.
    from sitewatch.scenes._find import companions, family_of
    from sitewatch.scenes._stac_files import load_item

    own: dict[str, Any] = item.properties.get(f"{OWN}hints", {})
    given = {name: value for name, value in dataclasses.asdict(hints).items() if value is not None}
    source = str(item.properties[f"{OWN}source"])
    if source.lower().endswith(".json"):
        return read_item(load_item(Path(source)), hints)
    return family_of(source).read(companions(source), Hints(**{**own, **given}))


def acquired(item: pystac.Item) -> dt.datetime | None:
    """When an item was acquired (its start, where it tells a period), UTC; None where it doesn't say."""
    at = item.datetime or item.common_metadata.start_datetime
    if at is None:
        return None
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)


def item_facts(item: pystac.Item) -> Facts:
    """Facts of an item's properties."""
    p = item.properties
    at = acquired(item)
    platform = platform_named(p["platform"]) if p.get("platform") else None
    orbit = p.get("sat:relative_orbit")
    if orbit is None and platform and p.get("sat:absolute_orbit") and at:
        orbit = sentinel_1_relative_orbit(platform, int(p["sat:absolute_orbit"]), at.date())
    notes = tuple(p.get(f"{OWN}notes", ()))
    if f"{OWN}notes" not in p and (name := filter_told(_prose(item))):
        notes = ("speckle filtered" if name == "unnamed" else f"speckle filtered ({name})",)
    return Facts(
        moment=None if at is None else Moment(at, p.get(f"{OWN}time_known", True)),
        platform=platform,
        # Catalogues differ in how they write it ("Sentinel-1"); tracks must not.
        constellation=platform_named(p["constellation"]) if p.get("constellation") else None,
        mode=p.get("sar:instrument_mode"),
        relative_orbit=None if orbit is None else int(orbit),
        orbit_state=orbit_state_told(p.get("sat:orbit_state") or ""),
        look_direction=p.get("sar:observation_direction"),
        enl=p.get("sar:looks_equivalent_number"),
        incidence_angle_deg=p.get("view:incidence_angle"),
        notes=notes,
    )


def _bands(layers: Sequence[Layer], hints: Hints) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    bands: dict[str, Band] = {}
    notes: list[str] = []
    for layer in layers:
        if layer.polarisation in bands:
            raise SceneError(f"{name_of(layer.href)}: {layer.polarisation} occurs twice in one STAC item")
        raw = None if layer.unit and layer.scale is not None else _file_band(layer)
        scale = _first(hints.scale, layer.scale, raw.scale if raw else None, 1.0)
        offset = _first(hints.offset, layer.offset, raw.offset if raw else None, 0.0)
        nodata = next((v for v in (hints.nodata, layer.nodata, raw.nodata if raw else None) if v is not None), None)
        told = hints.units or unit_told(layer.unit) or (unit_told(raw.unit) if raw else None)
        dtype = layer.dtype or (raw.dtype if raw else "float32")
        unit, found = settle_unit(layer.href, layer.index, dtype, scale, offset, nodata, told)
        bands[layer.polarisation] = Band(layer.polarisation, layer.href, layer.index, scale, offset, unit, nodata)
        notes += found
    return tuple(bands.values()), tuple(dict.fromkeys(notes))


def _completed(band: Band, info: RasterInfo) -> Band:
    """A band with its file's nodata value, where the item tells none."""
    if band.href != info.href:
        return band
    if band.index > len(info.bands):
        raise scene_error(band.href, f"it has {len(info.bands)} band(s), and the STAC item describes band {band.index}")
    raw = info.bands[band.index - 1]
    return dataclasses.replace(band, nodata=raw.nodata) if band.nodata is None else band


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _file_band(layer: Layer) -> RasterBand | None:
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
