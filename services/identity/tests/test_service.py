"""The service as it runs: one process, its own role in the database, its events on Kafka."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from libs.chassis.postgres import Database
from libs.chassis.testing import TopicSpace, eventually
from libs.events.decoding import Fact, decode
from libs.events.names import ACCOUNTS
from services.identity.domain.accounts import account_of
from services.identity.tests.house import LETTER_KEY, SEED, House, bearer

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "osiem granatowych parasoli"


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@asynccontextmanager
async def running(house: House, topics: TopicSpace) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    port = free_port()
    environment = {
        **os.environ,
        **house.server.environment(),
        **topics.environment(),
        "IOK_IDENTITY_PORT": str(port),
        "IOK_IDENTITY_LETTER_KEY": LETTER_KEY,
        "IOK_IDENTITY_SIGNING_KEY": SEED,
        "IOK_VAR": str(house.folder),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.identity", cwd=ROOT, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        try:
            await eventually(ready, within_seconds=60, what="identity being ready")
            yield process, client
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_it_serves_publishes_and_ends_in_good_order(house: House, topics: TopicSpace) -> None:
    await house.import_people()
    await house.settled(PASSWORD)
    async with running(house, topics) as (process, client):
        answer = await client.post("/sessions", json={"login": "k100001", "password": PASSWORD, "client_ip": "::1"})
        assert answer.status_code == 201
        exchange = await client.post(
            "/sessions/tokens", json={"audiences": ["ledger"]}, headers=bearer(answer.json()["token"])
        )
        assert exchange.json()["account_id"] == account_of("P-000001")

        async def published() -> bool:
            return len(await topics.read(ACCOUNTS)) == 4

        await eventually(published, within_seconds=60, what="the account's four events on Kafka")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    facts = [
        decode(record.topic, record.key, record.value, company_sources=(), headers=record.headers)
        for record in await topics.read(ACCOUNTS)
    ]
    told = [(fact.data.type_name, fact.envelope.streamversion) for fact in facts if isinstance(fact, Fact)]
    assert told == [("PersonRegistered", 1), ("AccountOpened", 2), ("PasswordLetterIssued", 3), ("PasswordChanged", 4)]


@pytest.mark.parametrize(
    "forbidden",
    [
        "update events set body = ''",
        "delete from events",
        "delete from audit_log",
        "update audit_log set detail = ''",
        "update people set given_name = ''",
        "delete from people",
        "update letters set password_hash = ''",
        "delete from letters",
        "update accounts set login_key = 'x'",
        "delete from credentials",
        "update sessions set account_id = 'x'",
        "create table mine (id int)",
        "truncate sessions",
    ],
)
async def test_its_role_may_only_do_what_it_needs(house_role: Database, forbidden: str) -> None:
    async with house_role.connection() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
