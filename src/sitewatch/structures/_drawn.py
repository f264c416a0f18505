"""Date a footprint that the analyst drew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr

from sitewatch.change import covariances_of, detect_change, shared_covariances_of
from sitewatch.errors import StructureError
from sitewatch.structures._character import characterise
from sitewatch.structures._describe import describe
from sitewatch.structures._find_one import AS_LINE, MARGIN_PIXELS, Found
from sitewatch.structures._grade import grade
from sitewatch.structures._map import covered
from sitewatch.structures._measure import as_line, measure
from sitewatch.structures._presence import follow
from sitewatch.structures._structure import Structure
from sitewatch.structures._waterline import named_at_waterline
from sitewatch.structures._window import cut_window, is_filtered

FEWEST_PIXELS = 4


def date_footprint(
    polygon: shapely.Polygon | shapely.MultiPolygon,
    stacks: Sequence[xr.Dataset],
    changes: Sequence[xr.Dataset] | None = None,
    *,
    alpha: float = 0.01,
) -> tuple[Structure, ...]:
    """Growth and date intervals of a given footprint, one answer a track.

    Parameters
    ----------
    polygon
        EPSG:4326 (longitude, latitude).
    stacks
        One a track; only those that cover the polygon with three images or more answer.
    changes
        What `detect_change` made of each; computed where not given.

    Raises
    ------
    StructureError
        Where no track covers the polygon, or it covers fewer than four pixels.
    """
    if changes is None:
        changes = [detect_change(stack) for stack in stacks]
    answers = []
    refusals = []
    for stack, change in zip(stacks, changes, strict=True):
        try:
            answers.append(_in_track(polygon, stack, change, alpha))
        except StructureError as error:
            refusals.append(error)
    if not answers:
        raise refusals[0] if refusals else StructureError("there are no stacks to date the footprint with")
    return tuple(answers)


def _in_track(
    polygon: shapely.Polygon | shapely.MultiPolygon, stack: xr.Dataset, change: xr.Dataset, alpha: float
) -> Structure:
    geobox = stack.odc.geobox
    mask = covered(polygon, geobox)
    mask &= np.isfinite(change["p_value"].to_numpy())
    if mask.sum() < FEWEST_PIXELS:
        raise StructureError(
            f"the polygon covers {int(mask.sum())} pixels of {stack.attrs.get('track_label', 'this track')}",
            hint=f"It must cover {FEWEST_PIXELS} pixels of {float(stack.attrs['pixel_x_m']):.0f} m inside the images",
        )
    rows, columns = np.nonzero(mask)
    box = (
        slice(max(rows.min() - MARGIN_PIXELS, 0), rows.max() + MARGIN_PIXELS + 1),
        slice(max(columns.min() - MARGIN_PIXELS, 0), columns.max() + MARGIN_PIXELS + 1),
    )
    covariances = covariances_of(change)
    window = cut_window(stack, change, *box)
    inside = mask[box]
    part = change.isel(y=box[0], x=box[1])
    presence = follow(window, inside, part["first_image"].to_numpy(), part["statistic"].to_numpy(), covariances)
    # The place was given, not searched for: the p-value pays for the dates only.
    searched = int(inside.sum())
    character = characterise(window, inside, presence, covariances, shared_covariances_of(change), searched)
    pixel_m = (float(stack.attrs["pixel_x_m"]), float(stack.attrs["pixel_y_m"]))
    shape = measure(inside, window.stack.odc.geobox, pixel_m)
    verdict = grade(character, shape, alpha, filtered=is_filtered(stack))
    verdict = named_at_waterline(verdict, shape, inside, window.water)
    if verdict.kind in AS_LINE:
        shape = as_line(shape, float(np.sqrt(pixel_m[0] * pixel_m[1])))
    return describe(Found(window, inside, presence, character, shape, verdict))
