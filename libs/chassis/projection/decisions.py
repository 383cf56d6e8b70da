"""What operators decided about set-aside records: who, when, what, why, with which outcome. Rows are only added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from libs.chassis.postgres import Connection, Row

MIN_REASON_CHARACTERS = 3  # the table checks both
MAX_REASON_CHARACTERS = 500

NOTE = """
insert into set_aside_decisions (record_id, account_id, deed, reason, outcome, refusal)
values ($1, $2, $3, $4, $5, $6)
"""

# One page of decisions about one record or all, newest first.
HISTORY = """
select id, at, record_id, account_id, deed, reason, outcome, refusal from set_aside_decisions
where ($1::bigint is null or record_id = $1) and ($2::bigint is null or id < $2)
order by id desc limit $3
"""

Deed = Literal["replay", "discard"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision and its outcome. `account_id` is opaque; `reason` is the operator's, `refusal` the projector's.

    `outcome`: booked, discarded, or set_aside when a replay left the record on the desk. `id` and `at` come from the
    database.
    """

    record_id: int
    account_id: str
    deed: Deed
    reason: str | None
    outcome: str
    refusal: str | None
    id: int = 0
    at: datetime | None = None


async def note(tx: Connection, decision: Decision) -> None:
    """Add a decision, in the transaction that carries it out."""
    await tx.execute(
        NOTE,
        decision.record_id,
        decision.account_id,
        decision.deed,
        decision.reason,
        decision.outcome,
        decision.refusal,
    )


async def history(tx: Connection, record_id: int | None, before_id: int | None, limit: int) -> list[Decision]:
    """Decisions about a record (None: about any) made before the one with `before_id`, newest first."""
    return [_read(row) for row in await tx.fetch(HISTORY, record_id, before_id, limit)]


def _read(row: Row) -> Decision:
    return Decision(
        row["record_id"], row["account_id"], row["deed"], row["reason"], row["outcome"], row["refusal"], row["id"],
        row["at"],
    )  # fmt: skip
