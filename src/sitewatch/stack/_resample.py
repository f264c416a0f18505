"""Laying an image on the site grid: plain slicing where the grids share their pixels, warping where they don't."""

from __future__ import annotations

import math

import numpy as np
import rasterio.warp
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from scipy import ndimage

from sitewatch.stack._grid import pixel_offset

Window = tuple[slice, slice]
Shift = tuple[float, float]
NO_SHIFT: Shift = (0.0, 0.0)

# Pixels around a window that the widest kernel (Lanczos, 3 pixels) may reach, and one more.
_KERNEL_MARGIN = 4


def overlap(grid: GeoBox, image: GeoBox) -> tuple[Window, Window] | None:
    """Where `image` lies on `grid` and which of its pixels those are, or None where they don't meet.

    The grids must share their pixels (see `pixel_offset`).
    """
    offset = pixel_offset(grid, image)
    if offset is None:
        raise ValueError("the two grids don't share their pixels")
    on_grid, in_image = [], []
    for start, length, size in zip(offset, image.shape, grid.shape, strict=True):
        low, high = max(start, 0), min(start + length, size)
        if high <= low:
            return None
        on_grid.append(slice(low, high))
        in_image.append(slice(low - start, high - start))
    return (on_grid[0], on_grid[1]), (in_image[0], in_image[1])


def source_window(grid: GeoBox, image: GeoBox, shift: Shift = NO_SHIFT) -> Window | None:
    """Pixels of `image` needed to warp it onto `grid`, or None where the two don't meet."""
    west, south, east, north = rasterio.warp.transform_bounds(
        str(grid.crs), str(image.crs), *grid.boundingbox.bbox, densify_pts=21
    )
    a, b, c, d, e, f = image.affine[:6]
    det = a * e - b * d
    x = np.array([west, west, east, east])
    y = np.array([south, north, south, north])
    columns = (e * (x - c) - b * (y - f)) / det + shift[1]
    rows = (a * (y - f) - d * (x - c)) / det + shift[0]
    # An averaging kernel reaches half an output pixel beyond the window.
    margin_y = _KERNEL_MARGIN + math.ceil(np.ptp(rows) / grid.shape[0])
    margin_x = _KERNEL_MARGIN + math.ceil(np.ptp(columns) / grid.shape[1])
    row0, row1 = max(math.floor(rows.min()) - margin_y, 0), min(math.ceil(rows.max()) + margin_y, image.shape[0])
    col0, col1 = max(math.floor(columns.min()) - margin_x, 0), min(math.ceil(columns.max()) + margin_x, image.shape[1])
    if row1 <= row0 or col1 <= col0:
        return None
    return slice(row0, row1), slice(col0, col1)


def moved(grid: GeoBox, shift: Shift) -> GeoBox:
    """The grid on which content that lies (rows, columns) too far down and right is found at its own place."""
    return grid.translate_pix(shift[1], shift[0])


def warp(values: np.ndarray, image: GeoBox, grid: GeoBox, shift: Shift = NO_SHIFT) -> np.ndarray:
    """Resample linear power onto `grid`; NaN outside, never below the smallest pixel it draws on.

    Parameters
    ----------
    values
        (rows, columns) of `image`, linear power, NaN where invalid.
    shift
        (rows, columns) in pixels of `image` by which its content lies too far down and right; it is moved back.

    Notes
    -----
    Power is averaged where the grid is coarser, interpolated bilinearly where it is not. An image that only has to be
    moved is interpolated by a Lanczos kernel, which keeps most of the speckle's variance (bilinear halves it and more,
    and that date would then pass for one of more looks).
    """
    a, b, c, d, e, f = image.affine[:6]
    transform = Affine(a, b, c - shift[1] * a - shift[0] * b, d, e, f - shift[1] * d - shift[0] * e)
    kernel = _kernel(image, grid)
    out = np.full(grid.shape, np.nan, np.float32)
    settings = {
        "src_crs": str(image.crs),
        "dst_crs": str(grid.crs),
        "src_transform": transform,
        "dst_transform": grid.affine,
        "src_nodata": np.nan,
        "dst_nodata": np.nan,
    }
    source = np.ascontiguousarray(values, np.float32)
    rasterio.warp.reproject(source, out, resampling=kernel, **settings)
    if kernel is Resampling.lanczos:
        # Its negative lobes would dig holes beside bright targets; the logarithm of a hole is a false change.
        lowest = ndimage.minimum_filter(np.where(np.isnan(source), np.inf, source), size=3, mode="nearest")
        floor = np.full(grid.shape, np.nan, np.float32)
        rasterio.warp.reproject(lowest.astype(np.float32), floor, resampling=Resampling.nearest, **settings)
        np.maximum(out, np.where(np.isfinite(floor), floor, 0), out=out)
        # The kernel reaches into the surroundings of a gap; a pixel is valid only where the nearest one was.
        valid = np.full(grid.shape, np.nan, np.float32)
        rasterio.warp.reproject(
            np.where(np.isnan(source), np.nan, 1).astype(np.float32), valid, resampling=Resampling.nearest, **settings
        )
        out[np.isnan(valid)] = np.nan
    return out


def describe(image: GeoBox, grid: GeoBox) -> str:
    """Say how `image` gets onto `grid`, for the notes; empty where its pixels are taken as they are."""
    if pixel_offset(grid, image) is not None:
        return ""
    how = "averaged" if _kernel(image, grid) is Resampling.average else "interpolated bilinearly"
    return f"resampled from {image.crs} to {grid.crs} ({how}): neighbouring pixels share speckle"


def _kernel(image: GeoBox, grid: GeoBox) -> Resampling:
    if pixel_offset(grid, image) is not None:
        return Resampling.lanczos
    window = rasterio.warp.transform_bounds(str(grid.crs), str(image.crs), *grid.boundingbox.bbox, densify_pts=21)
    extent = math.sqrt(abs((window[2] - window[0]) * (window[3] - window[1])))
    a, b, _, d, e, _ = image.affine[:6]
    source_px = extent / math.sqrt(abs(a * e - b * d))
    grid_px = math.sqrt(grid.shape[0] * grid.shape[1])
    return Resampling.average if source_px > 1.5 * grid_px else Resampling.bilinear
