"""Sizes of footprints whose true sizes are known."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from sitewatch import geodesy
from sitewatch.errors import StructureError
from sitewatch.structures._centreline import centreline
from sitewatch.structures._measure import as_line, measure, outline_of

SIDE = 120


def grid(x_m: float = 10.0, y_m: float = 10.0) -> GeoBox:
    return GeoBox((SIDE, SIDE), Affine(x_m, 0, 500_000, 0, -y_m, 4_000_000), "EPSG:32628")


def centres(x_m: float = 10.0, y_m: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """East and north of the pixel centres from the middle of the grid, metres."""
    rows, columns = np.indices((SIDE, SIDE))
    return (columns + 0.5 - SIDE / 2) * x_m, -(rows + 0.5 - SIDE / 2) * y_m


def bar(length_m: float, width_m: float, clockwise_deg: float, x_m: float = 10.0, y_m: float = 10.0) -> np.ndarray:
    """Pixels whose centres lie in a bar whose long axis points so far clockwise from north."""
    east, north = centres(x_m, y_m)
    angle = np.radians(clockwise_deg)
    along = east * np.sin(angle) + north * np.cos(angle)
    across = east * np.cos(angle) - north * np.sin(angle)
    return (np.abs(along) <= length_m / 2) & (np.abs(across) <= width_m / 2)


def apart_deg(one: float, other: float) -> float:
    """Angle between two axes, 0 to 90."""
    return abs((one - other + 90) % 180 - 90)


@settings(max_examples=40, deadline=None)
@given(length=st.floats(150, 800), width=st.floats(40, 300), angle=st.floats(0, 179.9))
def test_a_bar_is_measured_to_its_pixels(length: float, width: float, angle: float) -> None:
    length, width = max(length, width), min(length, width)
    mask = bar(length, width, angle)
    found = measure(mask, grid(), (10.0, 10.0))
    assert found.area_m2.value == pytest.approx(mask.sum() * 100)
    assert found.area_m2.sd > 0
    # The box round whole pixels is larger than the one through their centres by up to a pixel's diagonal.
    assert -15 <= found.length_m.value - length <= 22
    assert -15 <= found.width_m.value - width <= 22
    if length > 3 * width:
        assert found.orientation_deg is not None
        assert apart_deg(found.orientation_deg, angle) < 4
        assert 0 <= found.orientation_deg < 180


@settings(max_examples=15, deadline=None)
@given(length=st.floats(300, 700), angle=st.floats(0, 179.9))
def test_pixels_that_are_not_square_do_not_bend_a_bar(length: float, angle: float) -> None:
    mask = bar(length, 60, angle, 10.0, 14.0)
    found = measure(mask, grid(10.0, 14.0), (10.0, 14.0))
    assert found.area_m2.value == pytest.approx(mask.sum() * 140)
    assert abs(found.length_m.value - length) <= 1.5 * 14
    assert found.orientation_deg is not None
    assert apart_deg(found.orientation_deg, angle) < 5


def test_a_square_has_no_orientation() -> None:
    assert measure(bar(200, 200, 0), grid(), (10.0, 10.0)).orientation_deg is None


def test_the_centreline_of_a_quarter_circle_is_as_long_as_the_arc() -> None:
    east, north = centres()
    radius = np.hypot(east + 500, north + 500)
    mask = (np.abs(radius - 700) <= 20) & (east > -500) & (north > -500)
    found = as_line(measure(mask, grid(), (10.0, 10.0)), 10.0)
    arc = np.pi / 2 * 700
    assert found.length_m.value == pytest.approx(arc, rel=0.05)
    assert found.width_m.value == pytest.approx(40, rel=0.1)
    assert found.centreline is not None
    assert geodesy.length_m(found.centreline) == pytest.approx(arc, rel=0.05)
    assert outline_of(mask, grid()).buffer(1e-4).contains(found.centreline)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0])
def test_the_outline_encloses_the_stated_area_on_the_ellipsoid(angle: float) -> None:
    found = measure(bar(600, 150, angle), grid(), (10.0, 10.0))
    assert geodesy.area_m2(found.outline) == pytest.approx(found.area_m2.value, rel=0.005)


def test_holes_are_not_counted() -> None:
    mask = bar(400, 400, 0) & ~bar(100, 100, 0)
    found = measure(mask, grid(), (10.0, 10.0))
    assert found.area_m2.value == pytest.approx(400**2 - 100**2)
    assert geodesy.area_m2(found.outline) == pytest.approx(found.area_m2.value, rel=0.005)


def test_a_single_pixel_has_its_own_size_and_no_centreline() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[40, 70] = True
    found = measure(mask, grid(), (10.0, 10.0))
    assert found.area_m2.value == pytest.approx(100)
    assert (found.length_m.value, found.width_m.value) == pytest.approx((10, 10))
    assert found.orientation_deg is None
    assert found.centreline is None
    assert as_line(found, 10.0) == found


def test_two_parts_apart_are_one_outline_of_two_polygons() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[20:30, 20:30] = True
    mask[20:30, 60:80] = True
    found = measure(mask, grid(), (10.0, 10.0))
    assert isinstance(found.outline, shapely.MultiPolygon)
    assert len(found.outline.geoms) == 2
    assert found.area_m2.value == pytest.approx(300 * 100)
    assert found.length_m.value == pytest.approx(600)
    assert geodesy.area_m2(found.outline) == pytest.approx(found.area_m2.value, rel=0.005)


def test_doubt_about_members_widens_the_area_error_only() -> None:
    mask = bar(300, 80, 20)
    sure, unsure = (measure(mask, grid(), (10.0, 10.0), doubt=d) for d in (0.0, 30.0))
    assert unsure.area_m2.value == sure.area_m2.value
    assert unsure.area_m2.sd == pytest.approx(np.hypot(sure.area_m2.sd, 30 * 100))


def test_nothing_has_no_outline() -> None:
    with pytest.raises(StructureError, match="no area"):
        outline_of(np.zeros((SIDE, SIDE), bool), grid())


def test_a_blob_of_three_pixels_has_no_centreline() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10, 10:13] = True
    assert centreline(mask, (10.0, 10.0)) is None


def test_areas_of_bars_lie_within_two_standard_deviations_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(80):
        length, width = rng.uniform(200, 800), rng.uniform(30, 150)
        found = measure(bar(length, width, rng.uniform(0, 180)), grid(), (10.0, 10.0)).area_m2
        errors.append((found.value - length * width) / found.sd)
    assert np.mean(np.abs(errors) < 2) >= 0.93
    # Neither far too wide nor off to one side.
    assert 0.5 < np.std(errors) < 1.2
    assert abs(np.mean(errors)) < 0.3


def test_sizes_in_web_mercator_are_those_on_the_ground() -> None:
    # La Palma, 28.6 degrees north: a map unit is 0.88 m.
    geobox = GeoBox((SIDE, SIDE), Affine(10, 0, -1_998_000, 0, -10, 3_325_000), "EPSG:3857")
    pixel_m = geodesy.pixel_size_m(geobox)
    found = measure(bar(600, 140, 90), geobox, (pixel_m.x, pixel_m.y))
    shrink = np.cos(np.radians(28.6))
    assert found.area_m2.value == pytest.approx(600 * 140 * shrink**2, rel=0.01)
    assert found.length_m.value == pytest.approx(600 * shrink, rel=0.01)
    assert found.width_m.value == pytest.approx(140 * shrink, rel=0.01)
    assert geodesy.area_m2(found.outline) == pytest.approx(found.area_m2.value, rel=0.005)


@pytest.mark.parametrize(("rows", "columns", "axis"), [(1, 2, 90.0), (2, 1, 0.0)])
def test_two_pixels_have_a_length_and_a_direction(rows: int, columns: int, axis: float) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[40 : 40 + rows, 50 : 50 + columns] = True
    found = measure(mask, grid(), (10.0, 10.0))
    assert (found.length_m.value, found.width_m.value) == pytest.approx((20, 10))
    assert found.orientation_deg == pytest.approx(axis)
