"""What is said of structures, and of what would have been found, in words: sensible digits, intervals as intervals.

Nothing here says what anything is for.
"""

from __future__ import annotations

import math

from sitewatch.sought import Detectable
from sitewatch.structure import Measure, Structure
from sitewatch.words import interval_words

NBSP = "\u00a0"


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


def percent_words(share: float) -> str:
    """A probability as a percentage that never claims certainty: ``above 99 %`` instead of ``100 %``."""
    if not math.isfinite(share):
        return "not known"
    if share > 0.99:
        return "above 99 %"
    if share < 0.01:
        return "below 1 %"
    return f"{100 * share:.0f} %"


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


def answer_words(one: Detectable) -> str:
    """``A pier on water would have been found from 30 m by 30 m on.``"""
    thing = f"{one.sought.kind} on {one.sought.surface}"
    if not one.share:
        return f"There is no {one.sought.surface} in the site for a {one.sought.kind}."
    if one.nine_tenths_m is None:
        tried = f", up to {one.sought.width_m:.0f} m wide," if one.sought.width_m else ""
        return f"No {thing} of the sizes tried{tried} would have been found on nine tenths of the {one.sought.surface}."
    return f"A {thing} would have been found from {size_words(one)} on."


def size_words(one: Detectable) -> str:
    """``30 m by 30 m``, or ``180 m long, 20 m wide``: what would be found on nine tenths of the surface."""
    if one.nine_tenths_m is None:
        return "none tried would be found"
    length = metres_words(_round_up(one.nine_tenths_m))
    return f"{length} by {length}" if one.sought.width_m is None else f"{length} long, {one.sought.width_m:,.0f} m wide"


def metres_words(length_m: float) -> str:
    """``180 m``; below ten metres with one decimal."""
    return f"{length_m:,.{0 if length_m >= 9.95 else 1}f} m"


def _round_up(length_m: float) -> float:
    """To two digits, upwards but for a hundredth: what is said to be found must be found."""
    unit = 10.0 ** (math.floor(math.log10(length_m)) - 1)
    return math.ceil(0.99 * length_m / unit) * unit


def structure_facts(structure: Structure) -> dict[str, str]:
    """What statements about a structure rest on, by name and in words."""
    s = structure
    return {
        "kind": s.kind,
        "status": s.status,
        "begun": interval_words(s.onset) if s.onset else "not dated",
        "completed": interval_words(s.completion) if s.completion else "not known to be complete",
        "length": length_words(s.length_m),
        "width": length_words(s.width_m),
        "area": area_words(s.area_m2),
    }
