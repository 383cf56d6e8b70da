"""P2: the live book's projection with dedupe, against COPY of the rows it leaves."""

import time
from collections.abc import Mapping, Sequence

from libs.chassis.garbage import collect_seldom
from libs.chassis.kafka import Record
from libs.chassis.projection.runner import BATCH_RECORDS
from services.ledger.app import projector
from services.ledger.read_models import books
from tests.bench.book_events import records
from tests.bench.books import LIMIT, Shelf, drop, empty_shelf, limit
from tests.bench.figures import Bar, Round
from tests.bench.workshop import Measure, RunRound, Workshop

LIVE = Bar("P2", "live projection with dedupe", "events/s", 0.4, 0.5, limit=LIMIT)


async def prepare(shop: Workshop) -> RunRound:
    """Make a ledger, and in memory the records that its projector is handed."""
    on = await empty_shelf(shop)
    logs = records(shop.size.leases, shop.size.events)
    batches = [log[n : n + BATCH_RECORDS] for log in logs.values() for n in range(0, len(log), BATCH_RECORDS)]
    count = sum(map(len, batches))
    collect_seldom()  # as the runner does

    async def one() -> Mapping[str, Round]:
        async with on.database.transaction() as tx:
            number = await books.make(tx, 0)
        began = time.perf_counter()
        await _taken(on, number, batches)
        took = time.perf_counter() - began
        most = sum((await limit(on, number)).values())
        await drop(on, number)
        return {LIVE.number: Round(count / took, count / most)}

    return one


async def _taken(on: Shelf, number: int, batches: Sequence[list[Record]]) -> None:
    feeding = projector(on.settings)
    for batch in batches:
        async with on.database.transaction() as tx:
            await feeding.take(tx, number, batch)


MEASURE = Measure(
    (LIVE,),
    prepare,
    900,
    "The projector takes batches of 5,000 records, each one transaction: decoded, looked up, booked, stored. What is "
    "told of balances (`iok.balances`) and Kafka itself are not in it.",
)
