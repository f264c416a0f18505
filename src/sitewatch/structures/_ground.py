"""What a track's surfaces do by themselves, as its footprints are judged against it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import xarray as xr

from sitewatch.change import Covariance, StepFilter, covariances_of, shared_covariances_of, step_filter


@dataclasses.dataclass(frozen=True)
class Ground:
    """Memory in time of a track's strata, by (stratum, polarisation).

    Attributes
    ----------
    covariances
        Of single pixels.
    shared
        The part of them that neighbours share.
    filters
        That turn a series into the sizes of its steps.
    """

    covariances: Mapping[tuple[int, int], Covariance]
    shared: Mapping[tuple[int, int], Covariance]
    filters: Mapping[tuple[int, int], StepFilter]


def ground_of(change: xr.Dataset) -> Ground:
    """What `detect_change` learnt of the ground."""
    covariances = covariances_of(change)
    time = change["time"].values
    days = (time - time[0]) / np.timedelta64(1, "D")
    filters = {key: step_filter(value.matrix(days)) for key, value in covariances.items()}
    return Ground(covariances, shared_covariances_of(change), filters)
