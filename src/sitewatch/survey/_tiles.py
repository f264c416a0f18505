"""Tasks a tile: the change of its pixels, and which of them are marked."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change import Learnt, read_in_turn, scan_stack
from sitewatch.errors import SurveyError
from sitewatch.structures import MARKS_REACH, marks
from sitewatch.survey._folder import Folder
from sitewatch.survey._tracks import keep_to_one_thread, opened

CHUNK = 512
"""Edge of a chunk of the change on disk; tiles are whole ones, so that no two tasks write to one."""

Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class TileJob:
    """One tile of one track.

    Attributes
    ----------
    stack, change
        Addresses of the Zarr stores read and written.
    folder
        Where finished tiles are noted, under `name`.
    key
        Of all that the tile's pixels depend on.
    made
        Of the store written to: a note about an earlier one says nothing of this.
    rows, columns
        First and after last.
    """

    stack: str
    change: str
    folder: Folder
    name: str
    key: str
    made: str
    rows: Span
    columns: Span


@dataclasses.dataclass(frozen=True)
class TileDone:
    """What the whole area needs to know of a tile: how many of its pixels were searched, its latest change point."""

    searched: int
    last_image: int


@dataclasses.dataclass(frozen=True)
class Marked:
    """Marked pixels of a tile: row and column each, and whether a region may begin there."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    begins: NDArray[np.bool_]


def tile_spans(shape: tuple[int, int], tile: int) -> list[tuple[Span, Span]]:
    """Rows and columns of the tiles that cover a grid.

    Raises
    ------
    SurveyError
        If tiles of that size do not consist of whole chunks.
    """
    if tile < CHUNK or tile % CHUNK:
        raise SurveyError(f"tiles of {tile} pixels are no whole chunks", hint=f"Give a multiple of {CHUNK}.")
    return [
        ((y, min(y + tile, shape[0])), (x, min(x + tile, shape[1])))
        for y in range(0, shape[0], tile)
        for x in range(0, shape[1], tile)
    ]


def make_change_store(address: str, stack: xr.Dataset, key: str) -> str:
    """An empty store for the change of a track, unless there is one of the same content; gives a name of its own."""
    try:
        group = zarr.open_group(address, mode="r")
        if group.attrs.get("key") == key:
            return str(group.attrs["made"])
    except (FileNotFoundError, KeyError, ValueError):
        pass
    group = zarr.open_group(address, mode="w")
    shape = stack.sizes["y"], stack.sizes["x"]
    for name, dtype, fill in _variables([str(name) for name in stack.data_vars]):
        group.create_array(
            name, shape=shape, chunks=(CHUNK, CHUNK), dtype=dtype, fill_value=fill, dimension_names=("y", "x")
        )
    # The key comes last: a store cut short has none and is made anew.
    group.attrs["made"] = uuid.uuid4().hex
    group.attrs["key"] = key
    return str(group.attrs["made"])


def change_tile(job: TileJob, learnt: Learnt) -> TileDone:
    """Compute and write the change of a tile's pixels; one that was finished before is left as it is."""
    before = job.folder.read(job.name)
    if before is not None and (before.get("key"), before.get("made")) == (job.key, job.made):
        return TileDone(before["searched"], before["last_image"])
    keep_to_one_thread()
    part = opened(job.stack, job.key).isel(y=slice(*job.rows), x=slice(*job.columns))
    # Read block by block: memory is that of one block, whatever the tile's size.
    maps, _ = scan_stack(part, learnt, read=read_in_turn)
    store = zarr.open_group(job.change, mode="r+")
    for name, values in maps.items():
        _array(store, name)[slice(*job.rows), slice(*job.columns)] = values
    done = TileDone(int(np.isfinite(maps["p_value"]).sum()), int(maps["first_image"].max()))
    # The note comes last: a tile cut short has none and is computed again.
    job.folder.write(job.name, {"key": job.key, "made": job.made, **dataclasses.asdict(done)})
    return done


def mark_tile(job: TileJob) -> Marked:
    """Marked pixels of a tile, those left out that no region can begin at or reach."""
    store = zarr.open_group(job.change, mode="r")
    p_value = _array(store, "p_value")
    rows, columns = (_grown(span, size) for span, size in zip((job.rows, job.columns), p_value.shape, strict=True))
    may_grow, begins = marks(np.asarray(p_value[slice(*rows), slice(*columns)]))
    inner = (
        slice(job.rows[0] - rows[0], job.rows[1] - rows[0]),
        slice(job.columns[0] - columns[0], job.columns[1] - columns[0]),
    )
    may_grow, begins = may_grow[inner], begins[inner]
    labels, count = ndi.label(may_grow)
    # What touches the tile's edge may hang together with something beyond it.
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    kept = np.zeros(count + 1, bool)
    kept[edge] = True
    kept[labels[begins]] = True
    kept[0] = False
    row, column = np.nonzero(kept[labels])
    return Marked(row + job.rows[0], column + job.columns[0], begins[row, column])


def change_part(address: str, rows: slice, columns: slice) -> dict[str, NDArray[Any]]:
    """Maps [y, x] of a part of the change."""
    store = zarr.open_group(address, mode="r")
    return {name: np.asarray(_array(store, name)[rows, columns]) for name in store.array_keys()}


def _array(store: zarr.Group, name: str) -> zarr.Array[Any]:
    found = store[name]
    assert isinstance(found, zarr.Array)
    return found


def _grown(span: Span, size: int) -> Span:
    return max(span[0] - MARKS_REACH, 0), min(span[1] + MARKS_REACH, size)


def _variables(polarisations: list[str]) -> list[tuple[str, str, float]]:
    floats = ["statistic", "p_value", "omnibus_p_value"]
    floats += [f"{kind}_{name}" for name in polarisations for kind in ("step_db", "z")]
    counts = ["omnibus_changes", "omnibus_last_image", "first_image"]
    return [
        *((name, "float32", float("nan")) for name in floats),
        *((name, "int16", -1) for name in counts),
        ("stratum", "uint8", 255),
    ]
