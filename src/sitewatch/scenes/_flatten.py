"""Radiometric terrain flattening, and where terrain hides itself from the radar.

Small, D. (2011), "Flattening gamma: radiometric terrain correction for SAR imagery", IEEE TGRS 49(8): backscatter is
power per area as the radar sees it. The terrain's area, projected onto the plane across the line of sight, is summed in
cells of azimuth time and slant range, and compared with that of the ellipsoid, which gamma0 from a product's own tables
rests on. Time and range may come in any unit, rows and columns of the image among them.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Facets are as large as the pixels; cells of some pixels a side hold enough of them for an even sum.
_CELL_PX = 3.0
# Ground is in the layover of slopes elsewhere where these have more than this share of the area in its cell.
_SHARE_IN_LAYOVER = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class Points:
    """Ground points as the radar sees them; each array in the points' own shape.

    Attributes
    ----------
    position_m
        ECEF coordinates (3, ...).
    time_s
        Zero Doppler time, seconds since the image's first line; or any measure that is even along the flight.
    range_m
        Slant range; or any measure that is even across the flight.
    look
        Unit vector from the point to the satellite (3, ...).
    """

    position_m: Floats
    time_s: Floats
    range_m: Floats
    look: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Flattening:
    """Factor that turns gamma0 of the ellipsoid into that of the terrain, and pixels that can't be used.

    Attributes
    ----------
    factor
        (rows, columns); NaN where no terrain is known.
    layover
        Slopes so steep towards the radar that the order of near and far is turned round, and the ground before and
        behind them that falls into the same cells.
    shadow
        Slopes that face away from the radar so steeply that it does not see them, and the ground that terrain before
        it hides.
    """

    factor: Floats
    layover: NDArray[np.bool_]
    shadow: NDArray[np.bool_]


def flatten(terrain: Points, level: Points) -> Flattening:
    """Compare a terrain with a level surface over the same pixels, both (rows, columns).

    Parameters
    ----------
    terrain
        The ground; a margin around the pixels wanted lets slopes outside fall onto them.
    level
        The same pixels at one height.
    """
    seen = _facing(terrain)
    known = np.isfinite(seen) & np.isfinite(terrain.time_s) & np.isfinite(terrain.range_m)
    down, across = _steps(level)
    time0, range0 = np.nanmin(terrain.time_s), np.nanmin(terrain.range_m)
    row, col = (terrain.time_s - time0) / down, (terrain.range_m - range0) / across
    area = np.where(known, np.maximum(seen, 0), 0)
    density = _sum_in_cells(row, col, area, known) / (down * across)
    straight = _jacobian(level)
    turned = known & (_jacobian(terrain) * np.sign(straight) <= 0)
    reference = np.abs(_facing(level) / straight)
    here = _at(density, row, col, known)
    factor = np.full(seen.shape, np.nan)
    np.divide(reference, here, out=factor, where=known & (here > 0))
    layover = turned
    if turned.any():
        from_turned = _sum_in_cells(row, col, np.where(turned, area, 0), known) / (down * across)
        layover = turned | (_at(from_turned, row, col, known) > _SHARE_IN_LAYOVER * here)
    return Flattening(factor, layover, known & ((seen <= 0) | _hidden(terrain, level)))


def _hidden(terrain: Points, level: Points) -> NDArray[np.bool_]:
    """Ground that terrain between it and the radar rises in front of; looked for as far as the relief can throw it."""
    up = level.position_m / np.linalg.norm(level.position_m, axis=0)
    height = ((terrain.position_m - level.position_m) * up).sum(0)
    hidden = np.zeros(height.shape, bool)
    middle = np.s_[:, height.shape[0] // 2, height.shape[1] // 2]
    look, zenith = level.look[middle], up[middle]
    cosine = float(look @ zenith)
    towards = look - cosine * zenith
    along = [np.nanmedian(np.gradient(level.position_m, axis=axis).reshape(3, -1), axis=1) for axis in (1, 2)]
    step = np.linalg.lstsq(np.stack(along, axis=1), towards, rcond=None)[0]
    step /= np.abs(step).max()
    rise = float(np.linalg.norm(step[0] * along[0] + step[1] * along[1])) * cosine / np.sqrt(1 - cosine**2)
    reach = int(np.ceil(np.nan_to_num(np.nanmax(height) - np.nanmin(height)) / rise))
    for steps in range(1, min(reach, max(height.shape) - 1) + 1):
        down, across = (round(float(part) * steps) for part in step)
        here, there = _overlapping(height.shape[0], down), _overlapping(height.shape[1], across)
        before, behind = height[here[1], there[1]], height[here[0], there[0]]
        # Half a step of room: the way is taken from pixel to pixel.
        hidden[here[0], there[0]] |= before - behind > (steps + 0.5) * rise
    return hidden


def _overlapping(size: int, offset: int) -> tuple[slice, slice]:
    """An axis and the same `offset` further on, where both are inside."""
    kept = max(size - abs(offset), 0)
    start = max(-offset, 0)
    return slice(start, start + kept), slice(start + offset, start + offset + kept)


def _facing(surface: Points) -> Floats:
    """Area of each pixel's facet across the line of sight; negative where it faces away."""
    normal = np.cross(np.gradient(surface.position_m, axis=2), np.gradient(surface.position_m, axis=1), axis=0)
    outward = np.sign((normal * surface.position_m).sum(0))
    return np.asarray(outward * (normal * surface.look).sum(0))


def _jacobian(surface: Points) -> Floats:
    """Change of (time, range) with (row, column), as a determinant."""
    time_row, time_col = np.gradient(surface.time_s)
    range_row, range_col = np.gradient(surface.range_m)
    return np.asarray(time_row * range_col - time_col * range_row)


def _steps(level: Points) -> tuple[float, float]:
    """Sizes of the cells: seconds and metres of slant range."""
    time_row, time_col = np.gradient(level.time_s)
    range_row, range_col = np.gradient(level.range_m)
    return (
        _CELL_PX * float(np.nanmedian(np.hypot(time_row, time_col))),
        _CELL_PX * float(np.nanmedian(np.hypot(range_row, range_col))),
    )


def _sum_in_cells(row: Floats, col: Floats, area: Floats, known: NDArray[np.bool_]) -> Floats:
    """Areas shared out bilinearly among the cells around each facet's centre."""
    r, c, a = row[known], col[known], area[known]
    r0, c0 = np.floor(r).astype(int), np.floor(c).astype(int)
    shape = (int(r0.max()) + 2, int(c0.max()) + 2)
    total = np.zeros(shape[0] * shape[1])
    for i in (0, 1):
        for j in (0, 1):
            weight = np.abs(1 - i - (r - r0)) * np.abs(1 - j - (c - c0))
            total += np.bincount((r0 + i) * shape[1] + c0 + j, a * weight, minlength=total.size)
    return total.reshape(shape)


def _at(cells: Floats, row: Floats, col: Floats, known: NDArray[np.bool_]) -> Floats:
    out = np.full(row.shape, np.nan)
    r, c = row[known], col[known]
    r0, c0 = np.floor(r).astype(int), np.floor(c).astype(int)
    u, v = r - r0, c - c0
    out[known] = (1 - u) * ((1 - v) * cells[r0, c0] + v * cells[r0, c0 + 1]) + u * (
        (1 - v) * cells[r0 + 1, c0] + v * cells[r0 + 1, c0 + 1]
    )
    return out
