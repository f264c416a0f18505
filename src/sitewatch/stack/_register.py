"""Is every image of a stack where the others are? A check to a tenth of a pixel, and a correction where it is not.

The check looks at a few tiles with the strongest lasting structure (shores, buildings, relief). Open sea has none: its
waves and wind streaks differ from image to image, and the answer is then that nothing can be told.
"""

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

# A shift is applied from here on; below it resampling would cost more than the error does.
_MIN_SHIFT_PX = 0.25
# An offset is stated where its standard deviation is below this and its structure above that.
_MAX_SD_PX = 0.1
_MIN_STRUCTURE = 4.0
# A displacement found by searching had many chances to look right by accident.
_MIN_STRUCTURE_SEARCHED = 6.0
# Displacements are looked for as far as this, in small images only to a third of their size.
_REACH_PX = 24
_LINEAR_PX = 0.15
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
class Registration:
    """Where each image lies against the others.

    Attributes
    ----------
    offsets
        An entry a date; None where there is not enough structure to tell. Rows count down, columns to the right, in
        pixels; positive where the image lies too far down or right.
    shifts
        Those to be undone, by index of the date.
    notes
        What was found, for readers.
    """

    offsets: tuple[Offset | None, ...]
    shifts: dict[int, Shift]
    notes: tuple[str, ...]


def check_registration(cubes: Mapping[str, Cube], dates: Sequence[str], threads: Executor) -> Registration:
    """Measure each date's displacement against the stack's common position.

    Parameters
    ----------
    cubes
        Linear power (time, y, x) by polarisation, NaN where invalid.
    dates
        Names of the dates, for the notes.
    threads
        Runs the tiles' work.

    Returns
    -------
    Registration
        A shift is asked for only where it exceeds 0.25 pixels by five standard deviations and the polarisations and
        at least three parts of the image that have structure of their own agree on it.
    """
    count = len(dates)
    nothing = Registration((None,) * count, {}, ())
    if count < 2:
        return nothing
    names = sorted(cubes, key=lambda n: n != "VV")
    name = names[0]
    places = _structured_tiles(cubes[name], threads)
    if not places:
        note = "registration: too little lasting structure to check it (open water?)"
        return dataclasses.replace(nothing, notes=(note,))
    measured = _measure(cubes[name], places, range(count), {}, threads)
    guess = _astray(measured)
    if 2 * len(measured) < count:
        # Too few match the mean of all: they hold nothing in common, or lie so far apart that their mean is a blur.
        elsewhere, apart = _apart(cubes[name], threads)
        places, guess = (elsewhere, apart) if apart else (places, guess)
    if guess:
        # Displaced images blur the reference; with them moved back it is sharp, and all are measured again.
        measured = _measure(cubes[name], places, range(count), guess, threads)
    offsets = _relative(measured)
    candidates = [i for i, o in offsets.items() if o.size > _MIN_SHIFT_PX and o.size > 5 * o.sd]
    guess = {i: (offsets[i].rows, offsets[i].columns) for i in candidates}
    agreed = {i for i in candidates if _parts_agree(measured[i].parts, offsets[i])}
    for other in names[1:] if agreed else ():
        again = _measure(cubes[other], places, sorted(agreed), guess, threads)
        agreed -= {i for i, m in again.items() if not _close(m.offset, measured[i].offset)}
    shifts = {i: (round(offsets[i].rows, 3), round(offsets[i].columns, 3)) for i in sorted(agreed)}
    doubtful = [i for i in candidates if i not in agreed]
    notes = _notes(offsets, shifts, doubtful, dates)
    return Registration(tuple(offsets.get(i) for i in range(count)), shifts, tuple(notes))


@dataclasses.dataclass(frozen=True)
class _Measured:
    """A displacement against the mean position, and what parts of the image still show once it is moved back."""

    offset: Offset
    parts: tuple[Offset, ...]


def _structured_tiles(cube: Cube, threads: Executor) -> list[Tile]:
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


def _apart(cube: Cube, threads: Executor) -> tuple[list[Tile], dict[int, Shift]]:
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


def _measure(
    cube: Cube, places: Sequence[Tile], indices: Sequence[int], guess: Mapping[int, Shift], threads: Executor
) -> dict[int, _Measured]:
    """Displacement of the dates `indices`, those without enough structure left out; begins from `guess`."""
    count = cube.shape[0]
    members = np.unique(np.linspace(0, count - 1, min(count, _REFERENCE_DATES)).round().astype(int)).tolist()

    def refer(tile: Tile) -> Reference:
        images = {i: np.asarray(cube[i, tile.y, tile.x]) for i in members}
        return Reference.of({i: make_ready(image, guess.get(i, NO_SHIFT)) for i, image in images.items()})

    references = list(threads.map(refer, places))
    shared = estimate(_pool([_split_half(r.members) for r in references]))
    if shared is None or shared.structure < _MIN_STRUCTURE:
        return {}
    searchable = shared.structure >= _MIN_STRUCTURE_SEARCHED

    def measure(chunk: list[int]) -> list[_Measured | None]:
        first, last = chunk[0], chunk[-1] + 1
        series = [np.asarray(cube[first:last, tile.y, tile.x]) for tile in places]
        return [
            _displacement([s[i - first] for s in series], references, i, guess.get(i, NO_SHIFT), searchable)
            for i in chunk
        ]

    chunks = [[i for i in indices if i // CHUNK_TIME == c] for c in range(-(-count // CHUNK_TIME))]
    chunks = [c for c in chunks if c]
    found = zip((i for c in chunks for i in c), (m for ms in threads.map(measure, chunks) for m in ms), strict=True)
    return {i: m for i, m in found if m is not None}


def _displacement(
    images: Sequence[np.ndarray], references: Sequence[Reference], index: int, guess: Shift, searchable: bool
) -> _Measured | None:
    targets = [r.mean(without=index) for r in references]
    shift, bar = guess, _MIN_STRUCTURE
    for step in range(_ITERATIONS):
        ready = [make_ready(image, shift) for image in images]
        cells = [cell_evidence(f, r) for f, r in zip(ready, targets, strict=True)]
        found = estimate(_pool(cells))
        sure = found is not None and found.structure >= bar and found.sd <= _MAX_SD_PX
        if found is not None and sure and found.size <= _LINEAR_PX:
            # Against the mean of the others an image deviates by n/(n-1) times what it does from the mean of all.
            members = len(references[0].members)
            own = (members - 1) / members if index in references[0].members else 1.0
            rows = guess[0] + own * (shift[0] + found.rows - guess[0])
            columns = guess[1] + own * (shift[1] + found.columns - guess[1])
            return _Measured(Offset(rows, columns, found.sd_rows, found.sd_columns, found.structure), _quarters(cells))
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


def _anchor(measured: Mapping[int, _Measured]) -> Shift:
    """Position that counts as right: the median date's; of two dates the first's."""
    if len(measured) <= 2:
        first = measured[min(measured)].offset
        return first.rows, first.columns
    return (
        float(np.median([m.offset.rows for m in measured.values()])),
        float(np.median([m.offset.columns for m in measured.values()])),
    )


def _relative(measured: Mapping[int, _Measured]) -> dict[int, Offset]:
    if len(measured) < 2:
        return {}
    rows, columns = _anchor(measured)
    return {
        i: dataclasses.replace(m.offset, rows=m.offset.rows - rows, columns=m.offset.columns - columns)
        for i, m in measured.items()
    }


def _astray(measured: Mapping[int, _Measured]) -> dict[int, Shift]:
    return {i: (o.rows, o.columns) for i, o in _relative(measured).items() if o.size > max(_LINEAR_PX, 3 * o.sd)}


def _quarters(cells: Sequence[np.ndarray]) -> tuple[Offset, ...]:
    """Displacement of each quarter of each tile that has structure of its own."""
    found = []
    for tile in cells:
        half_y, half_x = tile.shape[0] // 2, tile.shape[1] // 2
        for y in (slice(None, half_y), slice(half_y, None)):
            for x in (slice(None, half_x), slice(half_x, None)):
                found.append(estimate(tile[y, x]) if tile[y, x].size else None)
    return tuple(o for o in found if o is not None and o.structure >= 3 and o.sd <= 2 * _MAX_SD_PX)


def _parts_agree(parts: Sequence[Offset], whole: Offset) -> bool:
    """Whether at least three parts tell, and three in four of them went along with the whole.

    A part went along if it is at rest once the image is moved back; one that then lies back by half the way or more
    never moved (fields stay where they are when the tide moves the shore).
    """
    along = []
    for part in parts:
        rest = abs(part.rows) <= 3 * part.sd_rows + _MAX_SD_PX and abs(part.columns) <= 3 * part.sd_columns + _MAX_SD_PX
        lag = -(part.rows * whole.rows + part.columns * whole.columns) / whole.size**2
        along.append(rest and lag < 0.5)
    return len(along) >= 3 and sum(along) >= 0.75 * len(along)


def _close(one: Offset, other: Offset) -> bool:
    return bool(np.hypot(one.rows - other.rows, one.columns - other.columns) <= 3 * (one.sd + other.sd) + _MAX_SD_PX)


def _notes(
    offsets: Mapping[int, Offset], shifts: Mapping[int, Shift], doubtful: Sequence[int], dates: Sequence[str]
) -> list[str]:
    total = len(dates)
    if not offsets:
        return ["registration: too little lasting structure to check it (open water?)"]
    typical = float(np.median([o.size for o in offsets.values()]))
    note = f"registration: {len(offsets)} of {total} images checked, median offset {typical:.2f} pixels"
    if len(offsets) < total:
        note += f"; too little common structure in {total - len(offsets)}"
    notes = [note]
    for i, (rows, columns) in shifts.items():
        notes.append(f"{dates[i]}: moved by {-rows:+.2f} rows and {-columns:+.2f} columns to match the other images")
    for i in doubtful:
        o = offsets[i]
        notes.append(f"{dates[i]}: may lie {o.size:.1f} pixels off, but its parts disagree; left where it is")
    return notes
