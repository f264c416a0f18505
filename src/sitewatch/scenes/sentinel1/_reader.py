"""Sentinel-1 images laid on a map grid: range-Doppler terrain correction, window by window."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from sitewatch.geodesy import pixel_size_m
from sitewatch.scenes._flatten import Flattening, Points, flatten
from sitewatch.scenes._sampling import MARGIN, block_mean, cubic
from sitewatch.scenes._scene import Band, Quantity
from sitewatch.scenes._terrain import Terrain
from sitewatch.scenes.sentinel1._annotation import Annotation, Floats
from sitewatch.scenes.sentinel1._geometry import SPEED_OF_LIGHT, ecef, ground_pixel, line_of, over_image, see
from sitewatch.scenes.sentinel1._image import Image
from sitewatch.scenes.sentinel1._package import Package
from sitewatch.scenes.sentinel1._slc import burst_power

# Terrain this far outside a window may fall onto it: a 1000 m mountain reaches 1.7 km at 30 degrees of incidence.
_REACH_M = 2000.0
# Geometry of a tile takes some hundred bytes a pixel.
_TILE_PX = 768
# A grid coarser than the image by more than this is sampled several times a pixel, and averaged.
_COARSER = 1.5


@dataclasses.dataclass(frozen=True)
class Sentinel1Reader:
    """Reads a SAFE product onto any map grid.

    Attributes
    ----------
    images
        One a swath and polarisation.
    quantity
        gamma0, sigma0 or beta0.
    terrain
        Ground heights; None for the coarse ones that the product's own geolocation grid holds.
    """

    images: tuple[Image, ...]
    quantity: Quantity = "gamma0"
    terrain: Terrain | None = None

    @property
    def grids(self) -> Literal["own", "any"]:
        """Any: it geocodes."""
        return "any"

    @property
    def package(self) -> Package:
        """The product."""
        return self.images[0].package

    @property
    def source(self) -> str:
        """Path of the folder or zip."""
        return self.package.source

    @property
    def lacks_terrain(self) -> bool:
        """Whether the pixels lie on the product's own coarse heights."""
        return self.terrain is None

    @property
    def hints(self) -> Mapping[str, str]:
        """Quantity, polarisations and ground."""
        polarisations = ",".join(dict.fromkeys(image.polarisation for image in self.images))
        ground = {} if self.terrain is None else self.terrain.as_hints()
        return {"quantity": self.quantity, "polarisation": polarisations, **ground}

    @property
    def flattens(self) -> bool:
        """Whether slopes are known, so that gamma0 can be that of the terrain."""
        return self.terrain is not None and isinstance(self.terrain.source, str) and self.quantity == "gamma0"

    def read(self, bands: Sequence[Band], geobox: GeoBox) -> Mapping[str, NDArray[np.float32]]:
        """Linear power of each polarisation: float32 (rows, columns), NaN where there is no data."""
        rows, cols = geobox.shape
        out = {band.polarisation: np.empty((rows, cols), np.float32) for band in bands}
        for top in range(0, rows, _TILE_PX):
            for left in range(0, cols, _TILE_PX):
                part = np.s_[top : min(top + _TILE_PX, rows), left : min(left + _TILE_PX, cols)]
                for name, values in self._read_tile(bands, geobox[part]).items():
                    out[name][part] = values
        return out

    def _read_tile(self, bands: Sequence[Band], geobox: GeoBox) -> dict[str, NDArray[np.float32]]:
        finer = self._oversampling(geobox)
        grid = geobox if finer == 1 else geobox.zoom_out(1 / finer)
        points = self._points(grid)
        flattening = self._flattening(grid) if self.flattens else None
        out = {}
        for band in bands:
            power = self._sampled(band.polarisation, points)
            if flattening is not None:
                power = (power * flattening.factor).astype(np.float32)
                power[flattening.layover | flattening.shadow] = np.nan
            np.maximum(power, np.float32(0), out=power)
            out[band.polarisation] = power if finer == 1 else block_mean(power, finer, finer)
        return out

    def _sampled(self, polarisation: str, points: Points) -> NDArray[np.float32]:
        images = [image for image in self.images if image.polarisation == polarisation]
        if images[0].annotation.bursts:
            return burst_power(images, points, self.quantity)
        image = images[0]
        annotation = image.annotation
        pixel = ground_pixel(annotation, points)
        line = corrected_line(annotation, points, pixel)
        box = _around(line, pixel, (annotation.lines, annotation.samples))
        if box is None:
            return np.full(line.shape, np.nan, np.float32)
        return cubic(image.power(box, self.quantity), line - box[0], pixel - box[2])

    def _points(self, grid: GeoBox) -> Points:
        """The ground as the radar sees it, at the heights told or at the product's own."""
        annotation = self.images[0].annotation
        if self.terrain is not None:
            return see(annotation.orbit, ecef(grid, self.terrain.heights(grid).astype(np.float64)))
        return see(annotation.orbit, ecef(grid, self._own_heights(grid)))

    def _own_heights(self, grid: GeoBox) -> Floats:
        """Heights between the points of the geolocation grid; twice, for a height moves its own place in the grid."""
        annotation = self.images[0].annotation
        ground = annotation.ground
        height = np.full(tuple(grid.shape), float(np.median(ground.height_m)))
        for _ in range(2):
            points = see(annotation.orbit, ecef(grid, height))
            line = np.clip(points.time_s / annotation.line_interval_s, 0, annotation.lines - 1)
            pixel = np.interp(2 * points.range_m / SPEED_OF_LIGHT, ground.slant_range_time_s[0], ground.pixel[0])
            known = np.isfinite(line) & np.isfinite(pixel)
            found = over_image(ground, ground.height_m, np.where(known, line, 0), np.where(known, pixel, 0))
            height = np.where(known, found, height)
        return height

    def _flattening(self, grid: GeoBox) -> Flattening:
        """Flattening of a window, from terrain that reaches beyond it."""
        assert self.terrain is not None
        size = pixel_size_m(grid)
        down, across = math.ceil(_REACH_M / size.y), math.ceil(_REACH_M / size.x)
        wide = grid.pad(across, down)
        orbit = self.images[0].annotation.orbit
        heights = self.terrain.heights(wide).astype(np.float64)
        level = np.full(tuple(wide.shape), float(np.nanmedian(heights)))
        found = flatten(*(see(orbit, ecef(wide, h)) for h in (heights, level)))
        inner = slice(down, down + grid.shape[0]), slice(across, across + grid.shape[1])
        return Flattening(found.factor[inner], found.layover[inner], found.shadow[inner])

    def _oversampling(self, geobox: GeoBox) -> int:
        size = pixel_size_m(geobox)
        coarser = math.sqrt(size.x * size.y) / native_spacing_m(self.images[0].annotation)
        return max(round(coarser), 1) if coarser > _COARSER else 1


def native_spacing_m(annotation: Annotation) -> float:
    """Pixel spacing on the ground that an image's pixels support."""
    if annotation.bursts:
        return 10.0
    return math.sqrt(annotation.range_spacing_m * annotation.azimuth_spacing_m)


def corrected_line(annotation: Annotation, points: Points, pixel: Floats) -> Floats:
    """Line of a ground range image.

    The azimuth time of a line drifts with range (bistatic delay, up to 0.2 lines at the swath's edges); the
    geolocation grid states both, and their difference is taken from it.
    """
    ground = annotation.ground
    drift = (ground.line - ground.azimuth_time_s / annotation.line_interval_s).mean(axis=0)
    return line_of(annotation, points) + np.interp(pixel, ground.pixel[0], drift)


def _around(line: Floats, pixel: Floats, shape: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Box of lines and pixels that hold some places and what interpolation draws on; None where all are outside."""
    known = np.isfinite(line) & np.isfinite(pixel)
    known &= (line > -1) & (line < shape[0]) & (pixel > -1) & (pixel < shape[1])
    if not known.any():
        return None
    line, pixel = line[known], pixel[known]
    return (
        max(math.floor(line.min()) - MARGIN, 0),
        min(math.ceil(line.max()) + MARGIN + 1, shape[0]),
        max(math.floor(pixel.min()) - MARGIN, 0),
        min(math.ceil(pixel.max()) + MARGIN + 1, shape[1]),
    )
