"""Orders of which no notification came are asked about; what Autopay answers counts like a notification."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from libs.chassis.auth import TokenVerifier
from libs.chassis.http import create_app
from libs.events.payments import PaymentConfirmed
from services.payments.api import tenant
from services.payments.app import event_store, merchant_of, new_door
from services.payments.clients.autopay import AutopayClient
from services.payments.commands.notifications import NotificationTaker
from services.payments.commands.status_queries import StatusAsker
from services.payments.domain.autopay import Merchant
from services.payments.domain.notification import UnreadableNotificationError
from services.payments.domain.status_query import (
    ASKED_FOR,
    FIRST_ASKED_AFTER,
    LONGEST_PAUSE,
    UntrustedAnswerError,
    answered,
    next_ask,
    question,
)
from services.payments.tests import itn
from services.payments.tests.autopay_server import AutopayServer, autopay_server, channel, listing
from services.payments.tests.conftest import LEASE, TENANT, Office, at_once

MERCHANT = Merchant(itn.SERVICE_ID, itn.KEY)
MOMENT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_the_question_is_signed() -> None:
    expected = hashlib.sha256(f"{itn.SERVICE_ID}|o1|{itn.KEY}".encode()).hexdigest()
    assert question("o1", MERCHANT) == {"ServiceID": itn.SERVICE_ID, "OrderID": "o1", "Hash": expected}


def test_an_answer_may_hold_no_transaction_but_must_be_signed_for_us_and_about_this_order() -> None:
    assert answered(itn.document(), "11", MERCHANT).transactions == ()
    assert len(answered(itn.document(itn.transaction()), "11", MERCHANT).transactions) == 1
    for document in (itn.document(key="other"), itn.document(itn.transaction("12")), itn.document(service_id="9")):
        with pytest.raises(UntrustedAnswerError):
            answered(document, "11", MERCHANT)
    for unreadable in (b"", b"<x/>", b"<!DOCTYPE x><transactionList/>", b"x" * 70_000):
        with pytest.raises(UnreadableNotificationError):
            answered(unreadable, "11", MERCHANT)


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    pauses = [next_ask(asked, MOMENT) - MOMENT for asked in range(1, 8)]
    assert pauses[:3] == [FIRST_ASKED_AFTER * 2, FIRST_ASKED_AFTER * 4, FIRST_ASKED_AFTER * 8]
    assert pauses[-1] == next_ask(10_000, MOMENT) - MOMENT == LONGEST_PAUSE


@dataclass
class Asking:
    """The service with Autopay's side, and a clock that the test moves."""

    office: Office
    autopay: AutopayServer
    client: AutopayClient

    def answers(self, payment: dict[str, Any], **texts: str) -> None:
        """From now on Autopay says this of a payment's order; without texts, that it knows no transaction of it."""
        amount = f"{payment['amount_grosze'] // 100}.{payment['amount_grosze'] % 100:02d}"
        transactions = [itn.transaction(payment["order_id"], **{"amount": amount, **texts})] if texts else []
        self.autopay.documents[payment["order_id"]] = itn.document(*transactions)

    def office_that_asks(self) -> Office:
        """The service's doors for tenants, whose channels are those of this Autopay."""
        app = create_app("payments")
        app.state.verifier = TokenVerifier(self.office.settings.token_public_keys, "payments")
        app.include_router(tenant.router(new_door(self.office.settings, self.office.database, self.client)))
        transport = httpx.ASGITransport(app=app)
        return replace(self.office, http=httpx.AsyncClient(transport=transport, base_url="http://payments"))

    async def ask(self, later: timedelta) -> int:
        taker = NotificationTaker(self.office.database, event_store())
        autopay = (self.client, merchant_of(self.office.settings))
        return await StatusAsker(self.office.database, taker, autopay, lambda: datetime.now(UTC) + later).ask_due()


@pytest.fixture
async def asking(office: Office) -> AsyncIterator[Asking]:
    async with autopay_server() as server:
        client = AutopayClient(server.url, merchant_of(office.settings))
        yield Asking(office, server, client)
        await client.close()


@pytest.mark.system
async def test_a_payment_whose_notification_was_lost_is_credited_once(asking: Asking) -> None:
    payment = await asking.office.start(charge_id="c1")
    asking.answers(payment, paymentStatus="SUCCESS")
    assert await asking.ask(FIRST_ASKED_AFTER / 2) == 0
    assert asking.autopay.asked == []
    assert await asking.ask(FIRST_ASKED_AFTER) == 1
    assert await asking.office.status(payment["payment_id"]) == "confirmed"
    await asking.office.report(payment)  # the notification comes after all
    assert await asking.ask(FIRST_ASKED_AFTER * 9) == 0
    assert len(asking.autopay.asked) == 1
    assert [type(event) for event in await asking.office.events()].count(PaymentConfirmed) == 1


@pytest.mark.system
async def test_a_payment_that_goes_on_hanging_is_asked_about_less_and_less_until_its_week_is_over(
    asking: Asking,
) -> None:
    payment = await asking.office.start()
    asking.answers(payment)
    asked = 0
    later = FIRST_ASKED_AFTER
    while later < ASKED_FOR + timedelta(days=2):
        await asking.ask(later)
        asked = len(asking.autopay.asked)
        later += FIRST_ASKED_AFTER * 3
    assert 20 < asked < 40
    assert await asking.office.status(payment["payment_id"]) == "initiated"
    asking.answers(payment, paymentStatus="SUCCESS")
    await asking.office.expire_as_of(timedelta(days=2))
    await asking.ask(later)
    assert await asking.office.status(payment["payment_id"]) == "expired"


@pytest.mark.system
async def test_an_expired_payment_is_asked_about_too_and_its_money_credited(asking: Asking) -> None:
    payment = await asking.office.start()
    await asking.office.expire_as_of(timedelta(days=2))
    asking.answers(payment, paymentStatus="SUCCESS")
    assert await asking.ask(timedelta(days=2)) == 1
    assert await asking.office.status(payment["payment_id"]) == "confirmed"


@pytest.mark.system
async def test_of_two_processes_one_asks_and_a_silent_or_forging_autopay_changes_nothing(asking: Asking) -> None:
    payment = await asking.office.start()
    before = await asking.office.counts()
    assert await asking.ask(FIRST_ASKED_AFTER) == 0  # answers 500
    asking.autopay.documents[payment["order_id"]] = itn.document(itn.transaction(payment["order_id"]), key="not ours")
    assert await asking.ask(FIRST_ASKED_AFTER * 4) == 0
    assert await asking.office.counts() == before
    asking.answers(payment, paymentStatus="PENDING")
    told = len(asking.autopay.asked)
    await at_once(*(asking.ask(FIRST_ASKED_AFTER * 12) for _ in range(5)))
    assert len(asking.autopay.asked) == told + 1
    assert await asking.office.status(payment["payment_id"]) == "pending"


@pytest.mark.system
async def test_a_month_and_a_channel_go_with_the_payer_to_autopay(asking: Asking) -> None:
    office = asking.office
    plain = await office.start(month="2026-10")
    assert plain["redirect"]["fields"]["Description"] == f"Opłata za 10.2026, umowa {LEASE} 2024"
    assert "GatewayID" not in plain["redirect"]["fields"]
    read = await office.http.get(f"/payments/{plain['payment_id']}", headers=office.as_(TENANT))
    assert read.json()["redirect"] == plain["redirect"]


@pytest.mark.system
async def test_only_a_channel_that_is_open_and_takes_the_amount_can_be_picked(asking: Asking) -> None:
    office = asking.office_that_asks()
    asking.autopay.listed = listing(channel(), channel(1500, name="Karta", state="DISABLED"))
    offered = (await office.http.get("/payment-channels", headers=office.as_(TENANT))).json()["items"]
    assert [(row["channel_id"], row["max_grosze"]) for row in offered] == [("509", 100_000)]
    started = await office.start(5_000, channel="509")
    fields = started["redirect"]["fields"]
    assert list(fields)[3:6] == ["Description", "GatewayID", "Currency"]
    signed = "|".join([*(value for name, value in fields.items() if name != "Hash"), itn.KEY])
    assert fields["Hash"] == hashlib.sha256(signed.encode()).hexdigest()
    for body, said in (({"amount_grosze": 200_000, "channel": "509"}, "od 1,50"), ({"channel": "1500"}, "niedostępny")):
        headers = {**office.as_(TENANT), "Idempotency-Key": f"k{said}"[:8].replace(" ", "").replace(",", "")}
        wanted = {"amount_grosze": 5_000} | body
        refused = await office.http.post(f"/leases/{LEASE}/payments", json=wanted, headers=headers)
        assert refused.status_code == 422
        assert said in refused.json()["errors"][0]["message"]
