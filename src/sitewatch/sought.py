"""What is sought at a site, and the smallest of it that the site's images would show."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Sought:
    """One kind of structure that may have been built, and where such things are built.

    Attributes
    ----------
    kind
        ``pier``, ``building`` or ``road``.
    surface
        ``water`` or ``land``: what was there before.
    contrast_db
        Level after over level before, dB, by polarisation.
    width_m
        Of what is long and narrow; None where a square stands for it.
    """

    kind: str
    surface: str
    contrast_db: Mapping[str, float]
    width_m: float | None = None

    @property
    def size_words(self) -> str:
        """What its length means: ``side of a square``, or ``length of a strip 20 m wide``."""
        return "side of a square" if self.width_m is None else f"length of a strip {self.width_m:.0f} m wide"


@dataclasses.dataclass(frozen=True)
class Detectable:
    """The smallest structure of a kind that would be found, by one track or by the best of several.

    Attributes
    ----------
    sought
        The kind, its surface and the contrast assumed.
    track
        Key of the track; empty for the best of all.
    share
        Of the site's pixels with data, those of this surface.
    half_m2, nine_tenths_m2
        Areas that would do on half and on nine tenths of that surface; None where none tried would do.
    half_m, nine_tenths_m
        The same as lengths: the side of a square, or the length of a strip of the width assumed.
    shown_from, shown_by
        Such a structure would be confirmed if the first image that shows it lies between these days (UTC); None where
        there are too few images for it.
    days_to_confirm
        Typical time from the first image that shows it to the one that confirms it.
    """

    sought: Sought
    track: str
    share: float
    half_m2: float | None
    nine_tenths_m2: float | None
    half_m: float | None
    nine_tenths_m: float | None
    shown_from: dt.date | None
    shown_by: dt.date | None
    days_to_confirm: int | None
