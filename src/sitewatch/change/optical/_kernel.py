"""The best lasting step of each pixel in several indices at once: compiled loops over pixels.

Of one pixel's n clear images, Y [n, K] are the indices, X [n, p] level and harmonics, s_j the step that begins with
image j. All are whitened by the memory's correlation (generalised least squares). The step is tested by Wilks' ratio of
determinants of the residual matrices without and with it, whose law is exact for one column more (Anderson 2003, 8.4):

    F_j = R2 / (1 - R2) (n - p - K) / K ~ F(K, n - p - K),   R2 = h' (E'E)^-1 h / s's,   h = E's
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._numba import kernel

FEWEST_CLEAR = 8
FEWEST_SIDE = 3
# A departure so many standard deviations from the season that neither image beside it shares is no ground.
SPIKE_SD = 3.5
SHARED = 0.5


@kernel
def _whitening(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of the lower Cholesky factor; `correlation` is overwritten with the factor."""
    n = correlation.shape[0]
    root = correlation
    for i in range(n):
        for j in range(i + 1):
            total = root[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = math.sqrt(max(total, 1e-12)) if i == j else total / root[j, j]
    out = np.zeros((n, n))
    for i in range(n):
        for k in range(i):
            weight = root[i, k] / root[i, i]
            for j in range(k + 1):
                out[i, j] -= weight * out[k, j]
        out[i, i] = 1.0 / root[i, i]
    return out


@kernel
def _times(lower: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Product of a lower triangular matrix and some columns."""
    out = np.zeros(columns.shape)
    for i in range(lower.shape[0]):
        for j in range(i + 1):
            for k in range(columns.shape[1]):
                out[i, k] += lower[i, j] * columns[j, k]
    return out


@kernel
def _orthonormal(columns: NDArray[np.float64]) -> None:
    """Make columns orthonormal in place, one after the other (modified Gram-Schmidt); 0 where one adds nothing."""
    n, p = columns.shape
    for a in range(p):
        for b in range(a):
            along = 0.0
            for i in range(n):
                along += columns[i, a] * columns[i, b]
            for i in range(n):
                columns[i, a] -= along * columns[i, b]
        norm = 0.0
        for i in range(n):
            norm += columns[i, a] * columns[i, a]
        norm = math.sqrt(norm)
        for i in range(n):
            columns[i, a] = columns[i, a] / norm if norm > 1e-6 else 0.0


@kernel
def _off(basis: NDArray[np.float64], columns: NDArray[np.float64]) -> None:
    """Take off columns what lies along an orthonormal basis, in place."""
    n, p = basis.shape
    for k in range(columns.shape[1]):
        for a in range(p):
            along = 0.0
            for i in range(n):
                along += basis[i, a] * columns[i, k]
            for i in range(n):
                columns[i, k] -= along * basis[i, a]


@kernel
def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a small positive matrix, by Gauss and Jordan."""
    n = matrix.shape[0]
    left, out = matrix.copy(), np.zeros((n, n))
    for i in range(n):
        out[i, i] = 1.0
    for i in range(n):
        pivot = left[i, i] if abs(left[i, i]) > 1e-300 else 1e-300
        for j in range(n):
            left[i, j] /= pivot
            out[i, j] /= pivot
        for k in range(n):
            if k != i:
                factor = left[k, i]
                for j in range(n):
                    left[k, j] -= factor * left[i, j]
                    out[k, j] -= factor * out[i, j]
    return out


@kernel
def drop_spikes(values: NDArray[np.float32], basis: NDArray[np.float64]) -> None:
    """Set images of single pixels that stand out alone, as missed clouds and shadows do, to NaN, in place.

    Parameters
    ----------
    values
        [index, time, pixel]; NaN in all indices or in none.
    basis
        [time, column], level and harmonics.
    """
    n_index, n_time, n_pixel = values.shape
    p = basis.shape[1]
    at = np.empty(n_time, np.int64)
    for pixel in range(n_pixel):
        n = 0
        for t in range(n_time):
            if not math.isnan(values[0, t, pixel]):
                at[n] = t
                n += 1
        if n < p + 4:
            continue
        out = np.zeros(n, np.bool_)
        for k in range(n_index):
            rest = np.empty(n)
            for i in range(n):
                rest[i] = values[k, at[i], pixel]
            # Against the median of the five clear images around: levels, seasons and steps stay.
            gap = np.empty(n)
            for i in range(n):
                low, high = max(i - 2, 0), min(i + 3, n)
                near = rest[low:high].copy()
                near.sort()
                gap[i] = rest[i] - near[near.size // 2]
            size = np.abs(gap)
            size.sort()
            scale = 1.4826 * size[n // 2] + 1e-4
            for i in range(n):
                if abs(gap[i]) <= SPIKE_SD * scale:
                    continue
                alone = True
                for j in (i - 1, i + 1):
                    if 0 <= j < n and gap[j] * gap[i] > 0 and abs(gap[j]) > SHARED * abs(gap[i]):
                        alone = False
                if alone:
                    out[i] = True
        for i in range(n):
            if out[i]:
                for k in range(n_index):
                    values[k, at[i], pixel] = np.nan


@kernel
def departures(values: NDArray[np.float32], basis: NDArray[np.float64]) -> NDArray[np.float32]:
    """[index, time, pixel], departures from level and season, by least squares on the clear images."""
    n_index, n_time, n_pixel = values.shape
    p = basis.shape[1]
    out = np.full(values.shape, np.nan, np.float32)
    for pixel in range(n_pixel):
        gram = np.zeros((p, p))
        n = 0
        for t in range(n_time):
            if not math.isnan(values[0, t, pixel]):
                n += 1
                for a in range(p):
                    for b in range(p):
                        gram[a, b] += basis[t, a] * basis[t, b]
        if n < p + 4:
            continue
        for a in range(p):
            gram[a, a] += 1e-6 * n
        inverse = _inverse(gram)
        for k in range(n_index):
            right = np.zeros(p)
            for t in range(n_time):
                if not math.isnan(values[k, t, pixel]):
                    for a in range(p):
                        right[a] += basis[t, a] * values[k, t, pixel]
            weight = np.zeros(p)
            for a in range(p):
                for b in range(p):
                    weight[a] += inverse[a, b] * right[b]
            for t in range(n_time):
                if not math.isnan(values[k, t, pixel]):
                    fit = 0.0
                    for a in range(p):
                        fit += basis[t, a] * weight[a]
                    out[k, t, pixel] = values[k, t, pixel] - fit
    return out


@kernel
def scan(
    values: NDArray[np.float32], basis: NDArray[np.float64], memory: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The best step of each pixel.

    Parameters
    ----------
    values
        [index, time, pixel], NaN in all indices or in none.
    basis
        [time, column].
    memory
        [time, time], correlations.

    Returns
    -------
    F [pixel] (NaN where too few images are clear), images [pixel] that begin it, numbers of clear images [pixel], steps
    and their z-scores [index, pixel].
    """
    n_index, n_time, n_pixel = values.shape
    p = basis.shape[1]
    best = np.full(n_pixel, np.nan)
    image = np.full(n_pixel, -1, np.int64)
    clear = np.zeros(n_pixel, np.int64)
    step = np.full((n_index, n_pixel), np.nan)
    z = np.full((n_index, n_pixel), np.nan)
    at = np.empty(n_time, np.int64)
    for pixel in range(n_pixel):
        n = 0
        for t in range(n_time):
            if not math.isnan(values[0, t, pixel]):
                at[n] = t
                n += 1
        clear[pixel] = n
        if n < max(FEWEST_CLEAR, p + n_index + 4):
            continue
        correlation = np.empty((n, n))
        design = np.empty((n, p))
        series = np.empty((n, n_index))
        for i in range(n):
            for j in range(n):
                correlation[i, j] = memory[at[i], at[j]]
            for a in range(p):
                design[i, a] = basis[at[i], a]
            for k in range(n_index):
                series[i, k] = values[k, at[i], pixel]
        white = _whitening(correlation)
        design, series = _times(white, design), _times(white, series)
        _orthonormal(design)
        _off(design, series)
        square = np.zeros((n_index, n_index))
        for k in range(n_index):
            for m in range(n_index):
                for i in range(n):
                    square[k, m] += series[i, k] * series[i, m]
            square[k, k] += 1e-9 * n
        inverse = _inverse(square)
        left = np.empty((n, 1))
        toward = np.empty(n_index)
        column = np.zeros(n)
        for j in range(n - 1, FEWEST_SIDE - 1, -1):
            for i in range(j, n):
                column[i] += white[i, j]
            if n - j < FEWEST_SIDE:
                continue
            whole = 0.0
            for i in range(n):
                left[i, 0] = column[i]
                whole += column[i] * column[i]
            _off(design, left)
            own = 0.0
            for i in range(n):
                own += left[i, 0] * left[i, 0]
            if own < 1e-3 * whole:
                continue
            share = 0.0
            for k in range(n_index):
                toward[k] = 0.0
                for i in range(j, n):
                    toward[k] += series[i, k] * column[i]  # the series is orthogonal to what was taken off
            for k in range(n_index):
                for m in range(n_index):
                    share += toward[k] * inverse[k, m] * toward[m]
            share = min(share / own, 1.0 - 1e-12)
            f = share / (1.0 - share) * (n - p - n_index) / n_index
            if math.isnan(best[pixel]) or f > best[pixel]:
                best[pixel] = f
                image[pixel] = at[j]
                for k in range(n_index):
                    size = toward[k] / own
                    rest = max(square[k, k] - toward[k] * size, 1e-12) / (n - p - 1)
                    step[k, pixel] = size
                    z[k, pixel] = size * math.sqrt(own / rest)
    return best, image, clear, step, z
