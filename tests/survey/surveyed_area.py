"""What is built in the area that the tests survey, and when two surveys say the same."""

from __future__ import annotations

import math
from typing import Any

import shapely

from sitewatch.record import to_json
from sitewatch.simulate import Built
from sitewatch.survey import SurveyResult

SHAPE = (540, 1060)
IMAGES = 10
BUILT = (
    Built(505, 700, 16, 24, 4),  # over the seam between two rows of tiles of 512
    Built(500, 1015, 18, 20, 5),  # over the corner of four
    Built(200, 150, 12, 50, 4),  # a pier at sea, amid a tile
)


def told(result: SurveyResult) -> list[dict[str, Any]]:
    """All that a survey says of its structures."""
    return [{"id": one.id, **to_json(one)} for one in result.structures]


def agree(one: Any, other: Any) -> bool:
    """Whether two say the same: the same names, dates and words, numbers and corners to 1e-6 of them.

    Linear algebra adds up in another order where it has another number of threads.
    """
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _same_place(value, other[name]) if name in ("footprint", "centreline") else agree(value, other[name])
            for name, value in one.items()
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-300)
    return bool(one == other)


def _same_place(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(shapely.equals_exact(shapely.from_wkb(one), shapely.from_wkb(other), tolerance=1e-9))
