"""The annotation of one image of a Sentinel-1 product: times, orbit, ground control, range conversion, bursts.

Names follow the Sentinel-1 Product Specification (S1-RS-MDA-52-7441). Times are seconds since the image's first line.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import xml.etree.ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from sitewatch.scenes._raster import scene_error
from sitewatch.scenes.sentinel1._package import Package

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Orbit:
    """Places of the satellite, Earth-fixed (ECEF, WGS84): seconds (n), metres (n, 3)."""

    time_s: Floats
    position_m: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Ground:
    """Geolocation grid, each (rows, columns): where points of known line and pixel lie (heights above WGS84)."""

    line: Floats
    pixel: Floats
    latitude: Floats
    longitude: Floats
    height_m: Floats
    incidence_deg: Floats
    azimuth_time_s: Floats
    slant_range_time_s: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class RangeConversion:
    """Polynomials from slant range to ground range, one a time: ground range = sum c_i (slant range - sr0)^i."""

    time_s: Floats
    sr0_m: Floats
    coefficients: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Burst:
    """One burst of a TOPS image: time of its first line, and the valid samples of each of its lines (-1 for none)."""

    time_s: float
    first_valid: NDArray[np.int64]
    last_valid: NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class Annotation:
    """What an annotation file says of its image."""

    platform: str
    mode: str
    swath: str
    product_type: str
    polarisation: str
    absolute_orbit: int
    orbit_state: str
    start: dt.datetime
    stop: dt.datetime
    lines: int
    samples: int
    line_interval_s: float
    range_spacing_m: float
    azimuth_spacing_m: float
    slant_range_time_s: float
    range_sampling_hz: float
    incidence_mid_deg: float
    noise_removed: bool
    orbit: Orbit
    ground: Ground
    conversion: RangeConversion | None
    lines_per_burst: int
    bursts: tuple[Burst, ...]


@functools.lru_cache(maxsize=48)
def read_annotation(package: Package, path: str) -> Annotation:
    """Read one annotation file; raises SceneError where it is missing, damaged or lacks a needed entry."""
    root = package.read_xml(path)
    try:
        return _parse(root)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise scene_error(
            package.source, f"{path} in it lacks something or is damaged ({error})", "Fetch the product again."
        ) from error


def _parse(root: ET.Element) -> Annotation:
    info, header = _one(root, "imageAnnotation/imageInformation"), _one(root, "adsHeader")
    product = _one(root, "generalAnnotation/productInformation")
    first = np.datetime64(_text(info, "productFirstLineUtcTime"), "ns")
    conversions = root.findall("coordinateConversion/coordinateConversionList/coordinateConversion")
    return Annotation(
        platform=f"sentinel-{_text(header, 'missionId')[1:].lower()}",
        mode=_text(header, "mode"),
        swath=_text(header, "swath"),
        product_type=_text(header, "productType"),
        polarisation=_text(header, "polarisation"),
        absolute_orbit=int(_text(header, "absoluteOrbitNumber")),
        orbit_state=_text(product, "pass").lower(),
        start=_utc(_text(info, "productFirstLineUtcTime")),
        stop=_utc(_text(info, "productLastLineUtcTime")),
        lines=int(_text(info, "numberOfLines")),
        samples=int(_text(info, "numberOfSamples")),
        line_interval_s=float(_text(info, "azimuthTimeInterval")),
        range_spacing_m=float(_text(info, "rangePixelSpacing")),
        azimuth_spacing_m=float(_text(info, "azimuthPixelSpacing")),
        slant_range_time_s=float(_text(info, "slantRangeTime")),
        range_sampling_hz=float(_text(product, "rangeSamplingRate")),
        incidence_mid_deg=float(_text(info, "incidenceAngleMidSwath")),
        noise_removed=_text(root, "imageAnnotation/processingInformation/thermalNoiseCorrectionPerformed") == "true",
        orbit=_orbit(root, first),
        ground=_ground(root, first),
        conversion=_conversion(conversions, first) if conversions else None,
        lines_per_burst=int(root.findtext("swathTiming/linesPerBurst") or 0),
        bursts=tuple(_burst(b, first) for b in root.findall("swathTiming/burstList/burst")),
    )


def _orbit(root: ET.Element, first: np.datetime64) -> Orbit:
    vectors = root.findall("generalAnnotation/orbitList/orbit")
    if len(vectors) < 4:
        raise ValueError(f"{len(vectors)} orbit state vectors are too few")
    return Orbit(
        np.array([seconds(_text(v, "time"), first) for v in vectors]),
        np.array([[float(_text(v, f"position/{axis}")) for axis in "xyz"] for v in vectors]),
    )


def _ground(root: ET.Element, first: np.datetime64) -> Ground:
    points = root.findall("geolocationGrid/geolocationGridPointList/geolocationGridPoint")
    if len(points) < 4:
        raise ValueError("the geolocation grid is empty")
    lines = [int(_text(p, "line")) for p in points]
    columns = lines.count(lines[0])

    def grid(name: str) -> Floats:
        return np.array([float(_text(p, name)) for p in points]).reshape(-1, columns)

    return Ground(
        line=np.array(lines, float).reshape(-1, columns),
        pixel=grid("pixel"),
        latitude=grid("latitude"),
        longitude=grid("longitude"),
        height_m=grid("height"),
        incidence_deg=grid("incidenceAngle"),
        azimuth_time_s=np.array([seconds(_text(p, "azimuthTime"), first) for p in points]).reshape(-1, columns),
        slant_range_time_s=grid("slantRangeTime"),
    )


def _conversion(records: list[ET.Element], first: np.datetime64) -> RangeConversion:
    coefficients = [numbers(_text(r, "srgrCoefficients")) for r in records]
    longest = max(len(c) for c in coefficients)
    return RangeConversion(
        np.array([seconds(_text(r, "azimuthTime"), first) for r in records]),
        np.array([float(_text(r, "sr0")) for r in records]),
        np.array([np.pad(c, (0, longest - len(c))) for c in coefficients]),
    )


def _burst(burst: ET.Element, first: np.datetime64) -> Burst:
    return Burst(
        seconds(_text(burst, "azimuthTime"), first),
        numbers(_text(burst, "firstValidSample")).astype(np.int64),
        numbers(_text(burst, "lastValidSample")).astype(np.int64),
    )


def seconds(time: str, first: np.datetime64) -> float:
    """Seconds from one time to another, to the nanosecond."""
    return float((np.datetime64(time, "ns") - first) / np.timedelta64(1, "ns")) * 1e-9


def numbers(text: str) -> Floats:
    """Numbers of a list in an annotation, which stand apart by blanks."""
    return np.array(text.split(), dtype=np.float64)


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _one(element: ET.Element, path: str) -> ET.Element:
    found = element.find(path)
    if found is None:
        raise ValueError(f"{path} is missing")
    return found


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path)
    if text is None or not text.strip():
        raise ValueError(f"{path} is missing")
    return text.strip()
