"""The annotated image: callouts beside the picture with arrows into it, and measured lines drawn on the ground."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sitewatch.report._captions import dates_words
from sitewatch.report._furniture import Sheet, new_sheet, write, write_lines
from sitewatch.report._labels import place_labels
from sitewatch.report._maps import onset_colours
from sitewatch.report._outlines import draw_outline
from sitewatch.report._pairs import standard_foot
from sitewatch.report._picture import Picture
from sitewatch.report._style import GREY_MAP, INK, MUTED, drawable, halo, stretch_db
from sitewatch.report._wording import area_words, begun_words, finished_words, length_words
from sitewatch.structure import LINEAR_KINDS, Measure, Structure
from sitewatch.words import upper_first

PICTURE_IN, PICTURE_HEIGHT_IN = 4.3, 5.4
COLUMN_IN, GUTTER_IN = 1.74, 0.16
FONT, LINE_IN, PAD_IN, BETWEEN_IN = 7.5, 0.135, 0.05, 0.08
EDGE_IN = 0.06
LETTERS = 26
MOST_CALLOUTS = 12
# A measured line shorter than this on paper has no room for its arrows.
SHORTEST_LINE_IN = 0.4
LINE_COLOUR = "#ffffff"


@dataclasses.dataclass(frozen=True)
class Callout:
    """Lines of words about one thing, what they point at, and their colour."""

    lines: tuple[str, ...]
    target: BaseGeometry
    colour: str

    @property
    def height_in(self) -> float:
        """On paper."""
        return len(self.lines) * LINE_IN + 2 * PAD_IN


def annotated_map(picture: Picture, structures: Sequence[Structure], labels: Mapping[str, str]) -> Figure:
    """One picture with a callout for each structure, stacked on its two sides so that no two meet and no arrows cross.

    Parameters
    ----------
    picture
        What to show; nothing stands on it but outlines, arrow tips and measured lines.
    structures
        The weightiest first; of those that lie in the picture the first twelve get a callout, as room allows.
    labels
        Structure id to the number it carries in the dossier.
    """
    frame = picture.frame
    side = COLUMN_IN + GUTTER_IN
    sheet = new_sheet(
        frame, width_in=PICTURE_IN, max_height_in=PICTURE_HEIGHT_IN, head_in=0.28, foot_in=0.78, margins_in=(side, side)
    )
    black, white = stretch_db(picture.db)
    sheet.picture.imshow(picture.db, extent=frame.extent, cmap=GREY_MAP, vmin=black, vmax=white, aspect="auto")
    write_lines(sheet.head, 0, 0.24, upper_first(dates_words(picture)), width_in=sheet.width_in, lines=1, color=INK)
    standard_foot(sheet, picture, top_in=sheet.foot_in)
    view = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    colours = onset_colours(structures)
    shown = [s for s in structures if shapely.intersects(frame.project(s.footprint), view)][:MOST_CALLOUTS]
    for structure in shown:
        dashed: dict[str, Any] = {"linestyle": (0, (4, 2))} if structure.status == "candidate" else {}
        draw_outline(sheet.picture, frame, structure.footprint, color=colours[structure.id], linewidth=0.9, **dashed)
    paper = _paper(sheet)
    callouts = [
        Callout(
            _words(s, labels.get(s.id, "")),
            shapely.transform(shapely.intersection(frame.project(s.footprint), view), lambda xy: _inches(sheet, xy)),
            colours[s.id],
        )
        for s in shown
    ]
    arrows = _place(paper, sheet, callouts)
    _measured_lines(sheet, picture, shown, arrows)
    return sheet.figure


def _words(structure: Structure, label: str) -> tuple[str, ...]:
    linear = structure.kind in LINEAR_KINDS
    size = f"{length_words(structure.length_m)} long" if linear else area_words(structure.area_m2)
    head = f"{label}. {upper_first(structure.kind)}, {structure.status}"
    done = finished_words(structure) if structure.completion else "not known to be complete"
    return tuple(
        line
        for sentence in (head, size, upper_first(begun_words(structure)), upper_first(done))
        for line in textwrap.wrap(drawable(sentence.replace("\u00a0", " ")), LETTERS)
    )


def _paper(sheet: Sheet) -> Axes:
    """Axes over the whole figure, in inches, for what runs from a margin into the picture."""
    width, height = sheet.figure.get_size_inches()
    axes = sheet.figure.add_axes((0, 0, 1, 1), zorder=5)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    axes.patch.set_visible(False)
    return axes


def _inches(sheet: Sheet, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the picture in inches from the figure's lower left corner."""
    figure = sheet.figure
    return np.asarray(sheet.picture.transData.transform(points) / figure.dpi)


def _on_picture(sheet: Sheet, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in inches from the figure's lower left corner in the picture's coordinates."""
    return np.asarray(sheet.picture.transData.inverted().transform(points * sheet.figure.dpi))


def sides_of(callouts: Sequence[Callout], middle: float, room_in: float) -> tuple[list[Callout], list[Callout]]:
    """Which callouts stand left and which right: by where they point, evened out so that both sides have room."""
    order = sorted(callouts, key=lambda c: c.target.centroid.x)
    split = sum(c.target.centroid.x < middle for c in order)

    def height(some: Sequence[Callout]) -> float:
        return sum(c.height_in + BETWEEN_IN for c in some)

    while split > 0 and height(order[:split]) > max(room_in, height(order[split:])):
        split -= 1
    while split < len(order) and height(order[split:]) > max(room_in, height(order[:split])):
        split += 1
    return order[:split], order[split:]


def fitting(callouts: Sequence[Callout], room_in: float) -> list[Callout]:
    """Those that there is room for; the last of the order given are left out."""
    kept = list(callouts)
    while kept and sum(c.height_in for c in kept) + BETWEEN_IN * (len(kept) - 1) > room_in:
        kept.pop()
    return kept


def stacked(callouts: Sequence[Callout], low: float, high: float) -> list[float]:
    """Heights of the callouts' middles: as near to what they point at as can be, each above the one before it.

    Pooling of neighbours that would overlap (isotonic regression by adjacent violators), kept between `low` and `high`.
    """
    blocks: list[tuple[float, float, list[Callout]]] = []  # bottom, height, members
    for one in callouts:
        size = one.height_in + BETWEEN_IN
        block = (one.target.centroid.y - size / 2, size, [one])
        while blocks and blocks[-1][0] + blocks[-1][1] > block[0]:
            bottom, tall, members = blocks.pop()
            share = len(members) / (len(members) + len(block[2]))
            joined = share * bottom + (1 - share) * (block[0] - tall)
            block = (joined, tall + block[1], [*members, *block[2]])
        blocks.append(block)
    return _within(blocks, low - BETWEEN_IN / 2, high + BETWEEN_IN / 2)


def _within(blocks: list[tuple[float, float, list[Callout]]], low: float, high: float) -> list[float]:
    bottoms = [bottom for bottom, _, _ in blocks]
    floor = low
    for i, (_, tall, _) in enumerate(blocks):
        bottoms[i] = max(bottoms[i], floor)
        floor = bottoms[i] + tall
    ceiling = high
    for i in range(len(blocks) - 1, -1, -1):
        bottoms[i] = min(bottoms[i], ceiling - blocks[i][1])
        ceiling = bottoms[i]
    out = []
    for y, (_, _, members) in zip(bottoms, blocks, strict=True):
        for one in members:
            out.append(y + (one.height_in + BETWEEN_IN) / 2)
            y += one.height_in + BETWEEN_IN
    return out


def leader(callout: Callout, edge: float, y: float) -> shapely.LineString:
    """From the inner edge of a callout to the nearest point of what it is about."""
    start = shapely.Point(edge, y)
    return shapely.LineString([start, shapely.get_coordinates(shapely.shortest_line(start, callout.target))[-1]])


def arranged(callouts: Sequence[Callout], edge: float, low: float, high: float) -> list[tuple[Callout, float]]:
    """Callouts of one side with the heights of their middles, from below upwards, in an order in which no arrows cross.

    Begun in the order of what they point at; two whose arrows cross change places.
    """
    order = sorted(fitting(callouts, high - low), key=lambda c: c.target.centroid.y)
    for _ in range(len(order) ** 2 + 1):
        heights = stacked(order, low, high)
        lines = [leader(c, edge, y) for c, y in zip(order, heights, strict=True)]
        crossed = next(((a, b) for a, b in combinations(range(len(order)), 2) if lines[a].crosses(lines[b])), None)
        if crossed is None:
            break
        a, b = crossed
        order[a], order[b] = order[b], order[a]
    return list(zip(order, heights, strict=True)) if order else []


def _place(paper: Axes, sheet: Sheet, callouts: Sequence[Callout]) -> list[BaseGeometry]:
    """Stack the callouts over the whole height of the paper on both sides; gives their arrows on the picture."""
    arrows: list[BaseGeometry] = []
    box = sheet.picture.get_position()
    width, height = sheet.figure.get_size_inches()
    left, right, low, high = box.x0 * width, box.x1 * width, EDGE_IN, height - EDGE_IN
    for where, some in zip(("left", "right"), sides_of(callouts, (left + right) / 2, high - low), strict=True):
        x = GUTTER_IN / 2 if where == "left" else right + GUTTER_IN
        edge = x + COLUMN_IN if where == "left" else x
        for callout, y in arranged(some, edge, low, high):
            _draw(paper, callout, x, y, edge)
            arrows.append(shapely.transform(leader(callout, edge, y), lambda xy: _on_picture(sheet, xy)))
    return arrows


def _draw(paper: Axes, callout: Callout, x: float, y: float, edge: float) -> None:
    top = y + callout.height_in / 2
    paper.plot(
        [edge, edge], [y - callout.height_in / 2, top], color=callout.colour, linewidth=2.0, solid_capstyle="butt"
    )
    inset = 0.06 if edge == x else 0.0
    for i, line in enumerate(callout.lines):
        bold = {"fontweight": "bold"} if i == 0 else {"color": MUTED}
        write(paper, x + inset, top - PAD_IN - (i + 0.5) * LINE_IN, line, fontsize=FONT, **bold)
    tip = leader(callout, edge, y).coords[-1]
    paper.add_patch(
        FancyArrowPatch(
            (edge, y), (float(tip[0]), float(tip[1])), arrowstyle="-|>", mutation_scale=7, color=callout.colour,
            linewidth=1.0, shrinkA=0, shrinkB=0, path_effects=halo(2.0),
        )
    )  # fmt: skip


def _measured_lines(
    sheet: Sheet, picture: Picture, structures: Sequence[Structure], arrows: Sequence[BaseGeometry]
) -> None:
    """A line with a tick at both ends along each length that there is room to draw; its length clear of the arrows."""
    lines = []
    for structure in structures:
        line = _dimension(structure, picture, sheet.metres_per_inch)
        if line is None or line.length * picture.frame.metres_per_x < SHORTEST_LINE_IN * sheet.metres_per_inch:
            continue
        xy = shapely.get_coordinates(line)
        sheet.picture.plot(xy[:, 0], xy[:, 1], color=LINE_COLOUR, linewidth=0.8, path_effects=halo(2.0), zorder=4)
        for end, inner in ((xy[0], xy[1]), (xy[-1], xy[-2])):
            _tick(sheet, end, inner)
        lines.append((_length_label(structure.length_m), line, LINE_COLOUR))
    blocked = [picture.frame.project(s.footprint) for s in structures] + [line for _, line, _ in lines]
    blocked += arrows
    place_labels(sheet.picture, picture, lines, blocked, fontsize=7)


def _length_label(length: Measure) -> str:
    return length_words(length).replace("\u00a0", " ").split(" (")[0]


def _dimension(structure: Structure, picture: Picture, metres_per_inch: float) -> shapely.LineString | None:
    """The line that was measured, in the frame's CRS: the centreline of a linear work, else the long side beside it."""
    frame = picture.frame
    if structure.centreline is not None:
        parts = [p for p in shapely.get_parts(frame.project(structure.centreline)) if p.length > 0]
        return parts[0].simplify(picture.pixel_m / frame.metres_per_x) if len(parts) == 1 else None
    rectangle = shapely.minimum_rotated_rectangle(frame.project(structure.footprint))
    if rectangle.geom_type != "Polygon":
        return None
    corners = shapely.get_coordinates(rectangle)
    sides = [shapely.LineString(pair) for pair in pairwise(corners)]
    longest = max(side.length for side in sides)
    away = 0.08 * metres_per_inch / frame.metres_per_x
    beside = [_moved_out(side, rectangle.centroid, away) for side in sides if side.length > 0.999 * longest]
    view = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    # Of the two long sides, the one further from the picture's middle: there is more room outside.
    return max((s for s in beside if view.contains(s)), key=lambda s: s.distance(view.centroid), default=None)


def _moved_out(side: shapely.LineString, centre: shapely.Point, away: float) -> shapely.LineString:
    """A side of a rectangle, moved off its centre."""
    out = np.asarray(side.centroid.coords[0]) - np.asarray(centre.coords[0])
    step = away * out / max(float(np.hypot(*out)), 1e-12)
    return shapely.LineString(np.asarray(side.coords) + step)


def _tick(sheet: Sheet, end: NDArray[np.float64], inner: NDArray[np.float64]) -> None:
    """A short bar across the end of a measured line."""
    along = (inner - end) / max(float(np.hypot(*(inner - end))), 1e-12)
    across = np.array([-along[1], along[0]]) * 0.05 * sheet.metres_per_inch / sheet.frame.metres_per_x
    xy = np.stack([end - across, end + across])
    sheet.picture.plot(xy[:, 0], xy[:, 1], color=LINE_COLOUR, linewidth=0.8, path_effects=halo(2.0), zorder=4)
