"""Which of the structures that a run found are ones that the record knows. Pure: it knows no database."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sitewatch.record._nouns import Revision
from sitewatch.structure import Structure

SAME_IOU = 0.2
"""Intersection over union from which two outlines are taken for one thing; the threshold of IARPA SMART."""
GROWN_SHARE = 0.5
"""Share of a structure's earlier outline that lies in a later, larger one into which it may have grown."""
_ONSET_WEIGHT = 0.25  # of agreeing onsets, beside an overlap of 0 to 1
_GROWN_WEIGHT = 0.5  # of being contained: a pier that has grown threefold overlaps its old self by a third only


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A structure that the record knows, as it was last computed and as it is reported.

    `outline` is the one reported, which an analyst may have drawn.
    """

    number: int
    structure: Structure
    outline: shapely.Polygon | shapely.MultiPolygon


def match(known: Sequence[Candidate], found: Sequence[Structure]) -> dict[int, int]:
    """Pair what was found with what is known, one to one, so that the pairs together agree best.

    Two may be a pair where their outlines overlap (`SAME_IOU`), or where the known one lies in a larger one found and
    had not been finished when it was last seen, and where the times in which they were worked on have a day in common.
    What was built and what was taken away later on the same ground are two structures.

    Parameters
    ----------
    known
        What the record holds.
    found
        What a run found.

    Returns
    -------
    dict
        Number of the known structure by the place of the found one in `found`; new ones have no entry.
    """
    from scipy.optimize import linear_sum_assignment

    known = sorted(known, key=lambda one: one.number)
    if not known or not found:
        return {}
    gain = np.zeros((len(found), len(known)))
    tree = shapely.STRtree([s.footprint for s in found])
    for j, one in enumerate(known):
        whole = shapely.union_all([one.outline, one.structure.footprint])
        for i in tree.query(whole, predicate="intersects"):
            gain[i, j] = agreement(one, found[i])
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return {int(i): known[j].number for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0}


def known_names(known: Sequence[Revision], found: Sequence[Structure]) -> dict[int, str]:
    """Names in the record of structures that were found elsewhere, by their place in `found`; see `match`."""
    candidates = [
        Candidate(place, one.computed, one.structure.footprint)
        for place, one in enumerate(known)
        if not one.merged_into
    ]
    return {place: known[number].id for place, number in match(candidates, found).items()}


def agreement(known: Candidate, found: Structure) -> float:
    """How well a found structure agrees with a known one; 0 where they can't be the same."""
    before = known.structure
    if (before.kind == "demolition") != (found.kind == "demolition") or not _at_one_time(before, found):
        return 0.0
    growing = before.completion is None
    best = max(_overlap(outline, found.footprint, growing) for outline in (known.outline, before.footprint))
    return best + _ONSET_WEIGHT * _same_onset(before, found) if best > 0 else 0.0


def _overlap(before: BaseGeometry, after: BaseGeometry, growing: bool) -> float:
    shared = before.intersection(after).area
    iou = shared / max(before.area + after.area - shared, np.finfo(float).tiny)
    inside = shared / max(before.area, np.finfo(float).tiny)
    grown = growing and after.area >= before.area and inside >= GROWN_SHARE
    return iou + _GROWN_WEIGHT * inside * grown if iou >= SAME_IOU or grown else 0.0


def _at_one_time(one: Structure, other: Structure) -> bool:
    (begin, end), (other_begin, other_end) = _works(one), _works(other)
    return begin <= other_end and other_begin <= end


def _works(structure: Structure) -> tuple[dt.date, dt.date]:
    """First and last day on which it may have been worked on."""
    onset, completion = structure.onset, structure.completion
    return onset.earliest if onset else dt.date.min, completion.latest if completion else dt.date.max


def _same_onset(one: Structure, other: Structure) -> bool:
    """Whether two onsets, each a 95 % statement, may be of one event."""
    if one.onset is None or other.onset is None:
        return False
    return one.onset.earliest <= other.onset.latest and other.onset.earliest <= one.onset.latest
