"""False alarms asked for beside those got: on gamma speckle with and without weather, and on real sea and hills.

    python benchmarks/calibration.py --sites 150 --figure docs/images/calibration.png

Two levels are asked for. A pixel's p-value (`detect_change`) should fall below a in a share a of the pixels where
nothing changed. And a site where nothing was built should show a confirmed structure with chance alpha or less: less,
for a false one must also look like a work, last, and be large enough.

The images of a port (Latakia) are Lee-filtered, clipped and of 8 bits, so a pixel's p-value says nothing there: objects
per km2 and year are counted instead.

The real images are looked for in ../shared/data, or where $SITEWATCH_DATA says, and left out where they are absent.
Nothing is known to have been built in them, but real ground does change: what is got there is an upper bound.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from scipy.stats import binomtest, chi2

from sitewatch.change import detect_change
from sitewatch.simulate import speckle
from sitewatch.site import Site
from sitewatch.structures import find_structures

PIXEL_LEVELS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1)
SITE_LEVELS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4)
# Everything that would be confirmed at any level is wanted once.
HIGHEST = 0.49
PORT_LEVELS = (0.001, 0.01, 0.1, HIGHEST)
PORT = "bbox:35.74,35.49,35.80,35.56"
SIDE, IMAGES, LOOKS, PIXEL_M = 100, 60, 4.4, 10.0
GRID = GeoBox((SIDE, SIDE), Affine(PIXEL_M, 0, 302_000, 0, -PIXEL_M, 4_392_000), "EPSG:32651")
BACKGROUNDS = ("speckle alone", "speckle and weather", "speckle, weather and fields")
SEA = ("292318-IW1", "292319-IW1", "292320-IW2", "292322-IW1", "292323-IW1", "292324-IW1", "292318-IW2")
LAND = ("292319-IW2", "292322-IW2", "292324-IW2")


@dataclasses.dataclass(frozen=True)
class Got:
    """What one site without construction gave: shares of pixels below `PIXEL_LEVELS`, p of each confirmed structure."""

    background: str
    pixels: int
    below: tuple[int, ...]
    confirmed: tuple[float, ...]
    km2_years: float


def invented(background: str, seed: int) -> xr.Dataset:
    """A stack of land on which nothing is built, one image every 12 days, VV and VH."""
    rng = np.random.default_rng([seed, BACKGROUNDS.index(background)])
    texture = 10 ** (0.1 * rng.normal(0, 1.5, (SIDE, SIDE)))
    days = 12.0 * np.arange(IMAGES)
    weather = np.zeros((2, IMAGES)) if background == BACKGROUNDS[0] else rng.normal(0, 0.8, (2, IMAGES))
    fields = np.zeros((IMAGES, SIDE, SIDE))
    if background == BACKGROUNDS[2]:
        # Blocks of 10 x 10 pixels, each with a season of its own and a memory of three months.
        block = np.kron(np.arange(100).reshape(10, 10), np.ones((10, 10), int))
        decay = np.exp(-12.0 / 90.0)
        slow = np.empty((IMAGES, 100))
        slow[0] = rng.normal(0, 1, 100)
        for t in range(1, IMAGES):
            slow[t] = decay * slow[t - 1] + np.sqrt(1 - decay**2) * rng.normal(0, 1, 100)
        season = np.cos(2 * np.pi * (days[:, None] - rng.uniform(0, 365, 100)) / 365.25)
        fields = (0.7 * slow + 0.7 * season)[:, block]
    power = {}
    for band, (name, level) in enumerate((("VV", 0.1), ("VH", 0.02))):
        images = np.empty((IMAGES, SIDE, SIDE), np.float32)
        for t in range(IMAGES):
            fading = speckle(rng, (SIDE, SIDE), enl=LOOKS, point_spread_px=(0.45, 0.45))
            images[t] = level * texture * 10 ** (0.1 * (weather[band, t] + fields[t])) * fading
        power[name] = (("time", "y", "x"), images)
    time = np.datetime64("2020-01-01T06", "ns") + days.astype(int) * np.timedelta64(1, "D")
    coordinates = {**xr_coords(GRID), "time": time, "scene": ("time", [f"s{t}" for t in range(IMAGES)])}
    stack = xr.Dataset(power, coordinates)
    stack.attrs = {
        "track": "simulated-1", "track_label": "Simulated, track 1", "quantity": "gamma0", "enl": float("nan"),
        "pixel_x_m": PIXEL_M, "pixel_y_m": PIXEL_M, "notes": [],
    }  # fmt: skip
    return stack


def measure(background: str, stack: xr.Dataset) -> Got:
    """Run the chain on a stack without construction."""
    west, south, east, north = stack.odc.geobox.geographic_extent.boundingbox
    site = Site.read(f"bbox:{west:.6f},{south:.6f},{east:.6f},{north:.6f}")
    change = detect_change(stack)
    p_value = change["p_value"].to_numpy()
    known = p_value[np.isfinite(p_value)]
    found = find_structures(site, [stack], [change], alpha=HIGHEST)
    span = stack["time"].values
    years = float((span[-1] - span[0]) / np.timedelta64(1, "D")) / 365.25
    area = stack.attrs["pixel_x_m"] * stack.attrs["pixel_y_m"] * known.size / 1e6
    return Got(
        background,
        known.size,
        tuple(int((known < level).sum()) for level in PIXEL_LEVELS),
        tuple(one.p_value for one in found if one.status == "confirmed"),
        area * years,
    )


def of_invented(job: tuple[str, int]) -> Got:
    """One simulated site."""
    return measure(job[0], invented(*job))


def of_burst(job: tuple[str, str, Path]) -> Got:
    """One real burst."""
    from sitewatch import build_stack, open_scenes

    background, burst, folder = job
    files = sorted(folder.glob(f"*T137-{burst}_*.tif"))
    scenes = open_scenes(files).scenes
    west, south, east, north = scenes[0].geobox.geographic_extent.boundingbox
    site = Site.read(f"bbox:{west:.6f},{south:.6f},{east:.6f},{north:.6f}")
    return measure(background, build_stack(site, scenes))


@dataclasses.dataclass(frozen=True)
class Counted:
    """How many structures of each status a site without construction gave at each of `PORT_LEVELS`."""

    images: int
    tracks: int
    km2_years: float
    counts: tuple[dict[str, int], ...]


def of_port(catalogue: Path) -> Counted:
    """The port whose images hold no statistics of pixels."""
    from sitewatch import build_stacks, open_scenes

    site = Site.read(PORT)
    scenes = open_scenes([catalogue]).scenes
    with tempfile.TemporaryDirectory() as folder:
        stacks = build_stacks(site, scenes, folder).stacks
        changes = [detect_change(stack) for stack in stacks]
        counts = []
        for alpha in PORT_LEVELS:
            found = find_structures(site, stacks, changes, alpha=alpha)
            counts.append(dict(Counter(one.status for one in found)))
    times = np.concatenate([stack["time"].values for stack in stacks])
    years = float((times.max() - times.min()) / np.timedelta64(1, "D")) / 365.25
    seen = max(int(np.isfinite(change["p_value"]).sum()) for change in changes)
    pixel_m2 = stacks[0].attrs["pixel_x_m"] * stacks[0].attrs["pixel_y_m"]
    return Counted(len(times), len(stacks), seen * pixel_m2 / 1e6 * years, tuple(counts))


def data_folder() -> Path:
    """Where the real images lie."""
    return Path(os.environ.get("SITEWATCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def bursts() -> Iterator[tuple[str, str, Path]]:
    """Jobs for the real bursts that are there."""
    folder = data_folder() / "opera-rtc-s1"
    if not folder.is_dir():
        print(f"The real bursts are not at {folder}; set SITEWATCH_DATA to the folder of real images.\n")
        return
    for background, names in (("real open sea", SEA), ("real town, hills and coast", LAND)):
        yield from ((background, name, folder) for name in names)


def interval(count: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Clopper and Pearson 1934)."""
    found = binomtest(count, of).proportion_ci(method="exact")
    return float(found.low), float(found.high)


def tables(results: list[Got]) -> None:
    """Print asked beside got."""
    names = list(dict.fromkeys(one.background for one in results))
    print("Pixels: share with a p-value below the level asked for\n")
    print("| background | sites | " + " | ".join(f"{level:g}" for level in PIXEL_LEVELS) + " |")
    print("|" + "---|" * (2 + len(PIXEL_LEVELS)))
    for name in names:
        mine = [one for one in results if one.background == name]
        total = sum(one.pixels for one in mine)
        shares = [sum(one.below[i] for one in mine) / total for i in range(len(PIXEL_LEVELS))]
        print(f"| {name} | {len(mine)} | " + " | ".join(f"{share:.2g}" for share in shares) + " |")
    print("\nSites: share with a confirmed structure at the level asked for (95 % interval)\n")
    print("| background | sites | km² a | " + " | ".join(f"{level:g}" for level in SITE_LEVELS) + " |")
    print("|" + "---|" * (3 + len(SITE_LEVELS)))
    for name in names:
        mine = [one for one in results if one.background == name]
        cells = []
        for level in SITE_LEVELS:
            count = sum(any(p <= level for p in one.confirmed) for one in mine)
            low, high = interval(count, len(mine))
            cells.append(f"{count / len(mine):.2g} ({low:.2g}-{high:.2g})")
        print(f"| {name} | {len(mine)} | {sum(one.km2_years for one in mine):.0f} | " + " | ".join(cells) + " |")
    print("\nConfirmed structures per km² and year at alpha = 0.01\n")
    print("| background | confirmed | per km² a |\n|---|---|---|")
    for name in names:
        mine = [one for one in results if one.background == name]
        count = sum(p <= 0.01 for one in mine for p in one.confirmed)
        print(f"| {name} | {count} | {count / sum(one.km2_years for one in mine):.2g} |")


def port_table(port: Counted) -> None:
    """Print what the port gave."""
    print(f"\nThe port: {port.images} images of {port.tracks} tracks, {port.km2_years:.0f} km² a\n")
    print("| alpha | confirmed | per km² a | at most (95 %) | candidates | per km² a |\n|---|---|---|---|---|---|")
    for level, counts in zip(PORT_LEVELS, port.counts, strict=True):
        confirmed, candidates = (counts.get(status, 0) for status in ("confirmed", "candidate"))
        # Exact upper limit of a Poisson rate (Garwood 1936).
        limit = chi2.ppf(0.95, 2 * (confirmed + 1)) / 2
        rates = [count / port.km2_years for count in (confirmed, limit, candidates)]
        print(f"| {level:g} | {confirmed} | {rates[0]:.2g} | {rates[1]:.2g} | {candidates} | {rates[2]:.2g} |")


def draw(results: list[Got], path: Path) -> None:
    """Asked against got, pixels on the left and sites on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in dict.fromkeys(one.background for one in results):
        mine = [one for one in results if one.background == name]
        total = sum(one.pixels for one in mine)
        got = np.array([sum(one.below[i] for one in mine) / total for i in range(len(PIXEL_LEVELS))])
        (line,) = left.loglog(PIXEL_LEVELS, np.where(got > 0, got, np.nan), "o-", label=name, markersize=4)
        if name not in BACKGROUNDS:
            continue
        shares = [sum(any(p <= level for p in one.confirmed) for one in mine) for level in SITE_LEVELS]
        limits = np.array([interval(count, len(mine)) for count in shares]).T
        middle = np.array(shares) / len(mine)
        errors = np.abs(limits - middle)
        right.errorbar(SITE_LEVELS, middle, errors, fmt="o-", color=line.get_color(), markersize=4, capsize=3)
    for axes, what in ((left, "pixels with p below it"), (right, "sites with a confirmed structure")):
        low = min(PIXEL_LEVELS if axes is left else SITE_LEVELS)
        axes.plot([low, 0.5], [low, 0.5], color="0.6", linewidth=1, linestyle="--")
        axes.set_xlabel("asked for")
        axes.set_ylabel(f"share of {what}")
    right.set_xscale("log")
    left.legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=150, help="simulated sites of each background")
    parser.add_argument("--first-seed", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    jobs = [(name, args.first_seed + seed) for name in BACKGROUNDS for seed in range(args.sites)]
    with ProcessPoolExecutor(args.jobs) as pool:
        results = [*pool.map(of_invented, jobs), *pool.map(of_burst, list(bursts()))]
        catalogue = data_folder() / "latakia-s1-rtc" / "catalog.json"
        port = pool.submit(of_port, catalogue).result() if catalogue.is_file() else None
    tables(results)
    if port is not None:
        port_table(port)
    if args.figure:
        draw(results, args.figure)


if __name__ == "__main__":
    main()
