"""The whole service as one process on real Kafka and PostgreSQL: heard, paid, told, and nothing lost by a kill."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from libs.chassis.auth import TokenSigner
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from libs.events.decoding import read_envelope
from libs.events.envelope import Envelope
from services.payments.tests import itn
from services.payments.tests.conftest import LEASE, SEED, TENANT
from services.payments.tests.test_consumer import record

pytestmark = pytest.mark.system
PROJECT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def serving(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.payments"], cwd=PROJECT, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def answered(call: Callable[[], Awaitable[httpx.Response]], status: int) -> httpx.Response:
    """Repeat a call until it is answered so; a process that is still starting refuses connections."""

    async def ask() -> httpx.Response | None:
        try:
            answer = await call()
        except httpx.TransportError:
            return None
        return answer if answer.status_code == status else None

    answer = await eventually(ask, within_seconds=40, what=f"an answer {status}")
    assert answer is not None
    return answer


async def test_what_was_confirmed_to_autopay_reaches_kafka_although_the_service_is_killed_at_once(
    service_database: Callable[[str], ServiceDatabase], topics: TopicSpace, tmp_path: Path
) -> None:
    port = free_port()
    environment = {
        **service_database("payments").environment(),
        **topics.environment(),
        "IOK_VAR": str(tmp_path),
        "IOK_PAYMENTS_PORT": str(port),
        "IOK_AUTOPAY_SERVICE_ID": itn.SERVICE_ID,
        "IOK_AUTOPAY_KEY": itn.KEY,
        "IOK_TOKEN_PUBLIC_KEYS": TokenSigner(SEED).public_key,
    }
    await topics.publish("iok.leases", *record(LEASE, "A/1"))

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:

        async def start() -> httpx.Response:
            token = TokenSigner(SEED).issue("payments", TENANT)
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "key-1"}
            return await http.post(f"/leases/{LEASE}/payments", json={"amount_grosze": 1111}, headers=headers)

        async def notify() -> httpx.Response:
            document = itn.document(itn.transaction(payment["order_id"]))
            return await http.post("/autopay/itn", data={"transactions": itn.field(document)})

        with serving(environment) as process:
            payment = (await answered(start, 201)).json()
            assert b">CONFIRMED<" in (await notify()).content
            process.kill()
        with serving(environment):
            assert (await answered(start, 201)).json() == payment
            assert b">CONFIRMED<" in (await notify()).content
            told = await eventually(lambda: told_on(topics), what="the events on Kafka")

    assert [(each.type, each.subject, each.streamversion) for each in told] == [
        ("iok.PaymentInitiated.v1", LEASE, 1),
        ("iok.PaymentConfirmed.v1", LEASE, 2),
    ]


async def told_on(topics: TopicSpace) -> list[Envelope]:
    """Every event on iok.payments once it says that the payment is confirmed, repeats left out."""
    await asyncio.sleep(0.2)
    told = {read_envelope(each.value).id: read_envelope(each.value) for each in await topics.read("iok.payments")}
    return list(told.values()) if len(told) >= 2 else []
