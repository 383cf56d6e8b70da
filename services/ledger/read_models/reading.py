"""Whether the live book has read everything: what an operator's command waits for before it trusts the book."""

import asyncio
from typing import Final

from libs.chassis.postgres import Connection, Database
from services.ledger.read_models.balance import BOOK_PARTITIONS, BOOK_TOPICS

LOOK_SECONDS: Final = 0.5

# The time of day by the database's clock, by which confirmations are dated.
NOW = "select clock_timestamp()::text"

# Everything of the ledger's own that was queued for the book's topics has left the outbox ($2), and since $1 every
# partition was confirmed to be read to its end ($3: how many there are).
READ_SINCE = """
select not exists (select from outbox where topic = any($2::text[])) and (
    select count(*) from caught_up c join books b on b.state = 'live' and c.projection = 'book-' || b.book
    where c.at >= $1::text::timestamptz
) >= $3
"""


class NotCaughtUpError(Exception):
    """The book has not read everything within the time given."""


async def wait_until_read(database: Database, seconds: float) -> None:
    """Wait until the live book holds all that was published before this call.

    Raises:
        NotCaughtUpError: it does not after `seconds`.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    async with database.connection() as connection:
        since: str = await connection.fetchval(NOW)
        while not await _read_since(connection, since):
            if loop.time() > until:
                raise NotCaughtUpError(
                    f"the book has not read everything within {seconds:.0f} s: is the projector running?"
                )
            await asyncio.sleep(LOOK_SECONDS)


async def _read_since(connection: Connection, since: str) -> bool:
    read: bool = await connection.fetchval(READ_SINCE, since, BOOK_TOPICS, BOOK_PARTITIONS)
    return read
