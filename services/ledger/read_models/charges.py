"""Charges by month: as issued, line by line, with their corrections and without interest."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from libs.chassis.postgres import Connection, Row
from services.ledger.read_models import explanation
from services.ledger.read_models.grants import LeaseGrant, NotHereError

# The charges of a lease and their corrections, in canonical order.
CHARGES = """
select source, charge_id, month, amount_grosze, due_on, data from entries
where lease_id = $1 and kind = 'charge'
order by booked_on, source, id, topic
"""

CORRECTIONS = """
select source, charge_id, amount_grosze, data from entries
where lease_id = $1 and kind = 'correction'
order by booked_on, source, id, topic
"""

# Components charged already, by any source, for a month on these leases; for charge runs.
CHARGED = """
select e.lease_id, line ->> 'component' as component
from entries e, json_array_elements(e.lines) as line
where e.lease_id = any($1::text[]) and e.kind = 'charge' and e.month = $2
"""

# Which of these charges (lease, charge id) any source has issued; for operators' commands.
ISSUED = """
select g.lease_id, g.charge_id from unnest($1::text[], $2::text[]) as g (lease_id, charge_id)
where exists (
    select from entries e
    where e.lease_id = g.lease_id
        and e.claim >= 'charge:' || g.charge_id || ':' and e.claim < 'charge:' || g.charge_id || ';'
)
"""


@dataclass(slots=True)
class Charge:
    """A charge as issued (grosze), the `data` of its corrections in canonical order, and what is unpaid of it all."""

    source: str
    charge_id: str
    month: str
    due_on: date
    amount_grosze: int
    data: str
    corrections: list[dict[str, Any]] = field(default_factory=list)
    corrected_by_grosze: int = 0
    unpaid_grosze: int = 0

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its lines, as in the event."""
        lines: list[dict[str, Any]] = msgspec.json.decode(self.data)["lines"]
        return lines

    @property
    def total_grosze(self) -> int:
        """With corrections, without interest."""
        return self.amount_grosze + self.corrected_by_grosze


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """A month's charges in one line: total with corrections and what is unpaid of it, in grosze; the first due day."""

    month: str
    total_grosze: int
    due_on: date
    unpaid_grosze: int


async def of_month(tx: Connection, grant: LeaseGrant, month: str) -> list[Charge]:
    """The charges of the lease granted for `month` (`YYYY-MM`).

    Raises:
        NotHereError: there is none.
    """
    charges = [charge for charge in await _charges(tx, grant) if charge.month == month]
    if not charges:
        raise NotHereError(f"lease {grant.lease_id} has no charge for {month}")
    return charges


async def by_month(tx: Connection, grant: LeaseGrant) -> list[MonthTotal]:
    """The months charged on the lease granted, newest first."""
    months: dict[str, list[Charge]] = defaultdict(list)
    for charge in await _charges(tx, grant):
        months[charge.month].append(charge)
    return [
        MonthTotal(
            month=month,
            total_grosze=sum(charge.total_grosze for charge in charges),
            due_on=min(charge.due_on for charge in charges),
            unpaid_grosze=sum(charge.unpaid_grosze for charge in charges),
        )
        for month, charges in sorted(months.items(), reverse=True)
    ]


async def charged_components(tx: Connection, leases: Sequence[str], month: str) -> dict[str, set[str]]:
    """Per lease, the components that any source has charged for `month`; for operators' commands."""
    charged: dict[str, set[str]] = defaultdict(set)
    for row in await tx.fetch(CHARGED, leases, month):
        charged[row["lease_id"]].add(row["component"])
    return charged


async def issued(tx: Connection, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (lease id, charge id) the book holds from any source; for operators' commands."""
    rows = await tx.fetch(ISSUED, [lease_id for lease_id, _ in pairs], [charge_id for _, charge_id in pairs])
    return {(row["lease_id"], row["charge_id"]) for row in rows}


async def _charges(tx: Connection, grant: LeaseGrant) -> list[Charge]:
    charges = [_charge(row) for row in await tx.fetch(CHARGES, grant.lease_id)]
    by_id: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        by_id[charge.charge_id].append(charge)
    for row in await tx.fetch(CORRECTIONS, grant.lease_id):
        if row["charge_id"] in by_id:
            named = _named(by_id[row["charge_id"]], row["source"])
            named.corrections.append(msgspec.json.decode(row["data"]))
            named.corrected_by_grosze += row["amount_grosze"]
    for unpaid in await explanation.unpaid_charges(tx, grant):
        if unpaid.charge_id in by_id:
            _named(by_id[unpaid.charge_id], unpaid.source).unpaid_grosze += unpaid.amount_grosze
    return charges


def _named(charges: Sequence[Charge], source: str) -> Charge:
    """The charge that an entry of this source names: its own source's, when two sources use one charge_id."""
    return next((charge for charge in charges if charge.source == source), charges[0])


def _charge(row: Row) -> Charge:
    return Charge(
        source=row["source"],
        charge_id=row["charge_id"],
        month=row["month"],
        due_on=row["due_on"],
        amount_grosze=row["amount_grosze"],
        data=row["data"],
    )
