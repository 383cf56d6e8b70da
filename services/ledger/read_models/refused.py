"""What a book being built could not take: kept beside it, and put on the desk when the book goes live."""

from collections.abc import Sequence

from libs.chassis.kept_records import columns_of, storable
from libs.chassis.postgres import Connection
from libs.chassis.projection import SetAside

KEEP = """
insert into book_refused (book, topic, topic_id, partition, "offset", key, value, headers, reason, detail)
select $1, * from unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::bytea[], $7::bytea[], $8::jsonb[],
    $9::text[], $10::text[])
on conflict (book, topic_id, partition, "offset") do nothing
"""


async def keep(tx: Connection, book: int, items: Sequence[SetAside]) -> None:
    """Keep records that `book` could not take."""
    if not items:
        return
    await tx.execute(
        KEEP,
        book,
        *columns_of([item.record for item in items]),
        [item.reason for item in items],
        [storable(item.detail) for item in items],
    )
