"""Structures: what was built, delineated, dated, measured, named and graded.

`find_structures` takes the site, one stack a track and their changes. Behind it: candidate regions (`_regions`),
footprints (`_delineate`), pixel-wise presence (`_presence`), growth and dates (`_growth`), the footprint as a whole
(`_character`), sizes (`_measure`), kinds and status (`_grade`).
"""

from sitewatch.structures._drawn import date_footprint
from sitewatch.structures._find import find_in_track, find_structures
from sitewatch.structures._structure import GrowthPoint, Interval, Levels, Measure, PhasePoint, Status, Structure
from sitewatch.structures._table import to_geodataframe

__all__ = [
    "GrowthPoint",
    "Interval",
    "Levels",
    "Measure",
    "PhasePoint",
    "Status",
    "Structure",
    "date_footprint",
    "find_in_track",
    "find_structures",
    "to_geodataframe",
]
