"""Colour maps of tiles, chosen so that colour-blind readers can tell their ends apart."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rio_tiler.colormap import cmap

ColourMap = Literal["gray", "cividis", "viridis", "magma", "onset", "change", "rdbu_r", "puor_r"]
Table = dict[int, tuple[int, int, int, int]]


def colour_table(name: ColourMap) -> Table:
    """256 colours, red, green, blue and opacity."""
    if name == "change":
        return _change()
    if name == "onset":
        # From magenta to yellow, as in the dossier: both ends stand out on grey imagery.
        plasma = cmap.get("plasma")
        return {i: _four(plasma[round(128 + i / 255 * 122)]) for i in range(256)}
    table = cmap.get(name)
    return {i: _four(table[i]) for i in range(256)}


def _four(colour: Any) -> tuple[int, int, int, int]:
    red, green, blue, alpha = (int(part) for part in colour)
    return red, green, blue, alpha


def _change() -> Table:
    """Blue where the echo fell, orange where it rose, clear where it stayed, so that the image below is seen there."""
    ends = np.array([[0, 114, 178], [86, 180, 233], [230, 159, 0], [213, 94, 0]], float)
    table: Table = {}
    for i in range(256):
        place = (i - 127.5) / 127.5
        strength = abs(place)
        pair: NDArray[np.float64] = ends[:2][::-1] if place < 0 else ends[2:]
        colour = pair[0] + (pair[1] - pair[0]) * strength
        opacity = 255 * min(1.0, max(0.0, (strength - 0.15) / 0.35))
        table[i] = (round(colour[0]), round(colour[1]), round(colour[2]), round(opacity))
    return table
