"""How much one radar chip alone tells of whether what it shows is fixed or a ship.

    python benchmarks/fixed_or_ship.py [FOLDER]

FOLDER holds the chips of aelbrecht/cs-windmill (`examples.zip`: 30 x 30 pixels of one Sentinel-1 scene, each scaled to
its own maximum). Five plain features of the bright object in the middle go into a linear discriminant (Fisher 1936).
It is tested on chips of places it was not trained on: neighbours, which show the same object or the same wind farm,
are left out together, since with them inside the figure would flatter.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage as ndi
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

FEATURES = ("size", "elongation", "upright", "contrast", "arms")
KM_PER_DEGREE = 111.2
PLACE = re.compile(r"(\d+)_(\d+)-(\d+)_(\d+)\.png$")


def features(chip: np.ndarray) -> np.ndarray:
    """Of the brightest object: log pixels, log axis ratio, cosine of twice its bearing, log contrast, share on a cross.

    The chips are not turned north up, so that "upright" is along the image's rows, within a few degrees of azimuth.
    """
    image = chip.astype(float)
    background = np.median(image)
    spread = 1.4826 * np.median(np.abs(image - background)) + 1.0
    peak = np.unravel_index(int(np.argmax(ndi.gaussian_filter(image, 1.0))), image.shape)
    labels, _ = ndi.label(image > background + max(4 * spread, 0.35 * (image[peak] - background)), np.ones((3, 3)))
    inside = labels == labels[peak] if labels[peak] else labels > 0
    y, x = np.nonzero(inside) if inside.any() else (np.array([peak[0]]), np.array([peak[1]]))
    weight = image[y, x] - background
    dy, dx = y - np.average(y, weights=weight), x - np.average(x, weights=weight)
    yy, xx, xy = (np.average(a * b, weights=weight) + c for a, b, c in ((dy, dy, 0.1), (dx, dx, 0.1), (dy, dx, 0.0)))
    half = np.hypot(yy - xx, 2 * xy)
    ratio = (yy + xx + half) / max(yy + xx - half, 1e-3)
    cross = (np.abs(np.arange(30) - peak[0])[:, None] <= 1) | (np.abs(np.arange(30) - peak[1])[None, :] <= 1)
    away = ndi.distance_transform_edt(~inside) > 1.5
    on, off = image[cross & away].mean() - background, image[~cross & away].mean() - background
    return np.array(
        [
            np.log(y.size),
            np.log(ratio),
            (yy - xx) / half,
            np.log((image[peak] - background) / spread + 1),
            (on - off) / spread,
        ]
    )


def places(names: list[str]) -> np.ndarray:
    """[chip], group of chips whose centres hang together within 2 km."""
    at = []
    for name in names:
        a, b, c, d = PLACE.search(name).groups()  # type: ignore[union-attr]
        at.append((float(f"{a}.{b}") * np.cos(np.radians(52)), float(f"{c}.{d}")))
    pairs = cKDTree(np.array(at) * KM_PER_DEGREE).query_pairs(2.0, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(names),) * 2)
    return connected_components(graph, directed=False)[1]


def discriminant(x: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and threshold of the linear discriminant, both classes taken as equally likely."""
    means = [x[fixed == k].mean(axis=0) for k in (0, 1)]
    within = sum(np.cov(x[fixed == k].T) for k in (0, 1)) / 2 + 1e-6 * np.eye(x.shape[1])
    weights = np.linalg.solve(within, means[1] - means[0])
    return weights, float(weights @ (means[0] + means[1]) / 2)


def held_out(x: np.ndarray, fixed: np.ndarray, group: np.ndarray) -> np.ndarray:
    """[chip], whether it is called fixed by a discriminant that never saw its place."""
    called = np.zeros(len(x), bool)
    for place in np.unique(group):
        out = group == place
        weights, limit = discriminant(x[~out], fixed[~out])
        called[out] = x[out] @ weights > limit
    return called


def main() -> None:
    """Print how right the rule is on places it has not seen."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/turbine-vs-ship")
    with zipfile.ZipFile(folder / "examples.zip") as archive:
        names = [n for n in archive.namelist() if n.endswith(".png") and ("/windmills/" in n or "/boats/" in n)]
        chips = [np.array(Image.open(io.BytesIO(archive.read(n)))) for n in names]
    x = np.stack([features(chip) for chip in chips])
    fixed = np.array(["/windmills/" in n for n in names]).astype(int)
    group = places(names)
    print(
        f"{len(names)} chips: {fixed.sum()} of turbines in {np.unique(group[fixed == 1]).size} places, "
        f"{(1 - fixed).sum()} of boats in {np.unique(group[fixed == 0]).size}"
    )
    print(
        "| features | turbines called fixed | boats called ships | mean of both | the same over places |\n"
        "|---|---|---|---|---|"
    )
    sets = [(name,) for name in FEATURES] + [FEATURES]
    for chosen in sets:
        called = held_out(x[:, [FEATURES.index(name) for name in chosen]], fixed, group)
        right = called == (fixed == 1)
        by_chip = [right[fixed == k].mean() for k in (1, 0)]
        by_place = [
            np.mean([right[(group == g) & (fixed == k)].mean() for g in np.unique(group[fixed == k])]) for k in (1, 0)
        ]
        label = "all five" if len(chosen) > 1 else chosen[0]
        print(f"| {label} | {by_chip[0]:.2f} | {by_chip[1]:.2f} | {np.mean(by_chip):.2f} | {np.mean(by_place):.2f} |")


if __name__ == "__main__":
    main()
