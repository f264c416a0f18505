"""Which images of pointed satellites were taken alike: no fixed bins of angle could tell without splitting some."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from sitewatch.scenes._scene import Scene, Track

# Backscatter changes by some tenths of a decibel over so much incidence angle, and the double bounce of a wall stays
# in sight over so much azimuth.
_INCIDENCE_DEG = 1.5
_AZIMUTH_DEG = 10.0


def join_geometries(scenes: Sequence[Scene]) -> list[Scene]:
    """Give images that were taken nearly alike one track: that of the first of them.

    Parameters
    ----------
    scenes
        In the order of time. Images that come later don't change the tracks of those before.

    Returns
    -------
    list of Scene
        The same scenes in the same order.
    """
    founders: defaultdict[Track, list[Scene]] = defaultdict(list)
    joined = []
    for scene in scenes:
        if not scene.track.is_pointed:
            joined.append(scene)
            continue
        alike = founders[dataclasses.replace(scene.track, incidence_deg=0, azimuth_deg=-1)]
        near = min(alike, key=lambda first: _apart(scene, first), default=None)
        if near is None or _apart(scene, near) > 1:
            alike.append(scene)
            joined.append(scene)
        else:
            joined.append(dataclasses.replace(scene, track=near.track))
    return joined


def _apart(scene: Scene, other: Scene) -> float:
    """How far two geometries are apart: more than 1 is another geometry."""
    return max(
        _share(scene.incidence_angle_deg, other.incidence_angle_deg, _INCIDENCE_DEG, 180),
        _share(scene.view_azimuth_deg, other.view_azimuth_deg, _AZIMUTH_DEG, 360),
    )


def _share(one: float | None, other: float | None, tolerance: float, turn: float) -> float:
    if one is None or other is None:
        return 0.0 if one is other else 2.0
    difference = abs(one - other) % turn
    return min(difference, turn - difference) / tolerance
