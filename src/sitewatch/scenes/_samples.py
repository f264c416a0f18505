"""Pixels as they are stored in radar geometry, read as power: detected or complex, by whoever reads their format."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.windows
from rasterio.enums import MaskFlags

from sitewatch.scenes._raster import open_raster, open_unplaced, scene_error, without_warnings
from sitewatch.scenes._scene import Band

Window = tuple[slice, slice]


def read_power(band: Band, stored: str, window: Window) -> np.ndarray:
    """Power of a window, float32: |stored * scale + offset|², NaN where nothing was measured.

    A complex 0 is a sample that was never measured; so is a detected 0 where the file says so (nodata).
    """
    if stored == "raster":
        return _detected(band, window)
    if stored == "complex raster":
        return _squared(_complex_raster(band, window), band.scale)
    if stored == "ICEYE HDF5":
        return _squared(_hdf5(band.href, window), band.scale)
    return _squared(_sicd(band.href, window), band.scale)


def _detected(band: Band, window: Window) -> np.ndarray:
    part = rasterio.windows.Window.from_slices(*window)
    # Not open_unplaced: rasterio's warping changes the process's warning filters too, in other threads.
    with open_raster(band.href) as source:
        pixels = source.read(band.index, window=part, out_dtype="float32")
        missing = ~np.isfinite(pixels) if band.nodata is None else (pixels == np.float32(band.nodata))
        if MaskFlags.per_dataset in source.mask_flag_enums[band.index - 1]:
            missing |= source.read_masks(band.index, window=part) == 0
    value = pixels * np.float32(band.scale) + np.float32(band.offset)
    power: np.ndarray = value if band.unit == "linear" else np.square(value)
    power[missing | ~np.isfinite(power)] = np.nan
    return power


def _complex_raster(band: Band, window: Window) -> np.ndarray:
    with open_unplaced(band.href) as source:
        samples: np.ndarray = source.read(band.index, window=rasterio.windows.Window.from_slices(*window))
    return samples


def _squared(samples: np.ndarray, scale: float) -> np.ndarray:
    power = (np.square(samples.real.astype(np.float32)) + np.square(samples.imag.astype(np.float32))) * np.float32(
        scale * scale
    )
    power[(power == 0) | ~np.isfinite(power)] = np.nan
    return power


def _hdf5(href: str, window: Window) -> np.ndarray:
    with open_hdf5(href) as file:
        parts: np.ndarray = file["s_i"][window] + 1j * np.asarray(file["s_q"][window], np.float32)
    return parts


def _sicd(href: str, window: Window) -> np.ndarray:
    rows, cols = window
    try:
        samples = open_sicd(href)[rows, cols]
    except Exception as error:
        raise scene_error(href, f"its samples can't be read ({error})", "Fetch it again.") from error
    return np.atleast_2d(np.asarray(samples)).reshape(rows.stop - rows.start, cols.stop - cols.start)


@contextlib.contextmanager
def open_hdf5(href: str) -> Iterator[Any]:
    """Open an HDF5 file for reading; every error at opening or inside the block becomes a SceneError."""
    h5py = needed("h5py", "hdf5", href)
    if not Path(href).exists():
        raise scene_error(href, "the file does not exist")
    try:
        with h5py.File(href, "r") as file:
            yield file
    except (OSError, RuntimeError) as error:
        detail = " ".join(str(error).split())
        what = f"the file can't be read as HDF5: it is cut off, damaged or of another kind ({detail})"
        raise scene_error(href, what, "Fetch it again.") from error
    except KeyError as error:
        raise scene_error(href, f"it lacks an entry ({' '.join(str(error).split())})", "Fetch it again.") from error


def open_sicd(href: str) -> Any:
    """Open a SICD file with sarpy; every error is ours."""
    sicd = needed("sarpy.io.complex.sicd", "sicd", href)
    try:
        # sarpy points to its successor each time; that is for us to heed, not for the user.
        with without_warnings(DeprecationWarning):
            return sicd.SICDReader(sicd.SICDDetails(href))
    # sarpy lets through whatever a file that is no SICD, or a damaged one, provokes.
    except Exception as error:
        raise scene_error(href, f"the file can't be read as SICD ({error})", "Fetch it again.") from error


def needed(module: str, extra: str, href: str) -> Any:
    """Import a library that only some formats need; where it is absent, say how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        what = f"reading it needs the package {package}"
        raise scene_error(href, what, f"Install it: pip install 'sitewatch[{extra}]'.") from error
