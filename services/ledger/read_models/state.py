"""The state of a book: its hash at offsets, what is set aside below them, and where two books differ."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from libs.chassis.postgres import Connection
from services.ledger.read_models import books
from services.ledger.read_models.books import Offsets

# A hash reads the whole book: no limit for a page fits it.
STATEMENT_SECONDS = 1_800

# A whole book is sorted for its hash, and joined for its proofs: in memory as far as it goes.
ROOM = "set local work_mem = '64MB'"

STATE = "select hash, content_hash, entries, leases from state_hash($1, $2::text::jsonb, $3)"

# Records set aside and not decided; $1: below those offsets (null: all).
SET_ASIDE = """
select count(*) from set_aside s
where s.state = 'set_aside' and ($1::text is null or exists (
    select from places_of($1::text::jsonb) p
    where p.topic = s.topic and p.partition = s.partition and s."offset" < p.next_offset
))
"""

# Leases of which two books hold different entries, or only one of them any.
DIFFERENT = """
select coalesce(n.lease_id, o.lease_id) as lease_id
from lease_hashes($1) n full join lease_hashes($2) o using (lease_id)
where n.lease_hash is distinct from o.lease_hash or n.content_hash is distinct from o.content_hash
order by 1
"""


# What a book holds and another one lacks, by topic and source.
LACKING = "select topic, source, count(*) as entries from lacking($1, $2) group by 1, 2 order by 1, 2"


class NotReachedError(Exception):
    """A book has not read as far as the offsets asked for, or read another topic of the same name."""


@dataclass(frozen=True, slots=True)
class BookState:
    """A book at offsets: hashes in lower-case hex, counts of entries and of leases with entries."""

    book: int
    offsets: Offsets
    hash: str
    content_hash: str
    entries: int
    leases: int
    set_aside: int


async def of_book(
    tx: Connection, book: int, at: Offsets | None = None, late_since: datetime | None = None
) -> BookState:
    """The state of `book` at the offsets `at` (None: all it has read), in the caller's REPEATABLE READ transaction.

    `late_since` leaves out what an operator's decision or a rebuild let in since then.

    Raises:
        NotReachedError: the book cannot tell about these offsets.
    """
    reached = await books.offsets(tx, book)
    if at is not None:
        _check_reached(reached, at)
    text = None if at is None else msgspec.json.encode(at).decode()
    await make_room(tx)
    row = await tx.fetchrow(STATE, book, text, late_since, timeout=STATEMENT_SECONDS)
    if row is None:
        raise NotReachedError(f"book {book} has no state")
    return BookState(
        book=book,
        offsets=reached if at is None else at,
        hash=row["hash"],
        content_hash=row["content_hash"],
        entries=row["entries"],
        leases=row["leases"],
        set_aside=await _set_aside(tx, text),
    )


async def make_room(tx: Connection) -> None:
    """Let statements of this transaction that read a whole book have the memory for it."""
    await tx.execute(ROOM)


async def set_aside(tx: Connection) -> int:
    """How many records are set aside and not decided."""
    return await _set_aside(tx, None)


async def _set_aside(tx: Connection, at: str | None) -> int:
    count: int = await tx.fetchval(SET_ASIDE, at)
    return count


async def different_leases(tx: Connection, book: int, other: int) -> list[str]:
    """The leases of which two books hold different entries."""
    return [row["lease_id"] for row in await tx.fetch(DIFFERENT, book, other, timeout=STATEMENT_SECONDS)]


async def lacking(tx: Connection, book: int, other: int) -> dict[str, int]:
    """How many entries and postings of `book` the `other` one lacks, by "topic source"; empty: none."""
    rows = await tx.fetch(LACKING, book, other, timeout=STATEMENT_SECONDS)
    return {f"{row['topic']} {row['source']}": row["entries"] for row in rows}


def _check_reached(reached: Offsets, at: Offsets) -> None:
    for topic, wanted in at.items():
        if not any(wanted["next"].values()):
            continue
        known = reached.get(topic, {"id": wanted["id"], "next": {}})
        if known["id"] != wanted["id"]:
            raise NotReachedError(f"{topic} has the id {known['id']} now, the offsets speak of {wanted['id']}")
        for partition, next_offset in wanted["next"].items():
            if known["next"].get(partition, 0) < next_offset:
                raise NotReachedError(
                    f"{topic}/{partition} was read to {known['next'].get(partition, 0)}, not {next_offset}"
                )
