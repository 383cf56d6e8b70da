"""Drills: Kafka lost, and records let in after the book was sealed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count

import asyncpg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from libs.chassis.kafka import LogEnds, MissingTopicError, admin_options, topic_ids
from libs.chassis.projection import SetAsideDesk
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from libs.events.envelope import encode
from libs.events.topics import TOPICS
from services.ledger.app import announcer, event_store, projector, rebuild, sealer, verifier
from services.ledger.commands.republishing import Republisher
from services.ledger.domain import Progress, RebuildRefusedError
from services.ledger.read_models import books, state
from services.ledger.tests.facts import ERP, LEASE, charge, envelope, event_id, lease_terms, parsed, payment
from services.ledger.tests.stream import Ledger, running, settings_for

pytestmark = pytest.mark.system


def unheard(_: Progress) -> None:
    pass


@pytest.fixture
async def ledger(schema: ServiceDatabase, topics: TopicSpace) -> AsyncIterator[Ledger]:
    async with running(settings_for(schema, topics), topics) as started:
        yield started


async def own_events(ledger: Ledger) -> None:
    """A lease and a charge of the ledger's own, through its store and relay."""
    store = event_store()
    async with ledger.database.transaction() as tx:
        await store.append(tx, LEASE, 0, [parsed("LeaseSigned", lease_terms())])
        await store.append(tx, LEASE, 0, [parsed("ChargeIssued", charge(100))])


async def test_kafka_is_lost_and_everything_is_published_and_read_again(
    ledger: Ledger, schema: ServiceDatabase, topics: TopicSpace
) -> None:
    await own_events(ledger)
    await ledger.publish("ChargeIssued", charge(50, "C-ERP"), source=ERP)
    paid = envelope("PaymentConfirmed", payment(30), id=event_id(7))
    await topics.publish("iok.payments", LEASE.encode(), encode(paid))
    await ledger.reaches(3)
    await sealer(ledger.database).seal()
    await eventually(lambda: topics.read("iok.seals"), what="the seal on Kafka")
    async with ledger.database.transaction("repeatable_read", readonly=True) as tx:
        before = await state.of_book(tx, 1)

    await lose_topics(topics)
    with pytest.raises(RebuildRefusedError, match="Republish"):
        await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    queued = await Republisher(ledger.database, announcer(), lambda *_: None).run()
    assert queued == {"events": 3, "records": 1, "balances": 1}
    await topics.publish("iok.payments", LEASE.encode(), encode(paid))  # what payments republishes

    async def all_there() -> bool:
        return len(await topics.read("iok.charges")) == 2 and bool(await topics.read("iok.seals"))

    await eventually(all_there, what="everything on Kafka again")
    rebuilt = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    assert (rebuilt.hash, rebuilt.same_hash) == (before.hash, True)
    await ledger.publish("ChargeIssued", charge(1, "C-2"))
    await ledger.reaches(4)
    assert (await ledger.balance()).book == rebuilt.book
    await sealer(ledger.database).seal()

    async def two_seals() -> bool:
        return len(await topics.read("iok.seals")) == 2

    await eventually(two_seals, what="the second seal on Kafka")
    assert (await verifier(ledger.settings, ledger.database).run()).faults == []


async def test_after_kafka_was_lost_a_book_goes_live_under_traffic_once_it_holds_all_that_the_old_one_told(
    ledger: Ledger, topics: TopicSpace
) -> None:
    await own_events(ledger)
    await ledger.publish("ChargeIssued", charge(50, "C-ERP"), source=ERP)
    await ledger.reaches(2)
    await lose_topics(topics)
    stop, published = asyncio.Event(), count(1)

    async def traffic() -> None:
        while not stop.is_set():
            await ledger.publish("ChargeIssued", charge(1, f"C-T{next(published)}"), source=ERP)

    going_on = asyncio.create_task(traffic())
    await eventually(lambda: topics.read("iok.charges"), what="traffic on the topics made again")
    missing = "missing: 1 of iok.charges erp, 1 of iok.charges iok/ledger, 1 of iok.leases iok/ledger"
    with pytest.raises(RebuildRefusedError, match=missing):
        await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    await Republisher(ledger.database, announcer(), lambda *_: None).run()
    await eventually(lambda: outbox_empty(ledger), what="everything published again")
    rebuilt = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    stop.set()
    await going_on
    assert (rebuilt.switched, rebuilt.lacking, rebuilt.same_hash) == (True, {}, False)
    await ledger.reaches(2 + next(published) - 1)
    assert (await verifier(ledger.settings, ledger.database).run()).faults == []


async def outbox_empty(ledger: Ledger) -> bool:
    async with ledger.database.connection() as connection:
        return not await connection.fetchval("select count(*) from outbox")


async def test_a_record_let_in_after_the_seal_is_proven_by_kafka_alone(ledger: Ledger, schema: ServiceDatabase) -> None:
    await ledger.publish("ChargeIssued", charge(100), id=event_id(1), partition=0)
    await ledger.publish("ChargeIssued", charge(50, "C-2"), id=event_id(2), partition=0)
    await ledger.reaches(2)
    admin = await asyncpg.connect(schema.admin_dsn)
    await put_aside(admin, event_id(1))
    await sealer(ledger.database).seal()
    await eventually(lambda: ledger.topics.read("iok.seals"), what="the seal on Kafka")
    desk = SetAsideDesk(ledger.database, projector(ledger.settings))
    number: int = await admin.fetchval("select id from set_aside")
    assert await desk.replay(number, "operator") is None
    assert (await ledger.balance()).figures.balance_grosze == 150
    assert (await verifier(ledger.settings, ledger.database).run()).faults == []
    await admin.execute("update book_entries set amount_grosze = 99 where id = $1", event_id(1))
    await admin.close()
    assert (await verifier(ledger.settings, ledger.database).run()).faults


async def lose_topics(topics: TopicSpace) -> None:
    """Delete every topic and make it again, empty: a Kafka that was lost."""
    admin = AdminClient(admin_options(topics.kafka))
    names = [*TOPICS, "iok.ledger.dead-letters"]
    for deleted in admin.delete_topics([topics.prefix + name for name in names], operation_timeout=30).values():
        deleted.result()
    for name in names:
        partitions = TOPICS[name].partitions if name in TOPICS else 12
        made = admin.create_topics([NewTopic(topics.prefix + name, partitions)], operation_timeout=30)
        made[topics.prefix + name].result()

    async def all_there() -> bool:
        with suppress(MissingTopicError, KafkaException):
            await topic_ids(topics.kafka, TOPICS)
            return bool(await LogEnds(topics.kafka).read(list(TOPICS)))
        return False

    await eventually(all_there, what="the topics made again")


async def put_aside(admin: "asyncpg.Connection[asyncpg.Record]", entry_id: str) -> None:
    """Make it so that an entry had been set aside when its record came, for a fault that has passed since."""
    await admin.execute(
        'insert into set_aside (topic, topic_id, partition, "offset", key, value, headers, reason, detail) '
        "select e.topic, p.topic_id, e.partition, e.\"offset\", convert_to(e.lease_id, 'UTF8'), $2, '[]', 'fault', '' "
        "from book_entries e join positions p on p.topic = e.topic and p.partition = e.partition where e.id = $1",
        entry_id,
        encode(envelope("ChargeIssued", charge(100), id=entry_id)),
    )
    await admin.execute(
        "update book_trial t set debit_grosze = debit_grosze - greatest(a.value::bigint, 0), "
        "credit_grosze = credit_grosze - greatest(-a.value::bigint, 0) "
        "from book_postings p join book_entries e using (book, topic, source, id), jsonb_each_text(p.amounts) a "
        "where p.id = $1 and (t.book, t.topic, t.partition, t.account) = (p.book, p.topic, e.partition, a.key)",
        entry_id,
    )
    await admin.execute("delete from book_postings where id = $1", entry_id)
    await admin.execute("delete from book_entries where id = $1", entry_id)
    await admin.execute("update book_entries set version = 1")
    await admin.execute("update book_balances set version = 1, balance_grosze = 50")


async def test_two_rebuilds_do_not_run_at_once(ledger: Ledger) -> None:
    await ledger.live_book()
    async with ledger.database.connection() as connection:
        await connection.execute("select pg_advisory_lock(hashtext('iok-rebuild'))")
        with pytest.raises(RebuildRefusedError):
            await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
        await connection.execute("select pg_advisory_unlock_all()")


async def test_a_rebuild_goes_on_where_it_was_stopped_and_old_books_are_dropped(ledger: Ledger) -> None:
    for number in range(3):
        await ledger.publish("ChargeIssued", charge(1, f"C-{number}"))
    await ledger.reaches(3)

    def stop_half_way(progress: Progress) -> None:
        if progress.records:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild(ledger.settings, ledger.database).run(stop_half_way, by_operator=True)
    done = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    again = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    assert (done.book, again.book, again.entries) == (2, 3, 3)
    async with ledger.database.connection() as connection:
        standing = [(row.book, row.state) for row in await books.listed(connection)]
    assert standing == [(3, "live"), (2, "old")]
