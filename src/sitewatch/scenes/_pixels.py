"""Read a scene's pixels on their own grid, as linear power."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import rasterio.windows
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from rasterio.enums import MaskFlags

from sitewatch.errors import SceneError
from sitewatch.scenes._raster import open_raster, same_place, scene_error
from sitewatch.scenes._scene import Band, Mask, Scene

Window: TypeAlias = "tuple[slice, slice] | rasterio.windows.Window"

_AXES = ("rows", "columns")
_LONG_NAMES = {"gamma0": "gamma nought", "sigma0": "sigma nought", "beta0": "beta nought"}


def read_pixels(scene: Scene, geobox_window: Window | None = None) -> xr.Dataset:
    """Read pixels of a scene on its native grid.

    Parameters
    ----------
    scene
        What to read.
    geobox_window
        Part of the native grid: a pair of slices (rows, columns), or a rasterio Window of whole pixels; None for all
        of it. Only the file's blocks that it touches are read.

    Returns
    -------
    Dataset
        dims ``y, x`` with coordinates and ``spatial_ref`` of the (cut) native grid; one float32 variable a
        polarisation in linear power, or a band in reflectance (its mask applied). dB are made linear, amplitudes
        squared. NaN where there is no data; noise subtraction's negative values are 0.

    Raises
    ------
    SceneError
        The file is missing, cut off or unreadable, its grid is not the one the scene describes, the window lies
        outside, or (only where the whole scene is read) no pixel is valid.
    """
    rows, cols = _window_slices(scene, geobox_window)
    geobox: GeoBox = scene.geobox[rows, cols]
    arrays = read_arrays(scene, (rows, cols))
    if geobox_window is None and not any(np.isfinite(a).any() for a in arrays.values()):
        raise scene_error(scene.bands[0].href, "it holds no valid pixel")
    coords = xr_coords(geobox)
    dims = geobox.dimensions
    backscatter = f"{_LONG_NAMES.get(scene.quantity, 'backscatter')}, linear power"
    long_name = scene.quantity if scene.is_optical else backscatter
    return xr.Dataset(
        {
            polarisation: (
                dims,
                arrays[polarisation],
                {"units": "1", "long_name": f"{polarisation} {long_name}", "grid_mapping": "spatial_ref"},
            )
            for polarisation in scene.polarisations
        },
        coords=coords,
        attrs={"scene": scene.id, "quantity": scene.quantity},
    ).rename({dims[0]: "y", dims[1]: "x"} if dims != ("y", "x") else {})


def read_arrays(scene: Scene, window: Window | None = None) -> dict[str, np.ndarray]:
    """Read pixels as `read_pixels` does, without labels: float32 rows and columns a polarisation, for inner loops.

    For small windows the labels cost more than the pixels. An image without any valid pixel is no error here.
    """
    rows, cols = _window_slices(scene, window)
    if scene.reader is not None:
        return dict(scene.reader.read(scene.bands, scene.geobox[rows, cols]))
    part = rasterio.windows.Window.from_slices(rows, cols)
    arrays: dict[str, np.ndarray] = {}
    for href, bands in _by_file(scene):
        with open_raster(href) as source:
            _check_grid(source, scene, href)
            for band in bands:
                if band.index > source.count:
                    raise scene_error(href, f"it has {source.count} band(s), and the scene describes band {band.index}")
                # Straight into float32: GDAL converts while it inflates, and no second copy is made.
                pixels = source.read(band.index, window=part, out_dtype="float32")
                if MaskFlags.per_dataset in source.mask_flag_enums[band.index - 1]:
                    pixels[source.read_masks(band.index, window=part) == 0] = np.nan
                arrays[band.polarisation] = _linear_power(pixels, band)
    if scene.mask is not None:
        unusable = _masked(scene, scene.mask, part)
        for pixels in arrays.values():
            pixels[unusable] = np.nan
    return {polarisation: arrays[polarisation] for polarisation in scene.polarisations}


def _masked(scene: Scene, mask: Mask, part: rasterio.windows.Window) -> np.ndarray:
    with open_raster(mask.href) as source:
        _check_grid(source, scene, mask.href)
        flags = source.read(1, window=part)
    return np.asarray(flags.astype(np.int64) & mask.bits != 0)


def _linear_power(stored: np.ndarray, band: Band) -> np.ndarray:
    """Turn stored float32 numbers into linear power, in place."""
    # A nodata value beyond float32's digits is compared as float32, which is how it was read.
    with np.errstate(over="ignore"):
        missing = None if band.nodata is None or math.isnan(band.nodata) else stored == np.float32(band.nodata)
    if band.scale != 1.0:
        stored *= np.float32(band.scale)
    if band.offset != 0.0:
        stored += np.float32(band.offset)
    if band.unit == "dB":
        # 10^(v/10) = e^(v ln(10)/10); minus infinity is a power of 0.
        stored *= np.float32(math.log(10.0) / 10.0)
        with np.errstate(over="ignore"):
            np.exp(stored, out=stored)
    elif band.unit == "amplitude":
        with np.errstate(over="ignore"):
            np.square(stored, out=stored)
    np.maximum(stored, np.float32(0.0), out=stored)
    if missing is not None:
        stored[missing] = np.nan
    stored[np.isposinf(stored)] = np.nan
    return stored


def _by_file(scene: Scene) -> Iterator[tuple[str, list[Band]]]:
    for href in dict.fromkeys(band.href for band in scene.bands):
        yield href, [band for band in scene.bands if band.href == href]


def _window_slices(scene: Scene, window: Window | None) -> tuple[slice, slice]:
    shape = scene.geobox.shape
    if window is None:
        return slice(0, shape[0]), slice(0, shape[1])
    if isinstance(window, rasterio.windows.Window):
        (row0, row1), (col0, col1) = window.toranges()
        window = slice(row0, row1), slice(col0, col1)
    rows, cols = (
        _inside(part, size, f"{scene.id}: {axis}") for part, size, axis in zip(window, shape, _AXES, strict=True)
    )
    return rows, cols


def _inside(part: slice, size: int, axis: str) -> slice:
    """Whole pixels of an axis; never clipped or counted from the end, either of which would shift what is read."""
    start = 0 if part.start is None else part.start
    stop = size if part.stop is None else part.stop
    if part.step not in (None, 1) or not 0 <= start < stop <= size or start != int(start) or stop != int(stop):
        raise SceneError(f"{axis} {start} to {stop} of the window are not whole pixels within the {size} there are")
    return slice(int(start), int(stop))


def _check_grid(source: Any, scene: Scene, href: str) -> None:
    described = scene.geobox
    if source.shape != tuple(described.shape) or not same_place(source.transform, described):
        raise scene_error(
            href,
            f"its grid ({source.shape[0]} x {source.shape[1]} pixels) is not the one its metadata describe "
            f"({described.shape[0]} x {described.shape[1]} pixels)",
        )
