"""The site grid: one pixel grid that every image of a site is laid on.

An image on a grid of its own must be resampled, and resampling speckle changes its statistics; so the imagery's own
grid is taken wherever it can be.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import shapely
from affine import Affine
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from sitewatch.errors import StackError
from sitewatch.geodesy import local_crs, pixel_size_m
from sitewatch.scenes._scene import Scene

# Two grids count as one when their pixel corners agree to a hundredth of a pixel all over the image.
_ALIGNMENT_PX = 0.01
# A magnified image holds the same information in more pixels; beyond this its copies cost more than they tell.
_MAX_MAGNIFICATION = 4.0


@dataclasses.dataclass(frozen=True)
class GridChoice:
    """The grid of a site and what was assumed in choosing it."""

    geobox: GeoBox
    notes: tuple[str, ...] = ()


def crop(geobox: GeoBox, row: int, col: int, shape: tuple[int, int]) -> GeoBox:
    """Cut `shape` pixels from (row, col) on; the window may reach outside `geobox`."""
    a, b, c, d, e, f = geobox.affine[:6]
    return GeoBox(shape, Affine(a, b, c + col * a + row * b, d, e, f + col * d + row * e), geobox.crs)


def pixel_offset(grid: GeoBox, other: GeoBox) -> tuple[int, int] | None:
    """(row, column) of `other`'s first pixel in `grid`, or None where the two grids don't share their pixels."""
    if not _same_crs(grid.crs, other.crs):
        return None
    a, b, c, d, e, f = grid.affine[:6]
    oa, ob, oc, od, oe, of = other.affine[:6]
    span = max(*other.shape, *grid.shape)
    step = max(abs(a), abs(b), abs(d), abs(e))
    if max(abs(a - oa), abs(b - ob), abs(d - od), abs(e - oe)) * span > _ALIGNMENT_PX * step:
        return None
    det = a * e - b * d
    col = (e * (oc - c) - b * (of - f)) / det
    row = (a * (of - f) - d * (oc - c)) / det
    if abs(col - round(col)) > _ALIGNMENT_PX or abs(row - round(row)) > _ALIGNMENT_PX:
        return None
    return round(row), round(col)


def area_window(geobox: GeoBox, area: BaseGeometry) -> tuple[int, int, int, int]:
    """(row0, column0, row1, column1) of `area` (EPSG:4326) on the grid, snapped outwards; may reach outside it."""
    west, south, east, north = area.bounds
    dense = shapely.segmentize(area, max(east - west, north - south, 1e-6) / 32)
    lon, lat = shapely.get_coordinates(dense).T
    x, y = _transformer("EPSG:4326", str(geobox.crs)).transform(lon, lat)
    return _pixel_bounds(geobox, np.asarray(x), np.asarray(y))


def choose_grid(area: BaseGeometry, scenes: Sequence[Scene]) -> GridChoice:
    """Choose the grid for `area` (EPSG:4326) that needs the least resampling of `scenes`.

    Where all images share CRS, pixel size and pixel alignment, theirs; where most do and none is finer by more than
    5 %, that of the most; else a local projection (UTM) at the finest spacing, yet no finer than a quarter of the
    coarsest. The grid is cropped, snapped outwards, to what the site and the imagery have in common.

    Raises
    ------
    StackError
        There is no image, or none reaches the area.
    """
    if not scenes:
        raise StackError("there is no image to lay a grid for", hint="give at least one image that covers the site")
    families = _families(scenes)
    spacings = [_spacing_at(family[0], area) for family in families]
    best = max(range(len(families)), key=lambda i: (len(families[i]), -spacings[i], -i))
    own = families[best][0]
    shares = len(families[best]) / len(scenes)
    notes: list[str] = []
    if _usable(own) and (shares == 1 or (shares > 0.5 and spacings[best] <= 1.05 * min(spacings))):
        base = own
        if shares < 1:
            others = len(scenes) - len(families[best])
            notes.append(
                f"grid: {others} of {len(scenes)} images are not on the grid of the others; they are resampled"
            )
    else:
        spacing = _tidy(max(min(spacings), max(spacings) / _MAX_MAGNIFICATION))
        base = _local_grid(area, spacing)
        notes.append(f"grid: the images share no metric grid; {base.crs} at {spacing:g} m was chosen")
    return GridChoice(_crop_to(base, area, [g for family in families for g in family]), tuple(notes))


def _crop_to(base: GeoBox, area: BaseGeometry, images: Iterable[GeoBox]) -> GeoBox:
    row0, col0, row1, col1 = area_window(base, area)
    reach = np.array([_image_window(base, image) for image in images])
    row0, col0 = max(row0, int(reach[:, 0].min())), max(col0, int(reach[:, 1].min()))
    row1, col1 = min(row1, int(reach[:, 2].max())), min(col1, int(reach[:, 3].max()))
    if row1 <= row0 or col1 <= col0:
        raise StackError("no image reaches the site's area", hint="check the site's coordinates: longitude comes first")
    return crop(base, row0, col0, (row1 - row0, col1 - col0))


def _image_window(base: GeoBox, image: GeoBox) -> tuple[int, int, int, int]:
    height, width = image.shape
    offset = pixel_offset(base, image)
    if offset is not None:
        return offset[0], offset[1], offset[0] + height, offset[1] + width
    along = np.linspace(0, 1, 17)
    rows = height * np.concatenate([along * 0, along * 0 + 1, along, along])
    cols = width * np.concatenate([along, along, along * 0, along * 0 + 1])
    a, b, c, d, e, f = image.affine[:6]
    to_base = _transformer(str(image.crs), str(base.crs))
    x, y = to_base.transform(a * cols + b * rows + c, d * cols + e * rows + f)
    return _pixel_bounds(base, np.asarray(x), np.asarray(y))


def _pixel_bounds(geobox: GeoBox, x: np.ndarray, y: np.ndarray) -> tuple[int, int, int, int]:
    a, b, c, d, e, f = geobox.affine[:6]
    det = a * e - b * d
    cols = (e * (x - c) - b * (y - f)) / det
    rows = (a * (y - f) - d * (x - c)) / det
    if not (np.isfinite(cols).all() and np.isfinite(rows).all()):
        raise StackError(f"the site can't be expressed in {geobox.crs}", hint="check the site's coordinates")
    # A border that lies on a pixel edge but for rounding must not add a row.
    slack = 1e-6
    return (
        math.floor(rows.min() + slack),
        math.floor(cols.min() + slack),
        math.ceil(rows.max() - slack),
        math.ceil(cols.max() - slack),
    )


def _families(scenes: Sequence[Scene]) -> list[list[GeoBox]]:
    """Grids of the scenes in groups that share their pixels; independent of the scenes' order."""
    families: list[list[GeoBox]] = []
    for scene in sorted(scenes, key=lambda s: (s.datetime, s.subunit, s.id)):
        for family in families:
            if pixel_offset(family[0], scene.geobox) is not None:
                family.append(scene.geobox)
                break
        else:
            families.append([scene.geobox])
    return families


def _spacing_at(image: GeoBox, area: BaseGeometry) -> float:
    row0, col0, row1, col1 = area_window(image, area)
    x, y = pixel_size_m(crop(image, row0, col0, (max(row1 - row0, 1), max(col1 - col0, 1))))
    return math.sqrt(x * y)


def _usable(geobox: GeoBox) -> bool:
    a, b, _, d, e, _ = geobox.affine[:6]
    return geobox.crs is not None and geobox.crs.projected and b == d == 0 and a > 0 > e


def _tidy(spacing_m: float) -> float:
    return round(spacing_m, 1) if spacing_m >= 2 else round(spacing_m, 2)


def _local_grid(area: BaseGeometry, spacing_m: float) -> GeoBox:
    crs = CRS(local_crs(area))
    x, y = _transformer("EPSG:4326", str(crs)).transform(area.centroid.x, area.centroid.y)
    west, north = math.floor(x / spacing_m) * spacing_m, math.ceil(y / spacing_m) * spacing_m
    return GeoBox((1, 1), Affine(spacing_m, 0, west, 0, -spacing_m, north), crs)


def _same_crs(one: CRS | None, other: CRS | None) -> bool:
    if one is None or other is None:
        return False
    return one == other or (one.epsg is not None and one.epsg == other.epsg)


@lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
