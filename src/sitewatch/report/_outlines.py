"""Footprints drawn on a picture: thin lines that leave what they surround visible, and labels that don't overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray

from sitewatch.report._frame import Frame
from sitewatch.report._furniture import write
from sitewatch.report._style import halo

DIRECTIONS = 16


def rings(geometry: shapely.Geometry) -> list[NDArray[np.float64]]:
    """Every exterior and interior ring of a polygon or multipolygon."""
    parts = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and not p.is_empty]
    return [np.asarray(ring.coords)[:, :2] for part in parts for ring in (part.exterior, *part.interiors)]


def draw_outline(axes: Axes, frame: Frame, footprint: shapely.Geometry, **line: Any) -> None:
    """Outline of a footprint given in EPSG:4326."""
    line = {"linewidth": 1.0, "solid_joinstyle": "round", **line}
    for ring in rings(frame.project(footprint)):
        width = float(line["linewidth"])
        axes.plot(ring[:, 0], ring[:, 1], path_effects=halo(width + 0.9), **line)


def place_labels(
    axes: Axes,
    anchors: Sequence[tuple[str, shapely.Geometry, str]],
    obstacles: Sequence[shapely.Geometry],
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
    Greedy: each label takes the free place nearest to its footprint among sixteen directions and growing distances,
    with a leader line where it had to go further off. A label that finds no free place at all takes the least bad.
    """
    if not anchors:
        return
    canvas = FigureCanvasAgg(axes.figure)
    to_pixels = axes.transData
    blocked = [_pixel_box(g, to_pixels) for g in obstacles if not g.is_empty]
    edges = axes.get_window_extent(canvas.get_renderer())
    taken: list[tuple[float, float, float, float]] = []
    for text, geometry, colour in anchors:
        label = write(axes, 0, 0, text, color=colour, fontweight="bold", ha="center", path_effects=halo(2.2), **style)
        extent = label.get_window_extent(canvas.get_renderer())
        half_w, half_h = extent.width / 2 + 2, extent.height / 2 + 1.5
        box = _pixel_box(geometry, to_pixels)
        target = to_pixels.transform(np.asarray(shapely.point_on_surface(geometry).coords)[0, :2])
        best: tuple[float, float, float, float] | None = None
        for ring, gap in enumerate((3.0, 10.0, 22.0, 40.0, 64.0)):
            for k in range(DIRECTIONS):
                angle = 2 * np.pi * k / DIRECTIONS + np.pi / 4
                x = (box[0] + box[2]) / 2 + np.cos(angle) * ((box[2] - box[0]) / 2 + half_w + gap)
                y = (box[1] + box[3]) / 2 + np.sin(angle) * ((box[3] - box[1]) / 2 + half_h + gap)
                spot = (x - half_w, y - half_h, x + half_w, y + half_h)
                outside = spot[0] < edges.x0 or spot[1] < edges.y0 or spot[2] > edges.x1 or spot[3] > edges.y1
                cost = 1e9 * outside + 1e4 * sum(_overlap(spot, t) for t in taken)
                cost += 10 * sum(_overlap(spot, b) for b in blocked) + ring + 1e-3 * k
                if best is None or cost < best[0]:
                    best = (cost, x, y, gap)
            if best is not None and best[0] < 5:
                break
        if best is None or best[0] >= 1e9:
            label.remove()
            continue
        _, x, y, gap = best
        taken.append((x - half_w, y - half_h, x + half_w, y + half_h))
        label.set_position(to_pixels.inverted().transform((x, y)))
        if gap >= 22:
            start, end = to_pixels.inverted().transform([_towards((x, y), target, half_h), target])
            axes.plot([start[0], end[0]], [start[1], end[1]], color=colour, linewidth=0.7, path_effects=halo(1.5))


def _towards(start: tuple[float, float], end: NDArray[np.float64], distance: float) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max(float(np.hypot(dx, dy)), 1e-9)
    return (start[0] + dx / length * distance, start[1] + dy / length * distance)


def _pixel_box(geometry: shapely.Geometry, to_pixels: Any) -> tuple[float, float, float, float]:
    left, bottom, right, top = geometry.bounds
    (x0, y0), (x1, y1) = to_pixels.transform([(left, bottom), (right, top)])
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
