"""Tenants' doors: who may start and see which payment, what is refused, and commands sent twice."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from libs.chassis.auth import Principal
from libs.chassis.once import KeyUse, StoredAnswer
from libs.chassis.postgres import Database
from libs.chassis.testing import eventually
from libs.events.payments import PaymentInitiated
from services.payments.api.wire import money
from services.payments.app import event_store
from services.payments.commands.start import PaymentStarter, Wanted
from services.payments.read_models import leases
from services.payments.read_models.payments import PaymentRow
from services.payments.settings import LIMIT_GROSZE
from services.payments.tests import itn
from services.payments.tests.conftest import ASKED_GROSZE, LEASE, NEIGHBOUR, NEIGHBOURS, TENANT, Office, at_once

pytestmark = pytest.mark.system

STAFF = Principal("staff-1", frozenset({"operator"}), {LEASE: "tenant"})
PATH = f"/leases/{LEASE}/payments"
KEY = {"Idempotency-Key": "key-1"}
LOCK_WAITS = "select count(*) from pg_locks where not granted"


async def test_a_started_payment_says_where_to_send_the_payer_and_with_what(office: Office) -> None:
    payment = await office.start(charge_id="c1")
    fields = payment["redirect"]["fields"]
    assert payment["status"] == "initiated"
    assert payment["redirect"] | {"fields": None} == {
        "method": "GET",
        "url": "http://127.0.0.1:8201/payment",
        "fields": None,
    }
    assert list(fields) == [
        "ServiceID", "OrderID", "Amount", "Description", "Currency", "ValidityTime", "LinkValidityTime", "Hash",
    ]  # fmt: skip
    assert (fields["OrderID"], fields["Amount"]) == (payment["order_id"], "1234.56")
    assert fields["Description"] == "Opłaty za lokal, umowa lease-1 2024"
    assert fields["Hash"] == itn.sha256_of([value for name, value in fields.items() if name != "Hash"])
    warsaw = ZoneInfo("Europe/Warsaw")
    valid_until = datetime.strptime(fields["ValidityTime"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=warsaw)
    assert 23 < (valid_until - datetime.now(warsaw)).total_seconds() / 3600 <= 24


async def test_starting_records_that_the_payment_was_initiated(office: Office) -> None:
    payment = await office.start(charge_id="c1")
    initiated = PaymentInitiated(
        payment_id=payment["payment_id"], order_id=payment["order_id"], amount_grosze=ASKED_GROSZE, charge_id="c1"
    )
    assert await office.events() == [initiated]


async def test_a_payment_read_back_is_the_payment_started(office: Office) -> None:
    payment = await office.start()
    answer = await office.http.get(f"/payments/{payment['payment_id']}", headers=office.as_(TENANT))
    assert answer.json() == payment


async def test_the_same_key_and_body_give_the_same_answer_and_one_payment(office: Office) -> None:
    headers = {**office.as_(TENANT), **KEY}
    answers = [await office.http.post(PATH, json={"amount_grosze": 100}, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert len(await office.events()) == 1


async def test_the_same_key_with_another_body_or_lease_is_a_conflict(office: Office) -> None:
    both = Principal("account-1", leases={LEASE: "tenant", NEIGHBOURS: "tenant"})
    headers = {**office.as_(both), **KEY}
    await office.http.post(PATH, json={"amount_grosze": 100}, headers=headers)
    others = [(PATH, {"amount_grosze": 101}), (PATH, {"amount_grosze": 100, "charge_id": "c1"})]
    for path, body in [*others, (f"/leases/{NEIGHBOURS}/payments", {"amount_grosze": 100})]:
        answer = await office.http.post(path, json=body, headers=headers)
        assert answer.status_code == 409
    assert len(await office.events()) == 1


async def test_the_same_key_at_once_starts_one_payment(office: Office) -> None:
    headers = {**office.as_(TENANT), **KEY}
    answers = await at_once(*[office.http.post(PATH, json={"amount_grosze": 100}, headers=headers) for _ in range(8)])
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(await office.events()) == 1


async def test_the_same_key_of_two_accounts_are_two_payments(office: Office) -> None:
    mine = await office.http.post(PATH, json={"amount_grosze": 100}, headers={**office.as_(TENANT), **KEY})
    path = f"/leases/{NEIGHBOURS}/payments"
    theirs = await office.http.post(path, json={"amount_grosze": 100}, headers={**office.as_(NEIGHBOUR), **KEY})
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["payment_id"] != theirs.json()["payment_id"]


async def test_payments_of_one_lease_started_at_once_all_start(office: Office) -> None:
    started = await at_once(*[office.start() for _ in range(25)])
    assert len({payment["payment_id"] for payment in started}) == 25
    assert (await office.counts())["events"] == 25


async def test_payments_of_one_lease_started_at_once_by_several_processes_all_start(office: Office) -> None:
    def answer(row: PaymentRow) -> StoredAnswer:
        return StoredAnswer(201, row.payment_id)

    starters = [office.door().starter for _ in range(4)]  # each process has its own
    calls = [
        starter.start(KeyUse.of("account-1", f"{n}-{m}", {}), LEASE, Wanted(100), answer)
        for n, starter in enumerate(starters)
        for m in range(3)
    ]

    assert len({given.body for given in await at_once(*calls)}) == 12
    assert (await office.counts())["events"] == 12


async def test_starts_that_wait_for_one_lease_leave_connections_for_others(office: Office) -> None:
    def answer(row: PaymentRow) -> StoredAnswer:
        return StoredAnswer(201, row.payment_id)

    small = await Database.open(office.made.service_dsn, max_connections=2)
    starter = PaymentStarter(small, event_store(), LIMIT_GROSZE)
    async with office.database.transaction() as tx:
        await leases.lock(tx, LEASE)
        waiting = [
            asyncio.create_task(starter.start(KeyUse.of("account-1", str(n), {}), LEASE, Wanted(100), answer))
            for n in range(20)
        ]

        async def one_waits() -> bool:
            return bool(await tx.fetchval(LOCK_WAITS))

        await eventually(one_waits, what="a start that waits for the lease")
        await starter.start(KeyUse.of("account-2", "key", {}), NEIGHBOURS, Wanted(100), answer)
        assert not any(each.done() for each in waiting)
    assert len({given.body for given in await asyncio.gather(*waiting)}) == 20
    await small.close()


async def test_without_a_key_nothing_starts(office: Office) -> None:
    answer = await office.http.post(PATH, json={"amount_grosze": 100}, headers=office.as_(TENANT))
    assert answer.status_code == 400
    assert await office.events() == []


BAD_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no amount": b"{}",
    "zero": b'{"amount_grosze": 0}',
    "negative": b'{"amount_grosze": -1}',
    "huge": b'{"amount_grosze": 100000000001}',
    "over the limit": f'{{"amount_grosze": {LIMIT_GROSZE + 1}}}'.encode(),
    "a float": b'{"amount_grosze": 1.5}',
    "a whole float": b'{"amount_grosze": 100.0}',
    "an exponent": b'{"amount_grosze": 1e3}',
    "a text": b'{"amount_grosze": "100"}',
    "a truth": b'{"amount_grosze": true}',
    "nan": b'{"amount_grosze": NaN}',
    "beyond any number": b'{"amount_grosze": 1e400}',
    "a charge that is no id": b'{"amount_grosze": 100, "charge_id": "a b"}',
    "an unknown field": b'{"amount_grosze": 100, "currency": "EUR"}',
}


async def test_a_body_against_the_schema_is_refused_with_the_reason(office: Office) -> None:
    headers = {**office.as_(TENANT), **KEY, "Content-Type": "application/json"}
    for kind, body in BAD_BODIES.items():
        answer = await office.http.post(PATH, content=body, headers=headers)
        assert answer.status_code == 422, kind
        assert answer.headers["content-type"] == "application/problem+json", kind
        assert answer.json()["errors"], kind
    assert await office.events() == []


async def test_more_than_the_limit_is_refused_in_zlotys(office: Office) -> None:
    headers = {**office.as_(TENANT), **KEY}
    answer = await office.http.post(PATH, json={"amount_grosze": LIMIT_GROSZE + 1}, headers=headers)

    assert answer.status_code == 422
    assert "najwyżej 100\u00a0000\u00a0zł." in answer.json()["errors"][0]["message"]
    assert money(1_050) == "10,50\u00a0zł"


async def test_the_limit_itself_may_be_paid(office: Office) -> None:
    assert (await office.start(LIMIT_GROSZE))["amount_grosze"] == LIMIT_GROSZE


async def test_a_lease_that_payments_has_not_heard_of_cannot_be_paid(office: Office) -> None:
    unheard = Principal("account-3", leases={"lease-9": "tenant"})
    answer = await office.http.post(
        "/leases/lease-9/payments", json={"amount_grosze": 100}, headers={**office.as_(unheard), **KEY}
    )
    assert answer.status_code == 404


async def test_what_is_not_yours_is_answered_like_what_does_not_exist(office: Office) -> None:
    payment = await office.start()
    for asker in (NEIGHBOUR, STAFF, Principal("nobody")):
        headers = office.as_(asker)
        absent = await office.http.get("/payments/absent", headers=headers)
        answers = [
            await office.http.get(f"/payments/{payment['payment_id']}", headers=headers),
            await office.http.get(PATH, headers=headers),
            await office.http.post(PATH, json={"amount_grosze": 100}, headers={**headers, **KEY}),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()) == (404, absent.json()), asker


async def test_without_a_valid_token_nothing_is_answered(office: Office) -> None:
    tokens = ["", "Bearer x", f"Bearer {office.signer.issue('ledger', TENANT)}"]
    for method, path in [("GET", PATH), ("GET", "/payments/p1"), ("POST", PATH)]:
        for token in tokens:
            headers = {"Authorization": token, **KEY}
            answer = await office.http.request(method, path, headers=headers, json={"amount_grosze": 100})
            assert answer.status_code == 401, (method, path, token)


async def test_an_id_that_can_be_none_is_not_found(office: Office) -> None:
    for payment_id in ("%00", "a%20b", "x" * 65, "..%2Fx", "'or'1", "%F0%9F%92%A9"):
        answer = await office.http.get(f"/payments/{payment_id}", headers=office.as_(TENANT))
        assert answer.status_code == 404, payment_id


async def test_the_payments_of_a_lease_are_listed_newest_first_page_by_page(office: Office) -> None:
    started = [(await office.start(100 + n))["payment_id"] for n in range(5)]
    listed, cursor = [], ""
    while True:
        answer = await office.http.get(f"{PATH}?limit=2&cursor={cursor}", headers=office.as_(TENANT))
        listed += [item["payment_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
    assert listed == started[::-1]


async def test_a_page_that_cannot_be_is_refused(office: Office) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=WyJhIiwiYiJd", "cursor=e30", "cursor=%00"):
        answer = await office.http.get(f"{PATH}?{query}", headers=office.as_(TENANT))
        assert answer.status_code == 422, query


async def returning(office: Office, order_id: str, given_hash: str) -> tuple[int, dict[str, object]]:
    query = {"ServiceID": itn.SERVICE_ID, "OrderID": order_id, "Hash": given_hash}
    answer = await office.http.get("/autopay/return", params=query)
    return answer.status_code, answer.json()


async def test_a_return_without_a_notification_says_that_nothing_is_paid_yet(office: Office) -> None:
    payment = await office.start()
    order_id = payment["order_id"]
    status, said = await returning(office, order_id, itn.sha256_of([itn.SERVICE_ID, order_id]))
    assert status == 200
    assert said == {
        "payment_id": payment["payment_id"],
        "lease_id": LEASE,
        "status": "initiated",
        "amount_grosze": ASKED_GROSZE,
    }


async def test_a_return_after_its_notification_says_that_the_payment_is_confirmed(office: Office) -> None:
    payment = await office.start()
    await office.report(payment)
    order_id = payment["order_id"]
    _, said = await returning(office, order_id, itn.sha256_of([itn.SERVICE_ID, order_id]))
    assert said["status"] == "confirmed"


async def test_a_return_that_autopay_did_not_sign_is_not_found(office: Office) -> None:
    payment = await office.start()
    unsigned = await returning(office, payment["order_id"], "0" * 64)
    unknown = await returning(office, "nobodys", itn.sha256_of([itn.SERVICE_ID, "nobodys"]))
    assert unsigned[0] == unknown[0] == (await office.http.get("/autopay/return")).status_code == 404
