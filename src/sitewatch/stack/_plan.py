"""Planning: which scenes make which image of which stack. Pure: it opens no file."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from odc.geo.geobox import GeoBox
from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from sitewatch.scenes._scene import REFLECTANCES, LeftOut, Scene, Track
from sitewatch.site import meets_if_swapped

# Bursts and frames of one overpass follow each other within seconds; the next overpass is more than an hour away.
_SAME_PASS = dt.timedelta(seconds=60)
# Two products that show the same ground from the same overpass; bursts of one swath overlap by a tenth.
_SAME_GROUND = 0.9
_QUANTITY_ORDER = ("gamma0", "sigma0", "beta0", *REFLECTANCES, "unknown")
_POLARISATION_ORDER = ("VV", "VH", "HH", "HV", "blue", "green", "red", "nir", "swir16", "swir22")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_GEOD = Geod(ellps="WGS84")


@dataclasses.dataclass(frozen=True)
class Pass:
    """One overpass: the scenes that make one time step, in the order in which they claim pixels."""

    time: dt.datetime
    platform: str
    scenes: tuple[Scene, ...]

    @property
    def polarisations(self) -> frozenset[str]:
        """Polarisations that at least one of the scenes has."""
        return frozenset(p for scene in self.scenes for p in scene.polarisations)


@dataclasses.dataclass(frozen=True)
class StackPlan:
    """What a stack will hold, before any pixel is read.

    Attributes
    ----------
    track
        Viewing geometry that all scenes share.
    geobox
        Site grid.
    passes
        In the order of time, times strictly increasing.
    polarisations
        Of all passes together; a pass that lacks one is NaN there.
    left_out
        Scenes of this track that are not used, with the reason.
    notes
        What was assumed.
    """

    track: Track
    geobox: GeoBox
    passes: tuple[Pass, ...]
    polarisations: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """All scenes that are used."""
        return tuple(scene for p in self.passes for scene in p.scenes)

    @property
    def time_known(self) -> bool:
        """False where at least one image gives its date only."""
        return all(scene.time_known for scene in self.scenes)

    @property
    def dates(self) -> tuple[str, ...]:
        """Acquisition date of each pass, ISO format."""
        return tuple(p.time.date().isoformat() for p in self.passes)

    def without(self, dropped: Iterable[LeftOut]) -> StackPlan:
        """Return the same plan less the scenes that `dropped` names."""
        dropped = tuple(dropped)
        names = {item.source for item in dropped}
        passes = []
        for p in self.passes:
            kept = tuple(s for s in p.scenes if s.id not in names)
            if kept:
                passes.append(dataclasses.replace(p, scenes=kept))
        return dataclasses.replace(
            self, passes=tuple(passes), polarisations=_union(passes), left_out=self.left_out + dropped
        )


def in_reach(area: BaseGeometry, scenes: Sequence[Scene]) -> tuple[list[Scene], list[LeftOut]]:
    """Part the scenes that show some of `area` (EPSG:4326) from those that miss it, told with their distance."""
    near: list[Scene] = []
    left_out: list[LeftOut] = []
    for scene in sorted(scenes, key=_order):
        if scene.footprint.intersects(area):
            near.append(scene)
            continue
        there, here = nearest_points(scene.footprint, area)
        _, _, distance_m = _GEOD.inv(there.x, there.y, here.x, here.y)
        swapped = meets_if_swapped(area, [scene.footprint])
        hint = "the image covers the site with x and y swapped: write longitude first, then latitude" if swapped else ""
        left_out.append(leave_out(scene, f"misses the site by {distance_m / 1000:,.1f} km", hint))
    return near, left_out


def plan_stacks(geobox: GeoBox, scenes: Sequence[Scene]) -> tuple[StackPlan, ...]:
    """Plan one stack a track on the grid `geobox`; independent of the order of `scenes`.

    Scenes of one overpass (same platform, at most 60 s apart; the same date where times are unknown) become one time
    step. Of several products of one acquisition the one processed last is used.
    """
    by_track: defaultdict[Track, list[Scene]] = defaultdict(list)
    for scene in sorted(scenes, key=_order):
        by_track[scene.track].append(scene)
    return tuple(_plan_track(track, geobox, members) for track, members in sorted(by_track.items()))


def leave_out(scene: Scene, reason: str, hint: str = "") -> LeftOut:
    """Say that a scene is not used, and why."""
    return LeftOut(scene.id, reason, hint, scene.datetime, scene.track)


def _plan_track(track: Track, geobox: GeoBox, scenes: list[Scene]) -> StackPlan:
    scenes, other_quantity = _one_quantity(scenes)
    passes: list[Pass] = []
    left_out = list(other_quantity)
    for group in _overpasses(scenes):
        kept, duplicates = _without_duplicates(group)
        left_out += duplicates
        platform = next((s.platform for s in kept if s.platform), "")
        passes.append(Pass(min(s.datetime for s in kept), platform, tuple(sorted(kept, key=_claim_order))))
    passes.sort(key=lambda p: p.time)
    polarisations = _union(passes)
    notes = [*_missing_polarisations(passes, polarisations), *_missing_subunits(passes)]
    return StackPlan(track, geobox, tuple(passes), polarisations, tuple(left_out), tuple(notes))


def _one_quantity(scenes: list[Scene]) -> tuple[list[Scene], list[LeftOut]]:
    """Keep the quantity that most scenes measure: gamma0 and sigma0 of one ground differ by more than a change does."""
    counts = Counter(scene.quantity for scene in scenes)
    most = min(counts, key=lambda q: (-counts[q], _QUANTITY_ORDER.index(q)))
    left_out = [
        leave_out(
            s, f"measures {s.quantity} while most images of its track measure {most}", "convert it, or run it alone"
        )
        for s in scenes
        if s.quantity != most
    ]
    return [s for s in scenes if s.quantity == most], left_out


def _overpasses(scenes: list[Scene]) -> list[list[Scene]]:
    """Group scenes by overpass; a chain of frames less than a minute apart is one."""
    timed: defaultdict[str, list[list[Scene]]] = defaultdict(list)
    for scene in (s for s in scenes if s.time_known):
        chains = timed[scene.platform]
        if chains and scene.datetime - chains[-1][-1].datetime <= _SAME_PASS:
            chains[-1].append(scene)
        else:
            chains.append([scene])
    groups: dict[dt.datetime, list[Scene]] = {}
    for chain in (chain for chains in timed.values() for chain in chains):
        # Two platforms at the very same second can't both own that time step.
        groups.setdefault(chain[0].datetime, []).extend(chain)
    for scene in (s for s in scenes if not s.time_known):
        same_day = [time for time in groups if time.date() == scene.datetime.date()]
        groups.setdefault(same_day[0] if len(same_day) == 1 else scene.datetime, []).append(scene)
    return list(groups.values())


def _without_duplicates(group: list[Scene]) -> tuple[list[Scene], list[LeftOut]]:
    """Of products of one acquisition keep the one processed last; a product with a polarisation more stays."""
    kept: list[Scene] = []
    left_out: list[LeftOut] = []
    for scene in sorted(group, key=_newest_first):
        twin = next((k for k in kept if _same_acquisition(scene, k)), None)
        if twin is None:
            kept.append(scene)
        elif twin.id == scene.id:
            left_out.append(leave_out(scene, f"duplicate of {twin.id} (the same product given twice)"))
        else:
            left_out.append(leave_out(scene, f"duplicate of {twin.id} (the same acquisition, processed no later)"))
    return kept, left_out


def _same_acquisition(scene: Scene, kept: Scene) -> bool:
    if not set(scene.polarisations) <= set(kept.polarisations) or scene.subunit != kept.subunit:
        return False
    if scene.id == kept.id or scene.subunit:
        return True
    both = scene.footprint.union(kept.footprint).area
    return both == 0 or scene.footprint.intersection(kept.footprint).area >= _SAME_GROUND * both


def _missing_polarisations(passes: list[Pass], polarisations: tuple[str, ...]) -> list[str]:
    notes = []
    for name in polarisations:
        missing = sum(name not in p.polarisations for p in passes)
        if missing:
            notes.append(f"{name} is missing from {missing} of {len(passes)} images and NaN there")
    return notes


def _missing_subunits(passes: list[Pass]) -> list[str]:
    """Tell where a burst is absent: its overlap then comes from a neighbour, seen at another angle."""
    counts = Counter(name for p in passes for name in {s.subunit for s in p.scenes if s.subunit})
    return [
        f"{name} is absent from {len(passes) - n} of {len(passes)} images; where bursts overlap a neighbour fills in"
        for name, n in sorted(counts.items())
        if len(counts) > 1 and n < len(passes)
    ]


def order_polarisations(names: Iterable[str]) -> list[str]:
    """Put names in the order VV, VH, HH, HV, any others after them."""
    unique = set(names)
    known = [name for name in _POLARISATION_ORDER if name in unique]
    return [*known, *sorted(unique.difference(known))]


def _union(passes: Iterable[Pass]) -> tuple[str, ...]:
    return tuple(order_polarisations(name for p in passes for name in p.polarisations))


def _order(scene: Scene) -> tuple[dt.datetime, str, str, str]:
    return scene.datetime, scene.subunit, scene.id, ";".join(band.href for band in scene.bands)


def _newest_first(scene: Scene) -> tuple[bool, float, int, dt.datetime, str, str, str]:
    processed = (scene.processed or _EPOCH) - _EPOCH
    # The detected image of an acquisition before its complex one: the dates of a track should have like looks.
    return scene.product_type == "SLC", -processed.total_seconds(), -len(scene.bands), *_order(scene)


def _claim_order(scene: Scene) -> tuple[str, dt.datetime, float, str]:
    # By burst first: on every date the same burst claims the overlap, whatever the order of acquisition or of files.
    processed = (scene.processed or _EPOCH) - _EPOCH
    return scene.subunit, scene.datetime, -processed.total_seconds(), scene.id
