"""From scenes to stacks: choose the grid, plan, read, check the registration, write."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import shapely
import xarray as xr
from odc.geo.geobox import GeoBox

from sitewatch.errors import StackError
from sitewatch.progress import Progress, silent
from sitewatch.scenes._scene import LeftOut, Scene
from sitewatch.stack._blocks import read_block, unusable
from sitewatch.stack._dataset import attributes, in_memory
from sitewatch.stack._grid import GridChoice, choose_grid
from sitewatch.stack._measure import Cube
from sitewatch.stack._plan import Pass, StackPlan, in_reach, order_polarisations, plan_stacks
from sitewatch.stack._register import Registration, check_registration
from sitewatch.stack._resample import Shift
from sitewatch.stack._store import PartialStore, content_key, finished, windows_of

# Above this a stack belongs on disk.
_MEMORY_BYTES = 2 * 2**30


class Place(Protocol):
    """What a stack needs to know of a site."""

    @property
    def id(self) -> str: ...

    @property
    def area(self) -> shapely.Polygon | shapely.MultiPolygon: ...


@dataclasses.dataclass(frozen=True)
class Stacks:
    """The stacks of a site, one a track, and the scenes that are in none.

    Attributes
    ----------
    stacks
        In the order of their tracks.
    left_out
        Scenes that were not used, each with its reason.
    notes
        What was assumed for the site as a whole; each stack has its own notes in its attributes.
    """

    stacks: tuple[xr.Dataset, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def build_stacks(
    site: Place,
    scenes: Sequence[Scene],
    folder: Path | None = None,
    *,
    grid: GeoBox | None = None,
    progress: Progress = silent,
    max_workers: int = 2,
) -> Stacks:
    """Build one co-registered, calibrated cube a track on the site's grid.

    Parameters
    ----------
    site
        The place; its ``area`` is in EPSG:4326.
    scenes
        In any order, of any tracks; those that can't be used are set aside with the reason.
    folder
        Where to write ``<track>.zarr``, opened lazily; an interrupted build is resumed there, and a store made from
        the same files is used as it is. None builds in memory.
    grid
        Site grid to use instead of the one chosen from the imagery, e.g. that of an earlier run.
    progress
        Called as images are read.
    max_workers
        Threads that read files.

    Returns
    -------
    Stacks
        Datasets with dims ``time, y, x`` and a float32 variable a polarisation, see ``docs/architecture.md``.

    Raises
    ------
    StackError
        No scene can be used, or a stack in memory would exceed 2 GiB.
    """
    near, left_out = in_reach(site.area, scenes)
    if not near:
        raise _nothing_left(left_out)
    chosen = choose_grid(site.area, near) if grid is None else GridChoice(grid)
    plans = plan_stacks(chosen.geobox, near)
    stacks: list[xr.Dataset] = []
    for plan, name in zip(plans, _file_names(plans), strict=True):
        with ThreadPoolExecutor(max_workers=max(max_workers, 1)) as threads:
            if folder is None:
                stack, plan = _build_in_memory(plan, site.id, threads, progress)
            else:
                stack, plan = _build_on_disk(plan, site.id, Path(folder) / f"{name}.zarr", threads, progress)
        left_out += plan.left_out
        stacks += [] if stack is None else [stack]
    if not stacks:
        raise _nothing_left(left_out)
    return Stacks(tuple(stacks), tuple(left_out), chosen.notes)


def build_stack(
    site: Place,
    scenes: Sequence[Scene],
    folder: Path | None = None,
    *,
    grid: GeoBox | None = None,
    progress: Progress = silent,
    max_workers: int = 2,
) -> xr.Dataset:
    """Build the stack of one track; parameters and result as for `build_stacks`.

    Raises
    ------
    StackError
        The scenes are of several tracks (the text names them), or none can be used.
    """
    tracks = sorted({scene.track for scene in scenes})
    if len(tracks) > 1:
        raise StackError(
            f"the scenes are of {len(tracks)} tracks: {'; '.join(t.label for t in tracks)}",
            hint="backscatter is compared within a track only: use build_stacks, or pass the scenes of one track",
        )
    return build_stacks(site, scenes, folder, grid=grid, progress=progress, max_workers=max_workers).stacks[0]


def open_stack(path: Path | str, *, chunks: Mapping[str, int] | None = types.MappingProxyType({})) -> xr.Dataset:
    """Open a stack that `build_stacks` wrote, lazily.

    Parameters
    ----------
    path
        A folder, or an address that fsspec knows, such as ``s3://bucket/stack.zarr``.
    chunks
        Of Dask's arrays; those on disk by default. None: no Dask, each part is read where it is asked for.

    Raises
    ------
    StackError
        There is no complete stack at `path`.
    """
    try:
        stack = xr.open_zarr(path, chunks=None if chunks is None else dict(chunks), consolidated=True)
    except (OSError, KeyError, ValueError) as error:
        raise StackError(f"there is no stack at {path} ({error})", hint="build it with build_stacks") from error
    if "track" not in stack.attrs:
        raise StackError(f"{path} is not a stack of sitewatch", hint="build it with build_stacks")
    texts = {name: ("time", stack[name].to_numpy().astype(object), stack[name].attrs) for name in ("scene", "platform")}
    return stack[order_polarisations(map(str, stack.data_vars))].assign_coords(texts)


def _build_in_memory(
    plan: StackPlan, site_id: str, threads: ThreadPoolExecutor, progress: Progress
) -> tuple[xr.Dataset | None, StackPlan]:
    needed = 4 * len(plan.passes) * len(plan.polarisations) * plan.geobox.shape[0] * plan.geobox.shape[1]
    if needed > _MEMORY_BYTES:
        raise StackError(
            f"the stack of {plan.track.label} needs {needed / 2**30:.1f} GiB of memory",
            hint="pass a folder: it is then built on disk and read as needed",
        )
    tick = _Ticker(f"read {plan.track.label}", len(plan.passes), progress)
    shifts: dict[Pass, Shift] = {}
    block = read_block(plan.passes, plan.geobox, plan.polarisations, shifts, threads, lambda: tick(1))
    lost = [
        *block.failed,
        *(d for d in unusable(plan.passes, block.tallies) if d.source not in {f.source for f in block.failed}),
    ]
    values = block.values
    if lost:
        after = plan.without(lost)
        kept = {p.time for p in after.passes}
        bands = [plan.polarisations.index(name) for name in after.polarisations]
        values = values[[p.time in kept for p in plan.passes]][:, bands]
        plan = after
    if not plan.passes:
        return None, plan
    cubes: Mapping[str, Cube] = {name: values[:, band] for band, name in enumerate(plan.polarisations)}
    registration = _registration(cubes, plan, threads)
    for index, shift in registration.shifts.items():
        again = read_block(
            [plan.passes[index]], plan.geobox, plan.polarisations, {plan.passes[index]: shift}, threads, _ignore
        )
        values[index] = again.values[0]
    attrs = attributes(plan, site_id, registration.notes)
    by_name = {name: np.ascontiguousarray(values[:, band]) for band, name in enumerate(plan.polarisations)}
    return in_memory(plan, by_name, attrs), plan


def _build_on_disk(
    plan: StackPlan, site_id: str, target: Path, threads: ThreadPoolExecutor, progress: Progress
) -> tuple[xr.Dataset | None, StackPlan]:
    content = content_key(plan)
    before = finished(target, content)
    if before is not None:
        return open_stack(target), plan.without(_completed(before, plan))
    store = PartialStore.begin(target, plan)
    found: list[LeftOut] = []
    while True:
        tick = _Ticker(f"read {plan.track.label}", len(plan.passes) * len(windows_of(plan)), progress)
        lost = store.fill(plan, {}, threads, tick)
        if not lost:
            registration = _registration(store.arrays(plan), plan, threads)
            progress(f"registration {plan.track.label}", len(plan.passes), len(plan.passes))
            shifts = {plan.passes[index]: shift for index, shift in registration.shifts.items()}
            lost = store.fill(plan, shifts, threads, _ignore) if shifts else []
            if not lost:
                break
        found += lost
        plan = plan.without(lost)
        if not plan.passes:
            return None, plan
    store.finish(target, plan, attributes(plan, site_id, registration.notes), content, found)
    return open_stack(target), plan


def _registration(cubes: Mapping[str, Cube], plan: StackPlan, threads: ThreadPoolExecutor) -> Registration:
    """Where each image lies against the others; the check is one of radar's, and optical images are taken as they lie.

    Clouds move with the wind and their gaps with them; what they leave would be taken for a shift of the ground.
    """
    if any(scene.is_optical for scene in plan.scenes):
        return Registration((None,) * len(plan.passes), {}, ("registration is not checked: optical images",))
    return check_registration(cubes, plan.dates, threads)


def _completed(items: Sequence[LeftOut], plan: StackPlan) -> list[LeftOut]:
    """Give the scenes that a finished store set aside their time and track again."""
    known = {scene.id: scene for scene in plan.scenes}
    return [
        dataclasses.replace(item, datetime=known[item.source].datetime, track=plan.track)
        for item in items
        if item.source in known
    ]


@dataclasses.dataclass
class _Ticker:
    """Count what is done and pass it on."""

    stage: str
    total: int
    progress: Progress
    done: int = 0

    def __call__(self, more: int) -> None:
        self.done += more
        self.progress(self.stage, self.done, self.total)


def _ignore(more: int = 1) -> None:
    """Count nothing."""


def _file_names(plans: Sequence[StackPlan]) -> list[str]:
    """Track keys, with the look direction where it alone tells two tracks apart."""
    keys = [plan.track.key for plan in plans]
    names = [
        key if keys.count(key) == 1 else f"{key}-{plan.track.look_direction or 'unknown'}"
        for key, plan in zip(keys, plans, strict=True)
    ]
    return [name.replace("/", "_") for name in names]


def _nothing_left(left_out: Sequence[LeftOut]) -> StackError:
    if not left_out:
        return StackError("there is no scene to stack", hint="give at least one image of the site")
    first = left_out[0]
    more = f" and {len(left_out) - 1} more are left out too" if len(left_out) > 1 else ""
    hint = first.hint or "check the site's coordinates (longitude first) and the images"
    return StackError(f"no scene can be used: {first.source} {first.reason}{more}", hint=hint)
