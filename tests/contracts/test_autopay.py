"""Payments and the Autopay sandbox, two processes that share no code, over real HTTP: does the protocol hold?

The sandbox takes a fee from the payer, so every credited amount also proves that the fee is not ours.
"""

import asyncio
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.chassis.auth import Principal, TokenSigner
from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase, eventually
from services.payments.clients.autopay import AutopayClient
from services.payments.domain.autopay import Merchant
from services.payments.domain.notification import Notification, ReportedStatus, reports
from services.payments.domain.status_query import answered, question
from tests.stack.databases import Databases

pytestmark = pytest.mark.system

PROJECT = Path(__file__).resolve().parents[2]
SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
LEASE = "lease-1"
TENANT = Principal("account-1", leases={LEASE: "tenant"})
KNOW_LEASE = "insert into leases (lease_id, number, source) values ($1, 'TBS/Żółta 7/2024', 'iok/ledger')"
CREDITED = """
select remote_id, amount_grosze from confirmations where payment_id = $1 order by remote_id
"""
START_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass
class Program:
    """A process of ours that answers on a port of its own."""

    command: list[str]
    port: int
    environment: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *self.command], cwd=PROJECT, env={**os.environ, **self.environment}
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"{self.command} did not answer within {START_SECONDS} s")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Both:
    """Payments and the sandbox, introduced to each other."""

    payments: Program
    sandbox: Program
    made: ServiceDatabase
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=10))

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TokenSigner(SEED).issue('payments', TENANT)}"}

    async def start(self, amount_grosze: int = 123_456, **more: str) -> dict[str, Any]:
        answer = await self.http.post(
            f"{self.payments.url}/leases/{LEASE}/payments",
            json={"amount_grosze": amount_grosze, **more},
            headers={**self.token, "Idempotency-Key": secrets.token_hex(8)},
        )
        assert answer.status_code == 201, answer.text
        started: dict[str, Any] = answer.json()
        return started

    async def pay_page(self, payment: dict[str, Any], **changes: str) -> httpx.Response:
        """Follow the redirect as the payer's browser does."""
        redirect = payment["redirect"]
        assert redirect["method"] == "GET"
        return await self.http.get(redirect["url"], params={**redirect["fields"], **changes})

    async def pay_form(self, payment: dict[str, Any]) -> str:
        """Where the form of the sandbox's page goes."""
        page = await self.pay_page(payment)
        assert page.status_code == 200, page.text
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        return f"{self.sandbox.url}{action[1]}"

    async def pay(self, payment: dict[str, Any], outcome: str) -> str:
        """Choose an outcome on the sandbox's page; returns the address it sends the payer back to."""
        answer = await self.http.post(await self.pay_form(payment), data={"outcome": outcome})
        assert answer.status_code == 303
        return answer.headers["Location"]

    async def status(self, payment: dict[str, Any]) -> str:
        answer = await self.http.get(f"{self.payments.url}/payments/{payment['payment_id']}", headers=self.token)
        return str(answer.json()["status"])

    async def becomes(self, payment: dict[str, Any], status: str) -> None:
        async def ask() -> bool:
            return await self.status(payment) == status

        await eventually(ask, what=f"the payment {status}")

    async def credited(self, payment: dict[str, Any]) -> list[int]:
        database = await Database.open(self.made.service_dsn)
        async with database.connection() as connection:
            rows = await connection.fetch(CREDITED, payment["payment_id"])
        await database.close()
        return [row["amount_grosze"] for row in rows]


async def prepare(made: ServiceDatabase) -> None:
    database = await Database.open(made.service_dsn)
    async with database.transaction() as tx:
        await tx.execute(KNOW_LEASE, LEASE)
    await database.close()


@pytest.fixture(scope="module")
def programs(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Program, Any]]:
    made = databases.make("payments")
    asyncio.run(prepare(made))
    var = tmp_path_factory.mktemp("var")
    payments_port, sandbox_port = free_port(), free_port()
    agreed = {"IOK_AUTOPAY_SERVICE_ID": "4711", "IOK_AUTOPAY_KEY": "klucz-ż-of-this-test", "IOK_VAR": str(var)}
    payments = Program(
        ["-m", "services.payments", "api"],
        payments_port,
        {
            **agreed,
            **made.environment(),
            "IOK_PAYMENTS_PORT": str(payments_port),
            "IOK_AUTOPAY_URL": f"http://127.0.0.1:{sandbox_port}",
            "IOK_TOKEN_PUBLIC_KEYS": TokenSigner(SEED).public_key,
        },
    )
    sandbox = Program(
        ["-m", "deploy.sandbox.autopay", "--port", str(sandbox_port)],
        sandbox_port,
        {
            **agreed,
            "IOK_PUBLIC_URL": payments.url,
            "IOK_SANDBOX_AUTOPAY_FEE_GROSZE": "149",
            "IOK_SANDBOX_AUTOPAY_ITN_DELAY_SECONDS": "0.1",
            "IOK_SANDBOX_AUTOPAY_RETRY_SECONDS": "0.2",
        },
    )
    with ExitStack() as ends:
        ends.callback(databases.drop, made)
        for program in (payments, sandbox):
            ends.callback(program.kill)
            program.start()
        yield payments, sandbox, made


@pytest.fixture
async def both(programs: tuple[Program, Program, ServiceDatabase]) -> AsyncIterator[Both]:
    found = Both(*programs)
    yield found
    await found.http.aclose()


async def test_the_sandbox_understands_our_start_and_shows_what_we_ask_for(both: Both) -> None:
    payment = await both.start()
    page = await both.pay_page(payment)
    assert page.status_code == 200
    assert "1\u00a0234,56" in page.text
    assert "Opłaty za lokal, umowa TBS Żółta 7 2024" in page.text


async def test_the_sandbox_refuses_a_start_that_was_tampered_with(both: Both) -> None:
    payment = await both.start()
    page = await both.pay_page(payment, Amount="1.00")
    assert page.status_code == 406
    assert "INVALID_HASH" in page.text


async def test_a_paid_order_is_confirmed_with_our_amount_and_without_the_fee(both: Both) -> None:
    payment = await both.start()
    await both.pay(payment, "SUCCESS")
    await both.becomes(payment, "confirmed")
    assert await both.credited(payment) == [123_456]


async def test_the_payer_comes_back_to_the_truth(both: Both) -> None:
    payment = await both.start()
    way_back = await both.pay(payment, "SUCCESS")
    early = await both.http.get(way_back)
    assert early.status_code == 200
    assert early.json()["payment_id"] == payment["payment_id"]
    assert early.json()["status"] in ("initiated", "confirmed")
    await both.becomes(payment, "confirmed")
    assert (await both.http.get(way_back)).json()["status"] == "confirmed"


async def test_a_way_back_to_another_order_is_not_found(both: Both) -> None:
    payment, other = await both.start(), await both.start()
    way_back = await both.pay(payment, "FAILURE")
    forged = way_back.replace(payment["order_id"], other["order_id"])
    assert forged != way_back
    assert (await both.http.get(forged)).status_code == 404


@pytest.mark.parametrize(("outcome", "status"), [("FAILURE", "failed"), ("PENDING", "pending")])
async def test_an_order_that_is_not_paid_is_told_so_and_credits_nothing(both: Both, outcome: str, status: str) -> None:
    payment = await both.start()
    await both.pay(payment, outcome)
    await both.becomes(payment, status)
    assert await both.credited(payment) == []


async def test_the_sandbox_answers_our_question_about_an_order_and_lists_its_channels(both: Both) -> None:
    merchant = Merchant("4711", "klucz-ż-of-this-test")
    client = AutopayClient(both.sandbox.url, merchant)
    payment = await both.start()

    async def said() -> Notification:
        order_id = payment["order_id"]
        return answered(await client.status(question(order_id, merchant)), order_id, merchant)

    assert (await said()).transactions == ()
    await both.pay(payment, "SUCCESS")
    [report] = reports(await said())
    assert (report.status, report.start_amount_grosze) == (ReportedStatus.SUCCESS, 123_456)
    assert {channel.channel_id for channel in await client.channels()} >= {"106", "509"}
    await client.close()


async def test_a_channel_picked_here_is_taken_by_the_sandbox(both: Both) -> None:
    page = await both.pay_page(await both.start(channel="509", month="2026-10"))
    assert page.status_code == 200
    assert "Opłata za 10.2026, umowa TBS Żółta 7 2024" in page.text


async def test_a_second_try_after_a_failure_is_credited(both: Both) -> None:
    payment = await both.start()
    await both.pay(payment, "FAILURE")
    await both.becomes(payment, "failed")
    await both.pay(payment, "SUCCESS")
    await both.becomes(payment, "confirmed")
    assert await both.credited(payment) == [123_456]


async def test_an_order_paid_twice_is_credited_twice(both: Both) -> None:
    payment = await both.start()
    await both.pay(payment, "SUCCESS")
    await both.pay(payment, "SUCCESS")

    async def twice() -> bool:
        return await both.credited(payment) == [123_456, 123_456]

    await eventually(twice, what="two credits")


async def test_a_notification_while_payments_is_dead_is_taken_when_it_lives_again(both: Both) -> None:
    payment = await both.start()
    form = await both.pay_form(payment)
    both.payments.kill()
    await both.http.post(form, data={"outcome": "SUCCESS"})
    await asyncio.sleep(0.5)
    both.payments.start()
    await both.becomes(payment, "confirmed")
    assert await both.credited(payment) == [123_456]
