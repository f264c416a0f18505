"""Power analysis: the smallest lasting change that these scenes could have shown, place by place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from sitewatch.errors import ChangeError
from sitewatch.progress import Progress, silent
from sitewatch.simulate._fields import FloatArray, to_linear
from sitewatch.simulate._growth import SMALLEST_SEEN_PX
from sitewatch.simulate._information import (
    detection_probability,
    information_needed,
    kept_along,
    step_information,
)
from sitewatch.simulate._survey import Survey, survey_scatter

CONTRASTS_DB: dict[str, dict[str, float]] = {
    "pier on water": {"VV": 11.0, "VH": 8.0, "HH": 11.0, "HV": 8.0},
    "building on land": {"VV": 6.0, "VH": 5.0, "HH": 6.0, "HV": 5.0},
    "road": {"VV": -3.5, "VH": -4.5, "HH": -3.5, "HV": -4.5},
}

_PIXELS = np.unique(np.round(np.concatenate([np.arange(SMALLEST_SEEN_PX, 40.0), np.geomspace(40, 20_000, 60)])))
# Full width at half maximum of a Gaussian, in standard deviations.
_FWHM = 2 * np.sqrt(2 * np.log(2))


def smallest_detectable(
    stack: xr.Dataset,
    change: xr.Dataset | None = None,
    *,
    contrast_db: str | Mapping[str, float] = "building on land",
    duration_images: int = 6,
    probability: float = 0.9,
    false_alarm: float = 0.01,
    width_m: float | None = None,
    slenderness: float = 1.0,
    fewest_pixels: int = SMALLEST_SEEN_PX,
    pixel_chance: float = 0.0,
    pixel_false_alarm: float = 0.01,
    survey: Survey | None = None,
    progress: Progress = silent,
) -> xr.Dataset:
    """Map the smallest area of a lasting change that the images of one track could have shown.

    The information that an area of N pixels holds about a step is ``n_e N / c(N)`` looks times what the step is worth
    a look (`step_information`), the contrast being what the sensor's point spread leaves of it. The effective looks
    n_e come from `change`, or else from each place's own scatter through time; c(N), by how much shared speckle and
    shared weather spoil the averaging, is measured on blocks of the stack. The threshold is that of a likelihood-ratio
    test over all disjoint places of that size and all dates of the step, with the chance `false_alarm` that any of them
    raises when nothing is built. All this is about the test that knows the area's shape. A detector that must find the
    shape too goes by single pixels: with `pixel_chance` each of them must stand out by itself, or the area is not
    called detectable however large (`verify_power` tells what a detector finds). Nothing smaller than `fewest_pixels`
    or a cell of the resolution is called detectable. The same contrast is tried on every surface, whether or not such a
    thing could be built there.

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
    width_m
        Of a strip (a road); the area is that of a square where None.
    slenderness
        A strip's smallest length over its width as the images show it, which is blurred: what is stouter isn't taken
        for a strip.
    fewest_pixels
        Nothing smaller is called detectable.
    pixel_chance, pixel_false_alarm
        Chance with which a single pixel of it must stand out, and the chance, over all dates, that a pixel does so
        where nothing changed.
    survey
        What `survey_scatter` gave for this stack, `change` and `duration_images`, which are then not looked at again:
        spares the reading where several contrasts are tried.
    progress
        Told after each tile.

    Returns
    -------
    xarray.Dataset with dims y, x:

    ``smallest_area_m2``
        inf where no area up to the largest tried would do, NaN without data.
    ``smallest_length_m``
        side of a square of that area, or length of the strip.
    ``margin``
        information that this area holds over what is needed, 1 or more: how much less a step could be worth; NaN where
        none would do.
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
    if not (0 < probability < 1 and 0 < false_alarm < 1):
        raise ValueError("probability and false_alarm lie between 0 and 1")
    used = stack[list(contrast)]
    survey = survey or survey_scatter(used, change, duration_images=duration_images, progress=progress)
    survey = survey.of(list(contrast))
    pixel_m2 = float(stack.attrs["pixel_x_m"]) * float(stack.attrs["pixel_y_m"])
    pixel_m = float(np.sqrt(pixel_m2))
    ratio = to_linear(np.array(list(contrast.values())))
    sides = _sides_px(width_m, pixel_m)
    # what is smaller than the resolution shows a part of its contrast only
    kept = np.prod([kept_along(side, survey.spread_px) for side in sides], axis=0)
    ratios = 1 + (ratio - 1) * kept[:, None]
    tests = np.maximum(survey.searched_pixels / _PIXELS, 1) * (survey.images - 1)
    needed = np.array([information_needed(probability, len(contrast), false_alarm / n) for n in tests])
    # what is smaller than a cell of the resolution can be raised but has no footprint
    least = max(4 * np.pi * survey.spread_px**2, fewest_pixels)
    if width_m is not None:
        least = max(least, slenderness * width_m / pixel_m * np.hypot(width_m / pixel_m, _FWHM * survey.spread_px))
    needed[least > _PIXELS] = np.inf

    independent = [survey.independent(index, _PIXELS) for index in range(len(survey.inflation))]
    alone = 0.0
    if pixel_chance > 0:
        alone = information_needed(pixel_chance, len(contrast), pixel_false_alarm / (survey.images - 1))
    pixels, margin = _pixels_needed(survey, independent, ratios, needed, alone)
    area = np.where(survey.surface >= 0, pixels * pixel_m2, np.nan).astype(np.float32)
    length = np.sqrt(area) if width_m is None else area / np.float32(width_m)
    curves = _curves(survey, independent, ratios, false_alarm / tests)
    return _dataset(stack, survey, (area, length, margin), curves, pixel_m2).assign_attrs(
        track=stack.attrs.get("track", ""),
        contrast_db=contrast,
        duration_images=survey.duration_images,
        probability=probability,
        false_alarm=false_alarm,
        width_m=width_m or "",
        searched_pixels=int(survey.searched_pixels),
        point_spread_m=survey.spread_px * pixel_m,
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


def _sides_px(width_m: float | None, pixel_m: float) -> tuple[FloatArray, FloatArray]:
    """Both sides, in pixels, of each area tried."""
    if width_m is None:
        return np.sqrt(_PIXELS), np.sqrt(_PIXELS)
    width = np.minimum(width_m / pixel_m, np.sqrt(_PIXELS))
    return width, _PIXELS / width


def _pixels_needed(
    survey: Survey, independent: list[FloatArray], ratios: FloatArray, needed: FloatArray, needed_alone: float
) -> tuple[FloatArray, FloatArray]:
    """Fewest pixels (y, x) that hold the information needed, together and each alone, and how many times they do.

    The first is inf and the second NaN where none tried would do.
    """
    out = np.full(survey.surface.shape, np.inf)
    margin = np.full(survey.surface.shape, np.nan, np.float32)
    for index, worth_of in enumerate(independent):
        here = survey.surface == index
        looks_here = survey.looks[:, here]
        (before, after), which = np.unique(survey.counts[:, here], axis=1, return_inverse=True)
        worth = step_information(ratios[:, :, None], before, after)
        alone = survey.independent(index, np.ones(1))[0]
        best, times = np.full(looks_here.shape[1], np.inf), np.full(looks_here.shape[1], np.nan)
        # from the largest area down, so that the smallest that will do is written last
        for number in range(len(_PIXELS) - 1, -1, -1):
            if np.isfinite(needed[number]):
                information = looks_here * worth[number][:, which]
                spare = worth_of[number] @ information / needed[number]
                if needed_alone > 0:
                    spare = np.minimum(spare, alone @ information / needed_alone)
                enough = spare >= 1
                best[enough], times[enough] = _PIXELS[number], spare[enough]
        out[here], margin[here] = best, times
    return out, margin


def _curves(survey: Survey, independent: list[FloatArray], ratios: FloatArray, false_alarm: FloatArray) -> FloatArray:
    """(surface, pixels tried) chance of detection with the median looks of each surface."""
    worth = step_information(ratios, survey.images - survey.duration_images, survey.duration_images)
    out = np.full((len(independent), len(_PIXELS)), np.nan)
    for index, worth_of in enumerate(independent):
        if (survey.surface == index).any():
            typical = np.nanmedian(survey.looks[:, survey.surface == index], axis=1)
            information = np.sum(worth_of * typical * worth, axis=1)
            out[index] = detection_probability(information, ratios.shape[1], false_alarm)
    return out


def _dataset(
    stack: xr.Dataset, survey: Survey, found: tuple[FloatArray, ...], curves: FloatArray, pixel_m2: float
) -> xr.Dataset:
    area, length, margin = found
    yx = ("y", "x")
    coords = {name: stack.coords[name] for name in ("y", "x", "spatial_ref") if name in stack.coords}
    mapped = {"grid_mapping": "spatial_ref"} if "spatial_ref" in coords else {}
    long_names = {
        "smallest_area_m2": (yx, area, "m2", "smallest detectable area"),
        "smallest_length_m": (yx, length, "m", "side of the smallest detectable square, or length of the strip"),
        "margin": (yx, margin, "1", "information of that area over what is needed"),
        "images": (yx, survey.counts.sum(axis=0), "1", "images with data"),
        "surface": (yx, survey.surface, "1", "surface, from dark to bright; -1 no data"),
        "effective_looks": (("polarisation", *yx), survey.looks, "1", "effective number of looks"),
    }
    named = {
        name: (dims, values, {"units": units, "long_name": words, **mapped})
        for name, (dims, values, units, words) in long_names.items()
    }
    curve_attrs = {"units": "1", "long_name": "chance of detection at the typical place of a surface"}
    return xr.Dataset(
        {**named, "detection_probability": (("surface_index", "area_m2"), curves, curve_attrs)},
        coords={
            **coords,
            "polarisation": list(survey.polarisations),
            "surface_index": np.arange(curves.shape[0]),
            "area_m2": ("area_m2", _PIXELS * pixel_m2, {"units": "m2", "long_name": "area"}),
        },
    )
