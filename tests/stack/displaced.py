"""Stacks with known displacements: a coast with buildings, or a windy sea, under fresh speckle on every date."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage


def land(
    seed: int,
    shape: tuple[int, int] = (128, 128),
    contrast_db: float = 3.0,
    tide_px: float = 0.0,
    pier_px: int = 0,
    slant: float = 0.0,
) -> np.ndarray:
    """Mean backscatter of fields, houses, a shore that gives way to the tide, and a pier; on a grid twice as fine.

    The shore runs down the left third, and `slant` columns aside with every row.
    """
    rng = np.random.default_rng(seed)
    fine = (2 * shape[0], 2 * shape[1])
    fields = ndimage.gaussian_filter(rng.normal(size=fine), 6)
    level_db = contrast_db * fields / fields.std() - 12
    houses = ndimage.maximum_filter(rng.random(fine) > 0.999, size=3)
    level_db[houses] += 10
    reach = 0.3 * fine[1] + 2 * tide_px
    aslant = slant * (np.arange(fine[0]) - fine[0] / 2)
    shore = np.arange(fine[1]) < reach + (12 * np.sin(np.arange(fine[0]) / 30) + aslant)[:, None]
    level_db[shore] = -20
    level_db[fine[0] // 2 : fine[0] // 2 + 10, max(int(reach) - 2 * pier_px, 0) : int(reach) if pier_px else 0] = -4
    return 10 ** (level_db / 10)


def sea(seed: int, shape: tuple[int, int] = (128, 128)) -> np.ndarray:
    """Wind streaks and swell: structure that is another on every date; on a grid twice as fine."""
    rng = np.random.default_rng(seed)
    fine = (2 * shape[0], 2 * shape[1])
    streaks = ndimage.gaussian_filter(rng.normal(size=fine), (3, 25))
    y, x = np.indices(fine)
    swell = np.sin(2 * np.pi * (x * np.cos(0.5) + y * np.sin(0.5)) / 24 + rng.uniform(0, 6.3))
    level_db = rng.uniform(-25, -10) + 2 * streaks / streaks.std() + 2 * swell
    return 10 ** (level_db / 10)


def image(mean: np.ndarray, shift: tuple[float, float], seed: int, looks: float = 4.0) -> np.ndarray:
    """The scene displaced by (rows, columns) pixels, under gamma speckle, seen through a point spread of a pixel."""
    moved = ndimage.shift(mean, (2 * shift[0], 2 * shift[1]), order=1, mode="reflect")
    speckled = moved * np.random.default_rng(seed).gamma(looks / 4, 4 / looks, moved.shape)
    smooth = ndimage.gaussian_filter(speckled, 0.8)
    return smooth.reshape(mean.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)).astype(np.float32)


def series(mean: np.ndarray, shifts: Sequence[tuple[float, float]], seed: int = 0) -> np.ndarray:
    """One image a displacement, each with its own speckle and brightness (rain, wind)."""
    gains = np.random.default_rng(seed).uniform(0.4, 2.5, len(shifts))
    return np.stack([g * image(mean, s, 1000 * seed + i) for i, (s, g) in enumerate(zip(shifts, gains, strict=True))])
