"""When a watch fed image by image would have raised and confirmed a structure.

The footprint is known with hindsight, and so is the image by which it was still absent; neither can be otherwise. All
else that an image is judged by comes from the images before it: the level, the looks, the date's effect.

The watched series is the mean power of the footprint's pixels, less the date's effect on the ground around. It goes
through the monitor of `sitewatch.change` as one pixel of many looks, n = psi1^-1(v), v being the variance of that
mean's logarithm on ground that stays as it is (psi1: trigamma, which is that variance for gamma speckle).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change import DB_PER_LOG, LAND, WATER, Alarm, calm_level, threshold_for, watch_series
from sitewatch.change._gamma import inverse_trigamma
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._cells import USUAL_PIXELS, pixels_per_cell_of
from sitewatch.structures._character import RADIOMETRY_DB
from sitewatch.structures._nan import nan_mean, nan_median
from sitewatch.structures._pixels import EIGHT
from sitewatch.structures._window import Window

# Mean number of images between false candidates of one footprint. Its threshold is simulated at a tenth and carried on,
# as `threshold_for` does beyond what it simulates.
ARL = 10_000.0
_SIMULATED_ARL = 1_000.0
# The threshold is highest about here, and hardly falls on either side.
_THRESHOLD_LOOKS = 50.0
# The first images only teach, if none of them may show the structure.
TEACHING_IMAGES = 6
# What is built shines onto so many pixels around.
GAP_PIXELS = 2
# Fewer pixels than this don't tell the weather from themselves.
FEWEST_GROUND_PIXELS = 60
MOST_GROUND_PIXELS = 1000
LEAST_COVERED = 0.9
# Blocks of the ground, and images, whose means tell how it moves.
BLOCK_PIXELS = 4
TOGETHER_IMAGES = 4
FEWEST_BLOCKS = 8
# So many images say that the series scatters as still ground does, before its own are counted.
SCATTER_PRIOR_IMAGES = 10
# It is measured from the median of so many images before.
LEVEL_IMAGES = 10
# Median of a chi-square variate of one degree.
_CHI2_MEDIAN = 0.4549


def watch_footprint(window: Window, footprint: NDArray[np.bool_], absent: int) -> tuple[int | None, int | None]:
    """Images with which a sequential monitor would have raised a footprint, and confirmed it.

    Parameters
    ----------
    footprint
        [y, x] of the window.
    absent
        Number of the image by which it is credibly absent, the earlier end of its onset. What the monitor holds for
        raised when that image comes is something else (a vessel, the clearing of the site) and is dropped.

    Returns
    -------
    The images that raised and confirmed the first candidate that was confirmed; else the image that raised the
    candidate which still waits, and None; else None twice. No image before `absent` raises it. Images after the
    confirmation change nothing of either.
    """
    power, looks = footprint_series(window, footprint, teaching_images(absent + 1))
    return watch(window.stack["time"].values, window.polarisations, power, looks, absent)


def watch(
    time: NDArray[np.datetime64],
    polarisations: Sequence[str],
    power: NDArray[np.float64],
    looks: NDArray[np.float64],
    absent: int,
) -> tuple[int | None, int | None]:
    """Images with which the monitor raises and confirms what it sees in a series; see `watch_footprint`.

    Parameters
    ----------
    time
        [time], of the images.
    power, looks
        [time, polarisation], as `footprint_series` gives them.
    """
    series = xr.Dataset(
        {name: ("time", power[:, pol]) for pol, name in enumerate(polarisations)}, coords={"time": time}
    )
    alarms = watch_series(
        series,
        looks=looks,
        history=teaching_images(absent + 1),
        threshold=monitor_threshold(power.shape[1]),
        forget_at=absent,
    )
    image = {moment: number for number, moment in enumerate(series["time"].values.astype("datetime64[ns]"))}
    return first_confirmed(alarms, image, absent)


def teaching_images(without: int) -> int:
    """How many images teach the monitor, if so many show the place without the structure."""
    return int(np.clip(without, 1, TEACHING_IMAGES))


def first_confirmed(
    alarms: Sequence[Alarm], image: Mapping[np.datetime64, int], absent: int
) -> tuple[int | None, int | None]:
    """Images that raised and confirmed the first candidate not before `absent`; see `watch_footprint`."""
    waiting = None
    for alarm in alarms:
        raised = image[alarm.first_raised]
        if raised < absent:
            continue
        if alarm.event == "confirmed":
            return raised, image[alarm.on]
        waiting = raised if alarm.event == "raised" else None
    return waiting, None


@functools.cache
def monitor_threshold(polarisations: int) -> float:
    """Threshold of a footprint's watch, natural log."""
    return threshold_for(_SIMULATED_ARL, (_THRESHOLD_LOOKS,) * polarisations, TEACHING_IMAGES) + math.log(
        ARL / _SIMULATED_ARL
    )


def footprint_series(
    window: Window, footprint: NDArray[np.bool_], teaching: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean level of a footprint image by image and what it is worth, as known when each image came.

    Which ground is water is told by the first `teaching` images, and so is the speckle; only the limit between water
    and land is that of the whole record. Where no ground of a kind lies around, the date's effect is that of the site,
    which is measured on the whole record too.

    Returns
    -------
    power
        [time, polarisation], linear, NaN where the image covers less than `LEAST_COVERED` of the footprint.
    looks
        [time, polarisation], effective looks.
    """
    values = window.log_values
    first = values[:teaching]
    water = calm_level(np.ascontiguousarray(first[:, 0].reshape(teaching, -1))) < window.background.calm_limit
    water = water.reshape(footprint.shape)
    away = ~ndi.binary_dilation(footprint, EIGHT, iterations=GAP_PIXELS)
    rows, columns = np.nonzero(footprint)
    own = values[:, :, rows, columns].astype(float)
    on_water = water[rows, columns]
    for kind, members in ((WATER, on_water), (LAND, ~on_water)):
        ground = away & (water == (kind == WATER))
        if not members.any():
            continue
        if ground.sum() >= FEWEST_GROUND_PIXELS:
            effect = _effect_as_it_comes(values[:, :, ground].astype(float))
        else:
            effect = window.background.effect[kind].T
        own[:, :, members] -= effect[:, :, None]
    own = np.exp(own)
    mean = np.log(nan_mean(own, axis=2))
    mean[np.isfinite(own).mean(axis=2) < LEAST_COVERED] = np.nan
    alike = away & (water == (on_water.mean() > 0.5))
    if alike.sum() < FEWEST_GROUND_PIXELS:
        alike = away if away.sum() >= FEWEST_GROUND_PIXELS else np.ones_like(away)
    pixels = _pixel_variance(first, alike)
    cells = pixels_per_cell_of(first, alike) if teaching > 1 else USUAL_PIXELS
    # Pixels of unlike brightness count for fewer than they are.
    level = np.nan_to_num(nan_mean(own[:teaching], axis=0))
    count = np.maximum(level.sum(axis=1) ** 2, 1e-30) / np.maximum((level**2).sum(axis=1), 1e-30)
    speckle = (
        pixels * cells * (1 / count + 1 / min(alike.sum(), MOST_GROUND_PIXELS)) + (RADIOMETRY_DB / DB_PER_LOG) ** 2
    )
    moved = _moved_so_far(values, alike, pixels * cells)
    return np.exp(mean), inverse_trigamma(_variance_so_far(mean, speckle + moved))


def _effect_as_it_comes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, polarisation], what each date does to ground [time, polarisation, pixel], from images up to it.

    The mean over the pixels of the image less the pixel's mean so far, those far from the median drawn in.
    """
    # So many, spread evenly, tell the effect well within the radiometric error.
    values = values[:, :, :: -(-values.shape[2] // MOST_GROUND_PIXELS)]
    whole = bool(np.isfinite(values).all())
    median, mean = (np.median, np.mean) if whole else (nan_median, nan_mean)
    effect = np.zeros(values.shape[:2])
    total, count = np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    for image, now in enumerate(values):
        if image and (whole or count.any()):
            gap = now - np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
            middle = median(gap, axis=1)[:, None]
            reach = 3.0 * MAD_TO_SD * median(np.abs(gap - middle), axis=1)[:, None]
            effect[image] = mean(np.minimum(np.maximum(gap, middle - reach), middle + reach), axis=1)
            effect[image][np.isnan(effect[image])] = 0.0
        there = np.isfinite(now)
        total += np.where(there, now - effect[image][:, None], 0.0)
        count += there
    return effect


def _moved_so_far(
    values: NDArray[np.floating], ground: NDArray[np.bool_], speckle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[time, polarisation], variance of still ground's mean beyond speckle [polarisation], by the images before each.

    Fields dry or grow, and one bay is more ruffled than the next: means of blocks of the ground around, less what all
    of it does, over `TOGETHER_IMAGES` images about the mean of those before. Were images independent, that would be as
    many times smaller than the variance of one; it is taken as that many times larger, so that what lasts for some
    images counts in full (the variance of batch means).
    """
    rows, columns = np.nonzero(ground)
    number = rows // BLOCK_PIXELS * (ground.shape[1] // BLOCK_PIXELS + 1) + columns // BLOCK_PIXELS
    size = np.bincount(number)
    block = [number == one for one in np.flatnonzero(size >= BLOCK_PIXELS**2 / 2)]
    n_time, n_pol = values.shape[:2]
    if len(block) < FEWEST_BLOCKS:
        return np.zeros((n_time, n_pol))
    own = values[:, :, rows, columns].astype(float)
    means = np.stack([nan_mean(own[:, :, one], axis=2) for one in block], axis=2)
    rest = means - nan_median(means, axis=2, keepdims=True)
    known = np.isfinite(rest)
    # [time + 1], sums and numbers of all images before each, and from them those of the images that go together.
    total, count = (
        np.concatenate([np.zeros((1, *rest.shape[1:])), np.cumsum(one, axis=0)])
        for one in (np.where(known, rest, 0.0), known)
    )
    start = np.maximum(np.arange(n_time) + 1 - TOGETHER_IMAGES, 0)
    sums, numbers = total[1:] - total[start], count[1:] - count[start]
    old_sums, old_numbers = total[start], count[start]
    gap = sums / np.maximum(numbers, 1) - old_sums / np.maximum(old_numbers, 1)
    gap = np.where((numbers > 0) & (old_numbers > 0), gap, np.nan)
    square = gap**2 / (1.0 / np.maximum(numbers, 1) + 1.0 / np.maximum(old_numbers, 1))
    beyond = nan_median(square, axis=2) / _CHI2_MEDIAN - speckle / float(np.median([one.sum() for one in block]))
    return np.maximum(np.nan_to_num(nan_mean(_images_before(beyond), axis=2)), 0.0)


def _images_before(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, polarisation, `LEVEL_IMAGES`], the values [time, polarisation] before each; NaN where there are none."""
    padded = np.concatenate([np.full((LEVEL_IMAGES, values.shape[1]), np.nan), values])
    return np.lib.stride_tricks.sliding_window_view(padded, LEVEL_IMAGES, axis=0)[: len(values)]


def _pixel_variance(values: NDArray[np.floating], ground: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[polarisation], variance of a pixel's ln power from image to image; from pixel to pixel, where there is one."""
    chosen = values[:, :, ground].astype(float)
    differences = np.diff(chosen, axis=0) / math.sqrt(2.0) if len(chosen) > 1 else chosen
    differences = differences - nan_median(differences, axis=2, keepdims=True)
    spread = MAD_TO_SD * nan_median(np.abs(differences), axis=(0, 2))
    return np.nan_to_num(np.maximum(spread, 1e-3) ** 2, nan=1.0)


def _variance_so_far(mean: NDArray[np.float64], still: NDArray[np.float64]) -> NDArray[np.float64]:
    """[time, polarisation], variance of a stable footprint's mean, by the images before each.

    What still ground gives it [time, polarisation], and more where it was seen to scatter more about the median of the
    images before.
    """
    n_time = mean.shape[0]
    before = _images_before(mean)
    # A median of k values has a variance of pi / (2k) of one's.
    known = np.maximum(np.isfinite(before).sum(axis=2), 1)
    square = (mean - nan_median(before, axis=2)) ** 2 / (1.0 + math.pi / (2.0 * known))
    earlier = np.tri(n_time, k=-1, dtype=bool)[:, :, None]
    seen = np.where(earlier, square[None], np.nan)
    count = np.isfinite(seen).sum(axis=1)
    scatter = np.nan_to_num(nan_median(seen, axis=1)) / _CHI2_MEDIAN
    shrunk = (SCATTER_PRIOR_IMAGES * still + count * scatter) / (SCATTER_PRIOR_IMAGES + count)
    return np.maximum(shrunk, still)
