"""The state of a monitor as labelled arrays: all that it needs to know of the past.

`xarray.Dataset`, plain numbers only, so that it can be written to Zarr as it is and read back to go on with. It grows
with the images by their times only. Images are numbered: 0 is the last of the history, 1 the first one watched.

| variable | dims | meaning |
|---|---|---|
| `image_time` | image | acquisition times of the images so numbered |
| `stratum` | y, x | 0 water, 1 land, 255 not watched; what was built in the water becomes land |
| `level_sum` | polarisation, y, x | sum of the linear power, date effects removed, of the images that tell the level |
| `level_count` | y, x | number of those images; those of runs are among them until a candidate is raised |
| `run_sum` | component, polarisation, y, x | sum over the component's run, after the raising image for a candidate's |
| `run_count` | component, y, x | number of images of that run, 0: none under way |
| `run_start` | component, y, x | number of its first image |
| `candidate` | y, x | component that raised the candidate, -1: none |
| `evidence` | y, x | for the candidate (positive) and against it, natural log |
| `raised`, `changed` | y, x | image that raised the candidate, and first image that shows its change; -1: none |
| `confirmed`, `confirmed_raised`, `confirmed_changed` | y, x | the same of the last change that was confirmed |
| `confirmed_step_db` | polarisation, y, x | its size |
| `step_db` | component, polarisation | the steps looked for; 0 where the component does not look |
| `log_weight` | component | their weights, natural log |
| `looks` | stratum_name, polarisation | effective looks |
| `threshold` | stratum_name | of the weighted evidence, for a candidate; natural log |

Attributes: `arl`, `confirm_at`, `withdraw_at`, `most_for`, `most_against`, `lasting_share` (see `Rules`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change._background import STRATA
from sitewatch.change._monitor_bank import DB_PER_LOG, Bank
from sitewatch.change._monitor_kernel import Rules, Runs, Verdicts

PIXEL = ("y", "x")
_LAYOUT: dict[str, tuple[tuple[str, ...], type[np.generic], float]] = {
    "stratum": (PIXEL, np.uint8, 255),
    "level_sum": (("polarisation", *PIXEL), np.float32, 0),
    "level_count": (PIXEL, np.int32, 0),
    "run_sum": (("component", "polarisation", *PIXEL), np.float32, 0),
    "run_count": (("component", *PIXEL), np.int32, 0),
    "run_start": (("component", *PIXEL), np.int32, -1),
    "candidate": (PIXEL, np.int8, -1),
    "evidence": (PIXEL, np.float32, 0),
    "raised": (PIXEL, np.int32, -1),
    "changed": (PIXEL, np.int32, -1),
    "confirmed": (PIXEL, np.int32, -1),
    "confirmed_raised": (PIXEL, np.int32, -1),
    "confirmed_changed": (PIXEL, np.int32, -1),
    "confirmed_step_db": (("polarisation", *PIXEL), np.float32, np.nan),
}
_RULES = ("confirm_at", "withdraw_at", "most_for", "most_against", "lasting_share")


def blank_arrays(components: int, polarisations: int, pixels: int) -> dict[str, NDArray[Any]]:
    """Arrays of pixels that know nothing yet, their grid flattened."""
    sizes = {"component": components, "polarisation": polarisations}
    return {
        name: np.full((*(sizes[dim] for dim in dims if dim not in PIXEL), pixels), fill, kind)
        for name, (dims, kind, fill) in _LAYOUT.items()
    }


def arrays_of(state: xr.Dataset) -> dict[str, NDArray[Any]]:
    """Copies of the state's arrays, their grid flattened, for the kernel to change."""
    out = {}
    for name, (dims, kind, _) in _LAYOUT.items():
        values = np.array(state[name].transpose(*dims).values, dtype=kind, order="C", copy=True)
        out[name] = values.reshape(*values.shape[:-2], -1)
    return out


def as_runs(arrays: dict[str, NDArray[Any]]) -> Runs:
    """View of them for the kernel."""
    return Runs(*(arrays[name] for name in Runs._fields))


def as_verdicts(arrays: dict[str, NDArray[Any]]) -> Verdicts:
    """View of them for the kernel."""
    return Verdicts(*(arrays[name] for name in Verdicts._fields))


def rules_of(state: xr.Dataset) -> Rules:
    """What the kernel decides by."""
    return Rules(
        state["step_db"].transpose("component", "polarisation").values / DB_PER_LOG,
        state["log_weight"].values.astype(np.float64),
        state["looks"].transpose("stratum_name", "polarisation").values.astype(np.float64),
        state["threshold"].values.astype(np.float64),
        *(float(state.attrs[name]) for name in _RULES),
    )


def as_dataset(
    arrays: dict[str, NDArray[Any]],
    bank: Bank,
    rules: Rules,
    image_time: NDArray[np.datetime64],
    grid: xr.Dataset,
    polarisations: list[str],
    attrs: dict[str, Any],
) -> xr.Dataset:
    """The state as labelled arrays, on the grid of any stack or image."""
    state = xr.Dataset(
        {
            "image_time": ("image", image_time.astype("datetime64[ns]")),
            "step_db": (("component", "polarisation"), bank.log_ratio * DB_PER_LOG, {"units": "dB"}),
            "log_weight": ("component", bank.log_weight),
            "looks": (("stratum_name", "polarisation"), rules.looks),
            "threshold": ("stratum_name", rules.threshold),
        },
        coords={
            **{name: grid[name] for name in ("y", "x", "spatial_ref") if name in grid.coords},
            # Texts of any length: those of fixed length have no settled form in Zarr.
            "stratum_name": np.array(STRATA, dtype=object),
            "polarisation": np.array(polarisations, dtype=object),
        },
        attrs={**attrs, **{name: float(getattr(rules, name)) for name in _RULES}},
    )
    return with_arrays(state, arrays, (grid.sizes["y"], grid.sizes["x"]))


def with_arrays(state: xr.Dataset, arrays: dict[str, NDArray[Any]], shape: tuple[int, int]) -> xr.Dataset:
    """The state with its pixels' arrays replaced."""
    return state.assign(
        {name: (dims, arrays[name].reshape(*arrays[name].shape[:-1], *shape)) for name, (dims, _, _) in _LAYOUT.items()}
    )
