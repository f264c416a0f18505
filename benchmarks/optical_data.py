"""The real optical sets, written as files that sitewatch reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import shapely
import xarray as xr
from affine import Affine

from sitewatch.site import Site

ROMANIA = "s2-cube-romania/sentinel2_cube_subset_romania_10m.nc"
BANDS = {"B2": "B02", "B3": "B03", "B4": "B04", "B8": "B08", "SCL": "SCL"}


def open_romania(data: Path) -> xr.Dataset:
    """Open the cube: stored numbers, dims time, y, x."""
    with xr.open_dataset(data / ROMANIA) as cube:
        return cube.load()


def write_cube(cube: xr.Dataset, folder: Path) -> list[Path]:
    """Write each date as one GeoTIFF of reflectance times 10,000 with its scene classification as the last band."""
    folder.mkdir(parents=True, exist_ok=True)
    transform = transform_of(cube)
    crs = cube["spatial_ref"].attrs["spatial_ref"]
    paths = []
    for number, time in enumerate(cube["time"].values):
        path = folder / f"S2_L2A_{str(time)[:10].replace('-', '')}.tif"
        profile = {"driver": "GTiff", "dtype": "uint16", "count": len(BANDS), "crs": crs, "transform": transform}
        shape = {"height": cube.sizes["y"], "width": cube.sizes["x"], "compress": "deflate", "nodata": 0}
        with rasterio.open(path, "w", **profile, **shape) as target:
            for index, (name, description) in enumerate(BANDS.items(), start=1):
                values = np.nan_to_num(cube[name].isel(time=number).to_numpy())
                target.write(np.clip(values, 0, 65535).astype("uint16"), index)
                target.set_band_description(index, description)
        paths.append(path)
    return paths


def transform_of(cube: xr.Dataset) -> Affine:
    """Of a cube with pixel centres as coordinates."""
    x, y = cube["x"].to_numpy(), cube["y"].to_numpy()
    dx, dy = float(x[1] - x[0]), float(y[1] - y[0])
    return Affine(dx, 0, float(x[0]) - dx / 2, 0, dy, float(y[0]) - dy / 2)


def site_of(cube: xr.Dataset, name: str) -> Site:
    """The cube's whole area as a site."""
    from pyproj import Transformer

    x, y = cube["x"].to_numpy(), cube["y"].to_numpy()
    half = abs(float(x[1] - x[0])) / 2
    box = shapely.segmentize(shapely.box(x.min() - half, y.min() - half, x.max() + half, y.max() + half), 200.0)
    move = Transformer.from_crs(cube["spatial_ref"].attrs["spatial_ref"], "EPSG:4326", always_xy=True)
    lonlat = np.column_stack(move.transform(*shapely.get_coordinates(box).T))
    return Site(id=name, name=name, area=shapely.Polygon(lonlat))
