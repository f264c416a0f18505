"""Reviews through the server: kept, under the reviewer's name, never over what the reviewer did not see."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from harbour import outline
from shapely.geometry import mapping

from sitewatch.record import Workspace, get_structure, list_reviews

HERE = "/api/sites/harbour/structures"


def say(client: httpx.Client, name: str, seen: int | None, **said: Any) -> httpx.Response:
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return client.post(f"{HERE}/{name}/reviews", json={"by": "ann", **said}, headers=headers)


def test_a_review_enters_the_record_under_its_name_and_the_published_file(
    writer: httpx.Client, workspace: Workspace
) -> None:
    answer = say(writer, "SW-0001", 1, action="confirm", comment="on the photo")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    with workspace.record() as record:
        (entry,) = list_reviews(record, workspace.uid)
        assert (entry.action, entry.by, entry.comment) == ("confirm", "ann", "on the photo")
        assert get_structure(record, workspace.uid, "SW-0001").structure.status == "confirmed"
    published = json.loads(workspace.structures_path.read_text())["features"]
    assert {f["id"]: f["properties"]["status"] for f in published}["SW-0001"] == "confirmed"
    assert writer.get("/api/sites/harbour/reviews").json()["reviews"][0]["by"] == "ann"


def test_what_the_reviewer_did_not_see_is_not_overwritten(writer: httpx.Client, workspace: Workspace) -> None:
    assert say(writer, "SW-0001", 1, action="confirm").status_code == 200
    stale = say(writer, "SW-0001", 1, action="reject", reason="a ship", by="bob")
    assert stale.status_code == 409
    assert "ann" in stale.json()["error"]
    with workspace.record() as record:
        assert [one.by for one in list_reviews(record, workspace.uid)] == ["ann"]
    assert say(writer, "SW-0001", 2, action="reject", reason="a ship", by="bob").status_code == 200


def test_of_many_at_once_one_is_entered_and_all_others_hear_of_it(writer: httpx.Client, workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as several:
        codes = list(
            several.map(
                lambda i: say(writer, "SW-0001", 1, action="kind", kind="dyke", by=f"p{i}").status_code, range(8)
            )
        )
    assert sorted(codes) == [200, *[409] * 7]
    with workspace.record() as record:
        assert len(list_reviews(record, workspace.uid)) == 1


def test_an_edit_without_the_revision_it_is_based_on_is_refused(writer: httpx.Client) -> None:
    assert say(writer, "SW-0001", None, action="confirm").status_code == 428


def test_taking_back_restores_what_held_before(writer: httpx.Client) -> None:
    say(writer, "SW-0001", 1, action="kind", kind="dyke")
    say(writer, "SW-0001", 2, action="reject", reason="a ship")
    undone = say(writer, "SW-0001", 3, action="restore", revision=2).json()["structures"][0]["properties"]
    assert (undone["status"], undone["kind"], undone["reviewed"]) == ("candidate", "dyke", ["kind", "kind_probability"])
    undone = say(writer, "SW-0001", 4, action="restore", revision=1).json()["structures"][0]["properties"]
    assert (undone["kind"], undone["reviewed"], undone["revision"]) == ("pier", [], 5)


def test_a_redrawn_outline_is_measured(writer: httpx.Client) -> None:
    drawn = outline(slice(20, 40), slice(28, 36))
    changed = say(writer, "SW-0001", 1, action="footprint", footprint=mapping(drawn)).json()["structures"][0]
    assert changed["properties"]["area_m2"] == pytest.approx(80 * 200, rel=0.01)
    assert changed["properties"]["by"] == "ann"


@pytest.mark.parametrize(
    "said",
    [
        {"action": "reject"},
        {"action": "kind", "kind": "castle"},
        {"action": "confirm", "by": " "},
        {"action": "comment"},
        {"action": "withdraw"},
        {"action": "restore", "revision": 7},
        {"action": "merge", "into": "SW-0001"},
        {"action": "merge", "into": "../../etc"},
        {"action": "footprint"},
        {"action": "footprint", "footprint": {"type": "Point", "coordinates": [1, 2]}},
        {"action": "footprint", "footprint": {"type": "Polygon", "coordinates": "x"}},
        {"action": "footprint", "footprint": {"type": "Polygon", "coordinates": [[[0, 0], [999, 0], [0, 1], [0, 0]]]}},
        {"action": "demolish"},
        {"action": "confirm", "colour": "red"},
    ],
)
def test_what_makes_no_sense_is_refused_in_words(client: httpx.Client, said: dict[str, Any]) -> None:
    answer = say(client, "SW-0001", 1, **said)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert client.get(f"{HERE}/SW-0001").headers["etag"] == '"1"'
