"""Change between two images only: which pixels, how surely, brighter or darker.

With a stack, `detect_change` knows how each pixel behaves when nothing is built. A pair knows no such thing: what
changed is what sticks out of the rest of the image and hangs together. So a pair says where to look, not what was
built, and nothing of whether it lasted. Method and figures: docs/change-pairs.md.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from sitewatch.change._pair_field import BRIGHTER, DARKER, UNCHANGED, PairField, fit_field
from sitewatch.change._pair_ratio import (
    DB_PER_LOG_AMPLITUDE,
    RatioSpeckle,
    amplitude_floor,
    has_signal,
    log_ratio,
    measure_speckle,
)
from sitewatch.errors import ChangeError

Quantity = Literal["power", "amplitude"]
# Averages wider than `SPECKLE_LEFT` asks for may show a fainter change.
WIDER = (1.0, 2.0, 4.0)
# A scale does if its change is so many sd of the unchanged ground, so that 1 changed pixel in 80 falls short of half of
# the way by itself, before its neighbours speak,
PLAIN_SD = 4.5
# and if it shows this share of the area that the next wider scale shows: else it has only the tail of a faint change.
LEAST_OF_WIDER = 0.5
# With more values below 0 than this an image holds decibels, not power with its noise taken off.
MOST_NEGATIVE = 0.75
# What wider averages are multiples of where images are too even to need averaging, pixels.
LEAST_SIGMA = 0.5
UNITS = {
    "changed": "1",
    "probability": "1",
    "direction": "1",
    "log_ratio_db": "dB",
    "threshold_db": "dB",
    "level_db": "dB",
    "share": "1",
    "unchanged_db": "dB",
    "unchanged_sd_db": "dB",
    "speckle_sd_db": "dB",
    "looks": "1",
    "averaging_pixels": "pixel",
}


def change_pair(
    before: ArrayLike | xr.DataArray, after: ArrayLike | xr.DataArray, *, quantity: Quantity = "power"
) -> xr.Dataset:
    """Map what changed between two coregistered images of one track, without training and without knowing the looks.

    The ratio of averaged amplitudes is sorted into darker, unchanged and brighter by a mixture whose laws are learnt
    from the pair itself, with a Potts prior on neighbours; see `_pair_ratio` and `_pair_field`. A common scale of both
    images does not matter. A difference in calibration counts as change where it is not the same everywhere, so take it
    off before.

    Parameters
    ----------
    before, after
        [y, x], linear power (or amplitude, see `quantity`), never decibels; NaN for no data. What is below 0, as after
        taking off the noise, counts as 0. If both are DataArrays with coordinates, these must agree.
    quantity
        ``"power"``, or ``"amplitude"`` for its root, as 8-bit quicklooks are.

    Returns
    -------
    xarray.Dataset with dims y, x, and the coordinates of `before`:

    ``changed``
        whether the pixel changed (bool; False without data).
    ``probability``
        that it did (1); NaN without data.
    ``direction``
        -1 darker, 1 brighter, 0 unchanged or without data.
    ``log_ratio_db``
        averaged ratio of powers, after over before, less that of unchanged ground, dB.

    and what was decided on the way, as further variables: ``threshold_db`` [kind], the ratio at which a pixel is as
    likely changed as not, neighbours aside; ``level_db`` [kind], the typical change, and ``share`` [kind] of the image,
    for the kinds ``darker`` and ``brighter`` (NaN and 0 for a kind that is not there); ``unchanged_db``, the ratio that
    was taken off; ``unchanged_sd_db``, how much unchanged ground scatters after averaging; ``speckle_sd_db``, speckle
    of one pixel's ratio; ``looks`` of one image by that speckle; ``averaging_pixels`` [axis], sd of the Gaussian that
    was averaged over; ``floor``, the level that was added to both amplitudes, in the images' unit (squared for power).

    Raises
    ------
    ChangeError
        If the images are not two, of one shape, in linear units, or have no pixel in common.
    """
    first, second = _amplitudes(before, after, quantity)
    floor = amplitude_floor(first, second)
    speckle = measure_speckle(first, second, floor)
    sigma, ratio, field = _look_wider(first, second, floor, speckle)
    out = _maps(before, ratio, field)
    out["unchanged_db"] = float(field.level[UNCHANGED]) * DB_PER_LOG_AMPLITUDE
    out["unchanged_sd_db"] = float(field.sd[UNCHANGED]) * DB_PER_LOG_AMPLITUDE
    out["speckle_sd_db"] = speckle.sd * DB_PER_LOG_AMPLITUDE
    out["looks"] = speckle.looks
    out["averaging_pixels"] = ("axis", list(sigma))
    out["floor"] = floor**2 if quantity == "power" else floor
    for name, units in UNITS.items():
        out[name].attrs["units"] = units
    return out


def _amplitudes(
    before: ArrayLike | xr.DataArray, after: ArrayLike | xr.DataArray, quantity: Quantity
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both images as amplitudes, NaN where either has no data."""
    if quantity not in ("power", "amplitude"):
        raise ChangeError(f"a pair of images holds power or amplitude, not {quantity!r}")
    images = [np.asarray(image) for image in (before, after)]
    shapes = [image.shape for image in images]
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise ChangeError(
            f"a pair needs two images [y, x] of one shape, not {shapes[0]} and {shapes[1]}",
            hint="Resample one to the grid of the other, or cut both to one area",
        )
    if isinstance(before, xr.DataArray) and isinstance(after, xr.DataArray):
        _same_grid(before, after)
    if any(np.iscomplexobj(image) for image in images):
        raise ChangeError("a pair of complex images is no power", hint="Square their moduli first")
    values = [image.astype(np.float64) for image in images]
    known = np.isfinite(values[0]) & np.isfinite(values[1])
    if not known.any():
        raise ChangeError("the two images have no pixel in common", hint="Check that both show the same area")
    for image in values:
        if (image[known] < 0).mean() > MOST_NEGATIVE:
            raise ChangeError("most pixels of an image are below 0", hint="Turn decibels into linear power first")
        image[~known] = np.nan
        np.maximum(image, 0.0, out=image)
    return (values[0], values[1]) if quantity == "amplitude" else (np.sqrt(values[0]), np.sqrt(values[1]))


def _same_grid(before: xr.DataArray, after: xr.DataArray) -> None:
    for name in set(before.dims) | set(after.dims):
        coordinates = [image.coords[name].values for image in (before, after) if name in image.coords]
        if before.dims != after.dims or (len(coordinates) == 2 and not np.array_equal(*coordinates)):
            raise ChangeError(
                f"the two images lie on different grids: their {name} differs",
                hint="Resample one to the grid of the other",
            )


def _look_wider(
    before: NDArray[np.float64], after: NDArray[np.float64], floor: float, speckle: RatioSpeckle
) -> tuple[tuple[float, float], NDArray[np.float64], PairField]:
    """Averaging, ratio and kinds at the finest scale that shows the change plainly and whole."""
    informed = has_signal(before, after)
    narrow = speckle.averaging()

    def look(wider: float) -> tuple[tuple[float, float], NDArray[np.float64], PairField]:
        sigma = narrow if wider == 1.0 else (wider * max(narrow[0], LEAST_SIGMA), wider * max(narrow[1], LEAST_SIGMA))
        ratio = log_ratio(before, after, floor, sigma)
        return sigma, ratio, fit_field(ratio, informed, speckle.cell_pixels(sigma))

    best = look(WIDER[0])
    for wider in WIDER[1:]:
        candidate = look(wider)
        whole = best[2].changed_share >= LEAST_OF_WIDER * candidate[2].changed_share
        if best[2].plainness() >= PLAIN_SD and whole:
            return best
        if candidate[2].changed_kinds:
            best = candidate
    return best


def _maps(before: ArrayLike | xr.DataArray, ratio: NDArray[np.float64], field: PairField) -> xr.Dataset:
    """The maps and what describes the kinds, on the coordinates of the first image."""
    known = np.isfinite(ratio)
    probability = np.where(known, 1.0 - field.chance[UNCHANGED], np.nan)
    changed = known & (probability > 0.5)
    direction = np.where(field.chance[BRIGHTER] > field.chance[DARKER], 1, -1).astype(np.int8)
    kinds = [DARKER, BRIGHTER]
    over = field.level - field.level[UNCHANGED]
    thresholds = [field.threshold(kind) - field.level[UNCHANGED] for kind in kinds]
    y, x = before.dims if isinstance(before, xr.DataArray) else ("y", "x")
    grid = before.coords if isinstance(before, xr.DataArray) else {}
    # Of coordinates without dims, such as the time of one image, only the CRS holds for both.
    grid = {name: value.variable for name, value in grid.items() if value.ndim or name == "spatial_ref"}
    return xr.Dataset(
        {
            "changed": ((y, x), changed),
            "probability": ((y, x), probability.astype(np.float32)),
            "direction": ((y, x), np.where(changed, direction, np.int8(0))),
            "log_ratio_db": (
                (y, x),
                ((ratio - field.level[UNCHANGED]) * DB_PER_LOG_AMPLITUDE).astype(np.float32),
            ),
            "threshold_db": ("kind", np.array(thresholds) * DB_PER_LOG_AMPLITUDE),
            "level_db": ("kind", over[kinds] * DB_PER_LOG_AMPLITUDE),
            "share": ("kind", field.share[kinds]),
        },
        coords={**grid, "kind": ["darker", "brighter"], "axis": ["y", "x"]},
    )
