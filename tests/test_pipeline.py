"""The stages in a row, on real files of a simulated coast."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import pydantic
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.errors import ChangeError, SceneError, StructureError, WorkspaceError
from sitewatch.geodesy import area_m2
from sitewatch.pipeline import RunOptions, RunResult, date_polygon, run_site
from sitewatch.record import Workspace, known_files, list_runs
from sitewatch.scenes import Hints
from sitewatch.site import Site


@pytest.fixture(scope="module")
def site(small_coast: Path) -> Site:
    return Site.read(small_coast / "site.geojson")


@pytest.fixture(scope="module")
def pier(small_coast: Path) -> tuple[shapely.Polygon, dict[str, str]]:
    feature = json.loads((small_coast / "truth.geojson").read_text())["features"][0]
    return shapely.geometry.shape(feature["geometry"]), feature["properties"]


@pytest.fixture(scope="module")
def result(small_coast: Path, site: Site, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    broken = tmp_path_factory.mktemp("more") / "S1A_20230501.tif"
    broken.touch()
    return run_site(site, [small_coast / "scenes", broken], tmp_path_factory.mktemp("run"), command="a test")


def test_every_part_of_the_workspace_is_written(result: RunResult) -> None:
    assert result.workspace is not None
    folder = result.workspace.folder
    for name in (
        "workspace.json",
        "record.sqlite",
        "site.geojson",
        "scenes.geojson",
        "structures.geojson",
        "centrelines.geojson",
        "dossier.html",
    ):
        assert (folder / name).stat().st_size > 0
    assert list((folder / "stacks").glob("*.zarr"))
    assert list((folder / "change").glob("*_first_date.tif"))
    assert not [path for path in folder.rglob("*") if path.name.endswith((".tmp", ".part", ".partial"))]


def test_a_bad_image_is_set_aside_with_its_reason_and_the_rest_is_used(result: RunResult) -> None:
    assert len(result.scenes) == 16
    assert [Path(entry.source).name for entry in result.left_out] == ["S1A_20230501.tif"]
    assert result.workspace is not None
    features = json.loads(result.workspace.scenes_path.read_text())["features"]
    assert [feature["properties"]["sitewatch:used"] for feature in features] == [True] * 16 + [False]


def test_the_history_says_what_was_run_on_which_files(result: RunResult) -> None:
    assert result.workspace is not None
    workspace = Workspace.open(result.workspace.folder)
    with workspace.record() as record:
        (run,) = list_runs(record, workspace.uid)
        files = known_files(record, workspace.uid)
    assert run.scenes == 16
    assert run.command == "a test"
    assert run.parameters["alpha"] == 0.01
    assert sum(run.counts.values()) == len(result.structures)
    assert [entry["reason"] for entry in run.left_out] == [entry.reason for entry in result.left_out]
    assert len({file.sha256 for file in files.values()}) == 16


def test_change_rasters_lie_on_the_grid_of_the_images(result: RunResult, small_coast: Path) -> None:
    assert result.workspace is not None
    raster_file = next(result.workspace.change_folder.glob("*_p_value.tif"))
    image_file = next((small_coast / "scenes").glob("*.tif"))
    with rasterio.open(raster_file) as raster, rasterio.open(image_file) as image:
        assert raster.crs == image.crs
        assert raster.res == image.res
        assert (raster.bounds.left - image.bounds.left) % image.res[0] == 0


def test_running_again_gives_the_same_bytes_and_a_second_entry_in_the_history(
    result: RunResult, site: Site, small_coast: Path
) -> None:
    assert result.workspace is not None
    before = result.workspace.structures_path.read_bytes()
    stack = next(result.workspace.stacks_folder.glob("*.zarr/VV/c/**/*[0-9]"))
    written = stack.stat().st_mtime_ns
    run_site(site, [small_coast / "scenes"], result.workspace.folder)
    assert result.workspace.structures_path.read_bytes() == before
    assert stack.stat().st_mtime_ns == written
    with result.workspace.record() as record:
        assert [run.number for run in list_runs(record, result.workspace.uid)] == [1, 2]


def test_a_drawn_footprint_is_dated_to_the_gap_that_is_true(
    site: Site, small_coast: Path, pier: tuple[shapely.Polygon, dict[str, str]]
) -> None:
    polygon, truth = pier
    dated = date_polygon(site, polygon, [small_coast / "scenes"])
    (structure,) = dated.structures
    assert structure.onset is not None
    assert structure.onset.earliest < dt.date.fromisoformat(truth["onset_latest"])
    assert structure.onset.latest > dt.date.fromisoformat(truth["onset_earliest"])
    assert dated.workspace is None


def test_a_footprint_outside_the_site_is_refused_before_any_image_is_read(site: Site) -> None:
    with pytest.raises(StructureError, match="outside the site"):
        date_polygon(site, shapely.box(10, 50, 10.1, 50.1), ["no-such-folder"])


def test_images_that_the_options_leave_out_are_told(site: Site, small_coast: Path, tmp_path: Path) -> None:
    options = RunOptions(until=dt.date(2023, 3, 1), since=dt.date(2023, 1, 20))
    with pytest.raises(SceneError, match=r"leave out every image .*its track"):
        run_site(site, [small_coast / "scenes"], tmp_path, options=options.model_copy(update={"tracks": ("none",)}))
    unused = json.loads((tmp_path / "scenes.geojson").read_text())["features"]
    assert len(unused) == 16


def test_one_single_image_is_no_series(site: Site, small_coast: Path, tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="1 image"):
        run_site(site, [next((small_coast / "scenes").glob("*.tif"))], tmp_path)


def test_another_folder_is_not_written_into(site: Site, small_coast: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(WorkspaceError):
        run_site(site, [small_coast / "scenes"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_options_refuse_what_they_do_not_know_and_what_makes_no_sense() -> None:
    with pytest.raises(pydantic.ValidationError, match="alhpa"):
        RunOptions(alhpa=0.1)  # type: ignore[call-arg]
    with pytest.raises(pydantic.ValidationError):
        RunOptions(alpha=0)


def test_options_print_as_plain_values() -> None:
    options = RunOptions(since=dt.date(2023, 1, 1), hints=Hints(units="dB"))
    assert json.loads(json.dumps(options.as_parameters())) == {
        "alpha": 0.01,
        "false_rate": None,
        "tracks": [],
        "since": "2023-01-01",
        "until": None,
        "units": "dB",
    }


@given(rate=st.floats(1e-9, 1e3), area_km2=st.floats(1e-3, 1e5), years=st.floats(0.01, 30))
def test_a_rate_of_false_structures_is_the_chance_of_one_or_more(rate: float, area_km2: float, years: float) -> None:
    alpha = RunOptions(false_rate=rate).alpha_over(area_km2, years)
    expected = rate * area_km2 * years
    assert 0 < alpha <= 0.5
    if expected < 0.01:
        assert alpha == pytest.approx(expected, rel=0.01)
    assert alpha <= RunOptions(false_rate=rate).alpha_over(2 * area_km2, years)


def test_without_a_rate_alpha_holds_whatever_the_area() -> None:
    assert RunOptions(alpha=0.03).alpha_over(1e4, 20) == 0.03


def test_a_rate_asked_for_is_told_as_the_chance_it_amounts_to(small_coast: Path, site: Site, tmp_path: Path) -> None:
    result = run_site(site, [small_coast / "scenes"], tmp_path / "w", options=RunOptions(false_rate=0.01))
    (note,) = [note for note in result.notes if "per km² and year" in note]
    years = 15 * 16 / 365.25
    alpha = -math.expm1(-0.01 * area_m2(site.area) / 1e6 * years)
    assert f"alpha = {alpha:.3g}" in note
