"""Watch one series, such as the mean over a footprint, and say when it was raised and confirmed."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from sitewatch.change._monitor import EVENTS, start_monitor
from sitewatch.change._monitor_kernel import NONE, RAISED, WITHDRAWN, advance, withdraw
from sitewatch.change._monitor_state import arrays_of, as_runs, as_verdicts, rules_of
from sitewatch.errors import ChangeError


@dataclasses.dataclass(frozen=True)
class Alarm:
    """One thing that the watch said.

    Attributes
    ----------
    event
        `raised`, `confirmed` or `withdrawn`.
    on
        Time of the image on which it was said.
    first_raised
        Time of the image that raised the candidate.
    first_with
        Time of the first image that shows the change, as the evidence has it.
    """

    event: str
    on: np.datetime64
    first_raised: np.datetime64
    first_with: np.datetime64


def watch_series(
    series: xr.Dataset,
    *,
    looks: ArrayLike,
    history: int = 0,
    arl: float = 10_000.0,
    threshold: float | None = None,
    forget_at: int = 0,
    confirm_images: int = 3,
    false_confirmation: float = 0.01,
    missed: float = 0.05,
) -> tuple[Alarm, ...]:
    """All that a monitor says about one series, fed image by image.

    Each image is judged by what came before it alone, so images that follow change nothing of what was said.

    Parameters
    ----------
    series
        dim time; a variable a polarisation: linear power, date effects removed, NaN: no image.
    looks
        Effective looks of the mean, one a polarisation: those of a pixel times the effective number of pixels, less
        what neighbours do together. Or [time, polarisation], as known when each image comes.
    history
        Number of images at the start that only tell the level.
    threshold
        Of the weighted evidence, natural log; that of `threshold_for` for the first watched image's looks by default.
    forget_at
        When this image comes, a candidate that waits is dropped as something else, and counts as withdrawn.
    arl, confirm_images, false_confirmation, missed
        As for `start_monitor`.

    Raises
    ------
    ChangeError
        As `start_monitor` and `update_monitor`.
    """
    names = [str(name) for name in series.data_vars]
    times = series["time"].values.astype("datetime64[ns]")
    try:
        by_image = np.broadcast_to(np.asarray(looks, dtype=np.float64), (times.size, len(names)))
    except ValueError as error:
        raise ChangeError(
            f"The looks of a series have shape {np.shape(looks)}, not {(times.size, len(names))}"
        ) from error
    cube = series.expand_dims({"y": [0.0], "x": [0.0]}, axis=(1, 2))
    state = start_monitor(
        cube.isel(time=slice(0, history)),
        looks=by_image[min(history, times.size - 1)] if times.size else 1.0,
        arl=arl,
        threshold=threshold,
        confirm_images=confirm_images,
        false_confirmation=false_confirmation,
        missed=missed,
    )
    arrays, rules = arrays_of(state), rules_of(state)
    runs, verdicts = as_runs(arrays), as_verdicts(arrays)
    power = np.stack([series[name].values for name in names], axis=1).astype(np.float32)
    alarms = []

    def say(event: int, on: int, raised: int, changed: int) -> None:
        alarms.append(Alarm(EVENTS[event], times[on], times[raised], times[changed]))

    for index in range(history, times.size):
        event = np.zeros(1, np.int8)
        waits = int(verdicts.raised[0]), int(verdicts.changed[0])
        if index == forget_at and waits[0] >= 0:
            withdraw(runs, verdicts, 0)
            say(WITHDRAWN, index, *waits)
        advance(
            runs, verdicts, rules._replace(looks=np.tile(by_image[index], (2, 1))), power[index, :, None], index, event
        )
        if event[0] == RAISED:
            say(RAISED, index, int(verdicts.raised[0]), int(verdicts.changed[0]))
        elif event[0] != NONE:
            say(int(event[0]), index, *waits)
    return tuple(alarms)
