"""State hashes and proofs on a real PostgreSQL: SQL says what the domain says, and altered rows are found."""

from typing import Any

import asyncpg
import pytest

from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase
from services.ledger.consumer.projector import BookProjector
from services.ledger.domain import Entry, lease_hash, state_hash
from services.ledger.read_models import books, proofs, state
from services.ledger.tests.facts import (
    ERP,
    arrival,
    charge,
    chargeback,
    correction,
    event_id,
    interest,
    line,
    payment,
    record,
    refund,
    transfer,
    uncredited,
)

pytestmark = pytest.mark.system

AWKWARD = line(500, description='Czynsz „zł” \\ "cytat" ✓ / \u007e', nowe={"b": 1, "a": [None, True, "ż"]})
EVENTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ChargeIssued", charge(500, lines=[AWKWARD]), {"source": ERP}),
    ("ChargeIssued", charge(500, month="2026-11"), {}),
    ("ChargeCorrected", correction(-70), {}),
    ("InterestCharged", interest(12), {}),
    ("PaymentConfirmed", payment(500, due_on="2026-01-01", lines=[1], month="x"), {}),
    ("PaymentConfirmed", payment(500, "W-2", charge_id="C-1"), {}),
    ("PaymentRefunded", refund(200, charge_id="C-1"), {}),
    ("PaymentChargedBack", chargeback(300), {}),
    ("TransferCredited", transfer(900), {}),
    ("TransferUncredited", uncredited(900), {"subject": "L-10"}),
    ("ChargeIssued", charge(1), {"subject": "L-2"}),
    ("ChargeIssued", charge(1, issued_on="0001-01-01", due_on="9999-12-31"), {"subject": "l-2"}),
]


async def fill(database: Database, projector: BookProjector) -> dict[str, list[Entry]]:
    """Book every kind of entry on several leases; returns the entries by lease."""
    entries: dict[str, list[Entry]] = {}
    async with database.transaction() as tx:
        for number, (name, data, attributes) in enumerate(EVENTS):
            fields: dict[str, Any] = {"id": event_id(number), "partition": number % 3, "offset": number, **attributes}
            assert await projector.project(tx, [record(name, data, **fields)]) == []
            entry = arrival(name, data, **fields).entry
            assert entry is not None
            entries.setdefault(entry.lease_id, []).append(entry)
    return entries


def hash_of(entries: dict[str, list[Entry]]) -> str:
    return state_hash(
        (lease, len(held), sum(one.amount_grosze for one in held), lease_hash(one.digest() for one in held))
        for lease, held in entries.items()
    )


async def test_sql_and_domain_agree_on_the_state_hash(database: Database, projector: BookProjector) -> None:
    entries = await fill(database, projector)
    async with database.transaction("repeatable_read", readonly=True) as tx:
        found = await state.of_book(tx, 1)
    assert (found.hash, found.entries, found.leases) == (hash_of(entries), len(EVENTS), 4)


async def test_the_hash_of_an_empty_book_is_the_hash_of_nothing(database: Database) -> None:
    async with database.transaction("repeatable_read", readonly=True) as tx:
        assert (await state.of_book(tx, 1)).hash == state_hash([])


async def read_to(database: Database, **next_offsets: int) -> None:
    """Let the book have read topics (`iok.` left out) as far as that, in partitions 0 to 2."""
    async with database.transaction() as tx:
        for topic, next_offset in next_offsets.items():
            for partition in range(3):
                await tx.execute(
                    "insert into positions (projection, topic, topic_id, partition, next_offset) "
                    "values ('book-1', $1, $2, $3, $4)",
                    f"iok.{topic}",
                    f"id-of-iok.{topic}",
                    partition,
                    next_offset,
                )


async def test_a_state_hash_at_offsets_takes_only_what_lies_below_them(
    database: Database, projector: BookProjector
) -> None:
    entries = await fill(database, projector)
    await read_to(database, charges=20, payments=20)
    at = {
        "iok.charges": {"id": "id-of-iok.charges", "next": {"0": 1, "1": 2, "2": 20}},
        "iok.payments": {"id": "id-of-iok.payments", "next": {}},
    }
    async with database.transaction("repeatable_read", readonly=True) as tx:
        found = await state.of_book(tx, 1, at)
    # Charges lie at offsets 0, 1, 2, 3 and 10, 11, each in the partition of its offset modulo 3.
    assert (found.entries, found.offsets) == (4, at)
    assert found.hash == hash_of({"L-1": entries["L-1"][:3], "l-2": entries["l-2"]})


async def test_offsets_that_were_not_reached_are_refused(database: Database, projector: BookProjector) -> None:
    await fill(database, projector)
    await read_to(database, charges=20)
    async with database.transaction("repeatable_read", readonly=True) as tx:
        for at in (
            {"iok.charges": {"id": "id-of-iok.charges", "next": {"0": 21}}},
            {"iok.charges": {"id": "another", "next": {"0": 1}}},
            {"iok.payments": {"id": "id-of-iok.payments", "next": {"0": 1}}},
        ):
            with pytest.raises(state.NotReachedError):
                await state.of_book(tx, 1, at)


async def test_an_entry_counts_from_the_first_of_the_places_where_it_came(
    database: Database, projector: BookProjector
) -> None:
    async with database.transaction() as tx:
        for partition, offset in ((0, 9), (1, 3)):
            same = record("ChargeIssued", charge(5), id=event_id(1), partition=partition, offset=offset)
            await projector.project(tx, [same])
    await read_to(database, charges=20)
    async with database.transaction("repeatable_read", readonly=True) as tx:
        for next_offsets, entries in (({"0": 9, "1": 3}, 0), ({"0": 10}, 1), ({"1": 4}, 1)):
            at = {"iok.charges": {"id": "id-of-iok.charges", "next": next_offsets}}
            assert (await state.of_book(tx, 1, at)).entries == entries


async def test_an_untouched_book_has_no_faults(database: Database, projector: BookProjector) -> None:
    await fill(database, projector)
    async with database.connection() as connection:
        assert await proofs.faulty_entries(connection, 1) == []
        assert await proofs.faulty_accounts(connection, 1) == []


ALTERED_ROWS = [
    "update entries set amount_grosze = amount_grosze + 1 where kind = 'payment'",
    "update entries set booked_on = booked_on + 1 where version = 1",
    "update entries set due_on = due_on + 30 where kind = 'charge'",
    "update entries set charge_id = 'C-9' where kind = 'payment'",
    "update entries set credit_id = 'payment:W-9' where kind = 'refund'",
    "update entries set claim = null where kind = 'refund'",
    "update entries set month = '2027-01' where kind = 'charge'",
    "update entries set kind = 'transfer' where kind = 'payment'",
    "update entries set source = 'erp2' where source = 'erp'",
    "update entries set id = gen_random_uuid() where kind = 'chargeback'",
    "update entries set lease_id = 'L-3' where lease_id = 'L-2'",
    "update entries set topic = 'iok.payments' where kind = 'interest'",
    "update entries set digest = sha256('x') where kind = 'interest'",
    "update entries set data = replace(data::text, 'Czynsz', 'Czynsze')::json where source = 'erp'",
    "update entries set data = replace(data::text, '-70', '-71')::json where kind = 'correction'",
    "update entries set type = 'iok.LeaseSigned.v1' where kind = 'interest'",
]

ALTERED_SUMS = [
    "delete from entries where kind = 'refund'",
    "update book_balances set balance_grosze = balance_grosze - 1 where lease_id = 'L-2'",
    "update book_balances set version = version + 1 where lease_id = 'L-2'",
    "delete from book_balances where lease_id = 'L-2'",
    "insert into book_balances values (1, 'L-7', 0, 5)",
    "update entries set version = version + 10 where lease_id = 'L-2'",
    "update entries set version = 2 where version = 3",
]


async def found_by(schema: ServiceDatabase, tampering: str) -> tuple[bool, bool]:
    """Whether the rows themselves and the sums tell of what a superuser did; it is undone afterwards."""
    admin = await asyncpg.connect(schema.admin_dsn)
    transaction = admin.transaction()
    await transaction.start()
    assert await admin.execute(tampering) not in {"UPDATE 0", "DELETE 0"}
    told = await proofs.faulty_entries(admin, 1), await proofs.faulty_accounts(admin, 1)
    await transaction.rollback()
    await admin.close()
    return bool(told[0]), bool(told[1])


async def test_an_altered_row_is_found_by_itself(
    database: Database, projector: BookProjector, schema: ServiceDatabase
) -> None:
    await fill(database, projector)
    assert [each for each in ALTERED_ROWS if not (await found_by(schema, each))[0]] == []


async def test_an_account_that_is_not_the_sum_of_its_entries_is_found(
    database: Database, projector: BookProjector, schema: ServiceDatabase
) -> None:
    await fill(database, projector)
    assert [each for each in ALTERED_SUMS if not (await found_by(schema, each))[1]] == []


async def test_a_book_is_never_dropped_while_it_is_live(database: Database) -> None:
    async with database.connection() as connection:
        with pytest.raises(asyncpg.RaiseError):
            await books.drop(connection, 1)
