"""Names for what lies beside a structure because of it: layover, shadow, sidelobes, its ragged edge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.structures._find_one import Found
from sitewatch.structures._naming._track import Heading
from sitewatch.structures._naming._verdict import Verdict
from sitewatch.structures._pixels import EIGHT
from sitewatch.structures._window import pixel_side_m

# What touches a structure at least this many times its size, and changed with it, is part of that.
FRAGMENT_SHARE = 0.2
FRAGMENT_GAP_PIXELS = 4
FRAGMENT_EARLIER_IMAGES = 3
# What lies in the radar's line of sight beside something tall may be as large as that thing's own outline.
SIGHT_SHARE = 1.0
# Nothing common is so tall that its layover or shadow reaches further.
LONGEST_REACH_M = 250.0
IN_LINE_SHARE = 0.7
# A cross of sidelobes is so wide about the brightest pixel's row and column.
ARM_PIXELS = 1.5


def beside(one: Found, found: Sequence[Found], heading: Heading | None) -> Verdict | None:
    """What a finding is of a larger, confirmed structure that it touches and changed with, if anything."""
    for other in found:
        if other is one or other.grade.status != "confirmed":
            continue
        share = float(one.footprint.sum() / other.footprint.sum())
        late_enough = start_of(one) >= start_of(other) - FRAGMENT_EARLIER_IMAGES
        if share > SIGHT_SHARE or not late_enough or not _touches(one, other):
            continue
        named = None if heading is None else _in_sight(one, other, heading)
        if named is not None and (share <= FRAGMENT_SHARE or one.grade.status != "confirmed"):
            return named
        if share <= FRAGMENT_SHARE:
            reason = f"an edge of the {other.grade.kind} beside it, which changed at the same time"
            return Verdict("edge", reason)
    return None


def start_of(one: Found) -> int:
    """First image by which a tenth of it stands."""
    growth = one.presence.built_by.mean(axis=1)
    return int((growth >= 0.1 * growth[-1]).argmax())


def _touches(one: Found, other: Found) -> bool:
    near = ndi.binary_dilation(_on(other, one), EIGHT, iterations=FRAGMENT_GAP_PIXELS)
    return bool(near[one.footprint].mean() > 0.5)


def _in_sight(one: Found, other: Found, heading: Heading) -> Verdict | None:
    """Layover, shadow or sidelobe, told by where it lies from the structure as the radar looks."""
    pixel_m = pixel_side_m(one.window.stack)
    mine, theirs = pixels_of(one), pixels_of(other)
    brighter = float(one.character.step_db.mean()) > 0
    sign = 1.0 if brighter else -1.0  # layover lies toward the radar from what throws it, shadow away from it
    reach = int(LONGEST_REACH_M / pixel_m)
    if _in_line(mine, theirs, (sign * heading.away[0], sign * heading.away[1]), reach) > IN_LINE_SHARE:
        offset = (theirs.mean(axis=0) - mine.mean(axis=0)) @ np.array(heading.away)
        metres = abs(float(offset)) * pixel_m
        if brighter:
            text = (
                f"it lies {metres:.0f} m from the {other.grade.kind} toward the radar and changed with it: its layover"
            )
            return Verdict("layover", text)
        text = (
            f"it lies {metres:.0f} m behind the {other.grade.kind} as the radar looks and fell dark with it: its shadow"
        )
        return Verdict("shadow", text)
    if brighter and _on_arms(mine, other, heading):
        text = f"it lies on the cross of sidelobes of the {other.grade.kind} beside it, which is far brighter"
        return Verdict("sidelobe", text)
    return None


def _in_line(mine: NDArray[np.int_], theirs: NDArray[np.int_], step: tuple[float, float], reach: int) -> float:
    """Share of one's pixels from which a walk in one direction meets the other."""
    walk = np.arange(0.5, reach + 0.25, 0.5)[:, None, None] * np.array(step)
    ahead = np.round(mine + walk).astype(int)
    # A number a place, for grids of up to a million columns.
    place = np.array([1_000_000, 1])
    return float(np.isin(ahead @ place, theirs @ place).any(axis=0).mean())


def _on_arms(mine: NDArray[np.int_], other: Found, heading: Heading) -> bool:
    """Whether most pixels lie in a line with the structure's brightest one, along the flight or across it."""
    level = other.presence.after.mean(axis=0)
    from_peak = mine - pixels_of(other)[int(np.argmax(level))]
    across_along = np.abs(from_peak @ np.array(heading.away)), np.abs(from_peak @ np.array(heading.along))
    return any(float((off <= ARM_PIXELS).mean()) > IN_LINE_SHARE for off in across_along)


def pixels_of(found: Found) -> NDArray[np.int_]:
    """[pixel, 2], row and column in the stack."""
    rows, columns = found.presence.pixels
    return np.stack([rows + found.window.rows.start, columns + found.window.columns.start], axis=1)


def _on(other: Found, one: Found) -> NDArray[np.bool_]:
    """The other's footprint on this one's window."""
    out: NDArray[np.bool_] = np.zeros(one.footprint.shape, bool)
    y, x = (pixels_of(other) - [one.window.rows.start, one.window.columns.start]).T
    height, width = out.shape
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    out[y[inside], x[inside]] = True
    return out
