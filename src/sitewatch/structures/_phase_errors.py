"""Errors of phase onsets by the official definitions of IARPA SMART.

They are those of its test harness (Johns Hopkins APL and BlackSky 2024, `iarpa_smart_metrics`, ac_temporal_error).
The onset of a phase is the first observation that bears its label. Nobody saw the day itself: it lies in the phase
gap, from the observation before the onset to the onset. The temporal error is the proposed onset less the annotated
one in calendar days, negative where the proposal is early. In the best case the true day is that of the gap which
lies nearest to the proposal (no error where the proposal lies in the gap), in the worst case the one farthest from
it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np

from sitewatch.structure import Phase

Observation = tuple[dt.date, Phase]


@dataclasses.dataclass(frozen=True)
class OnsetError:
    """Days from the annotated onset of a phase to the proposed one; negative is early."""

    days: int
    best_days: int
    worst_days: int


@dataclasses.dataclass(frozen=True)
class OnsetSummary:
    """Errors of one phase over many sites, as the official table sums them up.

    Attributes
    ----------
    count
        Sites whose annotation and proposal both have the phase.
    early, late, perfect
        How many of them are proposed before, after and on the annotated day.
    missing_proposals, missing_truth
        Sites whose proposal, and whose annotation, lacks the phase; they have no error.
    mean_days, sd_days, mean_absolute_days
        Of the signed errors and of their magnitudes; NaN without any.
    best_mean_days, best_mean_absolute_days, worst_mean_days, worst_mean_absolute_days
        Likewise in the best and the worst case.
    """

    count: int
    early: int
    late: int
    perfect: int
    missing_proposals: int
    missing_truth: int
    mean_days: float
    sd_days: float
    mean_absolute_days: float
    best_mean_days: float
    best_mean_absolute_days: float
    worst_mean_days: float
    worst_mean_absolute_days: float


def onset_error(proposed: dt.date, annotated: dt.date, before: dt.date | None = None) -> OnsetError:
    """Error of one onset.

    Parameters
    ----------
    proposed, annotated
        Onsets of the phase.
    before
        The annotation's observation before the onset; without one the gap is the annotated day alone.
    """
    start = annotated if before is None else before
    if start > annotated:
        raise ValueError(f"the observation before the onset, {start}, lies after it, {annotated}")
    to_start, to_end = (proposed - start).days, (proposed - annotated).days
    best = 0 if to_end <= 0 <= to_start else min(to_start, to_end, key=abs)
    return OnsetError(to_end, best, max(to_start, to_end, key=abs))


def onset_of(observations: Sequence[Observation], phase: Phase) -> tuple[dt.date, dt.date | None] | None:
    """First observation that bears a phase, and the one before it; None where none bears it."""
    ordered = sorted(observations)
    for i, (day, label) in enumerate(ordered):
        if label == phase:
            return day, ordered[i - 1][0] if i else None
    return None


def sum_up(pairs: Sequence[tuple[Sequence[Observation], Sequence[Observation]]], phase: Phase) -> OnsetSummary:
    """Errors of one phase over sites, each a pair of annotated and proposed observations."""
    errors, missing_proposals, missing_truth = [], 0, 0
    for annotated, proposed in pairs:
        true, found = onset_of(annotated, phase), onset_of(proposed, phase)
        missing_truth += true is None
        missing_proposals += true is not None and found is None
        if true is not None and found is not None:
            errors.append(onset_error(found[0], *true))
    days = np.array([[e.days, e.best_days, e.worst_days] for e in errors], float).reshape(-1, 3)
    means = days.mean(axis=0) if errors else np.full(3, np.nan)
    magnitudes = np.abs(days).mean(axis=0) if errors else np.full(3, np.nan)
    return OnsetSummary(
        count=len(errors),
        early=int((days[:, 0] < 0).sum()),
        late=int((days[:, 0] > 0).sum()),
        perfect=int((days[:, 0] == 0).sum()),
        missing_proposals=missing_proposals,
        missing_truth=missing_truth,
        mean_days=float(means[0]),
        sd_days=float(days[:, 0].std()) if errors else float("nan"),
        mean_absolute_days=float(magnitudes[0]),
        best_mean_days=float(means[1]),
        best_mean_absolute_days=float(magnitudes[1]),
        worst_mean_days=float(means[2]),
        worst_mean_absolute_days=float(magnitudes[2]),
    )
