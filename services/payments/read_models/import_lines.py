"""The lines of an import file, laid out in a table: checked against themselves and against what is recorded, in one go.

One import at a time has the table, and leaves it empty.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from libs.chassis.postgres import Connection, Row
from libs.events.payments import PaymentConfirmed
from services.payments.domain.imports import ImportedPayment

COLUMNS = ("line", "lease_id", "payment_id", "remote_id", "paid_on", "amount_grosze", "charge_id")

# One import at a time; the lock ends with its session.
LOCK = "select pg_try_advisory_lock(hashtext('iok-import-payments'))"
EMPTY = "delete from import_lines"
COUNT = "select count(*) from import_lines"

# Lines that say otherwise than the first line of the same payment and remote id.
CONTRADICTING = """
with ranked as (
    select line, (lease_id, paid_on, amount_grosze, charge_id) as said, first_value(line) over same as first,
        first_value((lease_id, paid_on, amount_grosze, charge_id)) over same as said_first
    from import_lines window same as (partition by payment_id, remote_id order by line)
)
select line, 'line ' || first || ' says otherwise of the same payment_id and remote_id' as reason
from ranked where said is distinct from said_first
"""

# Lines that say otherwise than what is recorded.
RECORDED_OTHERWISE = """
select l.line, 'this payment_id and remote_id are recorded with another lease, day, amount or charge' as reason
from import_lines l join confirmations c using (payment_id, remote_id)
where (l.lease_id, l.paid_on, l.amount_grosze, l.charge_id)
    is distinct from (c.lease_id, c.paid_on, c.amount_grosze, c.charge_id)
"""

# Lines whose payment belongs to another lease, as recorded or as the payment's first line says.
OF_ANOTHER_LEASE = """
with owned as (
    select l.line, l.lease_id, l.payment_id, coalesce(
        p.lease_id, first_value(l.lease_id) over (partition by l.payment_id order by l.line)
    ) as owner
    from import_lines l left join payments p using (payment_id)
)
select line, 'payment ' || payment_id || ' belongs to another lease' as reason from owned where lease_id <> owner
"""

# Lines of leases not known here.
OF_UNKNOWN_LEASES = """
select l.line, 'there is no lease ' || l.lease_id as reason
from import_lines l where not exists (select from leases s where s.lease_id = l.lease_id)
"""
COUNT_UNKNOWN_LEASES = """
select count(distinct l.lease_id) from import_lines l
where not exists (select from leases s where s.lease_id = l.lease_id)
"""

CHECKS = (CONTRADICTING, RECORDED_OTHERWISE, OF_ANOTHER_LEASE, OF_UNKNOWN_LEASES)

# The next lines to append: the first line of each payment and remote id that is not recorded yet.
NEXT = """
select l.* from import_lines l
where l.line > $1
    and not exists (select from confirmations c where (c.payment_id, c.remote_id) = (l.payment_id, l.remote_id))
    and not exists (
        select from import_lines e where (e.payment_id, e.remote_id) = (l.payment_id, l.remote_id) and e.line < l.line
    )
order by l.line limit $2
"""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken, counted from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """A good line of the file, counted from 1."""

    line: int
    payment: ImportedPayment


class ImportRunningError(Exception):
    """Another import is running."""


@asynccontextmanager
async def alone(connection: Connection) -> AsyncIterator[None]:
    """Have the table to oneself, empty, while the session lives.

    Raises:
        ImportRunningError: another import has it.
    """
    if not await connection.fetchval(LOCK):
        raise ImportRunningError("another import of payments is running")
    await connection.execute(EMPTY)
    yield
    await connection.execute(EMPTY)


async def lay_out(connection: Connection, lines: Sequence[Line]) -> None:
    """Add lines to the table."""
    records = [
        (
            each.line,
            each.payment.lease_id,
            each.payment.event.payment_id,
            each.payment.event.remote_id,
            each.payment.event.paid_on,
            each.payment.event.amount_grosze,
            each.payment.event.charge_id,
        )
        for each in lines
    ]
    await connection.copy_records_to_table("import_lines", records=records, columns=COLUMNS)


async def count(connection: Connection) -> int:
    """How many lines are laid out."""
    found: int = await connection.fetchval(COUNT)
    return found


async def count_unknown_leases(connection: Connection) -> int:
    """How many leases of the lines are not known here."""
    found: int = await connection.fetchval(COUNT_UNKNOWN_LEASES)
    return found


async def bad_lines(connection: Connection) -> list[BadLine]:
    """Every line that contradicts another one or what is recorded, or whose lease is not known."""
    return [BadLine(row["line"], row["reason"]) for check in CHECKS for row in await connection.fetch(check)]


async def next_lines(connection: Connection, after: int, limit: int) -> list[Line]:
    """The next lines after a line that are not recorded yet; each payment and remote id once."""
    return [Line(row["line"], _payment(row)) for row in await connection.fetch(NEXT, after, limit)]


def _payment(row: Row) -> ImportedPayment:
    event = PaymentConfirmed(
        payment_id=row["payment_id"],
        remote_id=row["remote_id"],
        paid_on=row["paid_on"],
        amount_grosze=row["amount_grosze"],
        charge_id=row["charge_id"],
    )
    return ImportedPayment(row["lease_id"], event)
