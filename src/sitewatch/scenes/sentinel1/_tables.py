"""Calibration and noise tables of a Sentinel-1 image, interpolated linearly in line and pixel."""

from __future__ import annotations

import dataclasses
import functools
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.scenes._raster import scene_error
from sitewatch.scenes._scene import Quantity
from sitewatch.scenes.sentinel1._annotation import Floats, numbers
from sitewatch.scenes.sentinel1._package import Package

Indices = NDArray[np.int64]

_LUTS = {"gamma0": "gamma", "sigma0": "sigmaNought", "beta0": "betaNought"}
# Products older than IPF 2.5 carry noise vectors in another unit (Sentinel-1 MPC, "Masking no-value pixels on GRD
# products", MPC-0243): they are brought to that of DN^2 by this number times the calibration's dn, or its square.
_OLD_NOISE = {"IW": 75088.7, "EW": 56065.87}


@dataclasses.dataclass(frozen=True, eq=False)
class Vectors:
    """Numbers along some lines of an image, each line with pixels of its own."""

    lines: Floats
    pixels: tuple[Floats, ...]
    values: tuple[Floats, ...]

    def over(self, lines: Indices, pixels: Indices) -> Floats:
        """Values (lines, pixels) by linear interpolation in both; beyond the outermost vectors these hold."""
        at = np.interp(lines, self.lines, np.arange(len(self.lines)))
        low, high = int(np.floor(at.min())), int(np.ceil(at.max()))
        along = np.stack(
            [np.interp(pixels, self.pixels[i], self.values[i]) for i in range(low, min(high, len(self.lines) - 1) + 1)]
        )
        index = np.minimum((at - low).astype(int), max(len(along) - 2, 0))
        share = (at - low - index)[:, None]
        return (1 - share) * along[index] + share * along[np.minimum(index + 1, len(along) - 1)]


@dataclasses.dataclass(frozen=True, eq=False)
class AzimuthBlock:
    """How the noise varies along the lines of one swath's part of the image, as a factor."""

    first_line: int
    last_line: int
    first_pixel: int
    last_pixel: int
    lines: Floats
    factors: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Noise:
    """Thermal noise in units of DN^2."""

    vectors: Vectors
    blocks: tuple[AzimuthBlock, ...]

    def over(self, lines: Indices, pixels: Indices) -> Floats:
        """Noise power (lines, pixels)."""
        power = self.vectors.over(lines, pixels)
        for block in self.blocks:
            rows = (lines >= block.first_line) & (lines <= block.last_line)
            cols = (pixels >= block.first_pixel) & (pixels <= block.last_pixel)
            if rows.any() and cols.any():
                power[np.ix_(rows, cols)] *= np.interp(lines[rows], block.lines, block.factors)[:, None]
        return power


@functools.lru_cache(maxsize=96)
def read_calibration(package: Package, path: str, quantity: Quantity) -> Vectors:
    """Amplitudes A of one image: backscatter = DN^2 / A^2; raises SceneError where the file is missing or damaged."""
    root = package.read_xml(path)
    vectors = root.findall("calibrationVectorList/calibrationVector")
    return _vectors(package, path, vectors, _LUTS[quantity])


@functools.lru_cache(maxsize=96)
def read_noise(package: Package, path: str, calibration: str, mode: str, ipf_version: float | None) -> Noise:
    """Thermal noise of one image in units of DN^2, whichever IPF version wrote it.

    From IPF 2.9 on it varies in range and azimuth, before in range only.
    """
    root = package.read_xml(path)
    ranges = root.findall("noiseRangeVectorList/noiseRangeVector")
    name = "noiseRangeLut"
    if not ranges:
        ranges, name = root.findall("noiseVectorList/noiseVector"), "noiseLut"
    vectors = _vectors(package, path, ranges, name)
    factor = _old_factor(package, vectors, calibration, mode, ipf_version)
    if factor != 1.0:
        vectors = dataclasses.replace(vectors, values=tuple(v * factor for v in vectors.values))
    blocks = [_block(b) for b in root.findall("noiseAzimuthVectorList/noiseAzimuthVector")]
    return Noise(vectors, tuple(blocks))


def _old_factor(package: Package, vectors: Vectors, calibration: str, mode: str, ipf_version: float | None) -> float:
    largest = max(float(v.max()) for v in vectors.values)
    # Noise in units of DN^2 is some hundreds at least; the numbers decide where accounts of the version differ (2.5).
    if ipf_version is None or ipf_version > 2.5 or largest >= 1.0 or mode not in _OLD_NOISE:
        return 1.0
    text = package.read_xml(calibration).findtext("calibrationVectorList/calibrationVector/dn") or ""
    dn = float(text.split()[0])
    return _OLD_NOISE[mode] * (dn if ipf_version < 2.34 else dn * dn)


def _vectors(package: Package, path: str, elements: Sequence[ET.Element], name: str) -> Vectors:
    try:
        lines = np.array([float(e.findtext("line", "")) for e in elements])
        pixels = tuple(numbers(e.findtext("pixel", "")) for e in elements)
        values = tuple(numbers(e.findtext(name, "")) for e in elements)
    except ValueError as error:
        raise _damaged(package, path, str(error)) from error
    if not len(lines) or any(len(p) != len(v) or not len(p) for p, v in zip(pixels, values, strict=True)):
        raise _damaged(package, path, f"{name} is missing or incomplete")
    order = np.argsort(lines, kind="stable")
    return Vectors(lines[order], tuple(pixels[i] for i in order), tuple(values[i] for i in order))


def _block(element: ET.Element) -> AzimuthBlock:
    def whole(name: str, missing: int) -> int:
        return int(element.findtext(name) or missing)

    everything = 2**31
    return AzimuthBlock(
        whole("firstAzimuthLine", 0),
        whole("lastAzimuthLine", everything),
        whole("firstRangeSample", 0),
        whole("lastRangeSample", everything),
        numbers(element.findtext("line", "")),
        numbers(element.findtext("noiseAzimuthLut", "")),
    )


def _damaged(package: Package, path: str, what: str) -> Exception:
    return scene_error(package.source, f"{path} in it is damaged ({what})", "Fetch the product again.")
