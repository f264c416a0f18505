"""Cut the window of a site out of an image: which pixels, which bytes hold them, and the small file they become."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import rasterio.errors
import rasterio.windows
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from sitewatch.errors import SceneError, SourceError
from sitewatch.scenes._raster import is_remote, raster_errors, without_warnings
from sitewatch.sources._area import Box
from sitewatch.sources._http import Http, Signer, name_in
from sitewatch.sources._ranges import RangeFile

_POINTS_A_SIDE = 9
_TILE = 256
_READING = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": 128}


class RadarGeometry(Exception):
    """The image lies on no map grid, so that no window of it can be told."""


@dataclasses.dataclass(frozen=True)
class WindowPlan:
    """What a window takes.

    Attributes
    ----------
    bytes
        To be fetched; of a file on disk, to be read.
    of_bytes
        In the whole file.
    shape
        Rows and columns.
    """

    bytes: int
    of_bytes: int
    shape: tuple[int, int]


def plan_window(href: str, boxes: Sequence[Box], http: Http, signer: Signer | None) -> WindowPlan | None:
    """What the window of some boxes (EPSG:4326) takes; None where the image does not reach them.

    Only the head of the file is read.

    Raises
    ------
    RadarGeometry
        The image lies on no map grid.
    SourceError
        It can't be fetched or read.
    """
    with _opened(href, http, signer) as (image, file):
        window = _window(image, boxes)
        if window is None:
            return None
        ranges = _ranges(image, window)
        whole = file.size if file else Path(href).stat().st_size
        cost = file.cost(ranges) if file else sum(end - start for start, end in ranges)
        return WindowPlan(cost, whole, (window.height, window.width))


def cut_window(href: str, boxes: Sequence[Box], target: Path, http: Http, signer: Signer | None) -> int:
    """Write the window of some boxes to `target`, pixels and descriptions as they are; gives the bytes fetched.

    Raises
    ------
    SourceError
        It can't be fetched, read or written.
    """
    with _opened(href, http, signer) as (image, file):
        window = _window(image, boxes)
        if window is None:
            raise SourceError(f"{name_in(href)} does not reach the site")
        if file:
            # In runs, before GDAL asks for tile after tile.
            file.prefetch(_ranges(image, window))
        pixels = image.read(window=window)
        mask = image.dataset_mask(window=window) if _has_mask(image) else None
        profile = _profile(image, window)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(target, "w", **profile) as out:
            out.write(pixels)
            out.update_tags(**image.tags())
            for index in image.indexes:
                out.update_tags(index, **image.tags(index))
            out.descriptions = image.descriptions
            if any(scale != 1 for scale in image.scales) or any(offset != 0 for offset in image.offsets):
                out.scales, out.offsets = image.scales, image.offsets
            if any(image.units):
                out.units = [unit or "" for unit in image.units]
            if mask is not None:
                out.write_mask(mask)
        return file.fetched if file else 0


@contextlib.contextmanager
def _opened(href: str, http: Http, signer: Signer | None) -> Iterator[tuple[Any, RangeFile | None]]:
    """An image and, where it is remote, the file that its bytes come through."""
    file = RangeFile(http, href, signer) if is_remote(href) else None
    try:
        with contextlib.ExitStack() as opened:
            opened.enter_context(raster_errors(href))
            opened.enter_context(rasterio.Env(**_READING))
            with without_warnings(rasterio.errors.NotGeoreferencedWarning):
                if file is None:
                    image = opened.enter_context(rasterio.open(href))
                else:
                    # Of a file object as such rasterio would read all into memory.
                    image = opened.enter_context(rasterio.open(file.name, opener=file.open))
            if image.crs is None:
                raise RadarGeometry(href)
            yield image, file
    except SceneError as error:
        if file and file.failure:
            raise file.failure from error
        raise SourceError(error.message, hint=error.hint) from error


def _window(image: Any, boxes: Sequence[Box]) -> Window | None:
    """The smallest window of whole pixels that holds what the image has of the boxes."""
    windows = [found for box in boxes for found in _windows_of(image, box)]
    if not windows:
        return None
    top, left = min(w[0] for w in windows), min(w[1] for w in windows)
    bottom, right = max(w[2] for w in windows), max(w[3] for w in windows)
    return Window(left, top, right - left, bottom - top)


def _windows_of(image: Any, box: Box) -> Iterator[tuple[int, int, int, int]]:
    west, south, east, north = box
    share = np.linspace(0.0, 1.0, _POINTS_A_SIDE)
    lon, lat = np.meshgrid(west + share * (east - west), south + share * (north - south))
    crs = pyproj.CRS.from_wkt(image.crs.to_wkt())
    to_map = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    # Grids in degrees may run beyond 180.
    for turn in (0.0, -360.0, 360.0) if crs.is_geographic else (0.0,):
        x, y = (lon + turn, lat) if crs.is_geographic else to_map.transform(lon, lat)
        x, y = np.ravel(x), np.ravel(y)
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.any():
            continue
        cols, rows = ~image.transform * (x[finite], y[finite])
        # An image grid's rounding must not add a row of pixels at every edge.
        top, left = max(math.floor(rows.min() + 1e-6), 0), max(math.floor(cols.min() + 1e-6), 0)
        bottom = min(math.ceil(rows.max() - 1e-6), image.height)
        right = min(math.ceil(cols.max() - 1e-6), image.width)
        if bottom > top and right > left:
            yield top, left, bottom, right


def _ranges(image: Any, window: Window) -> list[tuple[int, int]]:
    """Where in the file the blocks of a window lie (first byte, end)."""
    ranges: list[tuple[int, int]] = []
    block_rows, block_cols = image.block_shapes[0]
    rows = range(window.row_off // block_rows, (window.row_off + window.height - 1) // block_rows + 1)
    cols = range(window.col_off // block_cols, (window.col_off + window.width - 1) // block_cols + 1)
    for band in image.indexes if image.interleaving is None or "band" in str(image.interleaving).lower() else (1,):
        for row in rows:
            for col in cols:
                offset = image.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=band)
                size = image.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=band)
                if offset and size:
                    # GDAL's own cloud-optimised files have 4 bytes about the block before it and 4 after.
                    ranges.append((max(int(offset) - 4, 0), int(offset) + int(size) + 4))
    return ranges


def _has_mask(image: Any) -> bool:
    return any(MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags for flags in image.mask_flag_enums)


def _profile(image: Any, window: Window) -> dict[str, Any]:
    profile = {
        "driver": "GTiff",
        "dtype": image.dtypes[0],
        "count": image.count,
        "width": window.width,
        "height": window.height,
        "crs": image.crs,
        "transform": rasterio.windows.transform(window, image.transform),
        "nodata": image.nodata,
        "compress": "deflate",
    }
    if min(window.width, window.height) > _TILE:
        profile |= {"tiled": True, "blockxsize": _TILE, "blockysize": _TILE}
    return profile
