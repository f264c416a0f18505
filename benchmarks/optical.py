"""Optical series on the real Sentinel-2 cube of Romania: false alarms, and works set into it with known dates.

    make study-optical

Three things are measured. First the whole job, from files to record and dossier, on the cube as it is: a wooded
hillside where trees were felled in patches and a road runs along the north; no construction is known. What comes out as
a structure is a false alarm, per km2 and year. Then works are set into the same cube (rectangles of a built surface's
reflectance from a known day on, with the real clouds and 8 % of scatter), and it is
counted how many are found, and how often the onset's interval holds the day. Last the same series go through COLD as
pyxccd has it, the well-kept package for breaks in optical series: how many pixels break where nothing was set in, and
how many and how late where something was.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from optical_data import open_romania, site_of, write_cube
from sitewatch.change.optical import detect_optical_change
from sitewatch.pipeline import run_site
from sitewatch.scenes import open_scenes
from sitewatch.stack import build_stacks
from sitewatch.structure import Structure
from sitewatch.structures._map import covered
from sitewatch.structures.optical import find_in_optical

# Reflectance of concrete and gravel about as libraries of spectra have it.
BUILT = {"blue": 0.10, "green": 0.12, "red": 0.14, "nir": 0.18}
SCATTER = 0.08
SIZES = ((4, 4), (5, 8), (8, 8), (3, 14))
EVERY_PIXEL = 10


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, nargs=2, default=(1, 3))
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for files and workspace; a temporary one without it")
    args = parser.parse_args()
    cube = open_romania(args.data)
    with _folder(args.keep) as folder:
        site = site_of(cube, "romania")
        if not (folder / "scenes").is_dir():
            write_cube(cube, folder / "scenes")
        result = run_site(site, [folder / "scenes"], folder / "workspace")
        scenes = open_scenes(folder / "scenes").scenes
        stack = build_stacks(site, scenes, folder / "workspace" / "stacks").stacks[0].load()
        tell_false_alarms(result.structures, stack)
        if args.figure:
            draw(stack, result.structures, args.figure)
        plain = [s for s in result.structures if s.status == "confirmed"]
        tell_works(stack, plain, range(args.seeds[0], args.seeds[1] + 1))


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)


def tell_false_alarms(structures: tuple[Structure, ...], stack: xr.Dataset) -> None:
    """Structures by status, and the rates."""
    km2 = stack.sizes["y"] * stack.sizes["x"] * stack.attrs["pixel_x_m"] * stack.attrs["pixel_y_m"] / 1e6
    years = float((stack["time"].values[-1] - stack["time"].values[0]) / np.timedelta64(1, "D")) / 365.25
    print(f"{stack.sizes['time']} images with a clear pixel, {km2:.2f} km2, {years:.2f} years")
    print("| status | structures | per km2 and year | share of the area % |\n|---|---|---|---|")
    for status in ("confirmed", "candidate", "rejected"):
        of = [s for s in structures if s.status == status]
        area = sum(s.area_m2.value for s in of) / 1e6
        print(f"| {status} | {len(of)} | {len(of) / km2 / years:.2f} | {100 * area / km2:.2f} |")
    for s in structures:
        what = s.rejected_as or s.kind
        print(f"  {s.status} {what}, {s.area_m2.value:.0f} m2, onset {_words(s)}, {s.reason or 'stands'}")


def _words(s: Structure) -> str:
    return "unknown" if s.onset is None else f"{s.onset.earliest} to {s.onset.latest}"


def tell_works(stack: xr.Dataset, plain: list[Structure], seeds: range) -> None:
    """How many works that were set in are found, dated and how late; and the same of COLD."""
    found, dated, widths, delays, extra, count = {"confirmed": 0, "candidate": 0}, 0, [], [], 0, 0
    cold_hits, cold_delays, cold_total, cold_false, cold_stable = 0, [], 0, 0, 0
    for seed in seeds:
        built, works = with_works(stack, seed)
        structures = find_in_optical(built, detect_optical_change(built))
        claimed = set()
        for mask, day in works:
            count += 1
            hit = next((s for s in structures if s.status != "rejected" and _covers(s, mask, built)), None)
            if hit is None:
                continue
            claimed.add(hit.id)
            found[hit.status] += 1
            if hit.onset is not None:
                dated += hit.onset.earliest < day <= hit.onset.latest
                widths.append((hit.onset.latest - hit.onset.earliest).days)
            if hit.confirmed_on is not None:
                delays.append((hit.confirmed_on - day).days)
        new = [s for s in structures if s.status == "confirmed" and s.id not in claimed]
        extra += sum(not any(s.footprint.intersects(one.footprint) for one in plain) for s in new)
        tally = cold(built, works)
        cold_hits, cold_total = cold_hits + tally[0], cold_total + tally[1]
        cold_false, cold_stable = cold_false + tally[2], cold_stable + tally[3]
        cold_delays += tally[4]
    print(f"\n{count} works set in: {found['confirmed']} confirmed, {found['candidate']} candidates; "
          f"{dated} onsets right of {len(widths)}, median width {_median(widths)} days; "
          f"confirmed {_median(delays)} days after the day at the median; {extra} other confirmed")  # fmt: skip
    if cold_total:
        print(f"COLD (pyxccd): {cold_hits} of {cold_total} pixels of the works break within 180 days, median "
              f"{_median(cold_delays)} days after the day; {cold_false} of {cold_stable} other pixels break at all "
              f"({100 * cold_false / max(cold_stable, 1):.1f} %)")  # fmt: skip


def _median(values: list[int]) -> str:
    return f"{np.median(values):.0f}" if values else "none"


def _covers(structure: Structure, mask: NDArray[np.bool_], stack: xr.Dataset) -> bool:
    inside = covered(structure.footprint, stack.odc.geobox)
    return bool((inside & mask).sum() >= 0.5 * mask.sum() and (inside & mask).sum() >= 0.3 * inside.sum())


def with_works(stack: xr.Dataset, seed: int) -> tuple[xr.Dataset, list[tuple[NDArray[np.bool_], dt.date]]]:
    """The stack with six works set into the wood, and their places and days."""
    random = np.random.default_rng(seed)
    out = stack.copy(deep=True)
    times = stack["time"].values
    taken = np.zeros((stack.sizes["y"], stack.sizes["x"]), bool)
    taken[:32] = True  # the road and its verges
    works = []
    while len(works) < 6:
        height, width = SIZES[int(random.integers(len(SIZES)))]
        row, column = int(random.integers(33, 98 - height)), int(random.integers(2, 98 - width))
        near = (slice(row - 3, row + height + 3), slice(max(column - 3, 0), column + width + 3))
        if taken[near].any():
            continue
        taken[near] = True
        mask = np.zeros(taken.shape, bool)
        mask[row : row + height, column : column + width] = True
        day = dt.date(2017, 3, 1) + dt.timedelta(days=int(random.integers(0, 900)))
        after = times >= np.datetime64(day)
        for name, value in BUILT.items():
            values = out[name].to_numpy()
            noise = np.exp(SCATTER * random.standard_normal((int(after.sum()), height, width)))
            made = value * noise
            block = values[after, row : row + height, column : column + width]
            values[after, row : row + height, column : column + width] = np.where(np.isfinite(block), made, np.nan)
            out[name] = (stack[name].dims, values, stack[name].attrs)
        works.append((mask, day))
    return out, works


def cold(stack: xr.Dataset, works: list[tuple[NDArray[np.bool_], dt.date]]) -> tuple[int, int, int, int, list[int]]:
    """Pixels of works that break in time, of how many; pixels elsewhere that break, of how many; and the delays."""
    try:
        from pyxccd import cold_detect_flex
    except ImportError:
        print("pyxccd is not installed: pip install 'sitewatch[accuracy]'")
        return 0, 0, 0, 0, []
    values = np.stack([stack[n].to_numpy() for n in BUILT], axis=-1)
    days = np.array([np.datetime64(t, "D").astype(object).toordinal() for t in stack["time"].values])
    where = {tuple(at): day for mask, day in works for at in np.argwhere(mask)}
    hits, total, false, stable = 0, 0, 0, 0
    delays: list[int] = []
    for row in range(0, stack.sizes["y"]):
        for column in range(0, stack.sizes["x"]):
            day = where.get((row, column))
            if day is None and (row % EVERY_PIXEL or column % EVERY_PIXEL):
                continue
            clear = np.isfinite(values[:, row, column]).all(axis=1)
            series = np.round(values[clear, row, column] * 10000).astype(np.int64)
            flags = np.zeros(series.shape[0], np.int64)
            found = cold_detect_flex(days[clear], series, flags, lam=20, tmask_b1_index=2, tmask_b2_index=4)
            breaks = [int(one["t_break"]) for one in found if one["t_break"] > 0]
            if day is None:
                stable += 1
                false += bool(breaks)
            else:
                total += 1
                late = [b - day.toordinal() for b in breaks if 0 <= b - day.toordinal() <= 180]
                hits += bool(late)
                delays += late[:1]
    return hits, total, false, stable, delays


def draw(stack: xr.Dataset, structures: tuple[Structure, ...], path: Path) -> None:
    """First and last summers in true colour with what was found: red confirmed, orange candidate, white rejected."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    months, years = stack["time"].dt.month, stack["time"].dt.year
    figure, axes = plt.subplots(1, 3, figsize=(15, 5.4))
    for axis, year in zip(axes, (2016, 2018, 2020), strict=True):
        summer = stack.isel(time=np.flatnonzero((months >= 5) & (months <= 9) & (years == year)))
        rgb = np.stack([np.nanmedian(summer[n].to_numpy(), axis=0) for n in ("red", "green", "blue")], axis=-1)
        axis.imshow(np.clip(rgb / 0.15, 0, 1))
        axis.set_title(f"summer {year}")
        axis.set_axis_off()
        for s in structures:
            colour = {"confirmed": "red", "candidate": "orange", "rejected": "white"}[s.status]
            axis.contour(covered(s.footprint, stack.odc.geobox), [0.5], colors=colour, linewidths=0.8)
    figure.tight_layout()
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    main()
