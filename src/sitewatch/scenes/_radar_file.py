"""What a raster in radar geometry says of itself: shape, tags, rational polynomials and tie points."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sitewatch.scenes._radar_image import TiePoint
from sitewatch.scenes._raster import is_remote, open_unplaced, refuse_cut_off, scene_error
from sitewatch.scenes._rpc import Rpc


@dataclasses.dataclass(frozen=True)
class StoredBand:
    """One band of a file as it is stored."""

    name: str
    dtype: str
    scale: float
    offset: float
    nodata: float | None


@dataclasses.dataclass(frozen=True)
class RadarFile:
    """A raster that need not lie on a map grid; tag names in upper case."""

    href: str
    shape: tuple[int, int]
    bands: tuple[StoredBand, ...]
    tags: Mapping[str, str]
    rpc: Rpc | None
    tie_points: tuple[TiePoint, ...]


def read_radar_file(href: str) -> RadarFile:
    """Read a raster's description without its pixels.

    Raises
    ------
    SceneError
        Missing, empty, cut off, or no raster.
    """
    with open_unplaced(href) as source:
        refuse_cut_off(source, href)
        bands = tuple(
            StoredBand(
                name=(source.tags(i).get("NAME") or source.descriptions[i - 1] or "").lower(),
                dtype=source.dtypes[i - 1],
                scale=float(source.scales[i - 1]),
                offset=float(source.offsets[i - 1]),
                nodata=None if source.nodatavals[i - 1] is None else float(source.nodatavals[i - 1]),
            )
            for i in source.indexes
        )
        tags = {key.upper(): value for key, value in source.tags().items()}
        rpc = rpc_of(None if source.rpcs is None else source.rpcs.to_dict(), href)
        points = source.gcps[0]
        shape = source.shape
    return RadarFile(href, shape, bands, tags, rpc, _tie_points(points, shape))


def _tie_points(points: Any, shape: tuple[int, int]) -> tuple[TiePoint, ...]:
    """Tie points with pixel centres at whole numbers.

    GDAL's are at pixel corners by its own convention, but radar processors write pixel numbers: points that end on the
    last pixel's number rather than on the image's far edge are numbers.
    """
    if len(points) < 6:
        return ()
    far_row, far_col = max(p.row for p in points), max(p.col for p in points)
    corners = abs(far_row - shape[0]) < 0.25 and abs(far_col - shape[1]) < 0.25
    half = 0.5 if corners else 0.0
    return tuple(TiePoint(p.row - half, p.col - half, p.x, p.y) for p in points)


def rpc_of(fields: Mapping[str, Any] | None, href: str) -> Rpc | None:
    """Rational polynomials of a product; None where it has none, SceneError where they are broken."""
    if not fields:
        return None
    try:
        return Rpc.read(fields)
    except (ValueError, TypeError) as error:
        raise scene_error(href, f"its rational polynomials are not usable ({error})", "Fetch it again.") from error


def json_of(text: str, href: str, what: str) -> Mapping[str, Any]:
    """Parse a JSON object that a product carries, also where its quotes were escaped twice."""
    unescaped = text.replace("&quot;", '"').replace("&amp;", "&")
    for candidate in (text, unescaped):
        try:
            content = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(content, dict):
            return content
    raise scene_error(href, f"its {what} is not readable JSON", "Fetch it again.")


def json_beside(href: str, *names: str) -> Mapping[str, Any] | None:
    """The first JSON file of these names beside a local image; None where there is none."""
    if is_remote(href):
        return None
    for name in names:
        path = Path(href).with_name(name)
        if path.is_file():
            try:
                return json_of(path.read_text(encoding="utf-8-sig"), str(path), "content")
            except (OSError, UnicodeDecodeError) as error:
                raise scene_error(path, f"it can't be read ({error})", "Fetch it again.") from error
    return None
