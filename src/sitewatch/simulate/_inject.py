"""Put synthetic changes into real stacks, and count how many a detector finds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy import stats

from sitewatch.errors import ChangeError
from sitewatch.progress import Progress, silent
from sitewatch.simulate._fields import BoolArray, to_linear

Detector = Callable[[xr.Dataset], BoolArray]
Injector = Callable[[xr.Dataset, BoolArray, Mapping[str, float], np.datetime64], xr.Dataset]

# the overlap at which the IARPA SMART evaluation calls a site found
_FOUND_IOU = 0.2
_GAP_PX = 8
_SURROUNDINGS_PX = 7


def inject(
    stack: xr.Dataset,
    mask: BoolArray,
    contrast_db: Mapping[str, float],
    from_time: np.datetime64,
    *,
    smear_px: float = 0.0,
) -> xr.Dataset:
    """Change the level inside a mask from one image on; the images keep their own speckle, wind and rain.

    Parameters
    ----------
    stack
        Dims time, y, x; linear power. It is left as it is.
    mask
        (y, x) pixels that change.
    contrast_db
        Level after over level before, dB, by polarisation; those not named stay.
    from_time
        First image that shows the change (UTC).
    smear_px
        Standard deviation of the sensor's point spread in pixels, which smears the edges of what is put in as it smears
        those of real things; 0 leaves them sharp.

    Returns
    -------
    A new stack; images before `from_time` are the same, and so are, but for the smear, pixels outside the mask.

    Raises
    ------
    ChangeError
        If the mask does not fit the stack, or a polarisation is not in it.
    """
    _check_fit(stack, mask, contrast_db)
    changed = xr.DataArray(_covered_share(mask, smear_px), dims=("y", "x")) * (stack["time"] >= from_time)
    # exactly one where nothing changes, so that those pixels stay bit for bit
    gains = {pol: 1 + changed * np.float32(to_linear(level) - 1) for pol, level in contrast_db.items()}
    return stack.assign(
        {
            pol: (stack[pol] * gain).transpose(*stack[pol].dims).assign_attrs(stack[pol].attrs)
            for pol, gain in gains.items()
        }
    )


def inject_steady(
    stack: xr.Dataset,
    mask: BoolArray,
    contrast_db: Mapping[str, float],
    from_time: np.datetime64,
    *,
    smear_px: float = 0.0,
) -> xr.Dataset:
    """Put something inside a mask that no longer follows its surroundings, as a pier does not follow the sea.

    Like `inject`, but each date's level is taken off with the pixels' surroundings (7 by 7 pixels) and replaced by a
    steady one: the time median of the mask's mean before `from_time`, raised by `contrast_db`. The images keep their
    speckle. With nothing before `from_time` the whole series serves.
    """
    _check_fit(stack, mask, contrast_db)
    after = (stack["time"] >= from_time).to_numpy()
    before = ~after if (~after).any() else np.ones_like(after)
    share = _covered_share(mask, smear_px)
    touched = share > 0
    out = {}
    for pol, contrast in contrast_db.items():
        values = stack[pol].transpose("time", "y", "x").to_numpy().copy()
        usual = float(np.nanmedian([np.mean(image[mask]) for image in values[before]]))
        level = usual * float(to_linear(contrast))
        for index in np.flatnonzero(after):
            image = values[index]
            around = ndi.uniform_filter(np.nan_to_num(image), _SURROUNDINGS_PX, mode="nearest")
            steady = level * image[touched] / np.maximum(around[touched], np.finfo(np.float32).tiny)
            image[touched] += share[touched] * (steady - image[touched])
        out[pol] = stack[pol].transpose("time", "y", "x").copy(data=values)
    return stack.assign(out)


def _covered_share(mask: BoolArray, smear_px: float) -> NDArray[np.float32]:
    """(y, x) how much of what a pixel shows lies inside the mask; exactly 0 and 1 where nothing is smeared."""
    if smear_px <= 0:
        return mask.astype(np.float32)
    return np.asarray(ndi.gaussian_filter(mask.astype(np.float32), smear_px, mode="constant"), np.float32)


def _check_fit(stack: xr.Dataset, mask: BoolArray, contrast_db: Mapping[str, float]) -> None:
    if mask.shape != (stack.sizes["y"], stack.sizes["x"]):
        raise ChangeError(f"the mask has the shape {mask.shape}, the stack {stack.sizes['y'], stack.sizes['x']}")
    missing = [pol for pol in contrast_db if pol not in stack.data_vars]
    if missing:
        raise ChangeError(
            f"the stack has no {', '.join(missing)}", hint=f"It has {', '.join(map(str, stack.data_vars))}"
        )


def verify_power(
    stack: xr.Dataset,
    detect: Detector,
    *,
    contrast_db: Mapping[str, float],
    areas_m2: Sequence[float],
    from_time: np.datetime64,
    injector: Injector = inject,
    width_m: float | None = None,
    where: BoolArray | None = None,
    trials: int = 20,
    seed: int = 0,
    progress: Progress = silent,
) -> xr.Dataset:
    """Run a detector on the stack with squares or strips of known contrast put in, and count those it finds.

    For each area up to `trials` of them are put at random places that don't touch each other nor anything that the
    detector reports in the stack as it is; one run of the detector serves them all. One counts as found if what is
    reported about it overlaps it with an IoU of 0.2 or more.

    Parameters
    ----------
    stack
        Dims time, y, x; linear power.
    detect
        Takes a stack and gives the mask (y, x) of what it reports.
    contrast_db, from_time
        As for `inject`.
    areas_m2
        Areas to try.
    injector
        `inject`, or `inject_steady` for what stands in water.
    width_m
        Of strips, laid along rows or columns by turns; squares where None.
    where
        (y, x) pixels that may be covered; all with data by default.
    trials
        For each area, as far as there is room.
    seed
        For the places.
    progress
        Told after each area.

    Returns
    -------
    xarray.Dataset with dim ``area_m2`` (in whole pixels): ``injected``, ``found``, ``probability`` and
    its 95 % Wilson interval ``probability_low``, ``probability_high``; the attribute ``reported_without`` counts the
    separate things reported in the stack as it is.
    """
    known = stack[next(iter(contrast_db))].notnull().all("time").to_numpy()
    allowed = known if where is None else known & where
    already = detect(stack)
    allowed &= ~ndi.binary_dilation(already, iterations=_GAP_PX)
    pixel_m2 = float(stack.attrs["pixel_x_m"]) * float(stack.attrs["pixel_y_m"])
    rows = []
    for done, area in enumerate(areas_m2, 1):
        rng = np.random.default_rng([seed, done])
        short = max(round((np.sqrt(area) if width_m is None else width_m) / np.sqrt(pixel_m2)), 1)
        long = short if width_m is None else max(round(area / pixel_m2 / short), short)
        places = _places(rng, allowed, (short, long), trials)
        found = 0
        if places:
            mask = np.zeros(allowed.shape, bool)
            for place in places:
                mask[place] = True
            reported = detect(injector(stack, mask, contrast_db, from_time))
            found = sum(_is_found(reported, place) for place in places)
        rows.append((short * long * pixel_m2, len(places), found))
        progress("injection", done, len(areas_m2))
    sizes, injected, hits = (np.array(column) for column in zip(*rows, strict=True))
    intervals = [
        stats.binomtest(int(f), int(n)).proportion_ci(method="wilson") if n else (np.nan, np.nan)
        for n, f in zip(injected, hits, strict=True)
    ]
    share = np.where(injected > 0, hits / np.maximum(injected, 1), np.nan)
    dim = "area_m2"
    return xr.Dataset(
        {
            "injected": (dim, injected, {"units": "1", "long_name": "number put in"}),
            "found": (dim, hits, {"units": "1", "long_name": "number found"}),
            "probability": (dim, share, {"units": "1", "long_name": "share found"}),
            "probability_low": (dim, np.array([low for low, _ in intervals]), {"units": "1", "long_name": "95 % low"}),
            "probability_high": (
                dim,
                np.array([high for _, high in intervals]),
                {"units": "1", "long_name": "95 % high"},
            ),
        },
        coords={dim: (dim, sizes, {"units": "m2", "long_name": "area"})},
        attrs={"reported_without": int(ndi.label(already)[1]), "contrast_db": dict(contrast_db), "seed": seed},
    )


def _places(
    rng: np.random.Generator, allowed: BoolArray, sides: tuple[int, int], count: int
) -> list[tuple[slice, slice]]:
    """Rectangles inside the allowed pixels with a gap between each other, along rows and columns by turns."""
    corners = []
    for height, width in dict.fromkeys((sides, sides[::-1])):
        if height <= allowed.shape[0] and width <= allowed.shape[1]:
            fits = np.lib.stride_tricks.sliding_window_view(allowed, (height, width)).all(axis=(2, 3))
            corners.append([(row, col, height, width) for row, col in rng.permutation(np.argwhere(fits))])
    by_turns = [one for turn in itertools.zip_longest(*corners) for one in turn if one]
    free = np.ones(allowed.shape, bool)
    out: list[tuple[slice, slice]] = []
    for row, col, height, width in by_turns:
        place = (slice(row, row + height), slice(col, col + width))
        if len(out) < count and free[place].all():
            out.append(place)
            free[max(row - _GAP_PX, 0) : row + height + _GAP_PX, max(col - _GAP_PX, 0) : col + width + _GAP_PX] = False
    return out


def _is_found(reported: BoolArray, place: tuple[slice, slice]) -> bool:
    """Whether what is reported in and close about a rectangle overlaps it enough."""
    near = tuple(slice(max(axis.start - _GAP_PX // 2, 0), axis.stop + _GAP_PX // 2) for axis in place)
    inside = int(reported[place].sum())
    size = (place[0].stop - place[0].start) * (place[1].stop - place[1].start)
    union = size + int(reported[near].sum()) - inside
    return inside / union >= _FOUND_IOU
