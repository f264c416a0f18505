"""Smooth quantities known at some pixels of an image and wanted at all of them."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Lattice:
    """A smooth function of image position, by its values at some rows and columns; bilinear between them.

    Attributes
    ----------
    rows, columns
        Positions in pixels, increasing; 0 is the centre of the first pixel.
    values
        One tuple a row.
    """

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> Lattice:
        """From arrays; `values` (rows, columns)."""
        return cls(
            tuple(map(float, rows)), tuple(map(float, columns)), tuple(tuple(map(float, line)) for line in values)
        )

    def at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Values at all pairs of `rows` and `columns`, float64; beyond the lattice those of its edge."""
        across = np.stack([np.interp(columns, self.columns, line) for line in self.values])
        index = np.interp(rows, self.rows, np.arange(len(self.rows)))
        low = np.minimum(index.astype(int), max(len(self.rows) - 2, 0))
        share = (index - low)[:, None]
        return (1 - share) * across[low] + share * across[np.minimum(low + 1, len(self.rows) - 1)]
