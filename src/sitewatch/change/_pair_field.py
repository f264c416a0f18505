"""Three kinds of pixels in a log ratio, darker, unchanged and brighter, and which pixel is of which kind.

Each kind has a level of its own and scatters about it; neighbours are mostly of one kind (Potts prior). Levels, scatter
and the pixels' chances follow from one another by the EM algorithm (Dempster, Laird and Rubin 1977) with the mean-field
approximation of the Potts field in its E step (Zhang 1992). That is the unsupervised scheme of Bruzzone and Fernandez
Prieto 2000, with a soft field and one more condition: half of the way (`_evidence`).
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy import stats

from sitewatch.change._background import CLEAR_SEPARATION
from sitewatch.change._robust import MAD_TO_SD

# Log-odds that each of eight neighbours of a kind adds to it; as for footprints (structures/_membership.py).
COUPLING = 0.55
# A changed kind is looked for where pixels stick out so far that unchanged ones would in one image of a hundred.
CORE_ALPHA = 0.01
# No pair of images agrees better than this (ln amplitude, 0.25 dB).
LEAST_SD = 0.03
ROUNDS = 30
SWEEPS = 2
DAMPING = 0.5
SETTLED = 1e-3
FEWEST_CORE_PIXELS = 5
DARKER, UNCHANGED, BRIGHTER = 0, 1, 2
SIGNS = (-1.0, 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class PairField:
    """Kinds of pixels.

    Attributes
    ----------
    chance
        [kind, y, x], darker, unchanged, brighter; sums to 1, 0 where there is no data.
    level, sd
        [kind], ln amplitude; NaN for a kind that is not there.
    share
        [kind] of the pixels with data.
    """

    chance: NDArray[np.float64]
    level: NDArray[np.float64]
    sd: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def changed_kinds(self) -> list[int]:
        """Those of `DARKER` and `BRIGHTER` that are there."""
        return [kind for kind in (DARKER, BRIGHTER) if np.isfinite(self.level[kind])]

    @property
    def changed_share(self) -> float:
        """Share of the pixels with data that are more likely changed than not."""
        known = self.chance.sum(axis=0) > 0.5
        return float((self.chance[UNCHANGED][known] < 0.5).mean())

    def plainness(self) -> float:
        """Distance of the plainest changed kind from the unchanged one in sd of that; 0 where nothing changed."""
        apart = [abs(self.level[kind] - self.level[UNCHANGED]) / self.sd[UNCHANGED] for kind in self.changed_kinds]
        return float(max(apart, default=0.0))

    def threshold(self, kind: int) -> float:
        """Log ratio at which a pixel is as likely of that kind as unchanged, its neighbours set aside; or NaN."""
        if kind not in self.changed_kinds:
            return float("nan")
        way = np.linspace(self.level[UNCHANGED], self.level[kind], 2001)
        over = np.flatnonzero(_evidence(way, kind, self.level, self.sd, self.share) > 0.0)
        return float(way[over[0]]) if over.size else float(self.level[kind])


def fit_field(ratio: NDArray[np.float64], informed: NDArray[np.bool_], cell_pixels: float) -> PairField:
    """Find which kinds there are, and of which each pixel is.

    Parameters
    ----------
    ratio
        [y, x], averaged log ratio, ln amplitude; NaN for no data.
    informed
        [y, x], pixels from which the unchanged kind's level and scatter are taken.
    cell_pixels
        Pixels that tell as much as one.
    """
    known = np.isfinite(ratio)
    values = np.where(known, ratio, 0.0)
    level, sd = _unchanged(ratio, informed & known)
    cores = {kind: _core_level(ratio, SIGNS[kind], level, sd, cell_pixels) for kind in (DARKER, BRIGHTER)}
    levels = np.array([cores[DARKER], level, cores[BRIGHTER]])
    while True:
        field = _iterate(values, known, levels, sd)
        blurred = [kind for kind in field.changed_kinds if _separation(field, kind) < CLEAR_SEPARATION]
        if not blurred:
            return field
        levels[min(blurred, key=lambda kind: _separation(field, kind))] = np.nan


def _unchanged(ratio: NDArray[np.float64], informed: NDArray[np.bool_]) -> tuple[float, float]:
    """Level and scatter of most pixels: median and median absolute deviation."""
    chosen = ratio[informed]
    if chosen.size == 0:
        return 0.0, LEAST_SD
    level = float(np.median(chosen))
    return level, max(MAD_TO_SD * float(np.median(np.abs(chosen - level))), LEAST_SD)


def _core_level(ratio: NDArray[np.float64], sign: float, level: float, sd: float, cell_pixels: float) -> float:
    """Median of the patches that stick out on one side, or NaN where none is larger than a cell of the speckle."""
    cells = max(np.isfinite(ratio).sum() / cell_pixels, 1.0)
    far = float(stats.norm.isf(0.5 * CORE_ALPHA / cells))
    with np.errstate(invalid="ignore"):
        core = sign * (ratio - level) > far * sd
    patches, count = ndi.label(core, structure=np.ones((3, 3)))
    sizes = np.bincount(patches.ravel(), minlength=count + 1)
    sizes[0] = 0
    large = sizes >= max(cell_pixels, FEWEST_CORE_PIXELS)
    return float(np.median(ratio[large[patches]])) if large.any() else float("nan")


def _separation(field: PairField, kind: int) -> float:
    """Ashman's D between a changed kind and the unchanged one (Ashman, Bird and Zepf 1994, eq. 2)."""
    apart = SIGNS[kind] * (field.level[kind] - field.level[UNCHANGED])
    return float(apart / math.sqrt(0.5 * (field.sd[kind] ** 2 + field.sd[UNCHANGED] ** 2)))


def _evidence(
    ratio: NDArray[np.float64],
    kind: int,
    level: NDArray[np.float64],
    sd: NDArray[np.float64],
    share: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log-odds of a changed kind against the unchanged one: the lesser of two.

    The mixture's: normal laws of the kinds' own scatter, weighted with their shares; beyond its level a changed kind
    is as likely as at it. Where the unchanged ground scatters widely, this one decides.

    Half of the way: normal laws of one scatter, without shares, whose odds are even midway between the levels. Where
    the unchanged ground is steady, all that differs from it would pass for changed, pixels that the change covers by a
    small part among it; this one draws the outline where half of the step is reached.
    """
    here, there = UNCHANGED, kind
    stay = (ratio - level[here]) ** 2
    go = (ratio - level[there]) ** 2
    pooled = (share[here] * sd[here] ** 2 + share[there] * sd[there] ** 2) / (share[here] + share[there])
    half = (stay - go) / (2.0 * pooled)
    beyond = SIGNS[kind] * (ratio - level[there]) > 0.0
    mixture = (
        stay / (2.0 * sd[here] ** 2)
        - np.where(beyond, 0.0, go) / (2.0 * sd[there] ** 2)
        + math.log(sd[here] / sd[there])
        + math.log(share[there] / share[here])
    )
    return np.minimum(half, mixture)


def _eight_neighbours(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the eight neighbours; nothing lies beyond the edge."""
    return 9.0 * ndi.uniform_filter(chance, 3, mode="constant") - chance


def _iterate(ratio: NDArray[np.float64], known: NDArray[np.bool_], start: NDArray[np.float64], sd: float) -> PairField:
    """Mean-field EM from given levels; kinds of level NaN are left out."""
    kinds = [kind for kind in (DARKER, UNCHANGED, BRIGHTER) if np.isfinite(start[kind])]
    distance = np.stack([np.abs(ratio - (start[kind] if kind in kinds else np.inf)) for kind in range(3)])
    chance = np.where(known, np.argmin(distance, axis=0) == np.arange(3)[:, None, None], 0.0).astype(float)
    level, spread, share = start.copy(), np.full(3, sd), np.full(3, np.nan)
    total = max(float(known.sum()), 1.0)
    for _ in range(ROUNDS):
        before = chance
        for kind in kinds:
            weight = float(chance[kind].sum())
            # A kind that loses all its pixels keeps its level; its share tells that it is gone.
            share[kind] = max(weight / total, 0.5 / total)
            if weight > 0.0:
                level[kind] = float((chance[kind] * ratio).sum()) / weight
                spread[kind] = math.sqrt(float((chance[kind] * (ratio - level[kind]) ** 2).sum()) / weight)
            spread[kind] = max(spread[kind], LEAST_SD)
        evidence = np.full(chance.shape, -np.inf)
        evidence[UNCHANGED] = 0.0
        for kind in kinds:
            if kind != UNCHANGED:
                evidence[kind] = _evidence(ratio, kind, level, spread, share)
        for _ in range(SWEEPS):
            odds = evidence.copy()
            for kind in kinds:
                odds[kind] += COUPLING * _eight_neighbours(chance[kind])
            odds = np.exp(odds - odds.max(axis=0))
            chance = (1.0 - DAMPING) * chance + DAMPING * np.where(known, odds / odds.sum(axis=0), 0.0)
        if float(np.abs(chance - before).max(initial=0.0)) < SETTLED:
            break
    absent = [kind for kind in range(3) if kind not in kinds]
    level[absent], spread[absent], share[absent] = np.nan, np.nan, 0.0
    return PairField(chance, level, spread, share)
