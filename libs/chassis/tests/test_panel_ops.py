"""`/ops` tells the same as the panel, and takes the same decisions, by an operator's session token."""

from collections.abc import AsyncIterator

import httpx
import pytest

from libs.chassis.tests.panel_support import NOWHERE, Identity, MemoryDesk, app_with_panel, browser, desk_record

OPERATOR = {"Authorization": "Bearer token-operator"}
ROUTES = [
    ("GET", "/ops/status"),
    ("GET", "/ops/dead-letters"),
    ("POST", "/ops/dead-letters/1/replay"),
    ("POST", "/ops/dead-letters/1/discard"),
]


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    async with Identity().running() as running:
        yield running


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
    answer = await client.request(method, path, headers=headers, json={"reason": "x"} if "discard" in path else None)
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
    for bad in ({}, {"reason": ""}, {"reason": "  "}, {"reason": 7}, {"reason": "x" * 501}):
        answer = await client.post("/ops/dead-letters/3/discard", json=bad, headers=OPERATOR)
        assert answer.status_code == 422
    assert desk.records[3].state == "set_aside"
    answer = await client.post("/ops/dead-letters/3/discard", json={"reason": "zły rok"}, headers=OPERATOR)
    assert (answer.status_code, answer.json()) == (200, {"id": 3, "state": "discarded"})
    assert desk.records[3].decision_reason == "zły rok"
