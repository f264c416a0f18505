"""Settle what a band's numbers mean, from what is told or from a small sample; a guess is always told."""

from __future__ import annotations

import numpy as np

from sitewatch.errors import UnknownSceneError
from sitewatch.scenes._raster import name_of, read_sample, scene_error
from sitewatch.scenes._scene import Scale

# Calibrated backscatter of whole images has a median far below 1 (0 dB); numbers above are digital counts.
_LARGEST_LINEAR_MEDIAN = 2.0
# Noise subtraction leaves linear power slightly below zero, never as far as this; dB images lie below it.
_SURELY_DB = -1.0

_HINT = "Say what the pixels are with --units linear|dB|amplitude (and --scale, --offset where they are scaled)."


def settle_unit(
    href: str, index: int, dtype: str, scale: float, offset: float, nodata: float | None, told: Scale | None
) -> tuple[Scale, tuple[str, ...]]:
    """Unit of a band, and notes on how it was found.

    Reads a small sample of pixels only where nothing is told.

    Raises
    ------
    UnknownSceneError
        Nothing is told and the numbers don't show it.
    SceneError
        The band holds no valid pixel.
    """
    eight_bit = ("8-bit pixels",) if dtype == "uint8" else ()
    if told is not None:
        return told, eight_bit
    unscaled = scale == 1.0 and offset == 0.0
    if unscaled and np.issubdtype(np.dtype(dtype), np.integer):
        raise UnknownSceneError(
            f"{name_of(href)}: its pixels are whole numbers ({dtype}) and nothing says what they stand for", hint=_HINT
        )
    values = read_sample(href, index, nodata) * scale + offset
    if values.size == 0:
        raise scene_error(href, "it holds no valid pixel")
    if values.min() < _SURELY_DB:
        return "dB", (*eight_bit, "units guessed to be dB, for values go below -1")
    if np.median(values) > _LARGEST_LINEAR_MEDIAN:
        raise UnknownSceneError(
            f"{name_of(href)}: its values are too large for calibrated linear power "
            f"(median {np.median(values):.4g}) and nothing says what they are",
            hint=_HINT,
        )
    sign = "none is negative" if values.min() >= 0 else "none is far below zero"
    return "linear", (*eight_bit, f"units guessed to be linear power, for {sign} and they are small")
