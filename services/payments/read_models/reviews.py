"""What waits for an operator: reports of Autopay that were kept but not simply taken."""

from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from services.payments.domain.payment import Concern, Outcome

PAGE_LIMIT = 200

# Reports of concern that nobody has settled, newest first.
OPEN = """
select n.id, n.order_id, n.remote_id, n.reported, n.outcome, n.concern, n.taken_at, p.payment_id, p.lease_id
from notices n left join payments p using (order_id)
where n.concern is not null and n.settled_at is null and ($1::bigint is null or n.id < $1)
order by n.id desc limit $2
"""

# An operator has dealt with it; what was reported and what it came to stay as they are.
SETTLE = """
update notices set settled_at = now(), settled_by = $2, dismissed = $3
where id = $1 and concern is not null and settled_at is null returning id
"""

# An open report with its payment, and the document that it stands in.
KEPT = """
select n.id, n.order_id, n.position, n.outcome, n.concern, n.taken_at, m.document, p.payment_id, p.lease_id,
    p.amount_grosze, p.status
from notices n join notifications m on m.id = n.notification_id left join payments p using (order_id)
where n.id = $1 and n.concern is not null and n.settled_at is null
"""

COUNT_OPEN = "select count(*) from notices where concern is not null and settled_at is null"


@dataclass(frozen=True, slots=True)
class Review:
    """A report that wants an operator; `payment_id` and `lease_id` are None when its order is unknown."""

    id: int
    order_id: str
    remote_id: str
    reported: str
    outcome: Outcome
    concern: Concern
    taken_at: datetime
    payment_id: str | None
    lease_id: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An open report, the notification it came in (byte for byte) and the payment it is of, where that is known."""

    id: int
    order_id: str
    position: int
    outcome: Outcome
    concern: Concern
    taken_at: datetime
    document: bytes
    payment_id: str | None
    lease_id: str | None
    amount_grosze: int | None
    status: str | None


async def open_reviews(connection: Connection, before_id: int | None = None, limit: int = PAGE_LIMIT) -> list[Review]:
    """A page of what is open, newest first, of at most 200."""
    rows = await connection.fetch(OPEN, before_id, min(limit, PAGE_LIMIT))
    return [
        Review(
            row["id"],
            row["order_id"],
            row["remote_id"],
            row["reported"],
            Outcome(row["outcome"]),
            Concern(row["concern"]),
            row["taken_at"],
            row["payment_id"],
            row["lease_id"],
        )
        for row in rows
    ]


async def count_open(connection: Connection) -> int:
    """How many reports wait for an operator."""
    count: int = await connection.fetchval(COUNT_OPEN)
    return count


async def settle(tx: Connection, review_id: int, operator: str, *, dismissed: bool = False) -> bool:
    """Take a report off the list, perhaps as no money at all; False when it is not on it."""
    return await tx.fetchval(SETTLE, review_id, operator, dismissed) is not None


async def kept(connection: Connection, review_id: int) -> Kept | None:
    """An open report with the notification it came in; None when it is not (any more) on the list."""
    row = await connection.fetchrow(KEPT, review_id)
    if row is None:
        return None
    values = {**dict(row), "outcome": Outcome(row["outcome"]), "concern": Concern(row["concern"])}
    return Kept(**values)
