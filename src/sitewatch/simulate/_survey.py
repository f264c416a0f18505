"""How a track's images scatter where nothing is built, place by place: what a power analysis needs to know of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr

from sitewatch.errors import ChangeError
from sitewatch.progress import Progress, silent
from sitewatch.simulate._fields import FloatArray
from sitewatch.simulate._noise import block_sizes, local_looks, point_spread_px, step_inflation
from sitewatch.simulate._surfaces import Surface, learn_surfaces, log_intensity, surface_map, without_date_effect

_TILE = 256
_SAMPLE_TILES = 6
_SAMPLE_SIDE = 192


@dataclasses.dataclass(frozen=True)
class Survey:
    """What is known of one track before it is asked about a contrast.

    Attributes
    ----------
    polarisations
        In the order of the axes below.
    duration_images, images
        Images since the change, and all.
    surface
        (y, x) index of the surface, -1 without data.
    looks
        (polarisation, y, x) effective number of looks, NaN without data.
    counts
        (2, y, x) images with data before and after.
    inflation
        For each surface (block size, polarisation): by how much steps of block means scatter more than those of
        independent pixels.
    spread_px
        Standard deviation of the point spread.
    searched_pixels
        Pixels with data on half of the dates.
    """

    polarisations: tuple[str, ...]
    duration_images: int
    images: int
    surface: np.ndarray
    looks: FloatArray
    counts: np.ndarray
    inflation: tuple[FloatArray, ...]
    spread_px: float
    searched_pixels: float

    def of(self, polarisations: list[str]) -> Survey:
        """The same of some polarisations, in the order given."""
        if tuple(polarisations) == self.polarisations:
            return self
        places = [self.polarisations.index(name) for name in polarisations]
        return dataclasses.replace(
            self,
            polarisations=tuple(polarisations),
            looks=self.looks[places],
            inflation=tuple(one[:, places] for one in self.inflation),
        )

    def independent(self, index: int, pixels: FloatArray) -> FloatArray:
        """How many independent pixels areas of so many are worth on a surface: (area, polarisation)."""
        sizes, inflation = np.log(block_sizes()), np.log(self.inflation[index])
        columns = [np.interp(np.log(pixels), sizes, one) for one in inflation.T]
        # beyond the largest block no area holds more than that block does
        beyond = np.maximum(pixels / block_sizes()[-1], 1)
        return np.stack([pixels / np.exp(column) / beyond for column in columns], axis=1)


def survey_scatter(
    stack: xr.Dataset,
    change: xr.Dataset | None = None,
    *,
    duration_images: int = 6,
    progress: Progress = silent,
) -> Survey:
    """Measure how the images of one track scatter where nothing changes.

    Parameters
    ----------
    stack
        One track's cube (dims time, y, x; linear power), read tile by tile.
    change
        What `detect_change` gave for this stack, for its strata and effective looks; optional.
    duration_images
        Images since the change.
    progress
        Told after each tile.

    Raises
    ------
    ChangeError
        With fewer than four images, or none before the change.
    """
    if not 1 <= duration_images < stack.sizes["time"] or stack.sizes["time"] < 4:
        raise ChangeError(
            f"{stack.sizes['time']} image(s) can't tell a change {duration_images} image(s) old",
            hint="Power analysis needs four images or more, and one before the change",
        )
    polarisations = [str(name) for name in stack.data_vars]
    surfaces, inflation, spread_px = _learn(_samples(stack), duration_images)
    shape = (stack.sizes["y"], stack.sizes["x"])
    where = np.full(shape, -1, np.int16)
    counts = np.zeros((2, *shape), np.int32)
    looks = np.full((len(polarisations), *shape), np.nan, np.float32)
    boxes = [
        (slice(y, y + _TILE), slice(x, x + _TILE)) for y in range(0, shape[0], _TILE) for x in range(0, shape[1], _TILE)
    ]
    for done, (rows, cols) in enumerate(boxes, 1):
        log_values = log_intensity(stack.isel(y=rows, x=cols))
        place = surface_map(log_values, surfaces)
        measured = local_looks(without_date_effect(log_values, surfaces, place))
        given = _given_looks(change, polarisations, rows, cols)
        looks[:, rows, cols] = np.where(place >= 0, np.where(np.isfinite(given), given, measured), np.nan)
        known = np.isfinite(log_values[:, 0])
        counts[:, rows, cols] = known[:-duration_images].sum(axis=0), known[-duration_images:].sum(axis=0)
        where[rows, cols] = place
        progress("power", done, len(boxes))
    return Survey(
        polarisations=tuple(polarisations),
        duration_images=duration_images,
        images=stack.sizes["time"],
        surface=where,
        looks=looks,
        counts=counts,
        inflation=tuple(inflation),
        spread_px=spread_px,
        searched_pixels=_searched_pixels(stack),
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
    """Surfaces, the step inflation of each (block size, polarisation), and the point spread in pixels."""
    surfaces = learn_surfaces(samples)
    maps = [surface_map(part, surfaces) for part in samples]
    residuals = [without_date_effect(part, surfaces, where) for part, where in zip(samples, maps, strict=True)]
    inflation = [step_inflation(residuals, maps, index, images_after) for index in range(len(surfaces))]
    return surfaces, inflation, point_spread_px(residuals)
