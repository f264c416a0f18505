"""Power analysis: the smallest lasting change that these scenes could have shown, place by place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from sitewatch.errors import ChangeError
from sitewatch.progress import Progress, silent
from sitewatch.simulate._fields import FloatArray, to_linear
from sitewatch.simulate._growth import SMALLEST_SEEN_PX
from sitewatch.simulate._information import detection_probability, information_needed, kept_by_blur, step_information
from sitewatch.simulate._noise import block_sizes, local_looks, point_spread_px, step_inflation
from sitewatch.simulate._surfaces import Surface, learn_surfaces, log_intensity, surface_map, without_date_effect

CONTRASTS_DB: dict[str, dict[str, float]] = {
    "pier on water": {"VV": 11.0, "VH": 8.0, "HH": 11.0, "HV": 8.0},
    "building on land": {"VV": 6.0, "VH": 5.0, "HH": 6.0, "HV": 5.0},
    "road": {"VV": -3.5, "VH": -4.5, "HH": -3.5, "HV": -4.5},
}

_TILE = 256
_SAMPLE_TILES = 6
_SAMPLE_SIDE = 192
_PIXELS = np.unique(np.round(np.geomspace(SMALLEST_SEEN_PX, 20_000, 90)))


def smallest_detectable(
    stack: xr.Dataset,
    change: xr.Dataset | None = None,
    *,
    contrast_db: str | Mapping[str, float] = "building on land",
    duration_images: int = 6,
    probability: float = 0.9,
    false_alarm: float = 0.01,
    progress: Progress = silent,
) -> xr.Dataset:
    """Map the smallest area of a lasting change that the images of one track could have shown.

    The information that an area of N pixels holds about a step is ``n_e N / c(N)`` looks times what the step is worth
    a look (`step_information`), the contrast being what the sensor's point spread leaves of it. The effective looks
    n_e come from `change`, or else from each place's own scatter through time; c(N), by how much shared speckle and
    shared weather spoil the averaging, is measured on blocks of the stack. The threshold is that of a likelihood-ratio
    test over all disjoint places of that size and all dates of the step, with the chance `false_alarm` that any of them
    raises when nothing is built. All this is about the test that knows the area's shape; a detector that must find it
    needs somewhat more (`verify_power` tells how much). Nothing smaller than four pixels or a cell of the resolution
    is called detectable. The same contrast is tried on every surface, whether or not
    such a thing could be built there.

    Parameters
    ----------
    stack
        One track's cube (dims time, y, x; linear power), read tile by tile.
    change
        What `detect_change` gave for this stack, for its strata and effective looks; optional.
    contrast_db
        Level after over level before, dB, by polarisation; or a name of `CONTRASTS_DB`. Polarisations that the stack
        lacks are ignored.
    duration_images
        Images since the change; all before it show the former state.
    probability
        With which it must be found.
    false_alarm
        Chance of any false detection in the whole area.
    progress
        Told after each tile.

    Returns
    -------
    xarray.Dataset with dims y, x:

    ``smallest_area_m2``
        inf where no area up to the largest tried would do, NaN without data.
    ``smallest_side_m``
        side of a square of that area.
    ``images``
        images with data.
    ``surface``
        index of the surface, -1 without data.
    ``effective_looks``
        (polarisation, y, x).

    and, for a figure, ``detection_probability`` (surface, area_m2) of the typical place of each surface.

    Raises
    ------
    ChangeError
        With too few images, an unknown name, or no contrast for any polarisation of the stack.
    ValueError
        If a probability is not between 0 and 1.
    """
    contrast = _contrast(stack, contrast_db)
    _check(stack, duration_images, probability, false_alarm)
    used = stack[list(contrast)]
    ratio = to_linear(np.array(list(contrast.values())))
    surfaces, effective, spread_px = _learn(_samples(used), duration_images)
    # what is smaller than the resolution shows a part of its contrast only
    ratios = 1 + (ratio - 1) * kept_by_blur(np.sqrt(_PIXELS), spread_px)[:, None]
    valid_pixels = _searched_pixels(used)
    tests = np.maximum(valid_pixels / _PIXELS, 1) * (stack.sizes["time"] - 1)
    needed = np.array([information_needed(probability, len(contrast), false_alarm / n) for n in tests])
    # what is smaller than a cell of the resolution can be raised but has no footprint
    needed[4 * np.pi * spread_px**2 > _PIXELS] = np.inf

    shape = (stack.sizes["y"], stack.sizes["x"])
    area = np.full(shape, np.nan, np.float32)
    images = np.zeros(shape, np.int32)
    where = np.full(shape, -1, np.int16)
    looks = np.full((len(contrast), *shape), np.nan, np.float32)
    pixel_m2 = float(stack.attrs["pixel_x_m"]) * float(stack.attrs["pixel_y_m"])
    boxes = [
        (slice(y, y + _TILE), slice(x, x + _TILE)) for y in range(0, shape[0], _TILE) for x in range(0, shape[1], _TILE)
    ]
    for done, (rows, cols) in enumerate(boxes, 1):
        log_values = log_intensity(used.isel(y=rows, x=cols))
        place = surface_map(log_values, surfaces)
        measured = local_looks(without_date_effect(log_values, surfaces, place))
        given = _given_looks(change, list(contrast), rows, cols)
        looks[:, rows, cols] = np.where(place >= 0, np.where(np.isfinite(given), given, measured), np.nan)
        known = np.isfinite(log_values[:, 0])
        images[rows, cols] = known.sum(axis=0)
        counts = np.stack([known[:-duration_images].sum(axis=0), known[-duration_images:].sum(axis=0)])
        where[rows, cols] = place
        pixels = _pixels_needed(looks[:, rows, cols], counts, place, effective, ratios, needed)
        area[rows, cols] = np.where(place >= 0, pixels * pixel_m2, np.nan)
        progress("power", done, len(boxes))

    curves = _curves(looks, where, effective, ratios, stack.sizes["time"], duration_images, false_alarm / tests)
    return _dataset(stack, area, images, where, looks, contrast, curves, pixel_m2).assign_attrs(
        track=stack.attrs.get("track", ""),
        contrast_db=contrast,
        duration_images=duration_images,
        probability=probability,
        false_alarm=false_alarm,
        searched_pixels=int(valid_pixels),
        point_spread_m=spread_px * float(np.sqrt(pixel_m2)),
        credit=stack.attrs.get("credit", ""),
    )


def _contrast(stack: xr.Dataset, contrast_db: str | Mapping[str, float]) -> dict[str, float]:
    if isinstance(contrast_db, str):
        if contrast_db not in CONTRASTS_DB:
            raise ChangeError(
                f"there is no contrast named {contrast_db!r}", hint=f"Use one of: {', '.join(CONTRASTS_DB)}, or give dB"
            )
        contrast_db = CONTRASTS_DB[contrast_db]
    used = {str(pol): float(contrast_db[str(pol)]) for pol in stack.data_vars if str(pol) in contrast_db}
    if not any(used.values()):
        raise ChangeError(
            f"no contrast is given for {', '.join(map(str, stack.data_vars))}",
            hint="Give the change in dB for a polarisation that the images have",
        )
    return used


def _check(stack: xr.Dataset, duration_images: int, probability: float, false_alarm: float) -> None:
    if not (0 < probability < 1 and 0 < false_alarm < 1):
        raise ValueError("probability and false_alarm lie between 0 and 1")
    if not 1 <= duration_images < stack.sizes["time"] or stack.sizes["time"] < 4:
        raise ChangeError(
            f"{stack.sizes['time']} image(s) can't tell a change {duration_images} image(s) old",
            hint="Power analysis needs four images or more, and one before the change",
        )


def _samples(stack: xr.Dataset) -> list[FloatArray]:
    """Some contiguous squares of the stack, spread over it."""
    side = [min(_SAMPLE_SIDE, stack.sizes[axis]) for axis in ("y", "x")]
    rows = range(0, stack.sizes["y"] - side[0] + 1, side[0])
    cols = range(0, stack.sizes["x"] - side[1] + 1, side[1])
    corners = [(row, col) for row in rows for col in cols]
    kept = [corners[i] for i in np.unique(np.linspace(0, len(corners) - 1, _SAMPLE_TILES).astype(int))]
    return [log_intensity(stack.isel(y=slice(r, r + side[0]), x=slice(c, c + side[1]))) for r, c in kept]


def _searched_pixels(stack: xr.Dataset) -> float:
    """Pixels with data on half of the dates, counted on every eighth row and column."""
    thin = stack[[next(iter(stack.data_vars))]].isel(y=slice(None, None, 8), x=slice(None, None, 8))
    share = float(np.mean(np.isfinite(log_intensity(thin)[:, 0]).mean(axis=0) >= 0.5))
    return max(share * stack.sizes["y"] * stack.sizes["x"], 1.0)


def _given_looks(change: xr.Dataset | None, polarisations: list[str], rows: slice, cols: slice) -> FloatArray:
    """Effective looks by the strata of `change` (polarisation, y, x), NaN where it has none; NaN alone without it."""
    if change is None:
        return np.array(np.nan)
    stratum = change["stratum"].isel(y=rows, x=cols).to_numpy()
    table = change["effective_looks"].sel(polarisation=polarisations).transpose("polarisation", ...).to_numpy()
    known = stratum < table.shape[1]
    return np.where(known, table[:, np.where(known, stratum, 0)], np.nan)


def _learn(samples: list[FloatArray], images_after: int) -> tuple[list[Surface], list[FloatArray], float]:
    """Surfaces, how many independent pixels' worth each area holds on them, and the point spread in pixels.

    The second is (pixels tried, polarisation) for each surface.
    """
    surfaces = learn_surfaces(samples)
    maps = [surface_map(part, surfaces) for part in samples]
    residuals = [without_date_effect(part, surfaces, where) for part, where in zip(samples, maps, strict=True)]
    effective = []
    for index in range(len(surfaces)):
        inflation = step_inflation(residuals, maps, index, images_after)
        columns = [np.interp(np.log(_PIXELS), np.log(block_sizes()), np.log(one)) for one in inflation.T]
        # beyond the largest block no area holds more than that block does
        beyond = np.maximum(_PIXELS / block_sizes()[-1], 1)
        effective.append(np.stack([_PIXELS / np.exp(column) / beyond for column in columns], axis=1))
    return surfaces, effective, point_spread_px(residuals)


def _pixels_needed(
    looks: FloatArray,
    counts: np.ndarray,
    place: np.ndarray,
    effective: list[FloatArray],
    ratios: FloatArray,
    needed: FloatArray,
) -> FloatArray:
    """Fewest pixels (y, x) whose information reaches what is needed; inf where none tried does.

    `counts` holds the images with data before and after the step (2, y, x).
    """
    out = np.full(place.shape, np.inf)
    for index, independent in enumerate(effective):
        here = place == index
        looks_here = looks[:, here]
        (before, after), which = np.unique(counts[:, here], axis=1, return_inverse=True)
        worth = step_information(ratios[:, :, None], before, after)
        best = np.full(looks_here.shape[1], np.inf)
        # from the largest area down, so that the smallest that will do is written last
        for number in range(len(_PIXELS) - 1, -1, -1):
            information = independent[number] @ (looks_here * worth[number][:, which])
            best[information >= needed[number]] = _PIXELS[number]
        out[here] = best
    return out


def _curves(
    looks: FloatArray,
    where: np.ndarray,
    effective: list[FloatArray],
    ratios: FloatArray,
    n_images: int,
    images_after: int,
    false_alarm: FloatArray,
) -> FloatArray:
    """(surface, pixels tried) chance of detection with the median looks of each surface."""
    worth = step_information(ratios, n_images - images_after, images_after)
    out = np.full((len(effective), len(_PIXELS)), np.nan)
    for index, independent in enumerate(effective):
        if (where == index).any():
            typical = np.nanmedian(looks[:, where == index], axis=1)
            information = np.sum(independent * typical * worth, axis=1)
            out[index] = detection_probability(information, ratios.shape[1], false_alarm)
    return out


def _dataset(
    stack: xr.Dataset,
    area: FloatArray,
    images: np.ndarray,
    where: np.ndarray,
    looks: FloatArray,
    contrast: dict[str, float],
    curves: FloatArray,
    pixel_m2: float,
) -> xr.Dataset:
    yx = ("y", "x")
    coords = {name: stack.coords[name] for name in ("y", "x", "spatial_ref") if name in stack.coords}
    mapped = {"grid_mapping": "spatial_ref"} if "spatial_ref" in coords else {}
    named = {
        "smallest_area_m2": (yx, area, {"units": "m2", "long_name": "smallest detectable area", **mapped}),
        "smallest_side_m": (
            yx,
            np.sqrt(area),
            {"units": "m", "long_name": "side of the smallest detectable square", **mapped},
        ),
        "images": (yx, images, {"units": "1", "long_name": "images with data", **mapped}),
        "surface": (yx, where, {"units": "1", "long_name": "surface, from dark to bright; -1 no data", **mapped}),
        "effective_looks": (
            ("polarisation", *yx),
            looks,
            {"units": "1", "long_name": "effective number of looks", **mapped},
        ),
        "detection_probability": (
            ("surface_index", "area_m2"),
            curves,
            {"units": "1", "long_name": "chance of detection at the typical place of a surface"},
        ),
    }
    return xr.Dataset(
        named,
        coords={
            **coords,
            "polarisation": list(contrast),
            "surface_index": np.arange(curves.shape[0]),
            "area_m2": ("area_m2", _PIXELS * pixel_m2, {"units": "m2", "long_name": "area"}),
        },
    )
