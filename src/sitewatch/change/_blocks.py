"""A track's cube block by block, so that memory does not grow with the area."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr
from numpy.typing import NDArray

TILE = 256
ReadBlocks = Callable[[xr.Dataset, Sequence[str], Sequence[tuple[slice, slice]]], Iterator[NDArray[np.float32]]]
"""Reads blocks of a stack one after the other: [time, polarisation, pixel], linear power, the caller's to overwrite."""


def blocks_of(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    """The blocks that a grid is read and learnt from by: a lattice of its own, whatever tiles a machine works on."""
    return [
        (slice(y, min(y + TILE, shape[0])), slice(x, min(x + TILE, shape[1])))
        for y in range(0, shape[0], TILE)
        for x in range(0, shape[1], TILE)
    ]


def _read(
    stack: xr.Dataset, polarisations: Sequence[str], box: tuple[slice, slice], room: NDArray[np.float32]
) -> NDArray[np.float32]:
    """[time, polarisation, pixel], linear power of one tile, in as much of `room` as it needs."""
    tile = stack.isel(y=box[0], x=box[1])
    shape = (tile.sizes["time"], len(polarisations), tile.sizes["y"] * tile.sizes["x"])
    power = room[: math.prod(shape)].reshape(shape)
    for pol, name in enumerate(polarisations):
        power[:, pol] = tile[name].to_numpy().reshape(shape[0], -1)
    return power


def read_ahead(
    stack: xr.Dataset, polarisations: Sequence[str], boxes: Sequence[tuple[slice, slice]]
) -> Iterator[NDArray[np.float32]]:
    """What `_read` gives for each box; the next one is read while the caller works on this one.

    An array is good until the one after it is asked for: the room of two tiles serves for all.
    """
    largest = max((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in boxes)
    rooms = [np.empty(largest * len(polarisations) * stack.sizes["time"], np.float32) for _ in range(2)]
    with ThreadPoolExecutor(1) as reader:
        coming = None
        for number, box in enumerate(boxes):
            before, coming = coming, reader.submit(_read, stack, polarisations, box, rooms[number % 2])
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()


def read_in_turn(
    stack: xr.Dataset, polarisations: Sequence[str], boxes: Sequence[tuple[slice, slice]]
) -> Iterator[NDArray[np.float32]]:
    """The same in the caller's thread alone, for a machine whose other threads have work of their own."""
    largest = max((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in boxes)
    room = np.empty(largest * len(polarisations) * stack.sizes["time"], np.float32)
    for box in boxes:
        yield _read(stack, polarisations, box, room)
