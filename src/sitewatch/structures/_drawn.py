"""Date a footprint that the analyst drew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr

from sitewatch.change import detect_change
from sitewatch.change.optical import detect_optical_change, is_optical
from sitewatch.errors import StructureError
from sitewatch.structure import Structure
from sitewatch.structures._alone import date_alone
from sitewatch.structures._describe import describe
from sitewatch.structures._find_one import Found, judge
from sitewatch.structures._ground import ground_of
from sitewatch.structures._joint import join_evidence, look_within
from sitewatch.structures._map import covered
from sitewatch.structures._partners import partner_of

FEWEST_PIXELS = 4


def date_footprint(
    polygon: shapely.Polygon | shapely.MultiPolygon,
    stacks: Sequence[xr.Dataset],
    changes: Sequence[xr.Dataset] | None = None,
    *,
    singles: Sequence[xr.Dataset] = (),
    alpha: float = 0.01,
) -> tuple[Structure, ...]:
    """Growth and date intervals of a given footprint: of all images together, then of each track alone.

    Parameters
    ----------
    polygon
        EPSG:4326 (longitude, latitude).
    stacks
        One a track; only those that cover the polygon with three images or more answer.
    changes
        What `detect_change` made of each; computed where not given.
    singles
        Stacks of tracks with one or two images; each image is judged within itself. Where there are no others, the
        answer rests on them alone.

    Returns
    -------
    The answer of all together first, where there are several tracks or single images; then one a track.

    Raises
    ------
    StructureError
        Where no track or image covers the polygon, or it covers fewer than four pixels.
    """
    if any(is_optical(stack) for stack in (*stacks, *singles)):
        return _with_optical(polygon, stacks, changes, singles, alpha)
    if not stacks and singles:
        return (date_alone(polygon, singles, alpha=alpha),)
    if changes is None:
        changes = [detect_change(stack) for stack in stacks]
    found: list[tuple[Found, tuple[xr.Dataset, xr.Dataset]]] = []
    refusals = []
    for track in zip(stacks, changes, strict=True):
        try:
            found.append((_in_track(polygon, *track, alpha), track))
        except StructureError as error:
            refusals.append(error)
    if not found and singles:
        return (date_alone(polygon, singles, alpha=alpha),)
    if not found:
        raise refusals[0] if refusals else StructureError("there are no stacks to date the footprint with")
    answers = [describe(one) for one, _ in found]
    best = min(range(len(found)), key=lambda i: answers[i].p_value)
    lead, own = found[best]
    partners = [
        partner
        for i, (_, track) in enumerate(found)
        if i != best and (partner := partner_of(lead, own, track, least_p=1.0)) is not None
    ]
    glimpses = look_within(lead, own, partners, singles, shapely.Polygon())
    if not partners and not glimpses:
        return tuple(answers)
    together = join_evidence(answers[best], lead, own, partners, glimpses, alpha)
    return together, *(answers if len(found) > 1 else ())


def _with_optical(
    polygon: shapely.Polygon | shapely.MultiPolygon,
    stacks: Sequence[xr.Dataset],
    changes: Sequence[xr.Dataset] | None,
    singles: Sequence[xr.Dataset],
    alpha: float,
) -> tuple[Structure, ...]:
    """Radar's answers as ever, those of the optical tracks, and first what they come to together."""
    from sitewatch.structures.optical import date_in_optical, meet

    if changes is None:
        changes = [(detect_optical_change if is_optical(stack) else detect_change)(stack) for stack in stacks]
    tracks = list(zip(stacks, changes, strict=True))
    radar = [track for track in tracks if not is_optical(track[0])]
    single = [stack for stack in singles if not is_optical(stack)]
    answers: list[Structure] = []
    refusals: list[StructureError] = []
    if radar or single:
        try:
            answers += date_footprint(
                polygon, [s for s, _ in radar], [c for _, c in radar], singles=single, alpha=alpha
            )
        except StructureError as error:
            refusals.append(error)
    together = answers[:1]
    for stack, change in tracks:
        if not is_optical(stack):
            continue
        try:
            one = date_in_optical(polygon, stack, change, alpha=alpha)
        except StructureError as error:
            refusals.append(error)
            continue
        answers.append(one)
        together = meet(together, [one], alpha=alpha)[:1] if together else [one]
    if not answers:
        raise refusals[0] if refusals else StructureError("there are no stacks to date the footprint with")
    return tuple(answers) if len(answers) == 1 else (*together, *answers)


def _in_track(
    polygon: shapely.Polygon | shapely.MultiPolygon, stack: xr.Dataset, change: xr.Dataset, alpha: float
) -> Found:
    geobox = stack.odc.geobox
    mask = covered(polygon, geobox)
    mask &= np.isfinite(change["p_value"].to_numpy())
    if mask.sum() < FEWEST_PIXELS:
        raise StructureError(
            f"the polygon covers {int(mask.sum())} pixels of {stack.attrs.get('track_label', 'this track')}",
            hint=f"It must cover {FEWEST_PIXELS} pixels of {float(stack.attrs['pixel_x_m']):.0f} m inside the images",
        )
    # The place was given, not searched for: the p-value pays for the dates only.
    return judge(stack, change, mask, ground_of(change), int(mask.sum()), alpha)
