"""What an analyst may say of a structure."""

from __future__ import annotations

import dataclasses

from sitewatch.record._tables import Area

KINDS = (
    *("pier", "quay wall", "dyke", "reclamation", "building", "road", "demolition", "clearing"),
    *("ship", "tidal flat", "crop", "felling", "vegetation", "wet soil", "waves", "ambiguity"),
    *("layover", "shadow", "sidelobe", "unknown"),
)
"""What a structure may be called."""


@dataclasses.dataclass(frozen=True)
class Confirm:
    """It was built."""


@dataclasses.dataclass(frozen=True)
class Reject:
    """It is none, for this reason."""

    reason: str


@dataclasses.dataclass(frozen=True)
class SetKind:
    """It is of this kind."""

    kind: str


@dataclasses.dataclass(frozen=True)
class SetFootprint:
    """Its outline is this one, EPSG:4326."""

    footprint: Area


@dataclasses.dataclass(frozen=True)
class MergeInto:
    """It is a part of another structure, whose name is given."""

    other: str


@dataclasses.dataclass(frozen=True)
class Split:
    """It is several structures with these outlines, EPSG:4326; the first keeps the name."""

    footprints: tuple[Area, ...]


@dataclasses.dataclass(frozen=True)
class Comment:
    """A remark; nothing that is said of the structure changes."""


@dataclasses.dataclass(frozen=True)
class Withdraw:
    """What reviews said no longer holds: all fields are as computed again, and a merged structure stands alone."""


@dataclasses.dataclass(frozen=True)
class Restore:
    """What reviews said when this revision was in force holds again; runs since then count as they are."""

    revision: int


Action = Confirm | Reject | SetKind | SetFootprint | MergeInto | Split | Comment | Withdraw | Restore
