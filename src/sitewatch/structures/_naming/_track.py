"""Which way the radar flew and looked, on the pixel grid."""

from __future__ import annotations

import dataclasses
import math

import shapely
import xarray as xr

from sitewatch.structures._map import to_degrees

# Radar satellites of today fly sun-synchronous orbits: this inclination is Sentinel-1's, ICEYE's is within a degree.
INCLINATION_DEG = 98.2
GROUND_SPEED_KM_S, EARTH_SPEED_KM_S = 6.85, 0.465


@dataclasses.dataclass(frozen=True)
class Heading:
    """Unit steps (row, column) along the flight and away from the radar, on a grid whose top is north."""

    along: tuple[float, float]
    away: tuple[float, float]


def heading_of(stack: xr.Dataset) -> Heading | None:
    """Heading over the ground, from the pass, the look direction and the latitude; None where these are unknown."""
    state, look = str(stack.attrs.get("orbit_state", "")), str(stack.attrs.get("look_direction", "")) or "right"
    if state not in ("ascending", "descending") or look not in ("right", "left"):
        return None
    middle = shapely.Point(float(stack["x"].mean()), float(stack["y"].mean()))
    latitude_deg = to_degrees(middle, stack.odc.geobox).y
    flown = heading_deg(latitude_deg, ascending=state == "ascending")
    return Heading(_step(flown), _step(flown + (90 if look == "right" else -90)))


def heading_deg(latitude_deg: float, *, ascending: bool) -> float:
    """Heading of the sub-satellite point, clockwise from north.

    On a circular orbit of inclination i the inertial azimuth b obeys sin b = cos i / cos(latitude); the ground turns
    away eastward below it.
    """
    cosine = max(math.cos(math.radians(latitude_deg)), 0.15)
    east = math.cos(math.radians(INCLINATION_DEG)) / cosine
    north = math.sqrt(max(1 - east**2, 0.0)) * (1 if ascending else -1)
    flown = math.atan2(GROUND_SPEED_KM_S * east - EARTH_SPEED_KM_S * cosine, GROUND_SPEED_KM_S * north)
    return math.degrees(flown) % 360


def _step(bearing_deg: float) -> tuple[float, float]:
    angle = math.radians(bearing_deg)
    return -math.cos(angle), math.sin(angle)
