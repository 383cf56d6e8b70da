"""Names for staff: of the accounts they ask about, and of their colleagues who take care of matters."""

from collections.abc import Sequence

from libs.chassis.postgres import Connection

NAMES = """
select a.account_id, coalesce(p.given_name || ' ' || p.family_name, a.name, a.login) as name
from accounts a left join people p using (person_id) where a.account_id = any($1::text[])
"""
STAFF = """
select a.account_id, coalesce(a.name, a.login) as name from accounts a
where a.closed_on is null and exists (
    select from staff_roles r where r.account_id = a.account_id and r.role in ('clerk', 'operator'))
order by 2
"""


async def names(tx: Connection, account_ids: Sequence[str]) -> dict[str, str]:
    """Return names by account; of staff without one, the login."""
    return {row["account_id"]: row["name"] for row in await tx.fetch(NAMES, account_ids)}


async def staff(tx: Connection) -> dict[str, str]:
    """Return the names of clerks and operators by account, in their order."""
    return {row["account_id"]: row["name"] for row in await tx.fetch(STAFF)}
