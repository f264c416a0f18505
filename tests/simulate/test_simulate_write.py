from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer

from sitewatch.errors import WorkspaceError
from sitewatch.scenes import open_scene
from sitewatch.simulate import ASCENDING, Acquisitions, Scenario, revisit_dates, simulate_coast, write_scenario


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    second = Acquisitions(ASCENDING, revisit_dates(ASCENDING, start=dt.date(2023, 1, 13), count=5))
    return simulate_coast(3, dates=revisit_dates(seed=3, count=40, every_days=18), shape=(150, 140), others=(second,))


@pytest.fixture(scope="module")
def folder(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenario(scenario, tmp_path_factory.mktemp("scenario"))


def scene_files(folder: Path) -> list[Path]:
    return sorted((folder / "scenes").glob("*.tif"))


def test_each_date_is_one_file_with_its_bands_grid_and_tags(scenario: Scenario, folder: Path) -> None:
    files = scene_files(folder)
    assert len(files) == len(scenario.dates)
    assert not list(folder.rglob("*.part"))
    stack = scenario.stack
    name = str(stack["scene"].to_numpy()[7])
    with rasterio.open(folder / "scenes" / f"{name}.tif") as file:
        assert file.descriptions == ("VV", "VH")
        assert file.dtypes == ("float32", "float32")
        assert file.crs.to_epsg() == scenario.geobox.crs.to_epsg()
        assert tuple(file.transform) == tuple(scenario.geobox.transform)
        for band, pol in enumerate(("VV", "VH"), 1):
            np.testing.assert_array_equal(file.read(band), stack[pol].isel(time=7))
        tags = file.tags()
    assert dt.datetime.fromisoformat(tags["ACQUISITION_DATETIME"]) == revisit_dates(seed=3, count=40, every_days=18)[7]
    assert tags["QUANTITY"] == "gamma0"
    assert tags["UNITS"] == "linear"
    assert tags["PLATFORM"] == "simulated"
    assert tags["ORBIT_STATE"] == "descending"
    assert float(tags["ENL"]) == scenario.views[0].enl


def test_the_scenes_reader_understands_the_files_without_help(scenario: Scenario, folder: Path) -> None:
    scenes = [open_scene(path) for path in scene_files(folder)]
    assert {scene.track for scene in scenes} == {view.track for view in scenario.views}
    assert sorted(scene.datetime for scene in scenes) == list(scenario.dates)
    for scene in scenes:
        assert scene.polarisations == ("VV", "VH")
        assert {band.unit for band in scene.bands} == {"linear"}
        assert scene.quantity == "gamma0"
        assert scene.enl == pytest.approx(4.4)
        assert scene.time_known


def test_the_truth_holds_what_a_scorer_reads(scenario: Scenario, folder: Path) -> None:
    truth = json.loads((folder / "truth.geojson").read_text(encoding="utf-8"))
    assert {"site", "crs", "pixel_m", "dates", "area_km2", "not_construction", "ignore"} <= set(truth["properties"])
    assert truth["properties"]["area_km2"] == pytest.approx(1.5 * 1.4)
    assert len(truth["features"]) == len(scenario.works) > 0
    project = Transformer.from_crs("EPSG:4326", truth["properties"]["crs"], always_xy=True).transform
    dates = {text[:10] for text in truth["properties"]["dates"]}
    for feature, work in zip(truth["features"], scenario.works, strict=True):
        told = feature["properties"]
        geometry = shapely.transform(shapely.geometry.shape(feature["geometry"]), project, interleaved=False)
        assert geometry.area == pytest.approx(work.area_m2, rel=1e-5)
        assert geometry.symmetric_difference(work.outline).area < 1e-3 * work.area_m2
        assert told["kind"] == work.kind
        assert told["onset_earliest"] < told["onset_latest"]
        assert {told["onset_earliest"], told["onset_latest"]} <= dates
        assert told["growth"][-1][1] == 1
        assert told["area_m2"] == work.area_m2
        assert told["length_m"] == work.length_m


def test_the_site_lies_in_degrees_inside_the_images(scenario: Scenario, folder: Path) -> None:
    site = json.loads((folder / "site.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["role"] for feature in site] == ["site"]
    area = shapely.geometry.shape(site[0]["geometry"])
    assert area.is_valid
    assert open_scene(scene_files(folder)[0]).footprint.buffer(1e-6).contains(area)


def test_progress_is_told_of_every_scene(scenario: Scenario, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_scenario(scenario, tmp_path, progress=lambda stage, done, total: told.append((done, total)))
    assert told == [(done, len(scenario.dates)) for done in range(1, len(scenario.dates) + 1)]


def test_a_folder_that_cannot_be_made_is_said(scenario: Scenario, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WorkspaceError, match="taken"):
        write_scenario(scenario, tmp_path / "taken" / "below")
