"""Footprints drawn on a picture: thin lines that leave what they surround visible, and labels that don't overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sitewatch.report._frame import Frame
from sitewatch.report._furniture import write
from sitewatch.report._style import halo

DIRECTIONS = 16
EDGE_POINTS = 24
GAPS_PX = (2.0, 8.0, 18.0, 32.0, 52.0, 80.0)
LEADER_FROM_PX = 18.0
PILL_PAD_PX = 4.0


def rings(geometry: BaseGeometry) -> list[NDArray[np.float64]]:
    """Every exterior and interior ring of a polygon or multipolygon."""
    parts = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and not p.is_empty]
    return [np.asarray(ring.coords)[:, :2] for part in parts for ring in (part.exterior, *part.interiors)]


def draw_outline(axes: Axes, frame: Frame, footprint: BaseGeometry, *, apart: float = 0.0, **line: Any) -> None:
    """Outline of a footprint given in EPSG:4326, drawn `apart` CRS units outside of it; solid ones with a halo."""
    line = {"linewidth": 1.0, "solid_joinstyle": "round", **line}
    if line.get("linestyle", "-") == "-" and "path_effects" not in line:
        line["path_effects"] = halo(float(line["linewidth"]) + 0.8)
    outline = frame.project(footprint)
    for ring in rings(shapely.buffer(outline, apart, join_style="mitre") if apart else outline):
        axes.plot(ring[:, 0], ring[:, 1], **line)


def place_labels(
    axes: Axes,
    anchors: Sequence[tuple[str, BaseGeometry, str]],
    obstacles: Sequence[BaseGeometry],
    **style: Any,
) -> None:
    """Write a label beside each footprint, clear of the other labels, of the footprints and of the edges.

    Parameters
    ----------
    axes
        The picture.
    anchors
        Text, footprint in the axes' coordinates, and colour of each label, the weightiest first.
    obstacles
        Footprints in the axes' coordinates that no label should cover.

    Notes
    -----
    Greedy: each label takes the first free place among sixteen directions and growing distances from points along its
    footprint's edge, with a leader line where it had to go further off; a label without any free place is left out.
    """
    renderer = FigureCanvasAgg(axes.figure).get_renderer()  # type: ignore[no-untyped-call, arg-type]

    def in_pixels(geometry: BaseGeometry) -> BaseGeometry:
        return shapely.transform(geometry, axes.transData.transform)

    blocked = [in_pixels(g) for g in obstacles if not shapely.is_empty(g)]
    edges = axes.get_window_extent(renderer)
    for text, geometry, colour in anchors:
        label = write(axes, 0, 0, text, ha="center", zorder=6, **_pill(colour), **style)
        extent = label.get_window_extent(renderer)
        half_w, half_h = extent.width / 2 + PILL_PAD_PX, extent.height / 2 + PILL_PAD_PX
        shape = in_pixels(geometry)
        tree = shapely.STRtree(blocked)
        place = None
        for gap in GAPS_PX:
            centres = _places_around(shape, half_w + gap, half_h + gap)
            half = np.array([half_w, half_h])
            low, high = centres - half, centres + half
            spots = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
            free = np.ones(len(spots), bool)
            free[tree.query(spots, predicate="intersects")[0]] = False
            free &= (low >= (edges.x0, edges.y0)).all(axis=1) & (high <= (edges.x1, edges.y1)).all(axis=1)
            if free.any():
                nearest = int(np.argmin(np.where(free, shapely.distance(spots, shape), np.inf)))
                place = (centres[nearest], spots[nearest], gap)
                break
        if place is None:
            label.remove()
            continue
        centre, spot, gap = place
        blocked.append(spot)
        back = axes.transData.inverted()
        label.set_position(back.transform(centre))
        if gap >= LEADER_FROM_PX:
            line = back.transform(shapely.get_coordinates(shapely.shortest_line(spot, shape)))
            axes.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.8, path_effects=halo(1.5), zorder=5)


def _places_around(shape: BaseGeometry, reach_x: float, reach_y: float) -> NDArray[np.float64]:
    edge = shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape
    coords = shapely.get_coordinates(edge)
    points = coords[:: max(1, len(coords) // EDGE_POINTS)]
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS + np.pi / 4
    # Stretched to the label's own box, so that its border and not its middle keeps the distance.
    ring = np.stack([np.cos(angles) * reach_x, np.sin(angles) * reach_y], axis=-1)
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
