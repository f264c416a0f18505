"""Files that others can read: SMART models, KML, GeoParquet, tables; and how results compare with a reference."""

from sitewatch.exports._proposals import read_proposals, read_reference
from sitewatch.exports._score import Agreement, Score, Thresholds, score_sites
from sitewatch.exports._smart import (
    SmartObservation,
    SmartRegion,
    SmartSite,
    read_smart,
    read_smart_folder,
    write_smart,
)
from sitewatch.exports._smart_models import smart_region, smart_site, write_smart_models

__all__ = [
    "Agreement",
    "Score",
    "SmartObservation",
    "SmartRegion",
    "SmartSite",
    "Thresholds",
    "read_proposals",
    "read_reference",
    "read_smart",
    "read_smart_folder",
    "score_sites",
    "smart_region",
    "smart_site",
    "write_smart",
    "write_smart_models",
]
