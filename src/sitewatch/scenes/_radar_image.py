"""An image in radar geometry: where its pixels lie on the ground, and the map grid it is laid on."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Literal

import numpy as np
import pyproj
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from sitewatch.geodesy import local_crs
from sitewatch.scenes._lattice import Lattice
from sitewatch.scenes._raster import around
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._scene import Quantity
from sitewatch.scenes._terrain import Terrain

Stored = Literal["raster", "complex raster", "ICEYE HDF5", "SICD"]
"""How the pixels are stored, which decides who reads them."""

_POINTS_A_SIDE = 9


@dataclasses.dataclass(frozen=True)
class TiePoint:
    """A pixel position (0 is the centre of the first pixel) and where it lies, degrees of WGS84."""

    row: float
    col: float
    lon: float
    lat: float


@dataclasses.dataclass(frozen=True)
class RadarImage:
    """What turns pixels in radar geometry into gamma0 on a map.

    Attributes
    ----------
    shape
        Rows and columns as stored.
    model
        Rational polynomials, or tie points where there are none.
    mean_height_m
        Of the ground, above the ellipsoid, as the product tells it.
    terrain
        The ground that the user names; None for flat ground at `mean_height_m`. Tie points bring their own.
    gain
        Factor on the power, by image position: from what is stored to what the scene's quantity says.
    stored
        How the pixels are stored.
    quantity
        What the power measures once the gain is applied.
    """

    shape: tuple[int, int]
    model: Rpc | tuple[TiePoint, ...]
    mean_height_m: float
    terrain: Terrain | None = None
    gain: Lattice | None = None
    stored: Stored = "raster"
    quantity: Quantity = "unknown"

    @property
    def flattens(self) -> bool:
        """Whether slopes and the line of sight are known, so that gamma0 can be that of the terrain.

        The polynomials tell the line of sight of zero-Doppler images; SICD's need not be such.
        """
        sloped = self.terrain is not None and isinstance(self.terrain.source, str)
        return sloped and isinstance(self.model, Rpc) and self.quantity == "gamma0" and self.stored != "SICD"

    @property
    def ground(self) -> Terrain:
        """The ground that the pixels are laid on."""
        return self.terrain or Terrain(self.mean_height_m)


def outline(image: RadarImage, height_m: float) -> shapely.Polygon:
    """Outline of an image on the ground, EPSG:4326, for flat ground at a height above the ellipsoid.

    Raises
    ------
    ValueError
        The model does not place the image.
    """
    row, col = around(*(np.linspace(-0.5, size - 0.5, _POINTS_A_SIDE) for size in image.shape))
    if isinstance(image.model, Rpc):
        lon, lat = image.model.ground(row, col, height_m)
    else:
        lon, lat = tie_ground(image.model, row, col)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ValueError("its rational polynomials don't place its corners on the ground")
    polygon = shapely.Polygon(np.column_stack([lon, lat]))
    if not polygon.is_valid or polygon.area == 0:
        raise ValueError("its corners don't enclose an area")
    return polygon


def outline_on_ground(image: RadarImage) -> shapely.Polygon:
    """Outline that holds the image wherever its ground lies between the terrain's lowest and highest."""
    rough = outline(image, image.mean_height_m)
    if not isinstance(image.model, Rpc):
        return rough
    west, south, east, north = rough.bounds
    step = max(east - west, north - south) / 32
    around = GeoBox((35, 35), Affine(step, 0, west - step, 0, -step, north + step), "EPSG:4326")
    heights = image.ground.heights(around)
    extremes = {float(np.nanmin(heights)), float(np.nanmax(heights))}
    hull = shapely.union_all([outline(image, height) for height in extremes]).convex_hull
    if not isinstance(hull, shapely.Polygon):
        raise ValueError("its corners don't enclose an area")
    return hull


def map_grid(footprint: shapely.Polygon, spacing_m: float) -> GeoBox:
    """The UTM grid an image is laid on: pixel edges at multiples of the spacing, so that images share their pixels."""
    crs = local_crs(footprint)
    to_map = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    # Edges of a large image that are straight in degrees are curved on the map.
    lon, lat = shapely.get_coordinates(shapely.segmentize(footprint, 0.1)).T
    x, y = (np.asarray(axis) for axis in to_map.transform(lon, lat))
    west, east = math.floor(x.min() / spacing_m), math.ceil(x.max() / spacing_m)
    south, north = math.floor(y.min() / spacing_m), math.ceil(y.max() / spacing_m)
    transform = Affine(spacing_m, 0, west * spacing_m, 0, -spacing_m, north * spacing_m)
    epsg = crs.to_epsg()
    return GeoBox((north - south, east - west), transform, f"EPSG:{epsg}" if epsg else crs.to_wkt())


def tidy_spacing(*spacings_m: float) -> float:
    """The coarsest of some ground spacings, rounded to two digits: finer pixels would only repeat each other."""
    coarsest = max(spacings_m)
    digits = 1 - math.floor(math.log10(coarsest))
    return round(coarsest, digits)


def range_axis(model: Rpc, shape: tuple[int, int]) -> tuple[int, bool]:
    """Axis of an image along which range runs (0 rows, 1 columns), and whether it increases with the index.

    What stands higher is nearer to the radar, so a point that rises moves towards near range. This holds whichever way
    a producer turns its images.
    """
    row, col = (np.array([(n - 1) / 2]) for n in shape)
    height = model.height_off
    lon, lat = model.ground(row, col, height)
    raised = model.image(lon, lat, height + 10.0)
    moved = float(raised[0][0] - row[0]), float(raised[1][0] - col[0])
    axis = 0 if abs(moved[0]) > abs(moved[1]) else 1
    return axis, moved[axis] < 0


def along_range(shape: tuple[int, int], axis: int, increasing: bool, near_to_far: np.ndarray) -> Lattice:
    """A quantity that varies with range only, from its values at equal steps from near to far range."""
    values = np.asarray(near_to_far, float) if increasing else np.asarray(near_to_far, float)[::-1]
    steps = np.linspace(0, shape[axis] - 1, len(values))
    if axis == 0:
        return Lattice.of(steps, np.zeros(1), values[:, None])
    return Lattice.of(np.zeros(1), steps, values[None, :])


def tie_ground(points: tuple[TiePoint, ...], row: np.ndarray, col: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of pixels, by a polynomial of second degree through tie points: good for outlines."""
    solved, mean = _tie_polynomial(points, to_ground=True)
    return _evaluate(solved, row - mean[0], col - mean[1])


def tie_image(points: tuple[TiePoint, ...], lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column that show a point, by a polynomial of second degree through tie points: good for windows."""
    solved, mean = _tie_polynomial(points, to_ground=False)
    return _evaluate(solved, lon - mean[0], lat - mean[1])


@functools.lru_cache(maxsize=32)
def _tie_polynomial(points: tuple[TiePoint, ...], to_ground: bool) -> tuple[np.ndarray, np.ndarray]:
    table = np.array([dataclasses.astuple(point) for point in points])
    given, wanted = (table[:, :2], table[:, 2:]) if to_ground else (table[:, 2:], table[:, :2])
    mean = given.mean(axis=0)
    solved, *_ = np.linalg.lstsq(_quadratic(*(given - mean).T), wanted, rcond=None)
    return solved, mean


def _evaluate(solved: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = _quadratic(np.asarray(a, float), np.asarray(b, float)) @ solved
    return values[..., 0], values[..., 1]


def _quadratic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.stack([np.ones_like(a), a, b, a * b, a * a, b * b], axis=-1)
