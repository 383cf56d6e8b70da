"""Leases that payments knows of, with their numbers: heard on iok.leases, asked before anything is paid."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from libs.chassis.postgres import Connection

# Leases as signed. A lease is the source's whose LeaseSigned was read first, here or earlier; what others say of it, or
# anybody before that, is not taken. Sorted by lease: two writers cannot deadlock.
SIGN = """
with given as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::boolean[])
        with ordinality as g (lease_id, number, source, signs, n)
), owned as (
    select distinct on (g.lease_id) g.lease_id, coalesce(known.source, g.source) as source
    from given g left join leases known using (lease_id)
    where g.signs or known.lease_id is not null order by g.lease_id, g.n
)
insert into leases as l (lease_id, number, source)
select distinct on (lease_id) lease_id, number, source
from given join owned using (lease_id, source) order by lease_id, n desc
on conflict (lease_id) do update set number = excluded.number where l.source = excluded.source
"""

# Whose the leases are that are known.
OWNERS = "select lease_id, source from leases where lease_id = any($1::text[])"

NUMBER = "select number from leases where lease_id = $1"

# The same, and whoever else appends to this lease's stream waits: cheaper than deciding in vain, and again.
LOCK = "select number from leases where lease_id = $1 for no key update"

# Leases, locked in one order: whoever else appends to their streams waits until the transaction ends.
LOCK_ALL = "select lease_id from leases where lease_id = any($1::text[]) order by lease_id for no key update"

# A lease by its id or by the number of its contract, as a person writes it; a number may be two leases'.
NAMED = "select lease_id from leases where lease_id = $1 or number = $1 order by lease_id limit 2"


@dataclass(frozen=True, slots=True)
class ToldLease:
    """A lease as a source tells it; `signs`: by a LeaseSigned."""

    lease_id: str
    number: str
    source: str
    signs: bool


async def project(tx: Connection, leases: Sequence[ToldLease]) -> None:
    """Take leases as signed or changed; the same again changes nothing."""
    if leases:
        await tx.execute(
            SIGN,
            [lease.lease_id for lease in leases],
            [lease.number for lease in leases],
            [lease.source for lease in leases],
            [lease.signs for lease in leases],
        )


async def owners(tx: Connection, lease_ids: Collection[str]) -> dict[str, str]:
    """Lease -> the source it belongs to, for those that are known."""
    return {row["lease_id"]: row["source"] for row in await tx.fetch(OWNERS, list(lease_ids))}


async def lock(tx: Connection, lease_id: str) -> str | None:
    """The number of a lease's contract, with the lease locked until the transaction ends; None when there is none."""
    number: str | None = await tx.fetchval(LOCK, lease_id)
    return number


async def number_of(tx: Connection, lease_id: str) -> str | None:
    """The number of a lease's contract, None when there is no such lease."""
    number: str | None = await tx.fetchval(NUMBER, lease_id)
    return number


async def lock_all(tx: Connection, lease_ids: Collection[str]) -> None:
    """Hold leases until the transaction ends."""
    await tx.execute(LOCK_ALL, sorted(lease_ids))


async def named(tx: Connection, text: str) -> str | None:
    """The lease of an id or a contract's number; None when there is none, or more than one."""
    rows = await tx.fetch(NAMED, text)
    return rows[0]["lease_id"] if len(rows) == 1 else None
