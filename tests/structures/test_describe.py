"""From a footprint's evidence to the structure that is reported."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hall import Hall

from sitewatch.change import detect_change
from sitewatch.structures import find_in_track
from sitewatch.structures._describe import describe

LandStack = Callable[..., xr.Dataset]


def days_of(stack: xr.Dataset) -> list[dt.date]:
    return [dt.date.fromisoformat(str(t)[:10]) for t in stack["time"].values]


def test_onset_and_completion_are_the_true_images(hall: Hall) -> None:
    structure, days = describe(hall.found), days_of(hall.stack)
    assert structure.onset is not None
    assert structure.completion is not None
    assert structure.onset.earliest <= days[9] < days[10] <= structure.onset.latest
    assert structure.completion.earliest <= days[14] < days[15] <= structure.completion.latest
    assert (structure.onset.latest - structure.onset.earliest).days <= 24
    assert {structure.onset.earliest, structure.onset.latest, structure.completion.latest} <= set(days)


def test_growth_follows_the_sections(hall: Hall) -> None:
    structure = describe(hall.found)
    assert [p.date for p in structure.growth] == days_of(hall.stack)
    true = np.clip((np.arange(36) - 9) / 6, 0, 1)
    assert np.abs([p.fraction - t for p, t in zip(structure.growth, true, strict=True)]).max() < 0.06
    assert all(p.track == "simulated-98" for p in structure.growth)


def test_levels_are_those_that_were_put_in(hall: Hall) -> None:
    levels = {level.polarisation: level for level in describe(hall.found).levels}
    for name, before in (("VV", -10.0), ("VH", -17.0)):
        assert levels[name].before_db == pytest.approx(before, abs=0.3)
        assert levels[name].after_db == pytest.approx(before + 8.0, abs=0.5)


def test_only_images_that_show_it_are_its_scenes(hall: Hall) -> None:
    structure = describe(hall.found)
    assert structure.scenes == tuple(f"simulated-98-scene-{i}" for i in range(10, 36))


def test_it_is_raised_before_it_is_confirmed_and_both_on_acquisitions(hall: Hall) -> None:
    structure, days = describe(hall.found), days_of(hall.stack)
    assert structure.onset is not None
    assert structure.first_raised in days
    assert structure.confirmed_on in days
    assert structure.onset.earliest < structure.first_raised < structure.confirmed_on  # type: ignore[operator]


def test_what_is_not_confirmed_has_no_date_of_confirmation(hall: Hall) -> None:
    doubtful = dataclasses.replace(hall.found.grade, status="candidate", reason="too faint")
    structure = describe(dataclasses.replace(hall.found, grade=doubtful))
    assert (structure.status, structure.reason, structure.confirmed_on) == ("candidate", "too faint", None)


def test_there_is_no_completion_while_it_grows(land_stack: LandStack) -> None:
    turn = np.full((70, 70), 999)
    turn[25:37, 20:44] = 12 + np.arange(24)
    stack = land_stack(8, turn, 8.0)
    (found,) = find_in_track(stack, detect_change(stack))
    structure = describe(found)
    assert structure.onset is not None
    assert structure.completion is None


def test_the_name_stays_when_more_images_arrive(land_stack: LandStack) -> None:
    turn = np.full((70, 70), 999)
    turn[25:37, 20:44] = 10 + np.arange(24) // 4
    stack = land_stack(9, turn, 8.0, point_spread_px=0.5)
    names = set()
    for images in (22, 36):
        part = stack.isel(time=slice(0, images))
        names |= {describe(found).id for found in find_in_track(part, detect_change(part))}
    assert len(names) == 1
    assert names.pop().startswith("building-")
