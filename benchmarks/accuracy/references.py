"""The three things an analyst can run today, each as a function from a stack to changed regions with dates.

- `log_ratio`: the last image against the first, after a 3 x 3 mean, where it changed by more than a threshold in dB;
- `plain_omnibus`: the sequential omnibus test of Conradsen, Nielsen and Skriver (2016) pixel by pixel, with the
  sensor's nominal looks and the overall test Q as a gate;
- `ewma_monitor`: the EWMA control chart of the package nrt on ln VV, harmonic seasons fitted to the first part.

Each takes a list of thresholds, so that the best one can be picked afterwards in its favour.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import odc.geo.xr  # noqa: F401  (gives arrays their .odc)
import rasterio.features
import rasterio.warp
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change._omnibus import sequential_omnibus
from sitewatch.change._omnibus_laws import box_laws

FEWEST_PIXELS = 6
NOMINAL_LOOKS = 4.4
Feature = dict[str, Any]

LOG_RATIO_DB = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
OMNIBUS_ALPHA = (1e-2, 1e-4, 1e-6, 1e-9, 1e-12, 1e-15)
EWMA_SENSITIVITY = (3.0, 4.0, 6.0, 8.0, 12.0, 16.0)


def log_ratio(stack: xr.Dataset, threshold_db: float) -> list[Feature]:
    """First image against last, mean over polarisations of the absolute change of a 3 x 3 mean, dB."""
    names = list(stack.data_vars)
    change = np.mean([np.abs(_smooth_db(stack[name][-1]) - _smooth_db(stack[name][0])) for name in names], axis=0)
    last = np.full(change.shape, stack.sizes["time"] - 1)
    return _features(change > threshold_db, np.zeros_like(last), last, stack)


def plain_omnibus(stack: xr.Dataset, alpha: float) -> list[Feature]:
    """Pixels whose Q rejects at `alpha`, dated by the median of their first R_j that does."""
    power = np.stack([stack[name].to_numpy() for name in stack.data_vars]).astype(np.float32)
    shape = power.shape[2:]
    looks = np.full(shape, NOMINAL_LOOKS, np.float32)
    test = sequential_omnibus(np.ascontiguousarray(power), looks, alpha=alpha, laws=box_laws)
    changed = (test.ln_p_q < np.log(alpha)) & (test.first > 0)
    return _features(changed, np.maximum(test.first - 1, 0), test.first, stack)


def ewma_monitor(stack: xr.Dataset, sensitivity: float) -> list[Feature]:
    """Breaks of nrt's EWMA chart; its history is the first quarter of the images, at least ten."""
    from nrt.monitor.ewma import EWMA

    log = np.log(stack[next(iter(stack.data_vars))].clip(min=1e-6)).astype("float64")
    history = max(10, stack.sizes["time"] // 4)
    order = 1 if history >= 24 else 0
    monitor = EWMA(trend=False, harmonic_order=order, sensitivity=sensitivity, lambda_=0.3, threshold_outlier=50)
    monitor.fit(log[:history])
    first = np.full(log.shape[1:], -1)
    for image in range(history, log.sizes["time"]):
        when = dt.datetime.fromisoformat(str(log.time.values[image])[:19])
        monitor.monitor(log[image].to_numpy(), when)
        first[(monitor.mask == 3) & (first < 0)] = image
    return _features(first > 0, np.maximum(first - 1, 0), first, stack)


REFERENCES = {
    "log ratio": (log_ratio, LOG_RATIO_DB),
    "plain omnibus": (plain_omnibus, OMNIBUS_ALPHA),
    "EWMA (nrt)": (ewma_monitor, EWMA_SENSITIVITY),
}


def _smooth_db(image: xr.DataArray) -> NDArray[np.float64]:
    return 10 * np.log10(np.maximum(ndi.uniform_filter(image.to_numpy().astype(float), 3), 1e-6))


def _features(
    changed: NDArray[np.bool_], before: NDArray[np.integer], after: NDArray[np.integer], stack: xr.Dataset
) -> list[Feature]:
    """Connected changed pixels, each region dated by its pixels' median."""
    dates = [str(day)[:10] for day in stack.time.values]
    labels, count = ndi.label(changed, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    geobox = stack.odc.geobox
    pixel_m2 = float(stack.attrs["pixel_x_m"] * stack.attrs["pixel_y_m"])
    out = []
    for label, box in enumerate(ndi.find_objects(labels), start=1):
        if sizes[label] < FEWEST_PIXELS:
            continue
        mask = labels[box] == label
        traced = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=geobox[box].transform)
        outline = {"type": "MultiPolygon", "coordinates": [part["coordinates"] for part, _ in traced]}
        geometry = rasterio.warp.transform_geom(str(geobox.crs), "EPSG:4326", outline)
        out.append({
            "type": "Feature",
            "geometry": geometry,
            "properties": {
                "status": "confirmed",
                "kind": "change",
                "onset_earliest": dates[int(np.median(before[box][mask]))],
                "onset_latest": dates[int(np.median(after[box][mask]))],
                "area_m2": float(sizes[label]) * pixel_m2,
            },
        })  # fmt: skip
    return out
