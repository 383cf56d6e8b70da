"""Who may see which lease, as `iok.leases` tells it."""

from collections.abc import Collection, Sequence

from libs.chassis.postgres import Connection
from services.identity.domain.leases import Lease

# One batch at a time, over all partitions: the events of a lease may lie in several.
LOCK = "select pg_advisory_xact_lock(hashtext('iok-identity-leases'))"

# Leases to be changed.
LOAD = """
select lease_id, source, signed, number, address, version, changed, ended_on,
    array(select person_id from lease_parties p where p.lease_id = l.lease_id order by person_id) as person_ids,
    array(select role from lease_parties p where p.lease_id = l.lease_id order by person_id) as party_roles
from leases l where lease_id = any($1::text[])
"""
SAVE = """
insert into leases (lease_id, source, signed, number, address, version, changed, ended_on)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (lease_id) do update set source = excluded.source, signed = excluded.signed, number = excluded.number,
    address = excluded.address, version = excluded.version, changed = excluded.changed, ended_on = excluded.ended_on
"""
DROP_PARTIES = "delete from lease_parties where lease_id = any($1::text[])"
ADD_PARTIES = """
insert into lease_parties (lease_id, person_id, role) select * from unnest($1::text[], $2::text[], $3::text[])
"""

# The leases a person may see.
OF_PERSON = """
select lease_id, role from lease_parties join leases using (lease_id) where person_id = $1 and signed order by lease_id
"""


async def load(tx: Connection, lease_ids: Collection[str]) -> dict[str, Lease]:
    """Leases to be changed, by id, one not known yet is empty; other batches wait until the transaction ends."""
    await tx.execute(LOCK)
    found = {lease_id: Lease(lease_id) for lease_id in lease_ids}
    for row in await tx.fetch(LOAD, list(lease_ids)):
        found[row["lease_id"]] = Lease(
            lease_id=row["lease_id"],
            source=row["source"],
            signed=row["signed"],
            number=row["number"],
            address=row["address"],
            parties=dict(zip(row["person_ids"], row["party_roles"], strict=True)),
            version=row["version"],
            changed=row["changed"],
            ended_on=row["ended_on"],
        )
    return found


async def save(tx: Connection, leases: Sequence[Lease]) -> None:
    """Write leases down as they are now, with exactly their parties."""
    await tx.executemany(
        SAVE,
        [
            (
                lease.lease_id,
                lease.source,
                lease.signed,
                lease.number,
                lease.address,
                lease.version,
                lease.changed,
                lease.ended_on,
            )
            for lease in leases
        ],
    )
    parties = [(lease.lease_id, person_id, role) for lease in leases for person_id, role in lease.parties.items()]
    await tx.execute(DROP_PARTIES, [lease.lease_id for lease in leases])
    await tx.execute(ADD_PARTIES, *([list(column) for column in zip(*parties, strict=True)] or ([], [], [])))


async def of_person(tx: Connection, person_id: str | None) -> dict[str, str]:
    """Lease id -> the person's role in it; staff (None) have none."""
    if person_id is None:
        return {}
    return {row["lease_id"]: row["role"] for row in await tx.fetch(OF_PERSON, person_id)}
