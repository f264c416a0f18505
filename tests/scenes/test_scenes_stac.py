import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes import Band, Hints, Scene, Track, from_stac, open_scene, open_scenes, read_pixels, to_stac
from sitewatch.scenes._raster import footprint_of
from sitewatch.scenes._scene import Mask

WriteTiff = Callable[..., Path]

_word = st.from_regex(r"[a-zA-Z][a-zA-Z0-9 _.-]{0,10}", fullmatch=True)
_number = st.floats(-1e6, 1e6, allow_nan=False)
_time = st.datetimes(dt.datetime(1991, 1, 1), dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC))


@st.composite
def _scenes(draw: st.DrawFn) -> Scene:
    crs, x, y, step = draw(
        st.sampled_from(
            [("EPSG:32636", 7e5, 4e6, 10.0), ("EPSG:3857", -2e6, 3e6, 9.9), ("EPSG:4326", 20.0, 40.0, 1e-4)]
        )
    )
    grid = Affine(step * draw(st.floats(0.5, 2)), 0, x + draw(st.floats(0, 1)), 0, -step, y)
    geobox = GeoBox((draw(st.integers(1, 500)), draw(st.integers(1, 500))), grid, crs)
    one_file = draw(st.booleans())
    polarisations = draw(st.lists(st.sampled_from(["VV", "VH", "HH", "HV"]), min_size=1, unique=True))
    bands = tuple(
        Band(
            p,
            "/data/all.tif" if one_file else f"/data/{p}.tif",
            i if one_file else draw(st.integers(1, 3)),
            draw(_number.filter(bool)),
            draw(_number),
            draw(st.sampled_from(["linear", "dB", "amplitude"])),
            draw(st.one_of(st.none(), _number)),
        )
        for i, p in enumerate(sorted(polarisations, key=["VV", "VH", "HH", "HV"].index), start=1)
    )
    constellation = draw(st.sampled_from(["sentinel-1", "iceye", "unknown"]))
    look = "right" if constellation == "sentinel-1" else draw(st.sampled_from(["right", "left", ""]))
    return Scene(
        id=draw(_word),
        datetime=draw(_time),
        track=Track(
            constellation,
            draw(st.sampled_from(["IW", "SM", ""])),
            draw(st.integers(0, 175)),
            draw(st.sampled_from(["ascending", "descending", ""])),
            look,
            *draw(st.sampled_from([(0, -1), (35, -1), (28, 80)])),
        ),
        bands=bands,
        geobox=geobox,
        footprint=footprint_of(geobox),
        quantity=draw(st.sampled_from(["gamma0", "sigma0", "beta0", "unknown"])),
        platform=draw(st.sampled_from(["", "sentinel-1a", "iceye-x7"])),
        enl=draw(st.one_of(st.none(), st.floats(0.5, 100))),
        incidence_angle_deg=draw(st.one_of(st.none(), st.floats(10, 60))),
        time_known=draw(st.booleans()),
        family=draw(_word),
        subunit=draw(st.one_of(st.just(""), _word)),
        processed=draw(st.one_of(st.none(), _time)),
        credit=draw(st.one_of(st.just(""), _word)),
        notes=tuple(draw(st.lists(_word, max_size=3, unique=True))),
        product_type=draw(st.sampled_from(["", "GEC", "RTC"])),
        nesz_db=draw(st.one_of(st.none(), st.floats(-40, -5))),
        view_azimuth_deg=draw(st.one_of(st.none(), st.floats(0, 360))),
        mask=draw(st.sampled_from([None, Mask("/data/mask.tif", 3)])),
    )


@given(_scenes())
@settings(max_examples=50)
def test_a_scene_written_as_an_item_reads_back_as_the_same_scene(scene: Scene) -> None:
    text = json.dumps(to_stac(scene).to_dict(include_self_link=False))
    assert from_stac(pystac.Item.from_dict(json.loads(text))) == scene


def test_nan_as_nodata_survives_json(write_tiff: WriteTiff) -> None:
    scene = open_scene(write_tiff("port_20210910_VV.tif", nodata=np.nan))
    text = json.dumps(to_stac(scene).to_dict(), allow_nan=False)
    band = from_stac(pystac.Item.from_dict(json.loads(text))).bands[0]
    assert band.nodata is not None
    assert np.isnan(band.nodata)


def test_an_item_of_a_grid_without_a_code_keeps_its_projection(write_tiff: WriteTiff) -> None:
    laea = "+proj=laea +lat_0=35.5 +lon_0=35.75 +datum=WGS84 +units=m"
    scene = open_scene(write_tiff("port_20210910_VV.tif", crs=laea, transform=Affine(10, 0, -50, 0, -10, 50)))
    item = to_stac(scene)
    assert "proj:wkt2" in item.properties
    assert read_pixels(from_stac(item)).sizes == {"y": 40, "x": 30}


def _item(tmp_path: Path, assets: dict[str, Any], **properties: Any) -> pystac.Item:
    common = {"platform": "SENTINEL-1A", "sar:instrument_mode": "IW"}
    at = dt.datetime(2024, 6, 8, 15, 41, 51, tzinfo=dt.UTC)
    item = pystac.Item("item-1", None, None, at, {**common, **properties}, href=str(tmp_path / "item.json"))
    for key, fields in assets.items():
        item.add_asset(key, pystac.Asset.from_dict({"type": "image/tiff; application=geotiff", **fields}))
    return item


def test_relative_orbit_and_look_direction_follow_where_the_item_lacks_them(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    write_tiff("a.tif")
    item = _item(tmp_path, {"vv": {"href": "./a.tif"}}, **{"sat:absolute_orbit": 54234, "sat:orbit_state": "Ascending"})
    scene = open_scene(item)
    assert scene.track == Track("sentinel-1", "IW", 87, "ascending", "right")
    assert scene.platform == "sentinel-1a"
    assert scene.credit == "Contains modified Copernicus Sentinel data 2024"


@pytest.mark.parametrize(
    "asset",
    [
        {"raster:bands": [{"scale": 0.1, "offset": -27.1, "unit": "dB", "nodata": 0, "data_type": "uint8"}]},
        {
            "bands": [
                {
                    "name": "VV",
                    "raster:scale": 0.1,
                    "raster:offset": -27.1,
                    "unit": "dB",
                    "nodata": 0,
                    "data_type": "uint8",
                }
            ]
        },
        {"raster:scale": 0.1, "raster:offset": -27.1, "unit": "dB", "nodata": 0, "data_type": "uint8"},
    ],
)
def test_both_forms_of_stac_tell_scale_offset_and_unit(
    write_tiff: WriteTiff, tmp_path: Path, asset: dict[str, Any]
) -> None:
    write_tiff("a.tif", np.full((1, 40, 30), 71, dtype="uint8"))
    scene = open_scene(_item(tmp_path, {"vv": {"href": "./a.tif", **asset}}))
    band = scene.bands[0]
    assert (band.scale, band.offset, band.unit, band.nodata) == (0.1, -27.1, "dB", 0)
    assert float(read_pixels(scene).VV[0, 0]) == pytest.approx(0.01, rel=1e-4)


def test_the_bands_of_one_asset_are_told_apart_by_name(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff("a.tif", np.full((3, 40, 30), 0.1, dtype="float32"))
    bands = [{"name": "VH"}, {"name": "angle"}, {"name": "VV"}]
    scene = open_scene(_item(tmp_path, {"data": {"href": "./a.tif", "bands": bands}}), Hints(units="linear"))
    assert [(band.polarisation, band.index) for band in scene.bands] == [("VV", 3), ("VH", 1)]


def test_a_band_that_the_file_lacks_is_refused(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff("a.tif")
    bands = [{"name": name, "unit": "linear", "raster:scale": 1} for name in ("VV", "VH")]
    with pytest.raises(SceneError, match="describes band 2"):
        open_scene(_item(tmp_path, {"data": {"href": "./a.tif", "bands": bands}}))


def test_masks_and_pictures_of_an_item_are_not_bands(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff("a_vv.tif")
    assets = {
        "vv": {"href": "./a_vv.tif", "roles": ["data"]},
        "vh": {"href": "./a_vh.tif", "roles": ["mask"]},
        "hh": {"href": "./a_hh.png", "type": "image/png"},
    }
    assert open_scene(_item(tmp_path, assets)).polarisations == ("VV",)


def test_what_the_user_says_wins_over_the_item(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff("a.tif")
    item = _item(tmp_path, {"vv": {"href": "./a.tif"}}, **{"sat:relative_orbit": 87})
    scene = open_scene(item, Hints(units="amplitude", quantity="sigma0", track="sentinel-1 iw 14 descending"))
    assert scene.bands[0].unit == "amplitude"
    assert scene.quantity == "sigma0"
    assert scene.track == Track("sentinel-1", "IW", 14, "descending", "right")


def test_an_item_that_describes_another_grid_than_the_file_has_yields_to_the_file(
    write_tiff: WriteTiff, tmp_path: Path
) -> None:
    write_tiff("a.tif")
    grid = {"proj:code": "EPSG:32636", "proj:shape": [40, 30], "proj:transform": [10, 0, 499_000, 0, -10, 4_000_000]}
    scene = open_scene(_item(tmp_path, {"vv": {"href": "./a.tif"}}, **grid), Hints(units="linear"))
    assert scene.geobox.affine.c == 500_000
    assert any("another grid" in note for note in scene.notes)


@pytest.mark.parametrize(
    ("assets", "error", "says"),
    [
        ({}, UnknownSceneError, "no image of known polarisation"),
        ({"data": {"href": "./a.tif"}}, UnknownSceneError, "no image of known polarisation"),
        ({"vv": {"href": "./gone.tif"}}, SceneError, "gone.tif: the file does not exist"),
        ({"vv": {"href": "./a.tif"}, "VV": {"href": "./a.tif"}}, SceneError, "VV occurs twice"),
    ],
)
def test_an_item_without_a_usable_image_is_refused(
    write_tiff: WriteTiff, tmp_path: Path, assets: dict[str, Any], error: type[SceneError], says: str
) -> None:
    write_tiff("a.tif")
    with pytest.raises(error, match=says):
        open_scene(_item(tmp_path, assets))


def test_a_half_bad_item_keeps_its_good_polarisation(write_tiff: WriteTiff, tmp_path: Path) -> None:
    write_tiff("a_vv.tif")
    (tmp_path / "a_vh.tif").write_bytes(b"")
    found = open_scenes(
        _item(tmp_path, {"vv": {"href": "./a_vv.tif"}, "vh": {"href": "./a_vh.tif"}}), Hints(units="linear")
    )
    assert found.scenes[0].polarisations == ("VV",)
    assert "0 bytes" in found.left_out[0].reason


@pytest.mark.data
@pytest.mark.parametrize("source", ["catalog.json", "sentinel-1-rtc/collection.json", "."])
def test_the_real_catalogue_opens_as_209_scenes(shared_data: Path, source: str) -> None:
    found = open_scenes(shared_data / "latakia-s1-rtc" / source)
    assert len(found.scenes) == 209
    assert found.left_out == ()
    assert {track.relative_orbit for track in found.tracks} >= {21, 87, 94}
    scene = found.scenes[0]
    assert (scene.platform, scene.enl, scene.quantity) == ("sentinel-1a", 4.4, "gamma0")
    assert (scene.bands[0].unit, scene.bands[0].scale, scene.bands[0].offset) == ("dB", 0.1, -27.1)
    assert {"speckle filtered (Lee)", "8-bit pixels"} <= set(scene.notes)
    assert from_stac(to_stac(scene)) == scene
