"""What other tracks show where one track sees a candidate on water: vessels that come and go."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import xarray as xr

from sitewatch.structure import Structure
from sitewatch.structures._map import covered
from sitewatch.structures._naming._facts import facts_at
from sitewatch.structures._naming._sea import LARGEST_RAFT_M2, LONGEST_VESSEL_M, came_and_went, stays_in_words
from sitewatch.structures._naming._stays import Stay, stays_of
from sitewatch.structures._pixels import box_round
from sitewatch.structures._window import cut_window

FEWEST_PIXELS = 4


def vessel_elsewhere(structure: Structure, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset]) -> Structure:
    """A candidate on water, rejected as a vessel where another track shows that one lay there and left.

    Parameters
    ----------
    stacks, changes
        Of all tracks.
    """
    small = structure.length_m.value < LONGEST_VESSEL_M and structure.area_m2.value < LARGEST_RAFT_M2
    if structure.status != "candidate" or structure.onset is None or not small:
        return structure
    for stack, change in zip(stacks, changes, strict=True):
        if str(stack.attrs["track"]) in structure.tracks[:1]:
            continue
        told = _told(structure, structure.onset.latest, stack, change)
        if told:
            reason = f"{stack.attrs['track_label']} shows that {told}"
            return dataclasses.replace(
                structure, status="rejected", kind="ship", reason=reason, rejected_as="ship_moored", confirmed_on=None
            )
    return structure


def _told(structure: Structure, onset: dt.date, stack: xr.Dataset, change: xr.Dataset) -> str:
    footprint = covered(structure.footprint, stack.odc.geobox)
    if footprint.sum() < FEWEST_PIXELS:
        return ""
    rows, columns = box_round(footprint)
    window, inside = cut_window(stack, change, rows, columns), footprint[rows, columns]
    if window.water[inside].mean() <= 0.5:
        return ""
    facts = facts_at(window, inside, at_sea=True)
    stays = stays_of(facts.level_db, facts.around_db)
    if not came_and_went(stays):
        return ""
    if len(stays) == 1 and not _contradicts(stays[0], onset, window.dates, structure):
        return ""
    return stays_in_words(stays, window.dates)


def _contradicts(stay: Stay, onset: dt.date, dates: Sequence[dt.date], structure: Structure) -> bool:
    """Whether a stay's end belies what the first track takes to last (or agrees with what it saw vanish)."""
    brighter = structure.levels[0].after_db > structure.levels[0].before_db
    return stay.ended and (dates[stay.last] >= onset if brighter else True)
