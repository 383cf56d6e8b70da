"""Which accounts leases named, now or ever: by them transfers are matched."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from libs.chassis.postgres import Connection

# Accounts as the owner of a lease told them; what others say of it is not taken.
TELL = """
insert into lease_accounts (account, lease_id)
select distinct g.account, g.lease_id
from unnest($1::text[], $2::text[], $3::text[]) as g (lease_id, account, source)
join leases l on (l.lease_id, l.source) = (g.lease_id, g.source)
order by 1, 2
on conflict do nothing
"""

# The leases of accounts, and of virtual accounts by the payer's id at their end.
FIND = """
select account, lease_id from lease_accounts where account = any($1::text[])
union
select account, lease_id from lease_accounts where right(account, 12) = any($2::text[])
"""


@dataclass(frozen=True, slots=True)
class ToldAccount:
    """An account (26 digits) of a lease, as a source tells it."""

    lease_id: str
    account: str
    source: str


async def project(tx: Connection, told: Sequence[ToldAccount]) -> None:
    """Take accounts, after their leases; the same again changes nothing."""
    if told:
        await tx.execute(
            TELL, [each.lease_id for each in told], [each.account for each in told], [each.source for each in told]
        )


async def find(tx: Connection, accounts: Collection[str], payer_ids: Collection[str]) -> list[tuple[str, str]]:
    """Which leases these numbers may belong to, as (account, lease)."""
    rows = await tx.fetch(FIND, list(accounts), list(payer_ids))
    return [(row["account"], row["lease_id"]) for row in rows]
