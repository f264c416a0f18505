"""Measure co-registration: bias, repeatability and wrong shifts, on simulated and on real images moved on purpose.

    python benchmarks/registration.py                           # what `make study-registration` runs
    python benchmarks/registration.py --repeats 4 --only tide   # some rows, quickly

Every row repeats one kind of stack with new noise and new displacements, drawn evenly in length and direction up to 20
pixels, and compares what `check_registration` would undo with what was done. Real images come from `opera-rtc-s1` and
`latakia-s1-rtc` of the shared data ($SITEWATCH_DATA); an image is displaced by a spline of fifth degree on its
logarithm, and what leaves the frame is no data. Writes a table in Markdown to standard output.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import os
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from sitewatch.scenes import open_scenes
from sitewatch.scenes._scene import Scenes
from sitewatch.simulate import Acquisitions, revisit_dates, simulate_coast, single_views
from sitewatch.site import Site
from sitewatch.stack import build_stacks
from sitewatch.stack._register import check_registration

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "stack"))

from displaced import image, land, sea

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SITEWATCH_DATA", ROOT.parent / "shared" / "data"))
FARTHEST_PX = 20.0
WRONG_PX = 0.5
# What resampling is not worth the trouble for: `_MIN_SHIFT_PX` of the module measured.
LEAST_PX = 0.25

Shift = tuple[float, float]
STILL: Shift = (0.0, 0.0)


@dataclasses.dataclass(frozen=True)
class Trial:
    """A stack by polarisation (time, y, x) and the displacement (rows, columns) of each date."""

    cubes: dict[str, np.ndarray]
    truth: list[Shift]


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of stack, in words, and what makes one of it."""

    name: str
    make: Callable[[np.random.Generator], Trial]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One image of one trial: where it lay, what would be undone of it (rows, columns), and what is said of it."""

    truth: Shift
    undone: Shift | None
    fate: str


def drawn(rng: np.random.Generator, least: float = 0.5, most: float = FARTHEST_PX) -> Shift:
    """A displacement of any direction."""
    length, angle = rng.uniform(least, most), rng.uniform(0, 2 * np.pi)
    return float(length * np.cos(angle)), float(length * np.sin(angle))


def series(means: list[np.ndarray], truth: list[Shift], rng: np.random.Generator, looks: float) -> Trial:
    """Images of means, displaced, each with its own speckle and brightness."""
    gains = rng.uniform(0.4, 2.5, len(means))
    seeds = rng.integers(2**31, size=len(means))
    stack = [g * image(m, t, int(s), looks) for m, t, s, g in zip(means, truth, seeds, gains, strict=True)]
    return Trial({"VV": np.stack(stack).astype(np.float32)}, truth)


def one_astray(rng: np.random.Generator, count: int = 9) -> tuple[int, list[Shift]]:
    """Displacements of a stack of which one image lies off."""
    index = int(rng.integers(count))
    truth = [STILL] * count
    truth[index] = drawn(rng)
    return index, truth


def coast(looks: float, contrast_db: float) -> Callable[[np.random.Generator], Trial]:
    def make(rng: np.random.Generator) -> Trial:
        mean = land(int(rng.integers(2**31)), contrast_db=contrast_db)
        _, truth = one_astray(rng)
        return series([mean] * len(truth), truth, rng, looks)

    return make


def tide(astray: bool, contrasts_db: tuple[float, ...] = (0.1, 1.0, 3.0)) -> Callable[[np.random.Generator], Trial]:
    """One image at another tide: the shore of it stands up to three pixels off."""

    def make(rng: np.random.Generator) -> Trial:
        seed, contrast = int(rng.integers(2**31)), float(rng.choice(contrasts_db))
        index, truth = one_astray(rng)
        tides = [0.0] * len(truth)
        tides[index] = float(rng.choice([0.4, 0.8, 1.5, 3.0]))
        means = [land(seed, contrast_db=contrast, tide_px=t) for t in tides]
        return series(means, truth if astray else [STILL] * len(truth), rng, 4)

    return make


def built(astray: bool) -> Callable[[np.random.Generator], Trial]:
    """New land of 48 x 20 pixels in the sea, some 7 % of the image, from somewhere in the series on."""

    def make(rng: np.random.Generator) -> Trial:
        before = land(int(rng.integers(2**31)))
        after = before.copy()
        top = int(rng.integers(20, 140))
        after[top : top + 96, 40:80] = 10**-0.5
        _, truth = one_astray(rng)
        first = int(rng.integers(1, len(truth)))
        means = [after if i >= first else before for i in range(len(truth))]
        return series(means, truth if astray else [STILL] * len(truth), rng, 4)

    return make


def pointed(rng: np.random.Generator) -> Trial:
    """Eleven images, all displaced as the geolocation of pointed satellites is: 6.7 and 2.0 pixels of deviation."""
    truth = rng.normal(0, (2.0, 6.7), (11, 2))
    truth -= np.median(truth, axis=0)
    mean = land(int(rng.integers(2**31)))
    return series([mean] * 11, [(float(r), float(c)) for r, c in truth], rng, 4)


def pair(rng: np.random.Generator) -> Trial:
    mean = land(int(rng.integers(2**31)))
    return series([mean] * 2, [STILL, drawn(rng)], rng, 4)


def still(rng: np.random.Generator) -> Trial:
    mean = land(int(rng.integers(2**31)), contrast_db=float(rng.choice([0.1, 1.0, 3.0])))
    return series([mean] * 9, [STILL] * 9, rng, 4)


def open_sea(rng: np.random.Generator) -> Trial:
    means = [sea(int(rng.integers(2**31))) for _ in range(9)]
    return series(means, [STILL] * 9, rng, 4)


@lru_cache(maxsize=8)
def opera(burst: str) -> dict[str, np.ndarray]:
    """A burst's images as the files have them (registration has never moved one of them)."""
    scenes = open_scenes(sorted((DATA / "opera-rtc-s1").glob(f"OPERA*{burst}*.tif"))).scenes
    (stack,) = build_stacks(Site.read(scenes[0].footprint.buffer(-0.002)), scenes).stacks
    return {str(name): stack[name].to_numpy() for name in stack.data_vars}


@lru_cache(maxsize=1)
def _port() -> Scenes:
    return open_scenes(DATA / "latakia-s1-rtc")


@lru_cache(maxsize=8)
def latakia(track: int) -> dict[str, np.ndarray]:
    """The first 40 images of one track of the port."""
    found = _port()
    scenes = [scene for scene in found.scenes if scene.track == found.tracks[track]][:40]
    (stack,) = build_stacks(Site.read(scenes[0].footprint.buffer(-0.001)), scenes).stacks
    return {str(name): stack[name].to_numpy() for name in stack.data_vars}


def real(load: Callable[[], dict[str, np.ndarray]], astray: int) -> Callable[[np.random.Generator], Trial]:
    """Real images of which `astray` are displaced."""

    def make(rng: np.random.Generator) -> Trial:
        cubes = {name: values.copy() for name, values in load().items()}
        count = len(next(iter(cubes.values())))
        truth = [STILL] * count
        for index in rng.choice(count, astray, replace=False) if astray else ():
            truth[index] = drawn(rng)
            for values in cubes.values():
                values[index] = moved(values[index], truth[index])
        return Trial(cubes, truth)

    return make


def moved(values: np.ndarray, shift: Shift) -> np.ndarray:
    """An image displaced by (rows, columns), NaN where nothing comes in."""
    valid = np.isfinite(values)
    floor = max(1e-3 * float(np.nanmean(values)), 1e-30)
    log = np.log(np.maximum(np.where(valid, values, floor), floor))
    out = np.exp(ndimage.shift(log, shift, order=5, mode="nearest"))
    known = ndimage.shift(valid.astype(float), shift, order=1, mode="constant", cval=0.0) > 0.999
    return np.where(known, out, np.nan).astype(np.float32)


def rows() -> Iterator[Row]:
    """The table's rows, in order."""
    for looks in (1, 4, 16):
        yield Row(f"simulated coast, {looks} looks, one of 9 images off", coast(looks, 3.0))
    yield Row("faint coast (fields of 1 dB), 4 looks, one of 9 off", coast(4, 1.0))
    yield Row("one of 9 off and at another tide", tide(True))
    yield Row("land of 48 x 20 pixels built meanwhile, one of 9 off", built(True))
    yield Row("all of 11 off, sd 6.7 and 2.0 pixels", pointed)
    yield Row("the second of two off", pair)
    yield Row("none of 9 off", still)
    yield Row("none off, one at another tide", tide(False))
    yield Row("none off, land of 48 x 20 pixels built", built(False))
    yield Row("none off, open sea with swell and streaks", open_sea)
    if not (DATA / "README.md").exists():
        print(f"the real images are not at {DATA}; set SITEWATCH_DATA to their folder", file=sys.stderr)
        return
    for burst, what in (("319-IW2", "town"), ("324-IW2", "coast")):
        yield Row(f"real: OPERA burst 292{burst} ({what}), 3 of 31 off", real(_Burst(burst), 3))
        yield Row(f"real: the same as it is ({what})", real(_Burst(burst), 0))
    for burst in ("318-IW1", "318-IW2", "319-IW1", "323-IW1"):
        yield Row(f"real: OPERA burst 292{burst} (open sea), 3 of 31 off", real(_Burst(burst), 3))
    for track in range(3):
        yield Row(f"real: Latakia, track {track + 1} of 3 (land masked), 3 of 40 off", real(_Port(track), 3))
        yield Row(f"real: the same as it is (Latakia, track {track + 1})", real(_Port(track), 0))


@dataclasses.dataclass(frozen=True)
class _Burst:
    name: str

    def __call__(self) -> dict[str, np.ndarray]:
        return opera(f"T137-292{self.name}")


@dataclasses.dataclass(frozen=True)
class _Port:
    track: int

    def __call__(self) -> dict[str, np.ndarray]:
        return latakia(self.track)


def outcomes(trial: Trial) -> list[Outcome]:
    """What would be done to each image."""
    dates = [f"image {i}" for i in range(len(trial.truth))]
    with ThreadPoolExecutor(1) as threads:
        found = check_registration(trial.cubes, dates, threads)
    told = "\n".join(found.notes)
    out = []
    for i, truth in enumerate(trial.truth):
        offset = found.offsets[i]
        if i in found.shifts:
            fate = "moved"
        elif f"{dates[i]}: may lie" in told:
            fate = "doubtful"
        else:
            fate = "untold" if offset is None else "in place"
        out.append(Outcome(truth, found.shifts.get(i), fate))
    return out


def job(name: str, repeat: int) -> tuple[str, list[Outcome]]:
    """One trial of a row."""
    row = next(row for row in rows() if row.name == name)
    rng = np.random.default_rng([repeat, zlib.crc32(name.encode())])
    return name, outcomes(row.make(rng))


def across(seed: int) -> Iterator[str]:
    """What eight single images of geometries of their own say of where they lie against a track, in place and moved."""
    days = revisit_dates(count=12, every_days=16, missed=0.0)
    singles = [
        Acquisitions(view, (days[0] + dt.timedelta(days=20 * number + 4),))
        for number, view in enumerate(single_views(8))
    ]
    coast = simulate_coast(seed, dates=days, shape=(128, 128), works=("pier",), singles=singles)
    rng = np.random.default_rng(seed)
    track = coast.stack["VV"].to_numpy()
    for single in coast.singles:
        power = single["VV"].to_numpy()[0]
        finer = power.shape[0] // track.shape[1]
        power = power.reshape(track.shape[1], finer, track.shape[2], finer).mean(axis=(1, 3))
        for truth in (STILL, (float(rng.uniform(-7, 7)), float(rng.uniform(-7, 7)))):
            cube = np.concatenate([track, moved(power, truth)[None] if truth != STILL else power[None]])
            (*_, outcome) = outcomes(Trial({"VV": cube}, [STILL] * len(track) + [truth]))
            yield f"{single.attrs['track']}, {truth[0]:+.1f} {truth[1]:+.1f} off: {outcome.fate} {outcome.undone or ''}"


def line(name: str, found: list[Outcome]) -> str:
    """A row of the table."""
    off = [o for o in found if np.hypot(*o.truth) > LEAST_PX]
    rest = [o for o in found if np.hypot(*o.truth) <= LEAST_PX]
    fixed = [np.subtract(o.undone, o.truth) for o in off if o.undone is not None]
    good = np.array([e for e in fixed if np.hypot(*e) <= WRONG_PX])
    wrong = len(fixed) - len(good) + sum(o.undone is not None and np.hypot(*o.undone) > WRONG_PX for o in rest)
    passed = sum(o.fate == "in place" and np.hypot(*o.truth) > WRONG_PX for o in off)
    noted = sum(o.fate in ("doubtful", "untold") for o in off)
    needless = sum(o.undone is not None for o in rest)
    bias = f"{good[:, 0].mean():+.3f}, {good[:, 1].mean():+.3f}" if len(good) else "-"
    spread = f"{good[:, 0].std():.3f}, {good[:, 1].std():.3f}" if len(good) else "-"
    counts = f"{wrong} | {passed} | {noted} | {needless}"
    return f"| {name} | {len(found)} / {len(off)} | {len(good)} | {bias} | {spread} | {counts} |"


HEAD = (
    "| stack | images / of them off | brought back | bias, rows and columns | repeatability (sd) | moved to more than "
    "0.5 px off | off and called in place | off, left and noted | in place and moved |\n" + "|---" * 9 + "|"
)


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=8, help="trials a row")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--across", type=int, nargs="+", metavar="SEED", help="lay single images on a track instead")
    args = parser.parse_args()
    for seed in args.across or ():
        print(*across(seed), sep="\n", flush=True)
    if args.across:
        return
    names = [row.name for row in rows() if args.only in row.name]
    found: dict[str, list[Outcome]] = defaultdict(list)
    jobs = [(n, r) for n in names for r in range(1 if n.startswith("real: the same") else args.repeats)]
    print(HEAD)
    with ProcessPoolExecutor(args.workers) as pool:
        done = dict.fromkeys(names, 0)
        for name, more in pool.map(job, *zip(*jobs, strict=True), chunksize=5):
            found[name] += more
            done[name] += 1
            if done[name] == sum(n == name for n, _ in jobs):
                print(line(name, found[name]), flush=True)


if __name__ == "__main__":
    main()
