import math

import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from sitewatch.geodesy import area_m2, length_m, local_crs, metres_per_unit, pixel_size_m

_WGS84_A, _WGS84_E2 = 6378137.0, 0.00669437999014


def _cell_area_m2(south: float, north: float, width_deg: float) -> float:
    """Exact area of a latitude-longitude cell of the ellipsoid (authalic integral)."""
    e = math.sqrt(_WGS84_E2)

    def q(lat: float) -> float:
        s = math.sin(math.radians(lat))
        return s / (2 * (1 - _WGS84_E2 * s * s)) + math.atanh(e * s) / (2 * e)

    return _WGS84_A**2 * (1 - _WGS84_E2) * math.radians(width_deg) * (q(north) - q(south))


@given(st.floats(-85, 84.9), st.floats(-179.9, 179.8))
def test_the_area_of_a_small_cell_is_that_of_the_ellipsoid(south: float, west: float) -> None:
    cell = shapely.box(west, south, west + 0.01, south + 0.01)
    # Geodesic edges leave the parallels a little; over a hundredth of a degree it hardly shows.
    assert area_m2(cell) == pytest.approx(_cell_area_m2(south, south + 0.01, 0.01), rel=1e-5)


def test_holes_count_off_and_the_turn_of_a_ring_does_not_matter() -> None:
    outer, hole = shapely.box(10, 50, 10.1, 50.1), shapely.box(10.02, 50.02, 10.05, 50.05)
    ring = shapely.Polygon(outer.exterior.coords[::-1], [hole.exterior.coords])
    assert area_m2(ring) == pytest.approx(area_m2(outer) - area_m2(hole))


def test_areas_of_parts_add_up_and_lines_have_none() -> None:
    a, b = shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)
    mixed = shapely.GeometryCollection([shapely.MultiPolygon([a, b]), shapely.LineString([(0, 0), (1, 1)])])
    assert area_m2(mixed) == pytest.approx(area_m2(a) + area_m2(b))
    assert area_m2(shapely.LineString([(0, 0), (1, 1)])) == 0
    assert area_m2(shapely.Polygon()) == 0


def test_a_degree_of_the_equator_is_a_degree_of_the_ellipsoids_circle() -> None:
    assert length_m(shapely.LineString([(0, 0), (1, 0)])) == pytest.approx(_WGS84_A * math.pi / 180)


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [(-17.9, 28.6, 32628), (35.75, 35.52, 32636), (151.2, -33.9, 32756), (-179.99, 10, 32601), (179.99, 10, 32660)],
)
def test_a_small_site_gets_its_utm_zone(lon: float, lat: float, expected: int) -> None:
    assert local_crs(shapely.Point(lon, lat).buffer(0.005)).to_epsg() == expected


@pytest.mark.parametrize(
    "area", [shapely.box(10, 88, 30, 88.5), shapely.box(0, -89, 5, -88), shapely.box(0, 60, 9, 60.2)]
)
def test_near_a_pole_or_across_zones_it_is_an_equal_area_projection(area: shapely.Polygon) -> None:
    crs = local_crs(area)
    assert "Lambert Azimuthal Equal Area" in crs.to_wkt()
    assert {axis.unit_name for axis in crs.axis_info} == {"metre"}


@given(st.floats(-70, 70))
def test_web_mercators_unit_shrinks_with_the_cosine_of_latitude(lat: float) -> None:
    y = 6378137.0 * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
    geobox = GeoBox((10, 10), Affine(10, 0, 1e6 - 50, 0, -10, y + 50), "EPSG:3857")
    sin2 = math.sin(math.radians(lat)) ** 2
    # True radii of curvature of the ellipsoid against Web Mercator's sphere.
    east = math.cos(math.radians(lat)) / math.sqrt(1 - _WGS84_E2 * sin2)
    north = math.cos(math.radians(lat)) * (1 - _WGS84_E2) / (1 - _WGS84_E2 * sin2) ** 1.5
    size = pixel_size_m(geobox)
    assert size.x == pytest.approx(10 * east, rel=1e-4)
    assert size.y == pytest.approx(10 * north, rel=1e-4)
    assert metres_per_unit(geobox).x == pytest.approx(size.x / 10)


def test_a_metric_grid_on_its_central_meridian_has_utms_scale() -> None:
    geobox = GeoBox((100, 100), Affine(20, 0, 499_000, 0, -30, 4_001_000), "EPSG:32636")
    size = pixel_size_m(geobox)
    assert size.x == pytest.approx(20 / 0.9996, rel=1e-5)
    assert size.y == pytest.approx(30 / 0.9996, rel=1e-5)


def test_degrees_and_rotated_grids_are_measured_along_their_own_axes() -> None:
    degrees = GeoBox((10, 10), Affine(0.001, 0, 20, 0, -0.001, 0.005), "EPSG:4326")
    assert metres_per_unit(degrees).x == pytest.approx(_WGS84_A * math.pi / 180, rel=1e-6)
    turned = GeoBox(
        (10, 10), Affine.translation(500_000, 4_000_000) @ Affine.rotation(30) @ Affine.scale(10, -20), "EPSG:32636"
    )
    assert pixel_size_m(turned) == pytest.approx((10 / 0.9996, 20 / 0.9996), rel=1e-5)
