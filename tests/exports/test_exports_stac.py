"""The catalogue of change rasters, read by pystac."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import places
import pystac
import pytest
import rioxarray  # noqa: F401  (the accessor `rio`)
import xarray as xr

from sitewatch.errors import ExportError
from sitewatch.exports import write_stac
from sitewatch.record import write_raster

SPAN = (dt.datetime(2023, 1, 1, tzinfo=dt.UTC), dt.datetime(2023, 4, 1, 5, tzinfo=dt.UTC))


def raster(folder: Path, track: str, name: str) -> Path:
    x, y = 500_005.0 + 10.0 * np.arange(20), 4_999_995.0 - 10.0 * np.arange(30)
    values = xr.DataArray(
        np.ones((30, 20), np.float32), {"y": y, "x": x}, ("y", "x"), name, {"units": "dB", "long_name": f"{name} of it"}
    )
    return write_raster(folder / f"{track}_{name}.tif", values.rio.write_crs("EPSG:32626"))


def test_each_track_is_an_item_whose_assets_lead_to_its_rasters(tmp_path: Path) -> None:
    (tmp_path / "change").mkdir()
    rasters = [raster(tmp_path / "change", track, name) for track in ("a-1", "b-2") for name in ("step_db_VV", "z_VV")]
    paths = write_stac(tmp_path / "out" / "stac", places.SITE, rasters, *SPAN)
    collection = pystac.Collection.from_file(str(paths[0]))
    items = {item.id: item for item in collection.get_items()}
    assert set(items) == {"a-1", "b-2"}
    asset = items["a-1"].assets["step_db_VV"]
    assert Path(str(asset.get_absolute_href())).resolve() == rasters[0]
    assert (asset.extra_fields["unit"], asset.title) == ("dB", "step_db_VV of it")
    assert items["a-1"].properties["proj:code"] == "EPSG:32626"
    assert items["a-1"].properties["proj:shape"] == [30, 20]
    assert items["a-1"].common_metadata.end_datetime == SPAN[1]
    west, south, east, north = items["a-1"].bbox or ()
    assert -27.01 < west < east < -26.98
    assert 45.1 < south < north < 45.2


def test_without_rasters_there_is_nothing_to_catalogue(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no raster"):
        write_stac(tmp_path, places.SITE, [], *SPAN)
