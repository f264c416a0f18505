"""Elevation models as users name them: a file, a STAC item or one height, and the datums of well-known ones."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pystac

from sitewatch.scenes._raster import name_of, scene_error
from sitewatch.scenes._terrain import Terrain

# What the names that providers give their tiles tell of the heights' datum, where the files leave it out.
_WELL_KNOWN = (
    (re.compile(r"^Copernicus_DSM_", re.IGNORECASE), "egm2008"),
    (re.compile(r"^(?:NASADEM|SRTM)|(?:^[NS]\d{2}[EW]\d{3}.*\.hgt$)", re.IGNORECASE), "egm96"),
    (re.compile(r"^ALPSMLC30_", re.IGNORECASE), "egm96"),
)


@functools.lru_cache(maxsize=16)
def terrain_named(dem: str, datum: str | None = None) -> Terrain:
    """The ground that a user names.

    Parameters
    ----------
    dem
        A raster of heights in metres, a STAC item with one such asset, or one height.
    datum
        What the heights are above; needed where neither the file nor its provider's name for it tells.

    Raises
    ------
    SceneError
        The file can't be used, or nothing says what its heights are above.
    """
    path = Path(dem)
    if path.suffix.lower() in (".json", ".geojson") and path.is_file():
        dem = _of_item(path)
    presumed = next((known for pattern, known in _WELL_KNOWN if pattern.search(name_of(dem))), None)
    return Terrain.parse(dem, datum, presumed)


def _of_item(path: Path) -> str:
    """Address of the one raster that a STAC item describes."""
    try:
        item = pystac.Item.from_file(str(path.absolute()))
    # pystac lets whatever a malformed item provokes through.
    except Exception as error:
        what = f"it is not a STAC item of an elevation model ({type(error).__name__}: {error})"
        raise scene_error(path, what, "Name the model's file.") from error
    images = [
        asset
        for asset in item.assets.values()
        if "tiff" in (asset.media_type or "").lower() or asset.href.lower().endswith((".tif", ".tiff", ".hgt"))
    ]
    data = [asset for asset in images if "data" in (asset.roles or ())] or images
    if len(data) != 1:
        raise scene_error(
            path, f"it has {len(data)} rasters that could be the elevation model", "Name the model's file."
        )
    return (data[0].get_absolute_href() or data[0].href).removeprefix("file://")
