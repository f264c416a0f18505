"""STAC JSON on disk: which files are, and the item that lies beside an image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pystac

from sitewatch.scenes._names import without_polarisation
from sitewatch.scenes._raster import is_remote, scene_error
from sitewatch.scenes._stac_layers import layers_of, local_href


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
    return {local_href(href) for href in hrefs} <= {local_href(layer.href) for layer in layers_of(item)}


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
