"""The stacks that are surveyed, opened in whatever process works on them."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence

import numba
import numpy as np
import xarray as xr
import zarr

from sitewatch.change import Learnt, learn_track
from sitewatch.errors import SurveyError
from sitewatch.stack import open_stack


@functools.lru_cache(maxsize=8)
def opened(address: str, key: str) -> xr.Dataset:
    """A stack whose arrays are read only where they are asked for, in the caller's thread.

    Parameters
    ----------
    key
        Of its content: a worker outlives surveys, and a stack grows between them.
    """
    return open_stack(address, chunks=None)


def keep_to_one_thread() -> None:
    """Leave the other cores to the other workers; results do not depend on it."""
    numba.set_num_threads(1)
    zarr.config.set({"threading.max_workers": 1})


def learn(address: str, key: str) -> Learnt:
    """What a track's surfaces do by themselves, as a task."""
    keep_to_one_thread()
    try:
        return learn_track(opened(address, key))
    except (OSError, RuntimeError) as error:
        raise SurveyError(
            f"the stack {address} can't be read ({error})", hint="Copy or build it anew; part of it may be damaged."
        ) from error


def content_of(stack: xr.Dataset) -> str:
    """Checksum of what a stack is made of: its grid, images and processing."""
    said = [
        [str(value) for value in stack["scene"].to_numpy()],
        stack["time"].to_numpy().astype("int64").tolist(),
        [stack.sizes["y"], stack.sizes["x"], float(stack["y"][0]), float(stack["x"][0])],
        {name: str(value) for name, value in stack.attrs.items()},
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def check_grids(stacks: Sequence[xr.Dataset]) -> None:
    """Refuse tracks whose pixels do not coincide.

    Raises
    ------
    SurveyError
        Naming the first that lies elsewhere.
    """
    first = stacks[0]
    for stack in stacks[1:]:
        same = stack.sizes["y"] == first.sizes["y"] and stack.sizes["x"] == first.sizes["x"]
        if not (same and np.array_equal(stack["y"], first["y"]) and np.array_equal(stack["x"], first["x"])):
            raise SurveyError(
                f"the grid of {stack.attrs['track_label']} is another than that of {first.attrs['track_label']}",
                hint="Survey them one by one, or build their stacks on one grid.",
            )
