"""What the best of many dates shows where nothing changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_law

from sitewatch.change.optical._scan import scan

SIMULATED = 1200
PATTERNS = 12
TAIL = 0.03


def p_at_date(
    statistic: NDArray[np.float64], clear: NDArray[np.int64], columns: int, indices: int
) -> NDArray[np.float64]:
    """P-value of a step at a date that is given beforehand."""
    freedom = np.maximum(clear - columns - indices, 1)
    return np.asarray(f_law.sf(statistic, indices, freedom))


def effective_dates(
    gaps: NDArray[np.bool_], basis: NDArray[np.float64], memory: NDArray[np.float64], indices: int
) -> float:
    """As how many independent dates those that are searched count.

    From simulated pixels without change, with the memory and the gaps of real ones: of their smallest p-values over
    all dates, the lowest share `TAIL` begins at `TAIL` over this number.

    Parameters
    ----------
    gaps
        [time, pixel], where some real pixels are clear.
    """
    random = np.random.default_rng(0)
    # Some patterns of gaps, each many times: pixels of one pattern are done together.
    some = random.integers(0, gaps.shape[1], PATTERNS)
    chosen = np.repeat(gaps[:, some], SIMULATED // PATTERNS, axis=1)
    root = np.linalg.cholesky(memory)
    drawn = random.standard_normal((indices, *chosen.shape))
    values = np.einsum("ij,kjp->kip", root, drawn)
    values[:, ~chosen] = np.nan
    steps = scan(values.astype(np.float32), basis, memory)
    known = np.isfinite(steps.statistic)
    if known.sum() < 100:
        return float(gaps.shape[0])
    p = p_at_date(steps.statistic[known], steps.clear[known], basis.shape[1], indices)
    return float(np.clip(TAIL / np.quantile(p, TAIL), 1.0, gaps.shape[0]))
