"""A task a place: the structures in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sitewatch.change import Learnt, change_dataset
from sitewatch.record import from_json, to_json
from sitewatch.site import Site
from sitewatch.structures import Structure, candidate_regions, find_among, join_found
from sitewatch.survey._folder import Folder
from sitewatch.survey._places import BLOCK, Place
from sitewatch.survey._tiles import change_part
from sitewatch.survey._tracks import keep_to_one_thread, opened


@dataclasses.dataclass(frozen=True)
class SurveyedTrack:
    """One track of a survey.

    Attributes
    ----------
    stack, change
        Addresses of its Zarr stores.
    key
        Of the stack's content.
    searched
        How many pixels of the area were searched.
    last_image
        Latest change point of the area.
    """

    stack: str
    change: str
    key: str
    searched: int = 0
    last_image: int = -1


@dataclasses.dataclass(frozen=True)
class PlaceJob:
    """One place, and the area's figures that what is found there is judged by."""

    place: Place
    tracks: tuple[SurveyedTrack, ...]
    alpha: float
    folder: Folder
    name: str
    key: str


def find_in_place(job: PlaceJob, site: Site, *learnt: Learnt) -> list[Structure]:
    """The structures of a place; those of one that was finished before are read."""
    before = job.folder.read(job.name)
    if before is not None and before.get("key") == job.key:
        return [from_json(one, one["name"]) for one in before["structures"]]
    keep_to_one_thread()
    rows, columns = slice(*job.place.rows), slice(*job.place.columns)
    blocks = set(job.place.blocks)
    tracks, found = [], []
    for track, known in zip(job.tracks, learnt, strict=True):
        stack = opened(track.stack, track.key).isel(y=rows, x=columns)
        ships = np.full(stack.sizes["time"], -1, np.int16)
        change = change_dataset(change_part(track.change, rows, columns), stack, known, ships)
        # The box may hold parts of other places, which are found in theirs.
        regions = [
            region
            for region in candidate_regions(change, last_image=track.last_image)
            if _block_of(region.rows, region.columns, region.mask, job.place) in blocks
        ]
        tracks.append((stack, change))
        found.append(find_among(stack, change, regions, track.searched, alpha=job.alpha))
    structures = list(join_found(site, tracks, found, alpha=job.alpha))
    job.folder.write(job.name, {"key": job.key, "structures": [to_json(one) for one in structures]})
    return structures


def _block_of(rows: slice, columns: slice, mask: Any, place: Place) -> tuple[int, int]:
    """The block that a region's first pixel lies in."""
    row, column = np.argwhere(mask)[0]
    return (
        (place.rows[0] + rows.start + int(row)) // BLOCK,
        (place.columns[0] + columns.start + int(column)) // BLOCK,
    )
