"""Every step of some pixels' series, sized and with its variance, as the scan sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._covariance import Covariance
from sitewatch.change._despike import despike
from sitewatch.change._scan import REACH_SD, StepFilter, pixel_scale


def despiked_steps(
    residual: NDArray[np.float32], filters: StepFilter, covariance: Covariance
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Generalised least squares estimate of a lasting step at each image, and its variance where nothing changed.

    Parameters
    ----------
    residual
        [time, pixel], ln power of one polarisation less the date effects of its stratum; NaN where there is no image.
    filters, covariance
        Of that stratum and polarisation.

    Returns
    -------
    size, variance
        [step, pixel], natural-log units and their square; NaN where five images in a row are missing.
    clean
        [time, pixel], the series with passing things cut down (see `_despike`), missing images filled.
    """
    values = np.ascontiguousarray(residual, np.float32)
    nugget = float(np.sqrt(covariance.nugget))
    scale = pixel_scale(values, nugget)
    clean = despike(values, np.full(values.shape[0], REACH_SD * nugget, np.float32))
    root = filters.root_information[:, None]
    return (filters.z_weights @ clean) / root, (scale[None, :] / root) ** 2, clean
