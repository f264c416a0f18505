"""Stretches of one road that were found apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from sitewatch.change import detect_change
from sitewatch.structures import find_in_track

NEVER = 999


def road_in_two_stretches(gap_pixels: int, second_image: int) -> np.ndarray:
    """[y, x], first image that shows a straight road of which a piece is missing."""
    turn = np.full((70, 90), NEVER)
    turn[34:37, 6:40] = 14
    turn[34:37, 40 + gap_pixels : 80] = second_image
    return turn


@pytest.mark.parametrize("second_image", [14, 16])
def test_stretches_parted_by_a_short_gap_are_one_road(land_stack: Callable[..., xr.Dataset], second_image: int) -> None:
    turn = road_in_two_stretches(4, second_image)
    stack = land_stack(11, turn, -5.0)
    roads = [one for one in find_in_track(stack, detect_change(stack)) if one.grade.kind == "road"]
    assert len(roads) == 1
    assert roads[0].shape.length_m.value == pytest.approx(740, rel=0.08)


def test_stretches_far_apart_stay_two_roads(land_stack: Callable[..., xr.Dataset]) -> None:
    turn = road_in_two_stretches(12, 14)
    stack = land_stack(12, turn, -5.0)
    roads = [one for one in find_in_track(stack, detect_change(stack)) if one.grade.kind == "road"]
    assert len(roads) == 2


def test_a_stretch_built_much_later_is_a_road_of_its_own(land_stack: Callable[..., xr.Dataset]) -> None:
    turn = road_in_two_stretches(4, 27)
    stack = land_stack(13, turn, -5.0)
    roads = [one for one in find_in_track(stack, detect_change(stack)) if one.grade.kind == "road"]
    assert len(roads) == 2
