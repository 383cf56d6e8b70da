"""Records put off while a book is filled: kept as they came, and read again when its indexes stand."""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Final

from libs.chassis.kafka import Record
from libs.chassis.kept_records import columns_of, record_of
from libs.chassis.postgres import Connection, Database

PAGE_RECORDS: Final = 5_000

KEEP = """
insert into book_put_off (book, topic, topic_id, partition, "offset", key, value, headers)
select $1, * from unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::bytea[], $7::bytea[], $8::jsonb[])
"""

PAGE = """
select topic, topic_id, partition, "offset", key, value, headers from book_put_off
where book = $1 and (topic_id, partition, "offset") > ($2, $3, $4) order by topic_id, partition, "offset" limit $5
"""

COUNT = "select count(*) from book_put_off where book = $1"


async def keep(tx: Connection, book: int, records: Sequence[Record]) -> None:
    """Put records off, in the transaction that moves the position over them."""
    if not records:
        return
    await tx.execute(KEEP, book, *columns_of(records))


async def count(tx: Connection, book: int) -> int:
    """How many records are put off."""
    records: int = await tx.fetchval(COUNT, book)
    return records


async def batches(database: Database, book: int) -> AsyncIterator[list[Record]]:
    """All records put off, in batches of one partition each, in its order."""
    last = ("", -1, -1)
    while True:
        async with database.connection() as connection:
            rows = await connection.fetch(PAGE, book, *last, PAGE_RECORDS)
        for _, group in groupby(rows, key=lambda row: (row["topic_id"], row["partition"])):
            yield [record_of(row) for row in group]
        if len(rows) < PAGE_RECORDS:
            return
        last = (rows[-1]["topic_id"], rows[-1]["partition"], rows[-1]["offset"])
