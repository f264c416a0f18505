"""Did a pixel change, and when: the sequential omnibus test of Conradsen, Nielsen and Skriver (2016).

I_1 ... I_k are a pixel's multilook powers in p independent channels, I ~ Gamma(n looks, mean mu), and
S_j = I_1 + ... + I_j.
Q tests that nothing changed over all k images, R_j that image j is as the j - 1 before it, given that those are alike:

    ln Q   = n { p k ln k + sum_c [ sum_i ln I_ic - k ln S_kc ] }
    ln R_j = n { p [ j ln j - (j-1) ln(j-1) ] + sum_c [ (j-1) ln S_{j-1,c} + ln I_jc - j ln S_jc ] }

Q is the product of the R_j, and these are independent when nothing changed. The search starts at the first image. If
Q rejects, the first j whose R_j rejects is a change, and the search starts again at that image; where Q doesn't reject,
or no R_j does, it ends. So R_j is gated by Q, and a stable pixel is called changed with probability alpha at most,
whatever the number of images.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sitewatch.change._omnibus_kernel import search
from sitewatch.change._omnibus_laws import NullLaws, exact_laws
from sitewatch.errors import ChangeError

# More distinct numbers of looks than this are rounded to steps of 4 %, so that there are few tables.
_MOST_LAWS = 24
_ROUNDING = 0.04


@dataclasses.dataclass(frozen=True)
class Omnibus:
    """Result of `sequential_omnibus`, arrays [y, x] or [time, y, x].

    Attributes
    ----------
    images
        [y, x] int32, number of images each pixel was tested on.
    ln_q
        [y, x] float64, ln Q over all images.
    ln_p_q
        [y, x] float64, natural logarithm of the p-value of Q (0 where fewer than two images).
    p_r
        [time, y, x] float32, p-value of the R_j that tests this image against those since the last change before
        it; NaN at the first and at missing images; never below 1.6e-38, so that it holds in float32.
    changed
        [time, y, x] bool, images at which a change was found: the change lies between the last image before it that the
        pixel has, and this one.
    count
        [y, x] int16, number of changes.
    first, last
        [y, x] int16, time index of the first and last of them, -1 where there is none.
    """

    images: NDArray[np.int32]
    ln_q: NDArray[np.float64]
    ln_p_q: NDArray[np.float64]
    p_r: NDArray[np.float32]
    changed: NDArray[np.bool_]
    count: NDArray[np.int16]
    first: NDArray[np.int16]
    last: NDArray[np.int16]

    @property
    def p_q(self) -> NDArray[np.float64]:
        """[y, x], p-value of Q: that a pixel which never changed scatters this much."""
        return np.exp(self.ln_p_q)


def _laws_of_pixels(looks: ArrayLike, shape: tuple[int, ...]) -> tuple[list[float], NDArray[np.int64]]:
    """Distinct numbers of looks and, for each pixel, which of them it has; -1 where looks are NaN."""
    values = np.broadcast_to(np.asarray(looks, dtype=np.float64), shape).ravel()
    known = ~np.isnan(values)
    if np.any(values[known] <= 0):
        raise ChangeError("The number of looks must be positive", hint="Use NaN for pixels that are not to be tested.")
    distinct = np.unique(values[known])
    if distinct.size > _MOST_LAWS:
        values = np.exp(np.round(np.log(values) / _ROUNDING) * _ROUNDING)
        distinct = np.unique(values[known])
    index = np.where(known, np.searchsorted(distinct, values), -1)
    return [float(n) for n in distinct] or [1.0], index.astype(np.int64)


def sequential_omnibus(
    power: NDArray[np.float32],
    looks: ArrayLike,
    *,
    alpha: float = 0.01,
    laws: Callable[[Sequence[float], int, int], NullLaws] = exact_laws,
) -> Omnibus:
    """Find every change in every pixel's series.

    Parameters
    ----------
    power
        [channel, time, y, x] linear power; a date at which any channel is NaN or infinite is missing for that pixel,
        which is then tested on the rest. Zeros count as -60 dB of the pixel's mean. A channel that is 0 throughout
        takes the pixel out. Any unit: only ratios matter. C order is fastest.
    looks
        Equivalent number of looks, a scalar or [y, x]; NaN leaves a pixel out. More than 24 distinct values are rounded
        to within 2 %.
    alpha
        Chance that a pixel that never changed is called changed.
    laws
        Where p-values come from: `exact_laws`, or `box_laws` for the approximation of the paper.

    Raises
    ------
    ChangeError
        If shapes, looks or alpha can't be.
    """
    if power.ndim != 4:
        raise ChangeError(f"The omnibus test takes [channel, time, y, x], not an array of shape {power.shape}")
    if not 0 < alpha < 1:
        raise ChangeError(f"alpha must lie between 0 and 1, not {alpha}")
    n_channel, n_time, *grid = power.shape
    shape = (grid[0], grid[1])
    distinct, law_of = _laws_of_pixels(looks, shape)
    tables = laws(distinct, max(n_time, 1), n_channel)
    n_pixel = law_of.size
    result = Omnibus(
        images=np.zeros(n_pixel, np.int32),
        ln_q=np.zeros(n_pixel),
        ln_p_q=np.zeros(n_pixel),
        p_r=np.empty((n_time, n_pixel), np.float32),
        changed=np.zeros((n_time, n_pixel), np.bool_),
        count=np.zeros(n_pixel, np.int16),
        first=np.full(n_pixel, -1, np.int16),
        last=np.full(n_pixel, -1, np.int16),
    )
    j = np.arange(n_time + 1, dtype=np.float64)
    j_ln_j = j * np.log(np.maximum(j, 1.0))
    search(
        np.ascontiguousarray(power).reshape(n_channel, n_time, n_pixel),
        law_of, tables.looks, tables.step, tables.table, j_ln_j, alpha,
        *(getattr(result, field.name) for field in dataclasses.fields(result)),
    )  # fmt: skip
    return Omnibus(
        **{
            field.name: getattr(result, field.name).reshape(*getattr(result, field.name).shape[:-1], *shape)
            for field in dataclasses.fields(result)
        }
    )
