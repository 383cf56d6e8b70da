"""The words of letters: kept here alone, never in an event, and compared with the digests that events carry."""

from dataclasses import dataclass

from libs.chassis.postgres import Connection
from services.correspondence.domain.matters import Letter, content_digest, matter_number

KEEP = "insert into letters (message_id, matter_id, salt, title, text) values ($1, $2, $3, $4, $5)"

# The next ordinal of a year. Two openings at once queue here, so a year has no gaps; it is one short row lock.
NEXT_ORDINAL = """
insert into matter_numbers as n (year, last_ordinal) values ($1, 1)
on conflict (year) do update set last_ordinal = n.last_ordinal + 1
returning last_ordinal
"""
REGISTER = "insert into matter_register (matter_id, number) values ($1, $2)"

# Letters in the order of their ids, a page at a time, for the check of digests.
PAGE = """
select message_id, salt, title, text,
    array(select content_sha256 from attachments a where a.message_id = l.message_id order by ordinal) as attachments
from letters l where message_id > $1 order by message_id limit $2
"""


@dataclass(frozen=True, slots=True)
class KeptDigest:
    """The digest of a letter as it is kept now."""

    message_id: str
    content_digest: str


async def keep(tx: Connection, matter_id: str, message_id: str, salt: bytes, letter: Letter) -> None:
    """Keep a letter, in the transaction of its event."""
    await tx.execute(KEEP, message_id, matter_id, salt, letter.title, letter.text)


async def register(tx: Connection, matter_id: str, year: int) -> str:
    """Give a new matter its number, such as `K/2026/000123`."""
    number = matter_number(year, await tx.fetchval(NEXT_ORDINAL, year))
    await tx.execute(REGISTER, matter_id, number)
    return number


async def digests(tx: Connection, after_message_id: str, limit: int) -> list[KeptDigest]:
    """Return the digests of the letters kept, by message id."""
    rows = await tx.fetch(PAGE, after_message_id, limit)
    return [
        KeptDigest(
            row["message_id"],
            content_digest(
                row["message_id"], Letter(row["text"], row["title"], tuple(row["attachments"])), bytes(row["salt"])
            ),
        )
        for row in rows
    ]
