"""P9: the relay of a service empties its outbox into Kafka, against the same records sent bare."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg

from libs.chassis.kafka import CONTENT_TYPE_HEADER, new_producer
from libs.chassis.outbox import ENQUEUE, Message
from libs.chassis.settings import KafkaSettings
from libs.events.names import PAYMENTS
from tests.bench.figures import Bar, Round
from tests.bench.payments import initiated
from tests.bench.workshop import Measure, RunRound, Workshop

RECORDS = 20_000
LEASES = 1_000
WINDOW_RECORDS = 10_000
LOOK_SECONDS = 0.005

IS_EMPTY = "select not exists (select from outbox)"

BAR = Bar(
    "P9",
    "relay: outbox to Kafka, acknowledged and marked",
    "records/s",
    0.4,
    0.6,
    limit="keyed idempotent aiokafka sends, acks=all",
)


async def prepare(shop: Workshop) -> RunRound:
    """Start the relay of payments as a process of its own; a round fills the outbox and waits until it is empty."""
    topics, database = await shop.topics(), await shop.database("payments")
    await shop.service("payments", "relay", environment=topics.environment() | database.environment())
    admin = await asyncpg.connect(database.admin_dsn)
    shop.ends.push_async_callback(admin.close)
    messages = [initiated(n % LEASES) for n in range(RECORDS)]
    await _relayed(admin, messages[:LEASES])

    async def one() -> Mapping[str, Round]:
        return {BAR.number: Round(await _relayed(admin, messages), await _sent(topics.kafka, messages))}

    return one


async def _relayed(admin: "asyncpg.Connection[asyncpg.Record]", messages: Sequence[Message]) -> float:
    """Records a second, from the commit that fills the outbox until the last is marked."""
    async with admin.transaction():
        await admin.execute(ENQUEUE, [m.topic for m in messages], [m.key for m in messages], [m.body for m in messages])
        await admin.execute("notify outbox")
    began = time.perf_counter()
    while not await admin.fetchval(IS_EMPTY):  # noqa: ASYNC110  # the database tells nobody
        await asyncio.sleep(LOOK_SECONDS)
    return len(messages) / (time.perf_counter() - began)


async def _sent(kafka: KafkaSettings, messages: Sequence[Message]) -> float:
    """Records a second of the same producer with nothing around it, all in the pipeline that it holds."""
    async with new_producer(kafka) as producer:
        await producer.send_and_wait(kafka.physical(PAYMENTS), b"{}", key=b"warm")
        began = time.perf_counter()
        for first in range(0, len(messages), WINDOW_RECORDS):
            window = [
                await producer.send(kafka.physical(m.topic), m.body, key=m.key.encode(), headers=[CONTENT_TYPE_HEADER])
                for m in messages[first : first + WINDOW_RECORDS]
            ]
            await asyncio.gather(*window)
        return len(messages) / (time.perf_counter() - began)


MEASURE = Measure(
    (BAR,),
    prepare,
    120,
    "20,000 PaymentInitiated of 1,000 leases enter the outbox of payments in one commit; its relay, a process, "
    "sends and removes them. The limit sends the same records by the same producer, without database.",
)
