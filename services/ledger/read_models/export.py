"""The whole history of a lease as rows for a spreadsheet, read by a cursor: its memory does not grow with the lease."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.chassis.postgres import Connection, Row
from services.ledger.domain import EntryKind
from services.ledger.read_models.grants import LeaseGrant
from services.ledger.read_models.history import title_of

ROWS_AT_ONCE: Final = 500

# A reader who stops reading must not hold a connection for ever: the server ends the transaction.
GIVE_UP_ON_SLOW_READERS = "set local idle_in_transaction_session_timeout = '30s'"

# A year's entries, or all: from a day ($2) to before another ($3), both as text.
EXPORTED = """
select id, kind, amount_grosze, booked_on, due_on, month, charge_id,
    coalesce(data ->> 'payment_id', data ->> 'transfer_id') as money_id, source
from history where lease_id = $1 and booked_on >= $2::text::date and booked_on < $3::text::date
order by booked_on desc, source desc, id desc, topic desc
"""

# The balance of the newest entry that is exported.
BALANCE_BEFORE = """
select coalesce(sum(amount_grosze), 0)::bigint from entries where lease_id = $1 and booked_on < $2::text::date
"""


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An entry as a row; `amount_grosze` is positive for what is owed."""

    booked_on: date
    title: str
    amount_grosze: int
    due_on: date | None
    charge_id: str | None
    money_id: str | None
    id: str
    source: str
    balance_after_grosze: int


async def exported(tx: Connection, grant: LeaseGrant, year: int | None) -> AsyncIterator[list[ExportedEntry]]:
    """Every entry of the lease granted, or a year's, newest first, some hundred at a time.

    `tx` is a transaction of its own, in which nothing changes.
    """
    begins, ends = ("-infinity", "infinity") if year is None else (f"{year:04}-01-01", f"{year + 1:04}-01-01")
    await tx.execute(GIVE_UP_ON_SLOW_READERS)
    balance = await tx.fetchval(BALANCE_BEFORE, grant.lease_id, ends)
    cursor = await tx.cursor(EXPORTED, grant.lease_id, begins, ends)
    while rows := await cursor.fetch(ROWS_AT_ONCE):
        page = []
        for row in rows:
            page.append(_exported(row, balance))
            balance -= row["amount_grosze"]
        yield page


def _exported(row: Row, balance_after_grosze: int) -> ExportedEntry:
    return ExportedEntry(
        balance_after_grosze=balance_after_grosze,
        booked_on=row["booked_on"],
        title=title_of(EntryKind(row["kind"]), row["amount_grosze"], row["month"]),
        amount_grosze=row["amount_grosze"],
        due_on=row["due_on"],
        charge_id=row["charge_id"],
        money_id=row["money_id"],
        id=str(row["id"]),
        source=row["source"],
    )
