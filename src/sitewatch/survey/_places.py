"""From marked pixels of all tiles to places: groups of them so far from all others that neither knows of the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sitewatch.survey._tiles import Marked, Span

BLOCK = 16
"""Edge of the blocks, on one lattice over the area, that marked pixels are gathered by. Pixels of two places lie
farther apart than this: regions bridge 4 pixels, footprints reach 4 beyond them and join over 4 more."""
MARGIN = 32
"""Ground read round a place: footprints are looked at with 8 pixels round them, and reach beyond their regions."""
FEWEST_MARKED, FEWEST_BEGINNINGS = 4, 2


@dataclasses.dataclass(frozen=True)
class Place:
    """Some changed ground.

    Attributes
    ----------
    blocks
        Row and column of each `BLOCK` with a marked pixel, in order.
    rows, columns
        The box round them with its margin, within the grid.
    """

    blocks: tuple[tuple[int, int], ...]
    rows: Span
    columns: Span

    @property
    def name(self) -> str:
        """A name of its own in the area."""
        return f"{self.blocks[0][0]}-{self.blocks[0][1]}"


def places_of(tracks: Sequence[Sequence[Marked]], shape: tuple[int, int]) -> tuple[Place, ...]:
    """Places of an area, in the order of their first block.

    Marked pixels hang together across the seams of tiles as within one: regions are those of the whole area.

    Parameters
    ----------
    tracks
        What `mark_tile` gave for all tiles of each track.
    """
    counted = [_counted_blocks(_kept(tiles, shape), shape) for tiles in tracks]
    every = np.concatenate([blocks for blocks, _ in counted])
    if not len(every):
        return ()
    blocks, back = np.unique(every, axis=0, return_inverse=True)
    pairs = cKDTree(blocks).query_pairs(1.0, p=np.inf, output_type="ndarray")
    count, group = _components(pairs, len(blocks))
    enough = np.zeros(count, bool)
    start = 0
    for of_track, numbers in counted:
        members = group[back.ravel()[start : start + len(of_track)]]
        start += len(of_track)
        marked, begins = (np.bincount(members, numbers[:, i], minlength=count) for i in (0, 1))
        enough |= (marked >= FEWEST_MARKED) & (begins >= FEWEST_BEGINNINGS)
    order = np.argsort(group, kind="stable")
    parts = np.split(blocks[order], np.flatnonzero(np.diff(group[order])) + 1)
    found = [_place(part, shape) for number, part in enumerate(parts) if enough[number]]
    return tuple(sorted(found, key=lambda place: place.blocks[0]))


def _kept(tiles: Sequence[Marked], shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Places (row * width + column) of the pixels of all regions, in order, and whether one begins there.

    A region is what hangs together by its edges (not corners) and holds a pixel that one begins at.
    """
    width = shape[1]
    at = np.concatenate([tile.row * width + tile.column for tile in tiles])
    begins = np.concatenate([tile.begins for tile in tiles])
    order = np.argsort(at, kind="stable")
    at, begins = at[order], begins[order]
    links = [_links(at, 1, at % width < width - 1), _links(at, width, np.ones(at.size, bool))]
    count, group = _components(np.concatenate(links), at.size)
    kept = np.zeros(count, bool)
    kept[group[begins]] = True
    return at[kept[group]], begins[kept[group]]


def _links(at: NDArray[np.int64], step: int, possible: NDArray[np.bool_]) -> NDArray[np.intp]:
    """[pair, 2], indices of pixels and of those a step on."""
    here = np.flatnonzero(possible)
    there = np.searchsorted(at, at[here] + step)
    found = there < at.size
    found[found] = at[there[found]] == at[here[found]] + step
    return np.stack([here[found], there[found]], axis=1)


def _components(pairs: NDArray[np.intp], size: int) -> tuple[int, NDArray[np.int32]]:
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    count, group = connected_components(graph, directed=False)
    return int(count), group


def _counted_blocks(
    pixels: tuple[NDArray[np.int64], NDArray[np.bool_]], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[block, 2], rows and columns of blocks; [block, 2], how many pixels are marked there, and begin a region."""
    at, begins = pixels
    row, column = np.divmod(at, shape[1])
    blocks, back = np.unique(np.stack([row // BLOCK, column // BLOCK], axis=1), axis=0, return_inverse=True)
    marked = np.bincount(back.ravel(), minlength=len(blocks))
    begun = np.bincount(back.ravel()[begins], minlength=len(blocks))
    return blocks, np.stack([marked, begun], axis=1)


def _place(blocks: NDArray[np.int64], shape: tuple[int, int]) -> Place:
    (top, left), (bottom, right) = blocks.min(axis=0) * BLOCK, (blocks.max(axis=0) + 1) * BLOCK
    return Place(
        tuple((int(row), int(column)) for row, column in blocks),
        (max(int(top) - MARGIN, 0), min(int(bottom) + MARGIN, shape[0])),
        (max(int(left) - MARGIN, 0), min(int(right) + MARGIN, shape[1])),
    )
