"""Where works are put and in which order their parts are built: piers, fill, buildings, roads, demolitions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage as ndi

from sitewatch.simulate._coast import Coast, shore_point
from sitewatch.simulate._fields import BoolArray, FloatArray, direction, rectangle, smooth_field
from sitewatch.simulate._land import TOWN, LandCover

KINDS = ("pier", "reclamation", "building", "road", "demolition")
_MARGIN_PX = 4
_TRIES = 300


@dataclasses.dataclass(frozen=True)
class Plan:
    """The plan of one structure; arrays are (y, x).

    Attributes
    ----------
    kind
        One of `KINDS`.
    mask
        Its pixels when finished (for a demolition, those removed).
    order
        When each pixel's turn comes, 0 first to 1 last.
    height_m
        Above the ground or the water.
    centreline
        (row, column) points along a road, else None.
    """

    kind: str
    mask: BoolArray
    order: FloatArray
    height_m: float
    centreline: FloatArray | None = None


def place_works(
    rng: np.random.Generator, kinds: Sequence[str], coast: Coast, land: LandCover, clearance_m: float = 110.0
) -> list[Plan]:
    """Find a place for each kind in turn, apart from what is there; one that fits nowhere is left out."""
    taken = coast.breakwater | (land.is_cover(TOWN) & coast.land)
    taken = ndi.binary_dilation(taken, iterations=max(round(60 / coast.pixel_m), 1))
    plans: list[Plan] = []
    for kind in kinds:
        plan = _first_that_fits(rng, _PLANNERS[kind], coast, taken, plans)
        if plan is not None:
            plans.append(plan)
            taken |= ndi.binary_dilation(plan.mask, iterations=max(round(clearance_m / coast.pixel_m), 2))
    return plans


def _first_that_fits(
    rng: np.random.Generator, planner: _Planner, coast: Coast, taken: BoolArray, plans: list[Plan]
) -> Plan | None:
    inside = np.zeros(coast.shape, bool)
    inside[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX] = True
    for _ in range(_TRIES):
        plan = planner(rng, coast, plans)
        if plan is not None and plan.mask.sum() >= 8 and inside[plan.mask].all() and not taken[plan.mask].any():
            return plan
    return None


def _pier(rng: np.random.Generator, coast: Coast, plans: list[Plan]) -> Plan | None:
    """A deck straight out from the shore, with a wider head at its end every other time, built in sections."""
    pixel_m = coast.pixel_m
    length_m, width_m = rng.uniform(220, 420), rng.uniform(26, 42)
    root = _shore(rng, coast, 8.0)
    bearing = coast.seaward_deg + rng.uniform(-18, 18)
    step = direction(bearing)
    half = length_m / 2 / pixel_m
    along, mask = rectangle(
        coast.shape, (root[0] + step[0] * half, root[1] + step[1] * half), bearing, 2 * half, width_m / pixel_m
    )
    if rng.random() < 0.5:
        end = (root[0] + step[0] * 2 * half, root[1] + step[1] * 2 * half)
        _, head = rectangle(coast.shape, end, bearing + 90, rng.uniform(90, 150) / pixel_m, 1.15 * width_m / pixel_m)
        mask |= head
    order = _in_sections(np.clip(along + 0.5, 0, 1), length_m, section_m=22.0)
    # a pier stands in water but for its root
    return Plan("pier", mask, order, 4.0) if coast.inland_m[mask].mean() < -40 and _one_piece(mask) else None


def _reclamation(rng: np.random.Generator, coast: Coast, plans: list[Plan]) -> Plan | None:
    """Fill that advances from the shore with a ragged front."""
    reach_m, half_m = rng.uniform(90, 200), rng.uniform(80, 170)
    middle = rng.uniform(-0.3, 0.3) * max(coast.shape) * coast.pixel_m
    ragged = 14 * smooth_field(rng, coast.shape, 60.0 / coast.pixel_m)
    out = -coast.inland_m
    mask = (out > 0) & (out < reach_m) & (np.abs(coast.along_m - middle) + ragged < half_m)
    order = np.clip((out + ragged) / reach_m, 0, 1)
    return Plan("reclamation", mask, order, 3.0) if _one_piece(mask) else None


def _building(rng: np.random.Generator, coast: Coast, plans: list[Plan]) -> Plan | None:
    """A hall of a launch site, a plant or a warehouse."""
    return _hall("building", rng, coast)


def _demolition(rng: np.random.Generator, coast: Coast, plans: list[Plan]) -> Plan | None:
    """A hall that stands at first and is pulled down from one end."""
    return _hall("demolition", rng, coast)


def _hall(kind: str, rng: np.random.Generator, coast: Coast) -> Plan:
    long_m = rng.uniform(80, 190)
    short_m = min(rng.uniform(55, 110), long_m)
    at = _inland(rng, coast, 90.0)
    along, mask = rectangle(
        coast.shape, at, rng.uniform(0, 180), max(long_m / coast.pixel_m, 3), max(short_m / coast.pixel_m, 2.5)
    )
    on_land = mask & (coast.inland_m > 30)
    height_m = float(rng.uniform(9, 22))
    return Plan(kind, on_land, _in_sections(np.clip(along + 0.5, 0, 1), long_m, section_m=35.0), height_m)


def _road(rng: np.random.Generator, coast: Coast, plans: list[Plan]) -> Plan | None:
    """A cleared, smooth ribbon; where a building or a pier is planned it leads there, else anywhere."""
    pixel_m = coast.pixel_m
    targets = [plan for plan in plans if plan.kind in ("building", "pier")]
    # it ends short of its target: the apron between them is no road
    near_m = 150.0
    if targets:
        goal = np.argwhere(targets[int(rng.integers(len(targets)))].mask).mean(axis=0)
        bearing = rng.uniform(0, 360)
        step = direction(bearing)
        start = (goal[0] + step[0] * near_m / pixel_m * 1.2, goal[1] + step[1] * near_m / pixel_m * 1.2)
    else:
        start, bearing = _inland(rng, coast, 60.0), rng.uniform(0, 360)
    steps = int(rng.uniform(450, 1000) / pixel_m)
    turns = ndi.gaussian_filter1d(rng.normal(0, 1, steps), 80.0 / pixel_m, mode="nearest")
    headings = np.radians(bearing + 14 * np.cumsum(turns - turns.mean()))
    line = np.array(start)[:, None] + np.cumsum([-np.cos(headings), np.sin(headings)], axis=1)
    limit = np.array(coast.shape)[:, None] - _MARGIN_PX
    if (line < _MARGIN_PX).any() or (line >= limit).any():
        return None
    drawn = np.zeros(coast.shape, bool)
    at = np.round(line).astype(int)
    drawn[at[0], at[1]] = True
    position = np.zeros(coast.shape)
    position[at[0], at[1]] = np.linspace(0, 1, steps)
    distance, (row, col) = ndi.distance_transform_edt(~drawn, return_indices=True)
    mask = distance <= max(rng.uniform(18, 30) / pixel_m / 2, 1.0)
    if not (coast.inland_m[mask] > 15).all():
        return None
    order = _in_sections(position[row, col], steps * pixel_m, section_m=60.0)
    return Plan("road", mask, order, 0.0, line.T)


_Planner = Callable[[np.random.Generator, Coast, list[Plan]], Plan | None]
_PLANNERS: dict[str, _Planner] = {
    "pier": _pier,
    "reclamation": _reclamation,
    "building": _building,
    "road": _road,
    "demolition": _demolition,
}


def _in_sections(order: FloatArray, length_m: float, *, section_m: float) -> FloatArray:
    """Round an order up to whole sections: builders set caissons and bays, not pixels."""
    sections = max(int(length_m / section_m), 3)
    return np.asarray(np.clip(np.ceil(order * sections) / sections, 0, 1))


def _shore(rng: np.random.Generator, coast: Coast, inland_m: float) -> tuple[float, float]:
    span = 0.36 * max(coast.shape) * coast.pixel_m
    return shore_point(coast, rng.uniform(-span, span), inland_m)


def _inland(rng: np.random.Generator, coast: Coast, at_least_m: float) -> tuple[float, float]:
    places = np.argwhere(coast.inland_m > at_least_m)
    if not len(places):
        return 0.0, 0.0
    row, col = places[rng.integers(len(places))]
    return float(row), float(col)


def _one_piece(mask: BoolArray) -> bool:
    return bool(ndi.label(mask)[1] == 1)
