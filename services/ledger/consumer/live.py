"""The live projection: sees to it that there is a book, feeds it, and starts afresh when another book goes live."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import asyncpg
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from libs.chassis.kafka import MissingTopicError
from libs.chassis.logs import logger
from libs.chassis.pausing import backoff, pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database
from libs.chassis.settings import KafkaSettings
from services.ledger.consumer.rebuild import Rebuild
from services.ledger.consumer.remembered import greatest_book, seal_chain
from services.ledger.domain import Progress, RebuildRefusal, RebuildRefusedError
from services.ledger.read_models import books

LOOK_SECONDS: Final = 1.0
AWAY = (*UNAVAILABLE, *CONFLICT, KafkaError, KafkaException, MissingTopicError, RebuildRefusedError)

Run = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class LiveProjection:
    """Runs the projection of the live book; `new_run` gives a fresh run of it."""

    def __init__(self, database: Database, kafka: KafkaSettings, rebuild: Rebuild, new_run: Callable[[], Run]) -> None:
        """Keep what a first book is made with, and what feeds it."""
        self._database = database
        self._kafka = kafka
        self._rebuild = rebuild
        self._new_run = new_run

    async def run(self, stop: asyncio.Event) -> None:
        """Feed the live book until told to stop. A run ends with its book; the next learns topics and places anew."""
        while not stop.is_set():
            number = await self._live_book(stop)
            if number is None:
                return
            over = asyncio.Event()
            feeding = asyncio.create_task(self._new_run()(over))
            watching = asyncio.create_task(self._until_replaced(number, stop))
            await asyncio.wait([feeding, watching], return_when=asyncio.FIRST_COMPLETED)
            over.set()
            watching.cancel()
            await feeding

    async def _live_book(self, stop: asyncio.Event) -> int | None:
        """The live book; made when there never was one, built from Kafka when the database was lost. None: stopped."""
        failures = 0
        while not stop.is_set():
            try:
                number = await self._found() or await self._first()
            except AWAY as error:
                logger(__name__).warning("no live book yet, trying again", error=repr(error))
                await pause(stop, backoff(failures))
                failures += 1
            else:
                return number
        return None

    async def _found(self) -> int | None:
        async with self._database.connection() as connection:
            return await books.live_or_none(connection)

    async def _first(self) -> int:
        """Make the first book of this database.

        Where Kafka remembers earlier books, this one is built whole before it goes live: nobody is to see it grow.
        """
        chain = await seal_chain(self._kafka)
        if await greatest_book(self._kafka, chain):
            return (await self._rebuild.run(_log_progress, by_operator=False)).book
        try:
            async with self._database.transaction() as tx:
                await books.hold_alone(tx)
                found = await books.live_or_none(tx)
                if found is not None:
                    return found
                abandoned = await books.building(tx)
                if abandoned is not None:
                    await books.drop(tx, abandoned)
                number = await books.make(tx, 0)
                await books.switch(tx, number, {}, by_operator=False)
                return number
        except asyncpg.UniqueViolationError as error:
            raise RebuildRefusedError(RebuildRefusal.ANOTHER_RUNS, "another process is building a book") from error

    async def _until_replaced(self, number: int, stop: asyncio.Event) -> None:
        """Return when the service stops or another book is live."""
        while not stop.is_set():
            await pause(stop, LOOK_SECONDS)
            try:
                if await self._found() != number:
                    logger(__name__).info("another book is live", before=number)
                    return
            except UNAVAILABLE as error:
                logger(__name__).warning("live book not looked up", error=repr(error))


def _log_progress(progress: Progress) -> None:
    logger(__name__).info(
        "building a book", book=progress.book, records=progress.records, total=progress.total, doing=progress.doing
    )
