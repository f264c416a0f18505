"""When each pixel of a structure was built, for a map: its images against the structure's own levels and dates."""

from __future__ import annotations

import datetime as dt

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change import DB_PER_LOG
from sitewatch.change._gamma import inverse_trigamma
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structure import Structure
from sitewatch.structures._change_points import change_points
from sitewatch.structures._laws import log_gamma_density, log_mean_bias
from sitewatch.structures._map import covered
from sitewatch.structures._nan import nan_mean, nan_median
from sitewatch.structures._pixels import EIGHT, box_round
from sitewatch.structures._window import dates_of

FEWEST_PIXELS = 4
RING_PIXELS = 6
# Ground round a footprint tells what the footprint's own did with the weather if their levels were this alike (dB).
ALIKE_DB = 6.0
FEWEST_ALIKE = 20
# A pixel's own level counts as so many images less than it has: the rest is the footprint's.
LEVEL_PRIOR_IMAGES = 3.0
MOST_LOOKS, FEWEST_LOOKS = 40.0, 0.5
SURE = 1e3


def date_pixels(stack: xr.Dataset, structure: Structure) -> xr.DataArray | None:
    """First image by which each pixel of a structure is likelier built than not, in one track.

    Parameters
    ----------
    stack
        One track's cube (dims time, y, x; linear power); only the box round the footprint is read.
    structure
        With an onset. No pixel is dated outside of its onset and completion: the map is what they say, place by place.

    Returns
    -------
    xarray.DataArray with dims y, x, of the box round the footprint: ``datetime64[ns]``, NaT off the footprint and where
    the pixel is not built by the last image. Of a demolition, when it was gone. None where the track can't tell: it
    misses the footprint, or has no image of it from before its onset or none from after.

    Notes
    -----
    The left-to-right two-state model of `sitewatch.structures._change_points`. A pixel's levels are its means before
    the onset and after the completion (of what still grows, in the last quarter of the images since the onset), drawn
    to the footprint's; the state before follows the ground around, the built one does not.
    """
    if structure.onset is None or not stack.sizes.get("time", 0):
        return None
    mask = covered(structure.footprint, stack.odc.geobox)
    if mask.sum() < FEWEST_PIXELS:
        return None
    rows, columns = box_round(mask, RING_PIXELS + 2)
    box, mask = stack.isel(y=rows, x=columns), mask[rows, columns]
    days = dates_of(stack["time"].values)
    before, after, free = _sides(days, structure)
    if not before.any() or not after.any():
        return None
    at = np.nonzero(mask)
    ratio = np.zeros((len(days), at[0].size))
    seen = np.zeros(at[0].size, bool)
    for name in box.data_vars:
        values = _log_power(box[str(name)].to_numpy())
        ratio += _ratio(values, mask, before, after)
        known = np.isfinite(values[:, mask])
        seen |= known[before].any(axis=0) & known[after].any(axis=0)
    if not seen.any():
        return None
    ratio[before & ~free], ratio[after & ~free] = -SURE, SURE
    built_by, _ = change_points(ratio, *at)
    first = (built_by >= 0.5).argmax(axis=0)
    times = np.asarray(stack["time"].values, dtype="datetime64[ns]")
    out = np.full(mask.shape, np.datetime64("NaT", "ns"))
    out[at] = np.where(seen & (built_by[-1] >= 0.5), times[first], np.datetime64("NaT", "ns"))
    coords = {"y": box["y"], "x": box["x"], "spatial_ref": box["spatial_ref"]}
    return xr.DataArray(out, coords=coords, dims=("y", "x"), name="built_by")


def _sides(days: list[dt.date], structure: Structure) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """[image] that show nothing yet, that show all, and that are free to be either."""
    assert structure.onset is not None
    onset = structure.onset
    before = np.array([day <= onset.earliest for day in days])
    if structure.completion is not None:
        after = np.array([day >= structure.completion.latest for day in days])
        return before, after, ~(before | after)
    since = np.flatnonzero([day >= onset.latest for day in days])
    after = np.zeros(len(days), bool)
    after[since[-max(1, since.size // 4) :]] = bool(since.size)
    return before, after, ~before


def _log_power(power: NDArray[np.floating]) -> NDArray[np.float64]:
    positive = power[np.isfinite(power) & (power > 0)]
    floor = 1e-3 * float(np.median(positive)) if positive.size else 1e-6
    return np.log(np.maximum(power, floor))


def _ratio(
    values: NDArray[np.float64], mask: NDArray[np.bool_], before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """[image, pixel], log of how much likelier each image is with the pixel built; 0 without imagery."""
    own = values[:, mask]
    effect = _effect(values, mask, own, before)
    calm = own - effect[:, None]
    absent, looks = _level(calm, before)
    present, looks_after = _level(own, after)
    looks = np.minimum(looks, looks_after)
    bias = log_mean_bias(looks)
    ratio = log_gamma_density(own - present - bias, looks) - log_gamma_density(calm - absent - bias, looks)
    return np.nan_to_num(ratio)


def _effect(
    values: NDArray[np.float64], mask: NDArray[np.bool_], own: NDArray[np.float64], before: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """[image], by how much ground like the footprint's, close round it, stood above its level before the onset."""
    near = ndi.binary_dilation(mask, EIGHT, iterations=RING_PIXELS) & ~ndi.binary_dilation(mask, EIGHT)
    around = values[:, near]
    level = nan_mean(around[before], axis=0)
    alike = np.abs(level - nan_mean(own[before])) < ALIKE_DB / DB_PER_LOG
    if alike.sum() < FEWEST_ALIKE:
        return np.zeros(len(values))
    return np.nan_to_num(nan_median(around[:, alike] - level[alike], axis=1))


def _level(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[pixel] mean ln power over the chosen images, drawn to the whole's, and the looks of the scatter about it."""
    some = values[chosen]
    overall = float(np.nanmedian(some)) if np.isfinite(some).any() else 0.0
    count = np.isfinite(some).sum(axis=0)
    own = (np.nansum(some, axis=0) + LEVEL_PRIOR_IMAGES * overall) / (count + LEVEL_PRIOR_IMAGES)
    rest = some - own
    spread = MAD_TO_SD * float(np.nanmedian(np.abs(rest))) if np.isfinite(rest).any() else 1.0
    return own, np.clip(inverse_trigamma(np.array(max(spread, 0.05) ** 2)), FEWEST_LOOKS, MOST_LOOKS)
