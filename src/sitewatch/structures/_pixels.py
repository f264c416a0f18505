"""Masks on a pixel grid: neighbours, boxes and edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A pixel and the eight that touch it.
EIGHT = np.ones((3, 3), bool)
# A footprint is looked at with so much ground round it.
MARGIN_PIXELS = 8


def widened(rows: slice, columns: slice, shape: tuple[int, int], margin: int = MARGIN_PIXELS) -> tuple[slice, slice]:
    """A box with a margin of ground round it, within the grid."""
    return (
        slice(max(rows.start - margin, 0), min(rows.stop + margin, shape[0])),
        slice(max(columns.start - margin, 0), min(columns.stop + margin, shape[1])),
    )


def box_round(mask: NDArray[np.bool_], margin: int = MARGIN_PIXELS) -> tuple[slice, slice]:
    """Rows and columns of a grid [y, x] that hold all pixels of a mask, with a margin of ground round them."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return widened(*box, (mask.shape[0], mask.shape[1]), margin)


def edge_pixels(mask: NDArray[np.bool_]) -> float:
    """Pixel edges between inside and outside."""
    padded = np.pad(mask, 1)
    return float((padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum())
