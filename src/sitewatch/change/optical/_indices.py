"""Indices of reflectance in which plants, water, bare soil and built ground part.

- NDVI = (nir - red) / (nir + red), Rouse et al. 1974: plants are high, water below 0.
- NDWI = (green - nir) / (green + nir), McFeeters 1996: open water is above 0.
- BSI = ((swir16 + red) - (nir + blue)) / (their sum), Rikimaru et al. 2002: bare soil is high.
- brightness: natural log of the mean of the visible bands; sun and slope multiply reflectance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Atmospheric correction leaves dark pixels at and below 0, where ratios mean nothing.
LEAST_REFLECTANCE = 0.002
VISIBLE = ("blue", "green", "red")
INDICES = ("NDVI", "NDWI", "BSI", "brightness")


def indices_of(reflectance: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.float32]]:
    """The indices that some bands allow.

    Parameters
    ----------
    reflectance
        By common name of the band, arrays of one shape, NaN for no data.

    Returns
    -------
    dict
        By name in the order of `INDICES`; float32, NaN where a band that an index needs has no data.
    """
    bands = {
        name: np.maximum(np.asarray(values, np.float32), LEAST_REFLECTANCE) for name, values in reflectance.items()
    }

    def ratio(one: tuple[str, ...], other: tuple[str, ...]) -> NDArray[np.float32]:
        above, below = (sum((bands[name] for name in names), np.float32(0)) for names in (one, other))
        return np.asarray((above - below) / (above + below), np.float32)

    out: dict[str, NDArray[np.float32]] = {}
    if {"nir", "red"} <= set(bands):
        out["NDVI"] = ratio(("nir",), ("red",))
    if {"green", "nir"} <= set(bands):
        out["NDWI"] = ratio(("green",), ("nir",))
    if {"swir16", "red", "nir", "blue"} <= set(bands):
        out["BSI"] = ratio(("swir16", "red"), ("nir", "blue"))
    visible = [bands[name] for name in VISIBLE if name in bands]
    if visible:
        out["brightness"] = np.log(np.mean(visible, axis=0, dtype=np.float32)).astype(np.float32)
    return out
