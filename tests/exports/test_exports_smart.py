"""Models of IARPA SMART: those of the programme survive, and ours are as its schema has them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import places
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.errors import ExportError
from sitewatch.exports import SmartRegion, SmartSite, read_smart, read_smart_folder, write_smart, write_smart_models
from sitewatch.exports._mgrs import mgrs_square

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def smart_data(shared_data: Path) -> Path:
    folder = shared_data / "iarpa-smart"
    if not folder.is_dir():
        pytest.skip(f"the SMART models are not at {folder}")
    return folder


@pytest.fixture(scope="module")
def check(smart_data: Path) -> Any:
    """The validator of the real schema."""
    return jsonschema.Draft202012Validator(json.loads((smart_data / "smart.schema.json").read_text()))


def models_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.geojson"))


def test_every_model_of_the_programme_is_written_back_byte_for_byte(smart_data: Path, tmp_path: Path) -> None:
    paths = models_of(smart_data)
    assert len(paths) > 200
    changed = [
        path.name
        for path in paths
        if write_smart(tmp_path / "model.geojson", read_smart(path)).read_bytes() != path.read_bytes()
    ]
    assert changed == []


def test_the_models_of_a_folder_say_what_they_are(smart_data: Path) -> None:
    models = read_smart_folder(smart_data / "region_models")
    assert all(isinstance(model, SmartRegion) for model in models)
    korea = next(model for model in models if model.id == "KR_R001")
    assert isinstance(korea, SmartRegion)
    assert korea.sites
    assert {site.id[:7] for site in korea.sites} == {"KR_R001"}
    one = read_smart(smart_data / "site_models" / "AE_R001_0000.geojson")
    assert isinstance(one, SmartSite)
    assert (one.status, one.start, one.end) == ("positive_annotated", dt.date(2019, 9, 21), dt.date(2022, 1, 13))
    assert {phase for o in one.observations for phase in o.phases} >= {"Active Construction", "Post Construction"}


def test_squares_of_the_programme_come_out_for_its_sites(smart_data: Path) -> None:
    sites = [read_smart(path) for path in models_of(smart_data)]
    agree = [s.properties["mgrs"] == mgrs_square(s.geometry.centroid.x, s.geometry.centroid.y) for s in sites]
    # A site on the line between two squares is in either.
    assert sum(agree) >= len(agree) - 1


@pytest.mark.parametrize(
    ("longitude", "latitude", "square"),
    [(-77.0365, 38.8977, "18SUJ"), (151.2, -33.85, "56HLH"), (5.32, 60.39, "32VKN"), (15.63, 78.22, "33XWG"),
     (0.0, 0.0, "31NAA"), (180.0, 10.0, "01PAM")],
)  # fmt: skip
def test_squares_of_known_places(longitude: float, latitude: float, square: str) -> None:
    assert mgrs_square(longitude, latitude) == square


@given(st.floats(-180, 180), st.floats(-80, 84))
def test_every_place_between_the_polar_caps_has_a_square_as_the_schema_wants_it(lon: float, lat: float) -> None:
    pattern = r"(0[1-9]|[1-5]\d|60)[CDEFGHJKLMNPQRSTUVWX][ABCDEFGHJKLMNPQRSTUVWXYZ][ABCDEFGHJKLMNPQRSTUV]"
    import re

    assert re.fullmatch(pattern, mgrs_square(lon, lat))


def test_a_polar_site_is_refused_with_a_reason() -> None:
    with pytest.raises(ExportError, match="outside of UTM"):
        mgrs_square(0.0, 85.0)


@pytest.mark.parametrize("originator", ["sitewatch", "kit"])
def test_what_was_found_is_valid_by_the_real_schema(check: Any, tmp_path: Path, originator: str) -> None:
    parts = shapely.MultiPolygon([places.box(0.002, 0.008), places.box(0.006, 0.008)])
    found = [
        places.structure(),
        places.structure("SW-0008", parts, completion=None, phases=places.phases(0, 0, 0, 2, 2, 2, 2, 2)),
        places.structure("SW-0009", places.box(0.01, 0.01), phases=(), status="candidate", p_value=float("nan")),
        places.structure("SW-0010", places.box(0.01, 0.015), status="rejected", onset=None, completion=None),
    ]
    written = write_smart_models(tmp_path, places.SITE, found, region_id="KP_R001", originator=originator)
    assert [path.name for path in written] == [
        "KP_R001.geojson", *(f"KP_R001_{n:04d}.geojson" for n in (7, 8, 9, 10)),
    ]  # fmt: skip
    for path in written:
        faults = [error.message for error in check.iter_errors(json.loads(path.read_text()))]
        assert faults == [], path.name


def test_a_model_says_what_the_structure_says(tmp_path: Path) -> None:
    sources = {"SW-0007": {places.DAYS[3]: "S1A_20230206"}}
    region_path, path = write_smart_models(tmp_path, places.SITE, [places.structure()], sources=sources)
    site, region = read_smart(path), read_smart(region_path)
    assert isinstance(site, SmartSite)
    assert isinstance(region, SmartRegion)
    assert (site.id, site.status) == ("XX_R001_0007", "system_confirmed")
    assert (site.start, site.end) == (places.DAYS[2], places.DAYS[6])
    assert [o.phases for o in site.observations][2:4] == [("Site Preparation",), ("Active Construction",)]
    assert site.observations[3].properties["source"] == "S1A_20230206"
    assert site.observations[3].properties["cache"]["fraction"] == 0.375
    assert site.observations[0].geometry.equals(places.structure().footprint)
    assert (region.start, region.end) == (places.DAYS[0], places.DAYS[-1])
    assert [one.id for one in region.sites] == [site.id]


def test_parts_of_an_outline_have_an_attribute_each_and_the_site_their_hull(tmp_path: Path) -> None:
    parts = shapely.MultiPolygon([places.box(0.002, 0.008), places.box(0.006, 0.008)])
    site = read_smart(write_smart_models(tmp_path, places.SITE, [places.structure("SW-0001", parts)])[1])
    assert isinstance(site, SmartSite)
    assert site.geometry.equals(shapely.convex_hull(parts))
    assert site.observations[3].phases == ("Active Construction",) * 2
    assert site.observations[3].boundary == (True, True)


def test_models_of_an_earlier_export_go(tmp_path: Path) -> None:
    both = [places.structure(), places.structure("SW-0008", places.box(0.01, 0.01))]
    write_smart_models(tmp_path, places.SITE, both)
    write_smart_models(tmp_path, places.SITE, both[:1])
    assert [path.name for path in models_of(tmp_path / "site_models")] == ["XX_R001_0007.geojson"]


def test_structures_without_numbers_of_their_own_are_counted(tmp_path: Path) -> None:
    some = [places.structure("east-1"), places.structure("west-1", places.box(0.01, 0.01))]
    names = [path.stem for path in write_smart_models(tmp_path, places.SITE, some)[1:]]
    assert names == ["XX_R001_0001", "XX_R001_0002"]


def test_a_region_without_a_proper_name_or_a_dated_structure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="not the name of a SMART region"):
        write_smart_models(tmp_path, places.SITE, [places.structure()], region_id="Sohae")
    undated = places.structure(onset=None, completion=None, phases=(), growth=())
    with pytest.raises(ExportError, match="no dated structure"):
        write_smart_models(tmp_path, places.SITE, [undated])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "can't be read as JSON"),
        ("[]", "not a GeoJSON FeatureCollection"),
        ('{"features": []}', "no feature whose type is site or region"),
        ('{"features": [{"properties": {"type": "site"}}]}', "not GeoJSON"),
        ('{"features": [{"properties": {"type": "site"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}]}',
         "polygons"),
        ('{"features": [{"properties": {"type": "site"}, "geometry": {"type": "Polygon", "coordinates":'
         " [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}]}", "lacks a site_id"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused_with_a_reason(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "model.geojson"
    path.write_text(text)
    with pytest.raises(ExportError, match=said):
        read_smart(path)
    with pytest.raises(ExportError, match="no file"):
        read_smart(tmp_path / "nowhere.geojson")
    with pytest.raises(ExportError, match="no SMART model"):
        read_smart_folder(tmp_path / "nowhere")
