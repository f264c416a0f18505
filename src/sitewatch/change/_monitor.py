"""Watch a track image by image: raise a candidate, confirm it or withdraw it, and forget the images.

A pixel waits, with a run of evidence for each step of the bank (`_monitor_bank`, `_monitor_kernel`). When the
strongest, weighted, exceeds the threshold (`_monitor_threshold`), a candidate is **raised**. From then on only new
images count, so that what raised it can't confirm it: with the likelihood ratio of "the level stays" against "it is as
before", a sequential probability ratio test (Wald 1945) ends with the candidate **confirmed** or **withdrawn**. No
image may count for more than a part of what either takes, so ships that are gone after an image or two are never taken
for something built, and one odd image loses no structure. Of a withdrawn candidate nothing is kept. A confirmed one
gives the pixel a new level, and the watch goes on.
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sitewatch.change._background import LAND, WATER
from sitewatch.change._monitor_bank import bank_for
from sitewatch.change._monitor_kernel import CONFIRMED, NONE, RAISED, WITHDRAWN, Rules, advance
from sitewatch.change._monitor_state import (
    PIXEL,
    arrays_of,
    as_dataset,
    as_runs,
    as_verdicts,
    blank_arrays,
    rules_of,
    with_arrays,
)
from sitewatch.change._monitor_threshold import threshold_for
from sitewatch.change._order import median_over_time
from sitewatch.errors import ChangeError

EVENTS = {NONE: "none", RAISED: "raised", CONFIRMED: "confirmed", WITHDRAWN: "withdrawn"}
# What stays must keep three quarters of the step in dB: a candidate is raised by its brightest images.
LASTING_SHARE = 0.75
# Images that it takes at least to withdraw a candidate.
_WITHDRAWING_IMAGES = 2
# Share of the images of a stable history that are taken for passing things.
_STRAYS = 1e-3


def start_monitor(
    history: xr.Dataset,
    *,
    looks: ArrayLike,
    stratum: ArrayLike | None = None,
    date_effect_db: ArrayLike | None = None,
    arl: float = 10_000.0,
    threshold: float | None = None,
    confirm_images: int = 3,
    false_confirmation: float = 0.01,
    missed: float = 0.05,
) -> xr.Dataset:
    """State of a monitor that has learnt the levels of a history and has watched no image yet.

    Parameters
    ----------
    history
        One track's cube (dims time, y, x; linear power; NaN: no image). It may hold no image at all: levels are then
        learnt during the watch, and until they are known no step is claimed. A pixel's images that lie far from its
        median, such as passing ships, are left out.
    looks
        Effective looks [stratum, polarisation], or what broadcasts to it, such as `effective_looks` of
        `detect_change`.
    stratum
        [y, x], 0 water, 1 land, 255 not to be watched; all land by default.
    date_effect_db
        [stratum, polarisation, time], effect of each date of the history, dB; none by default.
    arl
        Mean number of images from the start, or from the end of a candidate, to the next false candidate of a pixel.
    threshold
        Of the weighted evidence for a candidate, natural log; by default that of `threshold_for` with this `arl`.
    confirm_images
        Fewest images after the raising one that confirm a candidate.
    false_confirmation, missed
        Chance that a candidate is confirmed although the level went back, and withdrawn although it did not, as
        Wald's bounds take them.

    Returns
    -------
    The state, as described in `_monitor_state`.

    Raises
    ------
    ChangeError
        If looks, shares or numbers of images are out of bounds, or shapes don't fit.
    """
    polarisations = [str(name) for name in history.data_vars]
    bank = bank_for(len(polarisations))
    height, width = history.sizes["y"], history.sizes["x"]
    n = _broadcast(looks, (2, len(polarisations)), "looks")
    kind = np.full((height, width), LAND) if stratum is None else _broadcast(stratum, (height, width), "stratum")
    if confirm_images < 1 or not (0 < false_confirmation < 0.5 and 0 < missed < 0.5):
        raise ChangeError(
            f"A candidate can't be confirmed by {confirm_images} image(s) with errors of {false_confirmation} and "
            f"{missed}",
            hint="Take at least one image and errors between 0 and 0.5",
        )
    arrays = blank_arrays(bank.log_weight.size, len(polarisations), height * width)
    arrays["stratum"][:] = np.where((kind == WATER) | (kind == LAND), kind, 255).ravel()
    power = np.stack([history[name].transpose("time", *PIXEL).values for name in polarisations], axis=1)
    power = power.reshape(*power.shape[:2], height * width).astype(np.float32)
    if power.shape[0]:
        shape = (2, len(polarisations), power.shape[0])
        effect = np.zeros(shape) if date_effect_db is None else _broadcast(date_effect_db, shape, "date effects")
        power = power * _gains(effect, arrays["stratum"])
        arrays["level_sum"], arrays["level_count"] = _learn_level(power, n, arrays["stratum"])
    confirm_at = math.log((1 - missed) / false_confirmation)
    withdraw_at = math.log(missed / (1 - false_confirmation))
    rules = Rules(
        bank.log_ratio,
        bank.log_weight,
        n,
        _thresholds(arl, n, arrays["stratum"], arrays["level_count"]) if threshold is None else np.full(2, threshold),
        confirm_at,
        withdraw_at,
        confirm_at / confirm_images,
        -withdraw_at / _WITHDRAWING_IMAGES,
        LASTING_SHARE,
    )
    last = history["time"].values[-1:] if power.shape[0] else np.array(["NaT"], "datetime64[ns]")
    attrs = {**history.attrs, "arl": float(arl)}
    return as_dataset(arrays, bank, rules, last, history, polarisations, attrs)


def update_monitor(
    state: xr.Dataset, image: xr.Dataset, *, date_effect_db: ArrayLike | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Take in one more image.

    Parameters
    ----------
    state
        From `start_monitor` or an earlier update; not changed.
    image
        The next image (dims y, x; the state's polarisations, linear power, NaN: none; scalar coordinate `time`), such
        as `stack.isel(time=-1)`.
    date_effect_db
        [stratum, polarisation], its effect on each stratum, dB, such as `measure_date_effect` gives; none by default.

    Returns
    -------
    The new state, and what the image brought, with dims y, x:

    ``event``
        0 none, 1 a candidate was raised, 2 it was confirmed, 3 withdrawn.
    ``first_with``
        time of the first image that shows the change, as the evidence has it; NaT without event.
    ``first_raised``
        time of the image that raised the candidate; NaT without event.

    Raises
    ------
    ChangeError
        If the image is not on the state's grid, lacks a polarisation, or is not later than the last one.
    """
    polarisations = [str(name) for name in state["polarisation"].values]
    when = _check_image(state, image, polarisations)
    before = arrays_of(state)
    arrays = {name: values.copy() for name, values in before.items()}
    power = np.stack([image[name].transpose(*PIXEL).values.ravel() for name in polarisations]).astype(np.float32)
    if date_effect_db is not None:
        effect = _broadcast(date_effect_db, (2, len(polarisations)), "date effects")
        power = power * _gains(effect[:, :, None], arrays["stratum"])[0]
    event = np.zeros(power.shape[1], np.int8)
    number = state.sizes["image"]
    advance(as_runs(arrays), as_verdicts(arrays), rules_of(state), power, number, event)
    times = np.append(state["image_time"].values, when)
    shape = (state.sizes["y"], state.sizes["x"])
    after = with_arrays(state.drop_vars("image_time").assign(image_time=("image", times)), arrays, shape)

    def noted(waiting: str, done: str) -> NDArray[np.datetime64]:
        """Time of the image noted for the event, wherever it is noted now."""
        image_number = np.select(
            [event == RAISED, event == CONFIRMED, event == WITHDRAWN],
            [arrays[waiting], arrays[done], before[waiting]],
            -1,
        )
        return _times_of(times, image_number).reshape(shape)

    alarms = xr.Dataset(
        {
            "event": (
                PIXEL,
                event.reshape(shape),
                {"flag_values": list(EVENTS), "flag_meanings": " ".join(EVENTS.values())},
            ),
            "first_with": (PIXEL, noted("changed", "confirmed_changed")),
            "first_raised": (PIXEL, noted("raised", "confirmed_raised")),
        },
        coords={**{name: state[name] for name in (*PIXEL, "spatial_ref") if name in state.coords}, "time": when},
    )
    return after, alarms


def monitor_dates(state: xr.Dataset) -> xr.Dataset:
    """Dates of each pixel's last confirmed change and of its candidate, if it has one; NaT otherwise.

    Variables (dims y, x): `first_with`, `first_raised`, `confirmed_on` of the confirmed change;
    `candidate_first_with`, `candidate_raised` of what waits.
    """
    names = {
        "first_with": "confirmed_changed",
        "first_raised": "confirmed_raised",
        "confirmed_on": "confirmed",
        "candidate_first_with": "changed",
        "candidate_raised": "raised",
    }
    times = state["image_time"].values
    return xr.Dataset(
        {name: (PIXEL, _times_of(times, state[source].transpose(*PIXEL).values)) for name, source in names.items()},
        coords={name: state[name] for name in (*PIXEL, "spatial_ref") if name in state.coords},
    )


def _times_of(times: NDArray[np.datetime64], number: NDArray[np.integer]) -> NDArray[np.datetime64]:
    return np.where(number >= 0, times[np.clip(number, 0, None)], np.datetime64("NaT", "ns"))


def _check_image(state: xr.Dataset, image: xr.Dataset, polarisations: list[str]) -> np.datetime64:
    """Time of the image, if it can follow on the state."""
    missing = [name for name in polarisations if name not in image.data_vars]
    if missing:
        raise ChangeError(
            f"The image lacks {', '.join(missing)}, which the monitor watches",
            hint="Start a monitor of its own for images of other polarisations",
        )
    if any(dim not in image.sizes or not np.array_equal(image[dim].values, state[dim].values) for dim in PIXEL):
        raise ChangeError("The image is not on the monitor's grid", hint="Build its stack with the same site and pixel")
    if "time" not in image.coords or image["time"].ndim:
        raise ChangeError("The image has no single time", hint="Take one date of a stack: stack.isel(time=i)")
    when = _time_of(image)
    last = state["image_time"].values[-1]
    if not np.isnat(last) and not when > last:
        raise ChangeError(
            f"The image of {np.datetime_as_string(when, 'm')} is not later than the monitor's last one of "
            f"{np.datetime_as_string(last, 'm')}",
            hint="Feed images in the order of their times, each once",
        )
    return when


def _time_of(image: xr.Dataset) -> np.datetime64:
    return np.datetime64(image["time"].values.astype("datetime64[ns]").item(), "ns")


def _broadcast(values: ArrayLike, shape: tuple[int, ...], name: str) -> NDArray[np.float64]:
    try:
        return np.broadcast_to(np.asarray(values, dtype=np.float64), shape)
    except ValueError as error:
        raise ChangeError(f"The monitor's {name} have shape {np.shape(values)} and not {shape}") from error


def _gains(effect_db: NDArray[np.float64], stratum: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[time, polarisation, pixel], what takes the date effects [stratum, polarisation, time] out of linear power."""
    gain = np.nan_to_num(10.0 ** (-effect_db / 10.0), nan=1.0).astype(np.float32)
    return np.ascontiguousarray(gain[np.minimum(stratum, LAND)].transpose(2, 1, 0))


def _learn_level(
    power: NDArray[np.float32], looks: NDArray[np.float64], stratum: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Sums [polarisation, pixel] and number [pixel] of the images that agree with the pixel's median."""
    keep = np.isfinite(power).min(axis=1)
    for pol in range(power.shape[1]):
        values = np.where(keep, power[:, pol], np.float32(np.nan))
        median = median_over_time(np.ascontiguousarray(values))
        n = looks[np.minimum(stratum, LAND), pol]
        low, middle, high = (special.gammaincinv(n, p) for p in (_STRAYS / 2, 0.5, 1 - _STRAYS / 2))
        with np.errstate(invalid="ignore"):
            keep &= (values >= median * low / middle) & (values <= median * high / middle)
    sums = np.where(keep[:, None], power, np.float32(0)).sum(axis=0, dtype=np.float64)
    return sums.astype(np.float32), keep.sum(axis=0).astype(np.int32)


def _thresholds(
    arl: float, looks: NDArray[np.float64], stratum: NDArray[np.uint8], count: NDArray[np.int32]
) -> NDArray[np.float64]:
    """[stratum]; land always has one, since what is built in the water becomes land."""
    out = np.full(2, np.inf)
    for kind in (WATER, LAND):
        members = stratum == kind
        if members.any() or (kind == LAND and (stratum == WATER).any()):
            history = int(np.median(count[members])) if members.any() else 0
            out[kind] = threshold_for(arl, tuple(looks[kind]), history)
    return out
