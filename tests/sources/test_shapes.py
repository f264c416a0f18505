"""What is fetched of items in the shape that each catalogue writes them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
from servers import Files

from radar_files import Geometry
from scenes.capella_files import write_capella_geo
from sitewatch.errors import SourceError
from sitewatch.scenes import open_scene, open_scenes, read_pixels
from sitewatch.sources import FetchOptions, Found, Http, Profile, fetch_items, list_profiles, plan_fetch
from sitewatch.sources._assets import choose_assets

OPERA = "OPERA_L2_RTC-S1_T087-185683-IW2_20240105T154151Z_20240106T010101Z_S1A_30_v1.0"
CAPELLA = "CAPELLA_C13_SP_GEO_HH_20250826023518_20250826023527"
ICEYE = "ICEYE_ETGCZ1_20250930T115843Z_6360071_X35_SLEDF"
ICEYE_URL = f"https://iceye-open-data-catalog.s3.amazonaws.com/data/dwell-fine/{ICEYE}/{ICEYE}"


def item(name: str, assets: dict[str, Any], **properties: Any) -> pystac.Item:
    geometry = {"type": "Polygon", "coordinates": [[[35, 35], [36, 35], [36, 36], [35, 36], [35, 35]]]}
    found = pystac.Item(name, geometry, [35, 35, 36, 36], dt.datetime(2024, 1, 5, 15, 42, tzinfo=dt.UTC), properties)
    for key, asset in assets.items():
        found.add_asset(key, pystac.Asset.from_dict(asset))
    return found


def cog(href: str, *roles: str, **extra: Any) -> dict[str, Any]:
    kind = "image/tiff; application=geotiff; profile=cloud-optimized"
    return {"href": href, "type": kind, "roles": list(roles or ("data",)), **extra}


SHAPES: dict[str, tuple[pystac.Item, list[tuple[str, bool]]]] = {
    "planetary-computer": (
        item(
            "S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC_rtc",
            {
                "vh": cog("https://a.blob.core.windows.net/c/GRD/rtc/measurement/iw-vh.rtc.tiff"),
                "vv": cog("https://a.blob.core.windows.net/c/GRD/rtc/measurement/iw-vv.rtc.tiff"),
                "tilejson": {"href": "https://p/tilejson.json", "type": "application/json", "roles": ["tiles"]},
                "rendered_preview": {"href": "https://p/preview.png", "type": "image/png", "roles": ["overview"]},
            },
            **{"sar:polarizations": ["VV", "VH"]},
        ),
        [("iw-vh.rtc.tiff", True), ("iw-vv.rtc.tiff", True)],
    ),
    "earth-search": (
        item(
            "S2A_36SYE_20240105_0_L2A",
            {
                **{k: cog(f"https://s2.s3.us-west-2.amazonaws.com/36/{k}.tif") for k in ("red", "green", "scl", "aot")},
                "red-jp2": {"href": "s3://sentinel-s2-l2a/B04.jp2", "type": "image/jp2", "roles": ["data"]},
            },
        ),
        [("green.tif", True), ("red.tif", True), ("scl.tif", True)],
    ),
    "cdse": (
        item(
            "S1A_IW_GRDH_1SDV_20240105T154151_20240105T154216_051966_06477A_2B1E_COG",
            {
                "vv": cog("s3://eodata/Sentinel-1/SAR/x.SAFE/measurement/iw-vv-cog.tiff"),
                "Product": {
                    "href": "https://download.dataspace.copernicus.eu/odata/v1/Products(3d2c)/$value",
                    "type": "application/zip",
                    "roles": ["data", "metadata", "archive"],
                    "file:size": 1234567,
                },
            },
        ),
        [("S1A_IW_GRDH_1SDV_20240105T154151_20240105T154216_051966_06477A_2B1E_COG.zip", False)],
    ),
    "asf": (
        item(
            OPERA,
            {
                "0_VH": cog(
                    f"https://cumulus.asf.earthdatacloud.nasa.gov/OPERA/OPERA_L2_RTC-S1/{OPERA}/{OPERA}_VH.tif"
                ),
                "0_VV": cog(
                    f"https://cumulus.asf.earthdatacloud.nasa.gov/OPERA/OPERA_L2_RTC-S1/{OPERA}/{OPERA}_VV.tif"
                ),
                "0_mask": cog(f"https://cumulus.asf.earthdatacloud.nasa.gov/x/{OPERA}_mask.tif"),
                "browse": {"href": f"https://x/{OPERA}_BROWSE.png", "type": "image/png", "roles": ["browse"]},
            },
        ),
        [(f"{OPERA}_VH.tif", True), (f"{OPERA}_VV.tif", True), (f"{OPERA}_mask.tif", True)],
    ),
    "iceye": (
        item(
            ICEYE,
            {
                "slc-cog": cog(f"{ICEYE_URL}_SLC.tif"),
                "grd-cog": cog(f"{ICEYE_URL}_GRD.tif"),
                "qlk-cog": cog(f"{ICEYE_URL}_QLK.tif", "overview"),
                "csi-cog": cog(f"{ICEYE_URL}_CSI.tif"),
                "vid-mp4": {"href": f"{ICEYE_URL}_VID.mp4", "type": "video/mp4"},
                "metadata": {"href": f"{ICEYE_URL}_GRD.json", "roles": ["metadata"]},
                "thumbnail": {"href": f"{ICEYE_URL}_QLK.png", "roles": ["thumbnail"]},
            },
        ),
        [(f"{ICEYE}_GRD.tif", True), (f"{ICEYE}_GRD.json", False)],
    ),
    "umbra": (
        item(
            "01e9fe39-3a6e-4458-a5d1-cf92eb21b961",
            {
                f"2024-05-11-23-06-40_UMBRA-04_{k}": {
                    "href": f"https://umbra-open-data-catalog.s3.amazonaws.com/sar-data/t/2024-05-11-23-06-40_UMBRA-04_{k}",
                    "roles": roles,
                    **({"type": kind} if kind else {}),
                }
                for k, roles, kind in (
                    ("GEC.tif", ["data"], "image/tiff; application=geotiff; profile=cloud-optimized"),
                    ("CPHD.cphd", ["data"], "application/octet-stream"),
                    ("METADATA.json", ["metadata"], "application/json"),
                )
            },
        ),
        [("2024-05-11-23-06-40_UMBRA-04_GEC.tif", True), ("2024-05-11-23-06-40_UMBRA-04_METADATA.json", False)],
    ),
    "capella": (
        item(
            CAPELLA,
            {
                "HH": cog(f"https://capella-open-data.s3.amazonaws.com/data/2025/8/26/{CAPELLA}/{CAPELLA}.tif"),
                "metadata": {
                    "href": f"https://capella-open-data.s3.amazonaws.com/data/2025/8/26/{CAPELLA}/{CAPELLA}_extended.json",
                    "type": "application/json",
                    "roles": ["metadata"],
                },
                "preview": cog(f"https://capella-open-data.s3.amazonaws.com/{CAPELLA}_preview.tif", "overview"),
            },
        ),
        [(f"{CAPELLA}.tif", True), (f"{CAPELLA}_extended.json", False)],
    ),
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_what_can_be_read_is_chosen(name: str) -> None:
    found, expected = SHAPES[name]
    chosen = choose_assets(found, list_profiles()[name].assets)
    assert sorted((wanted.name, wanted.window) for wanted in chosen) == sorted(expected)


def test_every_named_catalogue_has_its_shape_here() -> None:
    assert set(SHAPES) == set(list_profiles())


def test_a_real_item_of_the_planetary_computers_kind_gives_its_image(shared_data: Path) -> None:
    path = next((shared_data / "latakia-s1-rtc" / "sentinel-1-rtc").glob("*/*.json"))
    chosen = choose_assets(pystac.Item.from_file(str(path)))
    assert chosen
    assert all(wanted.window for wanted in chosen)


def test_names_that_lead_out_of_the_folder_do_not() -> None:
    evil = item("../../evil", {"vv": cog("https://x/data/..%2F..%2Fvv.tif")})
    from sitewatch.sources._store import folder_of

    assert "/" not in choose_assets(evil)[0].name
    assert "/" not in folder_of(evil)
    assert not folder_of(evil).startswith(".")


def test_an_asset_that_only_exists_in_a_bucket_is_taken_from_its_alternate() -> None:
    extra = {"alternate": {"https": {"href": "https://x/vv.tif"}}}
    assert choose_assets(item("a", {"vv": cog("s3://bucket/vv.tif", **extra)}))[0].href == "https://x/vv.tif"
    with pytest.raises(SourceError, match="only its own tools reach"):
        choose_assets(item("a", {"vv": cog("s3://bucket/vv.tif")}))


def found_in(folder: Path, files: Files, name: str, *names: str) -> Found:
    """One item whose assets are files of the server."""
    assets = {n: cog(f"{files.url}/{n}") if n.endswith(".tif") else {"href": f"{files.url}/{n}"} for n in names}
    return Found(Profile("here", files.url, kind="static"), (item(name, assets),))


def test_opera_is_read_by_its_own_family_after_fetching(
    shared_data: Path, files: Files, quick: Http, tmp_path: Path
) -> None:
    real = sorted((shared_data / "opera-rtc-s1").rglob("*_VV.tif"))
    if not real:
        pytest.skip("no OPERA file in the real images")
    (files.folder / real[0].name).write_bytes(real[0].read_bytes())
    whole = open_scene(real[0])
    centre = whole.footprint.centroid.buffer(0.01)
    found = found_in(files.folder, files, real[0].stem[:-3], real[0].name)
    plan = plan_fetch(found, centre, tmp_path / "store", FetchOptions(), quick)
    assert not plan.left_out
    fetch_items(plan, tmp_path / "store", FetchOptions(), quick)
    cut = open_scenes([tmp_path / "store"]).scenes[0]
    assert (cut.family, cut.id, cut.track) == (whole.family, whole.id, whole.track)
    assert cut.geobox.shape != whole.geobox.shape
    assert cut.footprint.contains(centre)


def test_images_in_radar_geometry_are_brought_whole_and_open(
    shared_data: Path, files: Files, quick: Http, tmp_path: Path
) -> None:
    real = sorted((shared_data / "iceye").glob("ICEYE_GRD*.tif"))[0]
    (files.folder / real.name).write_bytes(real.read_bytes())
    found = found_in(files.folder, files, real.stem, real.name)
    area = found.items[0]
    plan = plan_fetch(found, _area(area), tmp_path / "store", FetchOptions(), quick)
    assert any("radar geometry" in note for note in plan.notes)
    fetch_items(plan, tmp_path / "store", FetchOptions(), quick)
    assert next((tmp_path / "store").glob(f"*/{real.name}")).read_bytes() == real.read_bytes()


def _area(of: pystac.Item) -> Any:
    import shapely.geometry

    return shapely.geometry.shape(of.geometry)


def test_a_window_of_a_capella_image_has_the_pixels_of_the_whole(files: Files, quick: Http, tmp_path: Path) -> None:
    whole = write_capella_geo(
        files.folder / f"{CAPELLA}.tif", Geometry(), np.arange(1, 90_001).reshape(300, 300) % 9000
    )
    area = open_scene(whole).footprint.centroid.buffer(0.0001)
    found = found_in(files.folder, files, CAPELLA, whole.name)
    options = FetchOptions(margin_m=10.0)
    fetch_items(plan_fetch(found, area, tmp_path / "store", options, quick), tmp_path / "store", options, quick)
    scene, original = open_scenes([tmp_path / "store"]).scenes[0], open_scene(whole)
    assert (scene.id, scene.family, scene.quantity) == (original.id, "Capella", original.quantity)
    cut, full = read_pixels(scene)["HH"], read_pixels(original)["HH"]
    assert cut.size < 0.25 * full.size
    np.testing.assert_array_equal(cut, full.sel(y=cut.y, x=cut.x))
