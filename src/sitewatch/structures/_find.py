"""Find the structures of a site: delineate, follow, date, measure, name and grade each changed region."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import shapely
import shapely.prepared
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change.optical import is_optical
from sitewatch.progress import Progress, silent
from sitewatch.site import Site
from sitewatch.structure import RANK, Structure
from sitewatch.structures._describe import describe
from sitewatch.structures._find_one import Found, examine, judge
from sitewatch.structures._grade import FEWEST_PIXELS
from sitewatch.structures._ground import ground_of
from sitewatch.structures._join import join_stretches
from sitewatch.structures._naming import name_all, name_one, vessel_elsewhere
from sitewatch.structures._partners import Track
from sitewatch.structures._regions import Region, candidate_regions
from sitewatch.structures._tracks import Sighting, join_tracks, unseen_by, water_known_elsewhere

MOST_REGIONS = 400
# Regions that leave no lasting footprint are shown, rejected, up to so many a track.
MOST_SET_ASIDE = 25


def find_structures(
    site: Site,
    stacks: Sequence[xr.Dataset],
    changes: Sequence[xr.Dataset],
    *,
    alpha: float = 0.01,
    singles: Sequence[xr.Dataset] = (),
    progress: Progress = silent,
) -> tuple[Structure, ...]:
    """Find what was built at a site.

    Parameters
    ----------
    site
        The place; structures outside its area are left out.
    stacks, changes
        One stack a track and what `detect_change` made of it, in the same order.
    alpha
        Chance of a false confirmed structure at a stable site, over the whole area and period.
    singles
        Stacks of tracks with one or two images. Nothing is sought in them; whether they show what the full tracks
        found is judged within each image.
    progress
        Told after each candidate region.

    Returns
    -------
    Structures of every status, confirmed ones first, then by onset.
    """
    if any(is_optical(stack) for stack in stacks):
        return _with_optical(site, stacks, changes, alpha, singles, progress)
    singles = [stack for stack in singles if not is_optical(stack)]
    tracks = list(zip(stacks, changes, strict=True))
    found = [find_in_track(stack, change, alpha=alpha, progress=progress) for stack, change in tracks]
    return join_found(site, tracks, found, singles, alpha=alpha)


def _with_optical(
    site: Site,
    stacks: Sequence[xr.Dataset],
    changes: Sequence[xr.Dataset],
    alpha: float,
    singles: Sequence[xr.Dataset],
    progress: Progress,
) -> tuple[Structure, ...]:
    """The structures of radar tracks as ever, then those of the optical ones, joined where they meet."""
    # Optical structures are built from what stands here.
    from sitewatch.structures.optical import find_in_optical, meet

    tracks = list(zip(stacks, changes, strict=True))
    radar = [track for track in tracks if not is_optical(track[0])]
    out: list[Structure] = []
    if radar:
        of_radar, changed = zip(*radar, strict=True)
        out += find_structures(site, of_radar, changed, alpha=alpha, singles=singles, progress=progress)
    inside = shapely.prepared.prep(site.area)
    optical = sorted((t for t in tracks if is_optical(t[0])), key=lambda t: -t[0].sizes["time"])
    for stack, change in optical:
        seen = find_in_optical(stack, change, alpha=alpha, progress=progress)
        out = meet(out, [s for s in seen if inside.intersects(s.footprint)], alpha=alpha)
    return tuple(sorted(out, key=_order))


def join_found(
    site: Site,
    tracks: Sequence[Track],
    found: Sequence[Sequence[Found]],
    singles: Sequence[xr.Dataset] = (),
    *,
    alpha: float = 0.01,
) -> tuple[Structure, ...]:
    """The structures of a site from the footprints that each track [track] shows; see `find_structures`."""
    sightings = []
    for number, footprints in enumerate(found):
        others = [track for place, track in enumerate(tracks) if place != number]
        graded = [_known_elsewhere(one, others, alpha) for one in footprints]
        sightings.append([Sighting(describe(one), one) for one in graded])
    stacks, changes = [stack for stack, _ in tracks], [change for _, change in tracks]
    inside = shapely.prepared.prep(site.area)
    joined = [s for s in join_tracks(sightings, tracks, singles, alpha=alpha) if inside.intersects(s.footprint)]
    weighed = [_weighed(s, stacks, changes) for s in joined]
    if len(tracks) > 1:
        weighed = [vessel_elsewhere(s, stacks, changes) for s in weighed]
    return tuple(sorted(weighed, key=_order))


def _known_elsewhere(one: Found, others: Sequence[Track], alpha: float) -> Found:
    """A finding graded, and named, by what the other tracks know of its ground."""
    graded = water_known_elsewhere(one, others, alpha)
    return one if graded is one else name_one(graded)


def _weighed(structure: Structure, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset]) -> Structure:
    """A confirmed structure that another track should show and does not is a candidate only."""
    if structure.status != "confirmed":
        return structure
    silent_tracks = unseen_by(structure, stacks, changes)
    if not silent_tracks:
        return structure
    reason = f"{', '.join(silent_tracks)} had the images to show it and does not"
    return dataclasses.replace(structure, status="candidate", reason=reason, confirmed_on=None)


def _order(structure: Structure) -> tuple[int, str, str]:
    return RANK[structure.status], structure.onset.latest.isoformat() if structure.onset else "9999", structure.id


def find_in_track(
    stack: xr.Dataset, change: xr.Dataset, *, alpha: float = 0.01, progress: Progress = silent
) -> list[Found]:
    """Footprints that one track shows, strongest first."""
    searched = int(np.isfinite(change["p_value"].to_numpy()).sum())
    return find_among(stack, change, candidate_regions(change), searched, alpha=alpha, progress=progress)


def find_among(
    stack: xr.Dataset,
    change: xr.Dataset,
    regions: Sequence[Region],
    searched: int,
    *,
    alpha: float = 0.01,
    progress: Progress = silent,
) -> list[Found]:
    """Footprints that one track shows among some of its regions, strongest first.

    Parameters
    ----------
    stack, change
        Of the track, or the same part of both.
    regions
        Of `change`, largest evidence first; at most `MOST_REGIONS` are looked at.
    searched
        How many pixels of the track were searched for them; the p-values pay for these.
    """
    ground, regions = ground_of(change), regions[:MOST_REGIONS]
    taken = np.zeros((stack.sizes["y"], stack.sizes["x"]), bool)
    claims = _claims(regions, taken.shape)
    found, left = [], []
    for number, region in enumerate(regions):
        one = examine(stack, change, region, number, claims, taken, ground, searched, alpha)
        if one is not None:
            taken[one.window.rows, one.window.columns] |= one.footprint
            found.append(one)
        else:
            left.append(region)
        progress("structures", number + 1, len(regions))

    def judged(footprint: NDArray[np.bool_], doubt_pixels: float) -> Found:
        return judge(stack, change, footprint, ground, searched, alpha, doubt_pixels)

    found = join_stretches(found, taken.shape, judged)
    found += _set_aside(left, taken, judged)
    return name_all(found, stack)


def _set_aside(
    regions: Sequence[Region], taken: NDArray[np.bool_], judged: Callable[[NDArray[np.bool_], float], Found]
) -> list[Found]:
    """What changed for a while and left no footprint that lasts, strongest first; all of it rejected."""
    out: list[Found] = []
    for region in regions:
        mask = np.zeros(taken.shape, bool)
        mask[region.rows, region.columns] = region.mask
        mask &= ~taken
        if mask.sum() < FEWEST_PIXELS:
            continue
        if len(out) == MOST_SET_ASIDE:
            break
        one = judged(mask, 0.0)
        refused = one.grade.status == "rejected"
        reason = (
            one.grade.reason if refused else "no footprint is left that the last images still show: it did not last"
        )
        kind = one.grade.kind if refused else "unknown"
        out.append(
            dataclasses.replace(one, grade=dataclasses.replace(one.grade, kind=kind, status="rejected", reason=reason))
        )
    return out


def _claims(regions: Sequence[Region], shape: tuple[int, int]) -> NDArray[np.int32]:
    """[y, x], number + 1 of the region whose core a pixel is, else 0."""
    out = np.zeros(shape, np.int32)
    for number, region in reversed(list(enumerate(regions))):
        out[region.rows, region.columns][region.mask] = number + 1
    return out
