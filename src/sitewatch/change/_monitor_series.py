"""Watch one series, such as the mean over a footprint, and say when it was raised and confirmed."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from sitewatch.change._monitor import EVENTS, start_monitor, update_monitor


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
    confirm_images: int = 3,
    false_confirmation: float = 0.01,
    missed: float = 0.05,
) -> tuple[Alarm, ...]:
    """All that a monitor says about one series, fed image by image.

    A structure's first raised and confirmed dates are those of the first confirmed alarm of its footprint's mean.

    Parameters
    ----------
    series
        dim time; a variable a polarisation: linear power, date effects removed, NaN: no image.
    looks
        Effective looks of the mean, one a polarisation: those of a pixel times the effective number of pixels, less
        what neighbours do together.
    history
        Number of images at the start that only tell the level.
    arl, confirm_images, false_confirmation, missed
        As for `start_monitor`.

    Raises
    ------
    ChangeError
        As `start_monitor` and `update_monitor`.
    """
    cube = series.expand_dims({"y": [0.0], "x": [0.0]}, axis=(1, 2))
    state = start_monitor(
        cube.isel(time=slice(0, history)),
        looks=looks,
        arl=arl,
        confirm_images=confirm_images,
        false_confirmation=false_confirmation,
        missed=missed,
    )
    alarms = []
    for index in range(history, series.sizes["time"]):
        state, said = update_monitor(state, cube.isel(time=index))
        on = state["image_time"].values[-1]
        event = int(said["event"].values[0, 0])
        if event:
            raised, first = (said[name].values[0, 0] for name in ("first_raised", "first_with"))
            alarms.append(Alarm(EVENTS[event], on, raised, first))
    return tuple(alarms)
