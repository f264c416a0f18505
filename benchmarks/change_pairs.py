"""The map of `change_pair` on the pairs of images that papers on SAR change detection report kappa on.

    python benchmarks/change_pairs.py                   # prints the tables of docs/change-pairs.md, a minute or two
    python benchmarks/change_pairs.py --sensitivity     # and how kappa moves with each constant
    python benchmarks/change_pairs.py --figure docs/images/change-pairs.png

The images are looked for in ../shared/data, or where $SITEWATCH_DATA says: sar-change-pairs/ottawa and
sar-change-pairs/sanfrancisco with before, after and the mask; lapalma-lava-delta and opera-rtc-s1 for pairs on which no
constant was looked at. Beside it stand three references written here from their papers, and what others published on
the very same files.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage as ndi
from scipy.cluster.vq import kmeans2
from skimage.filters import threshold_otsu

from sitewatch.change import _pair_field, _pair_ratio, change_pair

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float64]

FOLDER = Path(os.environ.get("SITEWATCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PAIRS = {"Ottawa": ("ottawa", "ottawa"), "San Francisco": ("sanfrancisco", "san")}
# La Palma's delta: the last image without it, the last of all, metres a pixel on the ground.
DELTA = ("20210928", "20211227", 8.87)
# Celik 2009: sides of blocks and principal components kept, as in its experiments.
BLOCK, COMPONENTS = 4, 3


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two images, amplitude, and where they changed."""

    name: str
    before: Pixels
    after: Pixels
    truth: Mask


@dataclasses.dataclass(frozen=True)
class Score:
    """Errors of a mask; a positive is a changed pixel."""

    false_positives: int
    false_negatives: int
    changed: int
    pixels: int

    @classmethod
    def of(cls, found: Mask, truth: Mask) -> Score:
        return cls(int((found & ~truth).sum()), int((~found & truth).sum()), int(truth.sum()), truth.size)

    @property
    def errors(self) -> int:
        return self.false_positives + self.false_negatives

    @property
    def correct(self) -> float:
        """Share of pixels that are right (PCC)."""
        return 1 - self.errors / self.pixels

    @property
    def kappa(self) -> float:
        """Cohen 1960."""
        found = (self.changed + self.false_positives - self.false_negatives) / self.pixels
        true = self.changed / self.pixels
        by_chance = found * true + (1 - found) * (1 - true)
        return (self.correct - by_chance) / (1 - by_chance)

    def row(self) -> str:
        return (
            f"{self.false_positives} | {self.false_negatives} | {self.errors} | "
            f"{100 * self.correct:.2f} | {100 * self.kappa:.2f}"
        )


@dataclasses.dataclass(frozen=True)
class Published:
    """Figures that others gave for the same files."""

    method: str
    pair: str
    false_positives: int
    false_negatives: int
    errors: int
    correct: float
    kappa: float
    source: str


# Only what could be read at its source. The notebook's run prints 85451 unchanged and 16049 changed pixels, as the mask
# has, and the three files beside it have the same bytes as those used here.
PUBLISHED = (
    Published(
        "DDNet (Qu et al. 2021)",
        "Ottawa",
        637,
        1051,
        1688,
        98.34,
        93.69,
        "output of the authors' notebook DDNet_github.ipynb, github.com/summitgao/SAR_CD_DDNet, commit 30c77af",
    ),
)


def read(path: Path) -> Pixels:
    """Grey values of a picture."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), float)


def read_pairs() -> list[Pair]:
    """The pairs that are there; says which are not."""
    pairs = []
    for name, (folder, stem) in PAIRS.items():
        place = FOLDER / "sar-change-pairs" / folder
        if not place.exists():
            print(f"{name} is left out: no images at {place}; set SITEWATCH_DATA to the folder above sar-change-pairs.")
            continue
        before, after, truth = (read(place / f"{stem}_{part}.bmp") for part in ("1", "2", "gt"))
        pairs.append(Pair(name, before, after, truth > 127))
    return pairs


def ours(pair: Pair) -> Mask:
    return np.asarray(change_pair(pair.before, pair.after, quantity="amplitude")["changed"])


def absolute_log_ratio(pair: Pair) -> Pixels:
    """|ln after / before| of 3 x 3 means, one grey level added lest zeros divide."""
    before, after = (ndi.uniform_filter(image, 3) + 1.0 for image in (pair.before, pair.after))
    return np.abs(np.log(after / before))


def otsu(pair: Pair) -> Mask:
    """Threshold of least variance within the two sides, Otsu 1979."""
    ratio = absolute_log_ratio(pair)
    return np.asarray(ratio > threshold_otsu(ratio))


def kittler_illingworth(pair: Pair) -> Mask:
    """Threshold of least error of two normal laws, Kittler and Illingworth 1986, eq. 15."""
    ratio = absolute_log_ratio(pair)
    counts, edges = np.histogram(ratio, 256)
    centres, share = 0.5 * (edges[1:] + edges[:-1]), counts / ratio.size
    best, threshold = np.inf, float(edges[-1])
    for k in range(2, 254):
        criterion = 1.0
        for side in (slice(None, k), slice(k, None)):
            weight = share[side].sum()
            if weight == 0:
                break
            mean = (share[side] * centres[side]).sum() / weight
            variance = (share[side] * (centres[side] - mean) ** 2).sum() / weight
            if variance == 0:
                break
            criterion += 2 * weight * (0.5 * np.log(variance) - np.log(weight))
        else:
            if criterion < best:
                best, threshold = criterion, float(edges[k])
    return np.asarray(ratio > threshold)


def principal_components(pair: Pair) -> Mask:
    """PCA of blocks of the difference image and two-means, Celik 2009; here of |ln ratio|, as is common for radar."""
    difference = np.abs(np.log((pair.after + 1.0) / (pair.before + 1.0)))
    height, width = (BLOCK * (side // BLOCK) for side in difference.shape)
    blocks = difference[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    vectors = blocks.swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)
    mean = vectors.mean(axis=0)
    axes = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))[1][:, : -COMPONENTS - 1 : -1]
    padded = np.pad(difference, ((BLOCK // 2 - 1, BLOCK // 2),) * 2, mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, (BLOCK, BLOCK)).reshape(-1, BLOCK * BLOCK)
    _, label = kmeans2((around - mean) @ axes, 2, minit="++", seed=1)
    strong = np.argmax([difference.ravel()[label == k].mean() for k in (0, 1)])
    return np.asarray((label == strong).reshape(difference.shape))


METHODS: dict[str, Callable[[Pair], Mask]] = {
    "`change_pair`": ours,
    "log ratio, Otsu 1979 †": otsu,
    "log ratio, Kittler and Illingworth 1986 †": kittler_illingworth,
    "PCA and k-means, Celik 2009 †": principal_components,
}


def print_scores(pairs: list[Pair]) -> None:
    for pair in pairs:
        print(f"\n{pair.name}, {pair.before.shape[0]} x {pair.before.shape[1]} pixels, {pair.truth.sum()} changed\n")
        print("| method | FP | FN | errors | PCC % | kappa % |\n|---|---|---|---|---|---|")
        for method, found in METHODS.items():
            print(f"| {method} | {Score.of(found(pair), pair.truth).row()} |")
        for one in PUBLISHED:
            if one.pair != pair.name:
                continue
            score = Score(one.false_positives, one.false_negatives, int(pair.truth.sum()), pair.truth.size)
            if round(100 * score.kappa, 2) != one.kappa or round(100 * score.correct, 2) != one.correct:
                sys.exit(f"{one.method}: its errors and this mask give kappa {100 * score.kappa:.2f}, not {one.kappa}")
            print(f"| {one.method} ‡ | {score.row()} |")
    print("\n† written here from the paper, run on the same files")
    for one in PUBLISHED:
        print(f"‡ {one.method}, {one.pair}: {one.source}; kappa follows from its FP and FN with this mask")


def print_decisions(pairs: list[Pair]) -> None:
    print("\n| decided on the way | " + " | ".join(pair.name for pair in pairs) + " |")
    print("|---" * (len(pairs) + 1) + "|")
    results = [change_pair(pair.before, pair.after, quantity="amplitude") for pair in pairs]
    shown = {
        "looks of one image": lambda r: f"{float(r['looks']):.1f}",
        "speckle of one pixel's ratio, dB": lambda r: f"{float(r['speckle_sd_db']):.1f}",
        "averaged over a Gaussian of sd (y, x), pixels": lambda r: ", ".join(
            f"{side:.2f}" for side in r["averaging_pixels"].values
        ),
        "unchanged ground, dB": lambda r: f"{float(r['unchanged_db']):.1f} ± {float(r['unchanged_sd_db']):.1f}",
        "darker: level, threshold, dB": lambda r: _kind(r, "darker"),
        "brighter: level, threshold, dB": lambda r: _kind(r, "brighter"),
    }
    for label, show in shown.items():
        print(f"| {label} | " + " | ".join(show(result) for result in results) + " |")


def _kind(result: xr.Dataset, kind: str) -> str:
    level, threshold = (float(result[name].sel(kind=kind)) for name in ("level_db", "threshold_db"))
    return "none" if np.isnan(level) else f"{level:.1f}, {threshold:.1f}"


@contextmanager
def setting(module: ModuleType, name: str, value: float) -> Iterator[None]:
    """A constant at another value, for the time being."""
    usual = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, usual)


def print_sensitivity(pairs: list[Pair]) -> None:
    """Kappa with one constant moved at a time."""
    tried = (
        (_pair_ratio, "SPECKLE_LEFT", (1 / 4, 1 / 5, 1 / 6, 1 / 7, 1 / 8, 1 / 10)),
        (_pair_ratio, "FLOOR_SHARE", (0.1, 0.15, 0.2, 0.25, 0.3)),
        (_pair_field, "COUPLING", (0.0, 0.3, 0.55, 0.8, 1.2)),
    )
    print("\n| constant | value | " + " | ".join(f"kappa %, {pair.name}" for pair in pairs) + " |")
    print("|---" * (len(pairs) + 2) + "|")
    for module, name, values in tried:
        for value in values:
            with setting(module, name, value):
                kappas = [f"{100 * Score.of(ours(pair), pair.truth).kappa:.2f}" for pair in pairs]
            print(f"| `{name}` | {value:.3g} | " + " | ".join(kappas) + " |", flush=True)


def read_raster(path: Path) -> Pixels:
    with rasterio.open(path) as source:
        return np.asarray(source.read(1), float)


def print_unseen() -> None:
    """Pairs on which no constant was looked at: a delta of known age, and images a few days apart."""
    scenes = FOLDER / "lapalma-lava-delta" / "scenes"
    first, last, metres = DELTA
    files = [next(iter(scenes.glob(f"*{day}*.tif")), None) for day in (first, last)]
    if files[0] and files[1]:
        direction = change_pair(read_raster(files[0]), read_raster(files[1]))["direction"].values
        patches, count = ndi.label(direction == 1, structure=np.ones((3, 3)))
        sizes = np.sort(np.bincount(patches.ravel(), minlength=count + 1)[1:])[::-1] * metres**2 / 1e4
        dark = (direction == -1).sum() * metres**2 / 1e4
        print(f"\nLa Palma, {first} to {last}: largest brighter patches {', '.join(f'{s:.1f}' for s in sizes[:3])} ha,")
        print(
            f"brighter in all {sizes.sum():.1f} ha, darker {dark:.1f} ha of {direction.size * metres**2 / 1e4:.0f} ha."
        )
    else:
        print(f"\nLa Palma is left out: no images of {first} and {last} at {scenes}.")

    bursts = defaultdict(list)
    for path in sorted((FOLDER / "opera-rtc-s1").glob("*_VV.tif")):
        bursts[re.split(r"_2\d{7}T", path.name)[0].split("_")[-1]].append(path)
    if not bursts:
        print(f"The bursts of Santa Barbara are left out: no images at {FOLDER / 'opera-rtc-s1'}.")
        return
    print("\n| burst | successive pairs | with any change | share changed, mean % | largest % |\n|---|---|---|---|---|")
    for name, paths in bursts.items():
        images = [read_raster(path) for path in paths]
        shares = [100 * float(change_pair(before, after)["changed"].mean()) for before, after in pairwise(images)]
        print(
            f"| {name} | {len(shares)} | {sum(share > 0 for share in shares)} | {np.mean(shares):.2f} | "
            f"{max(shares):.1f} |",
            flush=True,
        )


def draw(path: Path, pairs: list[Pair]) -> None:
    """Ratio, probability and the map beside the mask; not the images, whose licence is unstated."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    colours = {"right": "#222222", "false": "#d1495b", "missed": "#2e86ab"}
    heights = [pair.before.shape[0] / pair.before.shape[1] for pair in pairs]
    size = (10, 3.1 * sum(heights) + 0.6)
    figure, axes = plt.subplots(len(pairs), 3, figsize=size, height_ratios=heights, squeeze=False, layout="constrained")
    for row, pair in zip(axes, pairs, strict=True):
        result = change_pair(pair.before, pair.after, quantity="amplitude")
        found = result["changed"].values
        ratio = row[0].imshow(result["log_ratio_db"], cmap="RdBu_r", vmin=-18, vmax=18)
        chance = row[1].imshow(result["probability"], cmap="viridis", vmin=0, vmax=1)
        for image, axis in ((ratio, row[0]), (chance, row[1])):
            figure.colorbar(image, ax=axis, shrink=0.6, pad=0.02).ax.tick_params(labelsize=7)
        picture = np.ones((*found.shape, 3))
        for where, colour in (
            (found & pair.truth, colours["right"]),
            (found & ~pair.truth, colours["false"]),
            (~found & pair.truth, colours["missed"]),
        ):
            picture[where] = matplotlib.colors.to_rgb(colour)
        row[2].imshow(picture, interpolation="nearest")
        kappa = 100 * Score.of(found, pair.truth).kappa
        titles = (f"{pair.name}: averaged ratio, dB", "probability of change", f"map beside mask, kappa {kappa:.2f} %")
        for axis, title in zip(row, titles, strict=True):
            axis.set_title(title, fontsize=9)
            axis.set_xticks([])
            axis.set_yticks([])
    labels = {"right": "changed in map and mask", "false": "in the map only", "missed": "in the mask only"}
    figure.legend(
        handles=[Patch(color=colours[name], label=label) for name, label in labels.items()],
        loc="outside lower right",
        ncols=3,
        fontsize=8,
        frameon=False,
    )
    figure.savefig(path, dpi=90)
    plt.close(figure)
    print(f"\n{path} is drawn.")


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensitivity", action="store_true", help="move each constant in turn")
    parser.add_argument("--figure", type=Path, help="draw the pairs to this file")
    options = parser.parse_args()
    pairs = read_pairs()
    if not pairs:
        sys.exit("There is nothing to measure.")
    print_scores(pairs)
    print_decisions(pairs)
    print_unseen()
    if options.sensitivity:
        print_sensitivity(pairs)
    if options.figure:
        draw(options.figure, pairs)


if __name__ == "__main__":
    main()
