"""How often Autopay was asked about a payment, and when next: kept so that a restart asks no more than before.

Columns: `status_questions` in schema.sql. A row is claimed before Autopay is asked, so that of two processes one asks.
"""

from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from services.payments.domain.status_query import ASKED_FOR, FIRST_ASKED_AFTER

# Payments with an order that may still change, begun since $1, that nobody was asked about since $2, or whose turn ($3)
# has come; the longest overdue first.
DUE = """
select p.payment_id, p.order_id, coalesce(q.asked, 0) as asked
from payments p left join status_questions q using (payment_id)
where p.status in ('initiated', 'pending', 'expired') and p.order_id is not null and p.begun_at > $1
    and (q.next_ask_at <= $3 or q.payment_id is null and p.begun_at <= $2)
order by coalesce(q.next_ask_at, p.begun_at), p.payment_id limit $4
"""

# Take a question as one's own: only while it stands at the count that was read.
CLAIM = """
insert into status_questions as q (payment_id, asked, next_ask_at) values ($1, $2 + 1, $3)
on conflict (payment_id) do update set asked = excluded.asked, next_ask_at = excluded.next_ask_at where q.asked = $2
returning asked
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A payment to ask about, and how often that was done."""

    payment_id: str
    order_id: str
    asked: int


async def due(connection: Connection, now: datetime, limit: int) -> list[Question]:
    """What to ask now."""
    rows = await connection.fetch(DUE, now - ASKED_FOR, now - FIRST_ASKED_AFTER, now, limit)
    return [Question(**dict(row)) for row in rows]


async def claim(connection: Connection, question: Question, next_ask_at: datetime) -> bool:
    """Whether the question is this process's to ask."""
    return await connection.fetchval(CLAIM, question.payment_id, question.asked, next_ask_at) is not None
