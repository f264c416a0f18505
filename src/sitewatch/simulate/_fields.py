"""Random fields and shapes on a pixel grid: what the rest of the simulator draws with."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]
Shape = tuple[int, int]


def generator(seed: int, *names: object) -> np.random.Generator:
    """Random numbers that depend on the seed and on what they are for, and on nothing else.

    Drawing one thing more or fewer then leaves every other thing as it was.
    """
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def gaussian_kernel(sigma_px: float) -> FloatArray:
    """1-D kernel that turns white noise of unit variance into noise of the autocorrelation exp(-d^2 / (4 sigma^2)).

    It is the root of that autocorrelation's spectrum: for a sigma of a pixel or more a sampled Gaussian, for less than
    that narrower than one, which sampled as it stands would correlate neighbours too little.
    """
    reach = int(np.ceil(5 * sigma_px)) + 3
    lags = np.arange(-reach, reach + 1)
    wanted = np.exp(-0.25 * (lags / max(sigma_px, 1e-6)) ** 2)
    spectrum = np.maximum(np.fft.fft(np.fft.ifftshift(wanted)).real, 0)
    kernel = np.fft.fftshift(np.fft.ifft(np.sqrt(spectrum)).real)
    return np.asarray(kernel / np.sqrt(np.sum(kernel**2)))


def correlated_normal(rng: np.random.Generator, shape: Shape, sigma_px: tuple[float, float]) -> FloatArray:
    """Stationary standard normal field (y, x), autocorrelation ``exp(-d^2 / (4 sigma^2))`` along each axis.

    The field is drawn with a margin, so mean 0 and variance 1 hold up to the edges.
    """
    kernels = [gaussian_kernel(sigma) for sigma in sigma_px]
    margins = [len(kernel) // 2 for kernel in kernels]
    field = rng.standard_normal([n + 2 * m for n, m in zip(shape, margins, strict=True)], dtype=np.float32)
    for axis, kernel in enumerate(kernels):
        field = ndi.convolve1d(field, kernel.astype(np.float32), axis=axis, mode="constant")
    return field[tuple(slice(m, m + n) for n, m in zip(shape, margins, strict=True))]


def smooth_field(rng: np.random.Generator, shape: Shape, sigma_px: float) -> FloatArray:
    """Like `correlated_normal` for long scales, drawn on a coarse grid; its variance is one to some ten per cent."""
    step = max(sigma_px / 2.5, 1.0)
    coarse_shape = (int(np.ceil(shape[0] / step)) + 3, int(np.ceil(shape[1] / step)) + 3)
    coarse = correlated_normal(rng, coarse_shape, (sigma_px / step, sigma_px / step))
    for axis, size in enumerate(shape):
        at = 1 + np.arange(size, dtype=np.float32) / np.float32(step)
        below = at.astype(int)
        weight = np.expand_dims(at - below, 1 - axis)
        coarse = (1 - weight) * coarse.take(below, axis) + weight * coarse.take(below + 1, axis)
    return coarse


def rectangle(
    shape: Shape, centre: tuple[float, float], bearing_deg: float, long_px: float, short_px: float
) -> tuple[FloatArray, BoolArray]:
    """Rotated rectangle: position along its long axis (-0.5 to 0.5) and the pixels whose centres lie inside.

    `centre` is (row, column); `bearing_deg` is that of the long axis, clockwise from the top of the grid.
    """
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    toward = direction(bearing_deg)
    dy, dx = rows - centre[0], cols - centre[1]
    along = dy * toward[0] + dx * toward[1]
    across = dx * toward[0] - dy * toward[1]
    # a hair more, so that rounding does not take one side's edge and leave the other's
    inside = (np.abs(along) <= long_px / 2 + 1e-6) & (np.abs(across) <= short_px / 2 + 1e-6)
    return np.asarray(along / long_px), np.asarray(inside)


def direction(bearing_deg: float) -> tuple[float, float]:
    """Unit step (row, column) toward a bearing clockwise from the top of the grid."""
    angle = np.radians(bearing_deg)
    return float(-np.cos(angle)), float(np.sin(angle))


def shifted(mask: BoolArray, step: tuple[float, float]) -> BoolArray:
    """The mask moved by (rows, columns), rounded to whole pixels; what leaves the grid is lost."""
    dy, dx = round(step[0]), round(step[1])
    out = np.zeros_like(mask)
    height, width = mask.shape
    out[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = mask[
        max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return out


def swept(mask: BoolArray, toward: tuple[float, float], reach_px: float) -> BoolArray:
    """Pixels that the mask passes over as it moves by `reach_px` in one direction, the mask itself left out."""
    out = np.zeros_like(mask)
    for distance in np.arange(0.5, reach_px + 0.25, 0.5):
        out |= shifted(mask, (toward[0] * distance, toward[1] * distance))
    return np.asarray(out & ~mask)


def to_linear(level_db: FloatArray | float) -> FloatArray:
    """Power ratio of a level in dB."""
    return np.asarray(10.0 ** (np.asarray(level_db) / 10.0))
