"""Where a picture lies on the ground: its extent, its true scale, and which way north is."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import odc.geo.xr  # noqa: F401  registers the `odc` accessor
import pyproj
import shapely
import xarray as xr
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sitewatch.errors import StackError
from sitewatch.geodesy import metres_per_unit


@dataclasses.dataclass(frozen=True)
class Frame:
    """A rectangle in a CRS, with the true size of the CRS's unit on the ground at its middle.

    Attributes
    ----------
    left, right, bottom, top
        In CRS units; y grows upwards.
    crs
        WKT or authority code that pyproj reads.
    metres_per_x, metres_per_y
        Ground metres of one CRS unit along x and y, geodesic, at the middle of the rectangle. In EPSG:3857 at
        latitude 28.6 degrees one unit is 0.88 m.
    """

    left: float
    right: float
    bottom: float
    top: float
    crs: str
    metres_per_x: float
    metres_per_y: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """As matplotlib's ``imshow`` takes it."""
        return (self.left, self.right, self.bottom, self.top)

    @property
    def width_m(self) -> float:
        """Ground width in metres."""
        return (self.right - self.left) * self.metres_per_x

    @property
    def height_m(self) -> float:
        """Ground height in metres."""
        return (self.top - self.bottom) * self.metres_per_y

    @property
    def north_deg(self) -> float:
        """Direction of true north on the picture, degrees clockwise from straight up (grid convergence)."""
        x, y = (self.left + self.right) / 2, (self.bottom + self.top) / 2
        to_lonlat, from_lonlat = _transformers(self.crs)
        lon, lat = to_lonlat.transform(x, y)
        step = 1e-3 if lat < 89 else -1e-3
        x2, y2 = from_lonlat.transform(lon, lat + step)
        sign = 1.0 if step > 0 else -1.0
        dx, dy = sign * (x2 - x) * self.metres_per_x, sign * (y2 - y) * self.metres_per_y
        return float(np.degrees(np.arctan2(dx, dy)))

    def project(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in EPSG:4326 (longitude, latitude), brought into the frame's CRS."""
        forward = _transformers(self.crs)[1]

        def to_frame(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.stack(forward.transform(lonlat[:, 0], lonlat[:, 1]), axis=-1)

        return shapely.transform(geometry, to_frame)

    def lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Longitude and latitude of a point in the frame's CRS."""
        lon, lat = _transformers(self.crs)[0].transform(x, y)
        return float(lon), float(lat)


@dataclasses.dataclass(frozen=True)
class Window:
    """A block of a stack's pixels and the frame it fills."""

    rows: slice
    cols: slice
    frame: Frame

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.rows.stop - self.rows.start, self.cols.stop - self.cols.start)


@functools.lru_cache(maxsize=32)
def _transformers(crs: str) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    return (
        pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True),
        pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True),
    )


def whole_window(stack: xr.Dataset) -> Window:
    """All the pixels of a stack.

    Raises
    ------
    StackError
        When the stack carries no grid (``spatial_ref``).
    """
    return _window(stack, 0, stack.sizes["y"], 0, stack.sizes["x"])


def window_around(stack: xr.Dataset, footprint: BaseGeometry, *, times_size: float = 2.2) -> Window | None:
    """The square block of pixels around a footprint (EPSG:4326); None where the stack misses it.

    The side is `times_size` the footprint's longer side and at least 40 pixels. A block that would reach over the
    edge of the imagery is shifted inwards, and cut only where the imagery is smaller than the block.
    """
    whole = whole_window(stack)
    frame = whole.frame
    ny, nx = whole.shape
    left, bottom, right, top = frame.project(footprint).bounds
    if not np.isfinite([left, bottom, right, top]).all():
        return None
    unit_x, unit_y = (frame.right - frame.left) / nx, (frame.top - frame.bottom) / ny
    if right < frame.left or left > frame.right or top < frame.bottom or bottom > frame.top:
        return None
    pixel_x_m, pixel_y_m = unit_x * frame.metres_per_x, unit_y * frame.metres_per_y
    size_m = max((right - left) * frame.metres_per_x, (top - bottom) * frame.metres_per_y)
    side_m = max(times_size * size_m, 40 * max(pixel_x_m, pixel_y_m))
    row0, row1 = _span((frame.top - (top + bottom) / 2) / unit_y, side_m / pixel_y_m, ny)
    col0, col1 = _span(((left + right) / 2 - frame.left) / unit_x, side_m / pixel_x_m, nx)
    return _window(stack, row0, row1, col0, col1)


def _span(centre: float, size: float, limit: int) -> tuple[int, int]:
    size_px = min(int(np.ceil(size)), limit)
    start = int(np.clip(round(centre - size_px / 2), 0, limit - size_px))
    return start, start + size_px


def _window(stack: xr.Dataset, row0: int, row1: int, col0: int, col1: int) -> Window:
    geobox = stack.odc.geobox
    if geobox is None or geobox.crs is None:
        raise StackError(
            f"the stack of {stack.attrs.get('track', 'an unknown track')} carries no grid",
            hint="Build it with build_stacks, or keep the spatial_ref coordinate when you change it",
        )
    block = geobox[row0:row1, col0:col1]
    left, bottom, right, top = block.boundingbox
    ground = metres_per_unit(block)
    frame = Frame(left, right, bottom, top, str(geobox.crs), ground.x, ground.y)
    return Window(slice(row0, row1), slice(col0, col1), frame)
