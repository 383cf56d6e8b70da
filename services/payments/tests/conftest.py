"""The service on a real database, driven through its own HTTP doors, with Autopay's side written by the tests."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from libs.chassis.auth import Principal, TokenSigner
from libs.chassis.postgres import Database
from libs.chassis.runtime import Parts
from libs.chassis.testing import ServiceDatabase
from libs.events.decoding import read_data, read_envelope
from libs.events.envelope import EventData
from services.payments.api import Door
from services.payments.app import build, event_store, merchant_of, new_door
from services.payments.clients.autopay import AutopayClient
from services.payments.commands.expiry import PaymentExpirer
from services.payments.read_models import leases
from services.payments.read_models.leases import ToldLease
from services.payments.settings import Settings
from services.payments.tests import itn

NOWHERE = "127.0.0.1:1"
SEED = base64.b64encode(bytes(32)).decode()
LEASE, NEIGHBOURS = "lease-1", "lease-2"
ASKED_GROSZE = 123_456
TENANT = Principal("account-1", leases={LEASE: "tenant"})
NEIGHBOUR = Principal("account-2", leases={NEIGHBOURS: "tenant"})

EVENTS = "select subject, stream_version, body from events order by position"
COUNTS = """
select (select count(*) from events) as events, (select count(*) from outbox) as outbox,
    (select count(*) from notifications) as notifications, (select count(*) from notices) as notices
"""


@dataclass
class Office:
    """The service under test: its database, and its HTTP doors without a network between."""

    made: ServiceDatabase
    settings: Settings
    parts: Parts
    database: Database
    http: httpx.AsyncClient
    signer: TokenSigner

    def as_(self, principal: Principal) -> dict[str, str]:
        """The headers by which the gateway calls for this principal."""
        return {"Authorization": f"Bearer {self.signer.issue('payments', principal)}"}

    def door(self) -> Door:
        """What the service's HTTP doors are built with."""
        merchant = merchant_of(self.settings)
        return new_door(self.settings, self.database, AutopayClient(self.settings.autopay_url, merchant))

    async def hear_of(self, *lease_ids: str) -> None:
        """Know leases, as after reading iok.leases."""
        async with self.database.transaction() as tx:
            await leases.project(tx, [ToldLease(each, f"{each}/2024", "iok/ledger", signs=True) for each in lease_ids])

    async def start(self, amount_grosze: int = ASKED_GROSZE, **more: Any) -> dict[str, Any]:
        """Start a payment of the tenant's; returns the answer's body."""
        headers = {**self.as_(TENANT), "Idempotency-Key": secrets.token_hex(8)}
        answer = await self.http.post(
            f"/leases/{LEASE}/payments", json={"amount_grosze": amount_grosze, **more}, headers=headers
        )
        assert answer.status_code == 201, answer.text
        started: dict[str, Any] = answer.json()
        return started

    async def status(self, payment_id: str) -> str:
        answer = await self.http.get(f"/payments/{payment_id}", headers=self.as_(TENANT))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])

    async def notify(self, document: bytes) -> httpx.Response:
        """Send a notification as Autopay does."""
        return await self.http.post("/autopay/itn", data={"transactions": itn.field(document)})

    async def report(self, payment: dict[str, Any], **texts: str) -> httpx.Response:
        """Report on a payment, by default its success."""
        amount = f"{payment['amount_grosze'] // 100}.{payment['amount_grosze'] % 100:02d}"
        transaction = itn.transaction(payment["order_id"], **{"amount": amount, **texts})
        return await self.notify(itn.document(transaction))

    async def events(self) -> list[EventData]:
        """Every event recorded, oldest first."""
        async with self.database.connection() as connection:
            return [read_data(read_envelope(row["body"])) for row in await connection.fetch(EVENTS)]

    async def counts(self) -> dict[str, int]:
        """How much is written where."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(COUNTS)
        assert row is not None
        return dict(row)

    async def expire_as_of(self, later: timedelta) -> None:
        """Let time pass, and the expirer look."""
        await PaymentExpirer(self.database, event_store(), lambda: datetime.now(UTC) + later).expire_overdue()


@pytest.fixture
def panel_password_hash() -> str:
    """The break-glass password's hash; a room that opens the panel brings one of its own."""
    return ""


def settings_for(made: ServiceDatabase, panel_password_hash: str) -> Settings:
    """Settings of a service on this database, with no Kafka and no identity to be reached."""
    return Settings(
        database_url=SecretStr(made.service_dsn),
        autopay_service_id=itn.SERVICE_ID,
        autopay_key=SecretStr(itn.KEY),
        token_public_keys=(TokenSigner(SEED).public_key,),
        panel_password_hash=SecretStr(panel_password_hash),
        kafka_bootstrap=NOWHERE,
        identity_url=f"http://{NOWHERE}",
    )


@pytest.fixture
async def office(service_database: Callable[[str], ServiceDatabase], panel_password_hash: str) -> AsyncIterator[Office]:
    made = service_database("payments")
    settings = settings_for(made, panel_password_hash)
    parts = await build(settings)
    assert parts.database is not None
    transport = httpx.ASGITransport(app=parts.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://payments") as http:
        opened = Office(made, settings, parts, parts.database, http, TokenSigner(SEED))
        await opened.hear_of(LEASE, NEIGHBOURS)
        yield opened
    await parts.database.close()


async def at_once(*calls: Any) -> list[Any]:
    """Run calls at the same time; returns what each gave."""
    return list(await asyncio.gather(*calls))
