"""From a stack to its change: strata, date effects, the best lasting step of each pixel and its p-value."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change._background import (
    DB_PER_LOG,
    LAND,
    STRATA,
    WATER,
    Background,
    calm_level,
    estimate_background,
    log_power,
    power_floor,
)
from sitewatch.change._covariance import Covariance, fit_covariance, shared_part
from sitewatch.change._null import NullLaw, null_law
from sitewatch.change._omnibus_map import OmnibusMap, omnibus_map
from sitewatch.change._passing import bright_on_water, count_passing
from sitewatch.change._scan import StepScan, residuals, scan_steps, step_filter
from sitewatch.errors import ChangeError
from sitewatch.progress import Progress, silent

SAMPLE_PIXELS = 16_000
TILE = 256
FEWEST_IMAGES = 3
OMNIBUS_ALPHA = 0.01
BLOCK = 4
MOST_BLOCKS = 3000
FEWEST_BLOCKS = 30
# Speckle of neighbours hangs together: about so many pixels count as one.
PIXELS_PER_CELL = 1.8


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
    n_time = stack.sizes["time"]
    if n_time < FEWEST_IMAGES:
        raise ChangeError(
            f"track {stack.attrs.get('track', '?')} has {n_time} image(s), "
            f"and a lasting change needs {FEWEST_IMAGES} or more",
            hint="Add more scenes of this track, or compare the pair by eye",
        )
    polarisations = [str(name) for name in stack.data_vars]
    days = _days(stack)
    sample, blocks, floor = _sample(stack, polarisations)
    background = dataclasses.replace(
        estimate_background(sample, looks=_stated_looks(stack), calibrated=_calibrated(stack)), floor=floor
    )
    covariances = _covariances(sample, background, days)
    shared = _shared(blocks, background, days, covariances)
    filters = {key: step_filter(value.matrix(days)) for key, value in covariances.items()}
    law = null_law(background, covariances, filters, days)

    shape = (stack.sizes["y"], stack.sizes["x"])
    out = _empty(shape, polarisations)
    boxes, bright = list(_tiles(shape)), []
    for done, ((rows, columns), power) in enumerate(zip(boxes, _read_ahead(stack, polarisations, boxes), strict=True)):
        values = log_power(power, floor, out=power)
        scan = scan_steps(values, background, filters, covariances)
        bright.append(bright_on_water(values, scan.water, background, rows, columns))
        _put(out, scan, law, omnibus_map(values, scan.water, background, OMNIBUS_ALPHA), polarisations, rows, columns)
        progress("change", done + 1, len(boxes))
    pixel_m = math.sqrt(float(stack.attrs.get("pixel_x_m", 1)) * float(stack.attrs.get("pixel_y_m", 1)))
    ships = count_passing(bright, pixel_m)
    return _dataset(out, stack, polarisations, background, covariances, shared, ships)


def _days(stack: xr.Dataset) -> NDArray[np.float64]:
    time = stack["time"].values
    return (time - time[0]) / np.timedelta64(1, "D")


def _stated_looks(stack: xr.Dataset) -> float | None:
    """ENL of the metadata, unless the images were speckle filtered, which it does not describe."""
    stated = float(stack.attrs.get("enl", float("nan")))
    filtered = any("filter" in str(note).lower() for note in stack.attrs.get("notes", []))
    return None if filtered or not np.isfinite(stated) else stated


def _tiles(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    return [
        (slice(y, min(y + TILE, shape[0])), slice(x, min(x + TILE, shape[1])))
        for y in range(0, shape[0], TILE)
        for x in range(0, shape[1], TILE)
    ]


def _calibrated(stack: xr.Dataset) -> bool:
    """Whether levels in dB mean anything absolutely."""
    notes = " ".join(str(note) for note in stack.attrs.get("notes", []))
    return stack.attrs.get("quantity", "unknown") == "gamma0" and "scale of the linear power is unknown" not in notes


def _read(
    stack: xr.Dataset, polarisations: list[str], box: tuple[slice, slice], room: NDArray[np.float32]
) -> NDArray[np.float32]:
    """[time, polarisation, pixel], linear power of one tile, in as much of `room` as it needs."""
    tile = stack.isel(y=box[0], x=box[1])
    shape = (tile.sizes["time"], len(polarisations), tile.sizes["y"] * tile.sizes["x"])
    power = room[: math.prod(shape)].reshape(shape)
    for pol, name in enumerate(polarisations):
        power[:, pol] = tile[name].to_numpy().reshape(shape[0], -1)
    return power


def _read_ahead(
    stack: xr.Dataset, polarisations: list[str], boxes: Sequence[tuple[slice, slice]]
) -> Iterator[NDArray[np.float32]]:
    """What `_read` gives for each box; the next one is read while the caller works on this one.

    An array is good until the one after it is asked for: the room of two tiles serves for all.
    """
    largest = max((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in boxes)
    rooms = [np.empty(largest * len(polarisations) * stack.sizes["time"], np.float32) for _ in range(2)]
    with ThreadPoolExecutor(1) as reader:
        coming = None
        for number, box in enumerate(boxes):
            before, coming = coming, reader.submit(_read, stack, polarisations, box, rooms[number % 2])
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()


def _sample(stack: xr.Dataset, polarisations: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """[time, polarisation, pixel] of pixels spread evenly, the same of means of small blocks, and the power's floor.

    Both in ln power. At most 16 tiles are read.
    """
    boxes = _tiles((stack.sizes["y"], stack.sizes["x"]))
    keep = [boxes[i] for i in np.unique(np.linspace(0, len(boxes) - 1, min(len(boxes), 16)).astype(int))]
    pixels = sum((r.stop - r.start) * (c.stop - c.start) for r, c in keep)
    stride = max(1, int(np.sqrt(pixels / SAMPLE_PIXELS)))
    parts, means, floor = [], [], float("inf")
    for (rows, columns), power in zip(keep, _read_ahead(stack, polarisations, keep), strict=True):
        floor = min(floor, power_floor(power))
        values = log_power(power, floor, out=power)
        values = values.reshape(*values.shape[:2], rows.stop - rows.start, columns.stop - columns.start)
        parts.append(values[:, :, stride // 2 :: stride, stride // 2 :: stride].reshape(*values.shape[:2], -1))
        means.append(_block_means(values))
    values, blocks = np.concatenate(parts, axis=2), np.concatenate(means, axis=2)
    known, whole = (np.isfinite(v[:, 0]).mean(axis=0) > 0.5 for v in (values, blocks))
    return values[:, :, known], blocks[:, :, whole], floor


def _block_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[time, polarisation, block], means of logs over BLOCK x BLOCK pixels; NaN where a pixel is missing."""
    height, width = values.shape[2] // BLOCK * BLOCK, values.shape[3] // BLOCK * BLOCK
    total = np.zeros((*values.shape[:2], height // BLOCK, width // BLOCK), np.float32)
    for row in range(BLOCK):
        for column in range(BLOCK):
            total += values[:, :, row:height:BLOCK, column:width:BLOCK]
    total /= BLOCK**2
    flat = total.reshape(*values.shape[:2], -1)
    return flat[:, :, :: max(1, flat.shape[2] // MOST_BLOCKS)]


def _shared(
    blocks: NDArray[np.float32],
    background: Background,
    days: NDArray[np.float64],
    covariances: dict[tuple[int, int], Covariance],
) -> dict[tuple[int, int], Covariance]:
    """What neighbours do together; nothing is known of it where there are too few blocks."""
    if blocks.shape[2] < FEWEST_BLOCKS:
        return {key: Covariance(0.0, (0.0,) * len(value.drift), 0.0) for key, value in covariances.items()}
    together = _covariances(blocks, background, days)
    effective = BLOCK**2 / PIXELS_PER_CELL
    return {key: shared_part(value, together[key], effective) for key, value in covariances.items()}


def _covariances(
    sample: NDArray[np.float32], background: Background, days: NDArray[np.float64]
) -> dict[tuple[int, int], Covariance]:
    water = calm_level(sample[:, 0]) < background.calm_limit
    rest = residuals(sample, water, background)
    out = {}
    for stratum, members in ((WATER, water), (LAND, ~water)):
        if not background.present[stratum]:
            members = np.ones_like(members)
        chosen = np.flatnonzero(members)[:: max(1, int(members.sum()) // 2500)]
        for pol in range(sample.shape[1]):
            out[stratum, pol] = fit_covariance(rest[:, pol, chosen], days)
    return out


def _empty(shape: tuple[int, int], polarisations: list[str]) -> dict[str, NDArray[np.generic]]:
    out: dict[str, NDArray[np.generic]] = {
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
    out: dict[str, NDArray[np.generic]],
    scan: StepScan,
    law: NullLaw,
    omnibus: OmnibusMap,
    polarisations: list[str],
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


def _dataset(
    out: dict[str, NDArray[np.generic]],
    stack: xr.Dataset,
    polarisations: list[str],
    background: Background,
    covariances: dict[tuple[int, int], Covariance],
    shared: dict[tuple[int, int], Covariance],
    ships: NDArray[np.int16],
) -> xr.Dataset:
    dims = ("stratum_name", "polarisation")
    data = xr.Dataset(
        {
            name: (("y", "x"), values, {"long_name": _long_name(name), "units": _unit(name)})
            for name, values in out.items()
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
    first = out["first_image"].astype(int)
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
    for name, parts in (("covariance", covariances), ("shared_covariance", shared)):
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
