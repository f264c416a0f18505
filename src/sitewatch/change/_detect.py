"""From a stack to its change: strata, date effects, the best lasting step of each pixel and its p-value."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change._background import DB_PER_LOG, LAND, STRATA, WATER, Background, log_power
from sitewatch.change._blocks import ReadBlocks, blocks_of, read_ahead
from sitewatch.change._covariance import Covariance
from sitewatch.change._learn import Learnt, learn_track
from sitewatch.change._null import NullLaw
from sitewatch.change._omnibus_map import OmnibusMap, omnibus_map
from sitewatch.change._passing import Bright, bright_on_water, count_passing
from sitewatch.change._scan import StepScan, scan_steps
from sitewatch.progress import Progress, silent

OMNIBUS_ALPHA = 0.01
Maps = dict[str, NDArray[np.generic]]
"""[y, x] of each variable of a change."""


def detect_change(stack: xr.Dataset, *, progress: Progress = silent) -> xr.Dataset:
    """Find each pixel's best lasting step, its size, date and p-value, in one track.

    Parameters
    ----------
    stack
        One track's cube (dims time, y, x; linear power; see docs/architecture.md). Read tile by tile, so that memory
        does not grow with the area.
    progress
        Told after each tile.

    Returns
    -------
    xarray.Dataset with dims y, x:

    ``statistic``
        largest sum over polarisations of the squared z-score of a step (1).
    ``p_value``
        of that statistic if nothing changed, over all dates (1).
    ``omnibus_p_value``
        that nothing changed at all, after date effects (Conradsen et al. 2016).
    ``omnibus_changes``, ``omnibus_last_image``
        number of changes of the gated sequential test (alpha 0.01), and the first image after the last of them; -1
        without data or change.
    ``first_image``
        index in time of the first image after the step, -1 without data.
    ``first_date``
        its acquisition time.
    ``step_db_VV`` ...
        size of the step, dB, date effects removed.
    ``z_VV`` ...
        signed z-scores at that step (1).
    ``stratum``
        0 water, 1 land, 255 no data; before any change.

    ``ships_passing`` (time)
        bright things on the water in that image and in neither of its neighbours: ships under way, which are set aside;
        -1 where waves were as bright.

    and what was estimated: ``date_effect_db`` [stratum, polarisation, time], ``level_db``, ``scatter_db``,
    ``effective_looks`` [stratum, polarisation].

    Raises
    ------
    ChangeError
        With fewer than three images: no lasting change can be told from a passing one.
    """
    learnt = learn_track(stack)
    maps, bright = scan_stack(stack, learnt, progress=progress)
    pixel_m = math.sqrt(float(stack.attrs.get("pixel_x_m", 1)) * float(stack.attrs.get("pixel_y_m", 1)))
    return change_dataset(maps, stack, learnt, count_passing(bright, pixel_m))


def scan_stack(
    stack: xr.Dataset, learnt: Learnt, *, read: ReadBlocks = read_ahead, progress: Progress = silent
) -> tuple[Maps, list[Bright]]:
    """Every pixel's best lasting step, and what is bright on the water of each block.

    Parameters
    ----------
    stack
        A track's cube, or a part of it that begins at a corner of its blocks.
    learnt
        Of the whole track: what becomes of a pixel doesn't depend on the part it is in.
    read
        How blocks are read.
    """
    shape = (stack.sizes["y"], stack.sizes["x"])
    out, bright, boxes = _empty(shape, learnt.polarisations), [], blocks_of(shape)
    powers = read(stack, learnt.polarisations, boxes)
    for done, ((rows, columns), power) in enumerate(zip(boxes, powers, strict=True)):
        values = log_power(power, learnt.background.floor, out=power)
        scan = scan_steps(values, learnt.background, learnt.filters, learnt.covariances)
        bright.append(bright_on_water(values, scan.water, learnt.background, rows, columns))
        omnibus = omnibus_map(values, scan.water, learnt.background, OMNIBUS_ALPHA)
        _put(out, scan, learnt.law, omnibus, learnt.polarisations, rows, columns)
        progress("change", done + 1, len(boxes))
    return out, bright


def _empty(shape: tuple[int, int], polarisations: Sequence[str]) -> Maps:
    out: Maps = {
        "statistic": np.full(shape, np.nan, np.float32),
        "p_value": np.full(shape, np.nan, np.float32),
        "omnibus_p_value": np.full(shape, np.nan, np.float32),
        "omnibus_changes": np.full(shape, -1, np.int16),
        "omnibus_last_image": np.full(shape, -1, np.int16),
        "first_image": np.full(shape, -1, np.int16),
        "stratum": np.full(shape, 255, np.uint8),
    }
    for name in polarisations:
        out[f"step_db_{name}"] = np.full(shape, np.nan, np.float32)
        out[f"z_{name}"] = np.full(shape, np.nan, np.float32)
    return out


def _put(
    out: Maps,
    scan: StepScan,
    law: NullLaw,
    omnibus: OmnibusMap,
    polarisations: Sequence[str],
    rows: slice,
    columns: slice,
) -> None:
    box = (rows.stop - rows.start, columns.stop - columns.start)
    known = np.isfinite(scan.statistic)

    def place(name: str, values: NDArray[np.generic]) -> None:
        out[name][rows, columns] = values.reshape(box)

    place("statistic", scan.statistic)
    place("p_value", np.where(known, law.p_value(scan.statistic, scan.water), np.nan).astype(np.float32))
    place("omnibus_p_value", np.where(known, np.exp(omnibus.ln_p), np.nan).astype(np.float32))
    place("omnibus_changes", np.where(known, omnibus.count, -1).astype(np.int16))
    place("omnibus_last_image", np.where(known, omnibus.last, -1).astype(np.int16))
    place("first_image", np.where(known, scan.image, -1).astype(np.int16))
    place("stratum", np.where(known, np.where(scan.water, WATER, LAND), 255).astype(np.uint8))
    for pol, name in enumerate(polarisations):
        place(f"step_db_{name}", np.where(known, scan.step[pol] * DB_PER_LOG, np.nan).astype(np.float32))
        place(f"z_{name}", np.where(known, scan.z[pol], np.nan).astype(np.float32))


_LONG_NAMES = {
    "statistic": "generalised likelihood ratio of the best lasting step",
    "p_value": "p-value of the best lasting step",
    "omnibus_p_value": "p-value of the omnibus test that nothing changed",
    "omnibus_changes": "number of changes that the gated sequential omnibus test finds",
    "omnibus_last_image": "index of the first image after the last of those changes",
    "first_image": "index of the first image after the step",
    "stratum": "kind of surface before any change: 0 water, 1 land",
}


def change_dataset(maps: Maps, stack: xr.Dataset, learnt: Learnt, ships: NDArray[np.int16]) -> xr.Dataset:
    """The result of `detect_change`, of maps [y, x] on a stack's grid and what was learnt of its track.

    Parameters
    ----------
    ships
        [time], ships under way in each image, -1 where unknown.
    """
    background, polarisations = learnt.background, list(learnt.polarisations)
    dims = ("stratum_name", "polarisation")
    data = xr.Dataset(
        {
            name: (("y", "x"), values, {"long_name": _long_name(name), "units": _unit(name)})
            for name, values in maps.items()
        },
        coords={
            "y": stack["y"],
            "x": stack["x"],
            "time": stack["time"],
            "spatial_ref": stack["spatial_ref"],
            "stratum_name": list(STRATA),
            "polarisation": polarisations,
        },
        attrs={
            **stack.attrs,
            "calm_limit_db": background.calm_limit * DB_PER_LOG,
            "looks": background.looks,
            "power_floor": background.floor,
        },
    )
    first = maps["first_image"].astype(int)
    when = stack["time"].values[np.clip(first, 0, None)]
    data["first_date"] = (
        ("y", "x"),
        np.where(first >= 0, when, np.datetime64("NaT")),
        {"long_name": "first image after the step"},
    )
    data["date_effect_db"] = ((*dims, "time"), background.effect * DB_PER_LOG, {"units": "dB"})
    data["level_db"] = (dims, background.level * DB_PER_LOG, {"units": "dB"})
    data["scatter_db"] = (dims, background.scatter * DB_PER_LOG, {"units": "dB"})
    data["effective_looks"] = (dims, background.effective_looks, {"units": "1"})
    data["ships_passing"] = (
        ("time",),
        ships,
        {"long_name": "bright things on the water in this image and in neither neighbour; -1 unknown", "units": "1"},
    )
    data["stratum_present"] = (("stratum_name",), background.present)
    for name, parts in (("covariance", learnt.covariances), ("shared_covariance", learnt.shared)):
        data.attrs[name] = json.dumps(
            {f"{STRATA[s]} {polarisations[p]}": [c.nugget, *c.drift, c.season] for (s, p), c in parts.items()}
        )
    return data


def _long_name(name: str) -> str:
    if name.startswith("step_db_"):
        return f"size of the step in {name[8:]}, date effects removed"
    if name.startswith("z_"):
        return f"z-score of the step in {name[2:]}"
    return _LONG_NAMES[name]


def _unit(name: str) -> str:
    return "dB" if name.startswith("step_db_") else "1"


def background_of(change: xr.Dataset) -> Background:
    """The background that `detect_change` estimated, read back from its result."""
    return Background(
        calm_limit=float(change.attrs["calm_limit_db"]) / DB_PER_LOG,
        effect=change["date_effect_db"].to_numpy() / DB_PER_LOG,
        level=change["level_db"].to_numpy() / DB_PER_LOG,
        scatter=change["scatter_db"].to_numpy() / DB_PER_LOG,
        looks=float(change.attrs["looks"]),
        effective_looks=change["effective_looks"].to_numpy(),
        present=change["stratum_present"].to_numpy().astype(bool),
        floor=float(change.attrs["power_floor"]),
    )


def covariances_of(change: xr.Dataset) -> dict[tuple[int, int], Covariance]:
    """The temporal covariances of single pixels that `detect_change` fitted, by (stratum, polarisation)."""
    return _stored(change, "covariance")


def shared_covariances_of(change: xr.Dataset) -> dict[tuple[int, int], Covariance]:
    """The part of them that neighbouring pixels share, by (stratum, polarisation)."""
    return _stored(change, "shared_covariance")


def _stored(change: xr.Dataset, name: str) -> dict[tuple[int, int], Covariance]:
    stored = json.loads(str(change.attrs[name]))
    polarisations = [str(value) for value in change["polarisation"].values]
    return {
        (s, p): Covariance(parts[0], tuple(parts[1:-1]), parts[-1])
        for s, stratum in enumerate(STRATA)
        for p, polarisation in enumerate(polarisations)
        for parts in [stored[f"{stratum} {polarisation}"]]
    }
