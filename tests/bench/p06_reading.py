"""P6 and P7: one lease with ten thousand entries: a balance at a past date, and the first page of its history."""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from statistics import quantiles
from typing import Final

from services.ledger.app import projector
from services.ledger.read_models import balance, books, history
from services.ledger.read_models.grants import LeaseGrant
from tests.bench.book_events import lease_id, records
from tests.bench.books import empty_shelf
from tests.bench.figures import Bar, Round
from tests.bench.workshop import Measure, RunRound, Workshop

ENTRIES: Final = 10_000
FEW_ENTRIES: Final = 100
ASKED: Final = 60
PAGES: Final = 400
PAGE_ENTRIES: Final = 20
TODAY: Final = date(2500, 1, 1)
BATCH_RECORDS: Final = 5_000

PAST = Bar("P6", "balance at a past date, lease of 10,000 entries, CPU", "", 2, 1.2, more_is_better=False)
PAGE = Bar("P7", "first page of history, 10,000 entries to 100, p99", "", 1.5, 1.1, more_is_better=False)


async def prepare(shop: Workshop) -> RunRound:
    """Make a live book with a lease of many entries and one of few among others."""
    on = await empty_shelf(shop)
    async with on.database.transaction() as tx:
        number = await books.make(tx, 0)
        await books.switch(tx, number, {}, by_operator=False)
    for leases, entries, first in ((1, ENTRIES, 0), (1, FEW_ENTRIES, 1)):
        for log in records(leases, entries * 3 // 2 + 2, first_lease=first).values():
            for n in range(0, len(log), BATCH_RECORDS):
                async with on.database.transaction() as tx:
                    await projector(on.settings).take(tx, number, log[n : n + BATCH_RECORDS])
    many, few = LeaseGrant(lease_id(0)), LeaseGrant(lease_id(1))

    async def one() -> Mapping[str, Round]:
        async with on.database.connection() as connection:
            middle = await connection.fetchval(
                "select booked_on from entries where lease_id = $1 order by booked_on desc offset $2 limit 1",
                *(many.lease_id, ENTRIES // 100),
            )
            now = await _each(ASKED, lambda: balance.balance(connection, many, None, TODAY))
            past = await _each(ASKED, lambda: balance.balance(connection, many, middle, TODAY))
            long = await _each(PAGES, lambda: history.page(connection, many, PAGE_ENTRIES, None))
            short = await _each(PAGES, lambda: history.page(connection, few, PAGE_ENTRIES, None))
        details = {"now ms": 1000 * sum(now) / ASKED, "past ms": 1000 * sum(past) / ASKED}
        p99 = {"10,000 p99 ms": 1000 * _p99(long), "100 p99 ms": 1000 * _p99(short)}
        return {
            PAST.number: Round(sum(past) / sum(now), None, details),
            PAGE.number: Round(_p99(long) / _p99(short), None, p99),
        }

    return one


async def _each(times: int, ask: Callable[[], Awaitable[object]]) -> list[float]:
    """Seconds of each call, one after the other: nothing else goes on, so it is CPU here and in PostgreSQL."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        found.append(time.perf_counter() - began)
    return found


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98]


MEASURE = Measure(
    (PAST, PAGE),
    prepare,
    300,
    "One lease with 10,000 entries and one with 100, asked for one after the other through the read models; the past "
    "date leaves out the last hundredth of the entries.",
)
