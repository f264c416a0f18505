"""How far an image is displaced against a reference: the evidence of one tile, and the estimate from many.

The displacement is the one that maximises the cross-correlation of the two log images. Its first-order estimate is
antisymmetric in image and reference: with f(x) = b r(x - d), reference r, contrast b,

    g = 1/2 sum w (r grad f - f grad r),    H = sum w grad r grad f^T,    d = H^-1 g

Speckle of the two is independent, so it adds variance to g and H but no bias (a least-squares fit to a noisy reference
would pull d towards zero), and a change of contrast between dates (rain, wind) cancels. The standard deviation comes
from the scatter between small cells (cluster-robust sandwich: Liang & Zeger 1986, doi:10.1093/biomet/73.1.13), and so
holds for correlated speckle too. Where nothing correlates H does not differ from zero, and there is no estimate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import fft, ndimage

_CELL_PX = 8
_SMOOTHING_PX = 1.0
_BACKGROUND_PX = 25
_REACH_PX = 4
_TAPER_PX = 8
_CLIP_SD = 3.0
_FIELDS = ("level", "dy", "dx")


@dataclasses.dataclass(frozen=True)
class Features:
    """One tile made ready: weight, log intensity without its background, and the gradient of that; all (y, x)."""

    weight: np.ndarray
    level: np.ndarray
    dy: np.ndarray
    dx: np.ndarray


@dataclasses.dataclass(frozen=True)
class Offset:
    """Displacement in pixels (rows, columns), its standard deviations, and how surely there is common structure.

    `structure` is the weakest direction's correlation of gradients over its own scatter, in standard deviations.
    """

    rows: float
    columns: float
    sd_rows: float
    sd_columns: float
    structure: float

    @property
    def size(self) -> float:
        """Length of the displacement."""
        return float(np.hypot(self.rows, self.columns))

    @property
    def sd(self) -> float:
        """The larger of the two standard deviations."""
        return max(self.sd_rows, self.sd_columns)


def make_ready(image: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> Features:
    """Prepare linear power (y, x), NaN where invalid, moved back by `shift` (rows, columns)."""
    valid = np.isfinite(image)
    if not valid.any():
        nothing = np.zeros(image.shape, np.float32)
        return Features(nothing, nothing, nothing, nothing)
    floor = max(1e-3 * float(np.mean(image, where=valid)), 1e-30)
    log = np.log(np.maximum(np.where(valid, image, floor), floor), dtype=np.float32)
    share = valid.astype(np.float32)
    if valid.all():
        level = log - ndimage.uniform_filter(log, _BACKGROUND_PX, mode="nearest")
    else:
        near = ndimage.uniform_filter(share, _BACKGROUND_PX, mode="nearest")
        background = ndimage.uniform_filter(log * share, _BACKGROUND_PX, mode="nearest") / np.maximum(near, 1e-6)
        level = np.where(valid, log - background, 0)
    # One ship or corner reflector must not outweigh the scene.
    spread = float(np.sqrt(np.mean(level**2, where=valid))) or 1.0
    level = np.clip(level / spread, -_CLIP_SD, _CLIP_SD)
    if shift != (0.0, 0.0):
        back = (-shift[0], -shift[1])
        level = ndimage.shift(level, back, order=3, mode="nearest")
        share = ndimage.shift(share, back, order=0, mode="constant", cval=0.0)
    smooth_y = ndimage.gaussian_filter1d(level, _SMOOTHING_PX, axis=0, mode="nearest")
    smooth_x = ndimage.gaussian_filter1d(level, _SMOOTHING_PX, axis=1, mode="nearest")
    return Features(
        _weight(share),
        ndimage.gaussian_filter1d(smooth_y, _SMOOTHING_PX, axis=1, mode="nearest"),
        ndimage.gaussian_filter1d(smooth_x, _SMOOTHING_PX, axis=0, order=1, mode="nearest"),
        ndimage.gaussian_filter1d(smooth_y, _SMOOTHING_PX, axis=1, order=1, mode="nearest"),
    )


@dataclasses.dataclass(frozen=True)
class Reference:
    """What one tile looks like on several dates, as weighted sums from which a date can be taken out again."""

    members: Mapping[int, Features]
    total: Features

    @classmethod
    def of(cls, members: Mapping[int, Features]) -> Reference:
        """Sum up prepared tiles, by index of their date."""
        weight = sum((f.weight for f in members.values()), np.float32(0))
        parts = [sum((f.weight * getattr(f, n) for f in members.values()), np.float32(0)) for n in _FIELDS]
        return cls(members, Features(np.asarray(weight), *map(np.asarray, parts)))

    def mean(self, without: int | None = None) -> Features:
        """Average over the dates but `without`; a pixel seen by fewer than half of them weighs nothing."""
        own = None if without is None else self.members.get(without)
        count = len(self.members) - (own is not None)
        weight = self.total.weight if own is None else self.total.weight - own.weight
        safe = np.maximum(weight, 1e-3)
        parts = [
            (getattr(self.total, n) - (0 if own is None else own.weight * getattr(own, n))) / safe for n in _FIELDS
        ]
        share = weight / max(count, 1)
        return Features(np.where(share >= 0.5 * share.max(), share, 0), *parts)


def cell_evidence(image: Features, reference: Features) -> np.ndarray:
    """Sums over cells of 8 x 8 pixels, (cell rows, cell columns, 5): g_y, g_x, H_yy, H_yx, H_xx."""
    weight = image.weight * reference.weight
    parts = (
        0.5 * weight * (reference.level * image.dy - image.level * reference.dy),
        0.5 * weight * (reference.level * image.dx - image.level * reference.dx),
        weight * reference.dy * image.dy,
        0.5 * weight * (reference.dy * image.dx + reference.dx * image.dy),
        weight * reference.dx * image.dx,
    )
    rows, columns = (max(n // _CELL_PX, 1) for n in weight.shape)
    tall, wide = min(_CELL_PX, weight.shape[0]), min(_CELL_PX, weight.shape[1])
    return np.stack(
        [p[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide).sum(axis=(1, 3)) for p in parts], axis=-1
    ).astype(np.float64)


def estimate(cells: np.ndarray) -> Offset | None:
    """Displacement from the evidence of cells (any shape, last axis 5); None where nothing correlates."""
    flat = cells.reshape(-1, 5)
    total = flat.sum(axis=0)
    matrix = np.array([[total[2], total[3]], [total[3], total[4]]])
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 1e-9 * max(values[1], 1e-300) or values[0] <= 0:
        return None
    structure = np.inf
    for v in vectors.T:
        along = v[0] ** 2 * flat[:, 2] + 2 * v[0] * v[1] * flat[:, 3] + v[1] ** 2 * flat[:, 4]
        structure = min(structure, float(along.sum() / np.sqrt(np.sum(along**2))))
    inverse = np.linalg.inv(matrix)
    d = inverse @ total[:2]
    residual = flat[:, :2] - np.stack(
        [flat[:, 2] * d[0] + flat[:, 3] * d[1], flat[:, 3] * d[0] + flat[:, 4] * d[1]], axis=1
    )
    covariance = inverse @ (residual.T @ residual) @ inverse
    sd = np.sqrt(np.diag(covariance))
    return Offset(float(d[0]), float(d[1]), float(sd[0]), float(sd[1]), structure)


def correlation_peak(images: Sequence[Features], references: Sequence[Features], reach_px: int) -> tuple[int, int]:
    """Whole-pixel displacement within `reach_px` at which the images correlate best with their references."""
    size = 2 * reach_px + 1
    total = np.zeros((size, size))
    for image, reference in zip(images, references, strict=True):
        f, r = image.weight * image.level, reference.weight * reference.level
        shape = [fft.next_fast_len(max(n + reach_px, size), real=True) for n in f.shape]
        correlation = fft.irfft2(fft.rfft2(f, shape) * np.conj(fft.rfft2(r, shape)), shape)
        total += np.roll(correlation, (reach_px, reach_px), axis=(0, 1))[:size, :size]
    row, column = np.unravel_index(int(np.argmax(total)), total.shape)
    return int(row) - reach_px, int(column) - reach_px


def _weight(share: np.ndarray) -> np.ndarray:
    """One inside, falling to zero at the tile's edges, zero within a kernel's reach of a gap."""
    weight = np.ones(share.shape, np.float32)
    if share.min() < 0.5:
        weight = ndimage.minimum_filter(share, 2 * _REACH_PX + 1, mode="nearest").astype(np.float32)
        weight = ndimage.uniform_filter(weight, 2 * _REACH_PX + 1, mode="nearest") * (weight > 0)
    for axis, length in enumerate(share.shape):
        ramp = np.minimum(np.arange(length), np.arange(length)[::-1]) - _REACH_PX + 0.5
        edge = np.sin(0.5 * np.pi * np.clip(ramp / _TAPER_PX, 0, 1)) ** 2
        weight = weight * edge.astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    return weight
