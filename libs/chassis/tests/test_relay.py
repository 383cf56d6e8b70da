"""The relay says to Kafka what the outbox holds: keyed, in order, marked only after the acknowledgement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka.errors import KafkaError

from libs.chassis.event_store import EventStore
from libs.chassis.kafka import Record, new_producer
from libs.chassis.outbox import Message, Relay, enqueue
from libs.chassis.projection import SetAside
from libs.chassis.projection.desk import keep
from libs.chassis.settings import KafkaSettings
from libs.chassis.testing import TopicSpace, eventually
from libs.chassis.tests.conftest import Desk
from libs.events.payments import PaymentExpired

pytestmark = pytest.mark.system
TOPIC = "iok.payments"


@asynccontextmanager
async def relaying(desk: Desk, kafka: KafkaSettings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(Relay(desk.dsn, kafka, "payments").run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait([running], timeout=10)


async def say(desk: Desk, *messages: Message) -> None:
    async with desk.database.transaction() as tx:
        await enqueue(tx, messages)


async def empty(desk: Desk) -> bool:
    return await desk.count("outbox") == 0


async def test_events_reach_kafka_keyed_in_order_and_byte_for_byte(
    desk: Desk, topics: TopicSpace, store: EventStore
) -> None:
    async with desk.database.transaction() as tx:
        for subject in ("L-1", "L-2", "L-3"):
            await store.append(tx, subject, 0, [PaymentExpired(payment_id=f"{subject}-{n}") for n in range(20)])

    async with relaying(desk, topics.kafka):
        await eventually(lambda: empty(desk), what="an empty outbox")

    async with desk.database.connection() as connection:
        kept = await connection.fetch("select subject, body from events order by position")
    records = await topics.read(TOPIC)
    for subject in ("L-1", "L-2", "L-3"):
        own = [record for record in records if record.key == subject.encode()]
        assert [record.value for record in own] == [bytes(row["body"]) for row in kept if row["subject"] == subject]
        assert len({record.partition for record in own}) == 1
        assert own[0].headers == (("content-type", b"application/cloudevents+json"), ("iok-relayed", b"1"))


async def test_a_row_that_was_committed_late_is_sent_all_the_same(desk: Desk, topics: TopicSpace) -> None:
    late = await asyncpg.connect(desk.dsn)
    transaction = late.transaction()
    await transaction.start()
    await enqueue(late, [Message(TOPIC, "late", b"1")])
    await say(desk, Message(TOPIC, "early", b"2"))

    async with relaying(desk, topics.kafka):
        await eventually(lambda: empty(desk), what="the early row sent")
        await transaction.commit()
        await eventually(lambda: empty(desk), what="the late row sent")
    await late.close()

    assert {record.key for record in await topics.read(TOPIC)} == {b"early", b"late"}


async def test_what_kafka_refuses_stays_and_so_do_the_later_rows_of_its_key(desk: Desk, topics: TopicSpace) -> None:
    too_large = b"x" * 2_000_000
    await say(desk, Message(TOPIC, "a", b"1"), Message(TOPIC, "b", too_large), Message(TOPIC, "b", b"2"))
    producer = new_producer(topics.kafka)
    await producer.start()
    connection = await asyncpg.connect(desk.dsn)

    with pytest.raises(KafkaError):
        await Relay(desk.dsn, topics.kafka, "payments").publish_batch(connection, producer)

    left = await connection.fetch("select key from outbox order by position")
    await connection.close()
    await producer.stop()
    assert [row["key"] for row in left] == ["b", "b"]


async def test_a_row_is_not_marked_before_kafka_has_acknowledged_it(desk: Desk, topics: TopicSpace) -> None:
    """Planted fault: marking first would empty the outbox although nobody listens at this address."""
    nowhere = topics.kafka.model_copy(update={"bootstrap": "127.0.0.1:1"})
    await say(desk, Message(TOPIC, "a", b"1"))

    async with relaying(desk, nowhere):
        await asyncio.sleep(1.5)

    assert await desk.count("outbox") == 1


async def test_two_relays_at_once_share_the_work_without_losing_or_reordering(desk: Desk, topics: TopicSpace) -> None:
    async with relaying(desk, topics.kafka), relaying(desk, topics.kafka):
        for n in range(50):
            await say(desk, Message(TOPIC, "a", str(n).encode()))
        await eventually(lambda: empty(desk), what="an empty outbox")

    assert [record.value for record in await topics.read(TOPIC)] == [str(n).encode() for n in range(50)]


async def test_a_relay_whose_database_session_is_ended_goes_on(desk: Desk, topics: TopicSpace) -> None:
    async with relaying(desk, topics.kafka):
        await say(desk, Message(TOPIC, "a", b"1"))
        await eventually(lambda: empty(desk), what="the first row sent")
        async with desk.database.connection() as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'iok-relay' and datname = current_database()"
            )
        await say(desk, Message(TOPIC, "a", b"2"))
        await eventually(lambda: empty(desk), what="the second row sent")

    assert [record.value for record in await topics.read(TOPIC)] == [b"1", b"2"]


async def test_a_record_of_nothing_that_was_set_aside_does_not_end_the_relay(desk: Desk, topics: TopicSpace) -> None:
    """Planted fault: aiokafka refuses to send neither key nor value, by an assertion that would end the process."""
    nothing = Record("iok.leases", "id", 0, 0, None, None)
    async with desk.database.transaction() as tx:
        await keep(tx, [SetAside(nothing, "empty", "the record has no value")])

    async with relaying(desk, topics.kafka):
        await eventually(lambda: dead_lettered(desk), what="the copy sent")
        await say(desk, Message(TOPIC, "a", b"1"))
        await eventually(lambda: empty(desk), what="an empty outbox")

    assert [record.value for record in await topics.read("iok.payments.dead-letters")] == [b""]


async def dead_lettered(desk: Desk) -> bool:
    async with desk.database.connection() as connection:
        return bool(await connection.fetchval("select bool_and(dead_lettered_at is not null) from set_aside"))
