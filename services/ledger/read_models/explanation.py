"""Where a balance comes from: the unpaid debts and the credits left over, and what one entry paid or was paid by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple

from libs.chassis.postgres import Connection, Row
from services.ledger.domain import Debt, EntryKind, Share, allocate, explain, left_of, unpaid_of
from services.ledger.read_models.grants import LeaseGrant
from services.ledger.read_models.history import HistoryEntry, title_of

MAX_PARTS: Final = 200  # of a list; who owes more than so many charges needs a sum, not a list
CHARGED: Final = frozenset({EntryKind.CHARGE, EntryKind.CORRECTION})

# All entries of a lease in canonical order; $2: as of that day (null: every entry).
EXPLAINED = """
select id, kind, amount_grosze, booked_on, due_on, charge_id, credit_id, source, topic, month
from history
where lease_id = $1 and ($2::date is null or booked_on <= $2)
order by booked_on, source, id, topic
"""


class Line(NamedTuple):
    """An entry as allocation and its explanation need it; amounts in grosze."""

    id: str
    kind: str
    amount_grosze: int
    booked_on: date
    due_on: date | None
    charge_id: str | None
    credit_id: str | None
    source: str
    topic: str
    month: str | None


@dataclass(frozen=True, slots=True)
class Named:
    """An entry as other entries name it; `amount_grosze` is the whole entry's, positive for what is owed.

    `charge_id` and `month` are those of the charge that it is or names.
    """

    id: str
    kind: str
    title: str
    amount_grosze: int
    booked_on: date
    due_on: date | None
    charge_id: str | None
    month: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """An entry and the part of it that is meant, in grosze and positive."""

    entry: Named
    amount_grosze: int


@dataclass(frozen=True, slots=True)
class EntryExplained:
    """What became of an entry, as `domain.explanation` says; each list has the first `MAX_PARTS`."""

    pays: list[Part]
    taken_back_by: list[Part]
    left_grosze: int | None
    paid_by: list[Part]
    takes_back: list[Part]
    unpaid_grosze: int | None


@dataclass(frozen=True, slots=True)
class DueMonth:
    """What is due by now of a month's charges and their interest (month None: of nothing that names a charge)."""

    month: str | None
    due_on: date
    amount_grosze: int


@dataclass(frozen=True, slots=True)
class BalanceExplained:
    """The debts not wholly paid, oldest due first, and the credits left over: together they are the balance.

    The lists have the first `MAX_PARTS`, the counts all. `due_today` adds up to the figure of that name, oldest first.
    """

    unpaid: list[Part]
    unpaid_count: int
    left: list[Part]
    left_count: int
    due_today: list[DueMonth]


@dataclass(frozen=True, slots=True)
class UnpaidCharge:
    """What is unpaid of one charge with its corrections, without interest."""

    source: str
    charge_id: str
    month: str | None
    amount_grosze: int


async def of_balance(tx: Connection, grant: LeaseGrant, as_of: date | None, today: date) -> BalanceExplained:
    """Which entries make the balance of the lease granted, as of a day or with every entry; `today` is Warsaw's."""
    allocation = allocate(await _lines(tx, grant, as_of))
    unpaid, left = unpaid_of(allocation), left_of(allocation)
    return BalanceExplained(
        unpaid=_parts(unpaid),
        unpaid_count=len(unpaid),
        left=_parts(left),
        left_count=len(left),
        due_today=_by_month([debt for debt in allocation.debts if debt.unpaid_grosze and debt.due_on <= today]),
    )


def _by_month(due: Sequence[Debt[Line]]) -> list[DueMonth]:
    months: dict[str | None, DueMonth] = {}
    for debt in due:
        first = months.get(debt.item.month, DueMonth(debt.item.month, debt.due_on, 0))
        months[debt.item.month] = replace(first, amount_grosze=first.amount_grosze + debt.unpaid_grosze)
    return list(months.values())


async def unpaid_charges(tx: Connection, grant: LeaseGrant) -> list[UnpaidCharge]:
    """What is unpaid of the charges of the lease granted, with every entry counted; one row for each unpaid debt."""
    allocation = allocate(await _lines(tx, grant, None))
    return [
        UnpaidCharge(share.item.source, share.item.charge_id or "", share.item.month, share.amount_grosze)
        for share in unpaid_of(allocation)
        if share.item.kind in CHARGED
    ]


async def of_entry(tx: Connection, grant: LeaseGrant, entry: HistoryEntry) -> EntryExplained:
    """What `entry` of the lease granted paid, or what paid it, with every entry counted."""
    lines = await _lines(tx, grant, None)
    key = (entry.id, entry.origin.source, entry.origin.topic)
    line = next(line for line in lines if (line.id, line.source, line.topic) == key)
    found = explain(allocate(lines), line)
    return EntryExplained(
        pays=_parts(found.pays),
        taken_back_by=_parts(found.taken_back_by),
        left_grosze=found.left_grosze,
        paid_by=_parts(found.paid_by),
        takes_back=_parts(found.takes_back),
        unpaid_grosze=found.unpaid_grosze,
    )


async def _lines(tx: Connection, grant: LeaseGrant, as_of: date | None) -> list[Line]:
    return [_line(row) for row in await tx.fetch(EXPLAINED, grant.lease_id, as_of)]


def _line(row: Row) -> Line:
    entry_id, *rest = row.values()
    return Line(str(entry_id), *rest)


def _parts(shares: Sequence[Share[Line]]) -> list[Part]:
    return [Part(_named(share.item), share.amount_grosze) for share in shares[:MAX_PARTS]]


def _named(line: Line) -> Named:
    title = title_of(EntryKind(line.kind), line.amount_grosze, line.month)
    return Named(
        id=line.id,
        kind=line.kind,
        title=title,
        amount_grosze=line.amount_grosze,
        booked_on=line.booked_on,
        due_on=line.due_on,
        charge_id=line.charge_id,
        month=line.month,
    )
