"""Means and medians that skip missing images, and are NaN without a word where all are missing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray


def nan_mean(values: NDArray[Any], axis: int | tuple[int, ...] | None = None) -> Any:
    """`numpy.nanmean`, silent on empty slices."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values, axis=axis)


def nan_median(values: NDArray[Any], axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """`numpy.nanmedian`, silent on empty slices, and several times as fast: NaN sort to the end."""
    values = np.asarray(values)
    axes = tuple(range(values.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(a % values.ndim for a in axes)
    kept = [a for a in range(values.ndim) if a not in axes]
    length = int(np.prod([values.shape[a] for a in axes]))
    flat = values.transpose(*kept, *axes).reshape(*(values.shape[a] for a in kept), length)
    if flat.shape[-1] == 0:
        middle = np.full(flat.shape[:-1], np.nan)
    else:
        ordered = np.sort(flat, axis=-1)
        count = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
        low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=-1)
        high = np.take_along_axis(ordered, np.minimum(count // 2, flat.shape[-1] - 1), axis=-1)
        middle = np.where(count > 0, (low + high) / 2, np.nan)[..., 0]
    return np.expand_dims(middle, axes) if keepdims else middle[()]
