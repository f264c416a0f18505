"""Change rasters are cloud-optimised GeoTIFFs that say what they hold."""

from __future__ import annotations

import signal
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401  registers the .rio accessor
import xarray as xr

from sitewatch.errors import WorkspaceError
from sitewatch.record import write_change_rasters


def change(height: int = 700, width: int = 900) -> xr.Dataset:
    onset = np.full((height, width), np.datetime64("NaT"), "datetime64[ns]")
    onset[10:20, 10:20] = np.datetime64("2023-04-09")
    onset[0, 0] = np.datetime64("1969-12-31T23:00")
    p_value = np.linspace(0, 1, height * width, dtype="float32").reshape(height, width)
    p_value[5, 5] = np.nan
    stratum = np.zeros((height, width), "uint8")
    stratum[300:] = 3
    dataset = xr.Dataset(
        {
            "onset": (("y", "x"), onset, {"long_name": "first image of the new state"}),
            "p_value": (("y", "x"), p_value, {"long_name": "chance under no change", "units": "1"}),
            "change_vv": (("y", "x"), p_value * 10, {"long_name": "change of VV", "units": "dB"}),
            "stratum": (
                ("y", "x"),
                stratum,
                {"long_name": "kind of surface", "flag_values": [0, 3], "flag_meanings": "water built"},
            ),
            "date_effect": (("time",), np.zeros(4), {"units": "dB"}),
        },
        coords={"y": 4_000_000.0 - 10 * np.arange(height) - 5, "x": 500_000.0 + 10 * np.arange(width) + 5},
    )
    return dataset.rio.write_crs("EPSG:32651")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    written = write_change_rasters(tmp_path_factory.mktemp("change"), change(), "track-1")
    return {path.name: path for path in written}


def first_directories(path: Path) -> list[int]:
    """Offsets of a classic TIFF's image directories, in the order of their chain."""
    data = path.read_bytes()
    order = "<" if data[:2] == b"II" else ">"
    assert struct.unpack(order + "H", data[2:4])[0] == 42
    offsets, at = [], struct.unpack(order + "I", data[4:8])[0]
    while at:
        offsets.append(at)
        count = struct.unpack(order + "H", data[at : at + 2])[0]
        at = struct.unpack(order + "I", data[at + 2 + 12 * count : at + 6 + 12 * count])[0]
    return offsets


def test_each_map_is_a_file_and_nothing_else_is(files: dict[str, Path]) -> None:
    assert sorted(files) == [f"track-1_{name}.tif" for name in ("change_vv", "onset", "p_value", "stratum")]
    folder = next(iter(files.values())).parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)


def test_the_layout_is_cloud_optimised(files: dict[str, Path]) -> None:
    for path in files.values():
        with rasterio.open(path) as raster:
            assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert raster.block_shapes == [(256, 256)]
            assert raster.overviews(1)
            first_pixels = int(raster.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", 1))
        directories = first_directories(path)
        assert len(directories) > 1
        assert directories == sorted(directories)
        assert directories[-1] < first_pixels


def test_it_lies_where_the_change_lies(files: dict[str, Path]) -> None:
    with rasterio.open(files["track-1_p_value.tif"]) as raster:
        assert raster.crs.to_epsg() == 32651
        assert raster.transform[:6] == (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0)
        np.testing.assert_array_equal(raster.read(1), change()["p_value"].to_numpy())
        assert np.isnan(raster.nodata)


def test_dates_are_whole_numbers_that_read_as_dates(files: dict[str, Path]) -> None:
    with rasterio.open(files["track-1_onset.tif"]) as raster:
        band = raster.read(1)
        assert raster.dtypes == ("int32",)
        assert raster.nodata == 0
        assert raster.units == ("YYYYMMDD",)
    assert band[15, 15] == 20230409
    assert band[0, 0] == 19691231
    assert band[400, 400] == 0


def test_bands_say_what_they_hold_in_which_unit(files: dict[str, Path]) -> None:
    with rasterio.open(files["track-1_change_vv.tif"]) as raster:
        assert raster.descriptions == ("change of VV",)
        assert raster.units == ("dB",)


def test_classes_have_colours_and_names(files: dict[str, Path]) -> None:
    with rasterio.open(files["track-1_stratum.tif"]) as raster:
        assert raster.colormap(1)[0] != raster.colormap(1)[3]
        tags = raster.tags(1)
        assert set(np.unique(raster.read(1, out_shape=(88, 113)))) <= {0, 3}
    assert (tags["class_0"], tags["class_3"]) == ("water", "built")


def test_a_map_of_one_pixel_is_written(tmp_path: Path) -> None:
    tiny = change(30, 30).isel(y=[0], x=[0])
    tiny = tiny.rio.write_transform(rasterio.transform.from_origin(0, 0, 10, 10))
    for path in write_change_rasters(tmp_path, tiny, "t"):
        with rasterio.open(path) as raster:
            assert raster.shape == (1, 1)


def test_a_disk_without_room_is_named_and_half_a_file_is_not_left(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limit on the size of files")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
    try:
        with pytest.raises(WorkspaceError, match=r"change/t_p_value.tif can't be written .* MB are free"):
            write_change_rasters(tmp_path / "change", change()[["p_value"]], "t")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list((tmp_path / "change").iterdir()) == []
