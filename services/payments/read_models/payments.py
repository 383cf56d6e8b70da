"""Payments as they are shown: one row each, written in the transaction of the events, read only through a guard.

Every query for tenants takes the leases that the asker is a party of; a payment of another lease is not found.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.chassis.event_store import Recording
from libs.chassis.once import KeyUse, StoredAnswer, append_once
from libs.chassis.postgres import Connection, Row
from libs.events.names import PAYMENTS
from libs.events.payments import PaymentConfirmed
from services.payments.domain.payment import VALIDITY, Payment, PaymentStatus

# A payment as it is now.
SAVE = """
insert into payments (payment_id, lease_id, order_id, amount_grosze, charge_id, status, credited_grosze,
    returned_grosze, begun_at, valid_until, month, channel)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (payment_id) do update set status = excluded.status, credited_grosze = excluded.credited_grosze,
    returned_grosze = excluded.returned_grosze
"""

# What is to be known before a payment of a lease starts: its number, its stream's version, the key's answer.
BEFORE_START = """
select l.number, (select max(stream_version) from events where topic = $1 and subject = $2) as version,
    k.request_sha256, k.status, k.answer
from (select $2 as lease_id) asked
left join leases l using (lease_id) left join idempotency_keys k on k.scope = $3 and k.key = $4
"""

# A payment starts: all that the command writes, in one statement. The lease is locked first, as whoever appends to its
# stream does: so nobody who has locked it decides in vain.
START = """
with lease as materialized (
    select from leases where lease_id = $14 for no key update
), command as materialized (
    select append_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as outcome from lease
), saved as (
    insert into payments (payment_id, lease_id, order_id, amount_grosze, charge_id, status, credited_grosze,
        returned_grosze, begun_at, valid_until, month, channel)
    select $13::text, $14::text, $15::text, $16::bigint, $17::text, $18::text, $19::bigint, $20::bigint,
        $21::timestamptz, $22::timestamptz, $23::text, $24::text
    from command where outcome = 'done'
)
select outcome from command
"""

# Money that came. Its key refuses the same money under another lease.
CONFIRM = """
insert into confirmations (payment_id, remote_id, lease_id, paid_on, amount_grosze, charge_id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::bigint[], $6::text[])
"""

# One payment of the asker's leases.
FIND = """
select p.*, l.number from payments p left join leases l using (lease_id)
where p.payment_id = $1 and p.lease_id = any($2::text[])
"""

# The payment of an order: after Autopay's signed return, which knows no account.
FIND_ORDER = "select p.*, l.number from payments p left join leases l using (lease_id) where p.order_id = $1"

# A page of a lease's payments, newest first, after a place.
PAGE = """
select p.*, l.number from payments p left join leases l using (lease_id)
where p.lease_id = $1 and ($2::timestamptz is null or (p.begun_at, p.payment_id) < ($2, $3))
order by p.begun_at desc, p.payment_id desc limit $4
"""

# The payment of an order, locked: commands on one payment go one after the other.
LOCK_ORDER = "select payment_id, lease_id, order_id, begun_at, valid_until from payments where order_id = $1 for update"

# An unfinished payment, locked, unless another process or a report of Autopay is at it just now.
LOCK_UNFINISHED = """
select payment_id, lease_id, order_id, begun_at, valid_until from payments
where payment_id = $1 and status in ('initiated', 'pending') and order_id is not null for update skip locked
"""

# Imported money: a payment that never had an order, or more money for a payment known here.
ADD_IMPORTED = """
insert into payments as p (payment_id, lease_id, amount_grosze, charge_id, status, credited_grosze, begun_at)
select payment_id, min(lease_id), (array_agg(amount_grosze order by n))[1], (array_agg(charge_id order by n))[1],
    'confirmed', sum(amount_grosze), (array_agg(paid_on order by n))[1]::timestamp at time zone 'UTC'
from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::date[])
    with ordinality as given (payment_id, lease_id, amount_grosze, charge_id, paid_on, n)
group by payment_id
on conflict (payment_id) do update set
    credited_grosze = p.credited_grosze + excluded.credited_grosze,
    status = case
        when p.returned_grosze < p.credited_grosze + excluded.credited_grosze then 'confirmed' else 'refunded'
    end
"""

# Payments whose time is over, the longest over first.
OVERDUE = """
select payment_id from payments
where status in ('initiated', 'pending') and valid_until < $1 order by valid_until limit $2
"""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment as shown. Money in grosze; `order_id` and `valid_until` are None for an imported one."""

    payment_id: str
    lease_id: str
    lease_number: str
    order_id: str | None
    amount_grosze: int
    charge_id: str | None
    status: PaymentStatus
    credited_grosze: int
    begun_at: datetime
    valid_until: datetime | None
    month: str | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class BeforeStart:
    """Before a payment starts: the lease's number (None: not known), its stream's version, the answer given before."""

    lease_number: str | None
    version: int
    replay: StoredAnswer | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of payments ended."""

    begun_at: datetime
    payment_id: str


@dataclass(frozen=True, slots=True)
class LockedPayment:
    """A payment with an order, whose row this transaction holds."""

    payment_id: str
    lease_id: str
    order_id: str
    begun_at: datetime
    valid_until: datetime


async def lock_order(tx: Connection, order_id: str) -> LockedPayment | None:
    """Lock the payment of an order; None when there is none."""
    row = await tx.fetchrow(LOCK_ORDER, order_id)
    return None if row is None else LockedPayment(**dict(row))


async def lock_unfinished(tx: Connection, payment_id: str) -> LockedPayment | None:
    """Lock a payment nobody has finished; None when it is finished by now, or somebody else is at it."""
    row = await tx.fetchrow(LOCK_UNFINISHED, payment_id)
    return None if row is None else LockedPayment(**dict(row))


async def save(tx: Connection, lease_id: str, payment: Payment, begun_at: datetime) -> PaymentRow:
    """Write a payment as its facts make it; `begun_at` is the recorded time of its first event."""
    row = row_of(lease_id, payment, begun_at)
    await tx.execute(SAVE, *_columns(row, payment.returned_grosze))
    return row


def row_of(lease_id: str, payment: Payment, begun_at: datetime, lease_number: str = "") -> PaymentRow:
    """A payment as its facts make it; `begun_at` is the recorded time of its first event."""
    valid_until = None if payment.order_id is None else begun_at + VALIDITY
    return PaymentRow(
        payment.payment_id, lease_id, lease_number, payment.order_id, payment.amount_grosze, payment.charge_id,
        payment.status, payment.credited_grosze, begun_at, valid_until, payment.month, payment.channel,
    )  # fmt: skip


def _columns(row: PaymentRow, returned_grosze: int) -> tuple[object, ...]:
    return (
        row.payment_id, row.lease_id, row.order_id, row.amount_grosze, row.charge_id, row.status, row.credited_grosze,
        returned_grosze, row.begun_at, row.valid_until, row.month, row.channel,
    )  # fmt: skip


async def before_start(connection: Connection, lease_id: str, use: KeyUse) -> BeforeStart:
    """What is to be known before a payment of a lease starts.

    Raises:
        OtherRequestError: the key was used for another request.
    """
    row = await connection.fetchrow(BEFORE_START, PAYMENTS, lease_id, use.scope, use.key)
    if row is None:
        raise LookupError("a query of one row gave none")
    return BeforeStart(row["number"], row["version"] or 0, use.replay(row))


async def start(
    connection: Connection, use: KeyUse, recording: Recording, row: PaymentRow, answer: StoredAnswer
) -> None:
    """Write all that starting a payment writes, in a transaction of its own.

    Raises:
        InFlightError, WrongExpectedVersionError, StoreBehindError: nothing was written; see `append_once`.
    """
    await append_once(connection, START, use, recording, answer, *_columns(row, returned_grosze=0))


async def confirm(tx: Connection, confirmed: Sequence[tuple[str, PaymentConfirmed]]) -> None:
    """Note money that came, as (lease, event)."""
    await tx.execute(
        CONFIRM,
        [event.payment_id for _, event in confirmed],
        [event.remote_id for _, event in confirmed],
        [lease_id for lease_id, _ in confirmed],
        [event.paid_on for _, event in confirmed],
        [event.amount_grosze for _, event in confirmed],
        [event.charge_id for _, event in confirmed],
    )


async def add_imported(tx: Connection, confirmed: Sequence[tuple[str, PaymentConfirmed]]) -> None:
    """Note imported money, as (lease, event) in the order of the store."""
    await tx.execute(
        ADD_IMPORTED,
        [event.payment_id for _, event in confirmed],
        [lease_id for lease_id, _ in confirmed],
        [event.amount_grosze for _, event in confirmed],
        [event.charge_id for _, event in confirmed],
        [event.paid_on for _, event in confirmed],
    )


async def find(connection: Connection, payment_id: str, leases: Collection[str]) -> PaymentRow | None:
    """A payment of one of these leases; None when there is none, whoever else's it may be."""
    row = await connection.fetchrow(FIND, payment_id, list(leases))
    return None if row is None else _shown(row)


async def find_order(connection: Connection, order_id: str) -> PaymentRow | None:
    """The payment of an order that Autopay itself named."""
    row = await connection.fetchrow(FIND_ORDER, order_id)
    return None if row is None else _shown(row)


async def page(connection: Connection, lease_id: str, after: Place | None, limit: int) -> list[PaymentRow]:
    """Payments of one lease, newest first; the caller has made sure that the asker is a party of it."""
    begun_at, payment_id = (None, None) if after is None else (after.begun_at, after.payment_id)
    return [_shown(row) for row in await connection.fetch(PAGE, lease_id, begun_at, payment_id, limit)]


async def overdue(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Ids of unfinished payments whose validity ended before a moment."""
    return [row["payment_id"] for row in await connection.fetch(OVERDUE, before, limit)]


def _shown(row: Row) -> PaymentRow:
    return PaymentRow(
        payment_id=row["payment_id"],
        lease_id=row["lease_id"],
        lease_number=row["number"] or "",
        order_id=row["order_id"],
        amount_grosze=row["amount_grosze"],
        charge_id=row["charge_id"],
        status=PaymentStatus(row["status"]),
        credited_grosze=row["credited_grosze"],
        begun_at=row["begun_at"],
        valid_until=row["valid_until"],
        month=row["month"],
        channel=row["channel"],
    )
