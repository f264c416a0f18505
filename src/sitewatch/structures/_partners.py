"""Tracks that show a structure which another track shows best, and what they say of it together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.stats import chi2

from sitewatch.change import covariances_of, shared_covariances_of
from sitewatch.structures._character import Character, characterise
from sitewatch.structures._find_one import Found, regraded
from sitewatch.structures._together import Together, follow_together
from sitewatch.structures._window import Window, cut_window

# A track in which nothing was found shows a structure of another track where the change there has this chance.
LOOKED_UP_P = 0.05
LEAST_CHANCE = 1e-300
Track = tuple[xr.Dataset, xr.Dataset]
"""A stack and its change."""


@dataclasses.dataclass(frozen=True)
class Partner:
    """A track that shows a structure, with the structure's pixels as it sees them.

    Attributes
    ----------
    character
        Of the footprint in this track; its p-value pays for the dates only, since the place is known.
    together
        The footprint followed through the lead's track and this one.
    """

    window: Window
    change: xr.Dataset
    character: Character
    together: Together


def partner_of(lead: Found, own: Track, track: Track, *, least_p: float) -> Partner | None:
    """The track as one that shows the lead's footprint.

    Parameters
    ----------
    own, track
        The lead's track and the one in question.
    least_p
        The p-value that it must not exceed.

    Returns
    -------
    None where its grid is another, it has too few images on one side of the onset, or the change there is none or of
    the other sign.
    """
    stack, change = track
    if stack.odc.geobox != own[0].odc.geobox:
        return None
    window = cut_window(stack, change, lead.window.rows, lead.window.columns)
    if not np.isfinite(window.log_values[:, 0][:, lead.footprint]).any():
        return None
    covariances = covariances_of(change)
    together = follow_together([lead.window, window], lead.presence, [covariances_of(own[1]), covariances])
    presence = together.presence[1]
    if presence is None:
        return None
    searched = int(lead.footprint.sum())
    shared = shared_covariances_of(change)
    character = characterise(window, lead.footprint, presence, covariances, shared, searched)
    alike = (character.step_db.mean() > 0) == (lead.character.step_db.mean() > 0)
    return Partner(window, change, character, together) if alike and character.p_value <= least_p else None


def joint_p(p_values: Sequence[float]) -> float:
    """Chance that nothing but noise gives evidence as strong in independent tracks together.

    Fisher's sum, -2 sum ln p, is chi-square with two degrees of freedom a p-value (Fisher 1925, Statistical Methods for
    Research Workers, section 21.1). Never more than that of the first track alone, which found the place.
    """
    if len(p_values) == 1:
        return p_values[0]
    total = -2.0 * float(np.log(np.maximum(p_values, LEAST_CHANCE)).sum())
    return min(p_values[0], float(chi2.sf(total, 2 * len(p_values))))


def graded_together(
    lead: Found,
    partners: Sequence[Partner],
    p_value: float,
    alpha: float,
    *,
    with_it: int = 0,
    without_it: int = 0,
) -> Found:
    """The lead's finding graded by what all tracks say.

    Parameters
    ----------
    p_value
        Of all together.
    with_it, without_it
        Numbers of single images that show it, and the place without it.
    """
    all_of = [lead.character, *(p.character for p in partners)]
    before, after = (np.array([getattr(c, name) for c in all_of], float) for name in ("images_before", "images_after"))
    like_after = _mean([c.like_after_before for c in all_of], before)
    like_before = _mean([c.like_before_after for c in all_of], after)
    # Each track's levels tell a vessel laid up from a work by their own swing: log ratios of independent images add.
    vessel = [c.vessel_log_ratio for c in all_of if np.isfinite(c.vessel_log_ratio)]
    scatter = next((c.scatter_after_db for c in all_of if np.isfinite(c.scatter_after_db)), float("nan"))
    character = dataclasses.replace(
        lead.character,
        images_before=int(before.sum()) + without_it,
        images_after=int(after.sum()) + with_it,
        like_after_before=like_after,
        like_before_after=like_before,
        scatter_after_db=scatter,
        vessel_log_ratio=float(np.sum(vessel)) if vessel else float("nan"),
        p_value=p_value,
    )
    return regraded(lead, character, alpha)


def _mean(values: Sequence[float], weight: np.ndarray) -> float:
    return float(np.average(values, weights=weight)) if weight.sum() > 0 else 0.0
