"""Change: per pixel, when its state changed, from what to what, and how sure that is.

`detect_change` takes one track's stack and gives one `xarray.Dataset` on the same grid. The modules behind it each hold
one idea: strata and date effects (`_background`), memory in time (`_covariance`), passing things (`_despike`), the
lasting step (`_scan`), its law under the null (`_null`), the omnibus test and the segmentation.

`start_monitor` and `update_monitor` watch a track image by image instead (`_monitor`); `change_pair` maps what changed
between two images only (`_pair`).
"""

from sitewatch.change._background import DB_PER_LOG, LAND, STRATA, WATER, Background, calm_level, log_power
from sitewatch.change._blocks import read_in_turn
from sitewatch.change._covariance import Covariance
from sitewatch.change._detect import (
    background_of,
    change_dataset,
    covariances_of,
    detect_change,
    scan_stack,
    shared_covariances_of,
)
from sitewatch.change._learn import Learnt, learn_track
from sitewatch.change._monitor import monitor_dates, start_monitor, update_monitor
from sitewatch.change._monitor_effect import measure_date_effect
from sitewatch.change._monitor_series import Alarm, watch_series
from sitewatch.change._monitor_threshold import threshold_for
from sitewatch.change._pair import change_pair
from sitewatch.change._scan import StepFilter, step_filter
from sitewatch.change._steps import despiked_steps

__all__ = [
    "DB_PER_LOG",
    "LAND",
    "STRATA",
    "WATER",
    "Alarm",
    "Background",
    "Covariance",
    "Learnt",
    "StepFilter",
    "background_of",
    "calm_level",
    "change_dataset",
    "change_pair",
    "covariances_of",
    "despiked_steps",
    "detect_change",
    "learn_track",
    "log_power",
    "measure_date_effect",
    "monitor_dates",
    "read_in_turn",
    "scan_stack",
    "shared_covariances_of",
    "start_monitor",
    "step_filter",
    "threshold_for",
    "update_monitor",
    "watch_series",
]
