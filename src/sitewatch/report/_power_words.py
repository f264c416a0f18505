"""What would have been found, in words."""

from __future__ import annotations

import numpy as np

from sitewatch.sought import Detectable


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
    unit = 10.0 ** (np.floor(np.log10(length_m)) - 1)
    return float(np.ceil(0.99 * length_m / unit) * unit)
