"""Products in radar geometry written as their specifications say, with point targets at known places.

The geometry is rigorous and independent of what is tested: a circular orbit about the Earth, zero-Doppler range and
time of a point on the ellipsoid; the rational polynomials that the files carry are fitted to it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import rasterio.errors
from rasterio.control import GroundControlPoint

from sitewatch.scenes._rpc import Rpc, fit_rpc

LON, LAT, HEIGHT = 14.30, 40.85, 60.0
"""Centre of the scene: a harbour 60 m above the ellipsoid, where the geoid is 48 m above it."""
UNDULATION = 48.0
START = dt.datetime(2025, 3, 1, 9, 30, tzinfo=dt.UTC)
_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
_SPEED_M_S = 7500.0


@dataclasses.dataclass(frozen=True)
class Geometry:
    """A radar on a straight path past the scene, and how its image samples range and time."""

    incidence_deg: float = 35.0
    look: str = "right"
    heading_deg: float = 350.0
    shape: tuple[int, int] = (160, 140)
    range_spacing_m: float = 0.8
    azimuth_spacing_m: float = 0.8
    slant: bool = False
    rows_are_range: bool = True

    @property
    def _path(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Position at time 0 and velocity, ECEF, and the slant range of the centre."""
        centre = np.array(_ECEF.transform(LON, LAT, HEIGHT))
        lon, lat = np.radians([LON, LAT])
        east = np.array([-np.sin(lon), np.cos(lon), 0])
        north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
        up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        heading = np.radians(self.heading_deg)
        along = np.sin(heading) * east + np.cos(heading) * north
        right = np.cos(heading) * east - np.sin(heading) * north
        towards = right if self.look == "right" else -right
        angle = np.radians(self.incidence_deg)
        distance = 620_000.0
        return centre + distance * (np.cos(angle) * up - np.sin(angle) * towards), along * _SPEED_M_S, distance

    def range_time(self, lon: np.ndarray, lat: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slant range and zero-Doppler time of points."""
        position, velocity, _ = self._path
        x, y, z = _ECEF.transform(lon, lat, height)
        from_start = np.stack([np.asarray(x), np.asarray(y), np.asarray(z)], axis=-1) - position
        time = from_start @ velocity / (velocity @ velocity)
        return np.linalg.norm(from_start - np.multiply.outer(time, velocity), axis=-1), time

    def image(self, lon: np.ndarray, lat: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of points, rigorously."""
        slant_range, time = self.range_time(lon, lat, height)
        _, _, centre = self._path
        per_sample = self.range_spacing_m * (1.0 if self.slant else np.sin(np.radians(self.incidence_deg)))
        sizes = self.shape if self.rows_are_range else self.shape[::-1]
        ranged = (sizes[0] - 1) / 2 + (slant_range - centre) / per_sample
        azimuth = (sizes[1] - 1) / 2 + time * _SPEED_M_S / self.azimuth_spacing_m
        # Turned so that shadows point down, a left-looking image runs backwards in time.
        if self.rows_are_range and self.look == "left":
            azimuth = sizes[1] - 1 - azimuth
        return (ranged, azimuth) if self.rows_are_range else (azimuth, ranged)

    @property
    def rpc(self) -> Rpc:
        """Rational polynomials fitted to it around the scene."""
        return _fitted(self)

    @property
    def near_far_deg(self) -> tuple[float, float]:
        """Incidence angles at near and far range of the middle line, by the ellipsoid at the scene's height."""
        size = self.shape[0 if self.rows_are_range else 1]
        spread = np.degrees(size * self.range_spacing_m / 2 * np.cos(np.radians(self.incidence_deg)) / 620_000.0)
        return self.incidence_deg - spread, self.incidence_deg + spread


@functools.lru_cache
def _fitted(geometry: Geometry) -> Rpc:
    rpc, worst = fit_rpc(geometry.image, (LON - 0.01, LON + 0.01), (LAT - 0.01, LAT + 0.01), (-200.0, 600.0))
    assert worst < 0.005
    return rpc


@dataclasses.dataclass(frozen=True)
class Target:
    """A corner reflector."""

    lon: float = LON
    lat: float = LAT
    height: float = HEIGHT


def amplitudes(
    geometry: Geometry,
    targets: Sequence[Target] = (),
    level: float = 100.0,
    peak: float = 1000.0,
    looks: int | None = None,
) -> np.ndarray:
    """Detected image: flat or speckled ground and targets as a bell of 1.2 pixels; no 0, which is no data."""
    rng = np.random.default_rng(5)
    power = np.full(geometry.shape, float(level))
    if looks:
        power = rng.gamma(looks, level / looks, geometry.shape)
    rows, cols = np.mgrid[: geometry.shape[0], : geometry.shape[1]]
    for target in targets:
        row, col = geometry.image(*(np.array(v) for v in (target.lon, target.lat, target.height)))
        power += peak**2 * np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / 1.2**2)
    return np.sqrt(power)


def iceye_properties(geometry: Geometry, kind: str, **changes: Any) -> dict[str, Any]:
    """STAC properties of an ICEYE product, names and units as ICEYE's schema v0.2.2 and metadata page have them."""
    near, far = geometry.near_far_deg
    rpc = {name: list(v) if isinstance(v, tuple) else v for name, v in dataclasses.asdict(geometry.rpc).items()}
    side = 90 if geometry.look == "right" else -90
    properties = {
        "datetime": START.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "start_datetime": "2025-03-01T09:29:53.1Z",
        "end_datetime": "2025-03-01T09:30:07.2Z",
        "created": "2025-03-02T00:00:00Z",
        "platform": "ICEYE-X42",
        "constellation": "ICEYE",
        "sar:center_frequency": 9600000000,
        "sar:frequency_band": "X",
        "sar:instrument_mode": "spotlight",
        "sar:looks_azimuth": 4 if kind == "GRD" else 1,
        "sar:looks_range": 1,
        "sar:observation_direction": geometry.look,
        "sar:pixel_spacing_azimuth": geometry.azimuth_spacing_m,
        "sar:pixel_spacing_range": geometry.range_spacing_m,
        "sar:polarizations": ["VV"],
        "sar:product_type": f"{kind}-COG",
        "sat:orbit_state": "ascending",
        "view:azimuth": (geometry.heading_deg + side) % 360,
        "view:incidence_angle": geometry.incidence_deg,
        "iceye:zero_doppler_start_datetime": "2025-03-01T09:29:59.6321234Z",
        "iceye:zero_doppler_end_datetime": "2025-03-01T09:30:00.351Z",
        "iceye:processing_end_datetime": "2025-03-02T08:12:46.280439Z",
        "iceye:incidence_angle_near": near,
        "iceye:incidence_angle_far": far,
        "iceye:calibration_factor": 2.5e-5,
        "iceye:average_scene_height": HEIGHT,
        "iceye:orientation": "shadows-down" if geometry.rows_are_range else "native",
        "iceye:processing_mode": "SLH",
        "iceye:filename": "ICEYE_SR2QKV_20250301T092953Z_5045505_X42_SLH_GRD.tif",
        "iceye:rpc": rpc,
        **changes,
    }
    return {name: value for name, value in properties.items() if value is not None}


def write_radar_tiff(
    path: Path,
    bands: np.ndarray,
    *,
    rpc: Rpc | None = None,
    gcps: Sequence[GroundControlPoint] = (),
    tags: Mapping[str, str] | None = None,
    band_names: Sequence[str] = (),
    nodata: float | None = None,
) -> Path:
    """A tiled, compressed GeoTIFF without a map grid; bands (band, row, column)."""
    count, height, width = bands.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype}
    layout = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "lzw", "nodata": nodata}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile, **layout) as target:
            target.write(bands)
            if rpc is not None:
                target.rpcs = rpc.as_gdal()
            if gcps:
                target.gcps = (list(gcps), rasterio.CRS.from_epsg(4326))
            target.update_tags(**(tags or {}))
            for i, name in enumerate(band_names, start=1):
                target.update_tags(i, NAME=name)
                target.set_band_description(i, name)
    return path


def write_iceye(
    path: Path,
    geometry: Geometry,
    amplitude: np.ndarray,
    kind: str = "GRD",
    *,
    embedded: bool = True,
    rpc_tag: bool = True,
    gcps: Sequence[GroundControlPoint] = (),
    **changes: Any,
) -> Path:
    """Today's ICEYE COG: uint16 amplitude (GRD), or amplitude and phase as float32 (SLC), with its metadata inside."""
    properties = iceye_properties(geometry, kind, **changes)
    tags = {"PRODUCT_NAME": path.stem, **({"ICEYE_PROPERTIES": json.dumps(properties)} if embedded else {})}
    place = {"rpc": geometry.rpc if rpc_tag else None, "gcps": gcps}
    if kind == "GRD":
        return write_radar_tiff(path, np.round(amplitude).astype("uint16")[None], tags=tags, nodata=0, **place)
    phase = np.random.default_rng(2).uniform(-np.pi, np.pi, amplitude.shape)
    bands = np.stack([amplitude, phase]).astype("float32")
    return write_radar_tiff(path, bands, tags=tags, band_names=("amplitude", "phase"), nodata=0, **place)


def tie_points(geometry: Geometry, height: float, every: int = 20, half: float = 0.0) -> list[GroundControlPoint]:
    """Points of the image at one height, at pixel numbers (`half` 0) or in GDAL's corner convention (0.5)."""
    rows, cols = (sorted({*range(0, n, every), n - 1}) for n in geometry.shape)
    if half:
        rows, cols = [*rows[:-1], rows[-1] + 0.5], [*cols[:-1], cols[-1] + 0.5]
    at_row, at_col = (axis.ravel() for axis in np.meshgrid(rows, cols, indexing="ij"))
    lon, lat = geometry.rpc.ground(at_row, at_col, height)
    return [
        GroundControlPoint(row=float(r + half), col=float(c + half), x=float(x), y=float(y), z=height)
        for r, c, x, y in zip(at_row, at_col, lon, lat, strict=True)
    ]


def centroid_utm(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Where a lone bright target lies on a map grid."""
    above = np.nan_to_num(values.astype(float) - np.nanmedian(values))
    weight = np.where(above > 0.02 * above.max(), above, 0)
    return float((weight.sum(0) * x).sum() / weight.sum()), float((weight.sum(1) * y).sum() / weight.sum())
