"""Pixels of the workspace's stacks: which tracks there are, one image of one, and what was read kept for the next."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from fastapi import HTTPException
from numpy.typing import NDArray

from sitewatch.errors import StackError
from sitewatch.record import Workspace
from sitewatch.stack import open_stack
from sitewatch.web._desk import Desk

_BLOCK = 16  # dates in a chunk of a stack on disk
_MOST_BLOCK_BYTES = 64 * 2**20
_SAMPLE = 512  # pixels a side, at most, that a stretch is taken from


@dataclasses.dataclass(frozen=True)
class TrackStack:
    """One track's stack, open.

    Attributes
    ----------
    name
        Of its files: the track's key, with the look direction where that alone tells two apart.
    version
        Changes when any pixel may have.
    """

    name: str
    version: str
    cube: xr.Dataset

    @property
    def label(self) -> str:
        """The track in words."""
        return str(self.cube.attrs.get("track_label") or self.name)

    @property
    def times(self) -> NDArray[np.datetime64]:
        """When each image was taken, UTC."""
        return np.asarray(self.cube["time"].values)

    @property
    def polarisations(self) -> list[str]:
        """Its bands."""
        return [str(name) for name in self.cube.data_vars]


def stack_names(workspace: Workspace) -> list[str]:
    """Names of the stacks that a workspace has."""
    return sorted(path.name.removesuffix(".zarr") for path in workspace.stacks_folder.glob("*.zarr"))


def open_track(desk: Desk, name: str) -> TrackStack:
    """The stack of a track.

    Raises
    ------
    HTTPException
        404, where the workspace has none of that name.
    """
    # The name is looked up among those that exist, so that no address can lead out of the folder.
    if name not in stack_names(desk.workspace):
        raise HTTPException(404, f"there is no track {name!r}; the site's entry lists them")
    path = desk.workspace.stacks_folder / f"{name}.zarr"
    version = stack_version(path)

    def read() -> tuple[TrackStack, int]:
        try:
            return TrackStack(name, version, open_stack(path)), 10_000
        except StackError as error:
            raise HTTPException(503, "the images of this track are being written; try again in a moment") from error

    held: TrackStack = desk.answers.get(("stack", name, version), read)
    return held


def stack_version(path: Path) -> str:
    """Changes when a stack on disk is written anew."""
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8")).get("attributes", {})
        return str(attributes.get("content_hash") or (path / "zarr.json").stat().st_mtime_ns)
    except (OSError, ValueError):
        return "none"


def polarisation_of(track: TrackStack, name: str | None) -> str:
    """A band of a track, its first where None."""
    if name is None:
        return track.polarisations[0]
    if name not in track.polarisations:
        raise HTTPException(404, f"{track.name} has no {name!r}; it has {', '.join(track.polarisations)}")
    return name


def image_index(track: TrackStack, time: str | None) -> int:
    """Place of the image of a moment, to the second; of the last one where None.

    Raises
    ------
    HTTPException
        422 where it is no moment, 404 where there is no image of it.
    """
    if time is None:
        return len(track.times) - 1
    found = np.flatnonzero(track.times.astype("datetime64[s]") == np.datetime64(moment(time), "s"))
    if not found.size:
        raise HTTPException(404, f"{track.name} has no image of {time}")
    return int(found[0])


def moment(text: str) -> str:
    """A moment as numpy reads it, in UTC without zone."""
    try:
        when = dt.datetime.fromisoformat(text)
        if when.tzinfo:
            when = when.astimezone(dt.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, f"{text!r} is no time; write 2023-04-09T15:40:12Z") from error
    return when.isoformat(timespec="seconds")


def image(desk: Desk, track: TrackStack, polarisation: str, index: int) -> xr.DataArray:
    """One image, dims ``y, x``, linear power; read with its neighbours in time, which lie in the same chunk."""
    variable = track.cube[polarisation]
    rows, columns = variable.sizes["y"], variable.sizes["x"]
    if 4 * _BLOCK * rows * columns > _MOST_BLOCK_BYTES:
        return _bare(variable.isel(time=index))
    block = index // _BLOCK

    def read() -> tuple[Any, int]:
        values = variable.isel(time=slice(block * _BLOCK, (block + 1) * _BLOCK)).to_numpy()
        return values, values.nbytes

    values = desk.pixels.get((track.name, track.version, polarisation, block), read)
    return _bare(variable.isel(time=index).copy(data=values[index % _BLOCK]))


def mean_image(desk: Desk, track: TrackStack, polarisation: str) -> xr.DataArray:
    """Mean power of all images, dims ``y, x``, NaN where there is none."""
    variable = track.cube[polarisation]

    def read() -> tuple[Any, int]:
        total = np.zeros(variable.shape[1:], np.float64)
        count = np.zeros(variable.shape[1:], np.int32)
        for start in range(0, variable.sizes["time"], _BLOCK):
            values = variable.isel(time=slice(start, start + _BLOCK)).to_numpy()
            valid = np.isfinite(values)
            total += np.where(valid, values, 0.0).sum(axis=0)
            count += valid.sum(axis=0)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
        return mean, mean.nbytes

    values = desk.pixels.get((track.name, track.version, polarisation, "mean"), read)
    return _bare(variable.isel(time=0).copy(data=values))


def stretch(desk: Desk, track: TrackStack, polarisation: str) -> tuple[float, float]:
    """Black and white points, dB, that serve all images of a track."""

    def read() -> tuple[tuple[float, float], int]:
        count = len(track.times)
        chosen = sorted({0, count // 3, 2 * count // 3, count - 1})
        step = max(1, math.ceil(max(track.cube.sizes["y"], track.cube.sizes["x"]) / _SAMPLE))
        cube = np.stack([image(desk, track, polarisation, i).values[::step, ::step] for i in chosen])
        positive = cube[np.isfinite(cube) & (cube > 0)]
        if not positive.size:
            return (-25.0, 0.0), 100
        low, high = (float(v) for v in np.percentile(10 * np.log10(positive), (2, 99.5)))
        return (round(low, 1), round(max(high, low + 8), 1)), 100

    held: tuple[float, float] = desk.answers.get(("stretch", track.name, track.version, polarisation), read)
    return held


def iso(time: np.datetime64) -> str:
    """A moment of a stack, to the second, UTC."""
    return f"{np.datetime_as_string(time.astype('datetime64[s]'))}Z"


def _bare(variable: xr.DataArray) -> xr.DataArray:
    """Without labels of time, which readers of rasters would take for bands."""
    return variable.reset_coords(drop=True) if "spatial_ref" not in variable.coords else _keep_crs(variable)


def _keep_crs(variable: xr.DataArray) -> xr.DataArray:
    dropped = [name for name in variable.coords if name not in ("x", "y", "spatial_ref")]
    return variable.drop_vars(dropped)
