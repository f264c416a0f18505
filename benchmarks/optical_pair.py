"""Score the unsupervised change map of two optical images on the Hong Kong pair of the Onera set.

    make study-optical-pair

Beside it, on the same files: change vector analysis (length of the difference of standardised bands) and the difference
of NDVI, each with Otsu's threshold and with the best threshold that the labels would allow (which no method knows).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.filters import threshold_otsu

from sitewatch.change.optical import _pair, change_optical_pair, indices_of
from sitewatch.scenes import open_scenes


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    before, after, truth = read_pair(args.data / "oscd-hongkong")
    change = change_optical_pair(before, after)
    print(f"{truth.size} pixels, {truth.sum()} labelled as changed ({truth.mean():.1%})")
    print("| method | precision % | recall % | F1 % | kappa % |\n|---|---|---|---|---|")
    row("`change_optical_pair` (IR-MAD, averaged)", change["changed"].to_numpy(), truth)
    score = change["statistic"].to_numpy()
    row("the same, best threshold for these labels", best_of(score, truth), truth)
    for name, values in references(before, after).items():
        row(f"{name}, Otsu", values > threshold_otsu(values), truth)
        row(f"{name}, best threshold for these labels", best_of(values, truth), truth)
    for name, values in (("SIGMA_PX", (1.0, 2.0)), ("CHANGED_SD", (2.0, 3.0))):
        usual = getattr(_pair, name)
        for value in values:
            setattr(_pair, name, value)
            row(f"`{name}` = {value}", change_optical_pair(before, after)["changed"].to_numpy(), truth)
        setattr(_pair, name, usual)
    if args.figure:
        draw(before, after, change, truth, args.figure)


def read_pair(folder: Path) -> tuple[xr.Dataset, xr.Dataset, NDArray[np.bool_]]:
    """Both images on the grid of the first, on which the labels lie."""
    scenes = open_scenes([folder / "imgs_1", folder / "imgs_2"]).scenes
    grid = scenes[0].geobox
    images = []
    for scene in scenes:
        assert scene.reader is not None
        values = scene.reader.read(scene.bands, grid)
        images.append(xr.Dataset({n: (("y", "x"), v) for n, v in values.items()}, attrs={"quantity": scene.quantity}))
    with rasterio.open(folder / "cm" / "hongkong-cm.tif") as labels:
        truth = labels.read(1) == 2
    return images[0], images[1], truth


def references(before: xr.Dataset, after: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Plain measures of change, larger where more changed."""
    x, y = (np.stack([image[n].to_numpy() for n in before.data_vars]).astype(float) for image in (before, after))
    x, y = ((v - np.nanmean(v, axis=(1, 2), keepdims=True)) / np.nanstd(v, axis=(1, 2), keepdims=True) for v in (x, y))
    ndvi = [indices_of({str(n): image[n].to_numpy() for n in image.data_vars})["NDVI"] for image in (before, after)]
    vector = np.sqrt(((y - x) ** 2).sum(axis=0))
    both = {"change vector analysis": vector, "difference of NDVI": np.abs(ndvi[1] - ndvi[0])}
    return {name: ndi.gaussian_filter(np.nan_to_num(v.astype(float)), 1.5) for name, v in both.items()}


def best_of(values: NDArray[np.floating], truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The map of the threshold with the best F1."""
    levels = np.nanquantile(values, np.linspace(0.5, 0.999, 60))
    return max((values > level for level in levels), key=lambda found: scores(found, truth)[2])


def scores(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Precision, recall, F1 and Cohen's kappa."""
    right, n = float((found & truth).sum()), truth.size
    precision, recall = right / max(found.sum(), 1), right / max(truth.sum(), 1)
    agree = float((found == truth).mean())
    chance = (found.sum() * truth.sum() + (n - found.sum()) * (n - truth.sum())) / n**2
    return precision, recall, 2 * right / max(found.sum() + truth.sum(), 1), (agree - chance) / (1 - chance)


def row(name: str, found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    """Print one line of the table."""
    print(f"| {name} | " + " | ".join(f"{100 * v:.1f}" for v in scores(found, truth)) + " |", flush=True)


def draw(before: xr.Dataset, after: xr.Dataset, change: xr.Dataset, truth: NDArray[np.bool_], path: Path) -> None:
    """Both images, the statistic and the map beside the labels."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(15, 5))
    for axis, image, title in ((axes[0], before, "before"), (axes[1], after, "after")):
        rgb = np.stack([image[n].to_numpy() for n in ("swir16", "nir", "red")], axis=-1)
        axis.imshow(np.clip(rgb / 0.35, 0, 1))
        axis.set_title(f"{title} (swir, nir, red)")
    axes[2].imshow(np.log(change["statistic"].to_numpy()))
    axes[2].set_title("statistic, log")
    found = change["changed"].to_numpy()
    axes[3].imshow(np.stack([found & ~truth, found & truth, truth & ~found], axis=-1).astype(float))
    axes[3].set_title("green right, red false, blue missed")
    for axis in axes:
        axis.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    main()
