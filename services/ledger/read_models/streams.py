"""Stream versions: the greatest of each stream and the gaps below it, which the panel shows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from libs.chassis.postgres import Connection
from services.ledger.domain import StreamHead, StreamKey
from services.ledger.read_models.books import KEYS_AT_ONCE
from services.ledger.read_models.copying import Rows, rows, text

COLUMNS = ("book", "topic", "subject", "source", "version", "missing")

LOAD = """
select s.topic, s.subject, s.source, s.version, s.missing
from unnest($2::text[], $3::text[], $4::text[]) as g (topic, subject, source)
join book_streams s on s.book = $1 and s.topic = g.topic and s.subject = g.subject and s.source = g.source
"""

# `missing` travels as text ("{1,2,5,5}"): unnest takes no arrays of different lengths.
STORE = """
insert into book_streams as s (book, topic, subject, source, version, missing)
select $1, t, u, v, n, m::bigint[]
from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) as g (t, u, v, n, m)
on conflict (book, topic, subject, source) do update set version = excluded.version, missing = excluded.missing
"""

# Streams for the heads of which a book being filled must look.
ALL = "select topic, subject, source from book_streams where book = $1"

# Streams with gaps, for the panel.
GAPS = """
select topic, subject, source, version, missing from book_streams
where book = $1 and cardinality(missing) > 0 order by topic, subject, source limit $2
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stream of which versions never came: the greatest version, and the missing ones as ranges (first, last)."""

    topic: str
    subject: str
    source: str
    head: StreamHead


async def load(tx: Connection, book: int, streams: Sequence[StreamKey]) -> dict[StreamKey, StreamHead]:
    """The heads of the streams at hand."""
    ordered = sorted(set(streams))
    found = await tx.fetch(LOAD, book, *[[stream[n] for stream in ordered] for n in range(3)])
    return {(row["topic"], row["subject"], row["source"]): _head(row["version"], row["missing"]) for row in found}


def new_rows(book: int, heads: Mapping[StreamKey, StreamHead]) -> Rows:
    """Heads to be added, in a book where their streams are certainly new."""
    lines = [
        f"{book}\t{topic}\t{subject}\t{text(source)}\t{head.version}\t{_text(head.missing)}\n"
        for (topic, subject, source), head in heads.items()
    ]
    return rows("book_streams", COLUMNS, lines)


async def store(tx: Connection, book: int, heads: Mapping[StreamKey, StreamHead]) -> None:
    """Bring heads forward."""
    if not heads:
        return
    ordered = sorted(heads)
    await tx.execute(
        STORE,
        book,
        *[[stream[n] for stream in ordered] for n in range(3)],
        [heads[stream].version for stream in ordered],
        [_text(heads[stream].missing) for stream in ordered],
    )


async def every(tx: Connection, book: int) -> AsyncIterator[StreamKey]:
    """Every stream with a head in `book`, in a transaction of the caller's."""
    async for row in tx.cursor(ALL, book, prefetch=KEYS_AT_ONCE):
        yield row["topic"], row["subject"], row["source"]


async def gaps(tx: Connection, book: int, limit: int) -> list[Gap]:
    """Streams with gaps, at most `limit`."""
    found = await tx.fetch(GAPS, book, limit)
    return [Gap(row["topic"], row["subject"], row["source"], _head(row["version"], row["missing"])) for row in found]


def _head(version: int, missing: Sequence[int]) -> StreamHead:
    return StreamHead(version, tuple(zip(missing[::2], missing[1::2], strict=True)))


def _text(missing: Sequence[tuple[int, int]]) -> str:
    return "{" + ",".join(f"{first},{last}" for first, last in missing) + "}"
