"""Attacks: other names, other pages, paths that climb, bodies without end, base maps that are none."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from server import serving

from sitewatch.errors import WebError
from sitewatch.record import Workspace
from sitewatch.web import make_app
from sitewatch.web._guard import policy_of
from sitewatch.web._serve import _listening

REVIEWS = "/api/sites/harbour/structures/SW-0001/reviews"
SAID = {"action": "confirm", "by": "mallory"}
SEEN = {"If-Match": '"1"'}


def test_the_server_listens_on_this_machine_alone() -> None:
    with _listening(0) as door:
        assert door.getsockname()[0] == "127.0.0.1"  # type: ignore[attr-defined]


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with _listening(0) as door, pytest.raises(WebError, match="--port"):
        _listening(door.getsockname()[1])  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8710", ""])
def test_a_name_that_was_made_to_lead_here_gets_nothing(client: httpx.Client, host: str) -> None:
    answer = client.get("/api/sites", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert "harbour" not in answer.text


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_no_other_page_can_enter_a_review(client: httpx.Client, headers: dict[str, str], code: int) -> None:
    body = b'{"action": "confirm", "by": "mallory"}'
    answer = client.post(REVIEWS, content=body, headers={"Content-Type": "application/json", **SEEN, **headers})
    assert answer.status_code == code
    assert client.get("/api/sites/harbour/structures/SW-0001").headers["etag"] == '"1"'


def test_too_large_a_body_is_not_taken(client: httpx.Client) -> None:
    large = {**SAID, "comment": "x" * 2**21}
    assert client.post(REVIEWS, json=large, headers=SEEN).status_code == 413

    def pieces() -> object:
        yield b'{"comment": "'
        for _ in range(40):
            yield b"x" * 2**16

    try:
        answer = client.post(REVIEWS, content=pieces(), headers={"Content-Type": "application/json", **SEEN})  # type: ignore[arg-type]
    except httpx.HTTPError:
        return
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/..%2f..%2f_app.py",
        "/assets/%2e%2e/%2e%2e/_app.py",
        "/..%2f..%2fetc/passwd",
        "/api/sites/..%2f..%2fetc",
        "/api/sites/harbour/structures/..%2f..%2fworkspace.json",
        "/api/sites/harbour/tiles/image/1/0/0.png?track=..%2f..%2f..%2fetc",
        "/api/sites/harbour/tiles/onset/1/0/0.png?track=..%2fchange%2fx",
        "/api/sites/harbour/tiles/image/1/0/0.png?track=/etc/passwd",
        "/ogc/collections/..%2f..%2fx.structures/items",
    ],
)
def test_no_path_leads_out_of_the_workspace(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "sitewatch_workspace" not in answer.text
    assert "root:" not in answer.text


def test_scenes_do_not_tell_where_files_lie(client: httpx.Client, pattern: Workspace) -> None:
    for path in (
        "/api/sites",
        "/api/sites/harbour",
        "/api/sites/harbour/runs",
        "/ogc/collections/harbour.scenes/items",
    ):
        assert str(pattern.folder.parent) not in client.get(path).text


def test_every_answer_carries_the_headers_that_bind_a_browser(client: httpx.Client) -> None:
    for path in ("/", "/api/sites", "/nowhere"):
        headers = client.get(path).headers
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_only_the_base_map_that_was_configured_may_be_loaded() -> None:
    assert "https://tiles.example:8443" in policy_of("https://tiles.example:8443/{z}/{x}/{y}.png")
    assert "http" not in policy_of(None)


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "https://tiles.example/", "https://a b/{z}/{x}/{y}", "https://x;script-src *//{z}/{x}/{y}"],
)
def test_what_is_no_base_map_is_refused(pattern: Workspace, address: str) -> None:
    with pytest.raises(WebError):
        make_app([pattern], basemap=address)


def test_two_sites_of_one_name_are_not_mixed_up(pattern: Workspace) -> None:
    with pytest.raises(WebError, match="same name"):
        make_app([pattern, pattern])


def test_a_checkout_without_the_page_says_how_to_build_it(pattern: Workspace, tmp_path: Path) -> None:
    with serving(make_app([pattern], page=tmp_path)) as address:
        answer = httpx.get(f"{address}/")
    assert (answer.status_code, "make web" in answer.text) == (503, True)
