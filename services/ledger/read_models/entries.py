"""The entries of the book: what was seen, what was claimed, and the lines themselves, which are only ever added."""

from collections.abc import Sequence

from libs.chassis.postgres import Connection
from services.ledger.domain import Arrival, Booked, Sighted
from services.ledger.domain.booking import ClaimKey, EventKey
from services.ledger.read_models.copying import NULL, Rows, rows, text

# Which of these events the book holds: as an entry, or among those that make none. One look-up by key for each event:
# over a young table without statistics, a plain join is planned as a scan of all that has been booked.
SEEN = """
with given as (
    select * from unnest($2::text[], $3::text[], $4::text[], $5::uuid[])
        with ordinality as g (topic, subject, source, id, n)
)
select g.n, e.content_digest, e.partition from given g cross join lateral (
    select content_digest, partition from book_entries
    where book = $1 and lease_id = g.subject and topic = g.topic and source = g.source and id = g.id limit 1
) e
union all
select g.n, s.content_digest, s.partition from given g cross join lateral (
    select content_digest, partition from book_seen
    where book = $1 and topic = g.topic and subject = g.subject and source = g.source and id = g.id limit 1
) s
"""

# Which of these business ids are used up, and the partition of the event that did it; looked up one by one likewise.
CLAIMED = """
select g.lease_id, g.claim, e.partition
from unnest($2::text[], $3::text[]) as g (lease_id, claim) cross join lateral (
    select partition from book_entries where book = $1 and lease_id = g.lease_id and claim = g.claim limit 1
) e
"""

ENTRY_COLUMNS = (
    *("book", "lease_id", "version", "topic", "source", "id", "type", "kind", "amount_grosze", "booked_on", "due_on"),
    *("charge_id", "credit_id", "claim", "month", "partition", "offset", "digest", "content_digest", "data"),
)
SEEN_COLUMNS = ("book", "topic", "subject", "source", "id", "content_digest", "partition")

# Only entries matter here: a state hash at given offsets counts an entry from the first place that was reached.
ADD_REPEATS = """
insert into book_repeats (book, topic, lease_id, source, id, partition, "offset")
select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::bigint[])
on conflict do nothing
"""


async def load_seen(tx: Connection, book: int, arrivals: Sequence[Arrival]) -> dict[EventKey, Sighted]:
    """Which of the events at hand the book holds already."""
    keys = sorted({arrival.key for arrival in arrivals})
    found = await tx.fetch(SEEN, book, *_columns(keys, 4))
    return {keys[row["n"] - 1]: Sighted(row["content_digest"], row["partition"]) for row in found}


async def load_claims(tx: Connection, book: int, claims: Sequence[ClaimKey]) -> dict[ClaimKey, int]:
    """Which of these business ids are used up, each with the partition of the event that used it."""
    if not claims:
        return {}
    found = await tx.fetch(CLAIMED, book, *_columns(sorted(set(claims)), 2))
    return {(row["lease_id"], row["claim"]): row["partition"] for row in found}


def entry_rows(book: int, booked: Sequence[Booked]) -> Rows:
    """Entries to be added to the book, for ever."""
    return rows("book_entries", ENTRY_COLUMNS, [_entry_line(book, item) for item in booked])


def seen_rows(book: int, noted: Sequence[Arrival]) -> Rows:
    """What is to be remembered of events that were taken and are no entry."""
    return rows("book_seen", SEEN_COLUMNS, [_seen_line(book, arrival) for arrival in noted])


async def add_repeats(tx: Connection, book: int, repeated: Sequence[Arrival]) -> None:
    """Remember where entries' events came again in another partition."""
    again = [(*arrival.key, arrival.partition, arrival.offset) for arrival in repeated if arrival.entry is not None]
    if again:
        await tx.execute(ADD_REPEATS, book, *_columns(again, 6))


def _entry_line(book: int, booked: Booked) -> str:
    entry, arrival = booked.entry, booked.arrival
    fact = arrival.fact
    return (
        f"{book}\t{entry.lease_id}\t{booked.version}\t{entry.topic}\t{text(entry.source)}\t{entry.id}\t"
        f"{fact.envelope.type}\t{entry.kind.value}\t{entry.amount_grosze}\t"
        f"{entry.booked_on.isoformat()}\t{entry.due_on or NULL}\t"
        f"{entry.charge_id or NULL}\t{entry.credit_id or NULL}\t{NULL if entry.claim is None else text(entry.claim)}\t"
        f"{entry.month or NULL}\t"
        f"{arrival.partition}\t{arrival.offset}\t\\\\x{entry.digest().hex()}\t\\\\x{fact.content_digest.hex()}\t"
        f"{text(fact.spelling.decode())}\n"
    )


def _seen_line(book: int, arrival: Arrival) -> str:
    topic, subject, source, event_id = arrival.key
    digest = arrival.fact.content_digest.hex()
    return f"{book}\t{topic}\t{subject}\t{text(source)}\t{event_id}\t\\\\x{digest}\t{arrival.partition}\n"


def _columns(given: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    """Rows turned into the columns that `unnest` takes."""
    return [list(column) for column in zip(*given, strict=True)] if given else [[] for _ in range(count)]
