from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.stack import tiles
from sitewatch.stack._tiles import CHUNK_PX, blocks

sides = st.integers(1, 700)


@given(height=sides, width=sides, size=st.integers(1, 300), margin=st.integers(0, 40))
def test_tiles_cover_each_pixel_once_and_lie_where_they_say(height: int, width: int, size: int, margin: int) -> None:
    size = max(size, 20)
    seen = np.zeros((height, width), int)
    number = np.arange(height * width).reshape(height, width)
    for tile in tiles((height, width), size, margin):
        seen[tile.y, tile.x] += 1
        read = number[tile.read_y, tile.read_x]
        assert np.array_equal(read[tile.inner_y, tile.inner_x], number[tile.y, tile.x])
        assert tile.read_y.start == max(tile.y.start - margin, 0)
        assert tile.read_x.stop == min(tile.x.stop + margin, width)
    assert (seen == 1).all()


@given(height=sides, width=st.integers(1, 3000), bands=st.integers(1, 4), budget=st.integers(1, 2**28))
def test_blocks_cover_each_pixel_once_in_whole_chunks_within_the_budget(
    height: int, width: int, bands: int, budget: int
) -> None:
    seen = np.zeros((height, width), int)
    for y, x in blocks((height, width), 64 * bands, budget):
        seen[y, x] += 1
        assert y.start % CHUNK_PX == x.start % CHUNK_PX == 0
        pixels = (y.stop - y.start) * (x.stop - x.start)
        assert pixels * 64 * bands <= max(budget, CHUNK_PX * CHUNK_PX * 64 * bands)
    assert (seen == 1).all()


def test_a_tile_size_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        tiles((4, 4), 0)
