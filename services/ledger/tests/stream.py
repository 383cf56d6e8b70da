"""The ledger's processes in one test: projection and relay against topics and a database of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from libs.chassis.event_store import utc_now
from libs.chassis.kafka import Record
from libs.chassis.postgres import Database
from libs.chassis.runtime import Parts
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from libs.events.envelope import encode
from services.ledger.app import build
from services.ledger.domain import warsaw_day
from services.ledger.read_models import balance, books
from services.ledger.read_models.balance import Balance
from services.ledger.read_models.grants import LeaseGrant
from services.ledger.settings import Settings
from services.ledger.tests.facts import LEASE, envelope


@dataclass(slots=True)
class Ledger:
    """A running ledger: its settings and parts, and the topics it reads."""

    settings: Settings
    parts: Parts
    database: Database
    topics: TopicSpace

    async def publish(self, name: str, data: dict[str, Any], *, partition: int | None = None, **attributes: Any) -> str:
        """Put an event on its topic, as its owner would; returns its id."""
        wrapped = envelope(name, data, **attributes)
        topic = TOPIC_OF[name]
        await self.topics.publish(topic, wrapped.subject.encode(), encode(wrapped), partition=partition)
        return wrapped.id

    async def balance(self, lease_id: str = LEASE, as_of: date | None = None) -> Balance:
        """The lease's balance as the tenant reads it."""
        async with self.database.connection() as connection:
            return await balance.balance(connection, LeaseGrant(lease_id), as_of, warsaw_day(utc_now()))

    async def entries(self) -> int:
        """How many entries the live book has."""
        async with self.database.connection() as connection:
            count: int = await connection.fetchval("select count(*) from entries")
            return count

    async def reaches(self, entries: int) -> None:
        """Wait until the live book has that many entries."""

        async def reached() -> bool:
            return await self.entries() == entries

        await eventually(reached, what=f"{entries} entries")

    async def reads(self, records: int) -> None:
        """Wait until the live book has read at least that many records, whatever became of them."""

        async def read() -> bool:
            async with self.database.connection() as connection:
                found = await books.listed(connection)
            return any(book.state == "live" and book.records >= records for book in found)

        await eventually(read, what=f"{records} records read")

    async def live_book(self) -> int:
        """The number of the live book, once there is one."""

        async def found() -> int | None:
            async with self.database.connection() as connection:
                return await books.live_or_none(connection)

        number = await eventually(found, what="a live book")
        assert number is not None
        return number

    async def announced(self, lease_id: str = LEASE) -> list[Record]:
        """What lies on `iok.balances` about a lease."""
        return [record for record in await self.topics.read("iok.balances") if record.key == lease_id.encode()]


TOPIC_OF = {
    "LeaseSigned": "iok.leases",
    "LeaseChanged": "iok.leases",
    "ChargeIssued": "iok.charges",
    "ChargeCorrected": "iok.charges",
    "InterestCharged": "iok.charges",
    "PaymentConfirmed": "iok.payments",
    "PaymentRefunded": "iok.payments",
    "TransferCredited": "iok.payments",
    "TransferReceived": "iok.transfers",
    "TransferReturned": "iok.transfers",
}


def settings_for(schema: ServiceDatabase, topics: TopicSpace) -> Settings:
    """The ledger's settings over a test's database and topics."""
    return Settings(**schema.settings(), **topics.settings())


@asynccontextmanager
async def running(settings: Settings, topics: TopicSpace, *, relay: bool = True) -> AsyncIterator[Ledger]:
    """Run the projection, and the relay unless it is told to stay away, until the block ends."""
    parts = await build(settings)
    assert parts.database is not None
    assert parts.relay is not None
    stop = asyncio.Event()
    tasks = [asyncio.create_task(runner.run(stop)) for runner in parts.runners]
    if relay:
        tasks.append(asyncio.create_task(parts.relay.run(stop)))
    try:
        yield Ledger(settings, parts, parts.database, topics)
    finally:
        stop.set()
        await asyncio.wait(tasks, timeout=10)
        await parts.database.close()
        for ended in [task for task in tasks if task.done()]:
            ended.result()  # what ended by itself is told, also beside the failure that it caused
