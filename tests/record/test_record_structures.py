"""structures.geojson follows RFC 7946 and the properties that scorers and users read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from pathlib import Path

import geopandas
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.record import to_feature, write_centrelines, write_structures
from sitewatch.structures import GrowthPoint, Interval, LengthPoint, Levels, Measure, PhasePoint, Structure

PIER = Structure(
    id="s01",
    kind="pier",
    status="confirmed",
    footprint=shapely.Polygon([(124.70123456789, 39.6), (124.70123456789, 39.602), (124.703, 39.602), (124.703, 39.6)]),
    area_m2=Measure(5400.04, 310.26),
    length_m=Measure(180.0, 9.5),
    width_m=Measure(30.0, 9.5),
    growth=(
        GrowthPoint(dt.date(2023, 3, 20), 0.0, 0.01, "sentinel-1-iw-137"),
        GrowthPoint(dt.date(2023, 4, 9), 0.98765, 0.02, "sentinel-1-iw-137"),
    ),
    levels=(Levels("sentinel-1-iw-137", "VV", -19.534, -4.251), Levels("sentinel-1-iw-137", "VH", -27.0, math.nan)),
    p_value=1.23456e-12,
    onset=Interval(dt.date(2023, 3, 20), dt.date(2023, 4, 9)),
    first_raised=dt.date(2023, 4, 9),
    scenes=("a", "b"),
    tracks=("sentinel-1-iw-137",),
    kind_probability=0.93,
)


def test_the_contract_of_a_scorer_is_met() -> None:
    properties = to_feature(PIER)["properties"]
    assert properties["kind"] == "pier"
    assert properties["status"] == "confirmed"
    assert (properties["onset_earliest"], properties["onset_latest"]) == ("2023-03-20", "2023-04-09")
    assert properties["completion_earliest"] is None
    assert properties["completion_latest"] is None
    assert properties["preparation_first_seen"] is None
    assert (properties["area_m2"], properties["area_m2_sd"]) == (5400.0, 310.3)
    assert (properties["length_m"], properties["length_m_sd"]) == (180.0, 9.5)
    assert properties["growth"] == [["2023-03-20", 0.0], ["2023-04-09", 0.9877]]


def test_phases_are_written_where_they_change_and_their_chances_at_every_image() -> None:
    days = [dt.date(2023, 3, 20) + dt.timedelta(days=12 * i) for i in range(4)]
    phases = (
        PhasePoint(days[0], "No Activity", (1.0, 0.0, 0.0, 0.0)),
        PhasePoint(days[1], "No Activity", (0.90004, 0.05, 0.04996, 0.0)),
        PhasePoint(days[2], "Active Construction", (0.0, 0.1, 0.87654, 0.02346)),
        PhasePoint(days[3], "Active Construction", (0.0, 0.0, 0.6, 0.4)),
    )
    properties = to_feature(dataclasses.replace(PIER, phases=phases))["properties"]
    assert properties["phases"] == [["2023-03-20", "No Activity", 1.0], ["2023-04-13", "Active Construction", 0.877]]
    assert properties["phase_probabilities"] == [
        ["2023-03-20", 1.0, 0.0, 0.0, 0.0],
        ["2023-04-01", 0.9, 0.05, 0.05, 0.0],
        ["2023-04-13", 0.0, 0.1, 0.877, 0.023],
        ["2023-04-25", 0.0, 0.0, 0.6, 0.4],
    ]
    assert to_feature(PIER)["properties"]["phases"] == []


def test_what_users_need_beside_the_contract_is_there() -> None:
    properties = to_feature(PIER)["properties"]
    assert properties["before_db"] == {"sentinel-1-iw-137": {"VV": -19.53, "VH": -27.0}}
    assert properties["after_db"] == {"sentinel-1-iw-137": {"VV": -4.25, "VH": None}}
    assert properties["p_value"] == 1.23e-12
    assert (properties["first_raised"], properties["confirmed_on"]) == ("2023-04-09", None)
    assert properties["scenes"] == ["a", "b"]
    assert properties["id"] == "s01"


def test_coordinates_have_eight_decimals_and_outer_rings_turn_left() -> None:
    ring = to_feature(PIER)["geometry"]["coordinates"][0]
    assert any(point[0] == 124.70123457 for point in ring)
    assert shapely.LinearRing(ring).is_ccw


def test_a_number_that_is_none_is_null_and_the_file_is_strict_json(tmp_path: Path) -> None:
    unknown = dataclasses.replace(PIER, width_m=Measure(math.nan, math.inf), p_value=math.nan)
    path = write_structures(tmp_path / "structures.geojson", [unknown])

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads(path.read_text(), parse_constant=refuse)
    assert content["features"][0]["properties"]["width_m"] is None
    assert content["features"][0]["properties"]["p_value"] is None


def test_confirmed_come_first_and_the_order_given_does_not_matter(tmp_path: Path) -> None:
    rejected = dataclasses.replace(PIER, id="s00", status="rejected", onset=None)
    candidate = dataclasses.replace(PIER, id="s02", status="candidate")
    one = write_structures(tmp_path / "one.geojson", [rejected, candidate, PIER]).read_bytes()
    other = write_structures(tmp_path / "other.geojson", [PIER, rejected, candidate]).read_bytes()
    assert one == other
    assert [feature["id"] for feature in json.loads(one)["features"]] == ["s01", "s02", "s00"]


def test_geopandas_reads_the_file(tmp_path: Path) -> None:
    table = geopandas.read_file(write_structures(tmp_path / "structures.geojson", [PIER]))
    assert table.crs == "EPSG:4326"
    assert table.loc[0, "kind"] == "pier"


def test_no_structures_is_a_file_too(tmp_path: Path) -> None:
    path = write_structures(tmp_path / "new" / "structures.geojson", [])
    assert json.loads(path.read_text()) == {"type": "FeatureCollection", "features": []}


def test_lines_are_a_layer_of_their_own_and_others_have_no_length_by_date(tmp_path: Path) -> None:
    line = dataclasses.replace(
        PIER,
        centreline=shapely.LineString([(124.7, 39.6), (124.701, 39.602)]),
        length_growth=(
            LengthPoint(dt.date(2023, 3, 20), 0.0, 0.0),
            LengthPoint(dt.date(2023, 4, 9), 180.04, 9.52),
        ),
    )
    hall = dataclasses.replace(PIER, id="s02", kind="building")
    table = geopandas.read_file(write_centrelines(tmp_path / "centrelines.geojson", [hall, line]))
    assert list(table["id"]) == ["s01"]
    assert list(table.geom_type) == ["LineString"]
    assert table.loc[0, "length_m"] == 180.0
    assert table.crs == "EPSG:4326"
    assert to_feature(line)["properties"]["length_growth"] == [["2023-03-20", 0.0, 0.0], ["2023-04-09", 180.0, 9.5]]
    assert to_feature(line)["properties"]["centreline"]["type"] == "LineString"
    assert to_feature(hall)["properties"]["length_growth"] is None
    empty = json.loads(write_centrelines(tmp_path / "none.geojson", [hall]).read_text())
    assert empty == {"type": "FeatureCollection", "features": []}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write_structures(tmp_path / "structures.geojson", [PIER])
    before = path.read_bytes()
    broken = dataclasses.replace(PIER, scenes=(object(),))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write_structures(path, [broken])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@given(
    lon=st.floats(-179, 179),
    lat=st.floats(-89, 89),
    radius=st.floats(1e-7, 0.5),
    sides=st.integers(1, 12),
)
def test_any_outline_stays_valid_and_where_it_was(lon: float, lat: float, radius: float, sides: int) -> None:
    outline = shapely.Point(lon, lat).buffer(radius, quad_segs=sides)
    written = shapely.geometry.shape(to_feature(dataclasses.replace(PIER, footprint=outline))["geometry"])
    assert written.is_valid
    assert shapely.hausdorff_distance(written, outline) <= 1e-8


def test_a_p_value_beyond_the_models_tail_is_not_written_as_certainty() -> None:
    assert to_feature(dataclasses.replace(PIER, p_value=0.0))["properties"]["p_value"] == 1e-16
