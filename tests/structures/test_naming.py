"""What is not construction is rejected by name, and construction never is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hall import Hall
from numpy.typing import NDArray

from sitewatch.change import detect_change
from sitewatch.simulate import simulate_lookalike, speckle
from sitewatch.simulate._scenario import revisit_dates
from sitewatch.structures import to_geodataframe
from sitewatch.structures._describe import describe
from sitewatch.structures._find import find_in_track
from sitewatch.structures._find_one import Found
from sitewatch.structures._naming import name_all, name_one
from sitewatch.structures._naming._beside import beside
from sitewatch.structures._naming._facts import Facts, facts_of
from sitewatch.structures._naming._ghost import ambiguity
from sitewatch.structures._naming._land import crop, felled_trees, wet_soil
from sitewatch.structures._naming._sea import stays_in_words, tidal_flat, vessel, waves
from sitewatch.structures._naming._stays import stays_of
from sitewatch.structures._naming._track import Heading, heading_deg

DAYS = 12.0 * np.arange(60)
DATES = [dt.date(2023, 1, 1) + dt.timedelta(days=int(d)) for d in DAYS]
# The radar looks west: away from it is toward smaller columns.
WESTWARD = Heading(along=(1.0, 0.0), away=(0.0, -1.0))


def facts(contrast_db: NDArray[np.floating], *, at_sea: bool = True, **more: NDArray[np.floating]) -> Facts:
    """Facts of a place that stands above its surroundings by so much, with a tenth of a dB of noise."""
    rng = np.random.default_rng(5)
    noisy = contrast_db + rng.normal(0, 0.3, contrast_db.size)
    wind = rng.normal(0, 4.0, contrast_db.size)
    effect = more.get("effect_db", np.stack([wind, rng.normal(0, 1.0, contrast_db.size)]))
    series = more.get("series_db", np.stack([noisy, noisy], axis=1))
    around = np.full((contrast_db.size, 1), -20.0)
    return Facts(DAYS[: contrast_db.size], around + noisy[:, None], around, series, effect, at_sea)


def refused(found: Found, kind: str = "unknown", **character: object) -> Found:
    """The same finding, rejected by the grade for no cause given, with another character."""
    grade = dataclasses.replace(found.grade, status="rejected", kind=kind, reason="it did not last")
    return dataclasses.replace(found, grade=grade, character=dataclasses.replace(found.character, **character))


def test_a_vessel_that_comes_and_goes_is_told_by_its_stays() -> None:
    contrast = np.zeros(60)
    for first, last in ((5, 14), (22, 30), (41, 50)):
        contrast[first:last] = 12.0
    stays = stays_of(contrast - 20.0, np.full(60, -20.0))
    assert [(s.first, s.last) for s in stays] == [(5, 13), (22, 29), (41, 49)]
    assert "came and went 3 times" in stays_in_words(stays, DATES)


def test_a_vessel_laid_up_for_a_year_and_gone_is_told_with_its_dates() -> None:
    contrast = np.where((np.arange(60) >= 10) & (np.arange(60) < 40), 12.0, 0.0)
    words = stays_in_words(stays_of(contrast - 20.0, np.full(60, -20.0)), DATES)
    assert "from 2023-05-01 on, last seen on 2024-04-13" in words


def test_a_pier_seen_in_rough_and_calm_water_has_one_stay_that_goes_on() -> None:
    rng = np.random.default_rng(3)
    sea = rng.uniform(-24, -7, 60)
    level = np.where(np.arange(60) >= 20, np.maximum(-8.0, sea), sea) + rng.normal(0, 0.5, 60)
    stays = stays_of(level, sea)
    assert len(stays) == 1
    assert not stays[0].ended
    assert stays_in_words(stays, DATES) == ""


def test_a_moored_ship_is_named_with_what_it_did(hall: Hall) -> None:
    contrast = np.where((np.arange(36) >= 8) & (np.arange(36) < 25), 10.0, 0.0)
    verdict = vessel(hall.found, facts(contrast))
    assert verdict is not None
    assert verdict.name == "ship_moored"
    assert "left open water behind" in verdict.reason


def test_a_tidal_flat_follows_the_tide(hall: Hall) -> None:
    tide = np.cos(2 * np.pi * 1.9322736 * DAYS + 1.0)
    verdict = tidal_flat(hall.found, facts(np.where(tide < -0.2, 6.0, 0.0)))
    assert verdict is not None
    assert verdict.name == "tidal_flat"
    assert tidal_flat(hall.found, facts(np.where(np.arange(60) > 20, 6.0, 0.0))) is None


def test_waves_follow_the_wind(hall: Hall) -> None:
    wind = np.random.default_rng(1).normal(0, 4.0, 60)
    effect = np.stack([wind, np.zeros(60)])
    verdict = waves(hall.found, facts(0.8 * wind, effect_db=effect))
    assert verdict is not None
    assert verdict.name == "waves"
    assert waves(hall.found, facts(np.where(np.arange(60) > 20, 8.0, 0.0) - wind, effect_db=effect)) is None


def test_a_crop_returns_each_year_in_its_month(hall: Hall) -> None:
    built = np.repeat((np.arange(60) >= 30).astype(float)[:, None], 4, axis=1)
    presence = dataclasses.replace(hall.found.presence, built_by=built)
    found = dataclasses.replace(refused(hall.found), presence=presence)
    begin = found.window.dates[0]
    june = (dt.date(begin.year, 6, 15) - begin).days
    season = 3.0 * np.cos(2 * np.pi * (DAYS - june) / 365.25)
    verdict = crop(found, facts(season, at_sea=False))
    assert verdict is not None
    assert verdict.name == "crop"
    assert "each June" in verdict.reason
    assert crop(found, facts(np.where(np.arange(60) >= 30, 5.0, 0.0), at_sea=False)) is None


def test_felled_trees_lose_most_in_the_cross_polarised_channel(hall: Hall) -> None:
    before = np.array([-8.5, -14.0])
    felled = refused(hall.found, "felling", before_db=before, after_db=before - [1.0, 3.0])
    verdict = felled_trees(felled, facts_of(felled))
    assert verdict is not None
    assert verdict.name == "felled_trees"
    assert "fell by 3.0 dB" in verdict.reason
    levelled = refused(hall.found, "felling", before_db=before, after_db=before - [3.0, 3.0])
    assert name_one(levelled).grade.rejected_as == "cleared_ground"


def test_wet_soil_answers_to_rain(hall: Hall) -> None:
    rain = np.abs(np.random.default_rng(2).normal(0, 1.5, 60))
    effect = np.stack([np.zeros(60), rain])
    verdict = wet_soil(refused(hall.found), facts(0.9 * rain, at_sea=False, effect_db=effect))
    assert verdict is not None
    assert verdict.name == "wet_soil"


def test_a_ghost_along_the_flight_is_an_ambiguity(hall: Hall) -> None:
    bright = hall.found
    attrs = {"constellation": "sentinel-1"}
    stack = bright.window.stack.assign_attrs(attrs)
    rows = slice(bright.window.rows.start + 500, bright.window.rows.stop + 500)
    window = dataclasses.replace(bright.window, rows=rows, stack=stack)
    weak = dataclasses.replace(
        bright.character, before_db=np.array([-32.0, -38.0]), after_db=bright.character.after_db - 25.0 + 3.0
    )
    ghost = dataclasses.replace(bright, window=window, character=weak)
    pixel_m = float(stack.attrs["pixel_y_m"])
    verdict = ambiguity(ghost, [bright, ghost], WESTWARD)
    assert verdict is not None
    assert f"{0.5 * pixel_m:.1f} km along the orbit" in verdict.reason
    assert ambiguity(bright, [bright, ghost], WESTWARD) is None
    near = dataclasses.replace(ghost, window=dataclasses.replace(window, rows=slice(100, 128)))
    assert ambiguity(near, [bright, near], WESTWARD) is None


@pytest.mark.parametrize(("column", "step_db", "name"), [(10, 4.0, "layover"), (-10, -6.0, "shadow")])
def test_what_lies_in_the_line_of_sight_of_a_structure_is_its_layover_or_shadow(
    hall: Hall, column: int, step_db: float, name: str
) -> None:
    rows, columns = hall.found.presence.pixels
    side = columns == (columns.max() if column > 0 else columns.min())
    strip = np.concatenate([columns[side] + np.sign(column) * k for k in (1, 2, 3)])
    pixels = (np.tile(rows[side], 3), strip)
    footprint = np.zeros(hall.found.footprint.shape, bool)
    footprint[pixels] = True
    presence = dataclasses.replace(hall.found.presence, pixels=pixels, built_by=hall.found.presence.built_by[:, :36])
    before = hall.found.character.before_db
    strip_found = dataclasses.replace(
        refused(hall.found, before_db=before, after_db=before + step_db), footprint=footprint, presence=presence
    )
    verdict = beside(strip_found, [hall.found, strip_found], WESTWARD)
    assert verdict is not None
    assert verdict.name == name
    assert beside(strip_found, [strip_found], WESTWARD) is None


@pytest.mark.parametrize(("latitude", "ascending", "heading"), [(36, False, 192), (36, True, 348), (0, True, 348)])
def test_the_heading_is_that_of_the_satellites_track_over_ground(
    latitude: float, ascending: bool, heading: float
) -> None:
    assert heading_deg(latitude, ascending=ascending) == pytest.approx(heading, abs=1.5)


def test_felled_trees_of_a_simulated_forest_are_rejected_by_name() -> None:
    scenario = simulate_lookalike("felled_trees", 1, dates=revisit_dates(count=40, seed=1), shape=(80, 80))
    found = find_in_track(scenario.stack, detect_change(scenario.stack))
    assert [f.grade.rejected_as for f in found if f.grade.status != "rejected"] == []
    assert "felled_trees" in {f.grade.rejected_as for f in found}
    (named,) = [f for f in found if f.grade.rejected_as == "felled_trees"]
    table = to_geodataframe([describe(named)])
    assert table["rejected_as"].tolist() == ["felled_trees"]


@pytest.fixture(scope="module")
def works(as_stack: Callable[..., xr.Dataset]) -> list[Found]:
    """A pier in a sea that wind moves, a building and a dark road on land."""
    rng = np.random.default_rng(11)
    shape, images = (70, 90), 40
    land = np.zeros(shape, bool)
    land[:, :55] = True
    pier, building, road = (np.zeros(shape, bool) for _ in range(3))
    pier[30:35, 55:80], building[48:58, 12:24], road[8:11, 3:52] = True, True, True
    wind = rng.normal(0, 3.5, images)
    power = {}
    for name, sea_db, land_db, pier_db, hall_db, road_db in (
        ("VV", -19.0, -10.0, -8.0, -4.0, -14.0),
        ("VH", -27.0, -17.0, -16.0, -11.0, -22.0),
    ):
        taken = []
        for image in range(images):
            level = np.where(land, land_db, sea_db + (wind[image] if name == "VV" else 0.3 * wind[image]))
            for mask, db, begin in ((pier, pier_db, 12), (building, hall_db, 16), (road, road_db, 14)):
                level = np.where(mask & (image >= begin), db, level)
            taken.append(10 ** (level / 10) * speckle(rng, shape, enl=4.4))
        power[name] = np.stack(taken)
    stack = as_stack(power)
    return find_in_track(stack, detect_change(stack))


@pytest.mark.parametrize("kind", ["pier", "building", "road"])
def test_construction_is_never_named_as_something_else(works: list[Found], kind: str) -> None:
    built = [f for f in works if f.grade.kind == kind and f.grade.status == "confirmed"]
    assert len(built) == 1
    assert built[0].grade.rejected_as is None
    # not even where the evidence were too thin to confirm it
    doubted = dataclasses.replace(built[0], grade=dataclasses.replace(built[0].grade, status="candidate", reason="?"))
    assert name_one(doubted) == doubted


def test_every_rejected_finding_has_a_name_and_a_reason(works: list[Found], hall: Hall) -> None:
    for one in name_all([refused(f) for f in [*works, hall.found]], hall.stack):
        assert one.grade.rejected_as is not None
        assert one.grade.reason
