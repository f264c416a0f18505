"""When a structure starts and how it grows, from hand-made chances of being built."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sitewatch.structures._growth import connected, crossing, decided, growth_curve


def sure_pixels(counts: list[int], pixels: int) -> np.ndarray:
    """[image, pixel] where the first so many pixels surely stand at each image."""
    return (np.arange(pixels)[None, :] < np.array(counts)[:, None]).astype(float)


def test_the_crossing_lies_between_the_last_image_with_fewer_and_the_first_with_enough() -> None:
    built_by = sure_pixels([0, 0, 2, 2, 5, 9], 10)
    assert crossing(built_by, 4) == (3, 4)
    assert crossing(built_by, 1) == (1, 2)
    assert crossing(built_by, 9) == (4, 5)


def test_a_count_never_reached_has_no_crossing() -> None:
    assert crossing(sure_pixels([0, 2, 3], 10), 8) is None


def test_what_stood_at_the_first_image_was_reached_before_it() -> None:
    assert crossing(sure_pixels([6, 6, 6], 6), 4) == (-1, 0)


def test_doubtful_images_widen_the_crossing() -> None:
    # At image 2 half of 8 pixels stand, give or take sqrt(2 * 8 / 4) = 2: neither fewer nor more than 4 is credible.
    built_by = np.array([np.zeros(8), np.zeros(8), np.full(8, 0.5), np.ones(8)])
    assert crossing(built_by, 4) == (1, 3)


def test_many_small_chances_do_not_add_up_to_a_structure() -> None:
    built_by = np.vstack([np.full((5, 4000), 0.01), np.ones((2, 4000))])
    assert crossing(built_by, 4) == (4, 5)


def test_what_is_all_but_sure_is_taken_as_sure() -> None:
    assert decided(np.array([0.0, 0.019, 0.021, 0.5, 0.979, 0.981, 1.0])).tolist() == [0, 0, 0.021, 0.5, 0.979, 1, 1]


@given(hnp.arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 30)), elements=st.floats(0, 1)))
def test_growth_never_shrinks_and_ends_at_the_whole(chances: np.ndarray) -> None:
    built_by = np.sort(chances, axis=0)
    built_by[-1, 0] = 1.0
    fraction, spread = growth_curve(built_by)
    assert ((fraction >= 0) & (fraction <= 1)).all()
    assert (np.diff(fraction) >= -1e-12).all()
    assert np.isclose(fraction[-1], 1.0)
    assert (spread >= 0).all()


def test_growth_is_the_share_of_the_final_extent_without_doubt_where_all_is_sure() -> None:
    fraction, spread = growth_curve(sure_pixels([0, 2, 4, 8], 10))
    assert fraction.tolist() == [0, 0.25, 0.5, 1.0]
    assert spread.tolist() == [0, 0, 0, 0]


def test_scattered_pixels_are_dropped_and_the_patch_is_kept() -> None:
    rows, columns = (axis.ravel() for axis in np.indices((10, 10)))
    patch = (rows < 3) & (columns < 3)
    scattered = np.isin(rows * 10 + columns, [65, 99, 8])
    built_by = np.zeros((2, 100))
    built_by[0, patch | scattered] = 0.9
    built_by[1] = 1.0
    out = connected(built_by, (rows, columns), (10, 10))
    assert (out[0, patch] == 0.9).all()
    assert (out[0, scattered] == 0).all()
    assert (out[1] == 1.0).all()  # most of it stands: nothing is dropped


def test_a_gap_of_one_pixel_does_not_part_a_patch() -> None:
    rows, columns = np.zeros(20, int), np.arange(20)
    built_by = np.zeros((2, 20))
    built_by[0, [0, 1, 2, 4, 5]] = 0.9
    built_by[1] = 1.0
    assert (connected(built_by, (rows, columns), (1, 20)) == built_by).all()
