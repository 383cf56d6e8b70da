"""The API for client apps."""

import hashlib
import json

import httpx
import pytest
from openapi_spec_validator import validate

from services.gateway.tests.company import BANK_ACCOUNT, MONTHS, PASSWORD
from services.gateway.tests.conftest import Portal

API = "/api/v1"
TENANT_ROUTES = [
    ("GET", "/leases/L-1"),
    ("GET", "/leases/L-1/balance"),
    ("GET", "/leases/L-1/explanation"),
    ("GET", "/leases/L-1/entries"),
    ("GET", "/leases/L-1/entries.csv"),
    ("GET", f"/leases/L-1/entries/e-{MONTHS[0]}-charge"),
    ("GET", f"/leases/L-1/charges/{MONTHS[0]}"),
    ("POST", "/leases/L-1/payments"),
    ("GET", "/payments/p-1"),
    ("GET", "/matter-types"),
    ("GET", "/matters"),
    ("POST", "/matters"),
    ("GET", "/matters/mat-1"),
    ("POST", "/matters/mat-1/messages"),
]


async def token(portal: Portal, login: str = "anna") -> dict[str, str]:
    answer = await portal.browser.post(f"{API}/session", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 201
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def get(portal: Portal, path: str, login: str = "anna") -> httpx.Response:
    return await portal.browser.get(f"{API}{path}", headers=await token(portal, login))


def is_problem(answer: httpx.Response, status: int) -> bool:
    kind = answer.headers["content-type"].partition(";")[0]
    return (answer.status_code, kind, answer.json()["status"]) == (status, "application/problem+json", status)


async def test_the_document_is_valid_and_holds_the_api_alone(portal: Portal) -> None:
    document = (await portal.browser.get(f"{API}/openapi.json")).json()
    validate(document)
    assert all(path.startswith(API) for path in document["paths"])
    assert {"/api/v1/session", "/api/v1/me", "/api/v1/leases/{lease_id}/balance"} <= set(document["paths"])


@pytest.mark.parametrize(("method", "path"), [*TENANT_ROUTES, ("GET", "/me"), ("DELETE", "/session")])
async def test_without_a_valid_token_the_answer_is_401_whatever_was_sent(
    portal: Portal, method: str, path: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer zly"}, {"Authorization": "Basic YTpi"}):
        answer = await portal.browser.request(method, f"{API}{path}", headers=headers, content=b"{zle")
        assert is_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), TENANT_ROUTES)
async def test_for_staff_the_routes_of_tenants_do_not_exist(portal: Portal, method: str, path: str) -> None:
    headers = await token(portal, "operator") | {"Idempotency-Key": "k"}
    assert is_problem(await portal.browser.request(method, f"{API}{path}", headers=headers, json={}), 404)


@pytest.mark.parametrize(("method", "path"), TENANT_ROUTES)
async def test_before_the_first_password_is_changed_tenants_reach_nothing(
    portal: Portal, method: str, path: str
) -> None:
    headers = await token(portal, "nowa")
    assert is_problem(await portal.browser.request(method, f"{API}{path}", headers=headers, json={}), 403)


async def test_me_names_the_leases_and_the_role_in_each(portal: Portal) -> None:
    assert (await get(portal, "/me", "jan")).json() == {
        "account_id": "acc-jan",
        "leases": [
            {"lease_id": "L-2", "number": "L-2/2019", "address": "ul. Długa 4 m. 31, 50-002 Wrocław", "role": "tenant"},
            {
                "lease_id": "L-3",
                "number": "L-3/2019",
                "address": "ul. Krótka 1 lok. U2, 50-003 Wrocław",
                "role": "co_tenant",
            },
        ],
    }


async def test_me_of_staff_has_no_leases(portal: Portal) -> None:
    assert (await get(portal, "/me", "operator")).json() == {"account_id": "acc-operator", "leases": []}


async def test_a_service_is_answered_byte_for_byte(portal: Portal) -> None:
    balance = await get(portal, "/leases/L-1/balance")
    assert (balance.status_code, balance.json()["bank_account"]) == (200, BANK_ACCOUNT)
    assert balance.headers["content-type"].startswith("application/json")
    asked = portal.company.ledger.calls("GET", "/balance")[0][2]
    assert asked["Authorization"] == "Bearer ledger:anna"


async def test_the_explanation_and_the_file_of_the_history_are_handed_on(portal: Portal) -> None:
    explained = await get(portal, "/leases/L-1/explanation?as_of=2026-02-28")
    assert (explained.status_code, len(explained.json()["unpaid"])) == (200, 2)
    file = await get(portal, "/leases/L-1/entries.csv")
    assert (file.status_code, file.content[:3]) == (200, b"\xef\xbb\xbf")
    assert file.headers["content-disposition"] == 'attachment; filename="historia.csv"'
    assert is_problem(await get(portal, "/leases/L-2/entries.csv"), 404)


async def test_a_file_of_a_service_that_is_away_is_503(portal: Portal) -> None:
    headers = await token(portal)
    portal.company.ledger.away = True
    assert is_problem(await portal.browser.get(f"{API}/leases/L-1/entries.csv", headers=headers), 503)


async def test_another_tenants_id_answers_like_one_that_does_not_exist(portal: Portal) -> None:
    foreign, absent = await get(portal, "/leases/L-2/balance"), await get(portal, "/leases/NIE/balance")
    assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content)
    assert is_problem(foreign, 404)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=-1", f"cursor={'x' * 1001}"])
async def test_a_parameter_against_its_schema_is_422(portal: Portal, query: str) -> None:
    assert is_problem(await get(portal, f"/leases/L-1/entries?{query}"), 422)


@pytest.mark.parametrize("day", ["jutro", "2026-02-30", "20260201", "1700000000", "2026-2-1", ""])
async def test_a_day_is_written_in_one_way(portal: Portal, day: str) -> None:
    assert is_problem(await get(portal, f"/leases/L-1/balance?as_of={day}"), 422)


async def test_a_good_day_reaches_the_ledger(portal: Portal) -> None:
    assert (await get(portal, "/leases/L-1/balance?as_of=2026-02-28")).status_code == 200


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "2026", "x"])
async def test_a_month_is_written_in_one_way(portal: Portal, month: str) -> None:
    assert is_problem(await get(portal, f"/leases/L-1/charges/{month}"), 422)


@pytest.mark.parametrize(
    "body",
    [
        *(f'{{"amount_grosze": {amount}}}' for amount in ("0", "-5", "1.5", '"12"', "true", "1e400", "100000000001")),
        "{}",
        "[]",
        "{zle",
        '{"amount_grosze": 1, "charge_id": "a b"}',
        '{"amount_grosze": 1, "inne": 2}',
    ],
)
async def test_a_body_against_its_schema_is_422_and_starts_nothing(portal: Portal, body: str) -> None:
    headers = await token(portal) | {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    answer = await portal.browser.post(f"{API}/leases/L-1/payments", content=body, headers=headers)
    assert is_problem(answer, 422)
    assert not portal.company.stored


@pytest.mark.parametrize("path", ["/leases/L-1/payments", "/matters", "/matters/mat-1/messages"])
async def test_creating_needs_an_idempotency_key(portal: Portal, path: str) -> None:
    body: dict[str, object] = {"amount_grosze": 1} if "payments" in path else {"text": "t"}
    body |= {"title": "t", "matter_type_id": "general"} if path == "/matters" else {}
    assert is_problem(await portal.browser.post(f"{API}{path}", json=body, headers=await token(portal)), 400)


async def test_the_same_command_again_gives_the_same_answer(portal: Portal) -> None:
    headers = await token(portal) | {"Idempotency-Key": "k1"}
    answers = [
        await portal.browser.post(f"{API}/leases/L-1/payments", json={"amount_grosze": 500}, headers=headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


async def test_a_command_in_flight_is_told_when_to_ask_again(portal: Portal) -> None:
    portal.company.in_flight_times = 1
    headers = await token(portal) | {"Idempotency-Key": "k1"}
    answer = await portal.browser.post(f"{API}/leases/L-1/payments", json={"amount_grosze": 500}, headers=headers)
    assert is_problem(answer, 409)
    assert answer.headers["retry-after"] == "1"


async def test_a_letter_is_raised_and_answered(portal: Portal) -> None:
    headers = await token(portal) | {"Idempotency-Key": "k1"}
    letter = {"matter_type_id": "general", "title": "Kran", "text": "Cieknie ąę", "lease_id": "L-1"}
    opened = await portal.browser.post(f"{API}/matters", json=letter, headers=headers)
    assert opened.status_code == 201
    assert json.loads(portal.company.correspondence.calls("POST", "/matters")[0][3]) == letter
    path = f"{API}/matters/{opened.json()['matter_id']}/messages"
    assert (await portal.browser.post(path, json={"text": "I dalej"}, headers=headers)).status_code == 201


async def test_a_wrong_password_is_one_neutral_401(portal: Portal) -> None:
    answers = [
        await portal.browser.post(f"{API}/session", json={"login": login, "password": "zle"})
        for login in ("anna", "nikt")
    ]
    assert all(is_problem(answer, 401) for answer in answers)
    assert answers[0].content == answers[1].content


async def test_deleting_a_session_ends_it_at_once(portal: Portal) -> None:
    headers = await token(portal)
    assert (await portal.browser.get(f"{API}/me", headers=headers)).status_code == 200
    assert (await portal.browser.delete(f"{API}/session", headers=headers)).status_code == 204
    assert is_problem(await portal.browser.get(f"{API}/me", headers=headers), 401)


async def test_the_first_password_is_changed_through_the_api(portal: Portal) -> None:
    headers = await token(portal, "nowa")
    short = await portal.browser.post(f"{API}/session/password", json={"new_password": "x"}, headers=headers)
    assert is_problem(short, 422)
    assert short.json()["errors"][0]["field"] == "new_password"
    good = {"current_password": PASSWORD, "new_password": "cztery nowe slowa"}
    answer = await portal.browser.post(f"{API}/session/password", json=good, headers=headers)
    assert (answer.status_code, answer.json()["token"]) == (200, "opaque-rotated")


@pytest.mark.parametrize(("service", "path"), [("ledger", "/leases/L-1/balance"), ("payments", "/payments/p-1")])
async def test_a_service_away_is_503_with_the_time_to_ask_again(portal: Portal, service: str, path: str) -> None:
    headers = await token(portal)
    getattr(portal.company, service).away = True
    answer = await portal.browser.get(f"{API}{path}", headers=headers)
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "7"


async def test_a_notification_of_autopay_passes_byte_for_byte(portal: Portal) -> None:
    body = b"transactions=PD94bWw%2B+/=&x=\xff\x00"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await portal.browser.post("/autopay/itn", content=body, headers=headers)
    assert answer.text == f"<got>{hashlib.sha256(body).hexdigest()}</got>"
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    got = portal.company.payments.calls("POST", "/itn")[0]
    assert (got[2]["Content-Type"], got[3]) == (headers["Content-Type"], body)


async def test_a_notification_while_payments_are_away_is_to_be_sent_again(portal: Portal) -> None:
    portal.company.payments.away = True
    assert is_problem(await portal.browser.post("/autopay/itn", content=b"transactions=x"), 503)


@pytest.mark.parametrize("lease_id", ["..", "%2e%2e", "a%2Fb", "L-1%00", "ł" * 70])
async def test_no_id_reaches_another_place(portal: Portal, lease_id: str) -> None:
    assert (await get(portal, f"/leases/{lease_id}/balance")).status_code == 404
    assert all("/.." not in call[1] for call in portal.company.ledger.asked)


async def test_health_and_metrics_are_open(portal: Portal) -> None:
    assert (await portal.browser.get("/healthz")).json()["status"] == "ok"
    assert (await portal.browser.get("/readyz")).status_code == 200
    await get(portal, "/leases/L-1/balance")
    metrics = (await portal.browser.get("/metrics")).text
    assert 'iok_gateway_call_seconds_count{outcome="2xx",service="ledger"}' in metrics
    assert "/api/v1/leases/{lease_id}/balance" in metrics
