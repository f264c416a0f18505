"""The one place where GDAL is opened: what a raster file says of itself, and its errors as ours."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import math
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.errors
import rasterio.windows
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError

from sitewatch.errors import SceneError
from sitewatch.geodesy import lonlat_at

# Sidecars (.aux.xml, .tfw) are looked for by name beside local files; listing a folder of thousands of scenes for each
# of them, or a remote one, costs more than the read.
_LOCAL = {"GDAL_DISABLE_READDIR_ON_OPEN": "TRUE", "GDAL_CACHEMAX": 256}
_REMOTE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MULTIPLEX": "YES",
    "GDAL_HTTP_MAX_RETRY": "3",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "VSI_CACHE": "TRUE",
}
_IN_ZIP = "/vsizip/"
_SAMPLE_PX = 128
_WARNING_FILTERS = threading.Lock()
_POINTS_A_SIDE = 5


@dataclasses.dataclass(frozen=True)
class RasterBand:
    """What a file says of one of its bands."""

    index: int
    description: str
    dtype: str
    scale: float
    offset: float
    unit: str
    nodata: float | None
    tags: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class RasterInfo:
    """What a georeferenced file says of itself; tag names in upper case."""

    href: str
    geobox: GeoBox
    bands: tuple[RasterBand, ...]
    tags: Mapping[str, str]


def is_remote(href: str) -> bool:
    """Whether it is read over the network."""
    return "://" in href and not href.startswith("file://")


def file_behind(href: str) -> str:
    """The file on disk that an address is read from: of a member of a zip, the zip."""
    if not href.startswith(_IN_ZIP):
        return href
    path = Path(href.removeprefix(_IN_ZIP))
    return str(next((p for p in (path, *path.parents) if p.suffix.lower() == ".zip"), path))


def name_of(href: str | os.PathLike[str]) -> str:
    """Last part of a path or address; it starts every message about it."""
    return os.fspath(href).rstrip("/").rsplit("/", 1)[-1]


def scene_error(href: str | os.PathLike[str], reason: str, hint: str = "") -> SceneError:
    """Error about one file, worded the same everywhere: the name, a colon, the reason."""
    return SceneError(f"{name_of(href)}: {reason}", hint=hint)


class _Complaints(logging.Handler):
    """Collects what GDAL complains of in this thread: it reports damaged tags as warnings only."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.texts = threading.get_ident(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        if record.thread == self.thread:
            self.texts.append(" ".join(record.getMessage().split()))


@contextlib.contextmanager
def open_raster(href: str) -> Iterator[Any]:
    """Open a raster for reading; every error of GDAL, at opening or inside the block, becomes a SceneError."""
    if not is_remote(href):
        path = Path(file_behind(href))
        if not path.exists():
            raise scene_error(href, "the file does not exist")
        if path.is_file() and path.stat().st_size == 0:
            raise scene_error(href, "the file is empty (0 bytes)", "Fetch it again.")
    complaints = _Complaints()
    log = logging.getLogger("rasterio")
    log.addHandler(complaints)
    try:
        with (
            raster_errors(href),
            rasterio.Env(**(_REMOTE if is_remote(href) else _LOCAL)),
            rasterio.open(href) as source,
        ):
            if any("IO error" in text for text in complaints.texts):
                raise scene_error(href, "the file is cut off: parts of its description are missing", "Fetch it again.")
            yield source
    finally:
        log.removeHandler(complaints)


@contextlib.contextmanager
def open_unplaced(href: str) -> Iterator[Any]:
    """As `open_raster`, for images that need not lie on a map grid, without rasterio's warning that they don't."""
    with contextlib.ExitStack() as opened:
        with without_warnings(rasterio.errors.NotGeoreferencedWarning):
            source = opened.enter_context(open_raster(href))
        yield source


@contextlib.contextmanager
def without_warnings(kind: type[Warning]) -> Iterator[None]:
    """Silence one kind of warning in a short block: Python's filters are the process's, and threads take turns."""
    with _WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", kind)
        yield


@contextlib.contextmanager
def raster_errors(href: str) -> Iterator[None]:
    """Turn every error of GDAL inside the block into a SceneError about a file."""
    try:
        yield
    except (rasterio.errors.RasterioError, CPLE_BaseError, OSError) as error:
        # rasterio's own text is "Read failed, see previous exception"; GDAL's is the cause.
        detail = " ".join(str(error.__cause__ or error).split())
        raise scene_error(href, f"the file can't be read as an image ({detail})", "Fetch it again.") from error


def read_info(href: str) -> RasterInfo:
    """Read a raster's description without its pixels.

    Raises
    ------
    SceneError
        Missing, empty, cut off, not an image, complex, or not georeferenced.
    """
    # The lack of a georeference is reported below, as an error that says what to do.
    with open_unplaced(href) as source:
        geobox = _geobox(source, href)
        refuse_cut_off(source, href)
        if any("complex" in dtype or dtype == "cint16" for dtype in source.dtypes):
            raise scene_error(
                href,
                "its pixels are complex (a single-look complex image)",
                "Use a detected, terrain-corrected product.",
            )
        bands = tuple(
            RasterBand(
                index=i,
                description=source.descriptions[i - 1] or "",
                dtype=source.dtypes[i - 1],
                scale=float(source.scales[i - 1]),
                offset=float(source.offsets[i - 1]),
                unit=source.units[i - 1] or "",
                nodata=None if source.nodatavals[i - 1] is None else float(source.nodatavals[i - 1]),
                tags={k.upper(): v for k, v in source.tags(i).items()},
            )
            for i in source.indexes
        )
        tags = {k.upper(): v for k, v in source.tags().items()}
    return RasterInfo(href, geobox, bands, tags)


def read_alike(hrefs: Iterable[str]) -> list[RasterInfo]:
    """Read the descriptions of the files that make one scene; raises SceneError where one is on another grid."""
    infos = [read_info(href) for href in hrefs]
    for other in infos[1:]:
        if other.geobox != infos[0].geobox:
            raise scene_error(other.href, "its grid differs from that of the scene's other file")
    return infos


def read_sample(href: str, index: int, nodata: float | None) -> np.ndarray:
    """Some valid stored values of a band: a small window at the centre, and if that is empty a thinned whole image.

    Returns
    -------
    ndarray
        float64, one dimension; empty where the image holds no valid pixel.
    """
    with open_raster(href) as source:
        rows, cols = source.shape
        window = rasterio.windows.Window(
            max(cols - _SAMPLE_PX, 0) // 2, max(rows - _SAMPLE_PX, 0) // 2, min(cols, _SAMPLE_PX), min(rows, _SAMPLE_PX)
        )
        values = _valid(source.read(index, window=window), nodata)
        if values.size == 0:
            thinned = (min(rows, 4 * _SAMPLE_PX), min(cols, 4 * _SAMPLE_PX))
            values = _valid(source.read(index, out_shape=thinned), nodata)
    return values


def same_place(transform: Affine, geobox: GeoBox) -> bool:
    """Whether a transform puts a grid's corners where the grid has them, to a hundredth of a pixel."""
    rows, cols = geobox.shape
    here, there = (np.reshape(affine[:6], (2, 3)) for affine in (transform, geobox.affine))
    corners = np.array([[0, cols, 0], [0, 0, rows], [1, 1, 1]])
    pixel = float(np.abs(there[:, :2]).max())
    return bool(np.abs((here - there) @ corners).max() <= 0.01 * pixel)


@functools.lru_cache(maxsize=512)
def footprint_of(geobox: GeoBox) -> shapely.Polygon:
    """Outline of a grid in EPSG:4326 (longitude, latitude)."""
    rows, cols = geobox.shape
    # Straight edges of a map grid are curved in degrees: some points a side follow them.
    ring = around(np.linspace(0, rows, _POINTS_A_SIDE), np.linspace(0, cols, _POINTS_A_SIDE))
    return shapely.Polygon(np.column_stack(lonlat_at(geobox, *ring)))


def around(down: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the points along the edge of a rectangle, from its rows and columns in order."""
    col = np.concatenate(
        [across[:-1], np.full(len(down) - 1, across[-1]), across[:0:-1], np.full(len(down) - 1, across[0])]
    )
    row = np.concatenate(
        [np.full(len(across) - 1, down[0]), down[:-1], np.full(len(across) - 1, down[-1]), down[:0:-1]]
    )
    return row, col


def _valid(values: np.ndarray, nodata: float | None) -> np.ndarray:
    flat = values.astype("float64").ravel()
    keep = np.isfinite(flat)
    if nodata is not None and not math.isnan(nodata):
        keep &= flat != nodata
    return flat[keep]


def _geobox(source: Any, href: str) -> GeoBox:
    if source.crs is None and source.gcps[0]:
        raise scene_error(
            href,
            "the image is in radar geometry (it has ground control points only)",
            "Terrain-correct it onto a map grid first.",
        )
    if source.crs is None or source.transform == Affine.identity():
        what = "coordinate reference system" if source.crs is None else "position"
        raise scene_error(href, f"the image is not georeferenced: it has no {what}", "Use a georeferenced product.")
    if source.transform.is_degenerate:
        raise scene_error(href, "the image's georeference is degenerate: its pixels have no size")
    return GeoBox(source.shape, source.transform, _crs_text(source.crs))


@functools.lru_cache(maxsize=256)
def _crs_text(crs: Any) -> str:
    """EPSG code where there is one, else WKT; looking a code up costs more than opening the file."""
    epsg = crs.to_epsg()
    return f"EPSG:{epsg}" if epsg else str(crs.to_wkt())


def refuse_cut_off(source: Any, href: str) -> None:
    """Compare where the last block should end with where the file ends: cheap, and catches an aborted download."""
    # A zip's own table of contents stands at its end: one that is cut off does not open.
    if source.driver not in ("GTiff", "COG") or is_remote(href) or href.startswith(_IN_ZIP):
        return
    block_rows, block_cols = source.block_shapes[-1]
    at = f"{(source.width - 1) // block_cols}_{(source.height - 1) // block_rows}"
    offset = source.get_tag_item(f"BLOCK_OFFSET_{at}", "TIFF", bidx=source.count)
    size = source.get_tag_item(f"BLOCK_SIZE_{at}", "TIFF", bidx=source.count)
    if offset and size and int(offset) + int(size) > Path(href).stat().st_size:
        raise scene_error(href, "the file is cut off: it ends before its last pixels", "Fetch it again.")
