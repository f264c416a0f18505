"""What ICEYE's products say of themselves, from either of the two vocabularies they speak.

Since 2024 STAC properties, in the TIFF tag ``ICEYE_PROPERTIES`` and the JSON beside it; before (offered until the end
of 2026) flat names, as TIFF tags, XML elements or HDF5 datasets. Source: ICEYE's product specification 6.0.5 and STAC
schema 0.2.2.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from sitewatch.scenes._radar_file import rpc_of
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._tasked import middle
from sitewatch.scenes._told import Told


@dataclasses.dataclass(frozen=True)
class IceyeMetadata:
    """One product: times UTC, angles in degrees, lengths in metres; None where it is silent."""

    product_type: str
    platform: str
    mode: str
    polarisation: str
    acquired: dt.datetime
    processed: dt.datetime | None
    orbit_state: str
    look_direction: str
    incidence_near_deg: float
    incidence_far_deg: float
    view_azimuth_deg: float | None
    calibration_factor: float
    range_spacing_m: float
    azimuth_spacing_m: float
    range_looks: int | None
    azimuth_looks: int | None
    mean_height_m: float | None
    rpc: Rpc | None
    amplitude_mapping: str
    orbit_precision: str
    layout: tuple[int, bool]
    """Axis of the image along which range runs, and whether it grows with the index."""

    @property
    def incidence_deg(self) -> float:
        """Half way from near to far range."""
        return (self.incidence_near_deg + self.incidence_far_deg) / 2


def from_properties(properties: Mapping[str, Any], href: str) -> IceyeMetadata:
    """Read the STAC properties of today's products."""
    told = Told(properties, href)
    rpc = properties.get("iceye:rpc")
    # Some deliveries flatten the object.
    flat = {key.removeprefix("iceye:rpc."): value for key, value in properties.items() if "iceye:rpc." in key}
    mapping = properties.get("iceye:amplitude_mapping") or {}
    start = told.time("iceye:zero_doppler_start_datetime", "datetime", "start_datetime")
    return IceyeMetadata(
        product_type=told.text("sar:product_type").upper().split("-")[0],
        platform=told.text("platform", default="").lower(),
        mode=told.text("iceye:processing_mode", "sar:instrument_mode").upper(),
        polarisation=told.polarisation("sar:polarizations"),
        acquired=middle(start, told.maybe_time("iceye:zero_doppler_end_datetime")),
        processed=told.maybe_time("iceye:processing_end_datetime", "created"),
        orbit_state=told.text("sat:orbit_state", default="").lower(),
        look_direction=told.text("sar:observation_direction", default="").lower(),
        incidence_near_deg=told.number("iceye:incidence_angle_near", "view:incidence_angle"),
        incidence_far_deg=told.number("iceye:incidence_angle_far", "view:incidence_angle"),
        view_azimuth_deg=told.maybe_number("view:azimuth"),
        calibration_factor=told.number("iceye:calibration_factor"),
        range_spacing_m=told.number("sar:pixel_spacing_range"),
        azimuth_spacing_m=told.number("sar:pixel_spacing_azimuth"),
        range_looks=told.maybe_count("sar:looks_range"),
        azimuth_looks=told.maybe_count("sar:looks_azimuth"),
        mean_height_m=told.maybe_number("iceye:average_scene_height"),
        rpc=rpc_of(rpc if isinstance(rpc, dict) else flat, href),
        amplitude_mapping=str(mapping.get("function", "") if isinstance(mapping, dict) else mapping).lower(),
        orbit_precision=told.text("iceye:orbit_precision", default="").lower(),
        # Turned so that shadows point down, unless said otherwise: range along the rows.
        layout=(1, True) if properties.get("iceye:orientation") == "native" else (0, True),
    )


def from_legacy(fields: Mapping[str, Any], href: str, rpc: Rpc | None) -> IceyeMetadata:
    """Read the flat names of legacy products, in lower case."""
    told = Told(fields, href)
    start = told.time("zerodoppler_start_utc", "acquisition_start_utc")
    look = told.text("look_side", default="").lower()
    heading = told.maybe_number("heading")
    side = {"right": 90.0, "left": -90.0}.get(look)
    spacing = told.number("range_spacing", "slant_range_spacing")
    return IceyeMetadata(
        product_type=told.text("product_level").upper(),
        platform=told.text("satellite_name", default="").lower().strip("(',) "),
        mode=told.text("product_type", "acquisition_mode").upper(),
        polarisation=told.polarisation("polarization"),
        acquired=middle(start, told.maybe_time("zerodoppler_end_utc")),
        processed=told.maybe_time("processing_time"),
        orbit_state=told.text("orbit_direction", default="").lower(),
        look_direction=look,
        incidence_near_deg=told.number("incidence_near"),
        incidence_far_deg=told.number("incidence_far"),
        view_azimuth_deg=None if heading is None or side is None else (heading + side) % 360,
        calibration_factor=told.number("calibration_factor"),
        range_spacing_m=spacing,
        azimuth_spacing_m=told.number("azimuth_spacing", "azimuth_ground_spacing"),
        range_looks=told.maybe_count("range_looks"),
        azimuth_looks=told.maybe_count("azimuth_looks"),
        mean_height_m=told.maybe_number("avg_scene_height"),
        rpc=rpc,
        amplitude_mapping="",
        orbit_precision=told.text("orbit_processing_level", default="").lower(),
        layout=(1, True),
    )
