"""Detected power of Sentinel-1 single-look complex images: burst by burst, cut where one burst serves better.

Neighbouring bursts and swaths overlap. Each ground point is taken from the burst in whose valid part it lies deepest,
so that the seam runs through the middle of the overlap on every date.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sitewatch.scenes._flatten import Points
from sitewatch.scenes._sampling import MARGIN, cubic
from sitewatch.scenes._scene import Quantity
from sitewatch.scenes.sentinel1._annotation import Annotation, Burst, Floats
from sitewatch.scenes.sentinel1._geometry import SPEED_OF_LIGHT
from sitewatch.scenes.sentinel1._image import Image

RANGE_LOOKS = 5
"""Samples in range that make one pixel, as in the ground range products (some 20 m on the ground)."""


def burst_power(images: Sequence[Image], points: Points, quantity: Quantity) -> NDArray[np.float32]:
    """Backscatter at ground points from the bursts of all swaths of one polarisation."""
    depth = np.zeros(points.time_s.shape)
    choice = np.full(points.time_s.shape, -1)
    pieces: list[tuple[Image, int]] = []
    # Times of all swaths count from each image's own first line.
    for image in images:
        shift = (image.annotation.start - images[0].annotation.start).total_seconds()
        for number in range(len(image.annotation.bursts)):
            line, sample = burst_place(image.annotation, number, points, shift)
            here = _depth(image.annotation, image.annotation.bursts[number], line, sample)
            better = here > depth
            depth[better] = here[better]
            choice[better] = len(pieces)
            pieces.append((image, number))
    out = np.full(points.time_s.shape, np.nan, np.float32)
    for index, (image, number) in enumerate(pieces):
        mine = choice == index
        if mine.any():
            shift = (image.annotation.start - images[0].annotation.start).total_seconds()
            line, sample = burst_place(image.annotation, number, points, shift)
            out[mine] = _sampled(image, number, line[mine], sample[mine], quantity)
    return out


def burst_place(annotation: Annotation, number: int, points: Points, shift_s: float = 0.0) -> tuple[Floats, Floats]:
    """Line within a burst and sample of ground points, whose times may count from another start (`shift_s` earlier)."""
    burst = annotation.bursts[number]
    line = (points.time_s - shift_s - burst.time_s) / annotation.line_interval_s
    delay = 2 * points.range_m / SPEED_OF_LIGHT - annotation.slant_range_time_s
    return line, delay * annotation.range_sampling_hz


def _depth(annotation: Annotation, burst: Burst, line: Floats, sample: Floats) -> Floats:
    """How deep places lie in a burst's valid part, in metres of ground or so; 0 or less outside."""
    row = np.clip(np.round(np.nan_to_num(line, nan=-1)), 0, annotation.lines_per_burst - 1).astype(int)
    valid_lines = np.flatnonzero(burst.first_valid >= 0)
    if not len(valid_lines):
        return np.full(line.shape, -1.0)
    along = np.minimum(line - valid_lines[0], valid_lines[-1] - line) * annotation.azimuth_spacing_m
    first, last = burst.first_valid[row], burst.last_valid[row]
    across = np.minimum(sample - first, last - sample) * annotation.range_spacing_m
    depth = np.where(first >= 0, np.minimum(along, across), -1.0)
    return np.where(np.isfinite(depth), depth, -1.0)


def _sampled(image: Image, number: int, line: Floats, sample: Floats, quantity: Quantity) -> NDArray[np.float32]:
    annotation, top = image.annotation, number * image.annotation.lines_per_burst
    burst = annotation.bursts[number]
    first = max(math.floor(line.min()) - MARGIN, 0)
    last = min(math.ceil(line.max()) + MARGIN + 1, annotation.lines_per_burst)
    left = max(math.floor(sample.min()) - MARGIN - RANGE_LOOKS, 0)
    right = min(math.ceil(sample.max()) + MARGIN + RANGE_LOOKS + 1, annotation.samples)
    power = image.power((top + first, top + last, left, right), quantity)
    columns = np.arange(left, right)
    lines = slice(first, last)
    invalid = (columns < burst.first_valid[lines, None]) | (columns > burst.last_valid[lines, None])
    power[invalid | (burst.first_valid[lines, None] < 0)] = np.nan
    return cubic(_multilooked(power), line - first, sample - left)


def _multilooked(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Running mean of the valid samples in range."""
    valid = np.isfinite(power)
    total = ndimage.uniform_filter1d(np.where(valid, power, 0).astype(np.float64), RANGE_LOOKS, axis=1, mode="constant")
    share = ndimage.uniform_filter1d(valid.astype(np.float64), RANGE_LOOKS, axis=1, mode="constant")
    return np.where(valid, total / np.maximum(share, 1e-9), np.nan).astype(np.float32)
