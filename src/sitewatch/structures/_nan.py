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
    """`numpy.nanmedian`, silent on empty slices."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmedian(values, axis=axis, keepdims=keepdims)
