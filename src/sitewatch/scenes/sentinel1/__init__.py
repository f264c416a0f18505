"""Sentinel-1 level-1 products (SAFE): GRD and SLC, calibrated, denoised and geocoded as they are read."""

from sitewatch.scenes.sentinel1._family import Sentinel1Safe
from sitewatch.scenes.sentinel1._package import is_package, open_package, package_of

__all__ = ["Sentinel1Safe", "is_package", "open_package", "package_of"]
