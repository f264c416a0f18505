"""Where each date of a stack lies against the mean of the others, from a few tiles with the strongest structure."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

import numpy as np

from sitewatch.stack._evidence import (
    Features,
    Offset,
    Reference,
    cell_evidence,
    correlation_peak,
    estimate,
    make_ready,
)
from sitewatch.stack._gather import gather, pair_strength
from sitewatch.stack._resample import NO_SHIFT, Shift
from sitewatch.stack._tiles import CHUNK_PX, CHUNK_TIME, Tile, tiles

# An offset is stated where its standard deviation is below this and its structure above that.
MAX_SD_PX = 0.1
_MIN_STRUCTURE = 4.0
# A displacement found by searching had many chances to look right by accident.
_MIN_STRUCTURE_SEARCHED = 6.0
# Displacements are looked for as far as this, in small images only to a third of their size.
_REACH_PX = 24
# Up to here the first-order estimate holds.
LINEAR_PX = 0.15
_ITERATIONS = 4
_REFERENCE_DATES = 12
_TILES = 3
_CANDIDATES = 24


class Cube(Protocol):
    """An array (time, y, x) that can be cut: numpy's or Zarr's."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, key: Any) -> Any: ...


@dataclasses.dataclass(frozen=True)
class Measured:
    """A displacement against the mean position, and what parts of the image still show once it is moved back."""

    offset: Offset
    parts: tuple[Offset, ...]


def structured_tiles(cube: Cube, threads: Executor) -> list[Tile]:
    """Tiles whose structure two halves of some early dates share, the strongest first."""
    count, height, width = cube.shape
    every = list(tiles((height, width), CHUNK_PX))
    every = every[:: max(len(every) // _CANDIDATES, 1)]
    picked = np.unique(np.linspace(0, min(count, CHUNK_TIME) - 1, 4).round().astype(int))

    def strength(tile: Tile) -> float:
        series = np.asarray(cube[: picked[-1] + 1, tile.y, tile.x])
        ready = [make_ready(series[i]) for i in picked]
        found = estimate(_split_half(dict(enumerate(ready))))
        # Where those few dates don't tell, all dates may: the tile stays, at the end of the list.
        return 0.0 if found is None else found.structure / max(found.sd, 1e-3)

    strengths = list(threads.map(strength, every))
    ranked = sorted(range(len(every)), key=lambda i: -strengths[i])
    return [every[i] for i in ranked[:_TILES]]


def tiles_apart(cube: Cube, threads: Executor) -> tuple[list[Tile], dict[int, Shift]]:
    """Tiles in which pairs of dates have something in common wherever they lie, and a guess of where all lie."""
    count, height, width = cube.shape
    every = list(tiles((height, width), CHUNK_PX))
    every = every[:: max(len(every) // _CANDIDATES, 1)]
    picked = np.unique(np.linspace(0, count - 1, 3).round().astype(int)).tolist()

    def strength(tile: Tile) -> float:
        images = [np.asarray(cube[i, tile.y, tile.x]) for i in picked]
        reach = _reach(images[0].shape)
        return max(pair_strength(one, other, reach) for one, other in itertools.pairwise(images))

    strengths = list(threads.map(strength, every))
    ranked = sorted(range(len(every)), key=lambda i: -strengths[i])
    places = [every[i] for i in ranked[:_TILES]]
    if max(strengths) < _MIN_STRUCTURE:
        return places, {}
    reach = min(_reach((tile.y.stop - tile.y.start, tile.x.stop - tile.x.start)) for tile in places)
    found = gather(lambda i: [np.asarray(cube[i, t.y, t.x]) for t in places], count, reach, threads)
    if not found:
        return places, {}
    rows, columns = np.median(list(found.values()), axis=0) if count > 2 else found[0]
    return places, {i: (r - float(rows), c - float(columns)) for i, (r, c) in found.items()}


def _reach(shape: tuple[int, ...]) -> int:
    return max(min(_REACH_PX, min(shape) // 3), 1)


def measure(
    cube: Cube, places: Sequence[Tile], indices: Sequence[int], guess: Mapping[int, Shift], threads: Executor
) -> dict[int, Measured]:
    """Displacement of the dates `indices`, those without enough structure left out; begins from `guess`."""
    count = cube.shape[0]
    references = references_of(cube, places, guess, threads)
    shared = estimate(_pool([_split_half(r.members) for r in references]))
    if shared is None or shared.structure < _MIN_STRUCTURE:
        return {}
    searchable = shared.structure >= _MIN_STRUCTURE_SEARCHED

    def measure_chunk(chunk: list[int]) -> list[Measured | None]:
        first, last = chunk[0], chunk[-1] + 1
        series = [np.asarray(cube[first:last, tile.y, tile.x]) for tile in places]
        return [
            _displacement([s[i - first] for s in series], references, i, guess.get(i, NO_SHIFT), searchable)
            for i in chunk
        ]

    chunks = [[i for i in indices if i // CHUNK_TIME == c] for c in range(-(-count // CHUNK_TIME))]
    chunks = [c for c in chunks if c]
    found = [m for of_chunk in threads.map(measure_chunk, chunks) for m in of_chunk]
    return {i: m for i, m in zip((i for c in chunks for i in c), found, strict=True) if m is not None}


def references_of(cube: Cube, places: Sequence[Tile], guess: Mapping[int, Shift], threads: Executor) -> list[Reference]:
    """What each tile looks like on some dates, those of `guess` moved back."""
    count = cube.shape[0]
    members = np.unique(np.linspace(0, count - 1, min(count, _REFERENCE_DATES)).round().astype(int)).tolist()

    def refer(tile: Tile) -> Reference:
        images = {i: np.asarray(cube[i, tile.y, tile.x]) for i in members}
        return Reference.of({i: make_ready(image, guess.get(i, NO_SHIFT)) for i, image in images.items()})

    return list(threads.map(refer, places))


def _displacement(
    images: Sequence[np.ndarray], references: Sequence[Reference], index: int, guess: Shift, searchable: bool
) -> Measured | None:
    targets = [r.mean(without=index) for r in references]
    shift, bar = guess, _MIN_STRUCTURE
    for step in range(_ITERATIONS):
        ready = [make_ready(image, shift) for image in images]
        cells = [cell_evidence(f, r) for f, r in zip(ready, targets, strict=True)]
        found = estimate(_pool(cells))
        sure = found is not None and found.structure >= bar and found.sd <= MAX_SD_PX
        if found is not None and sure and found.size <= LINEAR_PX:
            # Against the mean of the others an image deviates by n/(n-1) times what it does from the mean of all.
            members = len(references[0].members)
            own = (members - 1) / members if index in references[0].members else 1.0
            rows = guess[0] + own * (shift[0] + found.rows - guess[0])
            columns = guess[1] + own * (shift[1] + found.columns - guess[1])
            return Measured(Offset(rows, columns, found.sd_rows, found.sd_columns, found.structure), _quarters(cells))
        if found is not None and sure and found.size < 1.5:
            shift = (shift[0] + found.rows, shift[1] + found.columns)
        elif step == 0 and searchable:
            still = ready if shift == NO_SHIFT else [make_ready(image) for image in images]
            reach = min(_reach(image.shape) for image in images)
            peak = correlation_peak(still, targets, reach)
            if peak == shift or max(abs(peak[0]), abs(peak[1])) >= reach:
                return None
            shift, bar = (float(peak[0]), float(peak[1])), _MIN_STRUCTURE_SEARCHED
        else:
            return None
    return None


def _split_half(members: Mapping[int, Features]) -> np.ndarray:
    """Evidence of every other date against the rest: what they have in common, noise apart."""
    halves = [Reference.of(dict(list(members.items())[start::2])).mean() for start in (0, 1)]
    return cell_evidence(halves[0], halves[1])


def _pool(cells: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([c.reshape(-1, c.shape[-1]) for c in cells])


def _quarters(cells: Sequence[np.ndarray]) -> tuple[Offset, ...]:
    """Displacement of each quarter of each tile that has structure of its own."""
    found = []
    for tile in cells:
        half_y, half_x = tile.shape[0] // 2, tile.shape[1] // 2
        for y in (slice(None, half_y), slice(half_y, None)):
            for x in (slice(None, half_x), slice(half_x, None)):
                found.append(estimate(tile[y, x]) if tile[y, x].size else None)
    return tuple(o for o in found if o is not None and o.structure >= 3 and o.sd <= 2 * MAX_SD_PX)
