"""Optical product families: reflectance at the surface or at the top of the atmosphere, with their cloud masks."""

from sitewatch.scenes.optical._hls import Hls
from sitewatch.scenes.optical._item import is_optical, read_optical_item
from sitewatch.scenes.optical._landsat import LandsatC2L2
from sitewatch.scenes.optical._planet import PlanetScope
from sitewatch.scenes.optical._reflectance import ReflectanceTiff, holds_reflectance, read_reflectance
from sitewatch.scenes.optical._sentinel2 import Sentinel2Safe, is_sentinel2, sentinel2_package_of

__all__ = [
    "Hls",
    "LandsatC2L2",
    "PlanetScope",
    "ReflectanceTiff",
    "Sentinel2Safe",
    "holds_reflectance",
    "is_optical",
    "is_sentinel2",
    "read_optical_item",
    "read_reflectance",
    "sentinel2_package_of",
]
