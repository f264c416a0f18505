"""Numbers and dates put into words: sensible digits, intervals as intervals, nothing said about purpose."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

from sitewatch.report._power_words import answer_words
from sitewatch.sought import Detectable
from sitewatch.structure import LEAST_P, LINEAR_KINDS, Measure, Structure
from sitewatch.words import count_words, counted, interval_words, span_words

NAMED_IN_LEDE = 6
NBSP = "\u00a0"


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


def decimals_for(sd: float) -> int:
    """Decimal places that a standard deviation supports: one digit of it, two where it begins with 1.

    Negative where tens or hundreds are the last digit worth writing.
    """
    exponent = math.floor(math.log10(sd))
    leading = sd / 10.0**exponent
    # 0.96 and 1.96 round up into the next bracket; one digit is enough there.
    return -exponent + (1 if leading < 1.95 else 0)


def number_words(value: float, decimals: int) -> str:
    """A number rounded to `decimals` places (negative: tens, hundreds), thousands set apart by a comma."""
    rounded = round(value, decimals)
    rounded = 0.0 if rounded == 0 else rounded  # no minus zero
    return f"{rounded:,.{max(decimals, 0)}f}"


def quantity_words(value: float, sd: float, unit: str) -> str:
    """``180 m (sd 12 m)``: as many digits as the standard deviation supports; three where it isn't known."""
    if not math.isfinite(value):
        return "not measured"
    if math.isfinite(sd) and sd > 0:
        decimals = decimals_for(sd)
        return f"{number_words(value, decimals)}{NBSP}{unit} (sd{NBSP}{number_words(sd, decimals)}{NBSP}{unit})"
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{number_words(value, decimals)}{NBSP}{unit} (sd not known)"


def length_words(length: Measure) -> str:
    """A length in metres, from 10 km on in kilometres."""
    if abs(length.value) >= 10_000:
        return quantity_words(length.value / 1000, length.sd / 1000, "km")
    return quantity_words(length.value, length.sd, "m")


def area_words(area: Measure) -> str:
    """An area in square metres, hectares (from 1 ha) or square kilometres (from 1 km²)."""
    for size, unit in ((1e6, "km²"), (1e4, "ha")):
        if abs(area.value) >= size:
            return quantity_words(area.value / size, area.sd / size, unit)
    return quantity_words(area.value, area.sd, "m²")


def plain_area_words(area_m2: float) -> str:
    """An area without a standard deviation, to two digits."""
    size, unit = next(((s, u) for s, u in ((1e6, "km²"), (1e4, "ha")) if area_m2 >= s), (1.0, "m²"))
    value = area_m2 / size
    decimals = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{number_words(value, decimals)}{NBSP}{unit}"


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


def percent_words(share: float) -> str:
    """A probability as a percentage that never claims certainty: ``above 99 %`` instead of ``100 %``."""
    if not math.isfinite(share):
        return "not known"
    if share > 0.99:
        return "above 99 %"
    if share < 0.01:
        return "below 1 %"
    return f"{100 * share:.0f} %"


def orientation_words(orientation_deg: float | None) -> str:
    """Azimuth of the long axis with the nearest compass line: ``32° from north (NNE-SSW)``."""
    if orientation_deg is None or not math.isfinite(orientation_deg):
        return "no long axis"
    lines = ("N–S", "NNE–SSW", "NE–SW", "ENE–WSW", "E–W", "ESE–WNW", "SE–NW", "SSE–NNW")
    return f"{orientation_deg:.0f}° clockwise from north ({lines[round(orientation_deg / 22.5) % 8]})"


def begun_words(structure: Structure) -> str:
    """When it was begun, as a clause."""
    verb = "removed from" if structure.kind == "demolition" else "begun"
    if structure.onset is None:
        return "its beginning can't be dated from these images"
    return f"{verb} {interval_words(structure.onset)}"


def finished_words(structure: Structure) -> str:
    """When it was finished, as a clause."""
    if structure.completion is not None:
        return f"completed {interval_words(structure.completion)}"
    return "still growing at the last image, or finished too recently to tell"


def kind_words(structure: Structure) -> str:
    """The kind with its article: ``a pier``, ``an area of felling``, ``a structure of unknown kind``."""
    names = {
        "unknown": "a structure of unknown kind",
        "reclamation": "an area of new land (reclamation)",
        "demolition": "a removed building or structure (demolition)",
        "clearing": "a cleared area",
        "tidal flat": "a tidal flat",
        "crop": "a field with crops",
        "felling": "an area of felled trees",
    }
    article = "an" if structure.kind[:1] in "aeiou" else "a"
    return names.get(structure.kind, f"{article} {structure.kind}")


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
