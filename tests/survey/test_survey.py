"""A survey finds the same whatever the tiles and whoever works, goes on where it was cut, and loses nothing."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from surveyed_area import BUILT, agree, told

from sitewatch.change import detect_change
from sitewatch.errors import ChangeError, SurveyError
from sitewatch.simulate import write_area
from sitewatch.site import Site
from sitewatch.stack import open_stack
from sitewatch.structures import find_structures
from sitewatch.structures._map import to_degrees
from sitewatch.survey import SurveyResult, _survey, survey_stacks


def test_what_lies_on_seams_comes_out_once_and_whole(surveyed: tuple[SurveyResult, Path], area: Path) -> None:
    confirmed = [one for one in surveyed[0].structures if one.status == "confirmed"]
    geobox = open_stack(area).odc.geobox
    for one in BUILT:
        corners = [(one.column, one.row), (one.column + one.width, one.row + one.height)]
        (left, top), (right, bottom) = (geobox.transform * corner for corner in corners)
        truth = to_degrees(shapely.box(left, bottom, right, top), geobox)
        there = [s for s in confirmed if s.footprint.intersects(truth)]
        assert len(there) == 1
        found = there[0].footprint
        assert found.intersection(truth).area / found.union(truth).area > 0.8
    assert len(confirmed) == len(BUILT)


def test_other_tiles_give_the_very_same(
    surveyed: tuple[SurveyResult, Path], area: Path, site: Site, tmp_path: Path
) -> None:
    other = survey_stacks(site, [str(area)], str(tmp_path), tile=1536)
    assert (surveyed[0].tiles, other.tiles) == (6, 1)
    assert told(other) == told(surveyed[0])
    assert (tmp_path / "structures.geojson").read_bytes() == (surveyed[1] / "structures.geojson").read_bytes()


def test_it_finds_what_a_run_on_the_whole_finds(surveyed: tuple[SurveyResult, Path], area: Path, site: Site) -> None:
    stack = open_stack(area, chunks=None)
    whole = find_structures(site, [stack], [detect_change(stack)])
    of_whole = dataclasses.replace(surveyed[0], structures=whole)
    tiled, at_once = ([one for one in told(some) if one["status"] != "rejected"] for some in (surveyed[0], of_whole))
    assert agree(tiled, at_once)
    assert len(tiled) >= len(BUILT)


def test_what_is_finished_is_not_done_again(
    surveyed: tuple[SurveyResult, Path], area: Path, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Path(shutil.copytree(surveyed[1], tmp_path / "out"))
    cut = out / "tiles" / "simulated-98" / "0-512-512.json"
    cut.write_text(cut.read_text()[:20])
    done: list[str] = []
    from sitewatch.survey import _tiles

    real = _tiles.scan_stack

    def counting(part: Any, *others: Any, **named: Any) -> Any:
        done.append(f"{part.sizes}")
        return real(part, *others, **named)

    monkeypatch.setattr(_tiles, "scan_stack", counting)
    again = survey_stacks(site, [str(area)], str(out), tile=512)
    assert len(done) == 1
    assert told(again) == told(surveyed[0])


def test_a_tile_that_fails_is_listed_and_tried_again(
    surveyed: tuple[SurveyResult, Path], area: Path, site: Site, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(surveyed[1], tmp_path / "out"))
    (out / "tiles" / "simulated-98" / "0-0-512.json").unlink()
    in_the_way = out / "change" / "simulated-98.zarr" / "omnibus_p_value" / "c" / "0" / "0"
    in_the_way.unlink()
    (in_the_way / "a file").mkdir(parents=True)
    first = survey_stacks(site, [str(area)], str(out), tile=512)
    assert [(one.stage, one.rows, one.columns) for one in first.lost] == [("change", (0, 512), (0, 512))]
    assert json.loads((out / "survey.json").read_text())["lost"][0]["reason"]
    shutil.rmtree(in_the_way)
    second = survey_stacks(site, [str(area)], str(out), tile=512)
    assert second.lost == ()
    assert told(second) == told(surveyed[0])


def test_a_damaged_stack_is_named(site: Site, tmp_path: Path) -> None:
    write_area(tmp_path / "b.zarr", (64, 64), 3, polarisations=("VV",))
    (tmp_path / "b.zarr" / "VV" / "c" / "0" / "0" / "0").write_bytes(b"damaged")
    with pytest.raises(SurveyError, match=r"b\.zarr can't be read"):
        survey_stacks(site, [str(tmp_path / "b.zarr")], str(tmp_path / "out"))


def test_no_tile_is_cut_through_a_chunk(area: Path, site: Site, tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="whole chunks"):
        survey_stacks(site, [str(area)], str(tmp_path), tile=700)


def test_tracks_on_other_grids_are_refused(area: Path, site: Site, tmp_path: Path) -> None:
    write_area(tmp_path / "b.zarr", (64, 64), 3)
    with pytest.raises(SurveyError, match="grid"):
        survey_stacks(site, [str(area), str(tmp_path / "b.zarr")], str(tmp_path / "out"))


def test_two_images_are_too_few(site: Site, tmp_path: Path) -> None:
    write_area(tmp_path / "b.zarr", (64, 64), 2)
    with pytest.raises(ChangeError, match="needs 3"):
        survey_stacks(site, [str(tmp_path / "b.zarr")], str(tmp_path / "out"))


def test_structures_that_share_a_name_by_chance_are_told_apart(surveyed: tuple[SurveyResult, Path]) -> None:
    one = surveyed[0].structures[0]
    named = [s.id for s in _survey._named_apart([one, dataclasses.replace(one), one])]
    assert named == [one.id, f"{one.id}-2", f"{one.id}-3"]
    assert np.unique([s.id for s in surveyed[0].structures]).size == len(surveyed[0].structures)


def test_notes_on_a_store_that_is_gone_are_not_believed(
    surveyed: tuple[SurveyResult, Path], area: Path, site: Site, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(surveyed[1], tmp_path / "out"))
    shutil.rmtree(out / "change")
    assert told(survey_stacks(site, [str(area)], str(out), tile=512)) == told(surveyed[0])
