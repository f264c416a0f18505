"""Numbers and dates put into words: sensible digits, intervals as intervals, nothing said about purpose."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

from sitewatch.phrases import NBSP as NBSP
from sitewatch.phrases import answer_words
from sitewatch.phrases import area_words as area_words
from sitewatch.phrases import begun_words as begun_words
from sitewatch.phrases import decimals_for as decimals_for
from sitewatch.phrases import finished_words as finished_words
from sitewatch.phrases import kind_words as kind_words
from sitewatch.phrases import length_words as length_words
from sitewatch.phrases import number_words as number_words
from sitewatch.phrases import percent_words as percent_words
from sitewatch.phrases import plain_area_words as plain_area_words
from sitewatch.phrases import quantity_words as quantity_words
from sitewatch.sought import Detectable
from sitewatch.structure import LEAST_P, LINEAR_KINDS, Structure
from sitewatch.words import count_words, counted, span_words

NAMED_IN_LEDE = 6


def before_last_words(date: dt.date, last: dt.date) -> str:
    """How long before the last image: ``2 years and 3 months before the last image``, ``12 days before ...``.

    Whole months from two months on; empty for the last image itself.
    """
    days = (last - date).days
    if days <= 0:
        return ""
    months = 12 * (last.year - date.year) + last.month - date.month - (last.day < date.day)
    years, rest = divmod(months, 12)
    if months < 2:
        parts = [counted(days, "day")]
    else:
        parts = [counted(years, "year")] * (years > 0) + [counted(rest, "month")] * (rest > 0)
    return f"{' and '.join(parts)} before the last image"


def db_words(level_db: float, *, signed: bool = False, decimals: int = 1) -> str:
    """A level or, `signed`, a change of level in decibels, with a true minus sign."""
    if not math.isfinite(level_db):
        return "no level"
    rounded = round(level_db, decimals) + 0.0  # no minus zero
    return f"{rounded:{'+' if signed else ''}.{decimals}f}{NBSP}dB".replace("-", "−")


def p_value_words(p: float) -> str:
    """``0.03``, ``4 × 10⁻⁵`` or ``below 10⁻¹⁶``; beyond that the model's tail isn't worth digits."""
    if not math.isfinite(p):
        return "not tested"
    if p <= LEAST_P:
        return "below 10⁻¹⁶"
    if p >= 1e-3:
        return f"{p:.2g}"
    exponent = math.floor(math.log10(p))
    digit = round(p / 10.0**exponent)
    digit, exponent = (1, exponent + 1) if digit == 10 else (digit, exponent)
    return f"{digit} × 10{str(exponent).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def orientation_words(orientation_deg: float | None) -> str:
    """Azimuth of the long axis with the nearest compass line: ``32° from north (NNE-SSW)``."""
    if orientation_deg is None or not math.isfinite(orientation_deg):
        return "no long axis"
    lines = ("N–S", "NNE–SSW", "NE–SW", "ENE–WSW", "E–W", "ESE–WNW", "SE–NW", "SSE–NNW")
    return f"{orientation_deg:.0f}° clockwise from north ({lines[round(orientation_deg / 22.5) % 8]})"


def sentence_about(structure: Structure, label: str) -> str:
    """One sentence on a structure: what, how large, begun when, finished when."""
    linear = structure.kind in LINEAR_KINDS
    size = f"about {length_words(structure.length_m)} long" if linear else f"about {area_words(structure.area_m2)}"
    return f"No. {label} is {kind_words(structure)}, {size}, {begun_words(structure)} and {finished_words(structure)}."


def summary_words(
    structures: Sequence[Structure],
    labels: Mapping[str, str],
    images: int,
    period: tuple[dt.date, dt.date] | None,
    detectable: Sequence[Detectable],
) -> str:
    """The opening paragraph: what is confirmed, what is a candidate, what was turned down.

    Parameters
    ----------
    structures
        In the order in which they should be named; of many confirmed ones the six largest are.
    labels
        Structure id to the number it carries in the dossier.
    images
        How many images were used.
    period
        Dates of the first and last of them.
    detectable
        What would have been found, see `Provenance`.
    """
    by_status = {s: [x for x in structures if x.status == s] for s in ("confirmed", "candidate", "rejected")}
    confirmed, candidates, rejected = by_status.values()
    seen = counted(images, "image")
    when = f" from {span_words(*period)}" if period else ""
    if confirmed:
        n = len(confirmed)
        parts = [
            f"{count_words(n).capitalize()} {'structure is' if n == 1 else 'structures are'} confirmed in {seen}{when}."
        ]
        largest = sorted(confirmed, key=lambda s: -s.area_m2.value)[:NAMED_IN_LEDE]
        parts += [sentence_about(s, labels[s.id]) for s in confirmed if s in largest]
        if n > NAMED_IN_LEDE:
            parts.append(f"{count_words(n - NAMED_IN_LEDE).capitalize()} more are in the table below.")
    elif candidates:
        parts = [f"No construction is confirmed in {seen}{when}."]
    else:
        parts = [f"No sign of construction in {seen}{when}."]
    if not confirmed:
        parts += [answer_words(one) for one in detectable if one.share]
    if candidates:
        n = len(candidates)
        verb = "detection is a candidate" if n == 1 else "detections are candidates"
        parts.append(f"{count_words(n).capitalize()} {verb}: the images show a change there, but do not yet settle it.")
    if rejected:
        n = len(rejected)
        parts.append(
            f"{count_words(n).capitalize()} {'was' if n == 1 else 'were'} looked at and rejected; reasons are listed."
        )
    return " ".join(parts)
