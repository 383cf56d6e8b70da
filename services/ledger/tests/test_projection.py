"""The projection on a real PostgreSQL: what a batch leaves in the book, and who may do what to it."""

import asyncio
from datetime import date

import asyncpg
import msgspec
import pytest

from libs.chassis.kafka import Record
from libs.chassis.postgres import Database, Row
from libs.chassis.projection import SetAside
from libs.chassis.testing import ServiceDatabase
from services.ledger.api import sections
from services.ledger.consumer.projector import BookProjector
from services.ledger.domain import Figures, NextDue, entry_of
from services.ledger.read_models import balance, history
from services.ledger.read_models.grants import LeaseGrant
from services.ledger.tests.facts import (
    ERP,
    LEASE,
    TODAY,
    charge,
    correction,
    event_id,
    fact,
    lease_terms,
    payment,
    record,
    refund,
)

pytestmark = pytest.mark.system


async def project(database: Database, projector: BookProjector, *records: Record) -> list[SetAside]:
    async with database.transaction() as tx:
        return list(await projector.project(tx, records))


async def rows(database: Database, query: str) -> list[Row]:
    async with database.connection() as connection:
        return await connection.fetch(query)


async def test_a_batch_becomes_entries_with_their_digests_and_origin(
    database: Database, projector: BookProjector
) -> None:
    await project(
        database,
        projector,
        record("ChargeIssued", charge(100_000), id=event_id(1), partition=3, offset=7),
        record("PaymentConfirmed", payment(40_000), id=event_id(2), offset=8),
    )
    first, second = await rows(database, "select * from entries order by version")
    expected = entry_of(fact("ChargeIssued", charge(100_000), id=event_id(1)))
    assert expected is not None
    assert (first["kind"], first["amount_grosze"], first["due_on"]) == ("charge", 100_000, date(2026, 10, 10))
    assert (first["topic"], first["partition"], first["offset"], first["version"]) == ("iok.charges", 3, 7, 1)
    assert first["digest"] == expected.digest()
    assert msgspec.json.decode(first["lines"]) == charge(100_000)["lines"]
    assert (second["kind"], second["amount_grosze"], second["version"]) == ("payment", -40_000, 2)
    assert second["lines"] == "[]"


async def test_the_same_records_again_change_nothing(database: Database, projector: BookProjector) -> None:
    batch = [
        record("LeaseSigned", lease_terms(), id=event_id(1), offset=0),
        record("ChargeIssued", charge(), id=event_id(2), offset=1),
        record("PaymentExpired", {"payment_id": "W-1"}, id=event_id(3), offset=2),
    ]
    await project(database, projector, *batch)
    before = await rows(database, "select * from entries")
    assert await project(database, projector, *batch) == []
    assert await rows(database, "select * from entries") == before
    assert len(await rows(database, "select * from book_seen")) == 2


async def test_contradictions_are_set_aside_alone_across_batches(database: Database, projector: BookProjector) -> None:
    await project(database, projector, record("ChargeIssued", charge(100, "C-1"), id=event_id(1)))
    set_aside = await project(
        database,
        projector,
        record("ChargeIssued", charge(101, "C-1"), id=event_id(1), offset=1),
        record("ChargeIssued", charge(100, "C-1"), id=event_id(2), offset=2),
        record("ChargeIssued", charge(100, "C-2"), id=event_id(3), offset=3),
    )
    assert [(item.record.offset, item.reason) for item in set_aside] == [
        (1, "same_id_other_content"),
        (2, "business_id_used_already"),
    ]
    assert [row["version"] for row in await rows(database, "select version from entries order by 1")] == [1, 2]


async def test_a_record_bad_in_itself_does_not_hold_up_its_neighbours(
    database: Database, projector: BookProjector
) -> None:
    good = record("ChargeIssued", charge(), offset=1)
    bad = Record(good.topic, good.topic_id, 0, 0, good.key, b"{", ())
    set_aside = await project(database, projector, bad, good)
    assert [(item.record.offset, item.reason) for item in set_aside] == [(0, "not_json")]
    assert len(await rows(database, "select from entries")) == 1


async def test_a_type_unknown_here_is_skipped(database: Database, projector: BookProjector) -> None:
    known = record("ChargeIssued", charge())
    assert known.value is not None
    unknown = Record(known.topic, "t", 0, 0, known.key, known.value.replace(b"ChargeIssued", b"RoofRepaired"), ())
    assert await project(database, projector, unknown) == []
    assert await rows(database, "select from entries") == []


async def test_two_projectors_on_one_lease_give_every_entry_a_version_of_its_own(
    database: Database, projector: BookProjector
) -> None:
    batches = [
        [record("ChargeIssued", charge(100, f"C-{p}-{n}"), partition=p, offset=n) for n in range(20)] for p in range(6)
    ]
    await asyncio.gather(*[project(database, projector, *batch) for batch in batches])
    versions = [row["version"] for row in await rows(database, "select version from entries order by 1")]
    assert versions == list(range(1, 121))
    (account,) = await rows(database, "select version, balance_grosze from lease_balances")
    assert tuple(account) == (120, 12_000)


async def test_balance_changed_goes_out_once_for_each_lease_of_a_batch(
    database: Database, projector: BookProjector
) -> None:
    await project(
        database,
        projector,
        record("ChargeIssued", charge(100), offset=0),
        record("ChargeIssued", charge(50, "C-2", due_on="2026-12-10"), offset=1),
        record("ChargeIssued", charge(7), subject="L-2", offset=2),
    )
    sent = await rows(database, "select topic, key, body from outbox order by key")
    assert [(row["topic"], row["key"]) for row in sent] == [("iok.balances", LEASE), ("iok.balances", "L-2")]
    envelope = msgspec.json.decode(sent[0]["body"])
    assert (envelope["type"], envelope["source"], envelope["subject"]) == ("iok.BalanceChanged.v1", "iok/ledger", LEASE)
    assert "streamversion" not in envelope
    assert envelope["data"] == {
        "book": 1,
        "version": 2,
        "as_of": "2026-11-23",
        "balance_grosze": 150,
        "due_today_grosze": 100,
        "not_yet_due_grosze": 50,
        "overpaid_grosze": 0,
        "next_due": {"due_on": "2026-12-10", "amount_grosze": 50},
        "offsets": {},
    }


async def test_an_event_that_is_no_entry_announces_nothing(database: Database, projector: BookProjector) -> None:
    await project(database, projector, record("LeaseSigned", lease_terms()))
    assert await rows(database, "select from outbox") == []


async def test_accepted_records_of_company_systems_are_kept_byte_for_byte(
    database: Database, projector: BookProjector
) -> None:
    theirs = record("ChargeIssued", charge(), source=ERP, offset=0)
    ours = record("ChargeIssued", charge(), offset=1)
    refused = record("ChargeIssued", charge(), source=ERP, offset=2)
    await project(database, projector, theirs, ours, refused, theirs)
    kept = await rows(database, "select topic, subject, source, value from records")
    assert [tuple(row) for row in kept] == [(theirs.topic, LEASE, ERP, theirs.value)]


async def test_the_balance_is_worked_out_from_the_entries(database: Database, projector: BookProjector) -> None:
    await project(
        database,
        projector,
        record("LeaseSigned", lease_terms(), offset=0),
        record("ChargeIssued", charge(100, "C-1"), offset=1),
        record("ChargeIssued", charge(90, "C-2", due_on="2026-12-10"), offset=2),
        record("ChargeCorrected", correction(-10, charge_id="C-2"), offset=3),
        record("PaymentConfirmed", payment(70, paid_on="2026-10-30"), offset=4),
        record("PaymentRefunded", refund(20, refunded_on="2026-11-02"), offset=5),
    )
    async with database.connection() as connection:
        now = await balance.balance(connection, LeaseGrant(LEASE), None, TODAY)
        then = await balance.balance(connection, LeaseGrant(LEASE), date(2026, 10, 31), TODAY)
    assert (now.version, now.as_of, now.bank_account) == (5, None, lease_terms()["bank_account"])
    assert now.figures == Figures(130, 50, 80, 0, NextDue(date(2026, 12, 10), 80))
    assert then.figures == Figures(110, 30, 80, 0, NextDue(date(2026, 12, 10), 80))
    assert (then.version, then.as_of) == (5, date(2026, 10, 31))


async def test_a_set_aside_record_leaves_its_leases_balance_incomplete(
    database: Database, projector: BookProjector, schema: ServiceDatabase
) -> None:
    await project(
        database, projector, record("ChargeIssued", charge()), record("ChargeIssued", charge(), subject="L-2")
    )
    admin = await asyncpg.connect(schema.admin_dsn)
    await admin.execute(
        'insert into set_aside (topic, topic_id, partition, "offset", key, reason, detail) '
        "values ('iok.payments', 't', 0, 5, 'L-1', 'not_json', ''), ('iok.transfers', 't', 0, 6, 'L-2', 'not_json', '')"
    )
    async with database.connection() as connection:
        assert (await balance.balance(connection, LeaseGrant("L-1"), None, TODAY)).incomplete
        assert not (await balance.balance(connection, LeaseGrant("L-2"), None, TODAY)).incomplete
        await admin.execute("update set_aside set state = 'discarded'")
        assert not (await balance.balance(connection, LeaseGrant("L-1"), None, TODAY)).incomplete
    await admin.close()


async def test_a_balance_is_stale_until_every_partition_was_confirmed_lately(
    database: Database, projector: BookProjector, schema: ServiceDatabase
) -> None:
    await project(database, projector, record("ChargeIssued", charge()))
    admin = await asyncpg.connect(schema.admin_dsn)

    async def confirm(partitions: int, seconds_ago: int) -> bool:
        await admin.execute("delete from caught_up")
        await admin.execute(
            "insert into caught_up select 'book-1', 'iok.charges', n, now() - make_interval(secs => $2), 1 "
            "from generate_series(1, $1) n",
            partitions,
            seconds_ago,
        )
        async with database.connection() as connection:
            return (await balance.balance(connection, LeaseGrant(LEASE), None, TODAY)).stale

    assert await confirm(balance.BOOK_PARTITIONS, 1) is False
    assert await confirm(balance.BOOK_PARTITIONS - 1, 1) is True
    assert await confirm(balance.BOOK_PARTITIONS, 11) is True
    await admin.close()


async def test_a_history_with_the_first_and_last_day_of_the_calendar_pages_to_its_end(
    database: Database, projector: BookProjector
) -> None:
    days = ["0001-01-01", "9999-12-31", "2026-10-01"]
    records = [record("ChargeIssued", charge(1, f"C-{n}", issued_on=day), offset=n) for n, day in enumerate(days)]
    await project(database, projector, *records)
    found: list[str] = []
    cursor: str | None = None
    async with database.connection() as connection:
        for _ in range(3):
            (entry,), cursor = await history.page(connection, LeaseGrant(LEASE), 1, cursor)
            found.append(entry.booked_on.isoformat())
    assert (found, cursor) == (["9999-12-31", "2026-10-01", "0001-01-01"], None)


async def test_the_panel_shows_books_leases_nobody_signed_gaps_and_contradictions(
    database: Database, projector: BookProjector
) -> None:
    await project(
        database,
        projector,
        record("ChargeIssued", charge(7), id=event_id(1), streamversion=3, offset=0),
        record("ChargeIssued", charge(9, "C-2"), streamversion=3, offset=1),
        record("LeaseSigned", lease_terms(), subject="L-2", offset=2),
        record("ChargeIssued", charge(8), subject="L-2", offset=3),
    )
    shown = {section.title: (await section.read()).rows for section in sections.of(database)}
    assert [row[:2] for row in shown["Księgi"]] == [("1", "bieżąca")]
    assert shown["Ostatnia pieczęć"] == []
    assert shown["Bez umowy"] == [(LEASE, "2", "0,16\u00a0zł")]
    assert shown["Luki w strumieniach"] == [("iok.charges", LEASE, "iok/ledger", "1-2")]
    taken = "ten numer wersji ma już inne zdarzenie"
    assert [row[1:3] for row in shown["Sprzeczności"]] == [(taken, "iok.charges/0/1")]


FORBIDDEN = [
    "update book_entries set amount_grosze = 0",
    "delete from book_entries",
    "truncate book_entries",
    "update book_entries_1 set amount_grosze = 0",
    "delete from book_entries_1",
    "drop table book_entries_1",
    "update entries set amount_grosze = 0",
    "delete from events",
    "update events set body = ''",
    "delete from records",
    "update books set state = 'live'",
    "delete from book_seen",
    "select settle_set_aside(1)",
]


async def test_the_services_role_cannot_change_or_delete_what_was_booked(database: Database) -> None:
    async with database.connection() as connection:
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
