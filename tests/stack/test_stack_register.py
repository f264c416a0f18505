from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest
from displaced import image, land, sea, series
from stack_images import GRID, Place, footprint

from sitewatch.scenes._scene import Scene
from sitewatch.stack import build_stack
from sitewatch.stack._evidence import Reference, make_ready
from sitewatch.stack._quiet import quiet_ground_moved
from sitewatch.stack._register import Registration, check_registration

STILL = (0.0, 0.0)


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def check(cubes: Mapping[str, np.ndarray] | np.ndarray, threads: Executor) -> Registration:
    cubes = {"VV": cubes} if isinstance(cubes, np.ndarray) else cubes
    return check_registration(cubes, [f"d{i}" for i in range(len(next(iter(cubes.values()))))], threads)


def errors(found: Registration, truth: Sequence[tuple[float, float]]) -> np.ndarray:
    return np.array([(o.rows - t[0], o.columns - t[1]) for o, t in zip(found.offsets, truth, strict=True) if o])


def test_displacements_are_found_to_a_tenth_of_a_pixel_and_their_deviations_are_true(threads: Executor) -> None:
    wrong, scaled = [], []
    truth = [STILL] * 10
    truth[3], truth[7], truth[8] = (0.6, -0.4), (-3.3, 2.7), (0.3, 0.1)
    for seed in range(4):
        found = check(series(land(seed), truth, seed + 1), threads)
        assert all(o is not None for o in found.offsets)
        assert {3, 7} <= set(found.shifts) <= {3, 7, 8}
        wrong.append(errors(found, truth))
        scaled.append(errors(found, truth) / [(o.sd_rows, o.sd_columns) for o in found.offsets if o])
    assert np.sqrt(np.mean(np.square(wrong))) < 0.05
    assert np.abs(wrong).max() < 0.15
    assert 0.7 < np.std(scaled) < 1.5


def test_a_stack_whose_every_image_is_displaced_is_brought_together(threads: Executor) -> None:
    truth = np.random.default_rng(4).uniform(-2, 2, (14, 2))
    truth -= np.median(truth, axis=0)
    found = check(series(land(3), [(float(r), float(c)) for r, c in truth], 7), threads)
    assert np.abs(errors(found, [tuple(t) for t in truth])).max() < 0.15


def test_images_that_all_lie_many_pixels_off_are_brought_together(threads: Executor) -> None:
    """As those of pointed satellites may: their mean shows nothing at first."""
    truth = np.random.default_rng(4).normal(0, (2.0, 6.7), (7, 2))
    truth -= np.median(truth, axis=0)
    found = check(series(land(3), [(float(r), float(c)) for r, c in truth], 7), threads)
    assert np.abs(errors(found, [tuple(t) for t in truth])).max() < 0.2
    assert len(found.shifts) >= 6


def test_a_displacement_of_twenty_pixels_is_undone_and_the_dates_that_cannot_be_checked_are_named(
    threads: Executor,
) -> None:
    images = series(land(1), [STILL] * 4 + [(-12.0, 16.3)] + [STILL] * 2, 2)
    images[5] = image(sea(7), STILL, 9)
    found = check(images, threads)
    assert set(found.shifts) == {4}
    assert found.shifts[4] == pytest.approx((-12.0, 16.3), abs=0.15)
    assert "too little common structure in 1 (d5), left where they are" in found.notes[0]


def test_an_image_alone_is_said_not_to_be_checked(threads: Executor) -> None:
    assert "not checked against others" in check(series(land(1), [STILL]), threads).notes[0]


def test_of_two_images_the_second_is_moved_onto_the_first(threads: Executor) -> None:
    found = check(series(land(1), [STILL, (0.8, 0.5)], 3), threads)
    assert set(found.shifts) == {1}
    assert found.shifts[1] == pytest.approx((0.8, 0.5), abs=0.2)
    assert any("nothing tells which lies right" in note for note in found.notes)


@pytest.mark.parametrize("seed", range(4))
def test_windy_sea_is_said_to_hold_too_little_structure(seed: int, threads: Executor) -> None:
    images = np.stack([image(sea(100 * seed + i), STILL, i) for i in range(8)])
    found = check(images, threads)
    assert found.offsets == (None,) * 8
    assert not found.shifts
    assert "too little lasting structure" in found.notes[0]


def test_a_pass_of_sea_among_passes_of_land_is_not_moved(threads: Executor) -> None:
    images = series(land(1), [STILL] * 8, 2)
    images[5] = image(sea(7), STILL, 9)
    found = check(images, threads)
    assert found.offsets[5] is None
    assert not found.shifts
    assert "too little common structure in 1" in found.notes[0]


def test_gaps_leave_the_rest_to_tell(threads: Executor) -> None:
    images = series(land(2), [STILL] * 4 + [(0.9, 0.6)] + [STILL] * 4, 5)
    images[4, :, :40] = np.nan
    images[2, 64:] = np.nan
    images[7] = np.nan
    found = check(images, threads)
    assert found.offsets[4] is not None
    assert (found.offsets[4].rows, found.offsets[4].columns) == pytest.approx((0.9, 0.6), abs=0.15)
    assert found.offsets[2] is None or found.offsets[2].size < 0.25
    assert found.offsets[7] is None


def test_polarisations_that_disagree_leave_an_image_where_it_is(threads: Executor) -> None:
    moved, still = [STILL] * 4 + [(0.9, 0.6)] + [STILL] * 4, [STILL] * 9
    agree = {"VV": series(land(2), moved, 5), "VH": series(land(2), moved, 6)}
    differ = {"VV": series(land(2), moved, 5), "VH": series(land(2), still, 6)}
    assert set(check(agree, threads).shifts) == {4}
    found = check(differ, threads)
    assert not found.shifts
    assert "left where it is" in found.notes[-1]


@pytest.mark.parametrize("tide_px", [0.4, 0.8, 1.5, 3.0])
@pytest.mark.parametrize("contrast_db", [0.1, 1.0, 3.0])
def test_a_tide_is_not_taken_for_a_displacement(tide_px: float, contrast_db: float, threads: Executor) -> None:
    tides = [0.0] * 7 + [tide_px] + [0.0] * 3
    images = [image(land(6, contrast_db=contrast_db, tide_px=t), STILL, i) for i, t in enumerate(tides)]
    assert not check(np.stack(images), threads).shifts


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("tide_px", [1.5, 3.0])
def test_a_tide_along_a_shore_through_most_of_the_image_is_none_either(
    tide_px: float, seed: int, threads: Executor
) -> None:
    tides = [0.0] * 7 + [tide_px] + [0.0] * 3
    means = [land(seed, contrast_db=0.1, tide_px=t, slant=0.9) for t in tides]
    assert not check(np.stack([image(mean, STILL, i) for i, mean in enumerate(means)]), threads).shifts


def test_a_pier_that_grows_is_not_taken_for_a_displacement(threads: Executor) -> None:
    lengths = [0] * 5 + [8, 16, 24, 32, 32, 32]
    images = [image(land(6, pier_px=n), STILL, i) for i, n in enumerate(lengths)]
    found = check(np.stack(images), threads)
    assert not found.shifts
    assert max(o.size for o in found.offsets if o) < 0.25


@pytest.mark.parametrize("value", [0.0, 0.3, np.nan])
def test_flat_images_are_no_structure(value: float, threads: Executor) -> None:
    assert check(np.full((4, 40, 50), value, np.float32), threads).offsets == (None,) * 4


@pytest.mark.parametrize("shape", [(1, 30, 30), (3, 1, 1), (3, 5, 200)])
def test_tiny_stacks_are_no_error(shape: tuple[int, int, int], threads: Executor) -> None:
    speckle = np.random.default_rng(0).gamma(4, 0.1, shape).astype(np.float32)
    assert not check(speckle, threads).shifts


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_displaced_image_is_moved_back_and_keeps_its_speckle(
    on_disk: bool, tmp_path_factory: pytest.TempPathFactory, write_scene: Callable[..., Scene]
) -> None:
    grid = GRID.expand((128, 128))
    place = Place("p", footprint(grid).buffer(-1e-6))
    mean = land(5)
    clean = [image(mean, STILL, i) for i in range(8)]
    clean[6] = image(mean, (0.5, -1.5), 6)
    folder = tmp_path_factory.mktemp("stacks") if on_disk else None
    stack = build_stack(place, [write_scene(f"d{i}", v, 12 * i, grid) for i, v in enumerate(clean)], folder)
    assert any("moved by" in note and note.startswith("2023-03-16") for note in stack.attrs["notes"])
    inner = np.s_[8:-8, 8:-8]
    others = np.mean([c for i, c in enumerate(clean) if i != 6], axis=0)
    before, after = clean[6] / others, stack.VV[6].to_numpy() / others
    truth = image(mean, STILL, 6) / others
    assert np.log(after[inner]).std() < 1.05 * np.log(truth[inner]).std() < np.log(before[inner]).std()
    assert np.log(after[inner]).std() > 0.9 * np.log(truth[inner]).std()
    assert np.nanmin(stack.VV[6]) >= clean[6].min()
    assert all((stack.VV[i].to_numpy() == clean[i]).all() for i in (0, 1, 2, 3, 4, 5, 7))


def test_an_image_of_finer_pixels_is_moved_by_what_it_lies_off_on_the_ground(
    write_scene: Callable[..., Scene],
) -> None:
    fine = GRID.expand((240, 240))
    grid = fine.zoom_out(2)
    place = Place("p", footprint(grid).buffer(-1e-6))
    mean = land(5, (240, 240))
    displaced = [STILL] * 6 + [(3.0, -5.0)] + [STILL]
    scenes = [write_scene(f"d{i}", image(mean, s, i), 12 * i, fine) for i, s in enumerate(displaced)]
    stack = build_stack(place, scenes, grid=grid)
    assert any("moved by -1.5" in note and note.startswith("2023-03-16") for note in stack.attrs["notes"])
    with ThreadPoolExecutor(1) as threads:
        again = check(stack.VV.to_numpy(), threads).offsets[6]
    assert again is not None
    assert again.size < 0.15


@pytest.mark.parametrize("displaced", [(0.5, -0.6), (-3.0, 6.0)])
def test_the_ground_without_the_strongest_edges_tells_a_displacement_from_a_tide(
    displaced: tuple[float, float],
) -> None:
    """Also where the shore runs through three quarters of the image."""
    mean = land(3, slant=0.9)
    reference = Reference.of({i: make_ready(image(mean, STILL, i)) for i in range(8)}).mean()
    moved = image(mean, displaced, 20)
    assert quiet_ground_moved([moved], [reference], STILL, displaced)
    assert not quiet_ground_moved([image(mean, STILL, 21)], [reference], STILL, displaced)
    for tide_px in (0.8, 1.5, 3.0):
        at_tide = image(land(3, slant=0.9, tide_px=tide_px), STILL, 22)
        assert not quiet_ground_moved([at_tide], [reference], STILL, (-tide_px / 2, tide_px / 2))
