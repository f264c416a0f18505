"""A site through time: its outlines by day and the days of its activity, as IARPA SMART compares them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import operator
from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from sitewatch.exports._smart import SmartObservation, SmartSite
from sitewatch.structure import PHASES, Phase
from sitewatch.structures._phase_errors import Observation

NONE, PREPARATION, ACTIVE, POST = PHASES


@dataclasses.dataclass(frozen=True)
class Stack:
    """Outlines by day, and the days of activity.

    Attributes
    ----------
    ids
        Of the sites in it.
    slices
        Days of the observations, increasing, and their outlines, EPSG:4326.
    extent
        All that it ever covers.
    start, end
        First and last day of activity.
    labelled
        Observations that tell a phase.
    """

    ids: tuple[str, ...]
    slices: tuple[tuple[dt.date, BaseGeometry], ...]
    extent: BaseGeometry
    start: dt.date
    end: dt.date
    labelled: tuple[SmartObservation, ...]

    def at(self, day: dt.date) -> BaseGeometry | None:
        """The latest outline by a day."""
        return next((outline for seen, outline in reversed(self.slices) if seen <= day), None)


def stack_of(site: SmartSite, span: tuple[dt.date | None, dt.date | None], *, truth: bool) -> Stack | None:
    """A site within a span of time; None where no observation lies in it.

    The activity of a reference (`truth`) with phases is read from them: from the first Site Preparation or Active
    Construction to the first Post Construction. All else goes by its start and end dates.
    """
    first, last = span[0] or dt.date.min, span[1] or dt.date.max
    seen = sorted(
        ((one.date, one) for one in site.observations if one.date and first <= one.date <= last),
        key=operator.itemgetter(0),
    )
    if not seen:
        return None
    slices = tuple((day, shapely.make_valid(one.geometry)) for day, one in seen)
    labelled = tuple(one for _, one in seen if one.phases)
    start, end = site.start or seen[0][0], site.end or span[1] or seen[-1][0]
    if truth and site.status.startswith(("positive", "system_confirmed")) and labelled:
        begun = [one.date for one in labelled if {PREPARATION, ACTIVE} & set(one.phases)]
        done = [one.date for one in labelled if set(one.phases) == {POST}]
        start = min((day for day in begun if day), default=start)
        end = min((day for day in done if day and day >= start), default=span[1] or seen[-1][0])
    extent = shapely.union_all([outline for _, outline in slices])
    return Stack((site.id,), slices, extent, max(start, first), max(min(end, last), max(start, first)), labelled)


def union_of(stacks: Sequence[Stack]) -> Stack:
    """Several sites as one: at each day the union of their outlines by then."""
    if len(stacks) == 1:
        return stacks[0]
    days = sorted({day for one in stacks for day, _ in one.slices})
    slices = [(day, shapely.union_all([o for one in stacks if (o := one.at(day)) is not None])) for day in days]
    return Stack(
        ids=tuple(name for one in stacks for name in one.ids),
        slices=tuple(slices),
        extent=shapely.union_all([one.extent for one in stacks]),
        start=min(one.start for one in stacks),
        end=max(one.end for one in stacks),
        labelled=tuple(o for one in stacks for o in one.labelled),
    )


def labels(stack: Stack, phase: Phase) -> list[Observation]:
    """Observations by whether they bear a phase.

    Of several labels Post Construction counts where all say so, any other where one does.
    """
    out: list[Observation] = []
    for one in stack.labelled:
        bears = set(one.phases) == {phase} if phase == POST else phase in one.phases
        if one.date is not None:
            out.append((one.date, phase if bears else NONE))
    return sorted(out)


def spatial_overlap(truth: Stack, found: Stack, tau: float) -> float:
    """Share of a reference's observations with activity at which both outlines agree, 0 to 1."""
    scores = []
    for day, outline in _active(truth):
        other = found.at(day)
        scores.append(0.0 if other is None else iou_of(outline, other))
    return sum(score >= tau for score in scores) / len(scores) if scores else 0.0


def _active(truth: Stack) -> list[tuple[dt.date, BaseGeometry]]:
    """The outlines that are compared: without those of No Activity, and of Post Construction only the first."""
    phases = {one.date: set(one.phases) for one in truth.labelled}
    out, finished = [], False
    for day, outline in truth.slices:
        said = phases.get(day, set())
        if said == {NONE} or (said == {POST} and finished):
            continue
        finished = finished or said == {POST}
        out.append((day, outline))
    return out


def iou_of(a: BaseGeometry, b: BaseGeometry) -> float:
    """Intersection over union. In degrees: at the size of a site, both areas are stretched alike."""
    union = shapely.union(a, b).area
    return float(shapely.intersection(a, b).area / union) if union > 0 else 0.0
