"""Taking values of an image at places between its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

MARGIN = 2
"""Pixels around a place that interpolation draws on."""


def cubic(image: Floats, row: Floats, col: Floats) -> NDArray[np.float32]:
    """Interpolate power by cubic convolution (Keys 1981, a = -1/2); a whole number is a pixel's centre.

    It keeps more of the speckle's variance than bilinear interpolation, which halves it and more half-way between
    pixels. Its negative lobes would dig holes beside bright targets, so no value is below the smallest of the four
    pixels around it.

    Parameters
    ----------
    image
        (rows, columns), NaN where there is no data.
    row, col
        Places, of one shape; NaN for none.

    Returns
    -------
    ndarray
        In the places' shape; NaN outside and where one of the four pixels around a place is NaN. Other missing pixels
        count as the nearest of these four.
    """
    out = np.full(row.shape, np.nan, np.float32)
    rows, cols = image.shape
    inside = (row >= 0) & (row <= rows - 1) & (col >= 0) & (col <= cols - 1)
    if not inside.any():
        return out
    r, c = row[inside], col[inside]
    r0 = np.minimum(r.astype(np.int64), max(rows - 2, 0))
    c0 = np.minimum(c.astype(np.int64), max(cols - 2, 0))
    across_r, across_c = _weights(r - r0), _weights(c - c0)
    near = [[image[_in(r0 + i, rows), _in(c0 + j, cols)] for j in (0, 1)] for i in (0, 1)]
    total = np.zeros(r.shape)
    for i in range(4):
        line = np.zeros(r.shape)
        for j in range(4):
            nearest = near[min(max(i - 1, 0), 1)][min(max(j - 1, 0), 1)]
            value = nearest if i in (1, 2) and j in (1, 2) else image[_in(r0 + i - 1, rows), _in(c0 + j - 1, cols)]
            line += across_c[j] * np.where(np.isnan(value), nearest, value)
        total += across_r[i] * line
    floor = np.minimum(np.minimum(near[0][0], near[0][1]), np.minimum(near[1][0], near[1][1]))
    out[inside] = np.maximum(total, floor)
    return out


def _in(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.clip(index, 0, size - 1)


def _weights(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    return (
        ((-0.5 * x + 1.0) * x - 0.5) * x,
        (1.5 * x - 2.5) * x * x + 1.0,
        ((-1.5 * x + 2.0) * x + 0.5) * x,
        (0.5 * x - 0.5) * x * x,
    )


def block_mean(values: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Mean of the valid values of each block of `down` x `across`; NaN where there is none."""
    rows, cols = values.shape[0] // down, values.shape[1] // across
    parts = values[: rows * down, : cols * across].reshape(rows, down, cols, across)
    valid = np.isfinite(parts)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, parts, 0).sum(axis=(1, 3), dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
