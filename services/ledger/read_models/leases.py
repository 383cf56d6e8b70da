"""Leases as their events tell them: the whole state of the latest LeaseSigned or LeaseChanged of its source."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec

from libs.chassis.postgres import Connection, Row
from libs.events.envelope import canonical
from services.ledger.domain import HeldLease
from services.ledger.read_models.books import KEYS_AT_ONCE
from services.ledger.read_models.grants import LeaseGrant, NotHereError

LOAD = """
select lease_id, source, signed, terms, ended_on from book_leases where book = $1 and lease_id = any($2::text[])
"""

EVERY = "select lease_id from book_leases where book = $1"

STORE = """
insert into book_leases (book, lease_id, source, signed, terms, ended_on)
select $1, lease_id, source, signed, terms, ended_on::date
from unnest($2::text[], $3::text[], $4::boolean[], $5::json[], $6::text[])
    as g (lease_id, source, signed, terms, ended_on)
on conflict (book, lease_id) do update
set source = excluded.source, signed = excluded.signed, terms = excluded.terms, ended_on = excluded.ended_on
"""

LEASE = "select terms, ended_on from leases where lease_id = $1"

# The tenant's own leases, for choosing between them.
OWN = """
select lease_id, terms ->> 'number' as number, terms -> 'premises' ->> 'address' as address,
    terms -> 'premises' ->> 'kind' as kind
from leases where lease_id = any($1::text[]) order by lease_id
"""

# Signed leases of the live book after a given one, page by page, for charge runs.
PAGE = "select lease_id, terms, ended_on from leases where lease_id > $1 order by lease_id limit $2"

# Signed leases in whose number, id and address every word is found; by id, after a given one.
FOUND = """
select lease_id, terms ->> 'number' as number, terms -> 'premises' ->> 'address' as address,
    terms -> 'premises' ->> 'kind' as kind
from leases
where lease_id > $2 and folded(concat_ws(' ', terms ->> 'number', lease_id, terms -> 'premises' ->> 'address'))
    like all (select folded(w) from unnest($1::text[]) w)
order by lease_id limit $3
"""

OWNERS = "select lease_id, source from leases where lease_id = any($1::text[])"

# Leases with entries that nobody has signed (yet): "bez umowy".
UNSIGNED = """
select b.lease_id, b.version, b.balance_grosze from lease_balances b
where b.version > 0 and not exists (select from leases l where l.lease_id = b.lease_id)
order by b.lease_id limit $1
"""


class ChargeTerms(msgspec.Struct, frozen=True):
    """What of a lease's latest whole state a charge rests on; the rest is passed over, unread."""

    starts_on: date
    due_day: int
    charge_lines: list[dict[str, Any]]
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A signed lease, for charge runs."""

    lease_id: str
    terms: ChargeTerms
    ended_on: date | None


_charge_terms: Final = msgspec.json.Decoder(ChargeTerms)


@dataclass(frozen=True, slots=True)
class LeaseName:
    """A lease as a tenant tells it from another; `kind` is `dwelling` or `commercial`."""

    lease_id: str
    number: str
    address: str
    kind: str


async def load(tx: Connection, book: int, leases: Sequence[str]) -> dict[str, HeldLease]:
    """The leases at hand, as the book holds them."""
    if not leases:
        return {}
    return {
        row["lease_id"]: HeldLease(
            row["source"],
            row["signed"],
            None if row["terms"] is None else msgspec.json.decode(row["terms"]),
            None if row["ended_on"] is None else row["ended_on"].isoformat(),
        )
        for row in await tx.fetch(LOAD, book, leases)
    }


async def every(tx: Connection, book: int) -> AsyncIterator[str]:
    """Every lease that events told of in `book`, in a transaction of the caller's; for a filling that goes on."""
    async for row in tx.cursor(EVERY, book, prefetch=KEYS_AT_ONCE):
        yield row["lease_id"]


async def store(tx: Connection, book: int, leases: Mapping[str, HeldLease]) -> None:
    """Bring leases forward."""
    if not leases:
        return
    await tx.execute(
        STORE,
        book,
        list(leases),
        [lease.source for lease in leases.values()],
        [lease.signed for lease in leases.values()],
        [None if lease.terms is None else canonical(lease.terms).decode() for lease in leases.values()],
        [lease.ended_on for lease in leases.values()],
    )


async def lease(tx: Connection, grant: LeaseGrant) -> dict[str, Any]:
    """The lease granted: its terms under their own names, with `lease_id` and `ended_on` (or None).

    Raises:
        NotHereError: nobody has signed it.
    """
    row = await tx.fetchrow(LEASE, grant.lease_id)
    if row is None:
        raise NotHereError(f"lease {grant.lease_id} is not signed")
    ended_on = None if row["ended_on"] is None else row["ended_on"].isoformat()
    return {**msgspec.json.decode(row["terms"]), "lease_id": grant.lease_id, "ended_on": ended_on}


async def own_leases(tx: Connection, grants: Sequence[LeaseGrant]) -> list[LeaseName]:
    """The leases granted that are signed, by their ids."""
    return [LeaseName(*row.values()) for row in await tx.fetch(OWN, [grant.lease_id for grant in grants])]


async def page(tx: Connection, after: str, limit: int) -> list[LeaseRow]:
    """At most `limit` signed leases of the live book whose id is greater than `after`; for operators' commands."""
    return [_row(row) for row in await tx.fetch(PAGE, after, limit)]


async def found(tx: Connection, words: Sequence[str], after: str, limit: int) -> list[LeaseName]:
    """At most `limit` leases that all of these LIKE patterns name, whose id is greater than `after`; for staff."""
    return [LeaseName(*row.values()) for row in await tx.fetch(FOUND, words, after, limit)]


async def owners(tx: Connection, leases: Sequence[str]) -> dict[str, str]:
    """The source that each of these signed leases belongs to; for operators' commands."""
    return {row["lease_id"]: row["source"] for row in await tx.fetch(OWNERS, leases)}


async def unsigned(tx: Connection, limit: int) -> list[Row]:
    """Leases with entries that nobody has signed, at most `limit`: (lease_id, version, balance_grosze)."""
    return await tx.fetch(UNSIGNED, limit)


def _row(row: Row) -> LeaseRow:
    return LeaseRow(row["lease_id"], _charge_terms.decode(row["terms"]), row["ended_on"])
