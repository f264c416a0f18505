"""Ships under way: what is bright on the water in one image and in neither of its neighbours.

Despiking takes them out before any lasting change is looked for; here they are counted, so that what was set aside can
be seen. A pixel counts as bright where it passes a constant-false-alarm-rate threshold of the gamma law of its
stratum's effective looks in every polarisation (the usual ship detector; Crisp 2004, DSTO-RR-0272, ch. 4).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.stats import gamma

from sitewatch.change._background import WATER, Background

# Chance that open water passes for bright, a pixel and image.
FALSE_BRIGHT = 1e-8
FEWEST_PIXELS = 2
LONGEST_SHIP_M = 500.0
# Where more of a tile's water is bright at once, it is weather, and that date's ships can't be told.
MOST_BRIGHT_SHARE = 0.05
UNKNOWN = -1
# So many of a tile's water pixels tell how far the upper tail of this share reaches on each date.
SAMPLE_PIXELS = 4000
TAIL_SHARE = 0.02


@dataclasses.dataclass(frozen=True)
class Bright:
    """Bright pixels on the water of one tile: image, row and column each; and dates on which too much was bright."""

    image: NDArray[np.intp]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    unknown: NDArray[np.bool_]


def bright_on_water(
    log_values: NDArray[np.float32],
    water: NDArray[np.bool_],
    background: Background,
    rows: slice,
    columns: slice,
) -> Bright:
    """Pixels of one tile that are brighter than open water is.

    Parameters
    ----------
    log_values
        [time, polarisation, pixel], ln power, the tile's rows one after the other.
    water
        [pixel], whether it is water.
    """
    n_time, n_pol, _ = log_values.shape
    wet = np.flatnonzero(water)
    if wet.size == 0:
        none = np.zeros(0, np.intp)
        return Bright(none, none, none, np.zeros(n_time, bool))
    sample = log_values[:, :, wet[:: max(wet.size // SAMPLE_PIXELS, 1)]]
    # Where much of the water passes the calm sea's limit, it is weather, and no ship can be told.
    storm = np.ones((n_time, sample.shape[2]), bool)
    limits = []
    for pol in range(n_pol):
        calm = background.effect[WATER, pol] + background.level[WATER, pol] + _above_median(background, pol)
        storm &= sample[:, pol] > calm[:, None]
        limits.append(_limit(sample[:, pol], calm, background, pol).astype(np.float32))
    unknown = storm.mean(axis=1) > MOST_BRIGHT_SHARE
    # Hardly any pixel passes the first polarisation, so that the others are asked there only.
    image, pixel = np.nonzero((log_values[:, 0] > limits[0][:, None]) & water)
    for pol in range(1, n_pol):
        keep = log_values[image, pol, pixel] > limits[pol][image]
        image, pixel = image[keep], pixel[keep]
    image, pixel = image[~unknown[image]], pixel[~unknown[image]]
    row, column = np.divmod(pixel, columns.stop - columns.start)
    return Bright(image, row + rows.start, column + columns.start, unknown)


def _above_median(background: Background, pol: int) -> float:
    """How far above the median a calm sea's limit lies, natural log."""
    chance = FALSE_BRIGHT ** (1 / background.effective_looks.shape[1])
    return _tail(background, pol, chance)


def _tail(background: Background, pol: int, share: float) -> float:
    """How far above the median the upper tail of a share begins by the gamma law of the water's looks, natural log."""
    looks = float(background.effective_looks[WATER, pol])
    return float(np.log(gamma.isf(share, looks) / gamma.median(looks)))


def _limit(
    sample: NDArray[np.float32], calm: NDArray[np.float64], background: Background, pol: int
) -> NDArray[np.float64]:
    """[time], ln power above which open water hardly ever is: the calm sea's, or higher.

    Where a rough sea's upper tail reaches further than the gamma law's, the limit is moved out in proportion.

    Parameters
    ----------
    sample
        [time, pixel], ln power of some of the tile's water.
    calm
        [time], the limit by the gamma law.
    """
    out = np.array(calm, float)
    covered = np.isfinite(sample).any(axis=1)
    middle, high = np.nanquantile(sample[covered].astype(float), [0.5, 1 - TAIL_SHARE], axis=1)
    rough = np.maximum((high - middle) / _tail(background, pol, TAIL_SHARE), 1.0)
    out[covered] = np.fmax(out[covered], middle + rough * _above_median(background, pol))
    return out


def count_passing(tiles: list[Bright], pixel_m: float) -> NDArray[np.int16]:
    """[time], ships seen in one image only; `UNKNOWN` where weather was as bright as they are.

    Parameters
    ----------
    tiles
        What `bright_on_water` gave for all tiles.
    pixel_m
        Size of a pixel on the ground.
    """
    image, row, column = (np.concatenate([getattr(t, name) for t in tiles]) for name in ("image", "row", "column"))
    unknown = np.any([t.unknown for t in tiles], axis=0)
    out = np.where(unknown, UNKNOWN, 0).astype(np.int16)
    places = [np.stack([row[image == t], column[image == t]], axis=1) for t in range(len(out))]
    for t in np.flatnonzero(~unknown):
        beside = {(int(y), int(x)) for s in (t - 1, t + 1) if 0 <= s < len(out) for y, x in places[s]}
        stays = np.array([(int(y), int(x)) in beside for y, x in places[t]], bool)
        for members in _groups(places[t]):
            long_m = float(np.hypot(*np.ptp(places[t][members], axis=0))) * pixel_m
            passing = stays[members].mean() < 0.5
            out[t] += bool(members.size >= FEWEST_PIXELS and long_m <= LONGEST_SHIP_M and passing)
    return out


def _groups(places: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Indices of the pixels [pixel, 2] that touch, group by group."""
    if len(places) == 0:
        return []
    pairs = cKDTree(places).query_pairs(1.5, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
    count, group = connected_components(graph, directed=False)
    return [np.flatnonzero(group == g) for g in range(count)]
