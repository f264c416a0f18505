"""scenes.geojson: the scenes a result rests on as STAC items, and those left out with the reason."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch.atomic import write_json
from sitewatch.errors import WorkspaceError

if TYPE_CHECKING:
    from sitewatch.scenes import LeftOut, Scene


def write_scenes(path: str | Path, scenes: Iterable[Scene], left_out: Iterable[LeftOut]) -> Path:
    """Write the scenes used and left out as one GeoJSON FeatureCollection, oldest first.

    A used scene is a STAC item with ``sitewatch:used`` true. A file that was left out may not even have a date or a
    place, so it is a plain feature without geometry: ``sitewatch:used`` false, ``source``, ``reason``, ``hint``.
    """
    path = Path(path)
    used = [_used(scene) for scene in sorted(scenes, key=lambda scene: (scene.datetime, scene.id))]
    unused = [_unused(entry) for entry in sorted(left_out, key=lambda entry: (entry.source, entry.reason))]
    write_json(path, {"type": "FeatureCollection", "features": used + unused})
    return path


def _used(scene: Scene) -> dict[str, Any]:
    from sitewatch.scenes import to_stac

    item = to_stac(scene)
    content: dict[str, Any] = item.to_dict(include_self_link=False, transform_hrefs=False)
    content["properties"]["sitewatch:used"] = True
    return content


def _unused(entry: LeftOut) -> dict[str, Any]:
    properties = {
        "sitewatch:used": False,
        "source": entry.source,
        "reason": entry.reason,
        "hint": entry.hint,
        "datetime": entry.datetime.isoformat() if entry.datetime else None,
        "track": entry.track.key if entry.track else None,
    }
    return {"type": "Feature", "geometry": None, "properties": properties}


def _unopened(feature: dict[str, Any]) -> dict[str, Any]:
    """An item with nothing in it that makes a reader look for the product: the item says all that a report needs."""
    told = {key: value for key, value in feature["properties"].items() if key != "sitewatch:source"}
    assets = {
        key: {**asset, "href": asset["href"] if "://" in asset["href"] else str(Path(asset["href"]).absolute()),
              "type": "image/tiff; application=geotiff"}
        for key, asset in feature["assets"].items()
    }  # fmt: skip
    return {**feature, "properties": told, "assets": assets}


def read_scenes(path: str | Path) -> tuple[tuple[Scene, ...], tuple[LeftOut, ...]]:
    """Scenes used and left out as `write_scenes` wrote them; no image file is opened, for they may be gone.

    Raises
    ------
    WorkspaceError
        If the file is missing or not what `write_scenes` writes.
    """
    import pystac

    from sitewatch.scenes import LeftOut, from_stac

    path = Path(path)
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        used, left_out = [], []
        for feature in features:
            told = feature["properties"]
            if told["sitewatch:used"]:
                used.append(from_stac(pystac.Item.from_dict(_unopened(feature))))
            else:
                at = dt.datetime.fromisoformat(told["datetime"]) if told["datetime"] else None
                left_out.append(LeftOut(told["source"], told["reason"], told["hint"] or "", at))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(
            f"the list of images {path} can't be read ({error})", hint="`sitewatch update` writes it again."
        ) from error
    return tuple(used), tuple(left_out)
