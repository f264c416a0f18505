"""Calibrated power of one Sentinel-1 image in its own geometry: windows of lines and pixels."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from scipy import ndimage

from sitewatch.scenes._raster import open_unplaced, refuse_cut_off, scene_error
from sitewatch.scenes._scene import Quantity
from sitewatch.scenes.sentinel1._annotation import Annotation, Floats, read_annotation
from sitewatch.scenes.sentinel1._package import Package
from sitewatch.scenes.sentinel1._tables import Noise, Vectors, read_calibration, read_noise

# From IPF 2.9 on (March 2018) pixels without signal along the borders are written as 0.
_CLEAN_BORDERS = 2.9
# Lines and pixels within which borders of older products may hold "no-value" pixels (MPC-0243).
_BORDER_PX = 500
_BORDER_SMOOTH_PX = 5

Box = tuple[int, int, int, int]
"""First line, last line (excluded), first pixel, last pixel (excluded)."""


@dataclasses.dataclass(frozen=True)
class Image:
    """The files of one image (one swath and polarisation) of a product."""

    package: Package
    polarisation: str
    swath: str
    annotation_path: str
    calibration_path: str
    noise_path: str | None
    measurement_path: str
    ipf_version: float | None

    @property
    def annotation(self) -> Annotation:
        """Its annotation."""
        return read_annotation(self.package, self.annotation_path)

    @property
    def href(self) -> str:
        """Where GDAL opens its pixels."""
        return self.package.href(self.measurement_path)

    def calibration(self, quantity: Quantity) -> Vectors:
        """Its calibration table."""
        return read_calibration(self.package, self.calibration_path, quantity)

    @property
    def noise(self) -> Noise | None:
        """Its thermal noise; None where the product has none, or the processor has subtracted it already."""
        if self.noise_path is None or self.annotation.noise_removed:
            return None
        return read_noise(self.package, self.noise_path, self.calibration_path, self.annotation.mode, self.ipf_version)

    @property
    def has_noisy_borders(self) -> bool:
        """Whether it is a ground range image of a processor that left noise along its borders."""
        return (
            self.annotation.product_type == "GRD" and self.ipf_version is not None and self.ipf_version < _CLEAN_BORDERS
        )

    def check(self) -> None:
        """Open the pixels; raises SceneError where they are missing, cut off or not those of the annotation."""
        described = (self.annotation.lines, self.annotation.samples)
        with open_unplaced(self.href) as source:
            refuse_cut_off(source, self.href)
            if source.shape != described:
                raise scene_error(
                    self.package.source,
                    f"{self.measurement_path} has {source.shape[0]} x {source.shape[1]} pixels, and its annotation "
                    f"says {described[0]} x {described[1]}",
                    "Fetch the product again.",
                )

    def power(self, box: Box, quantity: Quantity) -> NDArray[np.float32]:
        """Backscatter of a window, linear power; NaN for no data, and noise subtraction's negative values stay."""
        lines, pixels = np.arange(box[0], box[1]), np.arange(box[2], box[3])
        squared = self._squared(box)
        missing = squared == 0
        if self.has_noisy_borders:
            missing |= self._border(box)
        noise = self.noise
        if noise is not None:
            squared -= noise.over(lines, pixels).astype(np.float32)
        amplitude = self.calibration(quantity).over(lines, pixels)
        power = np.asarray(squared / (amplitude * amplitude), np.float32)
        power[missing] = np.nan
        return power

    def noise_floor(self, quantity: Quantity) -> float | None:
        """Noise-equivalent backscatter at the image's centre, linear power."""
        if self.noise_path is None:
            return None
        noise = read_noise(self.package, self.noise_path, self.calibration_path, self.annotation.mode, self.ipf_version)
        line, pixel = np.array([self.annotation.lines // 2]), np.array([self.annotation.samples // 2])
        return float(noise.over(line, pixel)[0, 0] / self.calibration(quantity).over(line, pixel)[0, 0] ** 2)

    def _squared(self, box: Box) -> NDArray[np.float32]:
        """|DN|^2 of a window."""
        window = Window.from_slices((box[0], box[1]), (box[2], box[3]))
        with open_unplaced(self.href) as source:
            if "complex" in source.dtypes[0]:
                values = source.read(1, window=window, out_dtype="complex64")
                return np.asarray(values.real**2 + values.imag**2, np.float32)
            values = source.read(1, window=window, out_dtype="float32")
        return np.asarray(values * values, np.float32)

    def _border(self, box: Box) -> NDArray[np.bool_]:
        """Pixels of a window in the "no-value" margins: from a border inwards, as long as nothing rises above noise.

        After "Masking no-value pixels on GRD products generated by the Sentinel-1 ESA IPF" (MPC-0243, 2015).
        """
        lines, samples = self.annotation.lines, self.annotation.samples
        mask = np.zeros((box[1] - box[0], box[3] - box[2]), bool)
        reach_line, reach_pixel = min(_BORDER_PX, lines), min(_BORDER_PX, samples)
        strips: list[tuple[Box, int, slice]] = [
            ((box[0], box[1], 0, reach_pixel), 1, slice(None)),
            ((box[0], box[1], samples - reach_pixel, samples), 1, slice(None, None, -1)),
            ((0, reach_line, box[2], box[3]), 0, slice(None)),
            ((lines - reach_line, lines, box[2], box[3]), 0, slice(None, None, -1)),
        ]
        for strip, axis, order in strips:
            overlap = (
                max(strip[0], box[0]),
                min(strip[1], box[1]),
                max(strip[2], box[2]),
                min(strip[3], box[3]),
            )
            if overlap[0] >= overlap[1] or overlap[2] >= overlap[3]:
                continue
            dark = self._dark(strip)
            flip = (order, slice(None)) if axis == 0 else (slice(None), order)
            run = np.logical_and.accumulate(dark[flip], axis=axis)[flip]
            rows = slice(overlap[0] - strip[0], overlap[1] - strip[0])
            cols = slice(overlap[2] - strip[2], overlap[3] - strip[2])
            mask[overlap[0] - box[0] : overlap[1] - box[0], overlap[2] - box[2] : overlap[3] - box[2]] |= run[
                rows, cols
            ]
        return mask

    def _dark(self, box: Box) -> NDArray[np.bool_]:
        squared = self._squared(box)
        smooth: Floats = ndimage.uniform_filter(squared, _BORDER_SMOOTH_PX, mode="nearest")
        noise = self.noise
        if noise is None:
            return np.asarray(squared == 0)
        floor = noise.over(np.arange(box[0], box[1]), np.arange(box[2], box[3]))
        return np.asarray((smooth <= floor) | (squared == 0))
