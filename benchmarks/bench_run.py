"""Time a whole run beside the time that reading and inflating its images takes, and state the memory it needs.

    python benchmarks/bench_run.py --size 2000 --dates 100

Writes a coast with a few works as dual-pol GeoTIFFs (float32, tiled, deflate) into a temporary folder, reads them with
two threads, runs `sitewatch run` on them as a user would, and prints where the time goes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import rasterio
import rasterio.warp
from affine import Affine

LOOKS = 4.4
WORKS = 12


def write_scenes(folder: Path, size: int, dates: int) -> list[Path]:
    """A coast (land above, sea below) whose works appear half-way; one file a date, bands VV and VH."""
    rng = np.random.default_rng(1)
    texture = 10 ** (rng.normal(0, 0.1, (size, size)).astype(np.float32))
    land = np.arange(size)[:, None] < 0.5 * size + 40 * np.sin(np.arange(size) / 90)[None, :]
    folder.mkdir(parents=True)
    files = []
    for t in range(dates):
        wind = 10 ** rng.normal(-1.9, 0.3)
        image = np.empty((2, size, size), np.float32)
        for band, (ground, cross) in enumerate(((0.09, 1.0), (0.02, 0.18))):
            mean = np.where(land, ground * texture, wind * cross)
            for work in range(WORKS if t >= dates // 2 else 0):
                x = int((work + 0.5) * size / WORKS)
                y = size // 4 if work % 2 else int(0.5 * size + 40 * np.sin(x / 90))
                # As of a wall and the ground before it: plants would raise the cross-polarised channel more.
                mean[y : y + 60, x : x + (40 if work % 2 else 6)] = (0.5, 0.06)[band]
            # Each image's speckle is its own: shared patterns would look like displacements to the registration.
            image[band] = mean * rng.standard_gamma(LOOKS, (size, size), np.float32) / LOOKS
        when = dt.datetime(2021, 1, 1, 6, tzinfo=dt.UTC) + dt.timedelta(days=12 * t)
        path = folder / f"coast_{when:%Y%m%dT%H%M%S}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=size, height=size, count=2, dtype="float32", crs="EPSG:32651",
            transform=Affine(10, 0, 302000, 0, -10, 4392000), tiled=True, blockxsize=256, blockysize=256,
            compress="deflate", zlevel=1, nodata=float("nan"), num_threads=2,
        ) as target:  # fmt: skip
            target.write(image)
            target.descriptions = ("VV", "VH")
            target.update_tags(
                ACQUISITION_DATETIME=when.isoformat(), QUANTITY="gamma0", UNITS="linear", ORBIT_STATE="descending",
                RELATIVE_ORBIT="98", PLATFORM="simulated", ENL=str(LOOKS),
            )  # fmt: skip
        files.append(path)
    return files


def read(path: Path) -> float:
    """Read and inflate one file."""
    with rasterio.open(path) as source:
        return float(source.read()[0, 0, 0])


def reading_seconds(files: list[Path]) -> tuple[float, float]:
    """Seconds to read and inflate all files with two threads, by the clock and of the processor."""
    start, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(read, files))
    return time.perf_counter() - start, time.process_time() - used


def processor_seconds_of_children() -> float:
    """Processor seconds of all processes that this one started and that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


class PeakMemory(threading.Thread):
    """Largest resident memory of a process and its children, sampled ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.peak = 0

    def run(self) -> None:
        while True:
            try:
                family = [self.process, *self.process.children(recursive=True)]
                self.peak = max(self.peak, sum(p.memory_info().rss for p in family))
            except psutil.Error:
                return
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2000, help="pixels a side")
    parser.add_argument("--dates", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    arguments = parser.parse_args()
    if arguments.folder is not None:
        Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary)
        files = write_scenes(folder / "scenes", arguments.size, arguments.dates)
        before = reading_seconds(files)
        west, south, east, north = rasterio.warp.transform_bounds(
            "EPSG:32651", "EPSG:4326", 302000, 4392000 - 10 * arguments.size, 302000 + 10 * arguments.size, 4392000
        )
        site = f"bbox:{west:.6f},{south:.6f},{east:.6f},{north:.6f}"
        command = [sys.executable, "-m", "sitewatch", "run", site, str(folder / "scenes"), "--out", str(folder / "out")]
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}
        )
        memory = PeakMemory(process.pid)
        memory.start()
        out, err = process.communicate()
        total = time.perf_counter() - start
        if process.returncode:
            raise SystemExit(err)
        again = reading_seconds(files)
        reading, reading_used = ((a + b) / 2 for a, b in zip(before, again, strict=True))
        used = processor_seconds_of_children()
    print(f"{arguments.dates} dates, {arguments.size} x {arguments.size} px, VV and VH")
    print(f"| stage | seconds | times reading |\n|---|---|---|\n| reading and inflating alone | {reading:.1f} | 1.0 |")
    stages = dict(re.findall(r"^(.+?): \d+ of \d+, ([\d.]+) s$", err, flags=re.MULTILINE))
    for stage, seconds in stages.items():
        print(f"| {stage} | {float(seconds):.1f} | {float(seconds) / reading:.1f} |")
    rest = total - sum(float(s) for s in stages.values())
    print(f"| start-up, records | {rest:.1f} | {rest / reading:.1f} |")
    print(f"| whole run | {total:.1f} | {total / reading:.1f} |")
    print(
        f"processor seconds: reading {reading_used:.1f}, whole run {used:.1f} = {used / reading_used:.1f} times "
        "(closer to the truth than the clock where other work shares the machine)"
    )
    print(f"peak memory {memory.peak / 2**30:.2f} GiB; {out.strip().splitlines()[-2]}")


if __name__ == "__main__":
    main()
