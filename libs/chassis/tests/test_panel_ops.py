"""`/ops` tells the same as the panel, and takes the same decisions, by an operator's session token."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libs.chassis.tests.panel_support import NOWHERE, Identity, MemoryDesk, app_with_panel, browser, desk_record

OPERATOR = {"Authorization": "Bearer token-operator"}
ROUTES = [
    ("GET", "/ops/status"),
    ("GET", "/ops/dead-letters"),
    ("POST", "/ops/dead-letters/1/replay"),
    ("POST", "/ops/dead-letters/1/dry-run"),
    ("POST", "/ops/dead-letters/1/discard"),
    ("POST", "/ops/dead-letters/replay"),
    ("POST", "/ops/dead-letters/discard"),
]


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk([desk_record(number) for number in range(1, 6)])


@pytest.fixture
async def client(identity: Identity, desk: MemoryDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app_with_panel(identity.url, desk)[0]) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer forged"}, 401),
        ({"Authorization": "Bearer token-tenant"}, 401),
        ({"Authorization": "Bearer token-clerk"}, 403),
        ({"Authorization": "Basic b3A6b3A="}, 401),
        ({"Cookie": "iok-panel-ledger=token-operator"}, 401),
    ],
)
async def test_only_an_operators_token_opens_it(
    client: httpx.AsyncClient, desk: MemoryDesk, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    many = {"ids": [1]} if path.count("/") == 3 else {}
    body = {"reason": "never", **many} if "discard" in path else many or None
    answer = await client.request(method, path, headers=headers, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.records[1].state == "set_aside"


async def test_while_identity_is_away_it_says_so(desk: MemoryDesk) -> None:
    async with browser(app_with_panel(NOWHERE, desk)[0]) as client:
        answer = await client.get("/ops/status", headers=OPERATOR)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_a_service_without_a_database_has_empty_figures(identity: Identity) -> None:
    async with browser(app_with_panel(identity.url)[0]) as client:
        status = await client.get("/ops/status", headers=OPERATOR)
        letters = await client.get("/ops/dead-letters", headers=OPERATOR)
        missing = await client.post("/ops/dead-letters/1/replay", headers=OPERATOR)
    assert status.json() == {
        "partitions": [],
        "outbox": {"backlog": 0, "age_seconds": 0.0},
        "set_aside": 0,
        "dead_letters": 0,
    }
    assert letters.json() == {"items": [], "next_cursor": None}
    assert missing.status_code == 404


async def test_records_come_in_pages_newest_first(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/ops/dead-letters", params=query, headers=OPERATOR)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == ([5, 4, 3, 2, 1], None)
    only = (await client.get("/ops/dead-letters?state=booked", headers=OPERATOR)).json()
    assert only["items"] == []


async def test_a_record_is_listed_with_its_place_and_reason(client: httpx.AsyncClient) -> None:
    page = (await client.get("/ops/dead-letters?limit=1", headers=OPERATOR)).json()
    assert page["items"] == [
        {
            "id": 5,
            "topic": "iok.charges",
            "partition": 3,
            "offset": 45,
            "key": "L-1",
            "reason": "unknown_version",
            "at": "2026-11-23T12:30:15Z",
            "state": "set_aside",
        }
    ]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=abc", "cursor=0", "state=lost"])
async def test_a_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/ops/dead-letters?{query}", headers=OPERATOR)).status_code == 422


async def test_a_replay_tells_what_came_of_it(client: httpx.AsyncClient, desk: MemoryDesk) -> None:
    taken = await client.post("/ops/dead-letters/1/replay", headers=OPERATOR)
    assert (taken.status_code, taken.json()) == (200, {"id": 1, "state": "booked"})
    assert desk.records[1].decided_by == "account-operator"
    refused = (await client.post("/ops/dead-letters/2/replay", headers=OPERATOR)).json()
    assert refused == {"id": 2, "state": "set_aside", "reason": "still_bad", "detail": "as before"}
    assert (await client.post("/ops/dead-letters/1/replay", headers=OPERATOR)).status_code == 409
    assert (await client.post("/ops/dead-letters/99/replay", headers=OPERATOR)).status_code == 404


async def test_a_record_is_discarded_with_a_reason_only(client: httpx.AsyncClient, desk: MemoryDesk) -> None:
    for bad in (
        {},
        {"reason": ""},
        {"reason": "  "},
        {"reason": "no "},
        {"reason": "a\x00bc"},
        {"reason": 7},
        {"reason": "x" * 501},
    ):
        answer = await client.post("/ops/dead-letters/3/discard", json=bad, headers=OPERATOR)
        assert answer.status_code == 422
    assert desk.records[3].state == "set_aside"
    answer = await client.post("/ops/dead-letters/3/discard", json={"reason": "zły rok"}, headers=OPERATOR)
    assert (answer.status_code, answer.json()) == (200, {"id": 3, "state": "discarded"})
    assert desk.records[3].decision_reason == "zły rok"


async def test_a_dry_run_tells_what_a_replay_would_give_and_changes_nothing(
    client: httpx.AsyncClient, desk: MemoryDesk
) -> None:
    good = await client.post("/ops/dead-letters/1/dry-run", headers=OPERATOR)
    bad = await client.post("/ops/dead-letters/2/dry-run", headers=OPERATOR)
    assert good.json() == {"id": 1, "would_be": "booked"}
    assert bad.json() == {"id": 2, "would_be": "set_aside", "reason": "still_bad", "detail": "as before"}
    assert {record.state for record in desk.records.values()} == {"set_aside"}
    assert desk.noted == []
    assert (await client.post("/ops/dead-letters/99/dry-run", headers=OPERATOR)).status_code == 404


async def test_chosen_records_are_replayed_and_each_outcome_is_told(client: httpx.AsyncClient) -> None:
    await client.post("/ops/dead-letters/5/discard", json={"reason": "never"}, headers=OPERATOR)
    answer = await client.post("/ops/dead-letters/replay", json={"ids": [99, 5, 2, 1, 1]}, headers=OPERATOR)
    assert answer.json() == {
        "outcomes": {"booked": 1, "set_aside": 1, "already_decided": 1, "not_found": 1},
        "items": [
            {"id": 1, "state": "booked"},
            {"id": 2, "state": "set_aside", "reason": "still_bad", "detail": "as before"},
            {"id": 5, "state": "already_decided"},
            {"id": 99, "state": "not_found"},
        ],
        "remaining": 3,
    }


async def test_open_records_of_a_reason_are_replayed_up_to_a_limit(identity: Identity) -> None:
    desk = MemoryDesk([desk_record(1), desk_record(3, "other"), desk_record(5), desk_record(7)])
    async with browser(app_with_panel(identity.url, desk)[0]) as client:
        body = {"reason": "unknown_version", "limit": 2}
        answer = (await client.post("/ops/dead-letters/replay", json=body, headers=OPERATOR)).json()
        everything = (await client.post("/ops/dead-letters/replay", json={"limit": 200}, headers=OPERATOR)).json()
    assert ([item["id"] for item in answer["items"]], answer["remaining"]) == ([1, 5], 1)
    assert ([item["id"] for item in everything["items"]], everything["remaining"]) == ([3, 7], 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "unknown_version"},
        {"ids": [1], "limit": 1},
        {"ids": [1], "reason": "unknown_version"},
        {"ids": []},
        {"ids": [0]},
        {"ids": [2**63]},
        {"ids": ["1"]},
        {"ids": list(range(1, 202))},
        {"limit": 0},
        {"limit": 201},
        {"limit": 1, "reason": "\x00"},
        {"limit": 1, "surprise": True},
    ],
)
async def test_a_replay_that_does_not_say_which_or_asks_too_much_is_refused(
    client: httpx.AsyncClient, desk: MemoryDesk, body: dict[str, Any]
) -> None:
    assert (await client.post("/ops/dead-letters/replay", json=body, headers=OPERATOR)).status_code == 422
    assert desk.noted == []


async def test_chosen_records_are_discarded_for_one_reason(client: httpx.AsyncClient, desk: MemoryDesk) -> None:
    missing = await client.post("/ops/dead-letters/discard", json={"ids": [1, 2]}, headers=OPERATOR)
    assert (missing.status_code, desk.noted) == (422, [])
    body = {"ids": [2, 1], "reason": "zły rok"}
    answer = await client.post("/ops/dead-letters/discard", json=body, headers=OPERATOR)
    assert answer.json()["outcomes"] == {"discarded": 2}
    assert [(each.record_id, each.reason) for each in desk.noted] == [(1, "zły rok"), (2, "zły rok")]


async def test_records_are_found_by_key(client: httpx.AsyncClient) -> None:
    found = (await client.get("/ops/dead-letters?search=L-1", headers=OPERATOR)).json()["items"]
    assert len(found) == 5
    assert (await client.get("/ops/dead-letters?search=L-2", headers=OPERATOR)).json()["items"] == []
    for bad in ("%22", "%5C", "%00", "x" * 201):
        assert (await client.get(f"/ops/dead-letters?search={bad}", headers=OPERATOR)).status_code == 422
