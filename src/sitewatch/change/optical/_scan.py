"""The best lasting step of each pixel in several indices at once.

Of one pixel's n clear images, Y [n, K] are the indices, X [n, p] level and harmonics, s_j the step that begins with
image j. All are whitened by the memory's correlation (generalised least squares). The step is tested by Wilks' ratio of
determinants of the residual matrices without and with it, whose law is exact for one column more (Anderson 2003, 8.4):

    F_j = R2 / (1 - R2) (n - p - K) / K ~ F(K, n - p - K),   R2 = h' (E'E)^-1 h / s's,   h = E's

with E and s less what lies along X. Pixels that are clear in the same images share all but Y, and are done together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from sitewatch.change._robust import MAD_TO_SD

FEWEST_CLEAR = 8
FEWEST_SIDE = 3
# What lies so far off the five clear images around, in robust standard deviations, and is shared by neither neighbour
# is no ground: a missed cloud or shadow.
SPIKE_SD = 3.5
SHARED = 0.5
LEAST_SD = 1e-4


@dataclasses.dataclass(frozen=True)
class Steps:
    """The best step of each pixel.

    Attributes
    ----------
    statistic
        [pixel], F; NaN where too few images are clear.
    image
        [pixel], the first image after it; -1 where there is none.
    clear
        [pixel], number of clear images.
    size, z
        [index, pixel], the step and its z-score.
    """

    statistic: NDArray[np.float64]
    image: NDArray[np.int64]
    clear: NDArray[np.int64]
    size: NDArray[np.float64]
    z: NDArray[np.float64]


def alike(values: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Places of the clear images, and the pixels that are clear in just these; of [index, time, pixel]."""
    known = np.isfinite(values[0])
    _, group = np.unique(np.packbits(known, axis=0), axis=1, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    edges = np.flatnonzero(np.diff(group.ravel()[order])) + 1
    for pixels in np.split(order, edges):
        if pixels.size:
            yield np.flatnonzero(known[:, pixels[0]]), pixels


def cut_spikes(values: NDArray[np.float32]) -> None:
    """Cut off images of single pixels that stand out alone, as missed clouds and shadows do, in place.

    Parameters
    ----------
    values
        [index, time, pixel]; NaN in all indices or in none.
    """
    for at, pixels in alike(values):
        if at.size < FEWEST_CLEAR:
            continue
        own = values[:, at[:, None], pixels]
        padded = np.pad(own, ((0, 0), (2, 2), (0, 0)), mode="reflect")
        middle = np.median([padded[:, i : i + at.size] for i in range(5)], axis=0)
        gap = own - middle
        limit = SPIKE_SD * (MAD_TO_SD * np.median(np.abs(gap), axis=1, keepdims=True) + LEAST_SD)
        beside = np.zeros_like(gap)
        for shift in (-1, 1):
            near = np.roll(gap, shift, axis=1)
            near[:, -1 if shift == -1 else 0] = 0.0
            beside = np.maximum(beside, near * np.sign(gap))
        alone = (np.abs(gap) > limit) & (beside < SHARED * np.abs(gap))
        own = np.where(alone, middle + np.sign(gap) * limit, own)
        values[:, at[:, None], pixels] = own


def departures(values: NDArray[np.float32], basis: NDArray[np.float64]) -> NDArray[np.float32]:
    """[index, time, pixel], departures from level and season, by least squares on the clear images."""
    out = np.full(values.shape, np.nan, np.float32)
    for at, pixels in alike(values):
        if at.size < basis.shape[1] + 4:
            continue
        own = values[:, at[:, None], pixels].astype(float)
        q, _ = np.linalg.qr(basis[at])
        out[:, at[:, None], pixels] = own - q @ (q.T @ own)
    return out


def scan(values: NDArray[np.float32], basis: NDArray[np.float64], memory: NDArray[np.float64]) -> Steps:
    """Find the best step of each pixel.

    Parameters
    ----------
    values
        [index, time, pixel], NaN in all indices or in none.
    basis
        [time, column], level and harmonics.
    memory
        [time, time], correlations.
    """
    n_index, _, n_pixel = values.shape
    out = Steps(
        np.full(n_pixel, np.nan),
        np.full(n_pixel, -1, np.int64),
        np.isfinite(values[0]).sum(axis=0),
        np.full((n_index, n_pixel), np.nan),
        np.full((n_index, n_pixel), np.nan),
    )
    for at, pixels in alike(values):
        if at.size >= max(FEWEST_CLEAR, basis.shape[1] + n_index + 4):
            _best(values[:, at[:, None], pixels].astype(float), at, pixels, basis[at], memory[np.ix_(at, at)], out)
    return out


def _best(
    own: NDArray[np.float64],
    at: NDArray[np.intp],
    pixels: NDArray[np.intp],
    basis: NDArray[np.float64],
    memory: NDArray[np.float64],
    out: Steps,
) -> None:
    """Fill in the best steps of pixels [index, image, pixel] that are clear in the same images."""
    (n_index, n, _), p = own.shape, basis.shape[1]
    root = np.linalg.cholesky(memory)
    # The steps one after the other: each begins an image later than the one before.
    later = np.arange(FEWEST_SIDE, n - FEWEST_SIDE + 1)
    columns = np.hstack([basis, (np.arange(n)[:, None] >= later[None, :]).astype(float)])
    white = solve_triangular(root, columns, lower=True)
    q, _ = np.linalg.qr(white[:, :p])
    steps = white[:, p:]
    whole = (steps**2).sum(axis=0)
    steps = steps - q @ (q.T @ steps)
    length = (steps**2).sum(axis=0)
    usable = length > 1e-3 * whole
    if not usable.any():
        return
    steps, length, later = steps[:, usable], length[usable], later[usable]
    rest = solve_triangular(root, own.transpose(1, 0, 2).reshape(n, -1), lower=True)
    rest = (rest - q @ (q.T @ rest)).reshape(n, n_index, -1)
    square = np.einsum("tkp,tlp->pkl", rest, rest) + 1e-9 * n * np.eye(n_index)
    toward = np.einsum("tj,tkp->pkj", steps, rest, optimize=True)
    share = (toward * np.linalg.solve(square, toward)).sum(axis=1) / length
    share = np.minimum(share, 1.0 - 1e-12)
    j = share.argmax(axis=1)
    every = np.arange(pixels.size)
    best = share[every, j]
    out.statistic[pixels] = best / (1.0 - best) * (n - p - n_index) / n_index
    out.image[pixels] = at[later[j]]
    size = toward[every, :, j] / length[j][:, None]
    left = np.maximum(np.einsum("pkk->pk", square) - toward[every, :, j] * size, 1e-12) / (n - p - 1)
    out.size[:, pixels] = size.T
    out.z[:, pixels] = (size * np.sqrt(length[j][:, None] / left)).T
