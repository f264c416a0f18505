"""The images of a STAC item: which assets are bands of which polarisation, and how their numbers are scaled.

Read in the forms of STAC 1.0 (``raster:bands``, ``eo:bands``) and 1.1 (``bands``, common fields hoisted to the asset).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pystac

from sitewatch.errors import SceneError
from sitewatch.scenes._facts import polarisations_told
from sitewatch.scenes._hints import POLARISATIONS
from sitewatch.scenes._raster import is_remote

OWN = "sitewatch:"
"""Prefix of what sitewatch writes into items for want of a common field."""

_NOT_IMAGES = {"metadata", "thumbnail", "overview", "visual", "mask", "local-incidence-angle", "noise-power"}


@dataclasses.dataclass(frozen=True)
class Layer:
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


def layers_of(item: pystac.Item) -> list[Layer]:
    """The bands of an item whose polarisation is known, in the order VV, VH, HH, HV."""
    layers: list[Layer] = []
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
                Layer(
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


def local_href(href: str) -> str:
    """An address as it can be compared: local ones as absolute paths."""
    return href if is_remote(href) else os.path.abspath(href.removeprefix("file://"))


def asset_hrefs(item: pystac.Item) -> set[str]:
    """Where all of an item's assets lie, local ones as absolute paths."""
    return {local_href(asset.get_absolute_href() or asset.href) for asset in item.assets.values()}


def image_hrefs(item: pystac.Item) -> tuple[str, ...]:
    """Where an item's images lie; empty where its assets can't be told (reading it then says why)."""
    try:
        return tuple(dict.fromkeys(local_href(layer.href) for layer in layers_of(item)))
    except SceneError:
        return ()
