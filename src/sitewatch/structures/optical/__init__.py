"""Structures in optical images, and how they meet radar's."""

from sitewatch.structures.optical._find import date_in_optical, find_in_optical
from sitewatch.structures.optical._meet import meet

__all__ = ["date_in_optical", "find_in_optical", "meet"]
