"""A new book is filled without indexes, stopped and gone on with, and comes out as the live book has it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from libs.chassis.kafka_log import open_log
from libs.chassis.testing import ServiceDatabase, TopicSpace
from services.ledger.app import projector, rebuild, verifier
from services.ledger.consumer.filling import Filling
from services.ledger.domain import Progress
from services.ledger.read_models import books, put_off, streams
from services.ledger.read_models.balance import BOOK_TOPICS
from services.ledger.tests.facts import ERP, LEASE, charge, event_id, lease_terms, payment
from services.ledger.tests.stream import Ledger, running, settings_for

pytestmark = pytest.mark.system

TABLES = ("entries", "postings", "lease_balances", "leases", "trial_balance")


@pytest.fixture
async def ledger(schema: ServiceDatabase, topics: TopicSpace) -> AsyncIterator[Ledger]:
    async with running(settings_for(schema, topics), topics) as started:
        yield started


async def filled(ledger: Ledger, number: int) -> list[str]:
    """Fill a book with what lies in Kafka, as a rebuild does before it is stopped; returns what was told."""
    told: list[Progress] = []
    async with open_log(ledger.settings.kafka, BOOK_TOPICS) as log:
        await Filling(ledger.database, log, projector(ledger.settings), number).run(told.append)
    return list(dict.fromkeys(each.doing for each in told))


async def made(ledger: Ledger) -> int:
    async with ledger.database.transaction() as tx:
        return await books.make(tx, 0, to_fill=True)


async def figures(ledger: Ledger, number: int) -> list[list[tuple[object, ...]]]:
    """What the live book says, but for its number and the order of booking."""
    async with ledger.database.connection() as connection:
        assert await books.live(connection) == number
        heads = [
            tuple(row.values())[1:]
            for row in await connection.fetch("select * from book_streams where book = $1 order by 2, 3, 4", number)
        ]
        found: list[list[tuple[object, ...]]] = [heads]
        for table in TABLES:
            rows = await connection.fetch(f"select * from {table}")
            found.append(sorted(tuple(v for k, v in row.items() if k not in {"book", "version"}) for row in rows))
    return found


async def some_events(ledger: Ledger) -> None:
    """A lease and two charges, one of them twice, a payment, and a business id used again."""
    await ledger.publish("LeaseSigned", lease_terms(), source=ERP, id=event_id(1), streamversion=1)
    await ledger.publish("ChargeIssued", charge(100), source=ERP, id=event_id(2), streamversion=1, partition=3)
    await ledger.publish("ChargeIssued", charge(100), source=ERP, id=event_id(2), streamversion=1, partition=3)
    await ledger.publish("ChargeIssued", charge(70, "C-2"), source=ERP, id=event_id(3), streamversion=4, partition=3)
    await ledger.publish("PaymentConfirmed", payment(60), id=event_id(4))
    await ledger.publish("ChargeIssued", charge(100), source=ERP, id=event_id(5), partition=3)


async def test_a_filling_that_was_stopped_goes_on_and_gives_the_live_book_again(ledger: Ledger) -> None:
    await some_events(ledger)
    await ledger.reads(6)
    number = await made(ledger)
    doing = await filled(ledger, number)
    assert doing == ["filling", *(f"indexing {table}" for table in books.FILLED_TABLES)]
    async with ledger.database.connection() as connection:
        assert await put_off.count(connection, number) == 2
        assert await books.is_filling(connection, number)
    await ledger.publish("LeaseChanged", lease_terms(persons=7), source=ERP, id=event_id(6), streamversion=2)
    await ledger.publish("ChargeIssued", charge(70, "C-2"), source=ERP, id=event_id(3), streamversion=4, partition=3)
    await ledger.publish("ChargeIssued", charge(5, "C-3"), source=ERP, id=event_id(7), streamversion=3, partition=3)
    await ledger.reads(9)
    before = await figures(ledger, 1)
    await filled(ledger, number)
    async with ledger.database.connection() as connection:
        assert await put_off.count(connection, number) == 3  # what was new went in, also after the indexes stood
    rebuilt = await rebuild(ledger.settings, ledger.database).run(lambda _: None, by_operator=True)
    assert (rebuilt.book, rebuilt.same_hash, rebuilt.entries) == (number, True, 4)
    assert await figures(ledger, number) == before
    verified = await verifier(ledger.settings, ledger.database).run()
    assert (verified.faults, verified.set_aside) == ([], 1)
    async with ledger.database.connection() as connection:
        gap = (await streams.gaps(connection, number, 1))[0]
    assert (gap.subject, gap.head.missing) == (LEASE, ((2, 2),))


async def test_what_makes_a_transaction_fail_is_put_off_and_set_aside_alone(
    ledger: Ledger, schema: ServiceDatabase
) -> None:
    await some_events(ledger)
    await ledger.publish("ChargeIssued", charge(13, "C-13"), subject="L-13", id=event_id(13))
    await ledger.reads(7)
    number = await made(ledger)
    admin = await asyncpg.connect(schema.admin_dsn)
    await admin.execute(f"alter table book_entries_{number} add check (amount_grosze <> 13)")  # the planted fault
    await admin.close()
    rebuilt = await rebuild(ledger.settings, ledger.database).run(lambda _: None, by_operator=True)
    assert (rebuilt.entries, rebuilt.different_leases) == (3, ["L-13"])
    async with ledger.database.connection() as connection:
        reasons = await connection.fetch("select reason from set_aside where state = 'set_aside' order by reason")
    assert [row["reason"] for row in reasons] == ["business_id_used_already", "unexpected_error"]


async def test_a_book_is_indexed_and_switched_to_only_when_it_is_its_turn(ledger: Ledger) -> None:
    await ledger.live_book()
    number = await made(ledger)
    async with ledger.database.connection() as connection:
        assert await books.switch(connection, number, {}, by_operator=True) is books.Verdict.NOT_BUILDING
        with pytest.raises(asyncpg.RaiseError, match="without indexes"):
            await books.end_filling(connection, number)
        with pytest.raises(asyncpg.RaiseError, match="not to be indexed"):
            await books.index(connection, 1, "book_entries")
        for table in books.FILLED_TABLES * 2:
            await books.index(connection, number, table)
        await books.end_filling(connection, number)
        assert not await books.is_filling(connection, number)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"insert into book_entries_{number} select * from book_entries limit 1")
        await books.drop(connection, number)
