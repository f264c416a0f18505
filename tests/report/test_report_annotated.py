"""Callouts stand beside the picture, none on another, and their arrows do not cross."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np
import shapely
import shapely.affinity
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from sitewatch.report import annotated_map, read_picture, whole_window
from sitewatch.report._annotated import BETWEEN_IN, Callout, arranged, leader, sides_of
from sitewatch.structure import Structure

LOW, HIGH, EDGE = 1.0, 6.0, 8.0

spots = st.tuples(st.floats(2, 7), st.floats(LOW, HIGH), st.integers(2, 6))


def made(places: list[tuple[float, float, int]]) -> list[Callout]:
    return [Callout(("words",) * lines, shapely.Point(x, y).buffer(0.05), "#ffffff") for x, y, lines in places]


@given(st.lists(spots, max_size=9))
def test_callouts_of_a_side_keep_clear_of_each_other_and_of_the_ends(places: list[tuple[float, float, int]]) -> None:
    found = arranged(made(places), EDGE, LOW, HIGH)
    assert len(found) >= min(len(places), 5)
    for (one, y), (other, above) in pairwise(found):
        assert above - other.height_in / 2 - (y + one.height_in / 2) >= BETWEEN_IN - 1e-6
    for one, y in found:
        assert y - one.height_in / 2 >= LOW - 1e-6
        assert y + one.height_in / 2 <= HIGH + 1e-6


@given(st.lists(spots, min_size=2, max_size=7))
def test_arrows_of_callouts_of_one_size_do_not_cross(places: list[tuple[float, float, int]]) -> None:
    found = arranged(made([(x, y, 4) for x, y, _ in places]), EDGE, LOW, HIGH)
    lines = [leader(one, EDGE, y) for one, y in found]
    assert not any(a.crosses(b) for a, b in combinations(lines, 2))


@given(st.lists(spots, max_size=12))
def test_every_callout_is_on_one_side(places: list[tuple[float, float, int]]) -> None:
    callouts = made(places)
    left, right = sides_of(callouts, 4.5, HIGH - LOW)
    assert sorted(map(id, left + right)) == sorted(map(id, callouts))


def test_all_words_of_the_annotated_picture_are_on_the_paper_and_apart(
    make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack = make_stack()
    picture = read_picture(stack, "VV", range(8, 12), whole_window(stack))
    base = make_structure().footprint
    rng = np.random.default_rng(5)
    many = [
        make_structure(f"s{i}", footprint=shapely.affinity.translate(base, *rng.uniform(-0.002, 0.002, 2)))
        for i in range(7)
    ]
    figure = annotated_map(picture, many, {s.id: str(i) for i, s in enumerate(many, start=1)})
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    width, height = figure.get_size_inches() * figure.dpi
    paper = figure.axes[-1]
    boxes = [text.get_window_extent(renderer) for text in paper.texts]
    assert len(boxes) > 20
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
    inner = figure.axes[0].get_window_extent(renderer)
    assert not any(box.x1 > inner.x0 and box.x0 < inner.x1 for box in boxes)
    said = " ".join(text.get_text() for text in paper.texts)
    assert "1. Pier, confirmed" in said
    assert "250 m (sd 12 m) long" in said
