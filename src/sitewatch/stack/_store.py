"""A stack on disk: Zarr, written block by block, resumed where it was interrupted, extended as images arrive.

The store grows under ``<name>.zarr.partial`` and takes its name when it is complete. The attributes of its group
``build`` hold, for each block (16 dates, one window), a key made of everything its pixels depend on. A block whose key
is unchanged is not read again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec

from sitewatch.scenes._raster import file_behind
from sitewatch.scenes._scene import LeftOut, Scene
from sitewatch.stack._blocks import read_block, unusable
from sitewatch.stack._dataset import coordinates, variable_attributes
from sitewatch.stack._grid import crop
from sitewatch.stack._mosaic import Tally
from sitewatch.stack._plan import Pass, StackPlan
from sitewatch.stack._resample import NO_SHIFT, Shift, Window
from sitewatch.stack._tiles import CHUNK_PX, CHUNK_TIME, blocks

# Raise it when the same scenes would give other pixels than before.
_VERSION = 1
_LEDGER = "build"
# Holds 16 dates of 2000 x 2000 pixels in two polarisations.
_BLOCK_BYTES = 512 * 2**20


@dataclasses.dataclass
class Ledger:
    """What the group ``build`` holds: which blocks are written, from what, and what was set aside on the way."""

    layout: str
    content: str = ""
    blocks: dict[str, str] = dataclasses.field(default_factory=dict)
    tallies: dict[str, dict[str, tuple[int, int]]] = dataclasses.field(default_factory=dict)
    left_out: list[dict[str, str]] = dataclasses.field(default_factory=list)

    @classmethod
    def read(cls, store: Path) -> Ledger | None:
        """Read the ledger of a store; None where there is none or it can't be understood."""
        try:
            group = json.loads((store / _LEDGER / "zarr.json").read_text(encoding="utf-8"))
            return cls(**group["attributes"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, store: Path) -> None:
        """Write beside the arrays, at once or not at all."""
        folder = store / _LEDGER
        folder.mkdir(exist_ok=True)
        temporary = store / f".{_LEDGER}.tmp"
        group = {"zarr_format": 3, "node_type": "group", "attributes": dataclasses.asdict(self)}
        temporary.write_text(json.dumps(group), encoding="utf-8")
        temporary.replace(folder / "zarr.json")


def layout_key(plan: StackPlan) -> str:
    """Hash of what fixes the arrays' shape but for time."""
    g = plan.geobox
    return _hash([_VERSION, list(g.shape), list(g.affine[:6]), str(g.crs), plan.polarisations, CHUNK_TIME, CHUNK_PX])


def content_key(plan: StackPlan) -> str:
    """Hash of everything the finished store depends on: grid, scenes, their files' sizes and times."""
    return _hash([layout_key(plan), [_pass_key(p) for p in plan.passes], plan.track.key])


def finished(path: Path, content: str) -> list[LeftOut] | None:
    """Scenes that the store at `path` set aside, if it is complete and made from `content`; else None."""
    ledger = Ledger.read(path)
    if ledger is None or not content or ledger.content != content:
        return None
    return [LeftOut(**item) for item in ledger.left_out]  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True)
class PartialStore:
    """A store under construction."""

    path: Path
    ledger: Ledger

    @classmethod
    def begin(cls, target: Path, plan: StackPlan) -> PartialStore:
        """Go on with an interrupted build of `target`, or begin one from what an older store of its grid holds."""
        path, layout = target.with_name(target.name + ".partial"), layout_key(plan)
        ledger = Ledger.read(path)
        if ledger is not None and ledger.layout == layout:
            return cls(path, ledger)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        older = Ledger.read(target)
        if older is not None and older.layout == layout and all((target / n).is_dir() for n in plan.polarisations):
            for name in plan.polarisations:
                shutil.copytree(target / name, path / name, copy_function=_link)
            (path / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}), encoding="utf-8")
            ledger = Ledger(layout, "", older.blocks, older.tallies)
        else:
            _create(path, plan)
            ledger = Ledger(layout)
        ledger.write(path)
        return cls(path, ledger)

    def arrays(self, plan: StackPlan) -> dict[str, zarr.Array]:
        """One array (time, y, x) a polarisation, as long in time as the plan."""
        arrays = {}
        for name in plan.polarisations:
            array = zarr.open_array(self.path / name, mode="r+")
            wanted = (len(plan.passes), *plan.geobox.shape)
            if array.shape != wanted:
                array.resize(wanted)
            arrays[name] = array
        return arrays

    def fill(
        self, plan: StackPlan, shifts: Mapping[Pass, Shift], threads: Executor, tick: Callable[[int], None]
    ) -> list[LeftOut]:
        """Write the blocks that are not there yet.

        Stops early, and returns them, when scenes turn out to be unusable: the plan without them has other blocks.
        `tick` is called with the number of pass-windows done.
        """
        arrays = self.arrays(plan)
        windows = windows_of(plan)
        room = np.empty((CHUNK_TIME, len(plan.polarisations), *_largest(windows)), np.float32)
        for start in range(0, len(plan.passes), CHUNK_TIME):
            passes = plan.passes[start : start + CHUNK_TIME]
            failed: dict[str, LeftOut] = {}
            for number, window in enumerate(windows):
                name, key = f"{start // CHUNK_TIME}/{number}", _block_key(passes, shifts, window)
                if self.ledger.blocks.get(name) == key:
                    tick(len(passes))
                    continue
                failed |= self._write(name, key, plan, passes, window, start, arrays, shifts, threads, tick, room)
            dead = list(failed.values()) or unusable(passes, self._tallies(start // CHUNK_TIME, len(windows)))
            if dead:
                self._rename(plan.without(dead), passes, dead, start, windows, shifts)
                return dead
        return []

    def finish(
        self, target: Path, plan: StackPlan, attrs: Mapping[str, Any], content: str, left_out: Sequence[LeftOut]
    ) -> None:
        """Write coordinates and attributes, and give the store its name."""
        _write_coordinates(self.path, plan, {**attrs, "content_hash": content})
        self.ledger.content = content
        self.ledger.left_out = [{"source": x.source, "reason": x.reason, "hint": x.hint} for x in left_out]
        self.ledger.write(self.path)
        if target.exists():
            # A folder can't replace another in one step: the old one steps aside first.
            old = target.with_name(target.name + ".old")
            shutil.rmtree(old, ignore_errors=True)
            os.replace(target, old)
            os.replace(self.path, target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(self.path, target)

    def _write(
        self,
        name: str,
        key: str,
        plan: StackPlan,
        passes: Sequence[Pass],
        window: Window,
        start: int,
        arrays: Mapping[str, zarr.Array],
        shifts: Mapping[Pass, Shift],
        threads: Executor,
        tick: Callable[[int], None],
        room: np.ndarray,
    ) -> dict[str, LeftOut]:
        rows, columns = window
        grid = crop(plan.geobox, rows.start, columns.start, (rows.stop - rows.start, columns.stop - columns.start))
        values = room[: len(passes), :, : grid.shape[0], : grid.shape[1]]
        block = read_block(passes, grid, plan.polarisations, shifts, threads, lambda: tick(1), values)
        self.ledger.blocks.pop(name, None)
        self.ledger.write(self.path)
        for band, polarisation in enumerate(plan.polarisations):
            # Zarr looks through every chunk for emptiness, at half the cost of writing it; a sample tells as much.
            array = arrays[polarisation].with_config({"write_empty_chunks": _no_chunk_is_empty(values[:, band])})
            array[start : start + len(passes), rows, columns] = values[:, band]
        if not block.failed:
            self.ledger.blocks[name] = key
        self.ledger.tallies[name] = {s: (t.valid, t.nonzero) for s, t in block.tallies.items()}
        self.ledger.write(self.path)
        return {item.source: item for item in block.failed}

    def _tallies(self, chunk: int, windows: int) -> dict[str, Tally]:
        total: dict[str, Tally] = {}
        for number in range(windows):
            for scene, counts in self.ledger.tallies.get(f"{chunk}/{number}", {}).items():
                total[scene] = total.get(scene, Tally()) + Tally(*counts)
        return total

    def _rename(
        self,
        plan: StackPlan,
        passes: Sequence[Pass],
        dead: Sequence[LeftOut],
        start: int,
        windows: Sequence[Window],
        shifts: Mapping[Pass, Shift],
    ) -> None:
        """Keep the blocks just written where the lost scenes gave them no pixel and no pass is lost with them."""
        after = plan.passes[start : start + CHUNK_TIME]
        tallies = self._tallies(start // CHUNK_TIME, len(windows))
        if any(tallies.get(item.source, Tally(1)).valid for item in dead) or [p.time for p in after] != [
            p.time for p in passes
        ]:
            return
        for number, window in enumerate(windows):
            self.ledger.blocks[f"{start // CHUNK_TIME}/{number}"] = _block_key(after, shifts, window)
        self.ledger.write(self.path)


def windows_of(plan: StackPlan) -> list[Window]:
    """Windows in which the plan's grid is written."""
    return blocks((plan.geobox.shape[0], plan.geobox.shape[1]), 4 * CHUNK_TIME * len(plan.polarisations), _BLOCK_BYTES)


def _largest(windows: Sequence[Window]) -> tuple[int, int]:
    return max(y.stop - y.start for y, _ in windows), max(x.stop - x.start for _, x in windows)


def _create(path: Path, plan: StackPlan) -> None:
    group = zarr.open_group(path, mode="w", zarr_format=3)
    for name in plan.polarisations:
        # Speckle hardly compresses (to 0.81 by bit planes), but 8-bit imagery and the padding of edge chunks do.
        array = group.create_array(
            name,
            shape=(len(plan.passes), *plan.geobox.shape),
            chunks=(CHUNK_TIME, CHUNK_PX, CHUNK_PX),
            dtype="float32",
            fill_value=np.nan,
            compressors=BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle"),
            dimension_names=("time", "y", "x"),
            config={"write_empty_chunks": False},
        )
        about = variable_attributes(name, plan.scenes[0].quantity)
        array.attrs.update({**about, "coordinates": "scene platform spatial_ref"})


def _write_coordinates(path: Path, plan: StackPlan, attrs: Mapping[str, Any]) -> None:
    group = zarr.open_group(path, mode="r+")
    for name in list(group.array_keys()):
        if name not in plan.polarisations:
            del group[name]
    encoding = {"time": {"units": "nanoseconds since 1970-01-01", "dtype": "int64"}}
    labels = xr.Dataset(coords=coordinates(plan), attrs=dict(attrs))
    # What follows lists the members; the ledger is no part of the data, and it is written anew afterwards.
    shutil.rmtree(path / _LEDGER)
    labels.to_zarr(path, mode="a", consolidated=False, encoding=encoding)
    with warnings.catch_warnings():
        # Zarr 3 has not yet made consolidated metadata part of its standard; xarray warns where it is absent.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path)


def _no_chunk_is_empty(values: np.ndarray) -> bool:
    """Whether a sample of every 16th row and column meets a valid pixel in each chunk of a block (time, y, x)."""
    seen = np.isfinite(values[:, ::16, ::16]).any(axis=0)
    step = CHUNK_PX // 16
    return bool(
        np.logical_or.reduceat(
            np.logical_or.reduceat(seen, range(0, seen.shape[0], step)), range(0, seen.shape[1], step), axis=1
        ).all()
    )


def _block_key(passes: Sequence[Pass], shifts: Mapping[Pass, Shift], window: Window) -> str:
    rows, columns = window
    where = [rows.start, rows.stop, columns.start, columns.stop]
    return _hash([where, [(_pass_key(p), shifts.get(p, NO_SHIFT)) for p in passes]])


def _pass_key(overpass: Pass) -> str:
    return _hash([overpass.time.isoformat(), [_scene_key(scene) for scene in overpass.scenes]])


def _scene_key(scene: Scene) -> list[Any]:
    bands = [[*dataclasses.astuple(band), *_file_state(band.href)] for band in scene.bands]
    mask = [] if scene.mask is None else [[*dataclasses.astuple(scene.mask), *_file_state(scene.mask.href)]]
    masks = [[href, *_file_state(href)] for href in scene.mask_files]
    return [scene.id, scene.quantity, list(scene.geobox.affine[:6]), bands, *mask, *_reader_key(scene), *masks]


def _reader_key(scene: Scene) -> list[Any]:
    """What the pixels of an image that has a reader depend on besides: its settings, and the ground's file."""
    if scene.reader is None:
        return []
    ground = scene.reader.terrain
    model = _file_state(ground.source) if ground is not None and isinstance(ground.source, str) else ()
    return [repr(scene.reader), *model]


def _file_state(href: str) -> tuple[int, int]:
    try:
        state = os.stat(file_behind(href))
    except OSError:
        return 0, 0
    return state.st_size, state.st_mtime_ns


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:24]


def _link(source: str, target: str) -> None:
    """Share a file's bytes where the file system can; chunks are only ever replaced, never written into."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
