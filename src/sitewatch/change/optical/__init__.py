"""Change in optical images: cloud-masked series of a few indices, their seasons, and the best lasting step in them.

`detect_optical_change` takes a stack of reflectance and gives a change of the same form as radar's, so that all stages
behind it work alike; `change_optical_pair` maps what changed between two images only.
"""

from sitewatch.change.optical._detect import OpticalModel, detect_optical_change, is_optical, model_of, series_of
from sitewatch.change.optical._indices import indices_of
from sitewatch.change.optical._pair import change_optical_pair
from sitewatch.change.optical._season import design

__all__ = [
    "OpticalModel",
    "change_optical_pair",
    "design",
    "detect_optical_change",
    "indices_of",
    "is_optical",
    "model_of",
    "series_of",
]
