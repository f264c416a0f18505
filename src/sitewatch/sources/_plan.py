"""What a fetch will bring and what it brought."""

from __future__ import annotations

import dataclasses

import pystac

from sitewatch.scenes import LeftOut
from sitewatch.sources._area import Box
from sitewatch.sources._assets import Wanted
from sitewatch.sources._profiles import Profile
from sitewatch.sources._store import Entry

GB = 1e9


@dataclasses.dataclass(frozen=True)
class FetchOptions:
    """How a fetch is done.

    Attributes
    ----------
    max_gb
        Gigabytes (10⁹ bytes) that this fetch may bring.
    margin_m
        Ground around the site that is brought with it, metres.
    assets
        Keys of the assets; empty means what sitewatch can read.
    jobs
        Files at a time.
    """

    max_gb: float = 10.0
    margin_m: float = 300.0
    assets: tuple[str, ...] = ()
    jobs: int = 4


@dataclasses.dataclass(frozen=True)
class Piece:
    """A file to be fetched, and what that takes."""

    wanted: Wanted
    bytes: int
    of_bytes: int
    note: str = ""


@dataclasses.dataclass(frozen=True)
class PlannedItem:
    """An item: what is still to be fetched of it, and what is there already."""

    item: pystac.Item
    pieces: tuple[Piece, ...]
    there: tuple[tuple[str, Entry], ...] = ()

    @property
    def bytes(self) -> int:
        """To be fetched."""
        return sum(piece.bytes for piece in self.pieces)


@dataclasses.dataclass(frozen=True)
class FetchPlan:
    """What a fetch will bring.

    Attributes
    ----------
    to_fetch, there
        Items to be fetched, and ids of those that are whole already.
    left_out
        Items that can't be fetched, and those beyond the budget, with the reason.
    boxes
        The window, EPSG:4326.
    notes
        What was assumed.
    """

    profile: Profile
    to_fetch: tuple[PlannedItem, ...]
    there: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    boxes: tuple[Box, ...]
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """To be fetched."""
        return sum(planned.bytes for planned in self.to_fetch)

    @property
    def of_bytes(self) -> int:
        """In the whole files that it is a part of."""
        return sum(piece.of_bytes for planned in self.to_fetch for piece in planned.pieces)


@dataclasses.dataclass(frozen=True)
class Fetched:
    """What a fetch brought: ids, bytes over the network, and what could not be had."""

    items: tuple[str, ...]
    bytes: int
    left_out: tuple[LeftOut, ...] = ()
