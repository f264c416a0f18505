"""Dates as matplotlib's day numbers, typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from numpy.typing import NDArray


def day_number(date: dt.date) -> float:
    """Days since 1970-01-01, matplotlib's own epoch."""
    return float((date - dt.date(1970, 1, 1)).days)


def day_numbers(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """As `day_number`, of many dates."""
    return np.array([day_number(d) for d in dates], dtype=np.float64)


def time_numbers(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Days since 1970-01-01 with their fractions, of acquisition times in UTC."""
    return np.asarray(times, dtype="datetime64[s]").astype(np.int64) / 86_400.0


def date_axis(axes: Axes) -> None:
    """Dates along x with as few words as keep them plain."""
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis_date()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_formatter(locator))


def _formatter(locator: AutoDateLocator) -> ConciseDateFormatter:
    # Every label carries its year or month: there is no room for matplotlib's offset text beside a narrow axis.
    return ConciseDateFormatter(  # type: ignore[no-untyped-call]
        locator,
        formats=["%Y", "%b %Y", "%d %b %Y", "%d %b %H:%M", "%d %b %H:%M", "%H:%M:%S"],
        zero_formats=["", "%b %Y", "%d %b %Y", "%d %b %Y", "%d %b %H:%M", "%H:%M:%S"],
        show_offset=False,
    )
