"""Notifications on a real database: each has its effect once, whatever comes, in whatever order, however often."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from libs.events.payments import PaymentConfirmed, PaymentExpired, PaymentFailed, PaymentInitiated
from services.payments.read_models import reviews
from services.payments.tests import itn
from services.payments.tests.conftest import ASKED_GROSZE, LEASE, NEIGHBOUR, NEIGHBOURS, Office, at_once

pytestmark = pytest.mark.system

RAW = "select document, deliveries from notifications"
SECOND = timedelta(days=2)


def confirmation_of(answer: httpx.Response) -> str:
    """What an answer says, once its form and signature are proven."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    root = fromstring(answer.content)
    said = [node.text or "" for node in root.iter() if len(node) == 0 and node.tag != "hash"]
    assert root.findtext("hash") == itn.sha256_of(said)
    return said[-1]


def confirmed(payment: dict[str, Any], remote_id: str = "R91", charge_id: str | None = None) -> PaymentConfirmed:
    return PaymentConfirmed(
        payment_id=payment["payment_id"],
        remote_id=remote_id,
        paid_on=date(2026, 5, 10),
        amount_grosze=ASKED_GROSZE,
        charge_id=charge_id,
    )


async def open_concerns(office: Office) -> list[str]:
    async with office.database.connection() as connection:
        return [review.concern for review in await reviews.open_reviews(connection)]


async def test_a_success_is_confirmed_and_credited_with_the_charge_that_the_tenant_named(office: Office) -> None:
    payment = await office.start(charge_id="c-2026-05")
    assert confirmation_of(await office.report(payment)) == "CONFIRMED"
    assert await office.status(payment["payment_id"]) == "confirmed"
    assert (await office.events())[1:] == [confirmed(payment, charge_id="c-2026-05")]


async def test_an_event_and_its_outbox_row_are_one_and_the_same_bytes(office: Office) -> None:
    payment = await office.start()
    await office.report(payment)
    async with office.database.connection() as connection:
        events = await connection.fetch("select topic, subject, body from events order by position")
        outbox = await connection.fetch("select topic, key, body from outbox order by position")
    assert [tuple(row) for row in events] == [tuple(row) for row in outbox]
    assert {(row["topic"], row["subject"]) for row in events} == {("iok.payments", LEASE)}


async def test_a_notification_is_kept_byte_for_byte(office: Office) -> None:
    payment = await office.start()
    document = itn.document(itn.transaction(payment["order_id"], title="Zażółć"))
    await office.notify(document)
    async with office.database.connection() as connection:
        assert [bytes(row["document"]) for row in await connection.fetch(RAW)] == [document]


async def test_a_notification_ten_times_has_one_effect_and_ten_confirmations(office: Office) -> None:
    payment = await office.start()
    answers = [confirmation_of(await office.report(payment)) for _ in range(10)]
    assert answers == ["CONFIRMED"] * 10
    assert (await office.events())[1:] == [confirmed(payment)]
    async with office.database.connection() as connection:
        assert [row["deliveries"] for row in await connection.fetch(RAW)] == [10]


async def test_ten_notifications_at_once_have_one_effect_and_ten_confirmations(office: Office) -> None:
    payment = await office.start()
    answers = await at_once(*[office.report(payment) for _ in range(10)])
    assert [confirmation_of(answer) for answer in answers] == ["CONFIRMED"] * 10
    assert (await office.events())[1:] == [confirmed(payment)]


async def test_the_same_success_in_ten_different_documents_at_once_has_one_effect(office: Office) -> None:
    payment = await office.start()
    answers = await at_once(*[office.report(payment, title=f"text {n}") for n in range(10)])
    assert [confirmation_of(answer) for answer in answers] == ["CONFIRMED"] * 10
    assert (await office.events())[1:] == [confirmed(payment)]


async def test_an_amount_off_in_ten_different_documents_at_once_is_put_before_an_operator_once(office: Office) -> None:
    payment = await office.start()
    await at_once(*[office.report(payment, amount="0.01", title=f"text {n}") for n in range(10)])
    assert await open_concerns(office) == ["amount_off"]


async def test_payments_of_one_lease_confirmed_at_once_are_all_credited(office: Office) -> None:
    payments = [await office.start() for _ in range(15)]
    await at_once(*[office.report(each, remoteID=f"R{n}") for n, each in enumerate(payments)])
    credited = [event.payment_id for event in await office.events() if isinstance(event, PaymentConfirmed)]
    assert sorted(credited) == sorted(each["payment_id"] for each in payments)


async def test_two_transactions_of_one_order_are_both_credited(office: Office) -> None:
    payment = await office.start()
    await at_once(office.report(payment, remoteID="R1"), office.report(payment, remoteID="R2"))
    events = (await office.events())[1:]
    assert sorted(event.remote_id for event in events if isinstance(event, PaymentConfirmed)) == ["R1", "R2"]


FORGED = {
    "a wrong hash": {"given_hash": "0" * 64},
    "an empty hash": {"given_hash": ""},
    "a cut hash": {"given_hash": "a1b2"},
    "another key": {"key": "somebody-else's"},
    "another service": {"service_id": "999"},
}


async def test_a_forged_notification_is_not_confirmed_and_changes_nothing(office: Office) -> None:
    payment = await office.start()
    before = await office.counts()
    for kind, fault in FORGED.items():
        forged = itn.document(itn.transaction(payment["order_id"], amount="1234.56"), **fault)
        assert confirmation_of(await office.notify(forged)) == "NOTCONFIRMED", kind
    assert await office.counts() == before
    assert await office.status(payment["payment_id"]) == "initiated"


UNREADABLE = [
    b"",
    b"transactions=",
    b"transactions=%25%25%25",
    b"other=1",
    b"transactions=a&transactions=b",
    b"\xff\xfe",
    b"transactions=" + itn.field(b"<transactionList/>").encode(),
    b'{"transactions": "x"}',
    b"&".join([b"a=1"] * 21),
]


async def test_what_cannot_be_read_is_answered_400_and_changes_nothing(office: Office) -> None:
    before = await office.counts()
    for body in UNREADABLE:
        answer = await office.http.post("/autopay/itn", content=body)
        assert answer.status_code == 400, body
        assert answer.headers["content-type"] == "application/problem+json"
    assert await office.counts() == before


async def test_ten_megabytes_are_refused(office: Office) -> None:
    answer = await office.http.post("/autopay/itn", content=b"transactions=" + b"A" * 10_000_000)
    assert answer.status_code == 413


async def test_an_amount_that_is_off_is_confirmed_to_autopay_parked_and_never_credited(office: Office) -> None:
    payment = await office.start()
    assert confirmation_of(await office.report(payment, amount="1234.55")) == "CONFIRMED"
    assert await office.status(payment["payment_id"]) == "in_review"
    assert await open_concerns(office) == ["amount_off"]
    assert [type(event) for event in await office.events()] == [PaymentInitiated]


async def test_another_currency_is_parked_and_never_credited(office: Office) -> None:
    payment = await office.start()
    await office.report(payment, currency="EUR")
    assert await office.status(payment["payment_id"]) == "in_review"
    assert await open_concerns(office) == ["currency_off"]


async def test_a_payers_fee_is_not_credited(office: Office) -> None:
    payment = await office.start()
    await office.report(payment, amount="1236.55", startAmount="1234.56")
    assert (await office.events())[1:] == [confirmed(payment)]


@pytest.mark.parametrize("later", ["FAILURE", "PENDING"])
async def test_after_a_success_nothing_else_counts_but_it_is_alarmed(office: Office, later: str) -> None:
    payment = await office.start()
    await office.report(payment)
    assert confirmation_of(await office.report(payment, paymentStatus=later)) == "CONFIRMED"
    assert await office.status(payment["payment_id"]) == "confirmed"
    assert await open_concerns(office) == ["after_success"]
    assert (await office.events())[1:] == [confirmed(payment)]


async def test_pending_then_failure_then_success_are_each_told_and_the_money_is_credited(office: Office) -> None:
    payment = await office.start()
    seen = []
    for status in ("PENDING", "FAILURE", "SUCCESS"):
        await office.report(payment, paymentStatus=status, paymentStatusDetails="TIMEOUT")
        seen.append(await office.status(payment["payment_id"]))
    assert seen == ["pending", "failed", "confirmed"]
    failed = PaymentFailed(payment_id=payment["payment_id"], reason="TIMEOUT")
    assert (await office.events())[1:] == [failed, confirmed(payment)]


async def test_a_payment_expires_and_money_that_comes_later_is_credited(office: Office) -> None:
    payment = await office.start()
    await office.expire_as_of(timedelta(hours=24))
    assert await office.status(payment["payment_id"]) == "initiated"
    await at_once(office.expire_as_of(SECOND), office.expire_as_of(SECOND))
    assert await office.status(payment["payment_id"]) == "expired"
    await office.report(payment)
    assert await office.status(payment["payment_id"]) == "confirmed"
    expired = PaymentExpired(payment_id=payment["payment_id"])
    assert (await office.events())[1:] == [expired, confirmed(payment)]


async def test_a_success_and_the_expiry_at_once_end_paid(office: Office) -> None:
    payment = await office.start()
    await at_once(office.report(payment), office.expire_as_of(SECOND))
    await office.expire_as_of(SECOND)
    assert await office.status(payment["payment_id"]) == "confirmed"


async def test_an_authentic_report_of_an_unknown_order_is_kept_for_an_operator_and_confirmed(office: Office) -> None:
    answers = await at_once(*[office.notify(itn.document(itn.transaction("nobodys"))) for _ in range(3)])
    assert [confirmation_of(answer) for answer in answers] == ["CONFIRMED"] * 3
    assert await open_concerns(office) == ["unknown_order"]
    assert await office.counts() == {"events": 0, "outbox": 0, "notifications": 1, "notices": 1}


async def test_several_transactions_of_one_notification_are_taken_one_by_one(office: Office) -> None:
    paid, failed = await office.start(), await office.start()
    document = itn.document(
        itn.transaction(paid["order_id"], amount="1234.56", remoteID="R1"),
        itn.transaction("nobodys", remoteID="R2"),
        itn.transaction(failed["order_id"], remoteID="R3", paymentStatus="FAILURE"),
    )
    for _ in range(2):
        assert confirmation_of(await office.notify(document)) == "CONFIRMED"
    assert await office.status(paid["payment_id"]) == "confirmed"
    assert await office.status(failed["payment_id"]) == "failed"
    assert (await office.counts())["notices"] == 3


async def test_a_transaction_that_paid_one_order_never_pays_another(office: Office) -> None:
    one, other = await office.start(), await office.start()
    await office.report(one, remoteID="R1")
    await office.report(other, remoteID="R1")
    assert await office.status(other["payment_id"]) == "in_review"
    assert await open_concerns(office) == ["remote_id_of_another_order"]


async def test_a_transaction_reported_at_once_for_orders_of_two_leases_pays_one_of_them(office: Office) -> None:
    """Of two leases: the orders of one are decided one after the other anyway, for they share a stream."""
    for round_ in range(5):
        headers = {**office.as_(NEIGHBOUR), "Idempotency-Key": f"key-{round_}"}
        asked = await office.http.post(f"/leases/{NEIGHBOURS}/payments", json={"amount_grosze": 100}, headers=headers)
        one, other = await office.start(100), asked.json()
        await at_once(*(office.report(each, remoteID=f"R{round_}") for each in (one, other)))
    assert await open_concerns(office) == ["remote_id_of_another_order"] * 5


async def test_a_crash_between_commit_and_answer_leaves_one_effect(office: Office) -> None:
    payment = await office.start()

    class CrashError(Exception):
        pass

    async def dying(scope: Any, receive: Any, send: Any) -> None:
        async def never_sent(_: Any) -> None:
            raise CrashError

        await office.parts.app()(scope, receive, never_sent)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=dying), base_url="http://payments") as http:
        document = itn.document(itn.transaction(payment["order_id"], amount="1234.56"))
        with pytest.raises(CrashError):
            await http.post("/autopay/itn", data={"transactions": itn.field(document)})
    assert (await office.events())[1:] == [confirmed(payment)]
    assert confirmation_of(await office.notify(document)) == "CONFIRMED"
    assert (await office.events())[1:] == [confirmed(payment)]


async def test_a_notification_while_the_database_is_away_is_not_confirmed_so_that_autopay_sends_it_again(
    office: Office,
) -> None:
    payment = await office.start()
    await office.database.close()
    answer = await office.report(payment)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


async def test_no_log_line_shows_a_secret_or_a_person(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    payment = await office.start()
    person = {"fName": "Kanarek", "nrb": "96109010301793218160815294"}
    await office.report(payment, amount="0.01", **person)
    forged = itn.document(itn.transaction(payment["order_id"], **person), key="forger")
    await office.notify(forged)
    await office.notify(forged[:-20])
    shown = "".join(capsys.readouterr())
    assert "amount_off" in shown
    assert "not authentic" in shown
    assert "unreadable" in shown
    for secret in (itn.KEY, "Kanarek", person["nrb"], fromstring(forged).findtext("hash") or "hash"):
        assert secret not in shown


async def test_no_personal_datum_of_a_notification_reaches_an_event(office: Office) -> None:
    payment = await office.start()
    await office.report(payment, fName="Kanarek", lName="Testowy", nrb="96109010301793218160815294")
    async with office.database.connection() as connection:
        bodies = b"".join(bytes(row["body"]) for row in await connection.fetch("select body from events"))
    assert b"Kanarek" not in bodies
    assert b"96109010301793218160815294" not in bodies
