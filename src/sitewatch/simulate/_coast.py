"""The lie of an invented coast: where the land ends, how the bed slopes under the tide, and an old breakwater."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage as ndi

from sitewatch.simulate._fields import BoolArray, FloatArray, Shape, generator, rectangle, smooth_field


@dataclasses.dataclass(frozen=True)
class Coast:
    """The unchanging shape of the place; arrays are (y, x).

    Attributes
    ----------
    pixel_m
        Pixel size.
    seaward_deg
        Direction from land to sea, clockwise from the top of the grid.
    inland_m
        Distance inland from the high-water line; negative at sea.
    along_m
        Position along the coast.
    bed_m
        Height of the ground or sea bed above mean sea level.
    breakwater
        Pixels of a breakwater that stands from the start, with a quay on its inner side.
    berth
        (row, column, bearing of the quay in degrees) of the quay's middle.
    flat_along_m
        Where along the coast the tidal flat lies (from, to).
    """

    pixel_m: float
    seaward_deg: float
    inland_m: FloatArray
    along_m: FloatArray
    bed_m: FloatArray
    breakwater: BoolArray
    berth: tuple[float, float, float]
    flat_along_m: tuple[float, float]

    @property
    def land(self) -> BoolArray:
        """Pixels above the high-water line."""
        return np.asarray(self.inland_m > 0)

    @property
    def shape(self) -> Shape:
        """Rows, columns."""
        return (self.inland_m.shape[0], self.inland_m.shape[1])


def draw_coast(seed: int, shape: Shape, pixel_m: float, highest_tide_m: float) -> Coast:
    """Draw a coast: a fractal shoreline in a random direction, a tidal flat, a steep stretch and a breakwater."""
    rng = generator(seed, "coast")
    seaward_deg = float(rng.uniform(0, 360))
    bearing = np.radians(seaward_deg)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    north, east = -(rows - shape[0] / 2 + 0.5) * pixel_m, (cols - shape[1] / 2 + 0.5) * pixel_m
    seaward = north * np.cos(bearing) + east * np.sin(bearing)
    along = -north * np.sin(bearing) + east * np.cos(bearing)
    reach = max(shape) * pixel_m

    positions = np.arange(-reach, reach, pixel_m)
    line = rng.uniform(-0.04, 0.12) * reach * 0.5 + _shoreline(rng, positions, pixel_m)
    # shorelines are rougher than a line along one axis can be: bays and points overlap a little
    rough = 9.0 * smooth_field(rng, shape, 45.0 / pixel_m)
    inland = np.interp(along, positions, line) - seaward + rough

    harbour_at, flat_at = _stretches(rng, reach)
    flat_half = rng.uniform(0.10, 0.16) * reach
    flatness = np.exp(-(((along - flat_at) / flat_half) ** 4))
    steepness = np.exp(-(((along - harbour_at) / (0.12 * reach)) ** 4))
    slope = 0.07 * (1 - flatness) + 0.020 * flatness + 0.25 * steepness
    uneven = 0.35 * smooth_field(rng, shape, 60.0 / pixel_m) * flatness
    bed = highest_tide_m + 0.3 + slope * inland + np.where(inland < 0, uneven, 0)
    breakwater, berth = _breakwater(rng, shape, pixel_m, inland, along, harbour_at, seaward_deg)
    return Coast(
        pixel_m=pixel_m,
        seaward_deg=seaward_deg,
        inland_m=inland,
        along_m=along,
        bed_m=bed,
        breakwater=breakwater,
        berth=berth,
        flat_along_m=(flat_at - flat_half, flat_at + flat_half),
    )


def shore_point(coast: Coast, along_m: float, inland_m: float = 0.0) -> tuple[float, float]:
    """(row, column) at a position along the coast and a distance inland (negative at sea)."""
    return _nearest(coast.along_m, coast.inland_m, along_m, inland_m)


def _nearest(along: FloatArray, inland: FloatArray, along_m: float, inland_m: float) -> tuple[float, float]:
    off = np.hypot(along - along_m, inland - inland_m)
    row, col = np.unravel_index(int(np.argmin(off)), off.shape)
    return float(row), float(col)


def _stretches(rng: np.random.Generator, reach: float) -> tuple[float, float]:
    """Middle of the harbour and of the tidal flat, apart from each other and inside the image."""
    side = float(rng.choice([-1.0, 1.0]))
    return side * rng.uniform(0.22, 0.3) * reach, -side * rng.uniform(0.14, 0.24) * reach


def _shoreline(rng: np.random.Generator, positions: FloatArray, pixel_m: float) -> FloatArray:
    """Seaward offset of the shoreline in metres: noise whose amplitude falls with its scale."""
    offset = np.zeros(len(positions))
    for scale_m, amplitude_m in ((600.0, 75.0), (200.0, 26.0), (70.0, 9.0)):
        noise = ndi.gaussian_filter1d(rng.standard_normal(len(positions)), scale_m / 2 / pixel_m, mode="wrap")
        offset += amplitude_m * noise / max(float(noise.std()), 1e-9)
    return offset


def _breakwater(
    rng: np.random.Generator,
    shape: Shape,
    pixel_m: float,
    inland: FloatArray,
    along: FloatArray,
    harbour_at: float,
    seaward_deg: float,
) -> tuple[BoolArray, tuple[float, float, float]]:
    """A mole that runs out from the shore, and the berth along its side."""
    length_m = rng.uniform(260, 340)
    root = _nearest(along, inland, harbour_at, 15.0)
    bearing = seaward_deg + rng.uniform(-12, 12)
    out = np.radians(bearing)
    middle = (root[0] - np.cos(out) * length_m / 2 / pixel_m, root[1] + np.sin(out) * length_m / 2 / pixel_m)
    _, mole = rectangle(shape, middle, bearing, length_m / pixel_m, max(26 / pixel_m, 1.5))
    # ships lie on the side that faces the middle of the image, where there is room
    aside = np.radians(bearing + 90)
    sign = -1.0 if harbour_at > 0 else 1.0
    off_px = (13 + 22) / pixel_m
    berth = (
        middle[0] - 0.15 * np.cos(out) * length_m / pixel_m - sign * np.cos(aside) * off_px,
        middle[1] + 0.15 * np.sin(out) * length_m / pixel_m + sign * np.sin(aside) * off_px,
        bearing % 180,
    )
    return mole, berth
