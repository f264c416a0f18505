"""The line down the middle of a footprint whose course is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage as ndi
from scipy.spatial import KDTree

from sitewatch.structures._centreline import centreline, length_along, positions_along

SIDE = 130
SQUARE = (10.0, 10.0)


def smooth_curve(seed: int, length_px: float, sharpest_px: float, step: float = 0.1) -> np.ndarray:
    """[point, 2], a random curve (column, row) in the middle of the grid that bends no sharper than a radius."""
    rng = np.random.default_rng(seed)
    count = int(length_px / step)
    bend = ndi.gaussian_filter1d(rng.normal(0, 1, count), rng.uniform(80, 160))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(bend / np.abs(bend).max() / sharpest_px * step)
    line = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1) * step, axis=0)
    return line - (line.max(axis=0) + line.min(axis=0)) / 2 + SIDE / 2 + rng.uniform(-0.5, 0.5, 2)


def raster(line: np.ndarray, width_px: float) -> np.ndarray:
    """[y, x], pixels whose centres lie within half a width of a curve, its ends cut square."""
    rows, columns = np.indices((SIDE, SIDE)).reshape(2, -1)
    centres = np.stack([columns, rows], axis=1) + 0.5
    distance, nearest = KDTree(line).query(centres)
    mask = distance <= width_px / 2
    for end, inward in ((0, line[3] - line[0]), (len(line) - 1, line[-4] - line[-1])):
        mask &= (nearest != end) | ((centres - line[end]) @ inward >= 0)
    return mask.reshape(SIDE, SIDE)


def comes_back(line: np.ndarray, apart_px: float) -> bool:
    """Whether a curve comes so near to an earlier part of itself that a raster of it may join the two."""
    thin = line[::5]
    return any(abs(i - j) * 0.5 > 2 * apart_px for i, j in KDTree(thin).query_pairs(apart_px))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    length=st.floats(45, 120),
    radius=st.floats(14, 60),
    width=st.floats(1.5, 4.5),
)
def test_a_smooth_curve_is_as_long_as_it_is_whichever_way_it_lies(
    seed: int, length: float, radius: float, width: float
) -> None:
    line = smooth_curve(seed, length, radius)
    assume(line.min() > 6 and line.max() < SIDE - 6 and not comes_back(line, width + 8))
    mask = raster(line, width)
    lengths = []
    for turned in (mask, np.rot90(mask), mask[::-1], mask[:, ::-1]):
        found = centreline(turned, (1.0, 1.0))
        assert found is not None
        lengths.append(length_along(found, (1.0, 1.0)))
    assert lengths[0] == pytest.approx(length, abs=1.5 + 0.03 * length)
    # Of the corners of an end that lie equally far one is taken, which may be another when it is turned.
    assert lengths[1:] == pytest.approx([lengths[0]] * 3, abs=0.5 + width / 2)


def test_the_errors_of_many_curves_are_those_that_are_stated() -> None:
    errors = []
    for seed in range(60):
        line = smooth_curve(seed, 60 + seed, 15 + seed % 30)
        width = 1.3 + seed % 4
        if line.min() < 6 or line.max() > SIDE - 6 or comes_back(line, width + 8):
            continue
        found = centreline(raster(line, width), (1.0, 1.0))
        assert found is not None
        errors.append(length_along(found, (1.0, 1.0)) - (60 + seed))
    assert len(errors) > 40
    assert abs(np.mean(errors)) < 0.7
    assert np.std(errors) < 1.2


@pytest.mark.parametrize("angle", np.radians([0, 10, 26.6, 45, 63, 80]))
@pytest.mark.parametrize("width", [1.5, 3.0])
def test_the_staircase_of_a_slanting_line_does_not_lengthen_it(angle: float, width: float) -> None:
    along = np.linspace(-40, 40, 801)
    line = SIDE / 2 + 0.3 + np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1)
    found = centreline(raster(line, width), SQUARE)
    assert found is not None
    assert length_along(found, SQUARE) == pytest.approx(800, abs=15)


def test_gaps_are_bridged_and_counted() -> None:
    line = smooth_curve(4, 110, 25)
    mask = raster(line, 2.5)
    broken = mask.copy()
    for start, end in ((200, 240), (500, 580), (800, 830)):
        broken &= ~raster(line[start:end], 6.0)
    assert ndi.label(broken, np.ones((3, 3)))[1] == 4
    whole, bridged = (centreline(m, (1.0, 1.0)) for m in (mask, broken))
    assert whole is not None
    assert bridged is not None
    assert length_along(bridged, (1.0, 1.0)) == pytest.approx(110, abs=2.5)
    distance, _ = KDTree(whole).query(bridged)
    assert distance.max() < 1.5


def test_what_branches_off_does_not_bend_the_line() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[60:63, 10:110] = True
    branched = mask.copy()
    branched[63:80, 55:58] = True
    found = centreline(branched, SQUARE)
    assert found is not None
    assert length_along(found, SQUARE) == pytest.approx(1000, abs=15)
    assert np.abs(found[:, 1] - 61.5).max() < 1.0


def test_the_line_keeps_to_the_middle() -> None:
    line = smooth_curve(9, 100, 20)
    found = centreline(raster(line, 4.0), (1.0, 1.0))
    assert found is not None
    distance, _ = KDTree(line).query(found)
    assert np.median(distance) < 0.35
    assert distance.max() < 1.2


def test_pixels_that_are_not_square_bend_nothing() -> None:
    line = smooth_curve(12, 80, 30)
    squeezed = raster(line, 4.0)[::2]
    found = centreline(squeezed, (10.0, 20.0))
    assert found is not None
    assert length_along(found, (10.0, 20.0)) == pytest.approx(800, rel=0.035)


def test_places_along_a_line_are_metres_from_its_first_point() -> None:
    line = np.array([[0.0, 5.0], [40.0, 5.0]])
    rows, columns = np.array([4, 5, 9]), np.array([0, 20, 39])
    assert positions_along(line, (rows, columns), SQUARE) == pytest.approx([5, 205, 395], abs=3)


def test_a_block_has_a_line_and_a_few_pixels_have_none() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[40:60, 40:60] = True
    found = centreline(mask, SQUARE)
    assert found is not None
    assert np.isfinite(found).all()
    mask[:] = False
    mask[40, 40:43] = True
    assert centreline(mask, SQUARE) is None
