"""Structures: what was built, delineated, dated, measured, named and graded.

`find_structures` takes the site, one stack a track and their changes. Behind it: candidate regions (`_regions`),
footprints (`_delineate`), pixel-wise presence (`_presence`), growth and dates (`_growth`), the footprint as a whole
(`_character`), sizes (`_measure`), kinds and status (`_grade`, `_waterline`); of lines, the course (`_centreline`) and
the length by each date (`_line_growth`).
"""

from sitewatch.structure import (
    GrowthPoint,
    Interval,
    LengthPoint,
    Levels,
    Measure,
    PhasePoint,
    Status,
    Structure,
)
from sitewatch.structures._drawn import date_footprint
from sitewatch.structures._find import find_among, find_in_track, find_structures, join_found
from sitewatch.structures._regions import MARKS_REACH, candidate_regions, marks
from sitewatch.structures._table import centrelines_to_geodataframe, length_growth_to_dataframe, to_geodataframe

__all__ = [
    "MARKS_REACH",
    "GrowthPoint",
    "Interval",
    "LengthPoint",
    "Levels",
    "Measure",
    "PhasePoint",
    "Status",
    "Structure",
    "candidate_regions",
    "centrelines_to_geodataframe",
    "date_footprint",
    "find_among",
    "find_in_track",
    "find_structures",
    "join_found",
    "length_growth_to_dataframe",
    "marks",
    "to_geodataframe",
]
