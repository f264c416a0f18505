"""Sizes and limits, days and openings, and three-valued verdicts on them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Literal, get_args

from sitewatch.errors import SiteError

Verdict = Literal["no", "unknown", "yes"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # from the worst to the best
Dimension = Literal["length_m", "width_m", "height_m", "mass_t"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


def worst(*verdicts: Verdict) -> Verdict:
    """All of them: no beats unknown beats yes."""
    return min(verdicts, key=VERDICTS.index, default="yes")


@dataclasses.dataclass(frozen=True)
class _Sizes:
    """A number for each dimension."""

    length_m: float | None = None
    width_m: float | None = None
    height_m: float | None = None
    mass_t: float | None = None

    def of(self, dimension: Dimension) -> float | None:
        """The number in one dimension."""
        size: float | None = getattr(self, dimension)
        return size


@dataclasses.dataclass(frozen=True)
class Load(_Sizes):
    """One item to be moved, in the orientation in which it travels.

    Attributes
    ----------
    length_m, width_m, height_m, mass_t
        Metres and tonnes; None where not known. The diameter of a lying cylinder is its width and its height.

    Raises
    ------
    SiteError
        A size is negative or no number.
    """

    def __post_init__(self) -> None:
        for name in DIMENSIONS:
            size = self.of(name)
            if size is not None and not (math.isfinite(size) and size >= 0):
                raise SiteError(
                    f"a load can't have the {name} {size}", hint="Give sizes in metres, the mass in tonnes."
                )


@dataclasses.dataclass(frozen=True)
class Limits(_Sizes):
    """The largest load that passes: metres and tonnes, None where not known, infinity where nothing limits it.

    A limit of 0 lets nothing through.
    """

    def __post_init__(self) -> None:
        for name in DIMENSIONS:
            limit = self.of(name)
            if limit is not None and not limit >= 0:
                raise SiteError(f"a limit can't be {limit} ({name})", hint="Give metres or tonnes, or null: not known.")

    def takes(self, load: Load) -> Verdict:
        """Whether a load passes; unknown where a size or a limit that matters is not known."""
        return worst(*(self.takes_in(load, name) for name in DIMENSIONS))

    def takes_in(self, load: Load, dimension: Dimension) -> Verdict:
        """The same for one dimension."""
        limit, size = self.of(dimension), load.of(dimension)
        if limit == math.inf or size == 0:
            return "yes"
        if limit is None or size is None:
            return "no" if limit == 0 else "unknown"
        return "yes" if size <= limit else "no"


UNKNOWN_LIMITS = Limits()
UNLIMITED = Limits(math.inf, math.inf, math.inf, math.inf)


@dataclasses.dataclass(frozen=True)
class Opening:
    """When a link can be used.

    Attributes
    ----------
    possible_after
        Up to and on this day it surely can't be.
    sure_from, sure_until
        From and until these days it surely can; `sure_from` is None where that is never known.
    possible_before
        From this day on it surely can't be any more.
    """

    possible_after: dt.date = dt.date.min
    sure_from: dt.date | None = dt.date.min
    sure_until: dt.date = dt.date.max
    possible_before: dt.date = dt.date.max

    def on(self, day: dt.date) -> Verdict:
        """Whether it can be used on a day."""
        if self.sure_from is not None and self.sure_from <= day <= self.sure_until:
            return "yes"
        never_begun = self.possible_after != dt.date.min and day <= self.possible_after
        ended = self.possible_before != dt.date.max and day >= self.possible_before
        return "no" if never_begun or ended else "unknown"

    def and_also(self, other: Opening) -> Opening:
        """When both can be used."""
        neither = self.sure_from is None or other.sure_from is None
        return Opening(
            max(self.possible_after, other.possible_after),
            None if neither else max(self.sure_from or dt.date.min, other.sure_from or dt.date.min),
            min(self.sure_until, other.sure_until),
            min(self.possible_before, other.possible_before),
        )

    @property
    def turns(self) -> tuple[dt.date, ...]:
        """First days on which `on` may say something else than the day before."""
        turns = {self.possible_before} if self.possible_before != dt.date.max else set()
        if self.sure_from is not None:
            turns.add(self.sure_from)
        turns |= {end + dt.timedelta(days=1) for end in (self.possible_after, self.sure_until) if end != dt.date.max}
        return tuple(sorted(turns - {dt.date.min, dt.date.min + dt.timedelta(days=1)}))


ALWAYS = Opening()
