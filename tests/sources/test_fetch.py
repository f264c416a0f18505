"""Fetching: the window and no more, each byte once, nothing half-written ever taken for whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.warp
import shapely
from holdings import DAYS, PIXEL_M, SITE, Holdings, write_cog
from servers import Files

from sitewatch.errors import SourceError
from sitewatch.scenes import open_scenes, read_pixels
from sitewatch.sources import (
    Fetched,
    FetchOptions,
    FetchPlan,
    Found,
    Http,
    Profile,
    Query,
    fetch_items,
    find_profile,
    plan_fetch,
    search_catalogue,
)

OPTIONS = FetchOptions()


def search(files: Files, http: Http, limit: int | None = None) -> Found:
    return search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE, limit=limit), http)


def fetch(found: Found, store: Path, http: Http, options: FetchOptions = OPTIONS) -> tuple[FetchPlan, Fetched]:
    plan = plan_fetch(found, SITE, store, options, http)
    return plan, fetch_items(plan, store, options, http)


def contents(store: Path) -> dict[str, bytes]:
    """The images of a store: what is there under its name."""
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.glob("*/[!.]*.tif"))}


def whole_json(holdings: Holdings, files: Files, name: str, **asset: Any) -> Found:
    """A search's result with one item whose asset is a whole file."""
    item = holdings.items(files.url)[0]
    item["assets"] = {"Product": {"href": f"{files.url}/{name}", "type": "application/zip", **asset}}
    path = holdings.folder / "one.json"
    path.write_text(json.dumps(item))
    return search_catalogue(find_profile(str(path)), Query(SITE))


def write_zip(path: Path, size: int = 300_000) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("measurement.bin", np.random.default_rng(1).bytes(size))
    return path.read_bytes()


def test_only_the_window_is_brought_and_its_pixels_are_the_images(
    made: Holdings, files: Files, quick: Http, tmp_path: Path
) -> None:
    plan, fetched = fetch(search(files, quick), tmp_path / "store", quick)
    assert len(fetched.items) == len(DAYS)
    assert not fetched.left_out
    assert fetched.bytes < 0.25 * plan.of_bytes
    for day, file in zip(DAYS, sorted((tmp_path / "store").glob("*/*.tif")), strict=True):
        with rasterio.open(file) as image:
            col, row = ~rasterio.open(made.folder / "data" / day / "iw-vv.rtc.tif").transform * (
                image.transform.c,
                image.transform.f,
            )
            row, col = round(row), round(col)
            np.testing.assert_array_equal(
                image.read(1), made.pixels[day][row : row + image.height, col : col + image.width]
            )
            west, south, east, north = rasterio.warp.transform_bounds(image.crs, "EPSG:4326", *image.bounds)
            assert shapely.box(west, south, east, north).contains(SITE)
            assert image.width * PIXEL_M < 5000


def test_the_plan_tells_the_bytes_before_they_are_fetched(files: Files, quick: Http, tmp_path: Path) -> None:
    found = search(files, quick)
    plan = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick)
    before = files.bytes_sent
    fetched = fetch_items(plan, tmp_path / "store", OPTIONS, quick)
    # The heads of the files are read again.
    heads = len(DAYS) * 2 * 32 * 1024
    assert plan.bytes <= fetched.bytes <= plan.bytes + heads
    assert files.bytes_sent - before == fetched.bytes


def test_what_was_fetched_opens_as_scenes_of_one_track(files: Files, quick: Http, tmp_path: Path) -> None:
    fetch(search(files, quick), tmp_path / "store", quick)
    scenes = open_scenes([tmp_path / "store"])
    assert not scenes.left_out
    assert [scene.datetime.date().isoformat() for scene in scenes.scenes] == list(DAYS)
    assert {scene.track.key for scene in scenes.scenes} == {"sentinel-1-iw-87-ascending"}
    assert {scene.quantity for scene in scenes.scenes} == {"gamma0"}
    assert float(read_pixels(scenes.scenes[0])["VV"].mean()) == pytest.approx(0.2, rel=0.05)


def test_the_same_again_fetches_nothing(files: Files, quick: Http, tmp_path: Path) -> None:
    found = search(files, quick)
    fetch(found, tmp_path / "store", quick)
    before = len(files.asked)
    plan, fetched = fetch(found, tmp_path / "store", quick)
    assert len(plan.there) == len(DAYS)
    assert fetched.bytes == 0
    assert len(files.asked) == before


def test_a_larger_margin_and_a_damaged_file_are_fetched_again(files: Files, quick: Http, tmp_path: Path) -> None:
    found, store = search(files, quick, limit=2), tmp_path / "store"
    fetch(found, store, quick)
    damaged = next(iter(store.glob("*/*.tif")))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-10] + b"0123456789")
    _, again = fetch(found, store, quick)
    assert len(again.items) == 1
    assert damaged.read_bytes() == whole
    _, wider = fetch(found, store, quick, FetchOptions(margin_m=600.0))
    assert len(wider.items) == 2


def test_the_budget_is_counted_before_anything_is_fetched(files: Files, quick: Http, tmp_path: Path) -> None:
    found = search(files, quick)
    one = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick).to_fetch[0].bytes
    options = FetchOptions(max_gb=2.5 * one / 1e9)
    plan, fetched = fetch(found, tmp_path / "store", quick, options)
    assert [planned.item.datetime.date().isoformat() for planned in plan.to_fetch] == list(DAYS[:2])
    assert plan.bytes <= options.max_gb * 1e9
    assert all("beyond the budget" in entry.reason for entry in plan.left_out)
    assert len(fetched.items) == 2
    assert len(list((tmp_path / "store").glob("*/*.tif"))) == 2


@pytest.mark.parametrize(
    ("kind", "value"),
    [("status", "500"), ("status", "503"), ("busy", "0"), ("html", ""), ("cut", ""), ("redirect", "")],
)
def test_what_passes_is_waited_for_and_the_bytes_are_the_same(
    files: Files, quick: Http, tmp_path: Path, kind: str, value: str
) -> None:
    found = search(files, quick, limit=1)
    fetch(found, tmp_path / "undisturbed", quick)
    for _ in range(3):
        files.misbehave(kind, 1, ".tif", value)
    _, fetched = fetch(found, tmp_path / "disturbed", quick)
    assert len(fetched.items) == 1
    assert contents(tmp_path / "disturbed") == contents(tmp_path / "undisturbed")


@pytest.mark.parametrize(("kind", "value"), [("status", "500"), ("html", ""), ("cut", ""), ("status", "404")])
def test_an_image_that_never_comes_is_set_aside_and_leaves_nothing(
    files: Files, quick: Http, tmp_path: Path, kind: str, value: str
) -> None:
    found = search(files, quick)
    plan = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick)
    files.misbehave(kind, 999, f"/{DAYS[1]}/", value)
    fetched = fetch_items(plan, tmp_path / "store", OPTIONS, quick)
    assert len(fetched.items) == len(DAYS) - 1
    assert [entry.source for entry in fetched.left_out] == [found.items[1].id]
    assert "127.0.0.1" in fetched.left_out[0].reason
    assert len(contents(tmp_path / "store")) == len(DAYS) - 1
    assert len(open_scenes([tmp_path / "store"]).scenes) == len(DAYS) - 1


def test_an_image_that_changes_while_it_is_read_is_refused(
    holdings: Holdings, files: Files, quick: Http, tmp_path: Path
) -> None:
    from sitewatch.sources._ranges import RangeFile

    path = holdings.folder / "data" / DAYS[0] / "iw-vv.rtc.tif"
    file = RangeFile(quick, f"{files.url}/data/{DAYS[0]}/iw-vv.rtc.tif")
    write_cog(path, 99)
    file.seek(200_000)
    with pytest.raises(SourceError, match="changed on"):
        file.read(10)


def signed(found: Found, files: Files, signing: str) -> Found:
    """The same items behind a door."""
    door = {"sas": "signed", "oauth": "account"}[signing]
    for item in found.items:
        for asset in item.assets.values():
            asset.href = asset.href.replace("/data/", f"/{door}/data/")
    profile = Profile(
        "mine",
        files.url,
        "Mine",
        "static",
        signing=signing,
        token_url=f"{files.url}/token/{{collection}}" if signing == "sas" else f"{files.url}/login",
        client="public",
        environment=("MY_NAME", "MY_PASSWORD"),
    )
    return dataclasses.replace(found, profile=profile)


def test_an_expired_signature_is_renewed_and_never_kept(files: Files, quick: Http, tmp_path: Path) -> None:
    found = signed(search(files, quick), files, "sas")
    files.misbehave("expire", 2, "/signed/")
    _, fetched = fetch(found, tmp_path / "store", quick)
    assert len(fetched.items) == len(DAYS)
    kept = "".join(p.read_text() for p in (tmp_path / "store").rglob("*") if p.suffix in (".json", ".jsonl"))
    assert "sig=" not in kept


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_differs_from_the_servers_does_not_age_tokens(
    files: Files, quick: Http, tmp_path: Path, years: int
) -> None:
    found = signed(search(files, quick, limit=2), files, "sas")
    files.clock_ahead = dt.timedelta(days=365 * years)
    _, fetched = fetch(found, tmp_path / "store", quick)
    assert len(fetched.items) == 2
    assert len(files.tokens) == 2  # one for the plan, one for the fetch


def test_credentials_come_from_the_environment(
    files: Files, quick: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = signed(search(files, quick, limit=1), files, "oauth")
    with pytest.raises(SourceError, match="Set MY_NAME and MY_PASSWORD"):
        fetch(found, tmp_path / "store", quick)
    monkeypatch.setenv("MY_NAME", "me")
    monkeypatch.setenv("MY_PASSWORD", "wrong")
    plan = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick)
    assert "Check MY_NAME and MY_PASSWORD" in plan.left_out[0].hint
    monkeypatch.setenv("MY_PASSWORD", "secret")
    _, fetched = fetch(found, tmp_path / "store", quick)
    assert len(fetched.items) == 1


def test_a_whole_file_is_resumed_where_it_was_cut_off(
    holdings: Holdings, files: Files, quick: Http, tmp_path: Path
) -> None:
    body = write_zip(holdings.folder / "product.zip")
    found = whole_json(holdings, files, "product.zip")
    files.misbehave("cut", 2, "product.zip")
    plan = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick)
    assert plan.bytes == len(body)
    files.faults[0].times = 2
    fetched = fetch_items(plan, tmp_path / "store", OPTIONS, quick)
    assert next((tmp_path / "store").glob("*/product.zip")).read_bytes() == body
    assert fetched.bytes == len(body)
    assert [path.name for path in (tmp_path / "store").glob("*/.*.part*")] == []


def test_a_part_of_another_version_is_not_gone_on_with(
    holdings: Holdings, files: Files, quick: Http, tmp_path: Path
) -> None:
    write_zip(holdings.folder / "product.zip", 100_000)
    found = whole_json(holdings, files, "product.zip")
    plan = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick)
    files.misbehave("cut", 1, "product.zip")
    files.misbehave("status", 99, "product.zip", "500")
    assert not fetch_items(plan, tmp_path / "store", OPTIONS, quick).items
    assert not list((tmp_path / "store").glob("*/product.zip"))
    assert list((tmp_path / "store").glob("*/.product.zip.part"))
    files.faults.clear()
    body = write_zip(holdings.folder / "product.zip", 200_000)
    assert len(fetch_items(plan, tmp_path / "store", OPTIONS, quick).items) == 1
    assert next((tmp_path / "store").glob("*/product.zip")).read_bytes() == body


def test_a_wrong_checksum_is_never_taken_for_whole(
    holdings: Holdings, files: Files, quick: Http, tmp_path: Path
) -> None:
    import hashlib

    body = write_zip(holdings.folder / "product.zip")
    wrong = whole_json(holdings, files, "product.zip", **{"file:checksum": "1220" + "0" * 64})
    _, fetched = fetch(wrong, tmp_path / "store", quick)
    assert "checksum" in fetched.left_out[0].reason
    assert not list((tmp_path / "store").glob("*/*product.zip*"))
    right = whole_json(holdings, files, "product.zip", **{"file:checksum": f"d50110{hashlib.md5(body).hexdigest()}"})
    _, fetched = fetch(right, tmp_path / "store", quick)
    assert len(fetched.items) == 1


def test_a_zip_that_is_none_is_refused(holdings: Holdings, files: Files, quick: Http, tmp_path: Path) -> None:
    (holdings.folder / "product.zip").write_bytes(b"sorry" * 1000)
    _, fetched = fetch(whole_json(holdings, files, "product.zip"), tmp_path / "store", quick)
    assert "no zip" in fetched.left_out[0].reason


def test_files_that_only_other_tools_reach_are_left_out_with_the_reason(
    holdings: Holdings, files: Files, quick: Http, tmp_path: Path
) -> None:
    found = search(files, quick, limit=2)
    found.items[0].assets["vv"].href = "s3://bucket/iw-vv.tif"
    found.items[1].assets = {"preview": found.items[1].assets["thumbnail"]}
    plan = plan_fetch(found, SITE, tmp_path / "store", OPTIONS, quick)
    assert not plan.to_fetch
    assert "only its own tools reach" in plan.left_out[0].reason
    assert "none of its files can be read here" in plan.left_out[1].reason


def test_what_has_come_is_noted_while_an_earlier_image_still_comes(files: Files, quick: Http, tmp_path: Path) -> None:
    from sitewatch.sources._store import read_journal

    plan = plan_fetch(search(files, quick), SITE, tmp_path / "store", OPTIONS, quick)
    files.misbehave("wait", 1, f"/{DAYS[0]}/")
    done: list[Fetched] = []
    fetching = threading.Thread(target=lambda: done.append(fetch_items(plan, tmp_path / "store", OPTIONS, quick)))
    fetching.start()
    try:
        deadline = time.monotonic() + 30.0
        while len(read_journal(tmp_path / "store")) < len(DAYS) - 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(read_journal(tmp_path / "store")) == len(DAYS) - 1
    finally:
        files.gate.set()
        fetching.join()
    assert len(done[0].items) == len(DAYS)


def test_two_fetches_at_once_into_one_folder_are_refused(files: Files, quick: Http, tmp_path: Path) -> None:
    from sitewatch.sources._store import open_store

    plan = plan_fetch(search(files, quick, limit=1), SITE, tmp_path / "store", OPTIONS, quick)
    with open_store(tmp_path / "store"), pytest.raises(SourceError, match="another fetch"):
        fetch_items(plan, tmp_path / "store", OPTIONS, quick)


def test_a_catalogue_on_disk_is_cut_without_a_network(holdings: Holdings, tmp_path: Path, quick: Http) -> None:
    holdings.catalogue(str(holdings.folder))
    found = search_catalogue(find_profile(str(holdings.folder / "stac")), Query(SITE), quick)
    _, fetched = fetch(found, tmp_path / "store", quick)
    assert len(fetched.items) == len(DAYS)
    assert fetched.bytes == 0
    assert len(open_scenes([tmp_path / "store"]).scenes) == len(DAYS)


def test_a_fetch_that_is_killed_goes_on_and_ends_with_the_same_bytes(
    holdings: Holdings, files: Files, quick: Http, site_file: Path, tmp_path: Path
) -> None:
    write_zip(holdings.folder / "product.zip", 600_000)
    items = holdings.items(files.url)
    items[2]["assets"] = {"Product": {"href": f"{files.url}/product.zip", "type": "application/zip"}}
    catalogue = tmp_path / "items.geojson"
    catalogue.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    found = search_catalogue(find_profile(str(catalogue)), Query(SITE), quick)
    fetch(found, tmp_path / "undisturbed", quick)
    words = ["-m", "sitewatch", "fetch", str(site_file), "--from", str(catalogue), "--out", str(tmp_path / "store")]
    files.dawdle_s = 0.03
    chance = random.Random(7)
    for _ in range(5):
        asked = len(files.asked)
        process = subprocess.Popen([sys.executable, *words, "--jobs", "2"], stderr=subprocess.PIPE, env=os.environ)
        # Not before it has begun: what comes first is the same every time.
        deadline = time.monotonic() + 60
        while len(files.asked) == asked and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for name, body in contents(tmp_path / "store").items():
            assert body == contents(tmp_path / "undisturbed")[name]
    files.dawdle_s = 0.0
    _, fetched = fetch(found, tmp_path / "store", quick)
    assert not fetched.left_out
    assert contents(tmp_path / "store") == contents(tmp_path / "undisturbed")
    zips = [next((tmp_path / where).glob("*/product.zip")).read_bytes() for where in ("store", "undisturbed")]
    assert zips[0] == zips[1]
    assert not list((tmp_path / "store").glob("*/.sitewatch-*"))
