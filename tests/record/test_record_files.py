"""What a result rests on: equal inputs have equal hashes, and anything else has another."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from odc.geo.geobox import GeoBox

from sitewatch.record import all_known, input_hash, scene_jobs
from sitewatch.scenes import Band, Scene, Track
from sitewatch.scenes._geocode import RadarReader
from sitewatch.scenes._radar_image import RadarImage, TiePoint
from sitewatch.scenes._terrain import Terrain

AREA = shapely.box(124.70, 39.65, 124.72, 39.67)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An image in radar geometry, laid on the heights in `dem.tif`."""
    for name in ("image.tif", "dem.tif"):
        (tmp_path / name).write_text(name)
    ties = (TiePoint(0, 0, 124.70, 39.67), TiePoint(9, 9, 124.72, 39.65))
    image = RadarImage((10, 10), ties, 0.0, Terrain(str(tmp_path / "dem.tif")))
    return Scene(
        id="scene-1",
        datetime=dt.datetime(2025, 7, 9, 12, tzinfo=dt.UTC),
        track=Track("iceye", "SLH", 0, "descending", "right", 32, 80),
        bands=(Band("VV", str(tmp_path / "image.tif"), unit="amplitude"),),
        geobox=GeoBox.from_bbox(AREA.bounds, "EPSG:4326", shape=(20, 20)),
        footprint=AREA,
        quantity="gamma0",
        reader=RadarReader(str(tmp_path / "image.tif"), image),
    )


def on_ground(scene: Scene, terrain: Terrain) -> Scene:
    assert isinstance(scene.reader, RadarReader)
    image = dataclasses.replace(scene.reader.image, terrain=terrain)
    return dataclasses.replace(scene, reader=dataclasses.replace(scene.reader, image=image))


def hash_of(*scenes: Scene) -> str:
    described = [describe() for describe in scene_jobs(scenes, {})]
    return input_hash(shapely.to_wkb(AREA), described, {"alpha": 0.01}, "1.0")


def test_an_elevation_model_that_holds_other_heights_is_another_input(scene: Scene, tmp_path: Path) -> None:
    before = hash_of(scene)
    (described,) = (describe() for describe in scene_jobs([scene], {}))
    known = {file.path: file for file in described.files}
    assert all_known([scene], known)
    (tmp_path / "dem.tif").write_text("other heights")
    assert not all_known([scene], known)
    assert hash_of(scene) != before


def test_a_file_under_another_name_is_the_same_input(scene: Scene, tmp_path: Path) -> None:
    moved = (tmp_path / "image.tif").rename(tmp_path / "moved.tif")
    bands = (dataclasses.replace(scene.bands[0], href=str(moved)),)
    before = dataclasses.replace(scene, bands=bands)
    (tmp_path / "image.tif").write_bytes(moved.read_bytes())
    assert hash_of(before) == hash_of(scene)


@pytest.mark.parametrize(
    "changed",
    [
        lambda s: dataclasses.replace(s, bands=(dataclasses.replace(s.bands[0], unit="dB"),)),
        lambda s: dataclasses.replace(s, bands=(dataclasses.replace(s.bands[0], scale=2.0),)),
        lambda s: dataclasses.replace(s, bands=(dataclasses.replace(s.bands[0], polarisation="HH"),)),
        lambda s: dataclasses.replace(s, bands=(dataclasses.replace(s.bands[0], nodata=0.0),)),
        lambda s: dataclasses.replace(s, quantity="sigma0"),
        lambda s: dataclasses.replace(s, datetime=s.datetime + dt.timedelta(days=1)),
        lambda s: dataclasses.replace(s, track=dataclasses.replace(s.track, orbit_state="ascending")),
        lambda s: on_ground(s, Terrain(12.0)),
        lambda s: on_ground(s, dataclasses.replace(s.reader.terrain, datum=20.0)),
    ],
    ids=["unit", "scale", "polarisation", "nodata", "quantity", "time", "track", "height", "datum"],
)
def test_the_same_bytes_read_otherwise_are_another_input(scene: Scene, changed: Callable[[Scene], Scene]) -> None:
    assert hash_of(changed(scene)) != hash_of(scene)
