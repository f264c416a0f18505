"""Files that others can read: SMART models, KML, GeoParquet, tables; and how results compare with a reference."""

from sitewatch.exports._kml import KmlPicture, write_kml, write_kmz
from sitewatch.exports._observations import observations_csv, scenes_by_day, scenes_by_pass, write_observations
from sitewatch.exports._parquet import write_geoparquet
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
from sitewatch.exports._stac import write_stac

__all__ = [
    "Agreement",
    "KmlPicture",
    "Score",
    "SmartObservation",
    "SmartRegion",
    "SmartSite",
    "Thresholds",
    "observations_csv",
    "read_proposals",
    "read_reference",
    "read_smart",
    "read_smart_folder",
    "scenes_by_day",
    "scenes_by_pass",
    "score_sites",
    "smart_region",
    "smart_site",
    "write_geoparquet",
    "write_kml",
    "write_kmz",
    "write_observations",
    "write_smart",
    "write_smart_models",
    "write_stac",
]
