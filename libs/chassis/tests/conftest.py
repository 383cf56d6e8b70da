"""A database with the chassis's tables and a projector that writes down what it is given."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from libs.chassis.event_store import EventStore
from libs.chassis.kafka import Record
from libs.chassis.postgres import Connection, Database
from libs.chassis.projection import SetAside
from libs.chassis.testing import ServiceDatabase
from libs.chassis.tests.panel_support import Identity
from libs.events.decoding import read_data

ADD_NOTE = "insert into notes values ($1, $2, $3)"
NOTES = 'select partition, "offset", value from notes order by 1, 2'


@dataclass
class NoteTaker:
    """A projector: `bad` values are set aside, `broken` ones raise as long as they are in the set.

    `troubles` are raised one by one, each once, before anything is taken.
    """

    topics: Sequence[str] = ("iok.payments",)
    name: str = "notes"
    broken: set[bytes] = field(default_factory=set)
    troubles: list[Exception] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    async def projection(self, tx: Connection) -> str:
        return self.name

    async def project(self, tx: Connection, records: Sequence[Record]) -> Sequence[SetAside]:
        if self.troubles:
            raise self.troubles.pop(0)
        if any(record.value in self.broken for record in records):
            raise ValueError("this record breaks the projector")
        bad = [record for record in records if record.value == b"bad"]
        good = [record for record in records if record.value != b"bad"]
        await tx.executemany(ADD_NOTE, [(record.partition, record.offset, record.value) for record in good])
        self.batches.append(len(records))
        return [SetAside(record, "bad", "it says so itself") for record in bad]


@dataclass
class Desk:
    """The database of one test, opened."""

    database: Database
    dsn: str

    async def notes(self) -> list[bytes]:
        async with self.database.connection() as connection:
            return [bytes(row["value"]) for row in await connection.fetch(NOTES)]

    async def count(self, table: str) -> int:
        async with self.database.connection() as connection:
            return int(await connection.fetchval(f"select count(*) from {table}"))


@pytest.fixture
async def desk(service_database: Callable[[str, Path], ServiceDatabase]) -> AsyncIterator[Desk]:
    made = service_database("payments", Path(__file__).parent)
    database = await Database.open(made.admin_dsn)
    yield Desk(database, made.admin_dsn)
    await database.close()


@pytest.fixture
def store() -> EventStore:
    return EventStore("iok/payments", read_data)


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    async with Identity().running() as running:
        yield running
