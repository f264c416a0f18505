from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio.windows
import rioxarray  # noqa: F401  (the accessor)
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from sitewatch.errors import SceneError
from sitewatch.scenes import Band, Hints, open_scene, read_pixels
from sitewatch.scenes._pixels import Window, _linear_power

WriteTiff = Callable[..., Path]
NAME = "port_20210910_VV.tif"


def _values(write_tiff: WriteTiff, stored: np.ndarray, hints: Hints | None = None, **profile: object) -> np.ndarray:
    path = write_tiff(NAME, stored[np.newaxis], **profile)
    return read_pixels(open_scene(path, hints)).VV.values


def test_linear_power_comes_through_untouched(write_tiff: WriteTiff) -> None:
    stored = np.array([[0.1, 0.0, 1.5], [np.nan, 0.02, 0.3]], dtype="float32")
    values = _values(write_tiff, stored)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, stored)


def test_decibels_become_power_and_minus_infinity_nothing(write_tiff: WriteTiff) -> None:
    stored = np.array([[-10, 0, 10], [-np.inf, np.nan, -20]], dtype="float32")
    values = _values(write_tiff, stored, Hints(units="dB"))
    np.testing.assert_allclose(values, [[0.1, 1, 10], [0, np.nan, 0.01]], rtol=1e-6)


def test_amplitudes_are_squared(write_tiff: WriteTiff) -> None:
    stored = np.array([[0, 3, 200]], dtype="uint16")
    np.testing.assert_array_equal(_values(write_tiff, stored, Hints(units="amplitude")), [[0, 9, 40000]])


def test_scaled_whole_numbers_of_decibels_are_unpacked_before_they_become_power(write_tiff: WriteTiff) -> None:
    stored = np.array([[0, 71, 171]], dtype="uint8")
    values = _values(write_tiff, stored, scale=0.1, offset=-27.1, units=("dB",), nodata=0)
    np.testing.assert_allclose(values, [[np.nan, 10**-2.0, 0.1]], rtol=1e-5)


def test_noise_subtracted_negatives_are_zero_and_infinity_is_no_data(write_tiff: WriteTiff) -> None:
    stored = np.array([[-0.001, 0.2, np.inf, -9999]], dtype="float32")
    values = _values(write_tiff, stored, Hints(units="linear"), nodata=-9999)
    np.testing.assert_array_equal(values, np.array([[0, 0.2, np.nan, np.nan]], dtype="float32"))


def test_a_stored_zero_is_a_true_zero_unless_the_user_says_otherwise(write_tiff: WriteTiff) -> None:
    stored = np.array([[0, 7]], dtype="uint8")
    np.testing.assert_array_equal(_values(write_tiff, stored, Hints(units="linear")), [[0, 7]])
    np.testing.assert_array_equal(_values(write_tiff, stored, Hints(units="linear", nodata=0)), [[np.nan, 7]])


def test_the_files_own_mask_counts_as_no_data(write_tiff: WriteTiff, tmp_path: Path) -> None:
    path = write_tiff(NAME)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
        mask = np.full(target.shape, 255, dtype="uint8")
        mask[0, 0] = 0
        target.write_mask(mask)
    values = read_pixels(open_scene(path)).VV.values
    assert np.isnan(values[0, 0])
    assert np.isfinite(values[0, 1:]).all()


def test_the_dataset_carries_grid_and_units(write_tiff: WriteTiff) -> None:
    pixels = np.random.default_rng(2).gamma(4, 0.02, (2, 40, 30)).astype("float32")
    scene = open_scene(write_tiff("port_20210910.tif", pixels, descriptions=("VV", "VH")))
    data = read_pixels(scene)
    assert dict(data.sizes) == {"y": 40, "x": 30}
    assert list(data.data_vars) == ["VV", "VH"]
    assert data.VV.attrs["units"] == "1"
    assert data.rio.crs.to_epsg() == 32636
    assert data.odc.geobox == scene.geobox
    assert data.y.values[0] > data.y.values[-1]
    np.testing.assert_array_equal(data.VH.values, pixels[1])


@given(data=st.data())
@settings(max_examples=25)
def test_a_window_is_that_part_of_the_whole(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole_path = tmp_path_factory.getbasetemp() / "window_20210910_VV.tif"
    if not whole_path.exists():
        pixels = np.random.default_rng(3).gamma(4, 0.02, (50, 70)).astype("float32")
        profile = {"width": 70, "height": 50, "count": 1, "dtype": "float32", "crs": "EPSG:32636", "nodata": np.nan}
        place = {"transform": Affine(10, 0, 5e5, 0, -10, 4e6), "tiled": True, "blockxsize": 16, "blockysize": 16}
        with rasterio.open(whole_path, "w", driver="GTiff", **profile, **place) as target:
            target.write(pixels, 1)
    scene = open_scene(whole_path)
    whole = read_pixels(scene)
    r0, c0 = data.draw(st.integers(0, 49)), data.draw(st.integers(0, 69))
    rows, cols = slice(r0, data.draw(st.integers(r0 + 1, 50))), slice(c0, data.draw(st.integers(c0 + 1, 70)))
    part = read_pixels(scene, (rows, cols))
    assert part.equals(whole.isel(y=rows, x=cols))
    assert part.odc.geobox == scene.geobox[rows, cols]
    assert read_pixels(scene, rasterio.windows.Window.from_slices(rows, cols)).equals(part)


@pytest.mark.parametrize(
    "window",
    [
        (slice(5, 5), slice(0, 4)),
        (slice(38, 99), slice(0, 4)),
        (slice(-3, 4), slice(0, 4)),
        (slice(0, 4, 2), slice(0, 4)),
        rasterio.windows.Window(0, 0.5, 2, 2),
        rasterio.windows.Window(0, -1, 2, 2),
    ],
)
def test_a_window_that_is_not_whole_pixels_of_the_image_is_refused(write_tiff: WriteTiff, window: Window) -> None:
    with pytest.raises(SceneError, match=r"rows .* of the window"):
        read_pixels(open_scene(write_tiff(NAME)), window)


def test_a_whole_image_without_data_is_an_error_and_a_window_without_is_not(write_tiff: WriteTiff) -> None:
    path = write_tiff(NAME, np.full((1, 40, 30), np.nan, dtype="float32"), nodata=np.nan, tags={"UNITS": "linear"})
    scene = open_scene(path)
    with pytest.raises(SceneError, match=rf"{NAME}: it holds no valid pixel"):
        read_pixels(scene)
    assert read_pixels(scene, (slice(0, 5), slice(0, 5))).VV.isnull().all()


def test_unreadable_tiles_are_an_error_that_names_the_file(write_tiff: WriteTiff) -> None:
    path = write_tiff(NAME)
    scene = open_scene(path)
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 600] = b"\xff" * 600
    path.write_bytes(damaged)
    with pytest.raises(SceneError, match=rf"{NAME}: the file can't be read"):
        read_pixels(scene)


def test_a_file_cut_off_or_gone_after_it_was_described_is_an_error(write_tiff: WriteTiff) -> None:
    path = write_tiff(NAME)
    scene = open_scene(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(SceneError, match=NAME):
        read_pixels(scene)
    path.unlink()
    with pytest.raises(SceneError, match="does not exist"):
        read_pixels(scene)


def test_a_file_replaced_by_one_on_another_grid_is_an_error(write_tiff: WriteTiff) -> None:
    scene = open_scene(write_tiff(NAME))
    write_tiff(NAME, transform=Affine(10, 0, 500_050, 0, -10, 4_000_000))
    with pytest.raises(SceneError, match="not the one its metadata describe"):
        read_pixels(scene)


@given(
    st.lists(st.floats(-60, 30, width=32), min_size=1, max_size=20),
    st.sampled_from(["linear", "dB", "amplitude"]),
)
def test_power_is_never_negative_and_decibels_go_and_come_back(values: list[float], unit: str) -> None:
    stored = np.array(values, dtype="float32")
    power = _linear_power(stored.copy(), Band("VV", "x.tif", unit=unit))  # type: ignore[arg-type]
    assert (power >= 0).all()
    if unit == "dB":
        np.testing.assert_allclose(10 * np.log10(power), stored, atol=1e-4)
