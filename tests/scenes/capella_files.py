"""Capella products written as its SAR products format specification v1.8 says (field names as in capella-reader)."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import rasterio.errors
from affine import Affine

from radar_files import HEIGHT, LAT, LON, START, Geometry

SPEED_M_S = 7500.0


def capella_metadata(geometry: Geometry, kind: str, **image: Any) -> dict[str, Any]:
    """The extended metadata of one product; `image` changes fields of ``collect.image``."""
    centre = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True).transform(LON, LAT, HEIGHT)
    position, velocity, near_centre = geometry._path
    lines, samples = geometry.shape
    line_s = geometry.azimuth_spacing_m / SPEED_M_S
    first_line_s = -(lines - 1) / 2 * line_s
    states = [
        {"time": _time(t), "position": list(position + velocity * t), "velocity": list(velocity)}
        for t in np.linspace(-6, 6, 13)
    ]
    geometry_fields: dict[str, Any] = {
        "type": "slant_plane",
        "doppler_centroid_polynomial": {"type": "standard", "degree": [0, 0], "coefficients": [[0.0]]},
        "first_line_time": _time(first_line_s),
        "delta_line_time": line_s,
        "range_to_first_sample": near_centre - (samples - 1) / 2 * geometry.range_spacing_m,
        "delta_range_sample": geometry.range_spacing_m,
    }
    window = {"name": "rectangular", "parameters": {}, "broadening_factor": 0.886}
    return {
        "software_version": "2.57.0",
        "processing_time": "2025-03-01T12:00:00.000000Z",
        "product_version": "1.8",
        "product_type": kind,
        "collect": {
            "start_timestamp": _time(first_line_s),
            "stop_timestamp": _time(-first_line_s),
            "platform": "capella-14",
            "mode": "spotlight" if kind != "SLC" else "stripmap",
            "collect_id": "5f0c9fbf-6b3c-4a8a-a2c0-2f6c3f0c8b9d",
            "image": {
                "data_type": "CInt16" if kind == "SLC" else "UInt16",
                "rows": lines,
                "columns": samples,
                "pixel_spacing_row": geometry.azimuth_spacing_m,
                "pixel_spacing_column": geometry.range_spacing_m,
                "algorithm": "backprojection",
                "scale_factor": 0.002,
                "range_window": window,
                "azimuth_window": window,
                "processed_azimuth_bandwidth": 7000.0,
                "processed_range_bandwidth": 3.0e8,
                "image_geometry": geometry_fields if kind == "SLC" else {"type": "geotransform"},
                "center_pixel": {
                    "incidence_angle": geometry.incidence_deg,
                    "look_angle": geometry.incidence_deg - 3,
                    "squint_angle": 0.0,
                    "target_position": list(centre),
                    "center_time": _time(0.0),
                },
                "range_resolution": 0.5,
                "azimuth_resolution": 1.0,
                "azimuth_looks": 9.0 if kind != "SLC" else 1.0,
                "range_looks": 1.0,
                "enl": 8.2 if kind != "SLC" else 1.0,
                "radiometry": "sigma_nought" if kind != "SLC" else "beta_nought",
                "calibration": "full",
                "nesz_polynomial": {"type": "standard", "degree": 0, "coefficients": [-22.5]},
                "nesz_peak": -22.5,
                **image,
            },
            "radar": {
                "rank": 10,
                "center_frequency": 9.65e9,
                "pointing": geometry.look,
                "sampling_frequency": 3.75e8,
                "transmit_polarization": "H",
                "receive_polarization": "H",
                "pulse_bandwidth": 3.0e8,
                "pulse_duration": 1e-5,
                "prf": [{"start_timestamps": [_time(first_line_s)], "prf": 6000.0}],
            },
            "state": {"source": "precise_determination", "state_vectors": states},
        },
    }


def write_capella_slc(path: Path, geometry: Geometry, amplitude: np.ndarray, **image: Any) -> Path:
    """An SLC: complex int16, lines by samples, uncompressed strips, metadata in the ImageDescription."""
    phase = np.random.default_rng(3).uniform(-np.pi, np.pi, amplitude.shape)
    samples = amplitude * np.exp(1j * phase)
    text = json.dumps(capella_metadata(geometry, "SLC", **image))
    rows, cols = amplitude.shape
    profile = {"driver": "GTiff", "count": 1, "height": rows, "width": cols, "dtype": "complex_int16"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile) as target:
            target.write(samples.astype("complex64"), 1)
            target.update_tags(TIFFTAG_IMAGEDESCRIPTION=text, TIFFTAG_SOFTWARE="2.57.0")
    return path


def write_capella_geo(
    path: Path, geometry: Geometry, digital: np.ndarray, *, embedded: bool = True, **image: Any
) -> Path:
    """A GEO or GEC: uint16 amplitude on a UTM grid, 0 outside."""
    kind = path.name.split("_")[3]
    text = json.dumps(capella_metadata(geometry, kind, **image))
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(LON, LAT)
    rows, cols = digital.shape
    place = {"crs": "EPSG:32633", "transform": Affine(0.5, 0, round(x), 0, -0.5, round(y))}
    profile = {"driver": "GTiff", "count": 1, "height": rows, "width": cols, "dtype": "uint16", "nodata": 0}
    with rasterio.open(path, "w", **profile, **place) as target:
        target.write(digital.astype("uint16"), 1)
        if embedded:
            target.update_tags(TIFFTAG_IMAGEDESCRIPTION=text)
    if not embedded:
        path.with_name(f"{path.stem}_extended.json").write_text(text)
    return path


def _time(seconds: float) -> str:
    return (START + dt.timedelta(seconds=float(seconds))).isoformat().replace("+00:00", "Z")
