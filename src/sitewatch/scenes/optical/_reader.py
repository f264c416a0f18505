"""Reflectance read onto any map grid, with what its mask leaves out as no data.

The bands of one image differ in pixel size (10, 20 and 60 m of Sentinel-2), so that they are laid on the wanted grid
straight away: pixels that already lie on it are taken as they are, coarser ones are interpolated bilinearly, finer ones
averaged. Masks are never interpolated.
"""

from __future__ import annotations

import dataclasses
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio.features
import rasterio.warp
import rasterio.windows
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from sitewatch.scenes._raster import open_raster, scene_error
from sitewatch.scenes._scene import Band
from sitewatch.scenes._terrain import Terrain
from sitewatch.scenes.optical._masks import FILL, Mask, clear_of, gml_polygons

# Two grids share their pixels where origins and sizes agree to this share of a pixel.
_ALIGNED_PX = 0.01
_FINER = 0.67


@dataclasses.dataclass(frozen=True)
class OpticalReader:
    """Reads reflectance; see the module.

    Attributes
    ----------
    source
        The product's own path: a folder, a zip, an item or the first of its files.
    mask
        What tells clouds; None where the product has nothing.
    given
        What the user had to say for it (fields of `Hints`), in pairs.
    """

    source: str
    mask: Mask | None = None
    given: tuple[tuple[str, str], ...] = ()

    @property
    def grids(self) -> Literal["own", "any"]:
        """Any map grid."""
        return "any"

    @property
    def terrain(self) -> Terrain | None:
        """None: products come orthorectified."""
        return None

    @property
    def lacks_terrain(self) -> bool:
        """Never."""
        return False

    @property
    def hints(self) -> Mapping[str, str]:
        """What the user had to say."""
        return dict(self.given)

    def read(self, bands: Sequence[Band], geobox: GeoBox) -> Mapping[str, np.ndarray]:
        """Reflectance (1) of each band on a grid, float32 (rows, columns); NaN where there is none or a cloud."""
        mask = self.mask
        clear: NDArray[np.bool_] | None = None
        if mask is not None and mask.kind == "GML":
            clear, mask = _outside_polygons(mask.href, geobox), None
        out: dict[str, np.ndarray] = {}
        # Each file is opened once, which is dear: bands and mask of plain images are in one.
        for href in dict.fromkeys([*(band.href for band in bands), *([mask.href] if mask else [])]):
            with open_raster(href) as source:
                place = _Place(source, geobox)
                for band in bands:
                    if band.href == href:
                        out[band.polarisation] = _reflectance(source, band, place)
                if mask is not None and mask.href == href:
                    fill = float(FILL[mask.kind])
                    stored = [place.read(index, None, fill, nearest=True) for index in mask.indexes]
                    clear = clear_of(mask.kind, np.stack(stored))
        if clear is not None:
            for value in out.values():
                value[~clear] = np.nan
        return {band.polarisation: out[band.polarisation] for band in bands}


def _reflectance(source: Any, band: Band, place: _Place) -> np.ndarray:
    if band.index > source.count:
        raise scene_error(band.href, f"it has {source.count} band(s), and band {band.index} was described")
    value = place.read(band.index, band.nodata)
    if band.scale != 1.0:
        value *= np.float32(band.scale)
    if band.offset != 0.0:
        value += np.float32(band.offset)
    value[~np.isfinite(value)] = np.nan
    return value


def _outside_polygons(href: str, geobox: GeoBox) -> NDArray[np.bool_]:
    try:
        root = ET.fromstring(_bytes_of(href))
    except ET.ParseError as error:
        raise scene_error(href, f"its cloud mask is no XML ({error})", "Fetch it again.") from error
    polygons = [outline for _, outline in gml_polygons(root) if len(outline) > 3]
    clear = np.ones(geobox.shape, bool)
    if polygons:
        crs = next((name for name, _ in gml_polygons(root) if name), str(geobox.crs))
        shapes = [{"type": "Polygon", "coordinates": [outline]} for outline in polygons]
        placed = rasterio.warp.transform_geom(_crs_named(crs, geobox), str(geobox.crs), shapes)
        clear &= rasterio.features.rasterize(placed, geobox.shape, transform=geobox.affine) == 0
    return clear


def _crs_named(name: str, geobox: GeoBox) -> str:
    """``EPSG:32649`` for ``urn:ogc:def:crs:EPSG::32649`` or ``EPSG:32649``."""
    digits = name.rsplit(":", 1)[-1]
    return f"EPSG:{digits}" if digits.isdigit() else str(geobox.crs)


def _bytes_of(href: str) -> bytes:
    if href.startswith("/vsizip/"):
        import zipfile

        from sitewatch.scenes._raster import file_behind

        behind = file_behind(href)
        inner = href.removeprefix("/vsizip/")[len(behind) :].lstrip("/")
        try:
            with zipfile.ZipFile(behind) as archive:
                return archive.read(inner)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise scene_error(href, f"it can't be read ({error})", "Fetch it again.") from error
    try:
        return Path(href).read_bytes()
    except OSError as error:
        raise scene_error(href, f"it can't be read ({error.strerror})", "Fetch it again.") from error


class _Place:
    """Where a grid lies in an open file."""

    def __init__(self, source: Any, geobox: GeoBox) -> None:
        self.source, self.geobox = source, geobox
        self.offset = _offset(source, geobox)
        self.kernel = Resampling.nearest if self.offset is not None else _kernel(source, geobox)

    def read(self, index: int, nodata: float | None, fill: float = math.nan, *, nearest: bool = False) -> np.ndarray:
        """One band on the grid, float32, in stored numbers; `fill` where there is none."""
        out = np.full(self.geobox.shape, fill, np.float32)
        nodata = self.source.nodatavals[index - 1] if nodata is None else nodata
        if self.offset is not None:
            _copy(self.source, index, self.offset, out)
            if nodata is not None:
                out[out == np.float32(nodata)] = fill
            return out
        rasterio.warp.reproject(
            rasterio.band(self.source, index),
            out,
            dst_transform=self.geobox.affine,
            dst_crs=str(self.geobox.crs),
            src_nodata=nodata,
            dst_nodata=fill,
            init_dest_nodata=True,
            resampling=Resampling.nearest if nearest else self.kernel,
        )
        return out


def _copy(source: Any, index: int, offset: tuple[int, int], out: np.ndarray) -> None:
    (row, col), (height, width) = offset, source.shape
    rows = slice(max(row, 0), min(row + out.shape[0], height))
    cols = slice(max(col, 0), min(col + out.shape[1], width))
    if rows.stop <= rows.start or cols.stop <= cols.start:
        return
    window = rasterio.windows.Window.from_slices(rows, cols)
    place = out[rows.start - row : rows.stop - row, cols.start - col : cols.stop - col]
    place[...] = source.read(index, window=window, out_dtype="float32")


def _offset(source: Any, geobox: GeoBox) -> tuple[int, int] | None:
    """(row, column) of a grid's first pixel in a file that shares its pixels; None where it does not."""
    if source.crs is None or rasterio.crs.CRS.from_user_input(str(geobox.crs)) != source.crs:
        return None
    a, b, c, d, e, f = source.transform[:6]
    oa, ob, oc, od, oe, of = geobox.affine[:6]
    if b or d or ob or od:
        return None
    span = max(*geobox.shape, *source.shape)
    if max(abs(a - oa), abs(e - oe)) * span > _ALIGNED_PX * max(abs(a), abs(e)):
        return None
    col, row = (oc - c) / a, (of - f) / e
    if abs(col - round(col)) > _ALIGNED_PX or abs(row - round(row)) > _ALIGNED_PX:
        return None
    return round(row), round(col)


def _kernel(source: Any, geobox: GeoBox) -> Resampling:
    """Averaged where the file's pixels are plainly finer than the grid's, else bilinear."""
    bounds = rasterio.warp.transform_bounds(str(geobox.crs), source.crs, *geobox.boundingbox.bbox)
    across = math.sqrt(abs((bounds[2] - bounds[0]) * (bounds[3] - bounds[1])))
    wanted = across / math.sqrt(geobox.shape[0] * geobox.shape[1])
    own = math.sqrt(abs(source.transform.determinant))
    return Resampling.average if own < _FINER * wanted else Resampling.bilinear
