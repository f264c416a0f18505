"""The line down the middle of a long footprint: its course, its length and where along it each pixel lies.

The ends are the two pixels that lie farthest apart on foot: two sweeps of shortest paths (Dijkstra 1959) over the
footprint, whose pieces are linked by straight bridges. The cheapest path between them, dear near the edges, keeps to
the middle. A smoothing spline (third differences penalised: Eilers and Marx 1996) through the pixels on either side
then takes the staircase out of it, which would lengthen a slanting line by up to 8 %. Penalising third differences
leaves straight stretches and even bends as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.interpolate import BSpline
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree
from skimage.draw import line as drawn
from skimage.morphology import skeletonize

from sitewatch.structures._pixels import EIGHT

FEWEST_PIXELS = 4
# Gaps of up to four pixels close as if they were footprint; wider ones are bridged by the shortest straight line.
CLOSING_PIXELS = 2
# Nearness to the edge costs so much: the inverse distance to it, to this power.
MIDDLE_POWER = 2.0
# The spline has a knot every so many pixels, and a bend of fewer pixels than this is taken for noise.
KNOT_PIXELS = 2.0
STIFFNESS_PIXELS = 4.0
ROUNDS = 3
STEP_PIXELS = 0.5
# The path begins this share of the footprint's half width inside it: its very end turns to a corner.
END_SHARE = 0.75
END_PIXELS = 6.0
# What is wider than this many times the usual width is a lump beside the line.
LUMP_SHARE = 1.5


def centreline(mask: NDArray[np.bool_], pixel_m: tuple[float, float]) -> NDArray[np.float64] | None:
    """The line down the middle of a footprint, from end to end.

    Parameters
    ----------
    mask
        [y, x].
    pixel_m
        True ground size of a pixel in x and y, metres.

    Returns
    -------
    [point, 2], (column, row) in pixels, pixel edges at whole numbers; None for fewer than `FEWEST_PIXELS` pixels.
    """
    if mask.sum() < FEWEST_PIXELS:
        return None
    rows, columns = np.nonzero(mask)
    top, left = int(rows.min()) - 1 - CLOSING_PIXELS, int(columns.min()) - 1 - CLOSING_PIXELS
    here = np.zeros((int(rows.max()) + 2 + CLOSING_PIXELS - top, int(columns.max()) + 2 + CLOSING_PIXELS - left), bool)
    here[rows - top, columns - left] = True
    # Lengths in units of a pixel's mean side, so that pixels that are not square bend nothing.
    unit = np.array(pixel_m) / np.sqrt(pixel_m[0] * pixel_m[1])
    solid = _in_one_piece(ndi.binary_closing(here, EIGHT, iterations=CLOSING_PIXELS) | here, unit)
    depth = ndi.distance_transform_edt(solid, sampling=(unit[1], unit[0]))
    # A lump at the side is passed as if it were no wider than the rest.
    depth = np.minimum(depth, LUMP_SHARE * np.median(depth[skeletonize(solid)]))
    path = _middle_path(solid, depth, unit)
    if path is None:
        return None
    at = np.argwhere(here)[:, ::-1] * unit
    line = _smooth(path * unit, depth[path[:, 1], path[:, 0]], at)
    return line / unit + np.array([left, top]) + 0.5


def length_along(line: NDArray[np.float64], pixel_m: tuple[float, float]) -> float:
    """Length of a line of points (column, row), metres."""
    return float(np.hypot(*(np.diff(line, axis=0) * pixel_m).T).sum())


def positions_along(
    line: NDArray[np.float64], pixels: tuple[NDArray[np.intp], NDArray[np.intp]], pixel_m: tuple[float, float]
) -> NDArray[np.float64]:
    """[pixel], metres along a line from its first point to the point nearest to each pixel's centre.

    Parameters
    ----------
    line
        [point, 2], (column, row) in pixels.
    pixels
        Rows and columns.
    """
    centres = np.stack([pixels[1] + 0.5, pixels[0] + 0.5], axis=1)
    fine, along = _resampled(line * pixel_m, STEP_PIXELS * min(pixel_m))
    _, nearest = KDTree(fine).query(centres * pixel_m)
    return along[nearest]


def _in_one_piece(solid: NDArray[np.bool_], unit: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The footprint with its pieces linked by the shortest straight bridges, without crumbs."""
    labels, _ = ndi.label(solid, EIGHT)
    size = np.bincount(labels.ravel())
    size[0] = 0
    out = (size >= min(FEWEST_PIXELS, size.max()))[labels] & solid
    while True:
        labels, count = ndi.label(out, EIGHT)
        if count < 2:
            return out
        main = labels == 1 + int(np.argmax(np.bincount(labels[out])[1:]))
        near, (rows, columns) = ndi.distance_transform_edt(~main, sampling=(unit[1], unit[0]), return_indices=True)
        others = np.argwhere(out & ~main)
        y, x = others[np.argmin(near[others[:, 0], others[:, 1]])]
        out[drawn(y, x, rows[y, x], columns[y, x])] = True


def _middle_path(
    solid: NDArray[np.bool_], depth: NDArray[np.float64], unit: NDArray[np.float64]
) -> NDArray[np.intp] | None:
    """[point, 2], pixels (column, row) of the path along the middle between the two ends that lie farthest apart."""
    at = np.argwhere(solid)
    number = np.full(solid.shape, -1)
    number[solid] = np.arange(len(at))
    one, other, length = _links(number, unit)
    shape = (len(at), len(at))
    plain = coo_array((length, (one, other)), shape=shape).tocsr()
    end = int(np.argmax(dijkstra(plain, directed=False, indices=0)))
    start = int(np.argmax(dijkstra(plain, directed=False, indices=end)))
    inside = depth[at[:, 0], at[:, 1]]
    dear = (inside.max() / inside) ** MIDDLE_POWER
    middle = coo_array((length * (dear[one] + dear[other]) / 2, (one, other)), shape=shape).tocsr()
    _, before = dijkstra(middle, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return at[path][:, ::-1] if len(path) > 1 else None


def _links(
    number: NDArray[np.intp], unit: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Pairs of pixels that touch and the distances of their centres."""
    height, width = number.shape
    ends, lengths = [], []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = number[: height - dy, max(-dx, 0) : width - max(dx, 0)]
        there = number[dy:, max(dx, 0) : width - max(-dx, 0)]
        both = (here >= 0) & (there >= 0)
        ends.append(np.stack([here[both], there[both]]))
        lengths.append(np.full(int(both.sum()), np.hypot(dx * unit[0], dy * unit[1])))
    one, other = np.concatenate(ends, axis=1)
    return one, other, np.concatenate(lengths)


def _smooth(path: NDArray[np.float64], depth: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A path through pixels made smooth, through the middle of the footprint's pixels `at` [pixel, 2] beside it."""
    inner = np.flatnonzero(depth >= END_SHARE * np.median(depth))
    path, depth = path[inner[0] : inner[-1] + 1], depth[inner[0] : inner[-1] + 1]
    reach = 2.0 * float(np.median(depth)) + 2.0
    for _ in range(ROUNDS):
        line = _carried_on(path, reach)
        fine, along = _resampled(line, STEP_PIXELS)
        distance, nearest = KDTree(fine).query(at)
        # What branches off is not beside the line.
        _, of_path = KDTree(path).query(fine[nearest])
        beside = distance <= depth[np.minimum(of_path, len(depth) - 1)] + 1.0
        if beside.sum() < FEWEST_PIXELS:
            break
        s = along[nearest[beside]]
        fit = _spline(s, at[beside])
        low, high = _ends(s)
        t = np.linspace(low, high, max(int(np.ceil((high - low) / STEP_PIXELS)), 1) + 1)
        path, depth = fit(t), np.interp(t, along, depth[np.minimum(KDTree(path).query(fine)[1], len(depth) - 1)])
    return path


def _ends(s: NDArray[np.float64]) -> tuple[float, float]:
    """Where a line ends: a square end covers as much as the pixels of its last stretch do.

    The corner of a slanting end reaches farther, by up to half the width.
    """
    low, high = float(s.min()) - 0.5, float(s.max()) + 0.5
    width = len(s) / (high - low)
    reach = min(max(END_PIXELS, width), (high - low) / 4)
    ends = []
    for t in (s - low, high - s):
        last, beside = float((t < reach).sum()), float(((t >= reach) & (t < 3 * reach)).sum()) / 2
        ends.append(float(np.clip(reach * (1 - last / max(beside, 1e-9)), 0.0, width / 2)))
    return low + ends[0], high - ends[1]


def _spline(s: NDArray[np.float64], at: NDArray[np.float64]) -> BSpline:
    """Cubic P-spline of position on arc length."""
    low, high = float(s.min()) - 1.0, float(s.max()) + 1.0
    spans = max(int(np.ceil((high - low) / KNOT_PIXELS)), 1)
    step = (high - low) / spans
    knots = low + step * np.arange(-3, spans + 4)
    basis = BSpline.design_matrix(np.clip(s, low, high), knots, 3)
    size = spans + 3
    normal = (basis.T @ basis).toarray()
    rough = np.diff(np.eye(size), 3, axis=0) if size > 3 else np.zeros((0, size))
    # The weight at which a wave of STIFFNESS_PIXELS radians loses half its height, for pixels as dense as here.
    density = len(s) / (high - low)
    weight = density * step * (STIFFNESS_PIXELS / step) ** 6
    coefficients = np.linalg.solve(normal + weight * rough.T @ rough + 1e-9 * np.eye(size), basis.T @ at)
    return BSpline(knots, coefficients, 3)


def _carried_on(path: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """A path carried straight on at both ends."""
    back = min(len(path) - 1, 8)
    if back < 1:
        return path
    first, last = path[0] - path[back], path[-1] - path[-1 - back]
    ends = [tip + reach * d / max(float(np.hypot(*d)), 1e-9) for tip, d in ((path[0], first), (path[-1], last))]
    return np.vstack([ends[0], path, ends[1]])


def _resampled(line: NDArray[np.float64], step: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A line at even steps, and how far along each point lies."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    t = np.linspace(0.0, along[-1], max(int(np.ceil(along[-1] / step)), 1) + 1)
    return np.stack([np.interp(t, along, line[:, k]) for k in (0, 1)], axis=1), t
