"""What a track's surfaces do by themselves, learnt once from a sample of the whole area.

All of it is of the area, none of a tile: whoever computes the change of a part gets the same for every pixel, however
the area is cut up and by however many.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change._background import (
    LAND,
    WATER,
    Background,
    calm_level,
    estimate_background,
    log_power,
    power_floor,
)
from sitewatch.change._blocks import blocks_of, read_ahead
from sitewatch.change._covariance import Covariance, fit_covariance, shared_part
from sitewatch.change._null import NullLaw, null_law
from sitewatch.change._scan import StepFilter, residuals, step_filter
from sitewatch.errors import ChangeError

SAMPLE_PIXELS = 16_000
SAMPLE_BLOCKS = 16
FEWEST_IMAGES = 3
BLOCK = 4
MOST_BLOCKS = 3000
FEWEST_BLOCKS = 30
# Speckle of neighbours hangs together: about so many pixels count as one.
PIXELS_PER_CELL = 1.8


@dataclasses.dataclass(frozen=True)
class Learnt:
    """What a track's surfaces do by themselves.

    Attributes
    ----------
    polarisations
        In the order of all arrays.
    background
        Strata, date effects and scatter.
    covariances, shared
        Variance components of single pixels, and the part of them that neighbours share, by (stratum, polarisation).
    filters
        That turn a series into the sizes of its steps.
    law
        Of the step statistic where nothing changed.
    """

    polarisations: tuple[str, ...]
    background: Background
    covariances: dict[tuple[int, int], Covariance]
    shared: dict[tuple[int, int], Covariance]
    filters: dict[tuple[int, int], StepFilter]
    law: NullLaw


def learn_track(stack: xr.Dataset) -> Learnt:
    """Learn a track's strata, date effects and memory in time, from at most 16 blocks of 256 x 256 pixels.

    Parameters
    ----------
    stack
        One track's cube (dims time, y, x; linear power).

    Raises
    ------
    ChangeError
        With fewer than three images: no lasting change can be told from a passing one.
    """
    n_time = stack.sizes["time"]
    if n_time < FEWEST_IMAGES:
        raise ChangeError(
            f"track {stack.attrs.get('track', '?')} has {n_time} image(s), "
            f"and a lasting change needs {FEWEST_IMAGES} or more",
            hint="Add more scenes of this track, or compare the pair by eye",
        )
    polarisations = tuple(str(name) for name in stack.data_vars)
    days = _days(stack)
    sample, blocks, floor = _sample(stack, polarisations)
    background = dataclasses.replace(
        estimate_background(sample, looks=_stated_looks(stack), calibrated=_calibrated(stack)), floor=floor
    )
    covariances = _covariances(sample, background, days)
    shared = _shared(blocks, background, days, covariances)
    filters = {key: step_filter(value.matrix(days)) for key, value in covariances.items()}
    law = null_law(background, covariances, filters, days)
    return Learnt(polarisations, background, covariances, shared, filters, law)


def _days(stack: xr.Dataset) -> NDArray[np.float64]:
    time = stack["time"].values
    return (time - time[0]) / np.timedelta64(1, "D")


def _stated_looks(stack: xr.Dataset) -> float | None:
    """ENL of the metadata, unless the images were speckle filtered, which it does not describe."""
    stated = float(stack.attrs.get("enl", float("nan")))
    filtered = any("filter" in str(note).lower() for note in stack.attrs.get("notes", []))
    return None if filtered or not np.isfinite(stated) else stated


def _calibrated(stack: xr.Dataset) -> bool:
    """Whether levels in dB mean anything absolutely."""
    notes = " ".join(str(note) for note in stack.attrs.get("notes", []))
    return stack.attrs.get("quantity", "unknown") == "gamma0" and "scale of the linear power is unknown" not in notes


def _sample(stack: xr.Dataset, polarisations: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """[time, polarisation, pixel] of pixels spread evenly, the same of means of small blocks, and the power's floor.

    Both in ln power. At most 16 tiles are read.
    """
    boxes = blocks_of((stack.sizes["y"], stack.sizes["x"]))
    keep = [boxes[i] for i in np.unique(np.linspace(0, len(boxes) - 1, min(len(boxes), SAMPLE_BLOCKS)).astype(int))]
    pixels = sum((r.stop - r.start) * (c.stop - c.start) for r, c in keep)
    stride = max(1, int(np.sqrt(pixels / SAMPLE_PIXELS)))
    parts, means, floor = [], [], float("inf")
    for (rows, columns), power in zip(keep, read_ahead(stack, polarisations, keep), strict=True):
        floor = min(floor, power_floor(power))
        values = log_power(power, floor, out=power)
        values = values.reshape(*values.shape[:2], rows.stop - rows.start, columns.stop - columns.start)
        parts.append(values[:, :, stride // 2 :: stride, stride // 2 :: stride].reshape(*values.shape[:2], -1))
        means.append(_block_means(values))
    values, blocks = np.concatenate(parts, axis=2), np.concatenate(means, axis=2)
    known, whole = (np.isfinite(v[:, 0]).mean(axis=0) > 0.5 for v in (values, blocks))
    return values[:, :, known], blocks[:, :, whole], floor


def _block_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[time, polarisation, block], means of logs over BLOCK x BLOCK pixels; NaN where a pixel is missing."""
    height, width = values.shape[2] // BLOCK * BLOCK, values.shape[3] // BLOCK * BLOCK
    total = np.zeros((*values.shape[:2], height // BLOCK, width // BLOCK), np.float32)
    for row in range(BLOCK):
        for column in range(BLOCK):
            total += values[:, :, row:height:BLOCK, column:width:BLOCK]
    total /= BLOCK**2
    flat = total.reshape(*values.shape[:2], -1)
    return flat[:, :, :: max(1, flat.shape[2] // MOST_BLOCKS)]


def _shared(
    blocks: NDArray[np.float32],
    background: Background,
    days: NDArray[np.float64],
    covariances: dict[tuple[int, int], Covariance],
) -> dict[tuple[int, int], Covariance]:
    """What neighbours do together; nothing is known of it where there are too few blocks."""
    if blocks.shape[2] < FEWEST_BLOCKS:
        return {key: Covariance(0.0, (0.0,) * len(value.drift), 0.0) for key, value in covariances.items()}
    together = _covariances(blocks, background, days)
    effective = BLOCK**2 / PIXELS_PER_CELL
    return {key: shared_part(value, together[key], effective) for key, value in covariances.items()}


def _covariances(
    sample: NDArray[np.float32], background: Background, days: NDArray[np.float64]
) -> dict[tuple[int, int], Covariance]:
    water = calm_level(sample[:, 0]) < background.calm_limit
    rest = residuals(sample, water, background)
    out = {}
    for stratum, members in ((WATER, water), (LAND, ~water)):
        if not background.present[stratum]:
            members = np.ones_like(members)
        chosen = np.flatnonzero(members)[:: max(1, int(members.sum()) // 2500)]
        for pol in range(sample.shape[1]):
            out[stratum, pol] = fit_covariance(rest[:, pol, chosen], days)
    return out
