"""Books: which one is live, and the owner's functions that make, fill, switch and drop them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from libs.chassis.postgres import Connection
from services.ledger.domain.booking import EventKey

# Tables with a row for every event; indexed when a book is filled.
FILLED_TABLES: Final = ("book_entries", "book_seen", "book_postings")
INDEX_SECONDS: Final = 3_600.0
COMPARING_SECONDS: Final = 1_800.0  # where a topic was made again, every entry of two books is held against the other's
KEYS_AT_ONCE: Final = 10_000

LIVE = "select book from books where state = 'live'"

# Shared by every transaction of the live projection: a switch waits for them, and they for a switch.
LOCK_SHARED = "select lock_live_book(false)"
LOCK_ALONE = "select lock_live_book(true)"

MAKE = "select make_book($1, $2)"
INDEX = "select index_book($1, $2)"
END_FILLING = "select end_filling($1)"
KEYS = "select topic, subject, source, id, claim from keys_of_filling($1)"
SWITCH = "select switch_book($1, $2::text::jsonb, $3, $4)"
DROP = "select drop_book($1)"
OFFSETS = "select offsets_of($1)"
BUILDING = "select book from books where state in ('filling', 'building')"
IS_FILLING = "select exists (select from books where book = $1 and state = 'filling')"
STANDING = "select book from books where state = 'old' order by book"

# Every book there still is, with how far it is.
LIST = """
select b.book, b.state, b.made_at, b.switched_at,
    (select coalesce(sum(p.next_offset), 0)::bigint from positions p where p.projection = 'book-' || b.book) as records
from books b where b.state <> 'dropped' order by b.book desc
"""


# How far topics were read: {topic: {"id": topic id, "next": {partition: next offset}}}.
Offsets: TypeAlias = dict[str, dict[str, Any]]


class NoLiveBookError(ConnectionError):
    """There is no live book (yet): to whoever asks, the same as a database that is away for a while."""


class Verdict(StrEnum):
    """What came of an attempt to switch."""

    SWITCHED = "switched"
    BEHIND = "behind"
    TOPIC_CHANGED = "topic_changed"
    INCOMPLETE = "incomplete"
    HASH_DIFFERS = "hash_differs"
    NOT_BUILDING = "not_building"


@dataclass(frozen=True, slots=True)
class BookRow:
    """A book: its number, state (`filling`, `building`, `live`, `old`) and how many records it has read."""

    book: int
    state: str
    made_at: datetime
    switched_at: datetime | None
    records: int


def projection_of(book: int) -> str:
    """The name under which the chassis keeps a book's positions."""
    return f"book-{book}"


async def live(tx: Connection) -> int:
    """The number of the live book; raises NoLiveBookError when there is none."""
    book = await live_or_none(tx)
    if book is None:
        raise NoLiveBookError("there is no live book: it is being built, or the projector has never run")
    return book


async def live_or_none(tx: Connection) -> int | None:
    """The number of the live book, if there is one."""
    book: int | None = await tx.fetchval(LIVE)
    return book


async def live_and_locked(tx: Connection) -> int:
    """The live book, which stays live until the transaction ends; raises NoLiveBookError."""
    await tx.execute(LOCK_SHARED)
    return await live(tx)


async def hold_alone(tx: Connection) -> None:
    """Keep the live projection out until the transaction ends."""
    await tx.execute(LOCK_ALONE)


async def make(tx: Connection, greatest_elsewhere: int, *, to_fill: bool = False) -> int:
    """Make a book to be built, numbered above every other and above `greatest_elsewhere`; returns its number.

    One `to_fill` has no indexes on its `FILLED_TABLES` until `index`, and is not switched to before `end_filling`.
    """
    book: int = await tx.fetchval(MAKE, greatest_elsewhere, to_fill)
    return book


def filled_table(table: str, book: int) -> str:
    """The name under which one of the `FILLED_TABLES` is written while a book is filled."""
    return f"{table}_{book}"


async def is_filling(tx: Connection, book: int) -> bool:
    """Whether a book is (still) to be filled."""
    filling: bool = await tx.fetchval(IS_FILLING, book)
    return filling


async def index(tx: Connection, book: int, table: str) -> None:
    """Give one of a filled book's `FILLED_TABLES` its indexes; nothing is done twice."""
    await tx.execute(INDEX, book, table, timeout=INDEX_SECONDS)


async def end_filling(tx: Connection, book: int) -> None:
    """A filled and indexed book is built on like any other; raises asyncpg.RaiseError when it has no indexes."""
    await tx.execute(END_FILLING, book)


async def keys(tx: Connection, book: int) -> AsyncIterator[tuple[EventKey, str | None]]:
    """Every event that a book being filled holds, with the business id it uses up, in a transaction of the caller's."""
    async for row in tx.cursor(KEYS, book, prefetch=KEYS_AT_ONCE):
        yield (row["topic"], row["subject"], row["source"], str(row["id"])), row["claim"]


async def building(tx: Connection) -> int | None:
    """The book being built, if any."""
    book: int | None = await tx.fetchval(BUILDING)
    return book


async def switch(
    tx: Connection, book: int, topic_ids: Mapping[str, str], *, by_operator: bool, seal: str | None = None
) -> Verdict:
    """Make `book` the live one if the owner's function agrees.

    `topic_ids`: the topics' ids of now, by name. `seal`: the hash to reach when there is no live book.
    """
    ids = msgspec.json.encode(topic_ids).decode()
    return Verdict(await tx.fetchval(SWITCH, book, ids, by_operator, seal, timeout=COMPARING_SECONDS))


async def offsets(tx: Connection, book: int) -> Offsets:
    """How far a book has read."""
    found: Offsets = msgspec.json.decode(await tx.fetchval(OFFSETS, book))
    return found


def shared(one: Offsets, other: Offsets) -> Offsets | None:
    """How far both of two books have read; None where a topic was made again between them."""
    topics = one.keys() & other.keys()
    if any(one[topic]["id"] != other[topic]["id"] for topic in topics):
        return None
    return {
        topic: {"id": one[topic]["id"], "next": _least(one[topic]["next"], other[topic]["next"])} for topic in topics
    }


def _least(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {partition: min(one[partition], other[partition]) for partition in one.keys() & other.keys()}


async def drop(tx: Connection, book: int) -> None:
    """Drop a book and all it holds; raises asyncpg.PostgresError for the live one, and when readers are in the way."""
    await tx.execute(DROP, book)


async def old(tx: Connection) -> list[int]:
    """The books that were live before and still stand."""
    return [row["book"] for row in await tx.fetch(STANDING)]


async def listed(tx: Connection) -> list[BookRow]:
    """Every book there still is, newest first."""
    return [BookRow(*row.values()) for row in await tx.fetch(LIST)]
