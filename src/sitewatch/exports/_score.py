"""How well proposed sites agree with reference site models, by the definitions of IARPA SMART.

They are those of its test harness (Johns Hopkins APL and BlackSky 2024, `iarpa_smart_metrics`, broad area search):

- Reference and proposal are compared at each observation of the reference that shows activity (not at those of
  No Activity, and at the first of Post Construction only), with the latest observation of the proposal by then. The
  *spatial overlap* is the share of them whose intersection over union is `tau` or more; it must be `rho`.
- The days of activity of both must meet: their intersection must be a share `temporal_iot` of the reference's days and
  `temporal_iop` of the proposal's.
- Where several proposals meet a reference site, their union is compared, then what is left when those that fit worst
  are taken away one by one.
- Reference sites of 9000 m² or less, those that began before their region's time, and those annotated so are ignored.

Not carried over: the second chance that a proposal over several reference sites gets by intersection over truth.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Literal

import shapely

from sitewatch.exports._smart import SmartRegion, SmartSite
from sitewatch.exports._smart_stack import Stack, iou_of, labels, spatial_overlap, stack_of, union_of
from sitewatch.geodesy import area_m2
from sitewatch.structure import PHASES, Phase
from sitewatch.structures._phase_errors import OnsetError, OnsetSummary, onset_error, onset_of, sum_up

_DAY = dt.timedelta(days=1)
SCORED_PHASES: tuple[Phase, ...] = PHASES[1:]
Role = Literal["positive", "negative", "ignored"]


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """What it takes for a reference site to count as detected; as the programme has them.

    Attributes
    ----------
    tau
        Least intersection over union of two outlines.
    rho
        Least share of the reference's observations that reach it.
    temporal_iot, temporal_iop
        Least share of the reference's days, and of the proposal's, that both have.
    smallest_m2
        Reference sites of this size or less are ignored.
    """

    tau: float = 0.2
    rho: float = 0.5
    temporal_iot: float = 0.2
    temporal_iop: float = 0.1
    smallest_m2: float = 9000.0


@dataclasses.dataclass(frozen=True)
class Agreement:
    """One reference site and what was proposed for it.

    Attributes
    ----------
    reference, role
        Its id, and whether it should be detected, should not be, or is ignored.
    proposals
        Ids of the proposals that detect it, else of those that come nearest; empty where none touches it.
    detected
        Whether they meet all thresholds.
    iou
        Intersection over union of all that each ever covers.
    spatial_overlap, temporal_iot, temporal_iop
        See the module.
    onsets
        Error of each phase that both have.
    """

    reference: str
    role: Role
    proposals: tuple[str, ...] = ()
    detected: bool = False
    iou: float = 0.0
    spatial_overlap: float = 0.0
    temporal_iot: float = 0.0
    temporal_iop: float = 0.0
    onsets: dict[Phase, OnsetError] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Score:
    """Proposals against a reference.

    Attributes
    ----------
    true_positives, false_negatives
        Positive reference sites that are detected, and that are not.
    false_positives
        Proposals that detect neither a positive nor an ignored site.
    sites
        Every reference site.
    false_proposals
        Ids of the false positives.
    onsets
        Errors of the detected positive sites, by phase.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    sites: tuple[Agreement, ...]
    false_proposals: tuple[str, ...]
    onsets: dict[Phase, OnsetSummary]

    @property
    def precision(self) -> float | None:
        """Share of detections that are right; None without any."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """Share of the positive reference sites that are detected; None without any."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        return _share(self.true_positives, self.true_positives + (self.false_positives + self.false_negatives) / 2)


def score_sites(
    proposals: Sequence[SmartSite],
    references: Sequence[SmartSite],
    regions: Sequence[SmartRegion] = (),
    thresholds: Thresholds | None = None,
) -> Score:
    """Compare proposals with reference site models.

    Parameters
    ----------
    proposals
        All of them count, whatever their status.
    references
        Site models with observations.
    regions
        Their regions, where there are: what lies outside a region's time is not compared.
    """
    limits = thresholds or Thresholds()
    spans = {region.id: (region.start, region.end) for region in regions}
    # What goes on has no end yet: it is taken to go on to the end of all that is compared.
    last = _last_day([*proposals, *references], regions)
    offered = [stack for one in proposals if (stack := stack_of(one, (None, last), truth=False)) is not None]
    agreements: list[Agreement] = []
    hits: set[str] = set()
    pairs: list[tuple[Stack, Stack]] = []
    for site in references:
        span = spans.get(str(site.properties.get("region_id")), (None, last))
        truth = stack_of(site, span, truth=True)
        role = _role(site, truth, span[0], limits)
        if truth is None:
            agreements.append(Agreement(site.id, "ignored"))
            continue
        one, found = _associate(truth, role, offered, limits)
        agreements.append(one)
        if one.detected and role != "negative":
            hits.update(one.proposals)
        if one.detected and role == "positive" and found is not None:
            pairs.append((truth, found))
    positive = [one for one in agreements if one.role == "positive"]
    false = tuple(stack.ids[0] for stack in offered if stack.ids[0] not in hits)
    caught = sum(one.detected for one in positive)
    onsets = {phase: sum_up([(labels(t, phase), labels(f, phase)) for t, f in pairs], phase) for phase in SCORED_PHASES}
    return Score(caught, len(false), len(positive) - caught, tuple(agreements), false, onsets)


def _associate(
    truth: Stack, role: Role, offered: Sequence[Stack], limits: Thresholds
) -> tuple[Agreement, Stack | None]:
    """The most proposals together that detect a site, else those that overlap it best."""
    near = [
        one
        for one in offered
        if one.start <= truth.end and one.end >= truth.start and shapely.intersects(one.extent, truth.extent)
    ]
    near.sort(key=lambda one: (spatial_overlap(truth, one, limits.tau), one.ids))
    tried = []
    for left in range(len(near)):
        together = union_of(near[left:])
        one = _compare(truth, role, together, limits)
        if one.detected:
            return one, together
        tried.append((one, together))
    if not tried:
        return Agreement(truth.ids[0], role), None
    return max(tried, key=lambda pair: (pair[0].spatial_overlap, pair[0].iou))


def _compare(truth: Stack, role: Role, found: Stack, limits: Thresholds) -> Agreement:
    overlap = spatial_overlap(truth, found, limits.tau)
    common = max((min(truth.end, found.end) - max(truth.start, found.start) + _DAY).days, 0)
    iot, iop = common / (truth.end - truth.start + _DAY).days, common / (found.end - found.start + _DAY).days
    enough = overlap >= limits.rho and iot >= limits.temporal_iot and iop >= limits.temporal_iop
    onsets = {phase: error for phase in SCORED_PHASES if (error := _onset(truth, found, phase)) is not None}
    iou = iou_of(truth.extent, found.extent)
    return Agreement(truth.ids[0], role, found.ids, enough, iou, overlap, iot, iop, onsets)


def _onset(truth: Stack, found: Stack, phase: Phase) -> OnsetError | None:
    true, seen = onset_of(labels(truth, phase), phase), onset_of(labels(found, phase), phase)
    return None if true is None or seen is None else onset_error(seen[0], *true)


def _last_day(sites: Sequence[SmartSite], regions: Sequence[SmartRegion]) -> dt.date | None:
    ends = [region.end for region in regions if region.end]
    days = [one.date for site in sites for one in site.observations if one.date]
    return max(ends or days, default=None)


def _role(site: SmartSite, truth: Stack | None, first: dt.date | None, limits: Thresholds) -> Role:
    status = site.status.removeprefix("transient_")
    if status.startswith(("negative", "system_rejected")):
        return "negative"
    active = [one.date for one in site.observations if one.date and set(PHASES[1:3]) & set(one.phases)]
    begun = min(active, default=site.start)
    began_before = first is not None and begun is not None and begun < first
    small = truth is None or max(area_m2(outline) for _, outline in truth.slices) <= limits.smallest_m2
    if status in ("ignore", "system_proposed") or small or began_before:
        return "ignored"
    return "negative" if status.endswith("excluded") else "positive"


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
