"""The outbox and its relay: what a transaction wanted to say reaches Kafka, in order per key, at least once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.chassis.kafka import CONTENT_TYPE_HEADER, RELAYED_HEADER, Header, new_producer
from libs.chassis.logs import logger
from libs.chassis.metrics import OUTBOX_PUBLISHED, RELAY_FAILURES
from libs.chassis.pausing import backoff, pause
from libs.chassis.postgres import CONNECT_TIMEOUT_SECONDS, DOORBELL_CHANNEL, UNAVAILABLE, Connection, Database
from libs.chassis.settings import KafkaSettings

BATCH_ROWS = 1_000  # rows in flight at once: enough to fill the pipeline, little to send again after a crash
GATHER_ROWS = 4  # as many at once: commands come faster than the relay goes round, and a short wait saves many rounds
GATHER_SECONDS = 0.01
POLL_SECONDS = 1.0  # a lost wake-up costs at most this
SILENCE_MS = 5_000  # the server ends the session of a relay that was paused or cut off, and another takes over
REPUBLISH_ROWS = 5_000
DEAD_LETTER_ROWS = 200
SEND_TIMEOUT_SECONDS = 30.0
RELAYED = (CONTENT_TYPE_HEADER, RELAYED_HEADER)

# Add one message; used for state that is no event of ours (events come with their append).
ENQUEUE = "insert into outbox (topic, key, body) select * from unnest($1::text[], $2::text[], $3::bytea[])"

# The oldest unsent rows. Unsent is "still here": a row that committed late is found all the same.
TAKE = "select position, topic, key, body from outbox order by position limit $1"

# Acknowledged by Kafka: no longer to be sent.
MARK_SENT = "delete from outbox where position = any($1::bigint[])"

# Only one relay of a service at a time; the lock dies with its session.
LOCK = "select pg_try_advisory_lock(hashtext('iok-relay'))"

# Set-aside records whose copy has not reached the dead-letter topic yet.
TAKE_DEAD_LETTERS = """
select id, topic, partition, "offset", key, value, reason, detail from set_aside
where dead_lettered_at is null order by id limit $1
"""
MARK_DEAD_LETTERS = "update set_aside set dead_lettered_at = now() where id = any($1::bigint[])"

# The service's own events again, in the order in which they were recorded.
REPUBLISH = """
with chosen as (
    select position, topic, subject, body from events where position > $1 order by position limit $2
), queued as (
    insert into outbox (topic, key, body) select topic, subject, body from chosen order by position
)
select count(*) as queued, coalesce(max(position), $1) as last from chosen
"""

BACKLOG = (
    "select count(*) as backlog, coalesce(extract(epoch from now() - min(created_at)), 0) as age_seconds from outbox"
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish; the key decides the partition, and so the order."""

    topic: str
    key: str
    body: bytes


async def enqueue(tx: Connection, messages: Sequence[Message]) -> None:
    """Put messages into the outbox within the caller's transaction."""
    if messages:
        await tx.execute(ENQUEUE, [m.topic for m in messages], [m.key for m in messages], [m.body for m in messages])


async def republish(database: Database, statement: str = REPUBLISH) -> AsyncIterator[int]:
    """Queue every own event again, in chunks; yields how many so far. Readers drop what they have seen.

    Another `statement` queues rows of another table: it takes the last position and how many rows, and answers `queued`
    and `last`.
    """
    last, total = 0, 0
    while True:
        async with database.transaction() as tx:
            row = await tx.fetchrow(statement, last, REPUBLISH_ROWS)
        if row is None or not row["queued"]:
            return
        last, total = row["last"], total + row["queued"]
        yield total


class Relay:
    """Publishes the outbox. Two at once could only send twice; the advisory lock makes that rare."""

    def __init__(self, dsn: str, kafka: KafkaSettings, service: str) -> None:
        self._dsn = dsn
        self._kafka = kafka
        self._dead_letters = f"iok.{service}.dead-letters"
        self._woken = asyncio.Event()
        self._failures = 0  # in a row: whatever was sent in between makes the pauses short again

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; every fault is waited out, with growing pauses."""
        waking = asyncio.create_task(self._wake_at(stop))
        while not stop.is_set():
            try:
                async with self._session() as connection, self._producer() as producer:
                    await self._publish_until_stopped(connection, producer, stop)
            except (*UNAVAILABLE, asyncpg.PostgresError, KafkaError) as error:
                RELAY_FAILURES.inc()
                logger(__name__).warning(
                    "relay starts afresh after an error", error=repr(error), failures=self._failures
                )
                await pause(stop, backoff(self._failures))
                self._failures += 1
        waking.cancel()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        """Let a relay that has nothing to do hear at once that it is to stop."""
        await stop.wait()
        self._woken.set()

    async def _publish_until_stopped(
        self, connection: Connection, producer: AIOKafkaProducer, stop: asyncio.Event
    ) -> None:
        holding = False
        while not stop.is_set():
            self._woken.clear()
            holding = holding or bool(await connection.fetchval(LOCK))
            sent = await self.publish_batch(connection, producer) if holding else 0
            if sent:
                self._failures = 0
                if GATHER_ROWS <= sent < BATCH_ROWS:
                    await asyncio.sleep(GATHER_SECONDS)
                continue
            if holding:
                await self._send_dead_letters(connection, producer)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def publish_batch(self, connection: Connection, producer: AIOKafkaProducer) -> int:
        """Send the oldest rows one by one, keyed and pipelined, and take out those acknowledged; returns how many.

        Raises:
            KafkaError: some were not acknowledged. They stay, and with them every later row of their keys, so that the
                order of a key never breaks; the caller must go on with a new producer.
        """
        rows = await connection.fetch(TAKE, BATCH_ROWS)
        outcomes = await _send_all(
            producer,
            [(self._kafka.physical(row["topic"]), row["key"].encode(), row["body"], RELAYED) for row in rows],
        )
        failed_keys: set[tuple[str, str]] = set()
        sent: list[int] = []
        for row, outcome in zip(rows, outcomes, strict=True):
            at = (row["topic"], row["key"])
            if outcome is None and at not in failed_keys:
                sent.append(row["position"])
            else:
                failed_keys.add(at)
        await connection.execute(MARK_SENT, sent)
        OUTBOX_PUBLISHED.inc(len(sent))
        _raise_first(outcomes)
        return len(sent)

    async def _send_dead_letters(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        rows = await connection.fetch(TAKE_DEAD_LETTERS, DEAD_LETTER_ROWS)
        records = [
            (self._kafka.physical(self._dead_letters), row["key"], _dead_letter_value(row), _dead_letter_headers(row))
            for row in rows
        ]
        outcomes = await _send_all(producer, records)
        sent = [row["id"] for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        if sent:
            await connection.execute(MARK_DEAD_LETTERS, sent)
        _raise_first(outcomes)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        """A session of its own: it listens, holds the lock, and is ended by the server when the relay falls silent."""
        connection = await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=SEND_TIMEOUT_SECONDS,
            server_settings={
                "application_name": "iok-relay",
                "synchronous_commit": "off",  # a row that comes back when the server crashes is only sent again
                "idle_session_timeout": str(SILENCE_MS),
                "tcp_user_timeout": str(SILENCE_MS),
            },
        )
        try:
            await connection.add_listener(DOORBELL_CHANNEL, lambda *_: self._woken.set())
            yield connection
        finally:
            connection.terminate()

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = new_producer(self._kafka)
        try:
            await producer.start()
            yield producer
        finally:
            with suppress(KafkaError, asyncio.TimeoutError):
                await asyncio.wait_for(producer.stop(), CONNECT_TIMEOUT_SECONDS)


Outgoing = tuple[str, bytes | None, bytes | None, Sequence[Header]]


async def _send_all(producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> list[BaseException | None]:
    """Send in order without waiting between; tells for each record None, or the error instead of an answer."""
    pending: list[asyncio.Future[object]] = []
    refusal: KafkaError | None = None
    for topic, key, value, headers in records:
        try:
            pending.append(await producer.send(topic, value, key=key, headers=list(headers)))
        except KafkaError as error:
            refusal = error
            break
    done = await asyncio.wait_for(asyncio.gather(*pending, return_exceptions=True), SEND_TIMEOUT_SECONDS)
    outcomes: list[BaseException | None] = [found if isinstance(found, BaseException) else None for found in done]
    return outcomes + [refusal] * (len(records) - len(pending))


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


def _dead_letter_value(row: asyncpg.Record) -> bytes | None:
    """The value as it came; empty for a record of neither key nor value, which aiokafka refuses to send."""
    value: bytes | None = row["value"]
    return b"" if value is None and row["key"] is None else value


def _dead_letter_headers(row: asyncpg.Record) -> list[Header]:
    return [
        ("reason", f"{row['reason']}: {row['detail']}".encode()[:1024]),
        ("topic", row["topic"].encode()),
        ("partition", str(row["partition"]).encode()),
        ("offset", str(row["offset"]).encode()),
    ]
