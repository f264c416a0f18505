"""What a first user does wrong: nothing is lost by it, and nothing untrue is told."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import rasterio
import shapely

from sitewatch.cli._shared import Screen
from sitewatch.cli._summary import print_structures
from sitewatch.cli._terminal import Terminal
from sitewatch.errors import SceneError, SitewatchError
from sitewatch.pipeline import date_polygon, run_site
from sitewatch.record import Workspace
from sitewatch.report import answer_words
from sitewatch.site import Site
from sitewatch.structures import Measure, Structure


@pytest.fixture(scope="module")
def site(small_coast: Path) -> Site:
    return Site.read(small_coast / "site.geojson")


@pytest.fixture(scope="module")
def pier(small_coast: Path) -> shapely.Polygon:
    feature = json.loads((small_coast / "truth.geojson").read_text())["features"][0]
    outline = shapely.geometry.shape(feature["geometry"])
    assert isinstance(outline, shapely.Polygon)
    return outline


@pytest.fixture
def images(small_coast: Path, tmp_path: Path) -> Path:
    """A folder with copies of six images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for file in sorted((small_coast / "scenes").glob("*.tif"))[:6]:
        shutil.copy(file, folder)
    return folder


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_later_run_that_finds_no_image_leaves_the_earlier_result_as_it_was(
    site: Site, images: Path, tmp_path: Path
) -> None:
    run_site(site, [images], tmp_path / "out")
    before = files_of(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    (images / "empty.tif").touch()
    for wrong in (tmp_path / "empty", images / "empty.tif"):
        with pytest.raises(SceneError):
            run_site(site, [wrong], tmp_path / "out")
    assert files_of(tmp_path / "out") == before


def test_images_that_miss_the_site_are_not_recorded_as_used(images: Path, tmp_path: Path) -> None:
    with pytest.raises(SitewatchError, match="misses the site"):
        run_site(Site.read("bbox:10,10,10.1,10.1"), [images], tmp_path / "out")
    features = json.loads((tmp_path / "out" / "scenes.geojson").read_text())["features"]
    assert not any(feature["properties"]["sitewatch:used"] for feature in features)


def test_an_image_of_a_track_of_its_own_is_judged_by_itself_and_that_is_told(
    site: Site, images: Path, tmp_path: Path
) -> None:
    lonely = sorted(images.iterdir())[2]
    with rasterio.open(lonely, "r+") as image:
        image.update_tags(RELATIVE_ORBIT="37", ORBIT_STATE="ascending")
    result = run_site(site, [images], tmp_path / "out")
    assert len(result.scenes) == 6
    assert result.left_out == ()
    assert sum("judged within each image" in note for note in result.notes) == 1
    features = json.loads((tmp_path / "out" / "scenes.geojson").read_text())["features"]
    assert sum(feature["properties"]["sitewatch:used"] for feature in features) == 6


def test_a_guess_is_told_once(site: Site, images: Path, tmp_path: Path) -> None:
    for file in sorted(images.iterdir())[:2]:
        with rasterio.open(file, "r+") as image:
            image.update_tags(UNITS="")
    result = run_site(site, [images], tmp_path / "out")
    assert sum("units guessed" in note for note in result.notes) == 1
    page = (tmp_path / "out" / "dossier.html").read_text()
    assert page.count("units guessed") == 1
    assert page.count("registration:") == 1


@pytest.mark.parametrize("name", ["../../stolen", "pier/north", "", "..", "a" * 300])
def test_the_name_of_a_footprint_never_leads_out_of_the_workspace(
    site: Site, pier: shapely.Polygon, images: Path, tmp_path: Path, name: str
) -> None:
    result = date_polygon(site, pier, [images], tmp_path / "deep" / "er" / "out", name=name)
    folder = tmp_path / "deep" / "er" / "out" / "dated"
    assert result.dossier is not None
    assert result.dossier.parent == folder
    assert sorted(path.suffix for path in folder.iterdir()) == [".geojson", ".html"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["er"]


def test_the_part_of_a_footprint_that_the_site_cuts_off_is_told(
    site: Site, pier: shapely.Polygon, images: Path
) -> None:
    west, south, east, north = site.area.bounds
    beyond = shapely.box(west + 0.6 * (east - west), south, east + 0.4 * (east - west), north)
    assert any("50% of the footprint lie outside the site" in n for n in date_polygon(site, beyond, [images]).notes)
    assert not any("outside the site" in n for n in date_polygon(site, pier, [images]).notes)


def test_a_site_that_was_cut_short_before_any_result_can_be_run_with_another_area(
    site: Site, images: Path, tmp_path: Path
) -> None:
    with pytest.raises(SitewatchError):
        run_site(Site.read("bbox:10,10,10.1,10.1"), [images], tmp_path / "out")
    run_site(site, [images], tmp_path / "out")
    assert Workspace.open(tmp_path / "out").site == site


def test_a_site_too_small_to_learn_its_noise_from_is_told_so(site: Site, images: Path, tmp_path: Path) -> None:
    x, y = site.area.centroid.coords[0]
    small = Site.read(f"bbox:{x},{y},{x + 0.0002},{y + 0.0002}")
    result = run_site(small, [images], tmp_path / "small")
    assert any("too few to learn from them what noise and seasons do" in note for note in result.notes)


def test_a_long_list_of_candidates_is_cut_on_the_screen_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = Structure(
        id="building-0",
        kind="building",
        status="candidate",
        footprint=shapely.box(0, 0, 1e-4, 1e-4),
        area_m2=Measure(100.0, 10.0),
        length_m=Measure(10.0, 1.0),
        width_m=Measure(10.0, 1.0),
        growth=(),
        levels=(),
        p_value=1e-3,
    )
    many = [dataclasses.replace(one, id=f"building-{i}", area_m2=Measure(100.0 + i, 10.0)) for i in range(30)]
    print_structures(Terminal.of(Screen()), many)
    told = capsys.readouterr().out
    assert sum("candidate" in line and line.startswith("building-") for line in told.splitlines()) == 10
    assert "building-29" in told
    assert "building-3 " not in told
    assert "the other 20" in " ".join(told.split())


def test_where_nothing_is_confirmed_the_smallest_that_would_have_shown_is_told(
    site: Site, pier: shapely.Polygon, small_coast: Path, tmp_path: Path
) -> None:
    west, south, east, north = site.area.bounds
    x, y = (west + east) / 2, (south + north) / 2
    quarters = [(west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north)]
    away = max(quarters, key=lambda box: shapely.box(*box).distance(pier))
    result = run_site(Site.read(f"bbox:{','.join(map(str, away))}"), [small_coast / "scenes"], tmp_path / "away")
    assert not any(structure.status == "confirmed" for structure in result.structures)
    assert {one.sought.kind for one in result.detectable} == {"pier", "building", "road"}
    page = (tmp_path / "away" / "dossier.html").read_text()
    for one in result.detectable:
        assert (answer_words(one) in page) == bool(one.share)
