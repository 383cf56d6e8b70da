"""P8: a charge run appends ChargeIssued with its outbox rows, against COPY of exactly those rows."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from datetime import date

import asyncpg

from services.ledger.app import event_store, projector
from services.ledger.commands.charge_run import Charger
from services.ledger.read_models import books
from tests.bench.book_events import records
from tests.bench.books import Shelf, empty_shelf
from tests.bench.figures import Bar, Round
from tests.bench.workshop import Measure, RunRound, Workshop

FIRST_YEAR = 2020

LAST = "select coalesce(max(position), 0) from events"
TABLES = {  # table -> the rows of the last run
    "events": "select * from events where position > $1",
    "outbox": "select * from outbox",
}

# A table with the columns, the indexes and the checks of another.
LIKE = "drop table if exists the_limit; create table the_limit (like {} including all)"

BAR = Bar(
    "P8",
    "charge run: ChargeIssued appended, with the outbox",
    "charges/s",
    0.3,
    0.5,
    limit="COPY of the same rows of events and outbox into tables with the same indexes",
)


async def prepare(shop: Workshop) -> RunRound:
    """Make a live book of signed leases; each round charges another month."""
    on = await empty_shelf(shop)
    leases = shop.size.leases
    async with on.database.transaction() as tx:
        number = await books.make(tx, 0)
        await books.switch(tx, number, {}, by_operator=False)
    for log in records(leases, leases).values():
        async with on.database.transaction() as tx:
            await projector(on.settings).take(tx, number, log)
    admin = await asyncpg.connect(on.schema.admin_dsn)
    shop.ends.push_async_callback(admin.close)
    months = (f"{FIRST_YEAR + n // 12}-{n % 12 + 1:02}" for n in range(10_000))

    async def one() -> Mapping[str, Round]:
        await admin.execute("truncate outbox")
        last = await admin.fetchval(LAST)
        month = next(months)
        began = time.perf_counter()
        done = await Charger(on.database, event_store(), lambda _: None).run(month, date.fromisoformat(f"{month}-01"))
        took = time.perf_counter() - began
        if done.issued != leases:
            raise RuntimeError(f"the run of {month} charged {done.issued} leases instead of {leases}: {done}")
        copied = await _copied(on, last)
        details = {f"limit {table} s": seconds for table, seconds in copied.items()}
        return {BAR.number: Round(leases / took, leases / sum(copied.values()), {"run s": took} | details)}

    return one


async def _copied(on: Shelf, last: int) -> dict[str, float]:
    """Seconds that COPY takes for the rows after position `last`, by table."""
    found: dict[str, float] = {}
    admin = await asyncpg.connect(on.schema.admin_dsn)
    try:
        for table, rows in TABLES.items():
            with tempfile.TemporaryFile() as file:
                await admin.copy_from_query(rows, *([last] if "$1" in rows else []), output=file)
                await asyncio.to_thread(file.seek, 0)
                await admin.execute(LIKE.format(table))
                began = time.perf_counter()
                await admin.copy_to_table("the_limit", source=file)
                found[table] = time.perf_counter() - began
        await admin.execute("drop table the_limit")
    finally:
        await admin.close()
    return found


MEASURE = Measure(
    (BAR,),
    prepare,
    180,
    "Each round charges another month to every lease, four lines each, 500 leases a commit, as `charge-run` does.",
)
