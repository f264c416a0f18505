"""Maps are true to the ground, and pictures are what they say they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyproj
import pytest
import shapely
import xarray as xr
from matplotlib.figure import Figure

from sitewatch.report import overview_map, read_picture, scene_map, whole_window, window_around
from sitewatch.report._choice import before_after_indices, best_view, chip_indices
from sitewatch.report._furniture import SCALE_BAR_ID, look_azimuth_deg, round_length_m
from sitewatch.report._labels import place_labels
from sitewatch.report._series import footprint_series
from sitewatch.report._style import drawable, stretch_db, to_db
from sitewatch.structure import Levels, Structure

GEOD = pyproj.Geod(ellps="WGS84")


def scale_bar_on_the_ground(figure: Figure, crs: str) -> tuple[float, str]:
    """Geodesic length of the drawn bar, laid on the middle of the picture, and the length it is labelled with."""
    picture, foot = figure.axes[0], figure.axes[2]
    (bar,) = [line for line in foot.lines if line.get_gid() == SCALE_BAR_ID]
    ends = foot.transData.transform(np.asarray(bar.get_xydata()))
    width_units = (ends[1, 0] - ends[0, 0]) / picture.get_window_extent().width * np.diff(picture.get_xlim())[0]
    x, y = np.mean(picture.get_xlim()), np.mean(picture.get_ylim())
    lonlat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform
    metres = GEOD.inv(*lonlat(x - width_units / 2, y), *lonlat(x + width_units / 2, y))[2]
    label = next(t.get_text() for t in foot.texts if t.get_text().endswith("m"))
    return metres, label


@pytest.mark.parametrize("crs", ["EPSG:32628", "EPSG:3857", "EPSG:4326"])
def test_the_scale_bar_is_true_on_the_ground_in_any_projection(
    crs: str, make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack = make_stack(crs)
    picture = read_picture(stack, "VV", [0], whole_window(stack))
    for figure in (
        scene_map(picture, make_structure().footprint, (-25, 0), title="Before"),
        overview_map(picture, [make_structure()], {"pier-1": "1"}),
    ):
        metres, label = scale_bar_on_the_ground(figure, crs)
        number, unit = label.split()
        assert metres == pytest.approx(float(number) * (1000 if unit == "km" else 1), rel=1e-3)


@pytest.mark.parametrize("crs", ["EPSG:32628", "EPSG:3857", "EPSG:4326"])
def test_a_picture_has_the_true_shape_of_the_ground(crs: str, make_stack: Callable[..., xr.Dataset]) -> None:
    stack = make_stack(crs)
    picture = read_picture(stack, "VV", [0], whole_window(stack))
    axes = overview_map(picture, [], {}).axes[0]
    box = axes.get_window_extent()
    frame = picture.frame
    lonlat = [frame.lonlat(x, y) for x, y in ((frame.left, frame.bottom), (frame.right, frame.bottom))]
    width = GEOD.inv(*lonlat[0], *lonlat[1])[2]
    height = GEOD.inv(*lonlat[0], *frame.lonlat(frame.left, frame.top))[2]
    assert box.height / box.width == pytest.approx(height / width, rel=2e-3)


def test_the_north_arrow_follows_the_grid_convergence(make_stack: Callable[..., xr.Dataset]) -> None:
    # West of the central meridian of UTM 28N (15° W) and north of the equator, true north lies to the right of grid
    # north: convergence = (lon - lon0) sin(lat), negative here.
    frame = whole_window(make_stack("EPSG:32628")).frame
    lon, lat = frame.lonlat((frame.left + frame.right) / 2, (frame.bottom + frame.top) / 2)
    assert frame.north_deg == pytest.approx(-(lon + 15.0) * np.sin(np.radians(lat)), abs=0.02)
    assert whole_window(make_stack("EPSG:3857")).frame.north_deg == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("orbit_state", "look_direction", "azimuth"),
    [("ascending", "right", 78), ("descending", "right", 282), ("ascending", "left", 258)],
)
def test_the_look_arrow_at_the_equator_is_sentinel_1s(orbit_state: str, look_direction: str, azimuth: float) -> None:
    assert look_azimuth_deg(orbit_state, look_direction, 0.0) == pytest.approx(azimuth, abs=1)


def test_no_look_arrow_where_the_geometry_is_unknown() -> None:
    assert look_azimuth_deg("", "right", 10.0) is None
    assert look_azimuth_deg("ascending", "", 10.0) is None
    assert look_azimuth_deg("ascending", "right", 89.0) is None
    assert look_azimuth_deg("ascending", "right", 10.0, "capella") is None


def test_scale_bars_have_round_lengths() -> None:
    assert [round_length_m(v) for v in (99.0, 100.0, 730.0, 2600.0)] == [50.0, 100.0, 500.0, 2000.0]


@pytest.mark.parametrize("dates", [1, 2, 4, 5, 6])
def test_a_picture_of_several_dates_is_their_mean_or_median_without_the_missing(
    dates: int, make_stack: Callable[..., xr.Dataset]
) -> None:
    stack = make_stack(dates=6)
    stack["VV"][0, :5] = np.nan
    stack["VV"][:, :, :3] = np.nan
    picture = read_picture(stack, "VV", range(dates), whole_window(stack))
    cube = stack["VV"].values[:dates]
    average = np.nanmedian if dates >= 5 else np.nanmean
    valid = np.isfinite(cube).any(axis=0)
    power = np.full(valid.shape, np.nan, np.float32)
    power[valid] = average(cube[:, valid], axis=0)
    np.testing.assert_allclose(picture.db, to_db(power), rtol=1e-4)
    assert picture.method == ("single image" if dates == 1 else "median" if dates >= 5 else "mean")


def test_a_large_site_is_averaged_down_without_shifting_or_losing_power(make_stack: Callable[..., xr.Dataset]) -> None:
    stack = make_stack(dates=1)
    small = read_picture(stack, "VV", [0], whole_window(stack), max_pixels=25)
    assert small.db.shape == (20, 24)
    blocks = stack["VV"].values[0].reshape(20, 3, 24, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(small.db, to_db(blocks), rtol=1e-4)


def test_strips_give_the_same_picture_as_one_read(
    make_stack: Callable[..., xr.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = make_stack()
    stack = stack.isel(y=np.tile(np.arange(60), 10)).assign_coords(y=stack.y.values[0] - 10.0 * np.arange(600))
    window = whole_window(stack)
    whole = read_picture(stack, "VV", range(6), window, max_pixels=200)
    monkeypatch.setattr("sitewatch.report._picture.STRIP_PIXELS", 1)
    np.testing.assert_array_equal(read_picture(stack, "VV", range(6), window, max_pixels=200).db, whole.db)


def test_a_window_at_the_edge_stays_inside_the_image(make_stack: Callable[..., xr.Dataset]) -> None:
    stack = make_stack()
    frame = whole_window(stack).frame
    corner = shapely.Point(frame.lonlat(frame.left + 15, frame.top - 15)).buffer(1e-4)
    window = window_around(stack, corner)
    assert window is not None
    assert (window.rows.start, window.cols.start) == (0, 0)
    assert all(40 <= side <= 41 for side in window.shape)
    assert window_around(stack, shapely.Point(0, 0).buffer(1e-4)) is None


def test_before_is_clear_of_the_structure_and_of_its_preparation(
    make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack, structure = make_stack(), make_structure()
    assert before_after_indices(stack, structure) == ([0, 1, 2, 3, 4, 5], [7, 8, 9, 10, 11])
    prepared = make_structure(preparation_first_seen=dt.date(2021, 4, 7))
    assert before_after_indices(stack, prepared)[0] == [0, 1, 2]
    assert before_after_indices(stack, make_structure(completion=None))[1] == [11]
    assert before_after_indices(stack.isel(time=[3]), structure) == ([], [0])
    chips = chip_indices(stack, structure)
    assert len(chips) == 8
    assert {5, 6, 7, 11} <= set(chips)


def test_the_pictures_come_from_where_the_contrast_is(
    make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack, key = make_stack(), "sentinel-1-iw-98-descending"
    seen_in_vh = make_structure(levels=(Levels(key, "VV", -10, -12), Levels(key, "VH", -17, -25)))
    view = best_view([stack], seen_in_vh)
    assert view is not None
    assert view[1] == "VH"
    view = best_view([stack], make_structure())
    assert view is not None
    assert view[1] == "VV"


def test_the_series_of_a_footprint_is_its_mean_power_in_db(
    make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]
) -> None:
    stack = make_stack()
    stack["VV"][3] = np.nan
    vv, vh = footprint_series(stack, make_structure().footprint)
    assert (vv.polarisation, vh.polarisation) == ("VV", "VH")
    assert np.isnan(vv.footprint_db[3])
    assert np.isfinite(vh.footprint_db).all()
    constant = stack.copy()
    constant["VH"][:] = 0.5
    assert footprint_series(constant, make_structure().footprint)[1].footprint_db == pytest.approx(10 * np.log10(0.5))


def test_the_stretch_serves_all_pictures_of_a_pair_and_survives_emptiness() -> None:
    low, high = stretch_db(np.linspace(-25, -5, 1000), np.linspace(-20, 0, 1000))
    assert low < -15
    assert high > -1
    assert stretch_db(np.full((3, 3), np.nan)) == (-25.0, 0.0)
    flat = stretch_db(np.zeros((4, 4)))
    assert flat[1] - flat[0] >= 8


def test_labels_overlap_neither_each_other_nor_a_footprint(make_stack: Callable[..., xr.Dataset]) -> None:
    stack = make_stack()
    picture = read_picture(stack, "VV", [0], whole_window(stack))
    axes = overview_map(picture, [], {}).axes[0]
    frame = picture.frame
    rng = np.random.default_rng(3)
    spots = rng.uniform((frame.left, frame.bottom), (frame.right, frame.top), (14, 2))
    shapes = [shapely.Point(p).buffer(15) for p in spots]
    place_labels(axes, picture, [(f"{i} pier", s, "#ffff00") for i, s in enumerate(shapes)], shapes, fontsize=8)
    boxes = [t.get_window_extent() for t in axes.texts]
    assert len(boxes) == 14
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])
        area = shapely.box(a.x0, a.y0, a.x1, a.y1)
        assert not any(area.intersects(shapely.transform(s, axes.transData.transform)) for s in shapes)


def test_letters_outside_the_figures_font_are_replaced() -> None:
    assert drawable("Kai 岸壁") == "Kai ??"
    assert drawable("Größe, © ε²") == "Größe, © ε²"
