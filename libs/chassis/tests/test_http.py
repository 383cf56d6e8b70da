"""Every service answers in one shape: problem details, limits, headers, health."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from libs.chassis.http import Problem, create_app
from libs.chassis.http.app import BODY_LIMIT_BYTES, READY_TIMEOUT_SECONDS


class Order(BaseModel):
    amount_grosze: int


class Text(BaseModel):
    text: str


def app() -> FastAPI:
    async def away() -> str | None:
        return "no answer"

    built = create_app("example", ready={"kafka": away}, body_limits_bytes={"/small": 10})

    @built.post("/orders")
    async def order(body: Order) -> dict[str, int]:
        return {"amount_grosze": body.amount_grosze}

    @built.post("/texts")
    async def text(body: Text) -> int:
        return len(body.text.encode())

    @built.post("/small")
    async def small(body: Order) -> None:
        return None

    @built.get("/refused")
    async def refused() -> None:
        raise Problem(409, "Zajęte", detail="Powtórz.", headers={"Retry-After": "1"})

    @built.get("/defect")
    async def defect() -> None:
        raise LookupError("a secret detail")

    @built.get("/away")
    async def database_away() -> None:
        raise ConnectionRefusedError

    @built.get("/contended")
    async def contended() -> None:
        raise asyncpg.DeadlockDetectedError

    return built


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://example") as opened:
        yield opened


async def test_a_problem_is_answered_as_problem_details(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refused")

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.json() == {"type": "about:blank", "title": "Zajęte", "status": 409, "detail": "Powtórz."}


@pytest.mark.parametrize("body", ['{"amount_grosze": "x"}', "{", "[]", ""])
async def test_a_body_against_its_schema_is_answered_422_naming_the_field(client: httpx.AsyncClient, body: str) -> None:
    answer = await client.post("/orders", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


@pytest.mark.parametrize(("path", "size"), [("/orders", BODY_LIMIT_BYTES + 1), ("/small", 30)])
async def test_a_body_over_the_limit_is_answered_413(client: httpx.AsyncClient, path: str, size: int) -> None:
    answer = await client.post(path, content=b" " * size, headers={"content-type": "application/json"})

    assert answer.status_code == 413


async def test_a_text_that_is_no_text_is_answered_422(client: httpx.AsyncClient) -> None:
    answer = await client.post("/texts", content=r'{"text": "\ud800"}', headers={"content-type": "application/json"})

    assert answer.status_code == 422


async def test_a_defect_is_answered_500_and_tells_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get("/defect")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_database_that_is_away_is_answered_503_with_retry_after(client: httpx.AsyncClient) -> None:
    answer = await client.get("/away")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_a_transaction_that_others_kept_getting_into_the_way_of_is_answered_503(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/contended")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_an_unknown_path_is_a_problem_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_answer_carries_security_headers_and_a_correlation_id(client: httpx.AsyncClient) -> None:
    given = await client.get("/healthz", headers={"X-Correlation-Id": "abc-1"})
    forged = await client.get("/healthz", headers={"X-Correlation-Id": "a b\tc"})

    assert given.headers["x-correlation-id"] == "abc-1"
    assert forged.headers["x-correlation-id"] != "a b\tc"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in given.headers["content-security-policy"]


async def test_readiness_names_what_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"kafka": "no answer"}


async def test_metrics_count_requests_by_route(client: httpx.AsyncClient) -> None:
    await client.post("/orders", json={"amount_grosze": 1})

    assert (
        'iok_http_request_seconds_count{method="POST",route="/orders",status="200"}'
        in (await client.get("/metrics")).text
    )


async def test_methods_that_somebody_invents_make_no_metrics_of_their_own(client: httpx.AsyncClient) -> None:
    await client.request("INVENTED", "/orders")
    told = (await client.get("/metrics")).text

    assert "INVENTED" not in told
    assert 'method="other"' in told


async def test_a_check_that_hangs_is_told_as_a_reason() -> None:
    async def hangs() -> str | None:
        await asyncio.sleep(READY_TIMEOUT_SECONDS * 10)
        return None

    transport = httpx.ASGITransport(create_app("example", ready={"kafka": hangs}))
    async with httpx.AsyncClient(transport=transport, base_url="http://example") as opened:
        answer = await opened.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"kafka": "TimeoutError()"}
