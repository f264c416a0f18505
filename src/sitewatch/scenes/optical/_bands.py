"""Which band of a sensor is which colour, by the common names of STAC's eo extension."""

from __future__ import annotations

import re
from collections.abc import Mapping

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
"""The bands that are read, in the order in which they are listed."""

SENTINEL_2 = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B11": "swir16", "B12": "swir22"}
HLS_S30 = {"B02": "blue", "B03": "green", "B04": "red", "B8A": "nir", "B11": "swir16", "B12": "swir22"}
LANDSAT_OLI = {"B2": "blue", "B3": "green", "B4": "red", "B5": "nir", "B6": "swir16", "B7": "swir22"}
LANDSAT_TM = {"B1": "blue", "B2": "green", "B3": "red", "B4": "nir", "B5": "swir16", "B7": "swir22"}
HLS_L30 = {"B02": "blue", "B03": "green", "B04": "red", "B05": "nir", "B06": "swir16", "B07": "swir22"}
PLANETSCOPE = {4: ("blue", "green", "red", "nir"), 8: ("", "blue", "", "green", "", "red", "", "nir")}

_WORDS = {
    "blue": "blue",
    "green": "green",
    "red": "red",
    "nir": "nir",
    "nir1": "nir",
    "swir1": "swir16",
    "swir16": "swir16",
    "swir2": "swir22",
    "swir22": "swir22",
}
_SENTINEL_2_WORD = re.compile(r"b(0?[1-9]|1[0-2]|8a)", re.IGNORECASE)


def band_told(text: str) -> str | None:
    """The band that a name or description tells: a colour, or a Sentinel-2 number such as ``B04`` or ``b4``.

    None where it tells none, or two. A bare number of another sensor's band can't be told from Sentinel-2's.
    """
    told: set[str] = set()
    for word in re.split(r"[^A-Za-z0-9]+", text.lower()):
        if word in _WORDS:
            told.add(_WORDS[word])
        elif found := _SENTINEL_2_WORD.fullmatch(word):
            number = found[1].upper()
            told.add(SENTINEL_2.get("B8A" if number == "8A" else f"B{int(number):02d}", ""))
    told.discard("")
    return told.pop() if len(told) == 1 else None


def in_order(bands: Mapping[str, object]) -> list[str]:
    """Names of bands from blue to short-wave infrared, any others after them."""
    return [name for name in BANDS if name in bands] + sorted(set(bands) - set(BANDS))
