"""What lies in the database: the read model is what the facts say, and nobody can rewrite the facts."""

from datetime import timedelta

import asyncpg
import pytest

from libs.events.names import PAYMENTS
from services.payments.app import event_store
from services.payments.commands.imports import PaymentImporter
from services.payments.domain.payment import Event, Fact, Outcome, ReportNoted, fold
from services.payments.tests.conftest import LEASE, Office
from services.payments.tests.test_imports import line

pytestmark = pytest.mark.system

ROWS = "select payment_id, order_id, amount_grosze, charge_id, status, credited_grosze, returned_grosze from payments"
NOTES = "select order_id, remote_id, outcome from notices order by id"

FORBIDDEN = [
    "update events set body = ''",
    "delete from events",
    "truncate events",
    "update notifications set document = ''",
    "delete from notifications",
    "update notices set outcome = 'credited'",
    "delete from notices",
    "update confirmations set amount_grosze = 1",
    "delete from confirmations",
    "delete from payments",
    "create table mine (id int)",
]


async def a_busy_week(office: Office) -> None:
    paid, failed, off, late = [await office.start(charge_id="c1") for _ in range(4)]
    await office.report(paid, remoteID="R1")
    await office.report(paid, remoteID="R2")
    await office.report(failed, remoteID="R3", paymentStatus="FAILURE")
    await office.report(off, remoteID="R4", amount="0.01")
    await office.report(late, remoteID="R5", paymentStatus="PENDING")
    await office.expire_as_of(timedelta(days=2))
    await PaymentImporter(office.database, event_store(), print).run([line(1), line(1, remote_id="R-b"), line(2)], 0)


async def test_the_read_model_is_what_the_store_says(office: Office) -> None:
    await a_busy_week(office)
    async with office.database.connection() as connection:
        rows = {row["payment_id"]: tuple(row) for row in await connection.fetch(ROWS)}
        notes = await connection.fetch(NOTES)
        stream = await event_store().read(connection, PAYMENTS, LEASE)
    assert len(rows) == 6
    for payment_id, row in rows.items():
        facts: list[Fact] = [
            event for event in stream.events if isinstance(event, Event) and event.payment_id == payment_id
        ]
        facts += [
            ReportNoted(note["remote_id"], Outcome(note["outcome"])) for note in notes if note["order_id"] == row[1]
        ]
        payment = fold(facts)
        assert payment is not None
        assert row == (
            payment.payment_id,
            payment.order_id,
            payment.amount_grosze,
            payment.charge_id,
            payment.status,
            payment.credited_grosze,
            payment.returned_grosze,
        )


async def test_versions_of_a_stream_have_no_gaps_whoever_appends(office: Office) -> None:
    await a_busy_week(office)
    async with office.database.connection() as connection:
        versions = await connection.fetch("select stream_version from events order by stream_version")
    assert [row["stream_version"] for row in versions] == list(range(1, len(versions) + 1))


async def test_a_payment_that_was_tampered_with_keeps_no_other_from_expiring(office: Office) -> None:
    robbed, whole = await office.start(), await office.start()
    superuser = await asyncpg.connect(office.made.admin_dsn)
    await superuser.execute("delete from events where stream_version = 1")
    await superuser.close()
    await office.expire_as_of(timedelta(days=2))
    assert await office.status(robbed["payment_id"]) == "initiated"
    assert await office.status(whole["payment_id"]) == "expired"


async def test_the_service_cannot_rewrite_what_was_recorded(office: Office) -> None:
    await a_busy_week(office)
    async with office.database.connection() as connection:
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
