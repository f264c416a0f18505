"""Elevation models as users name them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pystac
import pytest

from sitewatch.errors import SceneError
from sitewatch.scenes import Hints
from sitewatch.scenes._dem import terrain_named

WriteTiff = Callable[..., Path]

HEIGHTS = np.full((1, 40, 30), 12.0, np.float32)


@pytest.mark.parametrize(
    ("name", "datum"),
    [
        ("Copernicus_DSM_COG_10_N34_00_E036_00_DEM.tif", "egm2008"),
        ("NASADEM_HGT_n34e036.tif", "egm96"),
        ("ALPSMLC30_N034E036_DSM.tif", "egm96"),
    ],
)
def test_providers_names_tell_the_datum_where_the_file_does_not(write_tiff: WriteTiff, name: str, datum: str) -> None:
    path = str(write_tiff(name, HEIGHTS))
    assert terrain_named(path).datum == datum
    assert terrain_named(path, "21.5").datum == 21.5


def test_a_file_that_nothing_is_known_of_is_not_guessed_at(write_tiff: WriteTiff) -> None:
    path = str(write_tiff("dem.tif", HEIGHTS))
    with pytest.raises(SceneError, match=r"nothing says what the heights in dem\.tif are measured from"):
        Hints(dem=path)
    assert Hints(dem=path, dem_datum="ellipsoid").terrain is not None


def test_a_stac_item_stands_for_its_one_raster(write_tiff: WriteTiff, tmp_path: Path) -> None:
    path = write_tiff("Copernicus_DSM_COG_10_N34_00_E036_00_DEM.tif", HEIGHTS)
    item = pystac.Item("dem", None, None, dt.datetime(2021, 4, 22, tzinfo=dt.UTC), {})
    item.add_asset("data", pystac.Asset(path.name, media_type=pystac.MediaType.COG, roles=["data"]))
    target = tmp_path / "item.json"
    item.save_object(include_self_link=False, dest_href=str(target))
    terrain = terrain_named(str(target))
    assert (terrain.source, terrain.datum) == (str(path), "egm2008")
    item.add_asset("other", pystac.Asset("b.tif", media_type=pystac.MediaType.COG, roles=["data"]))
    item.save_object(include_self_link=False, dest_href=str(tmp_path / "two.json"))
    with pytest.raises(SceneError, match="2 rasters"):
        terrain_named(str(tmp_path / "two.json"))
