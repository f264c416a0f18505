"""OGC API - Features and STAC, page by page; and whatever is asked of the server, it does not break."""

from __future__ import annotations

import httpx
import pystac
import pytest
import schemathesis
from harbour import BUILT, DATES, DAYS, lonlat
from hypothesis import HealthCheck, settings

from sitewatch.record import Workspace
from sitewatch.web import make_app

STRUCTURES = "/ogc/collections/harbour.structures"
SCENES = "/ogc/collections/harbour.scenes"


def ids(client: httpx.Client, path: str, **query: object) -> list[str]:
    answer = client.get(path, params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [f["id"] for f in answer.json()["features"]]


def test_the_landing_page_leads_to_all_there_is(client: httpx.Client) -> None:
    landing = client.get("/ogc").json()
    links = {link["rel"]: link["href"] for link in landing["links"]}
    assert client.get(links["conformance"]).json()["conformsTo"] == landing["conformsTo"]
    names = [one["id"] for one in client.get(links["data"]).json()["collections"]]
    assert names == ["harbour.structures", "harbour.scenes"]
    assert "paths" in client.get(links["service-desc"]).json()


def test_next_links_lead_through_all_items_once(client: httpx.Client) -> None:
    seen, path = [], f"{SCENES}/items?limit=7"
    while path:
        page = client.get(path).json()
        assert page["numberReturned"] == len(page["features"]) <= 7
        assert page["numberMatched"] == len(DATES)
        seen += [f["id"] for f in page["features"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert len(set(seen)) == len(seen) == len(DATES)


def test_a_box_and_a_time_choose_items(client: httpx.Client) -> None:
    west, north = lonlat(28, 18)
    east, south = lonlat(36, 44)
    assert ids(client, f"{STRUCTURES}/items", bbox=f"{west},{south},{east},{north}") == ["SW-0001"]
    assert ids(client, f"{STRUCTURES}/items", bbox="0,0,1,1") == []
    # The second began between the third and the fifth image and is not finished; all others were begun later.
    assert ids(client, f"{STRUCTURES}/items", datetime=f"../{DAYS[BUILT - 2]}") == ["SW-0002"]
    assert "SW-0001" in ids(client, f"{STRUCTURES}/items", datetime=str(DAYS[BUILT]))
    assert (
        len(ids(client, f"{SCENES}/items", datetime=f"{DATES[3].isoformat().replace('+00:00', 'Z')}/.."))
        == len(DATES) - 3
    )


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=a,b,c,d", "bbox=0,5,1,4", "datetime=soon", "datetime=2024/2023", "limit=0", "start=-1"],
)
def test_what_can_t_be_understood_is_a_bad_request(client: httpx.Client, query: str) -> None:
    assert client.get(f"{STRUCTURES}/items?{query}").status_code == 400


def test_scenes_are_stac_items(client: httpx.Client) -> None:
    first = client.get(f"{SCENES}/items", params={"limit": 1}).json()["features"][0]
    item = pystac.Item.from_dict(client.get(f"{SCENES}/items/{first['id']}").json())
    assert item.datetime == DATES[0]
    assert item.properties["sitewatch:used"] is True
    assert pystac.Collection.from_dict(client.get(SCENES).json()).extent.temporal.intervals[0][0] == DATES[0]


def test_whatever_is_asked_the_server_answers(workspace: Workspace) -> None:
    """A bounded run of schemathesis over the OpenAPI document: no answer is a fault of the server."""
    app = make_app([workspace], hosts=["testserver"])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app).exclude(path_regex="/(news|updates)$")
    few = settings(
        max_examples=3, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    asked = 0
    for operation in (one.ok() for one in schema.get_all_operations()):

        @few
        @_given(operation)
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            for name, value in (("site", "harbour"), ("name", "SW-0001"), ("collection", "harbour.structures")):
                if name in case.path_parameters and asked % 2:
                    case.path_parameters[name] = value
            answer = case.call()
            assert answer.status_code < 500, (case.method, case.path, answer.status_code, answer.text[:300])

        ask()
    assert asked > 30


def _given(operation: object) -> object:
    from hypothesis import given

    return given(case=operation.as_strategy())  # type: ignore[attr-defined]
