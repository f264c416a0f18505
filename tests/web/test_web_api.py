"""What the server says is what the record and the images say."""

from __future__ import annotations

import io
import time

import httpx
import numpy as np
import pytest
from harbour import BUILT, DATES, DAYS, TRACK, lonlat
from PIL import Image

from sitewatch.record import Confirm, Workspace, review, update_lock

SITE = "/api/sites/harbour"


def iso(index: int) -> str:
    return DATES[index].strftime("%Y-%m-%dT%H:%M:%SZ")


def tile_at(column: float, row: float, z: int = 17) -> tuple[str, float, float]:
    """The tile that shows a pixel's corner, and where in it (0 to 1) that is."""
    lon, lat = lonlat(column, row)
    x = (lon + 180) / 360 * 2**z
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z
    return f"{z}/{int(x)}/{int(y)}", x % 1, y % 1


def colour(client: httpx.Client, layer: str, column: float, row: float, **query: object) -> tuple[int, ...]:
    """Red, green, blue and opacity that a tile has at a pixel's centre."""
    tile, x, y = tile_at(column + 0.5, row + 0.5)
    answer = client.get(f"{SITE}/tiles/{layer}/{tile}.png", params={"track": TRACK, **query})
    assert answer.status_code == 200, answer.text
    picture = Image.open(io.BytesIO(answer.content)).convert("RGBA")
    found: tuple[int, ...] = picture.getpixel((int(x * picture.width), int(y * picture.height)))  # type: ignore[assignment]
    return found


def test_a_site_tells_its_tracks_with_every_image(client: httpx.Client) -> None:
    assert [one["id"] for one in client.get("/api/sites").json()["sites"]] == ["harbour"]
    site = client.get(SITE).json()
    assert site["structures"] == {"confirmed": 1, "candidate": 2, "rejected": 1}
    (track,) = site["tracks"]
    assert (track["name"], track["polarisations"]) == (TRACK, ["VV"])
    assert track["times"] == [iso(i) for i in range(len(DATES))]
    assert site["events"][0]["source"] == "the gazette"


def test_structures_come_with_revision_and_history(client: httpx.Client) -> None:
    names = [f["id"] for f in client.get(f"{SITE}/structures").json()["features"]]
    assert names == ["SW-0001", "SW-0002", "SW-0003", "SW-0004"]
    answer = client.get(f"{SITE}/structures/SW-0001")
    assert answer.headers["etag"] == '"1"'
    assert answer.json()["properties"]["onset_latest"] == DAYS[BUILT].isoformat()
    assert [r["why"] for r in client.get(f"{SITE}/structures/SW-0001/revisions").json()["revisions"]] == [
        "run 1: first found"
    ]
    seen = client.get(f"{SITE}/structures/SW-0001/observations").json()["observations"]
    assert [one["fraction"] for one in seen] == [float(i >= BUILT) for i in range(len(DATES))]


def test_what_concerns_the_whole_site_is_told(client: httpx.Client) -> None:
    (finding,) = client.get(f"{SITE}/findings").json()["findings"]
    assert (finding["kind"], finding["structures"], finding["changed"]) == ("observed", ["SW-0001"], [])
    alert = client.get(f"{SITE}/alerts").json()["alerts"][0]
    assert (alert["structure"], alert["delivered"]) == ("SW-0001", False)
    assert client.get(f"{SITE}/runs").json()["runs"][0]["notes"] == ["a note"]


@pytest.mark.parametrize("path", ["structures/SW-0099", "structures/pier", "structures/SW-0099/series"])
def test_what_is_not_known_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{SITE}/{path}")
    assert (answer.status_code, "error" in answer.json()) == (404, True)


def test_an_image_tile_has_the_grey_of_its_decibels(client: httpx.Client) -> None:
    look = {"low": -40, "high": 0}
    assert colour(client, "image", 32, 30, time=iso(BUILT - 1), **look) == (127, 127, 127, 255)
    assert colour(client, "image", 32, 30, time=iso(BUILT), **look) == (255, 255, 255, 255)
    assert colour(client, "image", 5, 5, **look)[0] == int(30 / 40 * 255)


def test_the_mean_is_of_power_not_of_decibels(client: httpx.Client) -> None:
    mean = (BUILT * 0.01 + (len(DATES) - BUILT) * 1.0) / len(DATES)
    assert colour(client, "mean", 32, 30, low=-40, high=0)[0] == int((10 * np.log10(mean) + 40) / 40 * 255)


def test_the_difference_is_clear_where_nothing_changed_and_orange_where_it_rose(client: httpx.Client) -> None:
    dates = {"before": iso(0), "after": iso(len(DATES) - 1), "span": 20, "images": 3}
    assert colour(client, "difference", 5, 5, **dates)[3] == 0
    assert colour(client, "difference", 32, 30, **dates) == (213, 94, 0, 255)
    back = {**dates, "before": dates["after"], "after": dates["before"]}
    assert colour(client, "difference", 32, 30, **back) == (0, 114, 178, 255)


def test_the_onset_map_is_clear_where_chance_explains_it(client: httpx.Client) -> None:
    assert colour(client, "onset", 5, 5)[3] == 0
    red, _, blue, opacity = colour(client, "onset", 32, 30, colormap="viridis")
    assert opacity == 255
    place = (DAYS[BUILT] - DAYS[0]) / (DAYS[-1] - DAYS[0])
    assert abs(place - 0.42) < 0.01
    assert (red, blue) == (39, 142)  # viridis at 107 of 255


def test_a_tile_beside_the_imagery_is_empty_and_one_off_the_grid_is_none(client: httpx.Client) -> None:
    query = {"track": TRACK}
    assert client.get(f"{SITE}/tiles/image/10/3/3.png", params=query).status_code == 204
    assert client.get(f"{SITE}/tiles/image/2/9/0.png", params=query).status_code == 404
    assert client.get(f"{SITE}/tiles/image/25/0/0.png", params=query).status_code == 422


def test_a_browser_keeps_a_tile_of_the_version_it_asked_for_and_asks_again_for_others(client: httpx.Client) -> None:
    version = client.get(SITE).json()["tracks"][0]["version"]
    tile = f"{SITE}/tiles/image/{tile_at(32, 30)[0]}.png"
    kept = client.get(tile, params={"track": TRACK, "v": version})
    assert "immutable" in kept.headers["cache-control"]
    other = client.get(tile, params={"track": TRACK, "v": "older"})
    assert other.headers["cache-control"] == "private, no-cache"
    again = client.get(tile, params={"track": TRACK}, headers={"If-None-Match": kept.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_series_are_those_of_the_pixels(client: httpx.Client) -> None:
    (inside,) = client.get(f"{SITE}/structures/SW-0001/series").json()["series"]
    assert inside["footprint_db"] == [-20.0] * BUILT + [0.0] * (len(DATES) - BUILT)
    lon, lat = lonlat(5.5, 5.5)
    (pixel,) = client.get(f"{SITE}/series", params={"lon": lon, "lat": lat}).json()["series"]
    assert pixel["db"] == [-10.0] * len(DATES)
    assert client.get(f"{SITE}/series", params={"lon": 0, "lat": 0}).json()["series"] == []


def test_news_tell_what_enters_the_record_and_how_an_update_ends(writer: httpx.Client, workspace: Workspace) -> None:
    told: list[str] = []
    with writer.stream("GET", f"{SITE}/news") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        for line in lines:
            if line == "event: update":
                break
        with workspace.record() as record:
            review(record, workspace.uid, "SW-0001", Confirm(), by="ann")
        for line in lines:
            told.append(line)
            if line == "event: record":
                break
    assert told[-1] == "event: record"


def test_an_update_that_fails_says_why(writer: httpx.Client, workspace: Workspace) -> None:
    with update_lock(workspace.folder):
        assert writer.post(f"{SITE}/updates").status_code == 409
    (workspace.folder / "workspace.json").rename(workspace.folder / "kept.json")
    assert writer.post(f"{SITE}/updates").status_code == 202
    deadline = time.monotonic() + 300
    with writer.stream("GET", f"{SITE}/news") as answer:
        for line in answer.iter_lines():
            assert time.monotonic() < deadline
            if '"failed"' in line:
                assert "is not a sitewatch workspace" in line
                break
