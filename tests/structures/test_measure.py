"""Sizes of footprints on the ground."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from sitewatch.geodesy import area_m2
from sitewatch.structures._measure import as_line, measure

PIXEL = (10.0, 10.0)


def grid(shape: tuple[int, int], dx: float = 10.0, dy: float = 10.0) -> GeoBox:
    return GeoBox(shape, Affine(dx, 0, 302000, 0, -dy, 4392000), "EPSG:32651")


def bar(angle_deg: float, length: float, width: float, size: int = 120) -> np.ndarray:
    """A bar through the middle; the angle is clockwise from north, sizes are pixels."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    turn = np.radians(angle_deg)
    along, across = x * np.sin(turn) - y * np.cos(turn), x * np.cos(turn) + y * np.sin(turn)
    return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 179), st.floats(40, 90), st.floats(4, 9))
def test_a_bar_has_its_length_width_area_and_direction(angle: float, length: float, width: float) -> None:
    mask = bar(angle, length, width)
    shape = measure(mask, grid(mask.shape), PIXEL)
    assert shape.area_m2.value == mask.sum() * 100
    # Pixels' squares stick out over the bar by up to a diagonal in all.
    assert shape.length_m.value == pytest.approx(10 * length, abs=20)
    assert shape.width_m.value == pytest.approx(10 * width, abs=20)
    assert shape.orientation_deg is not None
    off = abs(shape.orientation_deg - angle) % 180
    assert min(off, 180 - off) < 4


def test_the_outline_has_the_area_that_is_stated() -> None:
    mask = bar(30, 60, 8)
    shape = measure(mask, grid(mask.shape), PIXEL)
    assert area_m2(shape.outline) == pytest.approx(shape.area_m2.value, rel=0.005)


def test_a_curved_line_is_as_long_as_its_centreline() -> None:
    y, x = np.mgrid[:120, :120]
    radius = np.hypot(y, x)
    mask = np.abs(radius - 80) <= 1.5
    shape = as_line(measure(mask, grid(mask.shape), PIXEL), 10.0)
    assert shape.length_m.value == pytest.approx(10 * 80 * np.pi / 2, rel=0.05)
    assert shape.width_m.value == pytest.approx(30, rel=0.2)


def test_pixels_need_not_be_square() -> None:
    mask = np.zeros((40, 60), bool)
    mask[10:14, 5:45] = True
    shape = measure(mask, grid(mask.shape, 8.87, 8.65), (8.87, 8.65))
    assert shape.area_m2.value == pytest.approx(160 * 8.87 * 8.65)
    assert shape.length_m.value == pytest.approx(40 * 8.87)
    assert shape.width_m.value == pytest.approx(4 * 8.65)
    assert shape.orientation_deg == pytest.approx(90)


@pytest.mark.parametrize("pixels", [[(5, 5)], [(5, 5), (5, 6)], [(2, 2), (8, 9)]])
def test_the_smallest_footprints_have_a_size(pixels: list[tuple[int, int]]) -> None:
    mask = np.zeros((12, 12), bool)
    for at in pixels:
        mask[at] = True
    shape = measure(mask, grid(mask.shape), PIXEL)
    assert shape.area_m2.value == 100 * len(pixels)
    assert shape.area_m2.sd > 0
    assert shape.length_m.value >= 10


def test_larger_footprints_are_known_relatively_better() -> None:
    small, large = (measure(bar(0, 10 * s, 5 * s), grid((120, 120)), PIXEL).area_m2 for s in (1, 6))
    assert small.sd / small.value > large.sd / large.value
