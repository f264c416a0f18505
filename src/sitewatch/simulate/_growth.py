"""How a structure grows: a schedule that turns the order of its parts into days, and the truth that images can show."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np

from sitewatch.simulate._fields import BoolArray, FloatArray

# From four pixels on a structure counts as there: one or two are below the resolution.
SMALLEST_SEEN_PX = 4
# Nobody can tell that something has stopped growing until a few images have shown it unchanged.
IMAGES_TO_CALL_IT_DONE = 4


@dataclasses.dataclass(frozen=True)
class Schedule:
    """When the parts of a structure are built.

    Attributes
    ----------
    start_day, end_day
        First and last day of building, days since 1970-01-01.
    progress
        Shares of the time (increasing, 0 to 1) by which equal steps of the order are done: uneven where work stopped.
    preparation_days
        How long before `start_day` the site is cleared; 0 for none.
    """

    start_day: float
    end_day: float
    progress: tuple[float, ...] = (0.0, 1.0)
    preparation_days: float = 0.0

    def built_day(self, order: FloatArray) -> FloatArray:
        """Day on which the part of each order (0 first, 1 last) stands."""
        steps = np.linspace(0, 1, len(self.progress))
        share = np.interp(order, steps, self.progress)
        return np.asarray(self.start_day + share * (self.end_day - self.start_day))


def draw_schedule(
    rng: np.random.Generator, first_day: float, last_day: float, *, span_days: tuple[float, float], preparation: bool
) -> Schedule:
    """A schedule that begins well inside the series and mostly ends in it too."""
    length = last_day - first_day
    prepared = min(float(rng.uniform(60, 140)), 0.15 * length) if preparation else 0.0
    span = min(rng.uniform(*span_days), 0.55 * length)
    start = first_day + prepared + rng.uniform(0.2, 0.45) * (length - prepared)
    pace = np.cumsum(rng.uniform(0.3, 1.7, 5))
    return Schedule(float(start), float(start + span), (0.0, *(float(p) for p in pace / pace[-1])), prepared)


def fraction_built(mask: BoolArray, built_day: FloatArray, days: Sequence[float]) -> FloatArray:
    """Share of the pixels of `mask` that stand on each day; never falls."""
    ordered = np.sort(built_day[mask])
    return np.asarray(np.searchsorted(ordered, np.asarray(days), side="right") / max(len(ordered), 1))


@dataclasses.dataclass(frozen=True)
class Milestones:
    """What a perfect observer could say from the images alone; dates are those of images.

    Attributes
    ----------
    onset
        Last image without the structure and first with it.
    completion
        Likewise for its full extent; None while it grows or until a few images have shown that it no longer does.
    preparation_first_seen
        First image of the prepared site, or None.
    growth
        (date, fraction of the final extent) for every image.
    """

    onset: tuple[dt.date, dt.date]
    completion: tuple[dt.date, dt.date] | None
    preparation_first_seen: dt.date | None
    growth: tuple[tuple[dt.date, float], ...]


def milestones(
    mask: BoolArray, built_day: FloatArray, schedule: Schedule, days: Sequence[float], dates: Sequence[dt.date]
) -> Milestones | None:
    """Put a structure's truth in terms of the images, or None where it does not show in two of them.

    Parameters
    ----------
    mask
        Final extent at the last image.
    built_day
        Day on which each pixel stands.
    days, dates
        The images of all tracks in order.
    """
    fraction = fraction_built(mask, built_day, days)
    seen = np.flatnonzero(fraction * mask.sum() >= SMALLEST_SEEN_PX)
    if len(seen) < 2 or seen[0] == 0:
        return None
    done = np.flatnonzero(fraction >= 1) if schedule.end_day <= days[-1] else np.array([], int)
    finished = len(done) >= IMAGES_TO_CALL_IT_DONE
    prepared = [
        date
        for date, day in zip(dates, days, strict=True)
        if schedule.start_day - schedule.preparation_days <= day < schedule.start_day
    ]
    return Milestones(
        onset=(dates[seen[0] - 1], dates[seen[0]]),
        completion=(dates[done[0] - 1], dates[done[0]]) if finished else None,
        preparation_first_seen=prepared[0] if schedule.preparation_days and prepared else None,
        growth=tuple((date, round(float(f), 4)) for date, f in zip(dates, fraction, strict=True)),
    )
