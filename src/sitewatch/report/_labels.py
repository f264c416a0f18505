"""Labels beside footprints, clear of each other, of the footprints, of coastlines and of the picture's edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from shapely.geometry.base import BaseGeometry

from sitewatch.report._furniture import write
from sitewatch.report._picture import Picture
from sitewatch.report._style import halo

DIRECTIONS = 16
EDGE_POINTS = 20
GAPS_PX = (2.0, 8.0, 18.0, 32.0, 52.0, 80.0)
LEADER_FROM_PX = 18.0
PILL_PAD_PX = 4.0
# A label may go this much further off, per dB by which what it would cover varies: off a coast, not off mere texture.
PX_PER_DB = 9.0
SPECKLE_PIXELS = 7


def place_labels(
    axes: Axes,
    picture: Picture,
    anchors: Sequence[tuple[str, BaseGeometry, str]],
    obstacles: Sequence[BaseGeometry],
    **style: Any,
) -> None:
    """Write a label beside each footprint.

    Parameters
    ----------
    axes
        Axes that show the picture.
    picture
        What a label would cover; places where it varies much (a coast) are avoided.
    anchors
        Text, footprint in the axes' coordinates, and colour of each label, the weightiest first.
    obstacles
        Footprints in the axes' coordinates that no label should cover.

    Notes
    -----
    Greedy: each label takes the cheapest free place among sixteen directions and six distances from points along its
    footprint's edge, with a leader line where it had to go further off; one without any free place is left out.
    """
    renderer = FigureCanvasAgg(axes.figure).get_renderer()  # type: ignore[no-untyped-call, arg-type]
    edges = axes.get_window_extent(renderer)
    variation = _Variation(picture, edges)
    blocked = [_in_pixels(axes, g) for g in obstacles if not g.is_empty]
    for text, geometry, colour in anchors:
        label = write(axes, 0, 0, text, ha="center", zorder=6, **_pill(colour), **style)
        extent = label.get_window_extent(renderer)
        half = np.array([extent.width / 2 + PILL_PAD_PX, extent.height / 2 + PILL_PAD_PX])
        shape = _in_pixels(axes, geometry)
        centres = np.concatenate([_places_around(shape, half + gap) for gap in GAPS_PX])
        low, high = centres - half, centres + half
        inside = (low >= (edges.x0, edges.y0)).all(axis=1) & (high <= (edges.x1, edges.y1)).all(axis=1)
        centres, low, high = centres[inside], low[inside], high[inside]
        spots = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        free = np.ones(len(spots), bool)
        free[shapely.STRtree(blocked).query(spots, predicate="intersects")[0]] = False
        if not free.any():
            label.remove()
            continue
        distance = shapely.distance(spots, shape)
        cost = np.where(free, distance + PX_PER_DB * variation.inside(low, high), np.inf)
        best = int(np.argmin(cost))
        blocked.append(spots[best])
        back = axes.transData.inverted()
        label.set_position(back.transform(centres[best]))
        if distance[best] >= LEADER_FROM_PX:
            line = back.transform(shapely.get_coordinates(shapely.shortest_line(spots[best], shape)))
            axes.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.8, path_effects=halo(1.5), zorder=5)


class _Variation:
    """Standard deviation in dB of the smoothed picture inside any box, by summed-area tables."""

    def __init__(self, picture: Picture, edges: Any) -> None:
        level = float(np.nanmedian(picture.db)) if np.isfinite(picture.db).any() else 0.0
        smooth = uniform_filter(np.where(np.isfinite(picture.db), picture.db, level).astype(np.float64), SPECKLE_PIXELS)
        smooth = smooth[::-1] - level  # from the bottom up, as the display counts
        self.sums = [np.pad(v.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0))) for v in (smooth, smooth**2)]
        rows, cols = smooth.shape
        self.scale = np.array([cols / edges.width, rows / edges.height])
        self.origin = np.array([edges.x0, edges.y0])
        self.limit = np.array([cols, rows])

    def inside(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviation in the boxes whose lower left and upper right corners are given in display pixels."""
        first = np.clip(np.floor((low - self.origin) * self.scale).astype(int), 0, self.limit - 1)
        last = np.clip(np.ceil((high - self.origin) * self.scale).astype(int), first + 1, self.limit)
        count = (last - first).prod(axis=1)
        mean, square = (self._total(table, first, last) / count for table in self.sums)
        return np.sqrt(np.maximum(square - mean**2, 0.0))

    @staticmethod
    def _total(table: NDArray[np.float64], first: NDArray[np.int_], last: NDArray[np.int_]) -> NDArray[np.float64]:
        (x0, y0), (x1, y1) = first.T, last.T
        return np.asarray(table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0])


def _in_pixels(axes: Axes, geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, axes.transData.transform)


def _places_around(shape: BaseGeometry, reach: NDArray[np.float64]) -> NDArray[np.float64]:
    coords = shapely.get_coordinates(shape)
    points = coords[:: max(1, len(coords) // EDGE_POINTS)]
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS + np.pi / 4
    # Stretched to the label's own box, so that its border and not its middle keeps the distance.
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * reach
    return np.asarray((points[:, None] + ring[None]).reshape(-1, 2))


def _pill(colour: str) -> dict[str, Any]:
    red, green, blue = to_rgb(colour)
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    box = {
        "boxstyle": "round,pad=0.18,rounding_size=0.4",
        "facecolor": colour,
        "edgecolor": "#000000",
        "linewidth": 0.5,
    }
    return {"color": "#ffffff" if dark else "#000000", "fontweight": "bold", "bbox": box}
