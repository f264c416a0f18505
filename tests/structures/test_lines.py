"""Roads, quay walls and dykes from images to lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy import ndimage as ndi

from sitewatch import geodesy
from sitewatch.change import detect_change
from sitewatch.simulate import simulate_coast, speckle
from sitewatch.site import Site
from sitewatch.structures import (
    centrelines_to_geodataframe,
    find_in_track,
    find_structures,
    length_growth_to_dataframe,
    to_geodataframe,
)
from sitewatch.structures._describe import describe
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import Grade
from sitewatch.structures._measure import measure
from sitewatch.structures._waterline import named_at_waterline

NEVER = 999
SIDE = 90
IMAGES = 36
LandStack = Callable[..., xr.Dataset]
WIDE = GeoBox((260, 260), Affine(10.0, 0, 302_000, 0, -10.0, 4_392_000), "EPSG:32651")


def along_curve(height_px: float, waves: float, *, width_px: float = 3.0) -> tuple[np.ndarray, np.ndarray, float]:
    """[y, x] mask of a wavy ribbon, [y, x] share of its length at each pixel, and its length in pixels."""
    x = np.linspace(12, 78, 4000)
    y = 50 + height_px * np.sin(waves * np.pi * (x - 12) / 66)
    run = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    drawn = np.zeros((SIDE * 8, SIDE * 8), bool)
    share = np.zeros(drawn.shape)
    at = (np.round(y * 8).astype(int), np.round(x * 8).astype(int))
    drawn[at], share[at] = True, run / run[-1]
    distance, (iy, ix) = ndi.distance_transform_edt(~drawn, return_indices=True)
    centre = slice(4, None, 8)
    return (distance <= 4 * width_px)[centre, centre], share[iy, ix][centre, centre], float(run[-1])


def turns(mask: np.ndarray, share: np.ndarray, first: int = 12, last: int = 24) -> np.ndarray:
    """[y, x], first image that shows each pixel of a work that advances evenly from its first end."""
    return np.where(mask, np.floor(first + share * (last - first)).astype(int), NEVER)


def sea_stack(seed: int, turn: np.ndarray, land: np.ndarray, as_stack: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Land and a sea that the wind moves, with a bright work in it."""
    rng = np.random.default_rng(seed)
    wind = rng.normal(-20, 2.5, IMAGES)
    power = {}
    for name, offset in (("VV", 0.0), ("VH", -7.0)):
        images = []
        for image in range(IMAGES):
            level = np.where(land, -9.0 + offset, wind[image] + offset)
            level = np.where(image >= turn, -5.0 + offset, level)
            images.append(10 ** (level / 10) * speckle(rng, turn.shape, enl=4.4, point_spread_px=(0.5, 0.5)))
        power[name] = np.stack(images)
    return as_stack(power)


def lines_of(stack: xr.Dataset) -> list[Found]:
    found = find_in_track(stack, detect_change(stack))
    return [one for one in found if one.grade.status == "confirmed"]


def length_errors(found: Found, share_at: np.ndarray) -> np.ndarray:
    """Stated share of the length less the true one, at each image."""
    structure = describe(found)
    length = np.array([p.length_m for p in structure.length_growth])
    assert (np.diff(length) >= 0).all()
    assert length[-1] == pytest.approx(structure.length_m.value, abs=0.1)
    return length / length[-1] - share_at


@pytest.mark.parametrize("seed", [2])
def test_a_curved_road_darker_than_what_grew_there_is_followed_along_its_length(
    land_stack: LandStack, seed: int
) -> None:
    mask, share, length_px = along_curve(16, 2)
    (road,) = lines_of(land_stack(seed, turns(mask, share), -5.0))
    assert road.grade.kind == "road"
    assert (road.character.step_db < 0).all()
    assert abs(road.shape.length_m.value - 10 * length_px) <= 2 * road.shape.length_m.sd
    assert road.shape.length_m.value == pytest.approx(10 * length_px, rel=0.04)
    true = np.clip((np.arange(IMAGES) - 12 + 1) / 12, 0, 1)
    assert np.abs(length_errors(road, true)).mean() < 0.02
    assert describe(road).centreline is not None


@pytest.mark.parametrize("slant", [0.0, 0.5])
def test_a_road_under_trees_for_a_stretch_is_one_line_across_them(land_stack: LandStack, slant: float) -> None:
    rows, columns = np.indices((SIDE, SIDE))
    middle = 30 + slant * (columns - 10)
    mask = (np.abs(rows - middle) <= 1.5 * np.hypot(1, slant)) & (columns >= 10) & (columns < 80)
    mask &= ~((columns >= 42) & (columns < 46))
    (road,) = lines_of(land_stack(5, np.where(mask, 15, NEVER), -5.0))
    assert road.grade.kind == "road"
    assert road.shape.length_m.value == pytest.approx(700 * np.hypot(1, slant), rel=0.05)
    line = describe(road).centreline
    assert isinstance(line, shapely.LineString)
    assert geodesy.length_m(line) == pytest.approx(road.shape.length_m.value, rel=0.03)


def test_a_road_built_from_both_ends_grows_from_both(land_stack: LandStack) -> None:
    mask, share, _ = along_curve(10, 1)
    inward = np.minimum(share, 1 - share) * 2
    (road,) = lines_of(land_stack(6, turns(mask, inward), -5.0))
    true = np.clip((np.arange(IMAGES) - 12 + 1) / 12, 0, 1)
    assert np.abs(length_errors(road, true)).mean() < 0.03


def test_a_bent_dyke_in_shallow_water_is_a_line(as_stack: Callable[..., xr.Dataset]) -> None:
    mask, share, length_px = along_curve(22, 2)
    land = np.indices((SIDE, SIDE))[0] < 12
    (dyke,) = lines_of(sea_stack(3, turns(mask, share), land, as_stack))
    assert dyke.grade.kind == "dyke"
    assert dyke.shape.length_m.value == pytest.approx(10 * length_px, rel=0.04)
    assert abs(dyke.shape.length_m.value - 10 * length_px) <= 2 * dyke.shape.length_m.sd
    true = np.clip((np.arange(IMAGES) - 12 + 1) / 12, 0, 1)
    assert np.abs(length_errors(dyke, true)).mean() < 0.02


def test_a_quay_wall_runs_along_the_shore_and_a_pier_away_from_it(as_stack: Callable[..., xr.Dataset]) -> None:
    rows, columns = np.indices((SIDE, SIDE))
    land = rows < 30
    wall = (rows >= 30) & (rows < 34) & (columns >= 15) & (columns < 75)
    pier = (rows >= 30) & (rows < 80) & (columns >= 40) & (columns < 44)
    for mask, kind, length in ((wall, "quay wall", 600), (pier, "pier", 500)):
        share = (columns - 15) / 60 if kind == "quay wall" else (rows - 30) / 50
        (found,) = lines_of(sea_stack(4, turns(mask, share), land, as_stack))
        assert found.grade.kind == kind
        assert found.shape.length_m.value == pytest.approx(length, abs=25)
        assert describe(found).length_growth


def test_the_echo_that_a_pier_spills_over_the_water_beside_it_is_no_shore() -> None:
    # The pier of the demo, its rim counted among the ground, was once called a quay wall.
    rows, columns = np.indices((SIDE, SIDE))
    pier = (rows >= 30) & (rows < 80) & (columns >= 40) & (columns < 43)
    water = (rows >= 30) & ~ndi.binary_dilation(pier, np.ones((3, 3), bool), iterations=2)
    wall = (rows >= 30) & (rows < 33) & (columns >= 15) & (columns < 75)
    for mask, kind in ((pier, "pier"), (wall, "quay wall")):
        shape = measure(mask, WIDE[:SIDE, :SIDE], (10.0, 10.0))
        assert named_at_waterline(Grade("pier", "confirmed", "", 0.9), shape, mask, water).kind == kind


def test_broad_ground_won_from_the_sea_is_no_dyke_however_bent() -> None:
    # A lava delta of 57 ha along a bent coast was once called a dyke of three kilometres.
    rows, columns = np.indices((260, 260))
    angle = np.arctan2(rows - 130, columns - 130)
    radius = np.hypot(rows - 130, columns - 130)
    named = {}
    for width in (5, 18):
        bent = (np.abs(radius - 90) < width / 2) & (np.abs(angle) < 2.4)
        shape = measure(bent, WIDE, (10.0, 10.0))
        made = Grade("reclamation", "confirmed", "", 0.9)
        named[width] = named_at_waterline(made, shape, bent, np.ones(bent.shape, bool)).kind
    assert named == {5: "dyke", 18: "reclamation"}


def test_the_road_of_a_simulated_coast_is_a_line_with_a_length_by_date() -> None:
    scenario = simulate_coast(3, shape=(160, 160), works=("road",))
    (work,) = scenario.works
    west, south, east, north = scenario.geobox.extent.to_crs("EPSG:4326").boundingbox
    site = Site.read(f"bbox:{west},{south},{east},{north}")
    structures = find_structures(site, scenario.stacks, [detect_change(s) for s in scenario.stacks])
    (road,) = (s for s in structures if s.status == "confirmed")
    assert road.kind == "road"
    assert all(level.after_db < level.before_db for level in road.levels)
    assert abs(road.length_m.value - work.length_m) <= 2 * road.length_m.sd
    true = dict(work.growth)
    errors = [p.length_m / road.length_m.value - true[p.date] for p in road.length_growth]
    assert np.abs(errors).mean() < 0.05
    lines = centrelines_to_geodataframe(structures)
    assert list(lines.geometry.geom_type.unique()) == ["LineString"]
    assert road.id in lines.index
    assert lines.crs.to_epsg() == 4326
    assert set(lines.columns) == set(to_geodataframe(structures).columns)
    table = length_growth_to_dataframe([road])
    assert list(table.columns) == ["id", "kind", "date", "length_m", "length_m_sd"]
    assert len(table) == scenario.stack.sizes["time"]
    assert table["length_m"].is_monotonic_increasing
    assert centrelines_to_geodataframe([]).empty
    assert length_growth_to_dataframe([]).empty
