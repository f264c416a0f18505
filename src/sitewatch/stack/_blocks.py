"""Reading a block of the cube: some passes, one window of the grid, by a few threads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

import numpy as np
from odc.geo.geobox import GeoBox

from sitewatch.scenes._scene import LeftOut
from sitewatch.stack._mosaic import PassPixels, Tally, read_pass
from sitewatch.stack._plan import Pass, leave_out
from sitewatch.stack._resample import NO_SHIFT, Shift

_ZERO_HINT = "if its numbers are decibels, say so: linear power is never negative"


@dataclasses.dataclass(frozen=True)
class Block:
    """Pixels (time, polarisation, y, x) of some passes in one window, with what was met on the way."""

    values: np.ndarray
    tallies: Mapping[str, Tally]
    failed: tuple[LeftOut, ...]


def read_block(
    passes: Sequence[Pass],
    grid: GeoBox,
    polarisations: tuple[str, ...],
    shifts: Mapping[Pass, Shift],
    threads: Executor,
    tick: Callable[[], None],
    out: np.ndarray | None = None,
) -> Block:
    """Read `passes` onto `grid`, into `out` where given; `tick` is called as each is done."""
    values = np.empty((len(passes), len(polarisations), *grid.shape), np.float32) if out is None else out

    def read(index: int) -> PassPixels:
        overpass = passes[index]
        return read_pass(overpass, grid, polarisations, values[index], shifts.get(overpass, NO_SHIFT))

    tallies: dict[str, Tally] = {}
    failed: list[LeftOut] = []
    for done in threads.map(read, range(len(passes))):
        tallies |= done.tallies
        failed += done.failed
        tick()
    return Block(values, tallies, tuple(failed))


def unusable(passes: Sequence[Pass], tallies: Mapping[str, Tally]) -> list[LeftOut]:
    """Scenes of `passes` that hold nothing within the site, with the reason."""
    dead = []
    for scene in (scene for p in passes for scene in p.scenes):
        tally = tallies.get(scene.id, Tally())
        if tally.valid == 0:
            dead.append(leave_out(scene, "has no valid pixel within the site"))
        elif tally.nonzero == 0:
            dead.append(leave_out(scene, "all its pixels within the site are zero or below", _ZERO_HINT))
    return dead
