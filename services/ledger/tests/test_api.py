"""The HTTP door: a tenant reads their own leases, and nobody reads another's."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libs.chassis.auth import Principal, TokenSigner, TokenVerifier
from libs.chassis.http import create_app
from libs.chassis.postgres import Database
from services.ledger.api import tenant
from services.ledger.consumer.projector import BookProjector
from services.ledger.tests.facts import (
    ERP,
    LEASE,
    charge,
    correction,
    event_id,
    interest,
    lease_terms,
    payment,
    record,
    transfer,
)

pytestmark = pytest.mark.system

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SIGNER = TokenSigner(SEED)
TENANT = Principal("A-1", leases={LEASE: "tenant", "L-9": "tenant"})


def signed_in(principal: Principal, audience: str = "ledger") -> dict[str, str]:
    return {"Authorization": f"Bearer {SIGNER.issue(audience, principal)}"}


@pytest.fixture
async def client(database: Database, projector: BookProjector) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("ledger")
    app.state.verifier = TokenVerifier([SIGNER.public_key], "ledger")
    app.include_router(tenant.router(database))
    await fill(database, projector)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger", headers=signed_in(TENANT)) as opened:
        yield opened


async def fill(database: Database, projector: BookProjector) -> None:
    """A lease with two months, a correction, interest, a payment and a transfer; another tenant's lease beside it."""
    november = {"month": "2026-11", "issued_on": "2026-11-01", "due_on": "2026-11-10"}
    records = [
        record("LeaseSigned", lease_terms(ends_on="2030-01-31"), offset=0),
        record("LeaseSigned", lease_terms(number="7/2019"), subject="L-2", offset=1),
        record("ChargeIssued", charge(100, "C-1"), id=event_id(1), offset=2, partition=4, source=ERP),
        record("ChargeIssued", charge(90, "C-2", **november), id=event_id(2), offset=3),
        record("ChargeCorrected", correction(-10, charge_id="C-2"), id=event_id(3), offset=4),
        record("InterestCharged", interest(3), id=event_id(4), offset=5),
        record("PaymentConfirmed", payment(70, charge_id="C-1"), id=event_id(5), offset=6),
        record("TransferCredited", transfer(5), id=event_id(6), offset=7),
        record("ChargeIssued", charge(1_000), id=event_id(7), subject="L-2", offset=8),
    ]
    async with database.transaction() as tx:
        for each in records:
            assert await projector.project(tx, [each]) == []


async def got(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_tenant_sees_the_leases_of_their_token_that_are_signed(client: httpx.AsyncClient) -> None:
    assert await got(client, "/leases") == {
        "items": [
            {
                "lease_id": LEASE,
                "number": "12/2020",
                "address": "ul. Przybyszewskiego 102/1, Wrocław",
                "kind": "dwelling",
            }
        ]
    }


async def test_a_lease_is_told_under_the_names_of_its_event(client: httpx.AsyncClient) -> None:
    assert await got(client, f"/leases/{LEASE}") == {
        **lease_terms(ends_on="2030-01-31"),
        "lease_id": LEASE,
        "ended_on": None,
    }


async def test_the_balance_tells_every_figure(client: httpx.AsyncClient) -> None:
    body = await got(client, f"/leases/{LEASE}/balance")
    assert body == {
        "lease_id": LEASE,
        "balance_grosze": 108,
        "due_today_grosze": 108,
        "not_yet_due_grosze": 0,
        "overpaid_grosze": 0,
        "next_due": None,
        "interest_grosze": None,
        "bank_account": lease_terms()["bank_account"],
        "book": 1,
        "version": 6,
        "as_of": None,
        "incomplete": False,
        "stale": True,
        "read_to": {},
        "confirmed_at": None,
    }


async def test_a_balance_as_of_a_day_takes_what_was_booked_by_then(client: httpx.AsyncClient) -> None:
    body = await got(client, f"/leases/{LEASE}/balance?as_of=2026-10-05")
    assert (body["balance_grosze"], body["due_today_grosze"], body["as_of"], body["version"]) == (
        100,
        0,
        "2026-10-05",
        6,
    )
    assert body["next_due"] == {"due_on": "2026-10-10", "amount_grosze": 100}


async def test_the_history_is_newest_first_and_pages_join_without_gap(client: httpx.AsyncClient) -> None:
    whole = (await got(client, f"/leases/{LEASE}/entries"))["items"]
    assert [item["booked_on"] for item in whole] == [
        "2026-11-01",
        "2026-11-01",
        "2026-10-15",
        "2026-10-12",
        "2026-10-09",
        "2026-10-01",
    ]
    paged: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await got(client, f"/leases/{LEASE}/entries?limit=2{cursor}")
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == whole


def named(number: int, kind: str, title: str, amount_grosze: int, booked_on: str, **more: Any) -> dict[str, Any]:
    """An entry as others name it."""
    return {
        "id": event_id(number),
        "kind": kind,
        "title": title,
        "amount_grosze": amount_grosze,
        "booked_on": booked_on,
        "due_on": None,
        "charge_id": None,
        "month": None,
        **more,
    }


OF_OCTOBER = {"charge_id": "C-1", "month": "2026-10"}
PAYMENT = named(5, "payment", "Wpłata online za październik 2026", -70, "2026-10-09", **OF_OCTOBER)
PAID_BY_PAYMENT = {"entry": PAYMENT, "amount_grosze": 70}
PAID_BY_TRANSFER = {"entry": named(6, "transfer", "Przelew na konto", -5, "2026-10-12"), "amount_grosze": 5}


async def test_an_entry_opens_its_details_its_origin_and_the_account_to_pay_to(client: httpx.AsyncClient) -> None:
    assert await got(client, f"/leases/{LEASE}/entries/{event_id(1)}") == {
        "id": event_id(1),
        "kind": "charge",
        "amount_grosze": 100,
        "booked_on": "2026-10-01",
        "due_on": "2026-10-10",
        "title": "Naliczenie za październik 2026",
        "version": 1,
        "details": charge(100, "C-1")
        | {
            "explanation": {
                "pays": [],
                "taken_back_by": [],
                "left_grosze": None,
                "paid_by": [PAID_BY_PAYMENT, PAID_BY_TRANSFER],
                "takes_back": [],
                "unpaid_grosze": 25,
            }
        },
        "bank_account": lease_terms()["bank_account"],
        "origin": {"topic": "iok.charges", "partition": 4, "offset": 2, "source": "erp"},
        "balance_after_grosze": None,
    }


async def test_each_line_of_the_history_tells_the_balance_after_it_on_every_page_and_in_every_choice(
    client: httpx.AsyncClient,
) -> None:
    whole = (await got(client, f"/leases/{LEASE}/entries"))["items"]
    running = 0
    for item in reversed(whole):
        running += item["amount_grosze"]
        assert item["balance_after_grosze"] == running
    assert running == (await got(client, f"/leases/{LEASE}/balance"))["balance_grosze"]
    for query in ("kind=charges", "kind=payments", "year=2026&kind=payments", "limit=1&kind=payments"):
        items = (await got(client, f"/leases/{LEASE}/entries?{query}"))["items"]
        assert items
        assert all(item in whole for item in items)


async def test_the_history_can_be_had_by_year_and_by_kind(client: httpx.AsyncClient) -> None:
    async def kinds(query: str) -> list[str]:
        return [item["kind"] for item in (await got(client, f"/leases/{LEASE}/entries?{query}"))["items"]]

    assert await kinds("kind=payments") == ["transfer", "payment"]
    assert sorted(await kinds("kind=charges")) == ["charge", "charge", "correction", "interest"]
    assert len(await kinds("year=2026")) == 6
    assert await kinds("year=2025") == await kinds("year=2027&kind=charges") == []
    first = await got(client, f"/leases/{LEASE}/entries?kind=payments&limit=1")
    rest = await got(client, f"/leases/{LEASE}/entries?kind=payments&cursor={first['next_cursor']}")
    assert [item["kind"] for item in first["items"] + rest["items"]] == ["transfer", "payment"]


async def test_a_years_statement_leads_from_its_opening_to_its_closing_balance(client: httpx.AsyncClient) -> None:
    year = await got(client, f"/leases/{LEASE}/statement/2026")
    assert {name: year[name] for name in year if name != "items"} == {
        "year": 2026,
        "opening_grosze": 0,
        "charged_grosze": 183,
        "paid_grosze": 75,
        "closing_grosze": 108,
    }
    assert [item["amount_grosze"] for item in year["items"]] == [100, -70, -5, -10, 90, 3]
    assert [item["balance_after_grosze"] for item in year["items"]] == [100, 30, 25, 15, 105, 108]
    after = await got(client, f"/leases/{LEASE}/statement/2027")
    assert (after["opening_grosze"], after["closing_grosze"], after["items"]) == (108, 108, [])


async def test_each_month_tells_what_was_charged_and_paid_in_it(client: httpx.AsyncClient) -> None:
    assert (await got(client, f"/leases/{LEASE}/turnover"))["items"] == [
        {"month": "2026-11", "charged_grosze": 93, "paid_grosze": 0, "balance_grosze": 108},
        {"month": "2026-10", "charged_grosze": 90, "paid_grosze": 75, "balance_grosze": 15},
    ]


async def test_a_payment_says_which_debts_it_paid_and_the_explanation_which_are_left(client: httpx.AsyncClient) -> None:
    told = (await got(client, f"/leases/{LEASE}/entries/{event_id(5)}"))["details"]["explanation"]
    assert [(part["entry"]["id"], part["amount_grosze"]) for part in told["pays"]] == [(event_id(1), 70)]
    assert (told["left_grosze"], told["unpaid_grosze"]) == (0, None)
    body = await got(client, f"/leases/{LEASE}/explanation")
    assert [(part["entry"]["id"], part["amount_grosze"]) for part in body["unpaid"]] == [
        (event_id(1), 25),
        (event_id(2), 80),
        (event_id(4), 3),
    ]
    assert (body["left"], body["balance_grosze"], body["version"]) == ([], 108, 6)
    assert (body["unpaid_count"], body["left_count"]) == (3, 0)


async def test_what_is_due_today_is_told_month_by_month(client: httpx.AsyncClient) -> None:
    body = await got(client, f"/leases/{LEASE}/explanation?as_of=2026-11-30")
    assert body["due_today"] == [
        {"month": "2026-10", "due_on": "2026-10-10", "amount_grosze": 28},
        {"month": "2026-11", "due_on": "2026-11-10", "amount_grosze": 80},
    ]
    assert body["due_today_grosze"] == 108


async def test_an_explanation_as_of_a_day_counts_what_was_booked_by_then(client: httpx.AsyncClient) -> None:
    body = await got(client, f"/leases/{LEASE}/explanation?as_of=2026-10-05")
    assert [part["amount_grosze"] for part in body["unpaid"]] == [100]
    assert (body["balance_grosze"], body["as_of"]) == (100, "2026-10-05")


async def test_the_history_comes_as_a_file_for_polish_spreadsheets(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/leases/{LEASE}/entries.csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="historia.csv"'
    assert answer.content.startswith("\ufeffData naliczenia lub wpłaty;Opis;Kwota w zł".encode())
    rows = [row.split(";") for row in answer.text.split("\r\n")[1:-1]]
    ids = [item["id"] for item in (await got(client, f"/leases/{LEASE}/entries"))["items"]]
    assert [row[6] for row in rows] == ids
    of_year = (await client.get(f"/leases/{LEASE}/entries.csv?year=2026")).text
    assert of_year == answer.text
    assert (await client.get(f"/leases/{LEASE}/entries.csv?year=2025")).text.count("\r\n") == 1
    transferred = next(row for row in rows if row[6] == event_id(6))
    assert transferred == [
        "2026-10-12",
        "Przelew na konto",
        "-0,05",
        "",
        "",
        "T-1",
        event_id(6),
        "iok/payments",
        "0,25",
    ]


async def test_entries_are_titled_by_the_month_they_are_about(client: httpx.AsyncClient) -> None:
    items = (await got(client, f"/leases/{LEASE}/entries"))["items"]
    assert [item["title"] for item in sorted(items, key=lambda item: str(item["id"]))] == [
        "Naliczenie za październik 2026",
        "Naliczenie za listopad 2026",
        "Korekta naliczenia za listopad 2026",
        "Odsetki za opóźnienie w zapłacie za październik 2026",
        "Wpłata online za październik 2026",
        "Przelew na konto",
    ]


async def test_a_months_charges_come_line_by_line_with_corrections_and_without_interest(
    client: httpx.AsyncClient,
) -> None:
    assert await got(client, f"/leases/{LEASE}/charges/2026-11") == {
        "month": "2026-11",
        "charges": [
            {
                "charge_id": "C-2",
                "due_on": "2026-11-10",
                "amount_grosze": 90,
                "lines": charge(90)["lines"],
                "corrections": [correction(-10, charge_id="C-2")],
                "unpaid_grosze": 80,
            }
        ],
        "total_grosze": 80,
    }
    assert (await got(client, f"/leases/{LEASE}/charges/2026-10"))["total_grosze"] == 100
    assert (await got(client, f"/leases/{LEASE}/charges"))["items"] == [
        {"month": "2026-11", "total_grosze": 80, "due_on": "2026-11-10", "unpaid_grosze": 80},
        {"month": "2026-10", "total_grosze": 100, "due_on": "2026-10-10", "unpaid_grosze": 25},
    ]


PATHS = (
    "",
    "/balance",
    "/explanation",
    "/entries",
    "/entries.csv",
    f"/entries/{event_id(7)}",
    f"/entries/{event_id(1)}",
    "/charges",
    "/charges/2026-10",
    "/turnover",
    "/statement/2026",
)


async def test_another_tenants_lease_answers_like_one_that_does_not_exist(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        foreign, absent = await client.get(f"/leases/L-2{path}"), await client.get(f"/leases/L-none{path}")
        assert (foreign.status_code, absent.status_code) == (404, 404), path
        assert foreign.json() == absent.json()


async def test_staff_get_no_tenant_route(client: httpx.AsyncClient) -> None:
    clerk = Principal("S-1", roles=frozenset({"operator"}), leases={LEASE: "tenant"})
    for path in PATHS:
        assert (await client.get(f"/leases/{LEASE}{path}", headers=signed_in(clerk))).status_code == 404
    assert (await client.get("/leases", headers=signed_in(clerk))).json() == {"items": []}


async def test_without_a_token_for_the_ledger_there_is_no_answer(client: httpx.AsyncClient) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer x"}, signed_in(TENANT, "payments")):
        for path in PATHS:
            assert (await client.get(f"/leases/{LEASE}{path}", headers=headers)).status_code == 401


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    for path in ("/charges/2020-01", f"/entries/{event_id(99)}", f"/entries/{event_id(7)}", "/entries/no-uuid"):
        assert (await client.get(f"/leases/{LEASE}{path}")).status_code == 404
    assert (await client.get("/leases/L-9/balance")).status_code == 404  # in the token, not in the book (yet)


@pytest.mark.parametrize(
    "path",
    [
        "/balance?as_of=yesterday",
        "/explanation?as_of=yesterday",
        "/entries?limit=0",
        "/entries?limit=201",
        "/entries?cursor=x",
        "/entries?cursor=WyIyMDI2LTEwLTAxIl0",
        "/charges/2026-13",
        "/entries?year=1",
        "/entries?kind=charge",
        "/statement/20260",
    ],
)
async def test_a_parameter_against_its_schema_is_422(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/leases/{LEASE}{path}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
