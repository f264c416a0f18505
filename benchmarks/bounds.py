"""How many of the works in the scenarios stand out at all: a bound on the recall that any method could reach.

    python benchmarks/bounds.py --seeds 1201 1230

An observer is given what no method has: the true footprint, the dates and the growth curve. It asks only whether the
level changed there, image by image with the growth, more than where nothing was built: the same footprint, laid on
every other place of the same images, must seldom show as strong a change. Where one such place or more does, an alarm
on the work means a false alarm on that place, too, for whoever knows less. The change is taken in two ways, and
whichever is the better for the work counts: in dB, and in standard deviations of each pixel's own residual; both
polarisations together.

The scenarios' writer is looked for as in `accuracy/study.py`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import odc.geo.xr  # noqa: F401  (gives arrays their .odc)
import rasterio.features
import rasterio.warp
import shapely
import xarray as xr
from numpy.typing import NDArray
from scipy.signal import fftconvolve

sys.path.insert(0, str(Path(__file__).resolve().parent / "accuracy"))
from rows import ROWS
from study import bench_folder

MAD_TO_SD = 1.4826
# Places this near a work are none where nothing was built.
ROOM_M = 40.0


def on_grid(feature: dict[str, Any], stack: xr.Dataset, room_m: float = 0.0) -> NDArray[np.bool_]:
    """[y, x], where a feature lies."""
    geobox = stack.odc.geobox
    outline = rasterio.warp.transform_geom("EPSG:4326", str(geobox.crs), feature["geometry"])
    shape = shapely.buffer(shapely.geometry.shape(outline), room_m)
    return np.asarray(rasterio.features.rasterize([shape], out_shape=geobox.shape, transform=geobox.transform), bool)


def strength(values: NDArray[np.float64], footprint: NDArray[np.bool_], free: NDArray[np.bool_]) -> tuple[float, Any]:
    """How far a footprint's mean [polarisation, y, x] lies from those of other places, and each of those from them."""
    rows, columns = np.nonzero(footprint)
    kernel = footprint[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float)
    kernel /= kernel.sum()
    means = np.stack([fftconvolve(one, kernel[::-1, ::-1], mode="same") for one in values])
    middle = np.median(means[:, free], axis=1)
    sd = MAD_TO_SD * np.median(np.abs(means[:, free] - middle[:, None]), axis=1)
    own = (values[:, footprint].mean(axis=1) - middle) / sd
    other = (means[:, free] - middle[:, None]) / sd[:, None]
    return float(np.hypot.reduce(own)), np.hypot.reduce(other, axis=0)


def as_strong_elsewhere(stack: xr.Dataset, work: dict[str, Any], works: list[dict[str, Any]]) -> float:
    """Number of places without works, each of the work's size, whose level followed its growth as strongly."""
    footprint = on_grid(work, stack)
    taken = np.logical_or.reduce([on_grid(one, stack, ROOM_M) for one in works])
    share = np.array([grown for _, grown in work["properties"]["growth"]], float)
    days = [dt.date.fromisoformat(day) for day, _ in work["properties"]["growth"]]
    if days != stack["time"].values.astype("datetime64[D]").tolist():
        raise SystemExit("the growth curve is not of the stack's images")
    centred = share - share.mean()
    level = np.stack([np.log(np.maximum(stack[name].to_numpy(), 1e-6)) for name in stack.data_vars], axis=1)
    level = np.nan_to_num(level - np.nanmedian(level, axis=(2, 3), keepdims=True))
    slope = np.tensordot(centred / (centred @ share), level, axes=(0, 0))
    residual = level - slope[None] * share[:, None, None, None]
    scatter = np.maximum(residual.std(axis=0), 0.05)
    around = np.ones((int(np.ptp(np.nonzero(footprint)[0])) + 1, int(np.ptp(np.nonzero(footprint)[1])) + 1))
    free = fftconvolve(taken.astype(float), around, mode="same") < 0.5
    counts = []
    for values in (slope, slope / scatter):
        own, other = strength(values, footprint, free)
        counts.append(float((other >= own).sum()) / float(footprint.sum()))
    return min(counts)


def job(number: int, seed: int) -> list[tuple[int, str, float]]:
    """(row, kind, places as strong) of every work of one scenario."""
    from sitewatch import Site, build_stacks, open_scenes

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = [sys.executable, str(bench_folder() / "scenarios.py"), *ROWS[number - 1].scenario(seed)]
        subprocess.run([*writer, "--out", name], check=True, capture_output=True)
        site = Site.read(folder / "site.geojson")
        stacks = build_stacks(site, open_scenes(folder / "scenes").scenes, folder / "stacks").stacks
        truth = json.loads((folder / "truth.geojson").read_text())["features"]
        works = [one for one in truth if one["properties"].get("growth")]
        (stack,) = [one.load() for one in stacks]
        return [(number, one["properties"]["kind"], as_strong_elsewhere(stack, one, works)) for one in works]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1201, 1230), help="first and last seed of every row")
    parser.add_argument("--rows", type=int, nargs="*", default=[4, 5, 6], help="rows by number")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    todo = [(number, seed) for number in args.rows for seed in range(args.seeds[0], args.seeds[1] + 1)]
    with ProcessPoolExecutor(args.jobs) as pool:
        works = [one for found in pool.map(job, *zip(*todo, strict=True)) for one in found]
    print("| scenarios | works | stand out | share | by kind |\n| --- | --- | --- | --- | --- |")
    for number in args.rows:
        mine = [one for one in works if one[0] == number]
        seen = [one for one in mine if one[2] < 1]
        told = []
        for kind in sorted({kind for _, kind, _ in mine}):
            of_kind = [places < 1 for _, other, places in mine if other == kind]
            told.append(f"{kind} {sum(of_kind)} of {len(of_kind)}")
        name = ROWS[number - 1].name
        print(f"| {name} | {len(mine)} | {len(seen)} | {len(seen) / len(mine):.2f} | {', '.join(told)} |")


if __name__ == "__main__":
    main()
