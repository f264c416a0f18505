"""Change between two optical images only: which pixels, how surely, without training.

Each image's bands are centred and scaled by iteratively reweighted multivariate alteration detection (IR-MAD: Nielsen
2007): canonical pairs of linear combinations of both images' bands, of which differences have unit variance over the
ground that did not change, whatever gain and haze lie between the images. Their sum of squares is a chi-square where
nothing changed; the weight of each pixel is its chance to be so, and the transformation is found anew with it.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.stats import chi2

from sitewatch.change.optical._indices import LEAST_REFLECTANCE
from sitewatch.errors import ChangeError

ROUNDS = 30
SETTLED = 1e-3
FEWEST_PIXELS = 400
# Neighbours are mostly of one kind, and images are registered to half a pixel or so: the statistic is averaged over a
# Gaussian of this sd, pixels.
SIGMA_PX = 1.5
# A pixel changed where the logarithm of its averaged statistic lies so many standard deviations above the median of
# unchanged ground, as of a normal law one in a hundred does; its lower quantile lies one below the median.
CHANGED_SD = 2.33
LOWER = 0.1587
RIDGE = 1e-6


def change_optical_pair(before: xr.Dataset, after: xr.Dataset) -> xr.Dataset:
    """Map what changed between two images of reflectance on one grid.

    Parameters
    ----------
    before, after
        A variable a band (y, x), reflectance at one level (both at the surface or both at the top of the atmosphere),
        NaN where there is no data or a cloud.

    Returns
    -------
    xarray.Dataset with dims y, x: ``changed`` (False without data), ``statistic``, the averaged sum of squared MAD
    variates, ``p_value`` of the pixel's own sum, ``direction`` (-1 darker, 1 brighter in the visible and near
    infrared, 0 unchanged); and ``threshold`` of the statistic, ``correlation`` [variate], how alike the canonical pairs
    of unchanged ground are.

    Raises
    ------
    ChangeError
        The images share no band or grid, are of different levels, or too few pixels are clear in both.
    """
    bands = [str(name) for name in before.data_vars if name in after.data_vars]
    if not bands:
        raise ChangeError("the two images have no band in common")
    told = {image.attrs.get("quantity") for image in (before, after)} - {None}
    if len(told) > 1:
        raise ChangeError(
            f"the two images measure {' and '.join(sorted(map(str, told)))}", hint="Use two of one processing level"
        )
    first, second = (np.stack([image[name].to_numpy() for name in bands]).astype(float) for image in (before, after))
    if first.shape != second.shape:
        raise ChangeError(
            f"the two images lie on different grids ({first.shape[1:]} and {second.shape[1:]} pixels)",
            hint="Lay one on the grid of the other, as build_stacks does",
        )
    known = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    if known.sum() < FEWEST_PIXELS:
        raise ChangeError(f"only {int(known.sum())} pixels are clear in both images", hint="Use clearer images")
    # Logarithms: sun and haze multiply, and dark ground counts as much as bright.
    x, y = (np.log(np.maximum(image[:, known], LEAST_REFLECTANCE)) for image in (first, second))
    sums, correlation = _ir_mad(x, y)
    statistic = np.full(known.shape, np.nan)
    statistic[known] = sums
    smooth = _averaged(np.sqrt(statistic), known)
    # The lower half of the values is that of unchanged ground, whatever changed: it gives the law of the rest.
    low, middle = np.quantile(np.log(smooth[known]), [LOWER, 0.5])
    threshold = float(middle + CHANGED_SD * (middle - low))
    changed = known & (np.log(np.where(known, smooth, 1.0)) > threshold)
    rise = np.zeros(known.shape)
    rise[known] = (y - x).mean(axis=0)
    grid = {name: before[name] for name in ("y", "x", "spatial_ref") if name in before.coords}
    p_value = np.full(known.shape, np.nan)
    p_value[known] = chi2.sf(sums, len(bands))
    return xr.Dataset(
        {
            "changed": (("y", "x"), changed),
            "statistic": (("y", "x"), smooth.astype(np.float32), {"units": "1"}),
            "p_value": (("y", "x"), p_value.astype(np.float32), {"units": "1"}),
            "direction": (("y", "x"), np.where(changed, np.sign(rise), 0).astype(np.int8)),
            "threshold": float(np.exp(threshold)),
            "correlation": ("variate", correlation),
        },
        coords=grid,
    )


def _ir_mad(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[pixel], sum of squared standardised MAD variates; [variate], canonical correlations, largest first."""
    count = x.shape[0]
    weight = np.ones(x.shape[1])
    before = np.zeros(count)
    sums, rho = np.zeros(x.shape[1]), before
    for _ in range(ROUNDS):
        total = weight.sum()
        joint = np.concatenate([x, y])
        centred = joint - (joint @ weight / total)[:, None]
        cov = (centred * weight) @ centred.T / total
        cov += RIDGE * np.trace(cov) / (2 * count) * np.eye(2 * count)
        xx, xy, yy = cov[:count, :count], cov[:count, count:], cov[count:, count:]
        rx, ry = np.linalg.cholesky(xx), np.linalg.cholesky(yy)
        u, rho, vt = np.linalg.svd(np.linalg.solve(rx, np.linalg.solve(ry, xy.T).T))
        rho = np.clip(rho, 0.0, 1.0 - 1e-9)
        one = np.linalg.solve(rx.T, u).T @ centred[:count]
        other = np.linalg.solve(ry.T, vt.T).T @ centred[count:]
        sums = ((one - other) ** 2 / (2 * (1 - rho))[:, None]).sum(axis=0)
        weight = np.maximum(chi2.sf(sums, count), 1e-12)
        if np.abs(rho - before).max() < SETTLED:
            break
        before = rho
    return sums, rho


def _averaged(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    inside = ndi.gaussian_filter(known.astype(float), SIGMA_PX)
    total = ndi.gaussian_filter(np.where(known, values, 0.0), SIGMA_PX)
    return np.where(known, np.maximum(total / np.maximum(inside, 1e-9), 1e-9), np.nan)
