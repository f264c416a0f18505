"""Did the ground move, or only the shore? A tide moves a strong edge through the image and leaves the rest in place.

A shore, straight or gently bent, runs through fewer than half of the blocks that an image is cut into, and these hold
the strongest edges. The weaker blocks must go along with a displacement of the image; where they don't, or can't tell,
it may as well be the water that came or went.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sitewatch.stack._evidence import Features, cell_evidence, make_ready
from sitewatch.stack._resample import Shift

# Blocks a side: a line crosses at most 2 n - 1 of n^2, which is 7 of 16.
_BLOCKS = 4
_CELLS_A_BLOCK = 4
_STRONGEST_SHARE = 0.45
# Standard deviations by which the weaker blocks must side with the displacement.
_SURELY = 2.0
# Displacements below this are told by which way the image still lies off half way; beyond, by where it correlates.
_HALF_WAY_PX = 3.0


def quiet_ground_moved(
    images: Sequence[np.ndarray], references: Sequence[Features], rest: Shift, displaced: Shift
) -> bool:
    """Whether the blocks without the strongest edges lie where the whole image seems to, rather than at rest.

    Parameters
    ----------
    images
        Tiles of one date, linear power (y, x).
    references
        The same tiles of the others.
    rest, displaced
        (rows, columns) at which an image in place and one displaced lie against the references.
    """
    way = np.subtract(displaced, rest)
    length = float(np.hypot(*way))
    votes = []
    for image, reference in zip(images, references, strict=True):
        weaker = _weaker_cells(reference)
        if length <= _HALF_WAY_PX:
            middle = (float(rest[0] + way[0] / 2), float(rest[1] + way[1] / 2))
            cells = cell_evidence(make_ready(image, middle), reference)
            vote = cells[..., :2] @ (way / length)
        else:
            there, here = (cell_evidence(make_ready(image, shift), reference) for shift in (displaced, rest))
            vote = _correlation(there) - _correlation(here)
        votes.append(vote[weaker])
    every = np.concatenate(votes)
    scatter = float(np.sqrt(np.sum(every**2)))
    return scatter > 0 and float(every.sum()) / scatter >= _SURELY


def _correlation(cells: np.ndarray) -> np.ndarray:
    """Correlation of gradients in each cell."""
    return np.asarray(cells[..., 2] + cells[..., 4])


def _weaker_cells(reference: Features) -> np.ndarray:
    """Cells (rows, columns) of the blocks that don't hold the strongest edges of a tile."""
    strength = _correlation(cell_evidence(reference, reference))
    rows, columns = (np.arange(n) * max(_BLOCKS, n // _CELLS_A_BLOCK) // n for n in strength.shape)
    block = rows[:, None] * (columns.max() + 1) + columns[None, :]
    of_block = np.bincount(block.ravel(), strength.ravel())
    kept = np.argsort(of_block)[: max(round((1 - _STRONGEST_SHARE) * of_block.size), 1)]
    return np.asarray(np.isin(block, kept))
