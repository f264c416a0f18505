"""Dates and certainty of a structure that several tracks see, and single images."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
import shapely
import xarray as xr
from numpy.typing import NDArray

from sitewatch.change import detect_change
from sitewatch.site import Site
from sitewatch.structures import Structure, date_footprint, find_structures
from sitewatch.structures._map import to_degrees

LandStack = Callable[..., xr.Dataset]
START = dt.date(2021, 3, 2)
ROWS, COLUMNS = slice(25, 37), slice(20, 44)


def turn_at(day: float, first_day: int, *, every: int = 12, sections: bool = False) -> NDArray[np.int64]:
    """[y, x], first image of a track that shows each pixel of a hall built on a day (or section by section)."""
    turn = np.full((70, 70), 999)
    days = day + (6.0 * (np.arange(24) // 4) if sections else np.zeros(24))
    turn[ROWS, COLUMNS] = np.ceil((days - first_day) / every).astype(int)[None, :]
    return turn


def site_of(stack: xr.Dataset) -> Site:
    west, south, east, north = stack.odc.geobox.extent.to_crs("EPSG:4326").boundingbox
    return Site.read(f"bbox:{west},{south},{east},{north}")


def hall_in(stacks: list[xr.Dataset], changes: list[xr.Dataset], singles: tuple[xr.Dataset, ...] = ()) -> Structure:
    """The one structure that is found."""
    found = [s for s in find_structures(site_of(stacks[0]), stacks, changes, singles=singles) if s.status != "rejected"]
    assert len(found) == 1
    return found[0]


Tracks = tuple[list[xr.Dataset], list[xr.Dataset]]


@pytest.fixture(scope="module")
def two_tracks(land_stack: LandStack) -> Tracks:
    """A hall built from day 125 on, in two tracks of 12 days; the second passes six days after the first."""
    stacks = [
        land_stack(1, turn_at(125, 0, sections=True), 6.0, images=26, point_spread_px=0.5, track="a"),
        land_stack(2, turn_at(125, 6, sections=True), 4.0, images=26, point_spread_px=0.5, track="b", first_day=6),
    ]
    return stacks, [detect_change(stack) for stack in stacks]


def day(number: float) -> dt.date:
    return START + dt.timedelta(days=number)


def test_two_tracks_date_it_within_the_gap_between_their_images(two_tracks: Tracks) -> None:
    stacks, changes = two_tracks
    alone = [hall_in([s], [c]) for s, c in zip(stacks, changes, strict=True)]
    both = hall_in(*two_tracks)
    assert both.onset is not None
    assert both.onset.earliest <= day(120) < day(126) <= both.onset.latest
    for one in alone:
        assert one.onset is not None
        assert both.onset.latest - both.onset.earliest < one.onset.latest - one.onset.earliest
    assert both.completion is not None
    assert both.completion.earliest <= day(150) < day(156) <= both.completion.latest
    assert both.tracks == ("a", "b")
    assert {point.track for point in both.growth} == {"a", "b"}
    assert [p.fraction for p in both.growth] == sorted(p.fraction for p in both.growth)


def test_two_tracks_confirm_sooner_than_either(two_tracks: Tracks) -> None:
    stacks, changes = two_tracks
    alone = [hall_in([s], [c]).confirmed_on for s, c in zip(stacks, changes, strict=True)]
    both = hall_in(*two_tracks).confirmed_on
    assert both is not None
    assert all(one is not None and both < one for one in alone)


def test_two_tracks_confirm_what_neither_has_images_enough_for(land_stack: LandStack) -> None:
    stacks = [
        land_stack(3, turn_at(125, 0), 7.0, images=14, point_spread_px=0.5, track="a"),
        land_stack(4, turn_at(125, 6), 7.0, images=13, point_spread_px=0.5, track="b", first_day=6),
    ]
    changes = [detect_change(stack) for stack in stacks]
    assert [hall_in([s], [c]).status for s, c in zip(stacks, changes, strict=True)] == ["candidate", "candidate"]
    both = hall_in(stacks, changes)
    assert (both.status, both.reason) == ("confirmed", "")
    assert both.confirmed_on is not None


def single(land_stack: LandStack, seed: int, on: float, *, contrast_db: float = 7.0, gain: float = 1.0) -> xr.Dataset:
    """One image of a geometry of its own, in any unit."""
    standing = 0 if on >= 125 else 999
    turn = np.full((70, 70), 999)
    turn[ROWS, COLUMNS] = standing
    one = land_stack(
        seed, turn, contrast_db, images=1, point_spread_px=0.5, track=f"single-{seed}", first_day=round(on)
    )
    return one * gain if gain == 1.0 else (one * np.float32(gain)).assign_attrs({**one.attrs, "quantity": "unknown"})


@pytest.fixture(scope="module")
def sparse(land_stack: LandStack) -> Tracks:
    """The same hall, built at once on day 125, in eight images sixty days apart."""
    stack = land_stack(5, turn_at(125, 0, every=60), 7.0, images=8, point_spread_px=0.5, track="sparse")
    time = stack["time"].values[0] + np.arange(8) * np.timedelta64(60, "D")
    stack = stack.assign_coords(time=time)
    return [stack], [detect_change(stack)]


DAYS = (10.0, 40.0, 70.0, 100.0, 118.0, 131.0, 150.0, 190.0, 250.0, 330.0)


def test_single_images_narrow_the_dates_of_a_sparse_track(land_stack: LandStack, sparse: Tracks) -> None:
    singles = tuple(
        single(land_stack, 50 + i, d, gain=10.0 ** (i % 5), contrast_db=5.0 + i % 4) for i, d in enumerate(DAYS)
    )
    alone, more = hall_in(*sparse), hall_in(*sparse, singles)
    assert alone.onset is not None
    assert more.onset is not None
    assert more.onset.earliest <= day(120) < day(131) <= more.onset.latest
    assert more.onset.latest - more.onset.earliest < alone.onset.latest - alone.onset.earliest
    assert len(more.single_images) == 10
    assert all(one.shows for one in more.single_images if one.date >= day(131))
    assert not any(one.shows for one in more.single_images if one.date <= day(118))
    assert set(more.scenes) >= {one.scene for one in more.single_images if one.shows}


def test_a_geometry_that_hides_it_breaks_nothing(land_stack: LandStack, sparse: Tracks) -> None:
    hidden = tuple(single(land_stack, 80 + i, d, contrast_db=0.0) for i, d in enumerate((190.0, 300.0)))
    alone, more = hall_in(*sparse), hall_in(*sparse, hidden)
    assert (more.status, more.onset) == (alone.status, alone.onset)
    assert not any(one.shows for one in more.single_images)


def test_a_footprint_is_dated_from_single_images_alone(land_stack: LandStack, sparse: Tracks) -> None:
    singles = [single(land_stack, 50 + i, d, gain=10.0 ** (i % 5)) for i, d in enumerate(DAYS)]
    outline = to_degrees(shapely.box(302_200, 4_391_630, 302_440, 4_391_750), sparse[0][0].odc.geobox)
    (answer,) = date_footprint(outline, [], singles=singles)
    assert answer.onset is not None
    assert answer.onset.earliest <= day(118) < day(131) <= answer.onset.latest
    assert answer.status == "confirmed"
    assert answer.area_m2.value == pytest.approx(28_800)
    assert len(answer.growth) == 10


def test_nothing_is_dated_where_single_images_show_no_change(land_stack: LandStack, sparse: Tracks) -> None:
    singles = [single(land_stack, 50 + i, 10.0 * i) for i in range(10)]
    outline = to_degrees(shapely.box(302_200, 4_391_630, 302_440, 4_391_750), sparse[0][0].odc.geobox)
    (answer,) = date_footprint(outline, [], singles=singles)
    assert answer.status == "candidate"
    assert answer.onset is None
