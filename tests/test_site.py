import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import shapely
import shapely.geometry
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.errors import SiteError
from sitewatch.site import Site, SiteFeature, meets_if_swapped, read_footprint

SQUARE = [[35.73, 35.50], [35.78, 35.50], [35.78, 35.54], [35.73, 35.54], [35.73, 35.50]]


def _polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings or [SQUARE])}


def _feature(role: str | None = "site", geometry: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    roles = {} if role is None else {"role": role}
    return {"type": "Feature", "geometry": geometry or _polygon(), "properties": {**roles, **properties}}


def _collection(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **members}


def _write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_collection_gives_the_site_and_its_parts(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [35.75, 35.52]}
    line = {"type": "LineString", "coordinates": [[35.7, 35.5], [35.8, 35.6]]}
    path = _write(
        tmp_path / "port.geojson",
        _collection(
            _feature("facility", point, id="b1", name="Breakwater", built=1985),
            _feature(id="latakia", name="Latakia port"),
            _feature("link", line, name="Railway"),
            {"type": "Feature", "geometry": None, "properties": {"role": "event", "date": "2024-12-08"}},
        ),
    )
    site = Site.read(path)
    assert (site.id, site.name) == ("latakia", "Latakia port")
    assert site.area.equals(shapely.Polygon(SQUARE))
    assert site.facilities[0].properties == {"built": 1985}
    assert (site.facilities[0].id, site.facilities[0].name) == ("b1", "Breakwater")
    assert site.links[0].geometry is not None
    assert site.links[0].geometry.geom_type == "LineString"
    assert site.events[0].geometry is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        site.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("content", [_feature(None), _polygon(), _collection(_feature(None)), _feature("site")])
def test_a_bare_feature_a_bare_geometry_or_a_lone_feature_serves(tmp_path: Path, content: dict[str, Any]) -> None:
    site = Site.read(_write(tmp_path / "pier.geojson", content))
    assert site.id == "pier"
    assert site.area.equals(shapely.Polygon(SQUARE))
    assert Site.read(content).area.equals(site.area)


def test_a_bounding_box_serves_in_west_south_east_north_order() -> None:
    site = Site.read("bbox:-17.95,28.58,-17.88,28.63")
    assert site.area.bounds == (-17.95, 28.58, -17.88, 28.63)
    assert site.id == "bbox"


_lon, _lat = st.floats(-170, 170), st.floats(-80, 80)
_text = st.text(max_size=12).map(str.strip)


@st.composite
def _sites(draw: st.DrawFn) -> Site:
    w, s = draw(_lon), draw(_lat)
    boxes = [
        shapely.box(w + 0.2 * i, s, w + 0.2 * i + 0.1, s + draw(st.floats(0.01, 0.2)))
        for i in range(draw(st.integers(1, 3)))
    ]
    area = boxes[0] if len(boxes) == 1 else shapely.MultiPolygon(boxes)

    def part(role: str) -> SiteFeature:
        properties = {"kind": draw(_text), "year": draw(st.integers(1900, 2100))}
        return SiteFeature(role, draw(_text), draw(_text), shapely.Point(draw(_lon), draw(_lat)), properties)

    site_id = draw(_text.filter(bool))
    return Site(
        site_id, draw(_text) or site_id, area, (part("facility"),), (part("link"),), (part("event"), part("event"))
    )


@given(site=_sites())
def test_what_is_written_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, site: Site) -> None:
    path = tmp_path_factory.mktemp("site") / "deep" / "site.geojson"
    site.write(path)
    assert Site.read(path) == site
    assert [p.name for p in path.parent.iterdir()] == ["site.geojson"]


BOWTIE = [[35.73, 35.50], [35.78, 35.54], [35.78, 35.50], [35.73, 35.54], [35.73, 35.50]]
SWAPPED = [[28.6, 117.95], [28.6, 117.88], [28.7, 117.88], [28.7, 117.95], [28.6, 117.95]]
METRES = [[747874, 3931996], [752225, 3931996], [752225, 3936573], [747874, 3931996]]
ACROSS = [[179.9, 10], [-179.9, 10], [-179.9, 10.2], [179.9, 10.2], [179.9, 10]]
BEYOND = [[179.9, 10], [180.1, 10], [180.1, 10.2], [179.9, 10.2], [179.9, 10]]
HUGE = [[0, 40], [10, 40], [10, 50], [0, 50], [0, 40]]
FLAT = [[35.73, 35.50], [35.75, 35.52], [35.78, 35.55], [35.73, 35.50]]
HOLE_OUTSIDE = [[36.0, 36.0], [36.1, 36.0], [36.1, 36.1], [36.0, 36.0]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("{'role': 1}", "is not JSON"),
        ("[1, 2]", "not GeoJSON"),
        ({"type": "Topology"}, "type is 'Topology'"),
        (_collection(), "no feature whose role is 'site'"),
        (_collection(_feature("facility")), "no feature whose role is 'site'"),
        (_collection(_feature(None), _feature(None)), "no feature whose role is 'site'"),
        (_collection(_feature(), _feature()), "2 features whose role is 'site'"),
        (_collection(_feature(), _feature("harbour")), "role 'harbour'"),
        ({"type": "FeatureCollection", "features": 7}, "not a list"),
        (_feature(geometry={"type": "Polygon"}), "not GeoJSON"),
        (_feature(geometry={"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}), "not GeoJSON"),
        (_feature(geometry={"type": "Polygon", "coordinates": []}), "is empty"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "without a geometry"),
        ({"type": "Point", "coordinates": [35.7, 35.5]}, "is a Point"),
        ({"type": "LineString", "coordinates": [[35.7, 35.5], [35.8, 35.5]]}, "is a LineString"),
        (_polygon(SWAPPED), "latitude of 117.95.*swapped"),
        (_polygon(METRES), "not degrees.*projected"),
        (_polygon(BOWTIE), r"crosses itself at longitude 35\.755\d*, latitude 35\.52"),
        (_polygon(SQUARE, HOLE_OUTSIDE), "is not valid"),
        (_polygon(FLAT), "is zero"),
        (_polygon(ACROSS), "antimeridian"),
        (_polygon(BEYOND), "antimeridian"),
        (_polygon(HUGE), r"km2, more than the 10,000 km2"),
        (_polygon([[35.7, 35.5], [35.8, float("nan")], [35.8, 35.6], [35.7, 35.5]]), "NaN is not a JSON number"),
        ('{"type": "Polygon", "coordinates": [[[1, 2], [1e999, 3], [4, 5], [1, 2]]]}', "not finite"),
        (_collection(_feature(), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32636"}}), "32636"),
        (_collection(_feature(), crs={"type": "link"}), "coordinate reference system"),
        (
            _collection(_feature(), _feature("facility", {"type": "Point", "coordinates": [4, 120]})),
            "the facility.*120",
        ),
    ],
)
def test_a_file_that_cannot_be_watched_is_refused_with_the_reason(tmp_path: Path, content: object, says: str) -> None:
    path = _write(tmp_path / "bad.geojson", content)
    with pytest.raises(SiteError, match=says) as caught:
        Site.read(path)
    assert "bad.geojson" in str(caught.value)


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"])
def test_a_crs_member_that_says_wgs84_does_no_harm(name: str) -> None:
    content = _collection(_feature(), crs={"type": "name", "properties": {"name": name}})
    assert Site.read(content).area.is_valid


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bbox:1,2,3", "not four numbers"),
        ("bbox:1,2,3,x", "not four numbers"),
        ("bbox:3,1,2,4", "antimeridian"),
        ("bbox:1,4,2,3", "south below north"),
        ("bbox:28.6,117.8,28.7,117.9", "swapped"),
        ("bbox:0,40,10,50", "km2"),
        ("bbox:1,2,1,3", "west must be below east"),
    ],
)
def test_a_wrong_bounding_box_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(SiteError, match=says):
        Site.read(text)


def test_a_missing_file_is_named_and_what_to_give_instead(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"there is no site file .*nowhere\.geojson.*bbox:W,S,E,N"):
        Site.read(tmp_path / "nowhere.geojson")
    with pytest.raises(SiteError, match="can't be read"):
        Site.read(tmp_path)


def test_the_images_can_tell_that_axes_are_swapped_where_degrees_cannot() -> None:
    port, footprint = shapely.box(35.73, 35.2, 35.78, 35.3), shapely.box(35, 35.5, 36, 36)
    assert meets_if_swapped(port, [footprint])
    assert not meets_if_swapped(shapely.box(35.73, 35.6, 35.78, 35.7), [footprint])
    assert not meets_if_swapped(shapely.box(1, 2, 3, 4), [footprint])


@pytest.mark.data
def test_the_la_palma_site_reads(shared_data: Path) -> None:
    site = Site.read(shared_data / "lapalma-lava-delta" / "site.geojson")
    assert (site.id, site.name) == ("lapalma-tazacorte", "La Palma lava delta")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (_feature(None), "pier"),
        (_collection(_feature("event")), "pier"),
        (_polygon(), "pier"),
        ({**_feature(None), "id": "quay-2"}, "quay-2"),
    ],
)
def test_a_footprint_is_one_feature_of_any_role(tmp_path: Path, content: object, name: str) -> None:
    assert read_footprint(_write(tmp_path / "pier.geojson", content))[0] == name


def test_boxes_are_footprints_with_names_that_tell_them_apart() -> None:
    names = {read_footprint(box)[0] for box in ("bbox:1,2,1.1,2.1", "bbox:1,2,1.1,2.2")}
    assert len(names) == 2


def test_of_several_features_none_is_taken_for_the_footprint(tmp_path: Path) -> None:
    path = _write(tmp_path / "found.geojson", _collection(_feature(None), _feature(None)))
    with pytest.raises(SiteError, match=r"found\.geojson holds 2 features.*Keep the one"):
        read_footprint(path)
    with pytest.raises(SiteError, match="there is no footprint file"):
        read_footprint(tmp_path / "nowhere.geojson")


def test_an_area_to_survey_may_be_larger_than_a_site() -> None:
    frame = "bbox:120,38,123,40"
    with pytest.raises(SiteError, match="more than the 10,000 km2"):
        Site.read(frame)
    assert Site.read(frame, most_km2=100_000).area.bounds == (120, 38, 123, 40)
