"""The book on a real Kafka and PostgreSQL: read, announced, rebuilt, sealed, and proven."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import msgspec
import pytest

from libs.chassis.kafka import CONTENT_TYPE_HEADER
from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase, TopicSpace, eventually
from services.ledger.app import rebuild, sealer, verifier
from services.ledger.consumer.comparing import compare
from services.ledger.domain import Progress, RebuildRefusedError, Then
from services.ledger.read_models import books, state
from services.ledger.tests.facts import ERP, LEASE, charge, correction, event_id, lease_terms, payment, received, refund
from services.ledger.tests.stream import Ledger, running, settings_for

pytestmark = pytest.mark.system


@pytest.fixture
async def ledger(schema: ServiceDatabase, topics: TopicSpace) -> AsyncIterator[Ledger]:
    async with running(settings_for(schema, topics), topics) as started:
        yield started


def unheard(_: Progress) -> None:
    pass


async def some_history(ledger: Ledger) -> None:
    """Six entries of two leases in several partitions, one event twice, one contradiction, one bad record."""
    await ledger.publish("LeaseSigned", lease_terms(), source=ERP)
    await ledger.publish("ChargeIssued", charge(100), id=event_id(1), partition=2, source=ERP)
    await ledger.publish("ChargeIssued", charge(100), id=event_id(1), partition=7, source=ERP)
    await ledger.publish("ChargeIssued", charge(100), id=event_id(2), partition=2, source=ERP)
    await ledger.publish("ChargeCorrected", correction(-10))
    await ledger.publish("PaymentConfirmed", payment(60))
    await ledger.publish("PaymentRefunded", refund(20))
    await ledger.publish("ChargeIssued", charge(7), subject="L-2")
    await ledger.publish(
        "TransferReturned", {"transfer_id": "T-1", "returned_on": "2026-10-01", "amount_grosze": 1}, subject="T-1"
    )
    await ledger.topics.publish("iok.charges", b"L-2", b"{", headers=(CONTENT_TYPE_HEADER,))
    await ledger.publish("ChargeIssued", charge(8, "C-2"), subject="L-2")
    await ledger.reads(11)
    assert await ledger.entries() == 6


async def test_events_become_a_balance_and_the_balance_is_announced(ledger: Ledger) -> None:
    await some_history(ledger)
    found = await ledger.balance()
    assert (found.book, found.version, found.figures.balance_grosze) == (1, 4, 50)
    last = (await eventually(ledger.announced, what="BalanceChanged"))[-1]
    assert last.value is not None
    told = msgspec.json.decode(last.value)["data"]
    assert (told["book"], told["version"], told["balance_grosze"]) == (1, 4, 50)
    assert told["offsets"]["iok.charges"]["next"]


async def test_a_set_aside_record_makes_one_lease_incomplete_and_stops_nothing(ledger: Ledger) -> None:
    await some_history(ledger)
    assert (await ledger.balance()).incomplete  # the contradiction
    assert (await ledger.balance("L-2")).incomplete  # the bad record
    await ledger.publish("ChargeIssued", charge(5), subject="L-3")
    await ledger.reaches(7)
    assert not (await ledger.balance("L-3")).incomplete


async def test_a_balance_ceases_to_be_stale_once_everything_was_read(ledger: Ledger) -> None:
    await some_history(ledger)

    async def fresh() -> bool:
        return not (await ledger.balance()).stale

    await eventually(fresh, what="a balance that is not stale")
    assert (await ledger.balance()).confirmed_at is not None


async def test_a_rebuilt_book_has_the_same_hash_and_the_projection_goes_on_in_it(ledger: Ledger) -> None:
    await some_history(ledger)
    announced = len(await eventually(ledger.announced))
    async with ledger.database.transaction("repeatable_read", readonly=True) as tx:
        before = await state.of_book(tx, 1)
    rebuilt = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    assert (rebuilt.book, rebuilt.previous_book, rebuilt.same_hash, rebuilt.switched) == (2, 1, True, True)
    assert rebuilt.different_leases == []
    async with ledger.database.transaction("repeatable_read", readonly=True) as tx:
        after = await state.of_book(tx, 2, before.offsets)
    assert (after.hash, after.entries, after.set_aside) == (before.hash, 6, 2)
    assert len(await ledger.announced()) == announced
    await ledger.publish("ChargeIssued", charge(1, "C-9"))
    await ledger.reaches(7)
    assert ((await ledger.balance()).book, (await ledger.balance()).version) == (2, 5)


async def test_a_rebuild_mends_a_book_that_was_altered_and_announces_what_differs(
    ledger: Ledger, schema: ServiceDatabase
) -> None:
    await some_history(ledger)
    admin = await asyncpg.connect(schema.admin_dsn)
    await admin.execute("delete from entries where lease_id = 'L-2' and amount_grosze = 8")
    await admin.close()
    rebuilt = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True)
    assert (rebuilt.same_hash, rebuilt.different_leases) == (False, ["L-2"])
    assert (await ledger.balance("L-2")).figures.balance_grosze == 15

    async def announced_anew() -> bool:
        records = await ledger.announced("L-2")
        return any(b'"book":2' in (record.value or b"") for record in records)

    await eventually(announced_anew, what="BalanceChanged of the new book")


async def test_a_rebuild_that_only_verifies_leaves_the_live_book_live_and_no_other_unless_it_is_to_be_kept(
    ledger: Ledger,
) -> None:
    async def standing() -> list[int]:
        async with ledger.database.connection() as connection:
            return [book.book for book in await books.listed(connection)]

    await some_history(ledger)
    rebuilding = rebuild(ledger.settings, ledger.database)
    compared = await rebuilding.run(unheard, by_operator=True, then=Then.DROP)
    assert (compared.same_hash, compared.switched) == (True, False)
    assert (await ledger.balance()).book == 1
    assert await standing() == [1]
    kept = await rebuilding.run(unheard, by_operator=True, then=Then.KEEP)
    anew = await rebuilding.run(unheard, by_operator=True, then=Then.KEEP, anew=True)
    assert (anew.same_hash, anew.book, await standing()) == (True, kept.book + 1, [anew.book, 1])
    rebuilt = await rebuilding.run(unheard, by_operator=True)
    assert rebuilt.book == anew.book  # the one half-built goes on


async def test_books_are_compared_as_far_as_both_have_read_while_the_live_one_goes_on(
    ledger: Ledger, schema: ServiceDatabase
) -> None:
    await some_history(ledger)
    built = await rebuild(ledger.settings, ledger.database).run(unheard, by_operator=True, then=Then.KEEP)
    await ledger.publish("ChargeIssued", charge(1, "C-9"))
    await ledger.reaches(7)
    compared = await compare(ledger.database, built.book)
    assert (compared.same_hash, compared.entries, compared.lacking) == (True, 6, None)
    admin = await asyncpg.connect(schema.admin_dsn)
    await admin.execute("delete from entries where lease_id = 'L-2' and amount_grosze = 8")
    await admin.close()
    assert (await compare(ledger.database, built.book)).same_hash is False


async def test_a_sealed_book_verifies_with_what_came_after_the_seal(ledger: Ledger) -> None:
    await some_history(ledger)
    first = await sealer(ledger.database).seal()
    assert first is not None
    assert (first.entries, first.set_aside, first.previous_seal) == (6, 2, None)
    assert await sealer(ledger.database).seal() is None  # nothing has changed
    await ledger.publish("ChargeIssued", charge(1, "C-9"))
    await ledger.reaches(7)
    await eventually(lambda: ledger.topics.read("iok.seals"), what="the seal on Kafka")
    verified = await verifier(ledger.settings, ledger.database).run()
    assert (verified.faults, verified.sealed_version, verified.read_again) == ([], 1, 1)
    second = await sealer(ledger.database).seal()
    assert second is not None
    assert second.previous_seal is not None


async def test_a_book_without_a_seal_is_verified_by_kafka_alone(ledger: Ledger) -> None:
    await some_history(ledger)
    verified = await verifier(ledger.settings, ledger.database).run()
    assert (verified.faults, verified.sealed_version, verified.read_again) == ([], None, 11)


CONSISTENT = """
with altered as (
    update book_entries set amount_grosze = -59, data = replace(data::text, ':60', ':59')::json where kind = 'payment'
    returning lease_id, id
), told as (
    update book_balances set balance_grosze = balance_grosze + 1 where lease_id = 'L-1'
)
select * from altered
"""
REDIGEST = """
update book_entries set digest = sha256(convert_to(
    '{"amount_grosze":' || amount_grosze || ',"booked_on":"' || booked_on || '","due_on":null,"id":"' || id
    || '","kind":"' || kind || '","lease_id":"' || lease_id || '","lines":[],"source":' || to_json(source)::text
    || ',"topic":"' || topic || '"}', 'UTF8')),
    content_digest = sha256(convert_to('{"data":' || data::text || ',"type":' || to_json(type)::text || '}', 'UTF8'))
where kind = 'payment'
"""
RENAME = """
update book_entries set data = replace(data::text, 'W-1', 'W-7')::json, credit_id = 'payment:W-7',
    claim = 'payment:W-7:R-W-7' where kind = 'payment'
"""
DELETE = """
with gone as (delete from book_entries where lease_id = 'L-2' and version = 2)
update book_balances set version = 1, balance_grosze = 7 where lease_id = 'L-2'
"""


@pytest.mark.parametrize(
    "tampering", [[CONSISTENT, REDIGEST], [RENAME, REDIGEST], [DELETE]], ids=["sum", "name", "gone"]
)
@pytest.mark.parametrize("sealed", [True, False])
async def test_even_a_consistent_alteration_by_a_superuser_is_found(
    ledger: Ledger, schema: ServiceDatabase, tampering: list[str], *, sealed: bool
) -> None:
    await some_history(ledger)
    if sealed:
        await sealer(ledger.database).seal()
        await eventually(lambda: ledger.topics.read("iok.seals"), what="the seal on Kafka")
    admin = await asyncpg.connect(schema.admin_dsn)
    for statement in tampering:
        await admin.execute(statement)
    await admin.close()
    assert (await verifier(ledger.settings, ledger.database).run()).faults


BANK = (
    """update book_postings set amounts = '{"bank": 51, "suspense": -51}' where subject = 'T-5'""",
    "update book_trial set debit_grosze = debit_grosze + 1 where account = 'bank' and debit_grosze >= 50",
    "update book_trial set credit_grosze = credit_grosze + 1 where account = 'suspense' and credit_grosze >= 50",
)


async def test_money_in_the_bank_is_held_against_kafka_though_no_seal_vouches_for_it(
    ledger: Ledger, schema: ServiceDatabase
) -> None:
    await some_history(ledger)
    await ledger.publish("TransferReceived", received(50, "T-5"), subject="T-5")
    await ledger.reads(12)
    await sealer(ledger.database).seal()
    await eventually(lambda: ledger.topics.read("iok.seals"), what="the seal on Kafka")
    verifying = verifier(ledger.settings, ledger.database)
    assert (await verifying.run()).faults == []
    admin = await asyncpg.connect(schema.admin_dsn)
    for statement in BANK:
        assert await admin.execute(statement) == "UPDATE 1"
    await admin.close()
    faults = (await verifying.run()).faults
    assert len(faults) == 2
    assert all("postings of transfer T-5" in fault for fault in faults)


async def test_book_numbers_grow_over_a_lost_database_and_the_new_book_is_the_same(
    ledger: Ledger, service_database: object, topics: TopicSpace
) -> None:
    await some_history(ledger)
    await sealer(ledger.database).seal()
    await eventually(lambda: ledger.topics.read("iok.seals"), what="the seal on Kafka")
    async with ledger.database.transaction("repeatable_read", readonly=True) as tx:
        before = await state.of_book(tx, 1)
    empty: ServiceDatabase = service_database("ledger")  # type: ignore[operator]
    async with running(settings_for(empty, topics), topics) as anew:
        assert await anew.live_book() == 2
        assert await anew.entries() == 6
        async with anew.database.transaction("repeatable_read", readonly=True) as tx:
            assert (await state.of_book(tx, 2, before.offsets)).hash == before.hash
        assert (await anew.balance()).incomplete
        assert (await verifier(anew.settings, anew.database).run()).faults == []


async def test_where_the_database_was_lost_a_book_that_is_not_the_sealed_one_goes_live_only_by_decision(
    ledger: Ledger, service_database: Callable[[str], ServiceDatabase], topics: TopicSpace
) -> None:
    await some_history(ledger)
    await sealer(ledger.database).seal()
    await eventually(lambda: topics.read("iok.seals"), what="the seal on Kafka")
    settings = settings_for(service_database("ledger"), topics)
    forgetful = settings.model_copy(update={"company_sources": frozenset()})  # what came from `erp` is set aside
    database = await Database.open(settings.database_url.get_secret_value())
    with pytest.raises(RebuildRefusedError, match="does not make the book that was sealed last"):
        await rebuild(forgetful, database).run(unheard, by_operator=False)
    with pytest.raises(RebuildRefusedError, match="--despite-seal"):
        await rebuild(forgetful, database).run(unheard, by_operator=True, anew=True)
    assert (await rebuild(forgetful, database).run(unheard, by_operator=True, anew=True, despite_seal=True)).switched
    await database.close()


async def test_two_projectors_share_the_work_and_one_that_goes_leaves_it_to_the_other(
    ledger: Ledger, topics: TopicSpace
) -> None:
    await some_history(ledger)
    async with running(ledger.settings, topics, relay=False):
        for number in range(30):
            await ledger.publish("ChargeIssued", charge(1, f"N-{number}"), partition=number % 12)
        await ledger.reaches(36)
    await ledger.publish("ChargeIssued", charge(1, "after"), partition=11)
    await ledger.reaches(37)
    async with ledger.database.connection() as connection:
        assert (await books.live(connection)) == 1
        versions = await connection.fetch("select version from entries where lease_id = $1 order by 1", LEASE)
    assert [row["version"] for row in versions] == list(range(1, 36))
