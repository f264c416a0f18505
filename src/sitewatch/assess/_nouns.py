"""What the transport network is made of, and the answers it gives."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal, get_args

from sitewatch.assess._limits import ALWAYS, UNKNOWN_LIMITS, Dimension, Limits, Load, Opening, Verdict, worst
from sitewatch.structure import Interval

Mode = Literal["sea", "rail", "road"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclasses.dataclass(frozen=True)
class Place:
    """A facility as a node of the network.

    Attributes
    ----------
    id, name
        As the site file has them; each stands in for the other where one is missing.
    outside
        Whether loads come from there: the open sea, the railway beyond the site.
    transfer
        The largest load that can be moved there from one mode to another.
    source
        Where `transfer` comes from; empty where the site file doesn't say.
    """

    id: str
    name: str
    outside: bool = False
    transfer: Limits = UNKNOWN_LIMITS
    source: str = ""


@dataclasses.dataclass(frozen=True)
class Link:
    """A way between two places by one mode.

    Attributes
    ----------
    id, name
        As the site file has them; each stands in for the other where one is missing.
    mode
        sea, rail or road.
    start, end
        Ids of the places.
    limits
        The largest load it takes.
    depends_on
        Id of the structure without which it can't be used, or None.
    opening
        When it can be used, from the dates of that structure and of the site file.
    why
        What `opening` rests on, as a clause.
    one_way
        Whether it leads from start to end only.
    berth_length_m, berth_depth_m
        Of a sea link: the berth at its end; None where not known. They limit the vessel, not the load.
    source
        Where the limits come from; empty where the site file doesn't say.
    """

    id: str
    name: str
    mode: Mode
    start: str
    end: str
    limits: Limits = UNKNOWN_LIMITS
    depends_on: str | None = None
    opening: Opening = ALWAYS
    why: str = ""
    one_way: bool = False
    berth_length_m: float | None = None
    berth_depth_m: float | None = None
    source: str = ""

    @property
    def available_from(self) -> Interval | None:
        """Since when it can be used: the last day it could not, the first it could; None: throughout, or never sure."""
        first = self.opening.sure_from
        if first is None or first == dt.date.min:
            return None
        return Interval(min(self.opening.possible_after, first), first)


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a route: along a link, or from one mode to another at a place (then `link` is None)."""

    place: Place
    link: Link | None = None

    @property
    def name(self) -> str:
        """``Access road``, ``transfer at Pier``."""
        return self.link.name if self.link else f"transfer at {self.place.name}"

    @property
    def limits(self) -> Limits:
        """The largest load that it takes."""
        return self.link.limits if self.link else self.place.transfer

    def open_on(self, day: dt.date) -> Verdict:
        """Whether it can be used on a day."""
        return self.link.opening.on(day) if self.link else "yes"

    def takes(self, load: Load, day: dt.date) -> Verdict:
        """Whether a load passes on a day."""
        return worst(self.open_on(day), self.limits.takes(load))


@dataclasses.dataclass(frozen=True)
class Since:
    """When something became so.

    Attributes
    ----------
    earliest
        Last day on which it was surely not so yet; None where that can't be told.
    latest
        First day on which it surely was.
    """

    earliest: dt.date | None
    latest: dt.date


@dataclasses.dataclass(frozen=True)
class Answer:
    """Whether a load can reach a place.

    Attributes
    ----------
    verdict
        yes, no or unknown.
    reasons
        Clauses; for no and unknown, what stands in the way on the best route.
    route
        Steps from outside to the place; for no and unknown the one with the least in its way. Empty where none leads
        there.
    limiting
        Name of the step that stands in the way, or, of a yes, of the one with the least to spare.
    since
        Since when it is a yes; None for the other verdicts and where it always was.
    assumptions
        What the answer rests on.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    route: tuple[Step, ...] = ()
    limiting: str = ""
    since: Since | None = None
    assumptions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Bottleneck:
    """The largest size that reaches a place in one dimension, whatever the others.

    Attributes
    ----------
    at_least, at_most
        What surely gets there and what perhaps does, metres or tonnes; they differ where something is not known.
        Infinity where nothing limits it, 0 where nothing gets there.
    route
        The one that carries `at_least`, or, where that is 0, `at_most`.
    limiting
        Name of the step with the smallest known limit on the route; empty where there is none.
    unknown_at
        Names of the steps of the route whose limit or use is not known.
    """

    dimension: Dimension
    at_least: float
    at_most: float
    route: tuple[Step, ...] = ()
    limiting: str = ""
    unknown_at: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Route:
    """A way to a place that no other way beats in every dimension.

    Attributes
    ----------
    at_least, at_most
        The load it surely takes and perhaps takes, in the order of `DIMENSIONS`.
    """

    steps: tuple[Step, ...]
    at_least: tuple[float, float, float, float]
    at_most: tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class LargestLoad:
    """What a place can be sent on a day: the routes worth taking, and the bottleneck of each dimension.

    A load must pass in all dimensions on one route; the bottlenecks of different dimensions may lie on different ones.
    """

    place: Place
    day: dt.date
    routes: tuple[Route, ...]
    bottlenecks: tuple[Bottleneck, ...]

    def of(self, dimension: Dimension) -> Bottleneck:
        """The bottleneck of one dimension."""
        return next(one for one in self.bottlenecks if one.dimension == dimension)


@dataclasses.dataclass(frozen=True)
class LimitChange:
    """How the bottleneck of one dimension changed.

    Attributes
    ----------
    direction
        larger, smaller, same or unknown.
    since
        Of a larger one, since when `after.at_least` gets through; None otherwise.
    """

    before: Bottleneck
    after: Bottleneck
    direction: Literal["larger", "smaller", "same", "unknown"]
    since: Since | None = None


@dataclasses.dataclass(frozen=True)
class PlaceChange:
    """What could reach a place before anything was built, and what can now."""

    place: Place
    before: LargestLoad
    after: LargestLoad
    limits: tuple[LimitChange, ...]
