"""Join the pieces of long works that lay apart in space or time: a road found in two stretches is one road."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.structure import LINEAR_KINDS
from sitewatch.structures._find_one import Found
from sitewatch.structures._pixels import EIGHT, box_round

# Ends that lie so many pixels apart, and works that went on within so many images (or this share of the record), join;
# where one begins at the other's very end, it goes on with it however long the works rested.
GAP_PIXELS = 4
SAME_TIME_IMAGES = 3.0
SAME_TIME_SHARE = 0.08
# The whole of two stretches is longer than either: its length squared over its area grows by this factor or more.
LONGER = 1.15

Judge = Callable[[NDArray[np.bool_], float], Found]


def join_stretches(found: list[Found], shape: tuple[int, int], judge: Judge) -> list[Found]:
    """Found footprints with stretches of one road, or one pier, joined.

    Parameters
    ----------
    found
        Footprints of one track.
    shape
        Rows and columns of the track's grid.
    judge
        Follows, measures and grades a footprint [y, x] of the whole grid whose number of pixels has that standard
        deviation.
    """
    out = list(found)
    while True:
        pair = next(
            (
                (i, j, whole)
                for i, one in enumerate(out)
                for j, other in enumerate(out)
                if i != j and _is_long(one) and _goes_on(one, other) and (whole := _whole(one, other, shape, judge))
            ),
            None,
        )
        if pair is None:
            return out
        i, j, whole = pair
        out = [whole if k == i else one for k, one in enumerate(out) if k != j]


def _is_long(one: Found) -> bool:
    return one.grade.kind in LINEAR_KINDS and one.grade.status == "confirmed"


def _goes_on(one: Found, other: Found) -> bool:
    """Whether another footprint may be a stretch of the same work: alike, and near in space and time or touching it."""
    at_sea = one.character.water_share > 0.5
    if (other.character.water_share > 0.5) != at_sea or (at_sea and other.grade.status == "rejected"):
        return False  # what was found to be a vessel lengthens no pier
    if (other.character.step_db.mean() > 0) != (one.character.step_db.mean() > 0):
        return False
    boxes = [(f.window.rows, f.window.columns) for f in (one, other)]
    (r1, c1), (r2, c2) = boxes
    if r1.start >= r2.stop or r2.start >= r1.stop or c1.start >= c2.stop or c2.start >= c1.stop:
        return False
    first, last = (
        [int((f.presence.built_by.mean(axis=1) >= share).argmax()) for f in (one, other)] for share in (0.1, 0.9)
    )
    slack = max(SAME_TIME_IMAGES, SAME_TIME_SHARE * len(one.presence.built_by))
    return (first[1] <= last[0] + slack and first[0] <= last[1] + slack) or _touch(one, other)


def _touch(one: Found, other: Found) -> bool:
    """Whether two footprints, both confirmed, have pixels side by side."""
    if other.grade.status != "confirmed":
        return False
    cells = [
        {(int(y) + f.window.rows.start, int(x) + f.window.columns.start) for y, x in np.argwhere(mask)}
        for f, mask in ((one, ndi.binary_dilation(one.footprint, EIGHT)), (other, other.footprint))
    ]
    return not cells[0].isdisjoint(cells[1])


def _whole(one: Found, other: Found, shape: tuple[int, int], judge: Judge) -> Found | None:
    """The two as one work, if they make a longer one."""
    masks = []
    for f in (one, other):
        mask = np.zeros(shape, bool)
        mask[f.window.rows, f.window.columns] = f.footprint
        masks.append(mask)
    box = box_round(masks[0] | masks[1], GAP_PIXELS)
    a, b = masks[0][box], masks[1][box]
    if not (ndi.binary_dilation(a, EIGHT, iterations=GAP_PIXELS) & b).any():
        return None
    both = np.zeros(shape, bool)
    both[box] = ndi.binary_closing(a | b, EIGHT, iterations=GAP_PIXELS // 2) | a | b
    whole = judge(both, float(np.hypot(one.doubt_pixels, other.doubt_pixels)))
    longer = whole.shape.slenderness >= LONGER * max(one.shape.slenderness, other.shape.slenderness)
    # Straight stretches of a bent dyke look like piers.
    alike = (whole.grade.kind == "road") == (one.grade.kind == "road")
    return whole if _is_long(whole) and alike and longer else None
