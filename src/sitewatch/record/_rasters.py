"""Change rasters as cloud-optimised GeoTIFFs: each two-dimensional variable of a change, one file a variable."""

from __future__ import annotations

import colorsys
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sitewatch.atomic import PREFIX, replacing
from sitewatch.errors import WorkspaceError

if TYPE_CHECKING:
    import xarray as xr

_BLOCK = 256
_ROWS = 1024  # rows held in memory at a time


def write_change_rasters(folder: str | Path, change: xr.Dataset, track: str) -> tuple[Path, ...]:
    """Write every variable with dims ``(y, x)`` of one track's change as ``<track>_<variable>.tif``.

    Dates become int32 ``YYYYMMDD`` with 0 for none; whole numbers and flags keep their type; everything else is float32
    with NaN for none. `long_name` and `units` go into the band's description, units and tags; a variable with
    ``flag_values`` and ``flag_meanings`` (CF) gets a colour table and its meanings as tags. Overviews are averaged for
    quantities and taken from the nearest pixel for dates and classes, which have no mean.

    Parameters
    ----------
    folder
        Made where it is missing.
    change
        With a CRS that rioxarray reads.
    track
        The track's key, for the file names.

    Returns
    -------
    tuple of Path
        The files, by name.
    """
    return tuple(write() for write in change_raster_jobs(folder, change, track))


def change_raster_jobs(folder: str | Path, change: xr.Dataset, track: str) -> tuple[Callable[[], Path], ...]:
    """`write_change_rasters` as one call a file, for who writes them beside other work; parameters as there."""
    jobs = []
    for name, variable in sorted(change.data_vars.items(), key=lambda entry: str(entry[0])):
        if variable.dims == ("y", "x"):
            located = variable.assign_coords(spatial_ref=change["spatial_ref"])
            jobs.append(functools.partial(write_raster, Path(folder) / f"{track}_{name}.tif", located))
    return tuple(jobs)


def write_raster(path: str | Path, variable: xr.DataArray) -> Path:
    """Write one map as a cloud-optimised GeoTIFF; see `write_change_rasters` for what becomes of its values.

    Parameters
    ----------
    path
        It appears whole or not at all.
    variable
        Dims ``(y, x)``, with a CRS that rioxarray reads; read a strip of rows at a time.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WorkspaceError
        If it can't be written, as on a full disk.
    """
    import rioxarray  # noqa: F401  registers the .rio accessor
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    path = Path(path)
    height, width = variable.shape
    dtype, nodata = _storage(variable.dtype)
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": 1,
        "dtype": dtype.name,
        "nodata": nodata,
        "crs": variable.rio.crs,
        "transform": variable.rio.transform(),
        "tiled": True,
        "blockxsize": _BLOCK,
        "blockysize": _BLOCK,
        "BIGTIFF": "IF_SAFER",
    }
    try:
        _write(path, variable, dtype, profile)
    except (RasterioError, CPLE_BaseError, OSError) as error:
        free = shutil.disk_usage(path.parent).free / 1e6 if path.parent.is_dir() else 0.0
        raise WorkspaceError(
            f"{path} can't be written ({free:,.0f} MB are free on its disk)",
            hint="Make room or mend the folder, then give the same command again; what is there is used again.",
        ) from error
    return path


def _write(path: Path, variable: xr.DataArray, dtype: np.dtype[Any], profile: dict[str, Any]) -> None:
    import rasterio.shutil
    from rasterio.windows import Window

    height, width = variable.shape
    # The COG driver only copies, so the pixels go into a plain file first, a strip of rows at a time.
    with replacing(path) as final, tempfile.TemporaryDirectory(prefix=PREFIX, dir=path.parent) as scratch:
        plain = Path(scratch) / "plain.tif"
        with rasterio.open(plain, "w", **profile) as target:
            for row in range(0, height, _ROWS):
                rows = variable.isel(y=slice(row, row + _ROWS))
                target.write(_encode(rows.values, dtype), 1, window=Window(0, row, width, rows.sizes["y"]))
            _describe(target, variable)
        rasterio.shutil.copy(
            plain,
            final,
            driver="COG",
            blocksize=_BLOCK,
            compress="DEFLATE",
            predictor="YES",
            overviews="IGNORE_EXISTING",
            overview_resampling="AVERAGE" if np.issubdtype(dtype, np.floating) else "NEAREST",
            bigtiff="IF_SAFER",
        )


def _storage(dtype: np.dtype[Any]) -> tuple[np.dtype[Any], float]:
    if np.issubdtype(dtype, np.datetime64):
        return np.dtype(np.int32), 0
    if dtype == np.bool_ or dtype == np.uint8:
        return np.dtype(np.uint8), 255
    if np.issubdtype(dtype, np.integer):
        return np.dtype(np.int32), np.iinfo(np.int32).min
    return np.dtype(np.float32), float("nan")


def _encode(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if np.issubdtype(values.dtype, np.datetime64):
        return _yyyymmdd(values)
    return values.astype(dtype)


def _yyyymmdd(times: NDArray[np.datetime64]) -> NDArray[np.int32]:
    """Dates as whole numbers such as 20230409, NaT as 0."""
    missing = np.isnat(times)
    day = np.where(missing, np.datetime64("1970-01-01", "D"), times.astype("datetime64[D]"))
    month = day.astype("datetime64[M]")
    months = month.astype(np.int64)
    number = (months // 12 + 1970) * 10_000 + (months % 12 + 1) * 100 + (day - month).astype(np.int64) + 1
    return np.where(missing, 0, number).astype(np.int32)


def _describe(target: Any, variable: xr.DataArray) -> None:
    attributes = variable.attrs
    dates = np.issubdtype(variable.dtype, np.datetime64)
    long_name = str(attributes.get("long_name", variable.name))
    target.set_band_description(1, long_name)
    units = "YYYYMMDD" if dates else str(attributes.get("units", ""))
    target.set_band_unit(1, units)
    target.update_tags(1, variable=str(variable.name), long_name=long_name, units=units)
    if "flag_values" in attributes:
        values = [int(value) for value in np.atleast_1d(attributes["flag_values"])]
        meanings = str(attributes.get("flag_meanings", "")).split()
        if variable.dtype == np.uint8:
            target.write_colormap(1, _colours(values, meanings))
            from rasterio.enums import ColorInterp

            target.colorinterp = [ColorInterp.palette]
        target.update_tags(1, **{f"class_{value}": name for value, name in zip(values, meanings, strict=False)})


_KNOWN_COLOURS = {
    "water": (70, 120, 170),
    "open_water": (70, 120, 170),
    "tidal_flat": (190, 175, 120),
    "tidal": (190, 175, 120),
    "vegetation": (110, 155, 90),
    "bare": (200, 190, 180),
    "built": (150, 90, 80),
    "land": (175, 165, 140),
}


def _colours(values: list[int], meanings: list[str]) -> dict[int, tuple[int, int, int, int]]:
    """A colour a class: the usual one where its name is known, else one of evenly spread hues."""
    names = [*meanings, *[""] * (len(values) - len(meanings))]
    table = {}
    for place, (value, name) in enumerate(zip(values, names, strict=False)):
        spread = tuple(round(255 * part) for part in colorsys.hsv_to_rgb(place * 0.618 % 1, 0.45, 0.8))
        red, green, blue = _KNOWN_COLOURS.get(name, spread)
        table[value] = (red, green, blue, 255)
    return table
