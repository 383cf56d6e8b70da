"""People: contact data as imported, kept here only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.chassis.postgres import Connection
from services.identity.domain.people import Person

# New people, many at once.
ADD = """
insert into people (person_id, given_name, family_name, email, nip, pesel_hash, content_hash, imported_at)
select *, $8::timestamptz
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[])
"""

# Which of these people are known, and with what content.
KNOWN = "select person_id, content_hash from people where person_id = any($1::text[])"

# Whether the table is there and answers.
ANSWERS = "select exists (select from people)"

# How many people there are.
COUNT = "select count(*) from people"


@dataclass(frozen=True, slots=True)
class HashedPerson:
    """A person with the keyed hashes that are kept of them."""

    person: Person
    pesel_hash: bytes | None
    content_hash: bytes


async def add(tx: Connection, people: Sequence[HashedPerson], now: datetime) -> None:
    """Write new people down."""
    await tx.execute(
        ADD,
        [hashed.person.person_id for hashed in people],
        [hashed.person.given_name for hashed in people],
        [hashed.person.family_name for hashed in people],
        [hashed.person.email for hashed in people],
        [hashed.person.nip for hashed in people],
        [hashed.pesel_hash for hashed in people],
        [hashed.content_hash for hashed in people],
        now,
    )


async def known(tx: Connection, person_ids: Sequence[str]) -> dict[str, bytes]:
    """Person id -> keyed hash of the line imported, for those of the people that are known."""
    rows = await tx.fetch(KNOWN, person_ids)
    return {row["person_id"]: bytes(row["content_hash"]) for row in rows}


async def answers(tx: Connection) -> None:
    """Ask the least question there is; raises what PostgreSQL raises while it is away or its schema missing."""
    await tx.fetchval(ANSWERS)


async def count(tx: Connection) -> int:
    """How many people are known."""
    return int(await tx.fetchval(COUNT))
