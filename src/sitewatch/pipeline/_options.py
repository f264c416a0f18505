"""The settings of a run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sitewatch.scenes import Hints
from sitewatch.structures._grade import NO_MORE_THAN_CHANCE


class RunOptions(BaseModel):
    """Settings of a run; unknown names are refused.

    The hints say what the images themselves don't, see `sitewatch.scenes.Hints`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    alpha: float = Field(default=0.01, gt=0, lt=NO_MORE_THAN_CHANCE)
    """Chance of a false confirmed structure at a site where nothing is built, over its whole area and all dates."""
    false_rate: float | None = Field(default=None, gt=0)
    """Confirmed false structures allowed per km2 and year, in place of `alpha`."""
    tracks: tuple[str, ...] = ()
    """Keys of the tracks to use; empty for all."""
    since: dt.date | None = None
    """Leave out images acquired before this day (UTC)."""
    until: dt.date | None = None
    """Leave out images acquired after this day (UTC)."""
    hints: Hints = Field(default_factory=Hints)
    """What the images don't say themselves."""

    def alpha_over(self, area_km2: float, years: float) -> float:
        """Chance of any false confirmed structure in so large an area over so long a time.

        From a rate it is that of one or more events of a Poisson law with this mean, and no more than the highest
        `alpha` there is.
        """
        if self.false_rate is None:
            return self.alpha
        return float(min(-np.expm1(-self.false_rate * area_km2 * years), NO_MORE_THAN_CHANCE))

    def as_parameters(self) -> dict[str, Any]:
        """The settings in force as plain JSON values, for the record."""
        return {**self.choices(), **plain_hints(self.hints)}

    def choices(self) -> dict[str, Any]:
        """The settings in force but for the hints, as plain JSON values."""
        return self.model_dump(mode="json", exclude={"hints"})


def plain_hints(hints: Hints) -> dict[str, Any]:
    """The hints given as JSON values; it knows no NaN, which is what many images hold where there is nothing."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in dataclasses.asdict(hints).items()
        if value is not None
    }
