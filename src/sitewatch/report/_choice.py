"""Which track, which polarisation and which dates show a structure best."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import xarray as xr
from shapely.geometry.base import BaseGeometry

from sitewatch.change.optical import is_optical
from sitewatch.report._frame import Window, window_around
from sitewatch.report._picture import CO_POLARISED, polarisations
from sitewatch.structure import Structure

IMAGES_PER_SIDE = 8
CHIPS = 8
MOST_VALUES_HELD = 50_000_000
CO_POLARISED_BONUS_DB = 1.5


def main_stack(stacks: Sequence[xr.Dataset]) -> xr.Dataset | None:
    """The track with the most images, for the pictures of the whole site; None where there is none."""
    usable = [s for s in stacks if s.sizes.get("time", 0) and polarisations(s)]
    # Radar sees through clouds: its last image shows the whole site.
    return max(usable, key=lambda s: (not is_optical(s), s.sizes["time"]), default=None)


def dates_of(stack: xr.Dataset) -> list[dt.date]:
    """UTC dates of a stack's acquisitions."""
    return [dt.date.fromisoformat(str(t)) for t in stack["time"].values.astype("datetime64[D]")]


def best_view(stacks: Sequence[xr.Dataset], structure: Structure) -> tuple[xr.Dataset, str, Window] | None:
    """Track, polarisation and window with the greatest contrast between before and after.

    Co-polarised images win against a cross-polarised contrast that is not plainly greater, and tracks that carry the
    evidence against those that don't. None where no stack covers the footprint.
    """
    contrast = {(v.track, v.polarisation): abs(v.after_db - v.before_db) for v in structure.levels}
    best: tuple[tuple[bool, float, int], tuple[xr.Dataset, str, Window]] | None = None
    for stack in stacks:
        window = window_around(stack, structure.footprint) if stack.sizes.get("time", 0) else None
        if window is None:
            continue
        track = str(stack.attrs.get("track", ""))
        for polarisation in polarisations(stack):
            db = contrast.get((track, polarisation), 0.0)
            db = (db if np.isfinite(db) else 0.0) + CO_POLARISED_BONUS_DB * (polarisation in CO_POLARISED)
            score = (track in structure.tracks, db, stack.sizes["time"])
            if best is None or score > best[0]:
                best = (score, (stack, polarisation, window))
    return best[1] if best else None


def close_by(stack: xr.Dataset, footprint: BaseGeometry) -> xr.Dataset:
    """The block of a stack round a footprint, in memory, so that each date of it is inflated once.

    The stack itself where it misses the footprint, or where the block is too large to hold.
    """
    window = window_around(stack, footprint) if stack.sizes.get("time", 0) else None
    names = polarisations(stack)
    if window is None or window.shape[0] * window.shape[1] * stack.sizes["time"] * len(names) > MOST_VALUES_HELD:
        return stack
    return stack.isel(y=window.rows, x=window.cols).load()


def before_after_indices(stack: xr.Dataset, structure: Structure) -> tuple[list[int], list[int]]:
    """Positions of up to eight images before anything was there, and of the last up to eight with all that stands.

    A structure that still grows is shown by the last image alone: an average would blur its growing end. Without an
    onset the first and the last images stand in. Either list may be empty where the track has no such image.
    """
    dates = dates_of(stack)
    n = len(dates)
    if n < 2:
        return [], list(range(n))
    if structure.onset is None:
        half = max(min(IMAGES_PER_SIDE, n // 2), 1)
        return list(range(half)), list(range(n - half, n))
    clear_until = structure.onset.earliest
    if structure.preparation_first_seen:
        clear_until = min(clear_until, structure.preparation_first_seen - dt.timedelta(days=1))
    before = [i for i, d in enumerate(dates) if d <= clear_until]
    if not before:  # prepared since before the first image: the preparation is then what "before" shows
        before = [i for i, d in enumerate(dates) if d <= structure.onset.earliest]
    if structure.completion is None:
        after = [n - 1] if dates[-1] >= structure.onset.latest else []
    else:
        after = [i for i, d in enumerate(dates) if d >= structure.completion.latest]
    return before[-IMAGES_PER_SIDE:], after[-IMAGES_PER_SIDE:]


def chip_indices(stack: xr.Dataset, structure: Structure) -> list[int]:
    """About eight images: well before, around the onset, through the growth, around the completion, and the last."""
    dates = dates_of(stack)
    n = len(dates)
    if n <= CHIPS:
        return list(range(n))
    if structure.onset is None:
        return sorted({round(i) for i in np.linspace(0, n - 1, CHIPS)})
    last_absent = _last(dates, structure.onset.earliest)
    first_there = _first(dates, structure.onset.latest)
    finished = n - 1 if structure.completion is None else _first(dates, structure.completion.latest)
    fixed = {last_absent // 2, last_absent, first_there, finished, n - 1}
    inner = np.linspace(first_there, finished, CHIPS - len(fixed) + 2)[1:-1]
    chosen = fixed | {round(i) for i in inner}
    spare = [i for i in np.linspace(0, n - 1, 3 * CHIPS).round().astype(int).tolist() if i not in chosen]
    while len(chosen) < CHIPS and spare:  # a structure that rose between two images leaves room: fill the widest gaps
        chosen.add(spare.pop(int(np.argmax([min(abs(i - j) for j in chosen) for i in spare]))))
    return sorted(chosen)


def _last(dates: Sequence[dt.date], limit: dt.date) -> int:
    return max((i for i, d in enumerate(dates) if d <= limit), default=0)


def _first(dates: Sequence[dt.date], limit: dt.date) -> int:
    return min((i for i, d in enumerate(dates) if d >= limit), default=len(dates) - 1)
