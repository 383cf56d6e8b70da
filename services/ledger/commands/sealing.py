"""Sealing: every ten minutes with changes, and on demand, the ledger publishes what its book is."""

import asyncio
from datetime import timedelta
from typing import Final

from libs.chassis.event_store import EventStore, decided_again, utc_now
from libs.chassis.logs import logger
from libs.chassis.pausing import pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Connection, Database
from libs.events.ledger import BookSealed, TopicOffsets
from libs.events.names import SEALS_KEY
from services.ledger.read_models import books, seals, state

SEAL_EVERY: Final = timedelta(minutes=10)
LOOK_SECONDS: Final = 30.0  # how often the age of the last seal is looked at


class Sealer:
    """Seals the live book."""

    def __init__(self, database: Database, store: EventStore) -> None:
        """Keep where the book is, and the store that seals are appended to."""
        self._database = database
        self._store = store

    async def seal(self) -> BookSealed | None:
        """Seal the live book as it is; None when nothing has changed since the last seal.

        Raises:
            NoLiveBookError: there is no book to seal.
        """
        return await decided_again(self._seal_once)

    async def run(self, stop: asyncio.Event) -> None:
        """Seal whenever the last seal is ten minutes old, until told to stop."""
        while not stop.is_set():
            try:
                if await self._is_time():
                    await self.seal()
            except books.NoLiveBookError:
                logger(__name__).info("no book to seal yet")
            except (*UNAVAILABLE, *CONFLICT) as error:
                logger(__name__).warning("book not sealed, trying again", error=repr(error))
            await pause(stop, LOOK_SECONDS)

    async def _is_time(self) -> bool:
        async with self._database.connection() as connection:
            last = await seals.last(connection)
        return last.recorded_at is None or utc_now() - last.recorded_at >= SEAL_EVERY

    async def _seal_once(self) -> BookSealed | None:
        async with self._database.transaction("repeatable_read") as tx:
            last = await seals.last(tx)
            book = await books.live(tx)
            if last.seal is not None and await _unchanged(tx, book, last.seal):
                return None
            found = await state.of_book(tx, book)
            seal = BookSealed(
                book=book,
                offsets=_typed(found.offsets),
                entries=found.entries,
                leases=found.leases,
                state_hash=found.hash,
                content_hash=found.content_hash,
                set_aside=found.set_aside,
                previous_seal=last.hash,
            )
            await self._store.append(tx, SEALS_KEY, last.version, [seal])
            return seal


def _typed(offsets: books.Offsets) -> dict[str, TopicOffsets]:
    return {topic: TopicOffsets(**each) for topic, each in offsets.items()}


async def _unchanged(tx: Connection, book: int, seal: BookSealed) -> bool:
    """Whether the book stands where the seal was made: the same records read, as many of them set aside."""
    if seal.book != book or seal.offsets != _typed(await books.offsets(tx, book)):
        return False
    return seal.set_aside == await state.set_aside(tx)
