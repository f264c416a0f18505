"""What naming says of a footprint."""

from __future__ import annotations

import dataclasses

from sitewatch.structure import Lookalike


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What it is, machine-readable, and what in the images says so."""

    name: Lookalike
    reason: str
