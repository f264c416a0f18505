"""The date effect of a new image, from the pixels that wait for a change and the levels they have."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import special

from sitewatch.change._background import LAND, STRATA, WATER
from sitewatch.change._monitor_bank import DB_PER_LOG
from sitewatch.change._monitor_state import PIXEL

# Fewer pixels than this don't tell the weather from themselves.
FEWEST_PIXELS = 200
FEWEST_IMAGES = 3


def measure_date_effect(state: xr.Dataset, image: xr.Dataset) -> xr.DataArray:
    """What the date does to each stratum: wind to the sea, rain to the land.

    The median over the pixels that wait for a change of the image over their level, less the median that speckle has,
    F(2n, 2nk) for a level of k images. A few changed pixels don't move it.

    Parameters
    ----------
    state
        Of the monitor that is about to take in the image.
    image
        dims y, x; linear power.

    Returns
    -------
    [stratum_name, polarisation], dB; 0 where fewer than `FEWEST_PIXELS` pixels tell.
    """
    names = [str(name) for name in state["polarisation"].values]
    stratum = state["stratum"].transpose(*PIXEL).values
    count = state["level_count"].transpose(*PIXEL).values
    waiting = (state["candidate"].transpose(*PIXEL).values < 0) & (count >= FEWEST_IMAGES)
    effect = np.zeros((2, len(names)))
    for pol, name in enumerate(names):
        power = image[name].transpose(*PIXEL).values
        total = state["level_sum"].sel(polarisation=name).transpose(*PIXEL).values
        for kind in (WATER, LAND):
            use = waiting & (stratum == kind) & np.isfinite(power) & (total > 0)
            if use.sum() < FEWEST_PIXELS:
                continue
            n, k = float(state["looks"].values[kind, pol]), float(np.median(count[use]))
            ratio = float(np.median(power[use] * count[use] / total[use]))
            if ratio > 0:
                effect[kind, pol] = DB_PER_LOG * np.log(ratio / special.fdtri(2 * n, 2 * n * k, 0.5))
    return xr.DataArray(
        effect,
        dims=("stratum_name", "polarisation"),
        coords={"stratum_name": list(STRATA), "polarisation": names},
        attrs={"units": "dB"},
    )
