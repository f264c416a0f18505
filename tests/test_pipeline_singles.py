"""Images of tracks of one or two, from files to the record and the report."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
import shapely

from sitewatch.pipeline import date_polygon, run_site
from sitewatch.simulate import Acquisitions, revisit_dates, simulate_coast, single_views, write_scenario
from sitewatch.site import Site

DATES = revisit_dates(count=16, every_days=16, missed=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A coast with a pier: one track of sixteen images, six single images of two sensors."""
    singles = [
        Acquisitions(view, (DATES[0] + dt.timedelta(days=35 * number + 4),))
        for number, view in enumerate(single_views(6))
    ]
    scenario = simulate_coast(5, dates=DATES, shape=(90, 90), works=("pier",), singles=singles, name="single-coast")
    return write_scenario(scenario, tmp_path_factory.mktemp("singles"))


@pytest.fixture(scope="module")
def pier(folder: Path) -> shapely.Polygon:
    feature = json.loads((folder / "truth.geojson").read_text())["features"][0]
    return shapely.geometry.shape(feature["geometry"])


def test_a_run_judges_single_images_within_themselves_and_says_so(folder: Path, tmp_path: Path) -> None:
    result = run_site(Site.read(folder / "site.geojson"), [folder / "scenes"], tmp_path / "out")
    assert len(result.scenes) == 22
    assert not result.left_out
    assert any("judged within each image" in note for note in result.notes)
    judged = [s for s in result.structures if s.single_images]
    assert judged
    features = json.loads((tmp_path / "out" / "structures.geojson").read_text())["features"]
    written = [f["properties"]["single_images"] for f in features if "single_images" in f["properties"]]
    assert len(written) == len(judged)
    assert {"date", "scene", "track", "log_ratio"} == set(written[0][0])
    assert "each judged within itself" in (tmp_path / "out" / "dossier.html").read_text()


def test_a_drawn_footprint_is_dated_from_single_images_alone(
    folder: Path, pier: shapely.Polygon, tmp_path: Path
) -> None:
    files = [path for path in (folder / "scenes").glob("*.tif") if "_3" in path.stem[len("single-coast") :][:3]]
    assert len(files) == 6
    (structure,) = date_polygon(
        Site.read(folder / "site.geojson"), pier, files, tmp_path / "out", name="pier"
    ).structures
    assert len(structure.single_images) == 6
    assert len({image.track for image in structure.single_images}) == 6
    assert dataclasses.astuple(structure.area_m2)[0] > 0
    assert (tmp_path / "out" / "dated" / "pier.html").exists()
