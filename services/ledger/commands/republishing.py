"""Publishing everything again, when Kafka was lost: own events, company systems' records, and balances as they are."""

from collections.abc import Callable
from typing import Final

from libs.chassis.outbox import republish
from libs.chassis.postgres import Database
from services.ledger.commands.announcing import Announcer
from services.ledger.read_models import balance, books, records

ANNOUNCED_AT_ONCE: Final = 1_000  # leases of one transaction


class Republisher:
    """Queues all of it; readers drop what they have seen. `tell` hears what was queued, and how much of it so far."""

    def __init__(self, database: Database, announcer: Announcer, tell: Callable[[str, int], None]) -> None:
        """Keep where it lies, and who listens."""
        self._database = database
        self._announcer = announcer
        self._tell = tell

    async def run(self) -> dict[str, int]:
        """Queue own events, company records and balances; returns how many of each."""
        queued = {"events": 0, "records": 0, "balances": 0}
        async for queued["events"] in republish(self._database):
            self._tell("events", queued["events"])
        async for queued["records"] in republish(self._database, records.QUEUE_AGAIN):
            self._tell("records", queued["records"])
        after = ""
        while True:
            async with self._database.transaction() as tx:
                book = await books.live_or_none(tx)
                page = {} if book is None else await balance.accounts_after(tx, book, after, ANNOUNCED_AT_ONCE)
                if book is None or not page:
                    return queued
                await self._announcer.announce(tx, book, page)
            after = max(page)
            queued["balances"] += len(page)
            self._tell("balances", queued["balances"])
