"""What a book being built could not take: kept beside it, and put on the desk when the book goes live."""

import json
from collections.abc import Sequence

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
    records = [item.record for item in items]
    await tx.execute(
        KEEP,
        book,
        [record.topic for record in records],
        [record.topic_id for record in records],
        [record.partition for record in records],
        [record.offset for record in records],
        [record.key for record in records],
        [record.value for record in records],
        [json.dumps([[name, (value or b"").hex()] for name, value in record.headers]) for record in records],
        [item.reason for item in items],
        [item.detail.replace("\x00", "") for item in items],
    )
