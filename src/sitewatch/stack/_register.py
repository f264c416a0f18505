"""Is every image of a stack where the others are? A check to a tenth of a pixel, and a correction where it is not.

The check looks at a few tiles with the strongest lasting structure (shores, buildings, relief). Open sea has none: its
waves and wind streaks differ from image to image, and the answer is then that nothing can be told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor

import numpy as np

from sitewatch.stack._evidence import Offset
from sitewatch.stack._measure import (
    LINEAR_PX,
    MAX_SD_PX,
    Cube,
    Measured,
    measure,
    references_of,
    structured_tiles,
    tiles_apart,
)
from sitewatch.stack._quiet import quiet_ground_moved
from sitewatch.stack._resample import Shift
from sitewatch.stack._tiles import Tile

# A shift is applied from here on; below it resampling would cost more than the error does.
_MIN_SHIFT_PX = 0.25
# Dates that a note names before it says "...".
_NAMED = 5
_TOO_LITTLE = "registration: too little lasting structure to check it (open water?)"
_ALONE = (
    "registration: the only image of its geometry, not checked against others: it lies where its orbit and the heights "
    "given put it"
)
_PARTS_DISAGREE = "its parts disagree"
_LIKE_A_TIDE = "only its strongest edges show it, as they would of a tide"


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
        A shift is asked for only where it exceeds 0.25 pixels and five standard deviations, the polarisations and at
        least three parts of the image that have structure of their own agree on it, and so does the ground without
        the strongest edges.
    """
    count = len(dates)
    nothing = Registration((None,) * count, {}, ())
    if count < 2:
        return dataclasses.replace(nothing, notes=(_ALONE,)) if count else nothing
    names = sorted(cubes, key=lambda n: n != "VV")
    name = names[0]
    places = structured_tiles(cubes[name], threads)
    if not places:
        return dataclasses.replace(nothing, notes=(_TOO_LITTLE,))
    measured = measure(cubes[name], places, range(count), {}, threads)
    guess = _astray(measured)
    if 2 * len(measured) < count:
        # Too few match the mean of all: they hold nothing in common, or lie so far apart that their mean is a blur.
        elsewhere, apart = tiles_apart(cubes[name], threads)
        places, guess = (elsewhere, apart) if apart else (places, guess)
    if guess:
        # Displaced images blur the reference; with them moved back it is sharp, and all are measured again.
        measured = measure(cubes[name], places, range(count), guess, threads)
    offsets = _relative(measured)
    candidates = [i for i, o in offsets.items() if o.size > _MIN_SHIFT_PX and o.size > 5 * o.sd]
    guess = {i: (offsets[i].rows, offsets[i].columns) for i in candidates}
    along = {i for i in candidates if _parts_agree(measured[i].parts, offsets[i])}
    agreed = _with_quiet_ground(cubes[name], places, along, measured, threads)
    shore = along - agreed
    for other in names[1:] if agreed else ():
        again = measure(cubes[other], places, sorted(agreed), guess, threads)
        agreed -= {i for i, m in again.items() if not _close(m.offset, measured[i].offset)}
    shifts = {i: (round(offsets[i].rows, 3), round(offsets[i].columns, 3)) for i in sorted(agreed)}
    doubts = {i: _LIKE_A_TIDE if i in shore else _PARTS_DISAGREE for i in candidates if i not in agreed}
    notes = _notes(offsets, shifts, doubts, dates)
    return Registration(tuple(offsets.get(i) for i in range(count)), shifts, tuple(notes))


def _with_quiet_ground(
    cube: Cube, places: Sequence[Tile], indices: AbstractSet[int], measured: Mapping[int, Measured], threads: Executor
) -> set[int]:
    """Those dates of which the ground went along, and not the shore alone."""
    if not indices:
        return set()
    rest = _anchor(measured)
    guess = {i: (m.offset.rows, m.offset.columns) for i, m in measured.items() if i in indices}
    references = references_of(cube, places, guess, threads)

    def moved(index: int) -> bool:
        images = [np.asarray(cube[index, tile.y, tile.x]) for tile in places]
        return quiet_ground_moved(images, [r.mean(without=index) for r in references], rest, guess[index])

    chosen = sorted(indices)
    return {i for i, went in zip(chosen, threads.map(moved, chosen), strict=True) if went}


def _anchor(measured: Mapping[int, Measured]) -> Shift:
    """Position that counts as right: the median date's; of two dates the first's."""
    if len(measured) <= 2:
        first = measured[min(measured)].offset
        return first.rows, first.columns
    return (
        float(np.median([m.offset.rows for m in measured.values()])),
        float(np.median([m.offset.columns for m in measured.values()])),
    )


def _relative(measured: Mapping[int, Measured]) -> dict[int, Offset]:
    if len(measured) < 2:
        return {}
    rows, columns = _anchor(measured)
    return {
        i: dataclasses.replace(m.offset, rows=m.offset.rows - rows, columns=m.offset.columns - columns)
        for i, m in measured.items()
    }


def _astray(measured: Mapping[int, Measured]) -> dict[int, Shift]:
    return {i: (o.rows, o.columns) for i, o in _relative(measured).items() if o.size > max(LINEAR_PX, 3 * o.sd)}


def _parts_agree(parts: Sequence[Offset], whole: Offset) -> bool:
    """Whether at least three parts tell, and three in four of them went along with the whole.

    A part went along if it is at rest once the image is moved back; one that then lies back by half the way or more
    never moved (fields stay where they are when the tide moves the shore).
    """
    along = []
    for part in parts:
        rest = abs(part.rows) <= 3 * part.sd_rows + MAX_SD_PX and abs(part.columns) <= 3 * part.sd_columns + MAX_SD_PX
        lag = -(part.rows * whole.rows + part.columns * whole.columns) / whole.size**2
        along.append(rest and lag < 0.5)
    return len(along) >= 3 and sum(along) >= 0.75 * len(along)


def _close(one: Offset, other: Offset) -> bool:
    return bool(np.hypot(one.rows - other.rows, one.columns - other.columns) <= 3 * (one.sd + other.sd) + MAX_SD_PX)


def _notes(
    offsets: Mapping[int, Offset], shifts: Mapping[int, Shift], doubts: Mapping[int, str], dates: Sequence[str]
) -> list[str]:
    total = len(dates)
    if not offsets:
        return [_TOO_LITTLE]
    typical = float(np.median([o.size for o in offsets.values()]))
    note = f"registration: {len(offsets)} of {total} images checked, median offset {typical:.2f} pixels"
    unchecked = [date for i, date in enumerate(dates) if i not in offsets]
    if unchecked:
        named = ", ".join(unchecked[:_NAMED]) + (", ..." if len(unchecked) > _NAMED else "")
        note += f"; too little common structure in {len(unchecked)} ({named}), left where they are"
    notes = [note]
    for i, (rows, columns) in shifts.items():
        notes.append(f"{dates[i]}: moved by {-rows:+.2f} rows and {-columns:+.2f} columns to match the other images")
    if shifts and total == 2:
        notes.append("registration: of two images nothing tells which lies right; the second was moved onto the first")
    for i, why in doubts.items():
        notes.append(f"{dates[i]}: may lie {offsets[i].size:.1f} pixels off, but {why}; left where it is")
    return notes
