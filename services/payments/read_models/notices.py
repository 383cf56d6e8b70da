"""Autopay's authentic notifications as kept, byte for byte, and what each of their transactions came to.

Columns: `notifications` and `notices` in schema.sql; both are only added to. Together with the events they tell a
payment's whole life. What waits for an operator among them is asked for in `reviews`.
"""

from dataclasses import dataclass

from libs.chassis.postgres import Connection
from services.payments.domain.notification import Report
from services.payments.domain.payment import Decision, Outcome, ReportNoted

# An authentic document, once; again, it is only counted. The row stays locked, so that the same document waits here.
KEEP = """
insert into notifications as n (sha256, document, deliveries) values ($1, $2, 1)
on conflict (sha256) do update set deliveries = n.deliveries + $3, last_received_at = now()
returning id
"""

# Whether a transaction of a kept document was taken before.
NOTICED = "select exists (select from notices where notification_id = $1 and position = $2)"

# Reports on one transaction of Autopay's are decided one after the other whatever order they name: the locked row of a
# payment keeps apart only those of its own order.
LOCK_REMOTE = "select pg_advisory_xact_lock(hashtextextended('iok-remote/' || $1, 0))"

# Whether a success of this transaction was taken for another order.
TAKEN_ELSEWHERE = """
select exists (
    select from notices where remote_id = $1 and order_id <> $2 and outcome in ('credited', 'parked') and not dismissed
)
"""

NOTE = """
insert into notices (notification_id, position, order_id, remote_id, reported, outcome, concern)
values ($1, $2, $3, $4, $5, $6, $7)
"""

# What Autopay's reports on an order came to, in the order they were taken.
OF_ORDER = """
select remote_id, case when dismissed then 'dismissed' else outcome end as outcome
from notices where order_id = $1 order by id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Which transaction of which kept notification a report is; positions count from 0."""

    notification_id: int
    position: int


async def keep(tx: Connection, sha256: bytes, document: bytes, *, again: bool) -> int:
    """Keep a document and give its id; `again`: it is the same delivery as before, and is not counted once more."""
    notification_id: int = await tx.fetchval(KEEP, sha256, document, 0 if again else 1)
    return notification_id


async def is_noted(tx: Connection, place: Place) -> bool:
    """Whether a report was taken before."""
    return bool(await tx.fetchval(NOTICED, place.notification_id, place.position))


async def taken_elsewhere(tx: Connection, report: Report) -> bool:
    """Whether a success of this very transaction of Autopay's was taken for another order; holds it until the end."""
    if report.remote_id is None:
        return False
    await tx.execute(LOCK_REMOTE, report.remote_id)
    return bool(await tx.fetchval(TAKEN_ELSEWHERE, report.remote_id, report.order_id))


async def note(tx: Connection, place: Place, report: Report, decision: Decision) -> None:
    """Note what a report came to, in the transaction of its effect."""
    await tx.execute(
        NOTE,
        place.notification_id,
        place.position,
        report.order_id,
        report.remote_id or "",
        report.status or "",
        decision.outcome,
        decision.concern,
    )


async def of_order(tx: Connection, order_id: str) -> list[ReportNoted]:
    """What the reports on an order came to, oldest first."""
    return [ReportNoted(row["remote_id"], Outcome(row["outcome"])) for row in await tx.fetch(OF_ORDER, order_id)]
