"""A hall whose growth is known image by image."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.structures._find_one import Found


@dataclasses.dataclass(frozen=True)
class Hall:
    """A hall of 12 x 24 pixels, built in six sections from image 10 to 15 of 36, and what was found of it."""

    stack: xr.Dataset
    change: xr.Dataset
    found: Found
    mask: NDArray[np.bool_]
