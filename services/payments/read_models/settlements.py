"""What Autopay collected and what it paid out: payments not settled yet, and settlements with their differences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libs.chassis.postgres import Connection
from services.payments.domain.settlement import MAX_DAYS, Collected
from services.payments.read_models.transfers import Place

MAX_COLLECTED = 20_000  # looked at for one settlement: what a company with a hundred thousand tenants collects in days

# Confirmed transactions that no settlement has paid out: those named, and the latest before a day.
OPEN = """
select c.payment_id, p.order_id, c.remote_id, c.paid_on, c.amount_grosze
from confirmations c join payments p using (payment_id)
where not exists (select from settled_payments s where (s.payment_id, s.remote_id) = (c.payment_id, c.remote_id))
    and (c.paid_on between $1 and $2 or c.remote_id = any($3::text[]) or p.order_id = any($3::text[]))
order by c.paid_on desc, c.payment_id, c.remote_id limit $4
"""

ADD = """
insert into settled_payments (payment_id, remote_id, transfer_id, amount_grosze)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
"""

# Settlements, the latest first, with what of them is explained by payments.
PAGE = """
select t.transfer_id, t.booked_on, t.amount_grosze, t.statement_ref, t.title, t.taken_at,
    count(s.payment_id) as payments,
    coalesce(sum(s.amount_grosze), 0)::bigint as settled_grosze
from transfers t left join settled_payments s using (transfer_id)
where t.status = 'settled' and ($1::date is null or (t.booked_on, t.transfer_id) < ($1, $2))
group by t.transfer_id order by t.booked_on desc, t.transfer_id desc limit $3
"""

# What was confirmed since a day and not paid out, day by day.
WAITING = """
select c.paid_on, count(*) as payments, sum(c.amount_grosze)::bigint as grosze
from confirmations c
where c.paid_on >= $1
    and not exists (select from settled_payments s where (s.payment_id, s.remote_id) = (c.payment_id, c.remote_id))
group by c.paid_on order by c.paid_on desc
"""


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """A settlement: what came, and what of it payments explain. Money in grosze."""

    transfer_id: str
    booked_on: date
    amount_grosze: int
    statement_ref: str
    title: str
    taken_at: datetime
    payments: int
    settled_grosze: int

    @property
    def difference_grosze(self) -> int:
        """What came beyond the payments; less than nothing where a fee was kept."""
        return self.amount_grosze - self.settled_grosze


async def open_payments(tx: Connection, booked_on: date, ids: Collection[str]) -> list[Collected]:
    """What a settlement booked on a day may be of: named in it, or confirmed in the days before."""
    rows = await tx.fetch(OPEN, booked_on - timedelta(days=MAX_DAYS), booked_on, list(ids), MAX_COLLECTED)
    return [Collected(**dict(row)) for row in rows]


async def add(tx: Connection, transfer_id: str, payments: Sequence[Collected]) -> None:
    """Note what a settlement paid out. Its key refuses the same transaction in another settlement."""
    await tx.execute(
        ADD,
        [each.payment_id for each in payments],
        [each.remote_id for each in payments],
        [transfer_id] * len(payments),
        [each.amount_grosze for each in payments],
    )


async def page(connection: Connection, after: Place | None, limit: int) -> list[SettlementRow]:
    """A page of settlements."""
    booked_on, transfer_id = (None, None) if after is None else (after.booked_on, after.transfer_id)
    return [SettlementRow(**dict(row)) for row in await connection.fetch(PAGE, booked_on, transfer_id, limit)]


async def waiting(connection: Connection, since: date) -> list[tuple[date, int, int]]:
    """Days with payments that were not paid out, as (day, payments, grosze)."""
    return [(row["paid_on"], row["payments"], row["grosze"]) for row in await connection.fetch(WAITING, since)]
