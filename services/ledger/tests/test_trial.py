"""Postings and the trial balance on a real PostgreSQL: stored with the entries, zero in sum, and guarded."""

import asyncpg
import pytest

from libs.chassis.postgres import Database
from libs.chassis.testing import ServiceDatabase
from services.ledger.api import sections
from services.ledger.consumer.projector import BookProjector
from services.ledger.domain import UnbalancedError
from services.ledger.read_models import posting_proofs, postings
from services.ledger.read_models.postings import TrialLine
from services.ledger.tests.facts import (
    LEASE,
    charge,
    correction,
    event_id,
    line,
    payment,
    received,
    record,
    returned,
    settlement,
    transfer,
)
from services.ledger.tests.test_state import fill

pytestmark = pytest.mark.system

OF_LEASE = """
select coalesce(sum(amount_grosze), 0)::bigint from postings where subject = $1 and account like 'receivable:%'
"""


async def fill_all(database: Database, projector: BookProjector) -> None:
    """Every kind of entry, and every event of transfers."""
    await fill(database, projector)
    course = [
        ("TransferReceived", received(900)),
        ("TransferReceived", received(40, "T-2")),
        ("TransferReturned", returned(40, "T-2")),
        ("SettlementReceived", settlement(1_000)),
    ]
    async with database.transaction() as tx:
        for number, (name, data) in enumerate(course):
            fields = {"subject": data["transfer_id"], "id": event_id(100 + number)}
            of_transfer = record(name, data, **fields)
            assert await projector.project(tx, [of_transfer]) == []


async def test_postings_are_stored_with_their_entries_and_sum_to_each_leases_balance(
    database: Database, projector: BookProjector
) -> None:
    await fill_all(database, projector)
    async with database.connection() as connection:
        found = await connection.fetch("select lease_id, balance_grosze from lease_balances")
        assert len(found) == 4
        for row in found:
            assert await connection.fetchval(OF_LEASE, row["lease_id"]) == row["balance_grosze"]


async def test_the_trial_balance_names_every_account_and_is_zero(database: Database, projector: BookProjector) -> None:
    lines = [line(70), line(30, "zaliczka-co")]
    async with database.transaction() as tx:
        await projector.project(tx, [record("ChargeIssued", charge(100, lines=lines), offset=1)])
        await projector.project(tx, [record("ChargeCorrected", correction(-5), offset=2)])
        await projector.project(tx, [record("PaymentConfirmed", payment(60))])
    async with database.connection() as connection:
        found = await postings.trial(connection, 100)
    assert found.lines == [
        TrialLine("autopay_clearing", 60, 0, 60),
        TrialLine("income:czynsz", 5, 70, -65),
        TrialLine("income:zaliczka-co", 0, 30, -30),
        TrialLine("receivable:paid", 0, 60, -60),
        TrialLine("receivable:rent", 70, 5, 65),
        TrialLine("receivable:utilities", 30, 0, 30),
    ]
    assert found.whole == TrialLine("", 165, 165, 0)


async def test_a_transfer_makes_postings_and_no_entry(database: Database, projector: BookProjector) -> None:
    of_transfer = record("TransferReceived", received(50), subject="T-1")
    async with database.transaction() as tx:
        for _ in range(2):
            assert await projector.project(tx, [of_transfer]) == []
        await projector.project(tx, [record("TransferCredited", transfer(50))])
        assert await tx.fetchval("select count(*) from entries") == 1
        lines = (await postings.trial(tx, 100)).lines
    assert [(each.account, each.balance_grosze) for each in lines] == [
        ("bank", 50),
        ("receivable:paid", -50),
        ("suspense", 0),
    ]


async def test_the_panel_shows_the_trial_balance_with_its_sum(database: Database, projector: BookProjector) -> None:
    await fill_all(database, projector)
    rows = {section.title: (await section.read()).rows for section in sections.of(database)}["Bilans próbny"]
    assert rows[-1][0] == "Razem"
    assert {"bank", "wpłaty najemców"} < {row[0] for row in rows}
    assert rows[-1][1] == rows[-1][2] != "0,00\u00a0zł"
    assert rows[-1][3] == "0,00\u00a0zł"


async def test_a_partition_whose_accounts_do_not_balance_takes_no_more(
    database: Database, projector: BookProjector, schema: ServiceDatabase
) -> None:
    admin = await asyncpg.connect(schema.admin_dsn)
    await admin.execute("insert into book_trial values (1, 'iok.charges', 0, 'bank', 1, 0)")
    await admin.close()
    with pytest.raises(UnbalancedError):
        async with database.transaction() as tx:
            await projector.project(tx, [record("ChargeIssued", charge(5))])
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from entries") == 0


async def faults(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """What the proofs of postings say."""
    return [
        *await posting_proofs.faulty_postings(connection, 1),
        *await posting_proofs.faulty_trial(connection, 1),
    ]


ALTERED = [
    "update book_postings set amounts = '{\"bank\": 1, \"suspense\": -1}' where topic = 'iok.payments'",
    "update book_postings set amounts = amounts - 'autopay_clearing' where topic = 'iok.payments'",
    "update book_postings set booked_on = booked_on + 1 where topic = 'iok.charges'",
    "update book_postings set subject = 'L-7' where subject = 'L-2'",
    "delete from book_postings where subject = 'L-2'",
    "insert into book_postings values (1, 'iok.payments', 'L-8', 's', gen_random_uuid(), '2026-01-01', '{}')",
    "update book_postings set amounts = '{\"bank\": 1, \"suspense\": -1}' where topic = 'iok.transfers'",
    "update book_trial set debit_grosze = debit_grosze + 1 where account = 'bank'",
    "update book_trial set account = 'income:inny' where account = 'income:czynsz'",
    "delete from book_trial where account = 'suspense'",
    "insert into book_trial values (1, 'iok.charges', 9, 'bank', 5, 5)",
]


async def test_altered_postings_and_accounts_are_found(
    database: Database, projector: BookProjector, schema: ServiceDatabase
) -> None:
    await fill_all(database, projector)
    admin = await asyncpg.connect(schema.admin_dsn)
    assert await faults(admin) == []
    unseen = []
    for tampering in ALTERED:
        transaction = admin.transaction()
        await transaction.start()
        assert await admin.execute(tampering) not in {"UPDATE 0", "DELETE 0"}
        if not await faults(admin):
            unseen.append(tampering)
        await transaction.rollback()
    await admin.close()
    assert unseen == []


async def test_the_services_role_cannot_change_postings(database: Database) -> None:
    async with database.connection() as connection:
        for statement in (
            "update book_postings set amounts = '{}'",
            "delete from book_postings",
            "delete from book_trial",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_a_lease_without_entries_owes_nothing(database: Database) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval(OF_LEASE, LEASE) == 0
