"""Searching: a real STAC API and static catalogues give the same items, and bad answers give clear words."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pystac_client
import pytest
import shapely
from holdings import DAYS, SITE, Holdings
from servers import Files, http_date

from sitewatch.errors import SourceError
from sitewatch.sources import Http, Profile, Query, coverage, find_profile, list_profiles, read_area, search_catalogue
from sitewatch.sources._area import boxes_of
from sitewatch.sources._static import period_named


def days_of(found) -> list[str]:  # type: ignore[no-untyped-def]
    return [item.datetime.date().isoformat() for item in found.items]


def test_an_api_gives_all_its_pages_in_order_of_time(api: str, quick: Http) -> None:
    found = search_catalogue(find_profile(api), Query(SITE), quick)
    assert days_of(found) == list(DAYS)
    assert found.profile.kind == "api"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_server_of_these_tests_answers_another_client_alike(api: str, method: str) -> None:
    box = SITE.bounds
    client = pystac_client.Client.open(api)
    found = client.search(method=method, bbox=box, datetime="2024-01-17/2024-03-05", limit=2)
    assert sorted(item.datetime.date().isoformat() for item in found.items() if item.datetime) == list(DAYS[1:4])
    (one,) = client.search(method=method, ids=[next(found.items()).id]).items()
    assert one.collection_id == next(found.items()).collection_id


def test_days_are_included_on_both_ends(api: str, quick: Http) -> None:
    query = Query(SITE, dt.date(2024, 1, 17), dt.date(2024, 3, 5))
    assert days_of(search_catalogue(find_profile(api), query, quick)) == list(DAYS[1:4])


def test_an_api_is_asked_for_the_collections_only(api: str, quick: Http) -> None:
    assert not search_catalogue(find_profile(api), Query(SITE, collections=("other",)), quick).items


def test_a_static_catalogue_gives_the_same_over_http_and_on_disk(holdings: Holdings, files: Files, quick: Http) -> None:
    remote = search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE), quick)
    local = search_catalogue(find_profile(str(holdings.folder / "stac")), Query(SITE), quick)
    assert days_of(remote) == days_of(local) == list(DAYS)


def test_branches_that_can_hold_nothing_are_not_read(files: Files, quick: Http) -> None:
    query = Query(SITE, dt.date(2024, 3, 2), dt.date(2024, 3, 31))
    found = search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), query, quick)
    asked = {path for path, _ in files.asked}
    assert days_of(found) == list(DAYS[3:])
    assert not any("2024-01/" in path or "2024-02/" in path or "never" in path for path in asked)


def test_a_broken_branch_costs_only_itself_and_is_told(holdings: Holdings, files: Files, quick: Http) -> None:
    (holdings.folder / "stac" / "2024-01" / "catalog.json").unlink()
    found = search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE), quick)
    assert days_of(found) == list(DAYS[2:])
    assert any("404" in note for note in found.notes)


def test_a_site_elsewhere_finds_nothing(api: str, quick: Http) -> None:
    assert not search_catalogue(find_profile(api), Query(shapely.box(10, 10, 10.1, 10.1)), quick).items


@pytest.mark.parametrize(
    ("kind", "value"),
    [("status", "500"), ("status", "503"), ("busy", "0"), ("html", ""), ("cut", ""), ("redirect", "")],
)
def test_what_passes_is_waited_for(files: Files, quick: Http, kind: str, value: str) -> None:
    files.misbehave(kind, 2, "/stac/catalog.json", value)
    found = search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE), quick)
    assert days_of(found) == list(DAYS)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("status", "500", "answered 500"),
        ("status", "401", "refuses"),
        ("status", "404", "has no catalog.json"),
        ("status", "400", "answered 400"),
        ("html", "", "web page (Down for maintenance)"),
        ("redirect", "", "redirects without end"),
        ("cut", "", "cut its answer off"),
    ],
)
def test_what_does_not_pass_is_said_in_words(files: Files, quick: Http, kind: str, value: str, said: str) -> None:
    files.misbehave(kind, 999, "/stac/catalog.json", value)
    with pytest.raises(SourceError) as caught:
        search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE), quick)
    assert said in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_retry_after_is_waited_by_the_servers_own_clock(files: Files, quick: Http) -> None:
    files.misbehave("busy", 1, "/stac/catalog.json", http_date(1.0))
    before = dt.datetime.now()
    assert search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE), quick).items
    assert (dt.datetime.now() - before).total_seconds() < 5


def test_a_catalogue_that_wants_to_be_left_alone_for_long_is_not_waited_for(files: Files, quick: Http) -> None:
    files.misbehave("busy", 1, "/stac/catalog.json", "3600")
    with pytest.raises(SourceError, match="come back in 3600 s"):
        search_catalogue(find_profile(f"{files.url}/stac/catalog.json"), Query(SITE), quick)


def test_json_that_is_no_stac_is_refused(holdings: Holdings, files: Files, quick: Http) -> None:
    (holdings.folder / "other.json").write_text(json.dumps({"hello": 1}))
    with pytest.raises(SourceError, match="no STAC"):
        search_catalogue(find_profile(f"{files.url}/other.json"), Query(SITE), quick)


def test_nobody_there_is_said_so(quick: Http) -> None:
    with pytest.raises(SourceError, match="can't be reached"):
        search_catalogue(find_profile("http://127.0.0.1:9/"), Query(SITE), quick)


def test_days_ahead_or_the_wrong_way_round_are_refused(quick: Http) -> None:
    profile = Profile("x", "http://127.0.0.1:9/")
    with pytest.raises(SourceError, match="clock says"):
        search_catalogue(profile, Query(SITE, since=dt.date(2999, 1, 1)), quick)
    with pytest.raises(SourceError, match="comes after"):
        search_catalogue(profile, Query(SITE, dt.date(2024, 2, 1), dt.date(2024, 1, 1)), quick)


def test_an_item_from_the_future_is_left_out_and_told(holdings: Holdings, tmp_path: Path, quick: Http) -> None:
    items = holdings.items("http://127.0.0.1:9")
    items[0]["properties"]["datetime"] = "2999-01-01T00:00:00Z"
    path = tmp_path / "items.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    found = search_catalogue(find_profile(str(path)), Query(SITE), quick)
    assert len(found.items) == len(DAYS) - 1
    assert any("ahead of this machine's clock" in note for note in found.notes)


def test_a_catalogue_that_repeats_its_pages_ends(holdings: Holdings, files: Files, quick: Http) -> None:
    page = {"type": "FeatureCollection", "features": holdings.items(files.url)}
    page["links"] = [{"rel": "next", "href": f"{files.url}/search.json"}]
    (holdings.folder / "search.json").write_text(json.dumps(page))
    search = {"rel": "search", "href": f"{files.url}/search.json", "type": "application/geo+json", "method": "GET"}
    links = [search, {"rel": "self", "href": f"{files.url}/api.json"}]
    landing = {"type": "Catalog", "stac_version": "1.0.0", "id": "api", "description": "api", "links": links}
    (holdings.folder / "api.json").write_text(json.dumps(landing))
    found = search_catalogue(find_profile(f"{files.url}/api.json"), Query(SITE), quick)
    assert days_of(found) == list(DAYS)
    assert any("repeats its pages" in note for note in found.notes)


def test_an_antimeridian_site_is_two_boxes_and_finds_images_on_both_sides(
    holdings: Holdings, tmp_path: Path, quick: Http
) -> None:
    _, area = read_area("bbox:179.95,-16.9,-179.95,-16.8")
    boxes = boxes_of(area, 300.0)
    assert len(boxes) == 2
    assert all(-180 <= west < east <= 180 for west, _, east, _ in boxes)
    items = holdings.items("http://127.0.0.1:9")[:4]
    crossing = [[[179.9, -17], [-179.9, -17], [-179.9, -16.7], [179.9, -16.7], [179.9, -17]]]
    items[0] |= {"geometry": {"type": "Polygon", "coordinates": crossing}, "bbox": [179.9, -17, -179.9, -16.7]}
    items[1] |= {"geometry": shapely.geometry.mapping(shapely.box(-179.99, -17, -179, -16))}
    items[2] |= {"geometry": shapely.geometry.mapping(shapely.box(179, -17, 179.99, -16))}
    path = tmp_path / "items.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    found = search_catalogue(find_profile(str(path)), Query(area), quick)
    assert [round(coverage(item, area), 2) for item in found.items] == [1.0, 0.4, 0.4]


def test_folders_named_after_times_tell_their_days() -> None:
    assert period_named("https://x/stac/capella-open-data-2024-08/catalog.json") == (
        dt.date(2024, 8, 1),
        dt.date(2024, 8, 31),
    )
    assert period_named("https://x/stac/2023/catalog.json") == (dt.date(2023, 1, 1), dt.date(2023, 12, 31))
    assert period_named("https://x/stac/2024-12-31/catalog.json") == (dt.date(2024, 12, 31), dt.date(2024, 12, 31))
    assert period_named("https://x/stac/IEEE-contest/catalog.json") is None


def test_the_named_catalogues_are_these_and_each_has_a_licence() -> None:
    profiles = list_profiles()
    assert list(profiles) == ["planetary-computer", "earth-search", "cdse", "asf", "iceye", "umbra", "capella"]
    assert all(p.licence and p.title and p.url.startswith("https://") for p in profiles.values())


def test_a_catalogue_of_ones_own_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[mine]\nurl = "https://example.org/stac"\nkind = "api"\n')
    monkeypatch.setenv("SITEWATCH_CATALOGUES", str(own))
    assert find_profile("mine").url == "https://example.org/stac"
    own.write_text('[mine]\nurl = "https://example.org/stac"\nsining = "sas"\n')
    with pytest.raises(SourceError, match="sining"):
        find_profile("mine")


def test_an_unknown_catalogue_is_answered_with_the_names() -> None:
    with pytest.raises(SourceError, match="planetary-computer, earth-search"):
        find_profile("planetary")
