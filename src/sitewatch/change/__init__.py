"""Change: per pixel, when its state changed, from what to what, and how sure that is.

`detect_change` takes one track's stack and gives one `xarray.Dataset` on the same grid. The modules behind it each hold
one idea: strata and date effects (`_background`), memory in time (`_covariance`), passing things (`_despike`), the
lasting step (`_scan`), its law under the null (`_null`), the omnibus test and the segmentation.
"""

from sitewatch.change._background import DB_PER_LOG, LAND, STRATA, WATER, Background, calm_level, log_power
from sitewatch.change._covariance import Covariance
from sitewatch.change._detect import background_of, covariances_of, detect_change, shared_covariances_of

__all__ = [
    "DB_PER_LOG",
    "LAND",
    "STRATA",
    "WATER",
    "Background",
    "Covariance",
    "background_of",
    "calm_level",
    "covariances_of",
    "detect_change",
    "log_power",
    "shared_covariances_of",
]
