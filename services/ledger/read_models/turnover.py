"""What was charged and paid: month by month, and a year's statement. Nothing of it is kept."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.chassis.postgres import Connection
from services.ledger.domain import EntryKind
from services.ledger.read_models.grants import LeaseGrant
from services.ledger.read_models.history import KINDS, title_of

MAX_MONTHS: Final = 600  # fifty years
MAX_LINES: Final = 5_000  # of a year's statement; whoever has more takes the file for spreadsheets

# Each calendar month with entries, newest first: charged, paid (less what went back), and the balance at its end.
MONTHS = """
select to_char(booked_on, 'YYYY-MM') as month,
    coalesce(sum(amount_grosze) filter (where kind = any($2::text[])), 0)::bigint as charged_grosze,
    coalesce(-sum(amount_grosze) filter (where kind <> all($2::text[])), 0)::bigint as paid_grosze,
    sum(sum(amount_grosze)) over (order by to_char(booked_on, 'YYYY-MM'))::bigint as balance_grosze
from entries where lease_id = $1
group by 1 order by 1 desc limit $3
"""

# What stood on the account when a year began.
OPENING = """
select coalesce(sum(amount_grosze), 0)::bigint from entries where lease_id = $1 and booked_on < $2::text::date
"""

# A year's entries in canonical order.
LINES = """
select id, kind, amount_grosze, booked_on, due_on, month from history
where lease_id = $1 and booked_on >= $2::text::date and booked_on < $3::text::date
order by booked_on, source, id, topic limit $4
"""


class TooManyLinesError(Exception):
    """A statement would be longer than anybody reads."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month: charged with corrections and interest, paid less what went back, the balance at its end."""

    month: str
    charged_grosze: int
    paid_grosze: int
    balance_grosze: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry of a statement; `amount_grosze` is positive for what is owed."""

    id: str
    kind: str
    title: str
    amount_grosze: int
    booked_on: date
    due_on: date | None
    balance_after_grosze: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A year of an account: closing = opening + charged - paid, and the lines, oldest first."""

    year: int
    opening_grosze: int
    charged_grosze: int
    paid_grosze: int
    closing_grosze: int
    items: list[StatementLine]


async def months(tx: Connection, grant: LeaseGrant) -> list[Month]:
    """The calendar months with entries of the lease granted, newest first."""
    rows = await tx.fetch(MONTHS, grant.lease_id, list(KINDS["charges"]), MAX_MONTHS)
    return [Month(**dict(row)) for row in rows]


async def statement(tx: Connection, grant: LeaseGrant, year: int) -> Statement:
    """A calendar year of the lease granted; a year without entries has no lines.

    Raises:
        TooManyLinesError: more than `MAX_LINES`.
    """
    begins, ends = f"{year:04}-01-01", f"{year + 1:04}-01-01"
    opening: int = await tx.fetchval(OPENING, grant.lease_id, begins)
    rows = await tx.fetch(LINES, grant.lease_id, begins, ends, MAX_LINES + 1)
    if len(rows) > MAX_LINES:
        raise TooManyLinesError
    balance = opening
    items = []
    for row in rows:
        balance += row["amount_grosze"]
        title = title_of(EntryKind(row["kind"]), row["amount_grosze"], row["month"])
        values = {name: row[name] for name in ("kind", "amount_grosze", "booked_on", "due_on")}
        items.append(StatementLine(id=str(row["id"]), title=title, balance_after_grosze=balance, **values))
    charged = sum(item.amount_grosze for item in items if item.kind in KINDS["charges"])
    return Statement(year, opening, charged, opening + charged - balance, balance, items)
