"""GeoParquet and the table of observations."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import places
import pytest

from sitewatch.errors import ExportError
from sitewatch.exports import scenes_by_day, write_geoparquet, write_observations


def test_geoparquet_comes_back_as_the_table_it_was(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = write_geoparquet(tmp_path / "port.parquet", [places.structure()])
    table = geopandas.read_parquet(path).set_index("id")
    assert table.crs == "EPSG:4326"
    assert table.loc["SW-0007", "geometry"].equals(places.structure().footprint)
    assert table.loc["SW-0007", "onset_latest"] == pd.Timestamp(places.DAYS[3])
    assert list(table.loc["SW-0007", "tracks"]) == [places.TRACK]


def test_geoparquet_says_its_version_and_boxes(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = write_geoparquet(tmp_path / "port.parquet", [places.structure()])
    geo = json.loads(parquet.read_metadata(path).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert "bbox" in geo["columns"]["geometry"]["covering"]


def test_no_structures_make_an_empty_geoparquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    assert geopandas.read_parquet(write_geoparquet(tmp_path / "none.parquet", [])).empty


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def without(name: str, *more: Any) -> Any:
        return None if name == "pyarrow" else real(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(ExportError) as failure:
        write_geoparquet(tmp_path / "port.parquet", [places.structure()])
    assert "sitewatch[parquet]" in failure.value.hint


def test_the_table_has_a_line_an_image_with_fraction_phase_and_scene(tmp_path: Path) -> None:
    scenes = {"SW-0007": {(places.DAYS[3], places.TRACK): "S1A_20230206;S1A_20230206_b"}}
    later = places.structure("SW-0008", phases=())
    path = write_observations(tmp_path / "port.csv", [later, places.structure()], scenes)
    table = pd.read_csv(path, keep_default_na=False)
    assert list(table["structure"]) == ["SW-0007"] * 8 + ["SW-0008"] * 8
    line = table.iloc[3]
    assert (line["date"], line["track"], line["scene"]) == ("2023-02-06", places.TRACK, "S1A_20230206;S1A_20230206_b")
    assert (line["fraction"], line["fraction_sd"]) == (0.375, 0.01)
    assert (line["phase"], float(line["phase_probability"])) == ("Active Construction", 0.7)
    assert table.iloc[8]["phase"] == table.iloc[8]["phase_probability"] == ""


def test_scenes_of_a_day_come_together() -> None:
    passes = {(places.DAYS[0], "a"): "2;3", (places.DAYS[0], "b"): "1", (places.DAYS[1], "a"): "4"}
    assert scenes_by_day(passes) == {places.DAYS[0]: "1;2;3", places.DAYS[1]: "4"}
