"""The settings of a run."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sitewatch.scenes import Hints


class RunOptions(BaseModel):
    """Settings of a run; unknown names are refused.

    The hints say what the images themselves don't, see `sitewatch.scenes.Hints`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    alpha: float = Field(default=0.01, gt=0, lt=0.5)
    """Chance of a false confirmed structure at a site where nothing is built, over its whole area and all dates."""
    tracks: tuple[str, ...] = ()
    """Keys of the tracks to use; empty for all."""
    since: dt.date | None = None
    """Leave out images acquired before this day (UTC)."""
    until: dt.date | None = None
    """Leave out images acquired after this day (UTC)."""
    hints: Hints = Field(default_factory=Hints)
    """What the images don't say themselves."""

    def as_parameters(self) -> dict[str, Any]:
        """The settings in force as plain JSON values, for the record."""
        hints = {name: value for name, value in dataclasses.asdict(self.hints).items() if value is not None}
        return {**self.model_dump(mode="json", exclude={"hints"}), **hints}
