"""The construction-date map: what it draws is what the pixels' dates say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.report import construction_map, read_picture, whole_window
from sitewatch.report._construction import MOST_OUTLINES, construction_caption, grew, outline_days
from sitewatch.structure import Structure


def dated(stack: xr.Dataset, steps: int) -> xr.DataArray:
    """A block of pixels built row by row, a date for so many rows."""
    times = stack["time"].values
    out = np.full((30, 12), np.datetime64("NaT", "ns"))
    out[2:28, 2:10] = times[np.minimum(np.arange(26) * steps // 26, len(times) - 1)][:, None]
    box = stack.isel(y=slice(15, 45), x=slice(27, 39))
    return xr.DataArray(out, dims=("y", "x"), coords={"y": box["y"], "x": box["x"], "spatial_ref": box["spatial_ref"]})


@pytest.mark.parametrize(("steps", "labels"), [(1, 1), (3, 3), (12, MOST_OUTLINES)])
def test_each_outline_has_its_date_beside_it(
    steps: int, labels: int, make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack = make_stack()
    dates = dated(stack, steps)
    assert grew(dates) is (steps >= 3)
    picture = read_picture(stack, "VV", [11], whole_window(stack))
    figure = construction_map(picture, [(make_structure(), dates)], {"pier-1": "1"})
    said = [text.get_text() for text in figure.axes[0].texts]
    days = {str(t)[:10] for t in dates.values[~np.isnat(dates.values)].astype("datetime64[D]")}
    assert len(said) == labels
    assert set(said) <= days
    assert max(days) in said


def test_of_a_site_the_numbers_are_written_instead(
    make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack = make_stack()
    picture = read_picture(stack, "VV", [11], whole_window(stack))
    pair = [(make_structure(), dated(stack, 3))]
    figure = construction_map(picture, pair, {"pier-1": "7"}, outlines=False)
    assert [text.get_text() for text in figure.axes[0].texts] == ["7"]
    assert "numbers" in construction_caption([*pair, *pair])


def test_nothing_dated_makes_no_map() -> None:
    assert not grew(None)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=200))
def test_outlines_are_few_are_dates_that_occur_and_end_with_the_last(days: list[int]) -> None:
    chosen = outline_days(np.array([*days, np.nan]))
    assert 1 <= len(chosen) <= MOST_OUTLINES
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(map(float, days))
    assert chosen[-1] == max(days)
