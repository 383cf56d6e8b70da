"""A database restored to an earlier time is found before it contradicts Kafka, and what it lacks comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

import pytest

from libs.chassis.event_store import EventStore, StoreBehindError
from libs.chassis.outbox import Relay
from libs.chassis.own_events import AWAY, KeysAlone, OwnEvents
from libs.chassis.testing import TopicSpace, eventually
from libs.chassis.tests.conftest import Desk
from libs.events.decoding import read_data
from libs.events.payments import PaymentConfirmed
from libs.events.tests.bad_records import dump, good

pytestmark = pytest.mark.system
TOPIC, LEASE = "iok.payments", "L-1"


@pytest.fixture
def own(desk: Desk, topics: TopicSpace) -> OwnEvents:
    return OwnEvents(
        desk.database, topics.kafka, "iok/payments", (TOPIC,), read_data, KeysAlone(lambda event: f"key:{event!r}"[:40])
    )


def paid(number: int) -> PaymentConfirmed:
    return PaymentConfirmed(
        payment_id=f"P-{number}", remote_id="R", paid_on=date(2026, 11, 2), amount_grosze=100, charge_id=None
    )


async def append(desk: Desk, store: EventStore, version: int, number: int) -> None:
    async with desk.database.transaction() as tx:
        await store.append(tx, LEASE, version, [paid(number)])


@asynccontextmanager
async def relaying(own: OwnEvents, desk: Desk) -> AsyncIterator[None]:
    stop, relay = asyncio.Event(), Relay(desk.dsn, own.kafka, "payments")
    running = asyncio.create_task(own.relay_when_true(relay.run, stop))
    yield
    stop.set()
    await asyncio.wait([running], timeout=10)


async def published(desk: Desk) -> None:
    async def nothing_waits() -> bool:
        return await desk.count("outbox") == 0

    await eventually(nothing_waits, what="an empty outbox")


async def bodies(desk: Desk) -> list[bytes]:
    async with desk.database.connection() as connection:
        return [bytes(row["body"]) for row in await connection.fetch("select body from events order by stream_version")]


async def restored_to_before(desk: Desk, version: int) -> None:
    """What a backup of an earlier time brings: it knows nothing of later events, nor that Kafka was read since."""
    async with desk.database.transaction() as tx:
        await tx.execute("delete from events where stream_version >= $1", version)
        await tx.execute("delete from positions")


async def test_nothing_is_appended_or_published_until_the_missing_events_are_back_byte_for_byte(
    desk: Desk, store: EventStore, own: OwnEvents, topics: TopicSpace
) -> None:
    async with relaying(own, desk):
        await append(desk, store, 0, 1)
        await append(desk, store, 1, 2)
        await published(desk)
    before = await bodies(desk)
    assert await own.check() == 0

    await restored_to_before(desk, 2)
    await own.first_look()
    with pytest.raises(StoreBehindError, match="restore-from-kafka"):
        await append(desk, store, 1, 3)
    async with relaying(own, desk):
        await eventually(lambda: desk.count("ahead"), what="the event noted as ahead")
        done = await own.restore(lambda *_: None)
        assert (done.restored, done.conflicts, await bodies(desk)) == (1, [], before)
        await append(desk, store, 2, 3)
        await published(desk)
    assert len(await topics.read(TOPIC)) == 3


async def test_a_version_given_away_twice_is_told_and_neither_event_is_touched(
    desk: Desk, store: EventStore, own: OwnEvents, topics: TopicSpace
) -> None:
    async with relaying(own, desk):
        await append(desk, store, 0, 1)
        await append(desk, store, 1, 2)
        await published(desk)
    await restored_to_before(desk, 2)
    await append(desk, store, 1, 3)  # Kafka was away at the start: the service could not know
    stands = await bodies(desk)

    done = await own.restore(lambda *_: None)
    assert (done.restored, len(done.conflicts), await bodies(desk)) == (0, 1, stands)
    async with relaying(own, desk):
        await asyncio.sleep(0)
        assert await own.check() == 1
    assert len(await topics.read(TOPIC)) == 2


async def test_bad_records_and_events_of_others_do_not_close_a_service_even_under_its_own_name(
    own: OwnEvents, desk: Desk, topics: TopicSpace
) -> None:
    forged = good("PaymentConfirmed", LEASE, own.source)
    foreign = json.dumps({"id": "1", "source": "erp", "subject": LEASE, "streamversion": 1}).encode()
    for key, value in (
        (b"L-1", b"no event at all"),
        (b"L-1", foreign),
        (b"L-1", dump(forged | {"data": forged["data"] | {"amount_grosze": -1}})),
        (b"L-2", dump(forged)),
        (forged["subject"].encode(), dump(forged)),  # nothing is wrong with it, but no relay of ours sent it
    ):
        await topics.publish(TOPIC, key, value, partition=0)

    async def all_judged() -> bool:
        with suppress(*AWAY):  # a broker that has just made the topic
            await own.check()
        async with desk.database.connection() as connection:
            return bool(await connection.fetchval("select max(next_offset) = 5 from positions"))

    await eventually(all_judged, what="all records read")
    assert await own.ahead() == 0
    assert (await own.restore(lambda *_: None)).conflicts == []
