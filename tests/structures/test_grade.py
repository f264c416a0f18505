"""What kind a footprint is and whether it stands, rule by rule."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import shapely

from sitewatch.structure import Measure
from sitewatch.structures._character import Character
from sitewatch.structures._grade import grade
from sitewatch.structures._measure import Shape

ALPHA = 0.01
# A work in the sea that nobody doubts: 10 dB brighter for good, as steady as rock.
AT_SEA = Character(
    pixels=60,
    series_db=np.zeros((20, 2)),
    before_db=np.array([-20.0, -27.0]),
    after_db=np.array([-10.0, -17.0]),
    above_before_db=np.array([0.0, 0.0]),
    above_after_db=np.array([10.0, 10.0]),
    water_share=1.0,
    water_after=False,
    on_shore=True,
    scatter_before_db=0.5,
    scatter_after_db=0.5,
    vessel_log_ratio=-12.0,
    images_before=10,
    images_after=10,
    like_after_before=0.0,
    like_before_after=0.0,
    standing_nats=4.0,
    p_value=1e-12,
)
# A building on land, brighter by 5 dB in both channels.
ON_LAND = dataclasses.replace(
    AT_SEA, water_share=0.0, on_shore=False, before_db=np.array([-12.0, -18.0]), after_db=np.array([-7.0, -13.0])
)


def shape(length_m: float, width_m: float) -> Shape:
    return Shape(
        outline=shapely.box(0, 0, 0.001, 0.001),
        area_m2=Measure(length_m * width_m, 100.0),
        length_m=Measure(length_m, 10.0),
        width_m=Measure(width_m, 10.0),
        orientation_deg=0.0,
        centreline=None,
        elongation=length_m / width_m,
        slenderness=length_m / width_m,
    )


SLIM, BROAD = shape(300, 40), shape(400, 300)


@pytest.mark.parametrize(("nats", "status"), [(-0.8, "rejected"), (0.4, "rejected"), (1.2, "confirmed")])
def test_what_its_own_images_do_not_show_standing_is_rejected(nats: float, status: str) -> None:
    assert grade(dataclasses.replace(ON_LAND, standing_nats=nats), BROAD, ALPHA).status == status


@pytest.mark.parametrize(("on_shore", "rise_db", "images", "status"), [
    (True, 5.0, 4, "candidate"),
    (True, 5.0, 6, "confirmed"),
    (True, 9.0, 4, "confirmed"),
    (False, 5.0, 4, "confirmed"),
])  # fmt: skip
def test_a_few_bright_images_at_the_waterline_confirm_nothing_that_tides_and_waves_could_do(
    on_shore: bool, rise_db: float, images: int, status: str
) -> None:
    after = ON_LAND.before_db + rise_db
    ashore = dataclasses.replace(ON_LAND, on_shore=on_shore, after_db=after, images_after=images)
    assert grade(ashore, BROAD, ALPHA).status == status


@pytest.mark.parametrize(("outline", "kind"), [(SLIM, "pier"), (BROAD, "reclamation")])
def test_a_steady_work_at_sea_is_confirmed_and_named_by_its_elongation(outline: Shape, kind: str) -> None:
    verdict = grade(AT_SEA, outline, ALPHA)
    assert (verdict.kind, verdict.status, verdict.reason) == (kind, "confirmed", "")
    assert 0.5 <= verdict.kind_probability <= 1


def test_a_level_that_swings_at_sea_is_a_ship_and_rejected() -> None:
    verdict = grade(dataclasses.replace(AT_SEA, scatter_after_db=2.6), SLIM, ALPHA)
    assert (verdict.kind, verdict.status) == ("ship", "rejected")
    assert "2.6 dB" in verdict.reason


def test_a_swing_likelier_for_a_vessel_is_rejected_though_speckle_hides_most_of_it() -> None:
    verdict = grade(dataclasses.replace(AT_SEA, scatter_after_db=0.4, vessel_log_ratio=2.5), SLIM, ALPHA)
    assert (verdict.kind, verdict.status) == ("ship", "rejected")


@pytest.mark.parametrize("ratio", [-2.0, 0.0, 2.0, float("nan")])
def test_a_level_that_does_not_tell_works_from_vessels_yet_leaves_a_candidate(ratio: float) -> None:
    verdict = grade(dataclasses.replace(AT_SEA, vessel_log_ratio=ratio), SLIM, ALPHA)
    assert (verdict.kind, verdict.status) == ("pier", "candidate")
    assert "do not yet tell it from a vessel" in verdict.reason


def test_a_berth_where_vessels_lay_before_is_a_candidate_only() -> None:
    verdict = grade(dataclasses.replace(AT_SEA, scatter_before_db=2.6), SLIM, ALPHA)
    assert (verdict.kind, verdict.status) == ("ship", "candidate")


@pytest.mark.parametrize("outline", [SLIM, BROAD])
def test_filtered_images_never_confirm_anything_at_sea(outline: Shape) -> None:
    verdict = grade(AT_SEA, outline, ALPHA, filtered=True)
    assert verdict.status == "candidate"
    assert "filtered" in verdict.reason


def test_filtered_images_do_not_keep_a_building_on_land_from_being_confirmed() -> None:
    assert grade(ON_LAND, shape(80, 60), ALPHA, filtered=True).status == "confirmed"


@pytest.mark.parametrize("images", [1, 3])
def test_too_few_images_after_leave_a_candidate(images: int) -> None:
    verdict = grade(dataclasses.replace(AT_SEA, images_after=images), SLIM, ALPHA)
    assert (verdict.kind, verdict.status) == ("pier", "candidate")
    assert f"only {images} image" in verdict.reason


def test_land_needs_more_images_from_before_than_open_water() -> None:
    assert grade(dataclasses.replace(AT_SEA, images_before=2), SLIM, ALPHA).status == "confirmed"
    assert grade(dataclasses.replace(AT_SEA, images_before=1), SLIM, ALPHA).status == "candidate"
    assert grade(dataclasses.replace(ON_LAND, images_before=3), BROAD, ALPHA).status == "candidate"
    assert grade(dataclasses.replace(ON_LAND, images_before=4), BROAD, ALPHA).status == "confirmed"


def test_too_few_pixels_leave_a_candidate() -> None:
    assert grade(dataclasses.replace(AT_SEA, pixels=5), SLIM, ALPHA).status == "candidate"
    assert grade(dataclasses.replace(AT_SEA, pixels=6), SLIM, ALPHA).status == "confirmed"


def test_a_p_value_above_alpha_leaves_a_candidate() -> None:
    doubtful = dataclasses.replace(ON_LAND, p_value=0.02)
    assert grade(doubtful, BROAD, 0.01).status == "candidate"
    assert grade(doubtful, BROAD, 0.05).status == "confirmed"


@pytest.mark.parametrize("field", ["like_after_before", "like_before_after"])
def test_what_comes_and_goes_is_rejected(field: str) -> None:
    assert grade(dataclasses.replace(ON_LAND, **{field: 0.4}), BROAD, ALPHA).status == "rejected"


def test_a_rise_mostly_in_the_cross_polarised_channel_is_vegetation_and_rejected() -> None:
    growing = dataclasses.replace(ON_LAND, after_db=np.array([-11.0, -14.5]))
    verdict = grade(growing, BROAD, ALPHA)
    assert (verdict.kind, verdict.status) == ("vegetation", "rejected")


def test_a_small_rise_on_land_is_wet_soil_and_rejected() -> None:
    verdict = grade(dataclasses.replace(ON_LAND, after_db=np.array([-11.0, -17.0])), BROAD, ALPHA)
    assert (verdict.kind, verdict.status) == ("wet soil", "rejected")


def test_a_strong_rise_on_land_is_a_building_and_a_thin_one_a_road() -> None:
    assert grade(ON_LAND, shape(80, 60), ALPHA).kind == "building"
    assert grade(ON_LAND, shape(900, 15), ALPHA).kind == "road"


def darker(above_before_db: float, above_after_db: float) -> Character:
    return dataclasses.replace(
        ON_LAND,
        before_db=np.array([-6.0, -12.0]),
        after_db=np.array([-11.0, -17.0]),
        above_before_db=np.full(2, above_before_db),
        above_after_db=np.full(2, above_after_db),
    )


def test_darkening_where_nothing_stood_out_before_is_felling_and_rejected() -> None:
    verdict = grade(darker(0.0, -5.0), BROAD, ALPHA)
    assert (verdict.kind, verdict.status) == ("felling", "rejected")


def test_what_stood_out_and_is_levelled_was_demolished() -> None:
    verdict = grade(darker(5.0, 0.0), BROAD, ALPHA)
    assert (verdict.kind, verdict.status) == ("demolition", "confirmed")


def test_a_vessel_that_left_is_not_a_demolition() -> None:
    gone = dataclasses.replace(
        AT_SEA, before_db=AT_SEA.after_db, after_db=AT_SEA.before_db, water_after=True, scatter_before_db=2.5
    )
    verdict = grade(gone, SLIM, ALPHA)
    assert (verdict.kind, verdict.status) == ("ship", "rejected")


def test_what_vanished_from_the_water_is_never_confirmed() -> None:
    gone = dataclasses.replace(AT_SEA, before_db=AT_SEA.after_db, after_db=AT_SEA.before_db, water_after=True)
    assert grade(gone, SLIM, ALPHA).status == "candidate"


def test_what_chance_gives_as_likely_as_not_is_no_candidate() -> None:
    assert grade(dataclasses.replace(ON_LAND, p_value=0.9), BROAD, 0.01).status == "rejected"


@pytest.mark.parametrize("level", [math.nan, 0.2, 3.0])
def test_a_kind_that_is_stated_is_never_the_less_likely_one(level: float) -> None:
    left = dataclasses.replace(AT_SEA, before_db=AT_SEA.after_db, after_db=AT_SEA.before_db, scatter_before_db=level)
    for stood_out in (-3.0, 3.0):
        fell = dataclasses.replace(ON_LAND, before_db=ON_LAND.after_db, after_db=ON_LAND.before_db)
        fell = dataclasses.replace(fell, above_before_db=np.full(2, stood_out))
        assert grade(fell, BROAD, 0.01).kind_probability >= 0.5
    assert grade(left, BROAD, 0.01).kind_probability >= 0.5
