"""From a stack of reflectance to its change: clear series of indices, seasons, and each pixel's best lasting step."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change._background import LAND, STRATA, WATER
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.change.optical._indices import indices_of
from sitewatch.change.optical._null import effective_dates, p_at_date
from sitewatch.change.optical._scan import cut_spikes, departures, scan
from sitewatch.change.optical._season import Memory, design, fit_memory
from sitewatch.errors import ChangeError
from sitewatch.progress import Progress, silent
from sitewatch.scenes._scene import REFLECTANCES

FEWEST_IMAGES = 12
TILE = 128
SAMPLE_PIXELS = 4000
# Masks end short of a cloud's and its shadow's rim.
RIM_PIXELS = 2
# A stratum tells what a date does to it from so many pixels.
FEWEST_OF_STRATUM = 50
LEAST_P = 1e-300


@dataclasses.dataclass(frozen=True)
class OpticalModel:
    """What a track's optical images do by themselves.

    Attributes
    ----------
    indices
        Names of the indices, in order.
    date_effect
        [stratum, index, time], what a date does to all of a stratum: haze, a dry summer.
    memory
        How single pixels' departures hang together in time.
    scatter
        [stratum, index], typical standard deviation of a departure.
    """

    indices: tuple[str, ...]
    date_effect: NDArray[np.float32]
    memory: Memory
    scatter: NDArray[np.float64]


def is_optical(stack: xr.Dataset) -> bool:
    """Whether a stack, or the change of one, is of reflectance."""
    return stack.attrs.get("quantity") in REFLECTANCES


def detect_optical_change(stack: xr.Dataset, *, progress: Progress = silent) -> xr.Dataset:
    """Find each pixel's best lasting step in a track of optical images.

    Parameters
    ----------
    stack
        One track's cube of reflectance (dims time, y, x; a variable a band, NaN under clouds).
    progress
        Told after each tile.

    Returns
    -------
    xarray.Dataset with dims y, x, as that of `sitewatch.change.detect_change`: ``statistic`` (F of the step),
    ``p_value`` over all dates, ``first_image``, ``first_date``, ``stratum``, ``clear_images``, and for each index
    ``step_NDVI`` (its size) and ``z_NDVI``; and what was estimated: ``date_effect`` [stratum, index, time], ``scatter``
    [stratum, index], ``memory`` [part].

    Raises
    ------
    ChangeError
        With too few images, or without the bands that an index needs.
    """
    if stack.sizes["time"] < FEWEST_IMAGES:
        raise ChangeError(
            f"track {stack.attrs.get('track', '?')} has {stack.sizes['time']} optical image(s), and telling a lasting "
            f"change from clouds and seasons needs {FEWEST_IMAGES} or more",
            hint="Add more scenes of this track, or compare two with sitewatch.change.optical.change_optical_pair",
        )
    days = days_of(stack)
    basis = design(days)
    boxes = _tiles((stack.sizes["y"], stack.sizes["x"]))
    model, gaps = _learn(stack, boxes, days, basis)
    memory = model.memory.matrix(days)
    dates = effective_dates(gaps, basis, memory, len(model.indices))
    out = _empty((stack.sizes["y"], stack.sizes["x"]), model.indices)
    for done, (rows, columns) in enumerate(boxes):
        box = stack.isel(y=rows, x=columns)
        values, water = series_of(box, model)
        shape = values.shape[2:]
        flat = values.reshape(*values.shape[:2], -1)
        steps = scan(flat, basis, memory)
        p_value = np.minimum(p_at_date(steps.statistic, steps.clear, basis.shape[1], len(model.indices)) * dates, 1.0)
        known = np.isfinite(steps.statistic)

        def place(name: str, one: NDArray[np.generic], at: tuple[slice, slice] = (rows, columns)) -> None:
            out[name][at] = one.reshape(out[name][at].shape)

        place("statistic", steps.statistic.astype(np.float32))
        place("p_value", np.where(known, np.maximum(p_value, LEAST_P), np.nan))
        place("first_image", steps.image.astype(np.int16))
        place("clear_images", steps.clear.astype(np.int16))
        seen = np.isfinite(flat[0]).any(axis=0).reshape(shape)
        place("stratum", np.where(seen, np.where(water, WATER, LAND), 255).astype(np.uint8))
        for number, name in enumerate(model.indices):
            place(f"step_{name}", steps.size[number].astype(np.float32))
            place(f"z_{name}", steps.z[number].astype(np.float32))
        progress("change", done + 1, len(boxes))
    return _dataset(out, stack, model, dates)


def series_of(stack: xr.Dataset, model: OpticalModel | None = None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Clear series of a stack or a box of one, and what is water in it.

    Parameters
    ----------
    model
        What to take off; without it the indices are given as they are.

    Returns
    -------
    [index, time, y, x], indices less the date's effect; NaN in all of them where a pixel is not clear. And [y, x],
    whether the ground was water at first (by the median of the first third of its clear images).
    """
    bands = {str(name): stack[str(name)].to_numpy() for name in stack.data_vars}
    known = np.logical_and.reduce([np.isfinite(values) for values in bands.values()])
    rim = np.ones((1, 2 * RIM_PIXELS + 1, 2 * RIM_PIXELS + 1), bool)
    seen = known.any(axis=(1, 2), keepdims=True)
    known &= ~ndi.binary_dilation(~known & seen, rim)
    indices = indices_of(bands)
    if not indices:
        raise ChangeError(
            f"track {stack.attrs.get('track', '?')} has the bands {', '.join(bands)} and none of the indices",
            hint="NDVI needs red and nir, NDWI green and nir, brightness a visible band.",
        )
    values = np.ascontiguousarray(np.stack(list(indices.values())), np.float32)
    values[:, ~known] = np.nan
    flat = values.reshape(*values.shape[:2], -1)
    cut_spikes(flat)
    values = flat.reshape(values.shape)
    water = _water(values, list(indices))
    if model is not None:
        effect = model.date_effect[:, :, :, None, None]
        values -= np.where(water, effect[WATER], effect[LAND])
    return values, water


def model_of(change: xr.Dataset) -> OpticalModel:
    """What `detect_optical_change` learnt of a track."""
    parts = change["memory"].to_numpy()
    return OpticalModel(
        tuple(str(name) for name in change["index"].to_numpy()),
        change["date_effect"].to_numpy(),
        Memory(float(parts[0]), tuple(float(v) for v in parts[1:])),
        change["scatter"].to_numpy(),
    )


def days_of(stack: xr.Dataset) -> NDArray[np.float64]:
    """[time], days since the turn of 1970 (the season's phase must not depend on the first image)."""
    return (stack["time"].values - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")


def _water(values: NDArray[np.float32], names: list[str]) -> NDArray[np.bool_]:
    """Open water in most clear images of the first third of the record."""
    early = values[:, : max(values.shape[1] // 3, 4)]
    index, sign = ("NDWI", 1.0) if "NDWI" in names else ("NDVI", -1.0)
    if index not in names:
        return np.zeros(values.shape[2:], bool)
    one = early[names.index(index)] * np.float32(sign)
    wet, clear = (one > 0).sum(axis=0), np.isfinite(one).sum(axis=0)
    return np.asarray(wet > 0.5 * clear)


def _learn(
    stack: xr.Dataset, boxes: list[tuple[slice, slice]], days: NDArray[np.float64], basis: NDArray[np.float64]
) -> tuple[OpticalModel, NDArray[np.bool_]]:
    """Date effects, memory and scatter from pixels spread evenly; and where those are clear [time, pixel]."""
    keep = [boxes[i] for i in np.unique(np.linspace(0, len(boxes) - 1, min(len(boxes), 9)).astype(int))]
    parts, wet = [], []
    for rows, columns in keep:
        values, water = series_of(stack.isel(y=rows, x=columns))
        stride = max(1, int(math.sqrt(water.size * len(keep) / SAMPLE_PIXELS)))
        cut = (slice(stride // 2, None, stride), slice(stride // 2, None, stride))
        parts.append(values[(slice(None), slice(None), *cut)].reshape(*values.shape[:2], -1))
        wet.append(water[cut].ravel())
    sample, water = np.concatenate(parts, axis=2), np.concatenate(wet)
    names = tuple(indices_of({str(name): np.ones(1) for name in stack.data_vars}))
    effect = np.zeros((2, len(names), days.size), np.float32)
    for stratum, members in ((WATER, water), (LAND, ~water)):
        if members.sum() >= FEWEST_OF_STRATUM:
            effect[stratum] = _common(departures(sample[:, :, members], basis))
    sample = sample - np.where(water, effect[WATER][:, :, None], effect[LAND][:, :, None])
    rest = departures(sample, basis)
    told = np.isfinite(rest[0]).any(axis=0)
    if not told.any():
        raise ChangeError(
            f"no pixel of track {stack.attrs.get('track', '?')} is clear in images enough",
            hint="Clouds or their masks cover the site in nearly all images: add more scenes.",
        )
    memory = fit_memory(rest[:, :, told], days)
    scatter = np.full((2, len(names)), np.nan)
    for stratum, members in ((WATER, water), (LAND, ~water)):
        if (members & told).any():
            scatter[stratum] = MAD_TO_SD * np.nanmedian(np.abs(rest[:, :, members & told]), axis=(1, 2))
    return OpticalModel(names, effect, memory, scatter), np.isfinite(sample[0][:, told])


def _common(rest: NDArray[np.float32]) -> NDArray[np.float32]:
    """[index, time], the median departure of a stratum on each date; 0 where too few pixels are clear."""
    enough = np.isfinite(rest[0]).sum(axis=1) >= FEWEST_OF_STRATUM
    out = np.zeros(rest.shape[:2], np.float32)
    if enough.any():
        out[:, enough] = np.nanmedian(rest[:, enough], axis=2)
    return out


def _tiles(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    return [
        (slice(y, min(y + TILE, shape[0])), slice(x, min(x + TILE, shape[1])))
        for y in range(0, shape[0], TILE)
        for x in range(0, shape[1], TILE)
    ]


def _empty(shape: tuple[int, int], indices: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    out: dict[str, NDArray[np.generic]] = {
        "statistic": np.full(shape, np.nan, np.float32),
        "p_value": np.full(shape, np.nan, np.float64),
        "first_image": np.full(shape, -1, np.int16),
        "clear_images": np.zeros(shape, np.int16),
        "stratum": np.full(shape, 255, np.uint8),
    }
    for name in indices:
        out[f"step_{name}"] = np.full(shape, np.nan, np.float32)
        out[f"z_{name}"] = np.full(shape, np.nan, np.float32)
    return out


_LONG_NAMES = {
    "statistic": "F of the best lasting step",
    "p_value": "p-value of the best lasting step",
    "first_image": "index of the first image after the step",
    "clear_images": "number of clear images",
    "stratum": "kind of surface at first: 0 water, 1 land",
}


def _dataset(out: dict[str, NDArray[np.generic]], stack: xr.Dataset, model: OpticalModel, dates: float) -> xr.Dataset:
    dims = ("stratum_name", "index")
    data = xr.Dataset(
        {name: (("y", "x"), values) for name, values in out.items()},
        coords={
            "y": stack["y"],
            "x": stack["x"],
            "spatial_ref": stack["spatial_ref"],
            "time": stack["time"].values,
            "stratum_name": list(STRATA),
            "index": list(model.indices),
            "part": ["nugget", "drift_45_days", "drift_180_days", "drift_720_days"],
        },
    )
    image = np.asarray(out["first_image"])
    times = stack["time"].values[np.clip(image, 0, None)]
    data["first_date"] = (("y", "x"), np.where(image >= 0, times, np.datetime64("NaT")))
    data["date_effect"] = ((*dims, "time"), model.date_effect)
    data["scatter"] = (dims, model.scatter)
    data["memory"] = ("part", np.array([model.memory.nugget, *model.memory.drift]))
    for name in data.data_vars:
        data[name].attrs.setdefault("units", "1")
        data[name].attrs.setdefault("long_name", _LONG_NAMES.get(str(name), str(name).replace("_", " ")))
    data["first_date"].attrs = {"long_name": "first image after the step"}
    data["stratum"].attrs |= {"flag_values": [WATER, LAND], "flag_meanings": "water land"}
    data.attrs = {
        "track": stack.attrs.get("track", ""),
        "quantity": stack.attrs.get("quantity", ""),
        "effective_dates": dates,
    }
    return data
