"""Dating a footprint that the analyst drew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
import shapely
import xarray as xr
from hall import Hall

from sitewatch.change import detect_change
from sitewatch.errors import StructureError
from sitewatch.structures import date_footprint
from sitewatch.structures._map import covered, to_degrees

LandStack = Callable[..., xr.Dataset]


@pytest.fixture(scope="module")
def drawn(hall: Hall) -> shapely.Polygon:
    """The hall's outline as an analyst would draw it: longitude, latitude."""
    return to_degrees(shapely.box(302_200, 4_391_630, 302_440, 4_391_750), hall.stack.odc.geobox)


def test_the_drawn_polygon_covers_the_pixels_it_was_drawn_round(hall: Hall, drawn: shapely.Polygon) -> None:
    assert (covered(drawn, hall.stack.odc.geobox) == hall.mask).all()


def test_a_drawn_hall_is_dated_to_its_first_and_last_sections(hall: Hall, drawn: shapely.Polygon) -> None:
    (answer,) = date_footprint(drawn, [hall.stack], [hall.change])
    days = [dt.date.fromisoformat(str(t)[:10]) for t in hall.stack["time"].values]
    assert answer.onset is not None
    assert answer.completion is not None
    assert answer.onset.earliest <= days[9] < days[10] <= answer.onset.latest
    assert answer.completion.earliest <= days[14] < days[15] <= answer.completion.latest
    assert answer.area_m2.value == pytest.approx(hall.mask.sum() * 100)
    assert answer.p_value < 1e-6


def test_change_is_computed_where_it_is_not_given(hall: Hall, drawn: shapely.Polygon) -> None:
    assert date_footprint(drawn, [hall.stack]) == date_footprint(drawn, [hall.stack], [hall.change])


def test_a_place_where_nothing_was_built_is_not_confirmed(hall: Hall) -> None:
    quiet = to_degrees(shapely.box(302_500, 4_391_400, 302_650, 4_391_500), hall.stack.odc.geobox)
    (answer,) = date_footprint(quiet, [hall.stack], [hall.change])
    assert answer.status != "confirmed"


def test_tracks_that_do_not_cover_it_keep_silent(hall: Hall, drawn: shapely.Polygon, land_stack: LandStack) -> None:
    elsewhere = land_stack(1, np.full((40, 40), 999), 0.0, images=8, track="elsewhere")
    elsewhere = elsewhere.assign_coords(x=elsewhere["x"] + 50_000)
    elsewhere["spatial_ref"].attrs["GeoTransform"] = "352000 10 0 4392000 0 -10"
    answers = date_footprint(drawn, [elsewhere, hall.stack], [detect_change(elsewhere), hall.change])
    assert [a.tracks for a in answers] == [("simulated-98",)]


@pytest.mark.parametrize(
    ("box", "text"), [((1.0, 2.0, 1.001, 2.001), "covers 0 pixels"), ((0.0, 0.0, 0.00001, 0.00001), "covers 0 pixels")]
)
def test_a_polygon_off_the_images_is_refused_with_its_problem(
    hall: Hall, box: tuple[float, float, float, float], text: str
) -> None:
    with pytest.raises(StructureError, match=text) as refusal:
        date_footprint(shapely.box(*box), [hall.stack], [hall.change])
    assert "Simulated, simulated-98" in refusal.value.message
    assert "10 m" in refusal.value.hint


def test_a_polygon_of_fewer_than_four_pixels_is_refused(hall: Hall) -> None:
    tiny = to_degrees(shapely.box(302_200, 4_391_730, 302_230, 4_391_740), hall.stack.odc.geobox)
    with pytest.raises(StructureError, match="covers 3 pixels"):
        date_footprint(tiny, [hall.stack], [hall.change])


def test_no_stacks_are_refused(drawn: shapely.Polygon) -> None:
    with pytest.raises(StructureError, match="no stacks"):
        date_footprint(drawn, [], [])
