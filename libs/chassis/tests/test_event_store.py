"""Events are appended with an expected version, together with what the outbox will say, byte for byte."""

import asyncio

import pytest

from libs.chassis.event_store import (
    Append,
    DuplicateKeyError,
    EventStore,
    WrongExpectedVersionError,
    decided_again,
)
from libs.chassis.outbox import republish
from libs.chassis.tests.conftest import Desk
from libs.events.payments import PaymentExpired

pytestmark = pytest.mark.system
TOPIC = "iok.payments"


def expired(number: int) -> PaymentExpired:
    return PaymentExpired(payment_id=f"p{number}")


async def append(desk: Desk, store: EventStore, version: int, *numbers: int) -> None:
    async with desk.database.transaction() as tx:
        await store.append(tx, "L-1", version, [expired(n) for n in numbers])


async def test_a_stream_is_read_back_as_it_was_appended(desk: Desk, store: EventStore) -> None:
    await append(desk, store, 0, 1, 2)
    await append(desk, store, 2, 3)

    async with desk.database.transaction() as tx:
        stream = await store.read(tx, TOPIC, "L-1")

    assert stream.version == 3
    assert stream.events == [expired(1), expired(2), expired(3)]


async def test_an_append_at_a_version_that_is_over_is_refused_and_writes_nothing(desk: Desk, store: EventStore) -> None:
    await append(desk, store, 0, 1)

    with pytest.raises(WrongExpectedVersionError):
        await append(desk, store, 0, 2)

    assert (await desk.count("events"), await desk.count("outbox")) == (1, 1)


async def test_every_event_has_its_outbox_row_with_the_same_bytes(desk: Desk, store: EventStore) -> None:
    await append(desk, store, 0, 1, 2)

    async with desk.database.connection() as connection:
        events = await connection.fetch("select topic, subject, body from events order by position")
        outbox = await connection.fetch("select topic, key, body from outbox order by position")

    assert [tuple(row) for row in events] == [tuple(row) for row in outbox]


async def test_a_transaction_that_fails_leaves_neither_event_nor_outbox_row(desk: Desk, store: EventStore) -> None:
    with pytest.raises(LookupError):
        async with desk.database.transaction() as tx:
            await store.append(tx, "L-1", 0, [expired(1)])
            raise LookupError

    assert (await desk.count("events"), await desk.count("outbox")) == (0, 0)


async def test_a_business_key_is_taken_once_in_its_stream(desk: Desk, store: EventStore) -> None:
    async with desk.database.transaction() as tx:
        await store.append(tx, "L-1", 0, [expired(1)], keys=["payment:1"])
        await store.append(tx, "L-2", 0, [expired(1)], keys=["payment:1"])

    with pytest.raises(DuplicateKeyError):
        async with desk.database.transaction() as tx:
            await store.append(tx, "L-1", 1, [expired(2)], keys=["payment:1"])

    async with desk.database.transaction() as tx:
        taken = await store.keys(tx, TOPIC, [("L-1", "payment:1"), ("L-1", "payment:2")])
    assert taken == {("L-1", "payment:1"): {"payment_id": "p1"}}


async def test_many_streams_go_on_from_their_own_versions(desk: Desk, store: EventStore) -> None:
    await append(desk, store, 0, 1)

    async with desk.database.transaction() as tx:
        written = await store.append_many(tx, [Append(s, expired(n)) for n, s in enumerate(("L-1", "L-2", "L-1"))])

    assert [(envelope.subject, envelope.streamversion) for envelope in written] == [("L-1", 2), ("L-2", 1), ("L-1", 3)]


async def test_commands_at_once_on_one_stream_all_find_their_place(desk: Desk, store: EventStore) -> None:
    async def command(number: int) -> None:
        async def work() -> None:
            async with desk.database.transaction() as tx:
                stream = await store.read(tx, TOPIC, "L-1")
                await store.append(tx, "L-1", stream.version, [expired(number)])

        await decided_again(work)

    await asyncio.gather(*[command(number) for number in range(6)])

    async with desk.database.transaction() as tx:
        stream = await store.read(tx, TOPIC, "L-1")
    assert stream.version == 6
    assert {event.payment_id for event in stream.events if isinstance(event, PaymentExpired)} == {
        f"p{n}" for n in range(6)
    }


async def test_everything_can_be_published_again_in_its_order(desk: Desk, store: EventStore) -> None:
    await append(desk, store, 0, 1, 2, 3)
    async with desk.database.transaction() as tx:
        await tx.execute("delete from outbox")

    assert [total async for total in republish(desk.database)] == [3]

    async with desk.database.connection() as connection:
        again = await connection.fetch("select body from outbox order by position")
        kept = await connection.fetch("select body from events order by position")
    assert [row["body"] for row in again] == [row["body"] for row in kept]
