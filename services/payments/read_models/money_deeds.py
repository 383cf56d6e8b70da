"""Who did what with transfers and parked reports: only added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection

LIMIT = 200

ADD = """
insert into money_deeds (account_id, about, deed, lease_id, note)
select $1, about, deed, lease_id, note
from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as given (about, deed, lease_id, note)
"""
ABOUT = "select at, account_id, deed, lease_id, note from money_deeds where about = $1 order by id limit $2"


@dataclass(frozen=True, slots=True)
class NewDeed:
    """A deed to be noted: `about` a transfer's id, or `notice-` and a report's number."""

    about: str
    deed: str
    lease_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DeedRow:
    """A deed as noted."""

    at: datetime
    account_id: str
    deed: str
    lease_id: str | None
    note: str | None


async def add(tx: Connection, by: str, deeds: Sequence[NewDeed]) -> None:
    """Note deeds of one person (or command), in the transaction of their effect."""
    await tx.execute(
        ADD,
        by,
        [each.about for each in deeds],
        [each.deed for each in deeds],
        [each.lease_id for each in deeds],
        [each.note for each in deeds],
    )


async def about(connection: Connection, what: str) -> list[DeedRow]:
    """What was done about something, oldest first, at most 200 deeds."""
    return [DeedRow(**dict(row)) for row in await connection.fetch(ABOUT, what, LIMIT)]
