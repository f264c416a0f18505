"""Which files of an item are fetched, and whether a window of them will do."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import pystac

from sitewatch.errors import SceneError, SourceError
from sitewatch.scenes._find import family_of, is_mask, product_images
from sitewatch.scenes._raster import is_remote
from sitewatch.scenes._stac_layers import layers_of
from sitewatch.scenes.sentinel1 import is_package
from sitewatch.sources._http import name_in

_RASTERS = (".tif", ".tiff")
_ARCHIVES = (".zip",)
# Families that are read through their items; all others know their files by name.
_THROUGH_ITEMS = ("GeoTIFF", "Planetary Computer RTC")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A file of an item.

    Attributes
    ----------
    key
        Of the asset.
    href
        Where it is, unsigned.
    name
        What it is called in the store.
    window
        Whether a part of it will do.
    checksum, size
        Of the whole file, as the item tells them; empty and None where it doesn't.
    """

    key: str
    href: str
    name: str
    window: bool
    checksum: str = ""
    size: int | None = None


def choose_assets(item: pystac.Item, keys: Sequence[str] = ()) -> tuple[Wanted, ...]:
    """The files of an item to fetch: those of the keys, or what sitewatch can read of it.

    Raises
    ------
    SourceError
        It has none that can be read or reached.
    """
    assets = {key: item.assets[key] for key in keys if key in item.assets} or _readable(item)
    if not assets:
        raise SourceError(
            f"{item.id}: none of its files can be read here (it has {', '.join(item.assets) or 'none'})",
            hint="--asset names the files to fetch all the same.",
        )
    wanted = [_wanted(item, key, asset) for key, asset in assets.items()]
    # Two assets may share a name in different folders.
    return tuple(
        dataclasses.replace(w, name=f"{w.key}-{w.name}") if [o.name for o in wanted].count(w.name) > 1 else w
        for w in wanted
    )


def reads_through_item(names: Sequence[str]) -> bool:
    """Whether files are described by their STAC item, rather than by their own names and contents."""
    images = [name for name in names if PurePosixPath(name).suffix.lower() in _RASTERS]
    return bool(images) and all(family_of(name).name in _THROUGH_ITEMS for name in images)


def _readable(item: pystac.Item) -> dict[str, pystac.Asset]:
    own = product_images(item)
    if own:
        # Pointed satellites: the image, and the metadata that its family reads beside it.
        named = {name_in(href) for href in own}
        return {key: asset for key, asset in item.assets.items() if name_in(asset.href) in named or _is_metadata(asset)}
    try:
        layers = {layer.href for layer in layers_of(item)}
    except SceneError:
        layers = set()
    by_layer = {key: asset for key, asset in item.assets.items() if _href(asset) in layers}
    if by_layer:
        by_layer |= {key: asset for key, asset in item.assets.items() if is_mask(name_in(asset.href))}
    if by_layer:
        return by_layer
    return {key: asset for key, asset in item.assets.items() if _is_archive(asset)}


def _is_metadata(asset: pystac.Asset) -> bool:
    return name_in(asset.href).lower().endswith(".json")


def _is_archive(asset: pystac.Asset) -> bool:
    media = (asset.media_type or "").lower()
    return "zip" in media or name_in(asset.href).lower().endswith(_ARCHIVES)


def _href(asset: pystac.Asset) -> str:
    return (asset.get_absolute_href() or asset.href).removeprefix("file://")


def _wanted(item: pystac.Item, key: str, asset: pystac.Asset) -> Wanted:
    href = _reachable(item, asset)
    name = Path(unquote(name_in(href))).name
    if _is_archive(asset) and not name.lower().endswith(_ARCHIVES):
        # A download service's address ends in "$value": the product's name is the item's.
        name = f"{item.id}.zip"
    raster = "tiff" in (asset.media_type or "").lower() or name.lower().endswith(_RASTERS)
    extra: dict[str, Any] = asset.extra_fields
    size = extra.get("file:size")
    return Wanted(
        key=key,
        href=href,
        name=name,
        window=raster and not _is_archive(asset) and not is_package(name),
        checksum=str(extra.get("file:checksum") or ""),
        size=int(size) if isinstance(size, int | float) else None,
    )


def _reachable(item: pystac.Item, asset: pystac.Asset) -> str:
    """An address that can be asked for over HTTP: of several that an asset has, the first such."""
    hrefs = [_href(asset)]
    alternates = asset.extra_fields.get("alternate")
    if isinstance(alternates, dict):
        hrefs += [str(entry.get("href", "")) for entry in alternates.values() if isinstance(entry, dict)]
    for href in hrefs:
        if href.startswith(("http://", "https://")) or (href and not is_remote(href)):
            return href
    raise SourceError(
        f"{item.id}: {name_in(hrefs[0])} is in a store that only its own tools reach ({hrefs[0].split('://')[0]}://)",
        hint="Another catalogue may have the same image over https.",
    )
