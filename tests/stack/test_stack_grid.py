from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from stack_images import GRID, footprint, planned

from sitewatch.errors import StackError
from sitewatch.geodesy import pixel_size_m
from sitewatch.stack._grid import area_window, choose_grid, crop, pixel_offset

AREA = footprint(GRID)


@given(row=st.integers(-500, 500), col=st.integers(-500, 500), height=st.integers(1, 90), width=st.integers(1, 90))
def test_a_cropped_grid_lies_where_it_was_cut(row: int, col: int, height: int, width: int) -> None:
    cut = crop(GRID, row, col, (height, width))
    assert pixel_offset(GRID, cut) == (row, col)
    assert cut.shape == (height, width)


def test_grids_half_a_pixel_apart_do_not_share_their_pixels() -> None:
    assert pixel_offset(GRID, GRID.translate_pix(0.5, 0)) is None
    assert pixel_offset(GRID, GeoBox((60, 80), Affine(10.01, 0, 300000, 0, -10.01, 3800000), GRID.crs)) is None
    assert pixel_offset(GRID, GeoBox(GRID.shape, GRID.affine, "EPSG:32612")) is None


def test_an_area_on_pixel_edges_takes_no_pixel_more() -> None:
    # A decimetre in, for a straight line in degrees bends by a centimetre on the grid.
    assert area_window(GRID, AREA.buffer(-1e-6)) == (0, 0, 60, 80)


def test_images_of_one_grid_keep_it_cropped_outwards_to_the_site() -> None:
    inside = footprint(crop(GRID, 10, 20, (21, 31))).buffer(-2e-5)
    chosen = choose_grid(inside, [planned("a"), planned("b", 12, geobox=crop(GRID, 3, 5, (57, 75)))])
    assert pixel_offset(GRID, chosen.geobox) == (10, 20)
    assert chosen.geobox.shape == (21, 31)
    assert chosen.notes == ()


def test_a_site_wider_than_the_imagery_is_cut_to_the_imagery() -> None:
    assert choose_grid(AREA.buffer(1), [planned("a")]).geobox == GRID


def test_the_grid_of_most_images_wins_and_the_note_counts_the_others() -> None:
    other = GRID.translate_pix(0.4, 0)
    chosen = choose_grid(AREA, [planned("a"), planned("b", 1), planned("c", 2, geobox=other)])
    assert pixel_offset(GRID, chosen.geobox) is not None
    assert "1 of 3 images" in chosen.notes[0]


def test_two_grids_that_differ_give_utm_at_the_finest_spacing() -> None:
    finer = GeoBox((120, 160), Affine(5, 0, 300001, 0, -5, 3800000), GRID.crs)
    chosen = choose_grid(AREA, [planned("a"), planned("b", 1, geobox=finer)])
    assert chosen.geobox.crs.epsg == 32611
    assert chosen.geobox.resolution.x == pytest.approx(5, abs=0.05)
    assert "UTM" in chosen.notes[0] or "32611" in chosen.notes[0]


def test_no_image_is_magnified_more_than_four_times() -> None:
    finest = GeoBox((1200, 1600), Affine(0.5, 0, 300001, 0, -0.5, 3800000), GRID.crs)
    chosen = choose_grid(AREA, [planned("a"), planned("b", 1, geobox=finest)])
    assert chosen.geobox.resolution.x == pytest.approx(2.5, abs=0.05)


def test_degrees_become_a_metric_grid() -> None:
    west, _, _, north = AREA.bounds
    degrees = GeoBox((60, 80), Affine(1e-4, 0, west, 0, -1e-4, north), "EPSG:4326")
    chosen = choose_grid(AREA, [planned("a", geobox=degrees)])
    assert chosen.geobox.crs.epsg == 32611
    assert 9 < chosen.geobox.resolution.x < 11.2


def test_web_mercator_keeps_its_grid_and_its_pixels_are_measured_on_the_ground() -> None:
    step = (10.098767482990494, 9.895842301859151)
    mercator = GeoBox((600, 750), Affine(step[0], 0, -1998391.5, 0, -step[1], 3328699.9), "EPSG:3857")
    chosen = choose_grid(footprint(mercator), [planned("a", geobox=mercator)])
    assert pixel_offset(mercator, chosen.geobox) is not None
    ground = pixel_size_m(chosen.geobox)
    shrunk = np.cos(np.radians(footprint(mercator).centroid.y))
    assert ground.x == pytest.approx(step[0] * shrunk, rel=0.004)
    assert ground.y == pytest.approx(step[1] * shrunk, rel=0.006)


def test_no_image_and_no_overlap_are_told() -> None:
    with pytest.raises(StackError, match="no image"):
        choose_grid(AREA, [])
    with pytest.raises(StackError, match="no image reaches"):
        choose_grid(AREA, [planned("a", geobox=GRID.translate_pix(500, 0))])
