"""P12: the state hash and `verify`, against reading the same rows by COPY TO."""

import time
from collections.abc import Mapping

import asyncpg

from services.ledger.app import rebuild, sealer, verifier
from services.ledger.read_models import books, state
from tests.bench.books import Shelf, shelf, until_published
from tests.bench.figures import Bar, Round
from tests.bench.workshop import Measure, RunRound, Workshop

LIMIT = "COPY TO of the same rows"
HASH = Bar("P12 state-hash", "state hash of a whole book", "entries/s", 0.3, 0.5, limit=LIMIT)
VERIFY = Bar("P12 verify", "verify of a sealed book", "entries/s", 0.3, 0.5, limit=LIMIT)


async def prepare(shop: Workshop) -> RunRound:
    """Make a live book of the size, sealed."""
    on = await shelf(shop, shop.size)
    await rebuild(on.settings, on.database).run(lambda _: None, by_operator=True)
    await shop.service("ledger", "relay", environment=on.schema.environment() | on.topics.environment())
    await sealer(on.database).seal()
    await until_published(on)

    async def one() -> Mapping[str, Round]:
        async with on.database.connection() as connection:
            number = await books.live(connection)
        began = time.perf_counter()
        async with on.database.transaction("repeatable_read", readonly=True) as tx:
            found = await state.of_book(tx, number)
        hashed = time.perf_counter() - began
        began = time.perf_counter()
        verified = await verifier(on.settings, on.database).run()
        proven = time.perf_counter() - began
        if verified.faults:
            raise RuntimeError(f"the book is not true: {verified.faults[:3]}")
        entries, everything = await _read(on, number)
        return {
            HASH.number: Round(found.entries / hashed, found.entries / entries),
            VERIFY.number: Round(
                found.entries / proven, found.entries / everything, {"read again": verified.read_again}
            ),
        }

    return one


async def _read(on: Shelf, number: int) -> tuple[float, float]:
    """Seconds that COPY TO takes for the entries, and for all that `verify` looks at."""
    admin = await asyncpg.connect(on.schema.admin_dsn)
    try:
        took = {}
        for table in ("book_entries", "book_postings", "book_balances", "book_trial"):
            began = time.perf_counter()
            await admin.copy_from_table(f"{table}_{number}", output=_thrown_away)
            took[table] = time.perf_counter() - began
    finally:
        await admin.close()
    return took["book_entries"], sum(took.values())


async def _thrown_away(_: bytes) -> None:
    return None


MEASURE = Measure(
    (HASH, VERIFY),
    prepare,
    1_200,
    "A book of the size, live and sealed; `verify` also reads again from Kafka what no seal vouches for: transfers.",
)
