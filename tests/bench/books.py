"""Books to be measured: topics full of events, a book built from them, and the limit that both are held against."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from typing import IO, Final

import asyncpg
from confluent_kafka import Producer

from libs.chassis.kafka import CONTENT_TYPE_HEADER, admin_options
from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from libs.events.topics import TOPICS
from services.ledger.app import rebuild
from services.ledger.domain import Progress, Then
from services.ledger.read_models import books
from services.ledger.settings import Settings
from tests.bench.book_events import events, partition_of
from tests.bench.workshop import Size, Workshop

LIMIT: Final = "COPY of the same rows into tables with the same indexes, 20,000 a transaction"
LIMIT_ROWS: Final = 20_000  # of one transaction
QUEUED_RECORDS: Final = 50_000
FLUSH_SECONDS: Final = 120.0
BOOK_TABLES = "select unnest(book_tables())"

# A table with the columns, the indexes and the checks of one of a book's.
LIKE = "drop table if exists the_limit; create table the_limit (like {} including all)"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A ledger's database and topics that hold a company's events."""

    settings: Settings
    database: Database
    schema: ServiceDatabase
    topics: TopicSpace
    events: int


async def shelf(shop: Workshop, size: Size) -> Shelf:
    """A fresh ledger, and topics filled with the events of a company of that size."""
    on = await empty_shelf(shop)
    return replace(on, events=await asyncio.to_thread(publish, on.topics, size))


async def empty_shelf(shop: Workshop) -> Shelf:
    """A fresh ledger and empty topics."""
    topics, schema = await shop.topics(), await shop.database("ledger")
    settings = Settings(**schema.settings(), **topics.settings())
    database = await Database.open(schema.service_dsn)
    shop.ends.push_async_callback(database.close)
    return Shelf(settings, database, schema, topics, 0)


def publish(topics: TopicSpace, size: Size) -> int:
    """Fill topics with a company's events; returns how many."""
    producer = Producer(admin_options(topics.kafka) | {"linger.ms": 20, "queue.buffering.max.messages": QUEUED_RECORDS})
    count = 0
    for sent in events(size.leases, size.events):
        while len(producer) >= QUEUED_RECORDS - 1:
            producer.poll(0.05)
        topic, partition = topics.kafka.physical(sent.topic), partition_of(sent.key) % TOPICS[sent.topic].partitions
        producer.produce(topic, sent.value, sent.key, partition, headers=[CONTENT_TYPE_HEADER])
        count += 1
    if producer.flush(FLUSH_SECONDS):
        raise TimeoutError(f"Kafka did not take all records within {FLUSH_SECONDS} s")
    return count


async def build(on: Shelf) -> tuple[int, dict[str, float]]:
    """Build a book that is not switched to; returns its number, and seconds by phase.

    `all` is from the first record asked for to the last index: without `connecting` before and `comparing` after it.
    """
    began = last = time.perf_counter()
    phases: dict[str, float] = {}
    doing = "connecting"

    def tell(progress: Progress) -> None:
        nonlocal doing, last
        if progress.doing != doing:
            now = time.perf_counter()
            phases[doing] = phases.get(doing, 0) + now - last
            doing, last = progress.doing, now

    rebuilt = await rebuild(on.settings, on.database).run(tell, by_operator=True, then=Then.KEEP, anew=True)
    phases["all"] = last - began - phases["connecting"]
    return rebuilt.book, phases


async def until_published(on: Shelf) -> None:
    """Wait until the relay has emptied the outbox."""

    async def empty() -> bool:
        async with on.database.connection() as connection:
            found: bool = await connection.fetchval("select not exists (select from outbox)")
            return found

    await eventually(empty, within_seconds=FLUSH_SECONDS, what="an empty outbox")


async def drop(on: Shelf, number: int) -> None:
    """Drop a book."""
    async with on.database.transaction() as tx:
        await books.drop(tx, number)


async def limit(on: Shelf, number: int) -> dict[str, float]:
    """Seconds, by table, that COPY takes for exactly the rows of a book, into tables with the same indexes."""
    found: dict[str, float] = {}
    admin = await asyncpg.connect(on.schema.admin_dsn)
    try:
        for row in await admin.fetch(BOOK_TABLES):
            table = f"{row[0]}_{number}"
            with tempfile.TemporaryFile() as rows:
                await admin.copy_from_table(table, output=rows)
                await admin.execute(LIKE.format(table))
                found[row[0]] = await _copied(admin, rows)
        await admin.execute("drop table the_limit")
    finally:
        await admin.close()
    return found


async def _copied(admin: "asyncpg.Connection[asyncpg.Record]", rows: IO[bytes]) -> float:
    seconds = 0.0
    for chunk in _chunks(rows):
        began = time.perf_counter()
        async with admin.transaction():
            await admin.copy_to_table("the_limit", source=BytesIO(chunk))
        seconds += time.perf_counter() - began
    return seconds


def _chunks(rows: IO[bytes]) -> Iterator[bytes]:
    rows.seek(0)
    while chunk := b"".join(islice(rows, LIMIT_ROWS)):
        yield chunk
