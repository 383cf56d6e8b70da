"""Rebuilding: a new book from offset 0 beside the live one, caught up, compared, and switched to in one transaction.

It is filled without indexes first, as far as Kafka held when that began; from there on it is built as the live book is
fed. Nothing is published while it is built. Stopped half-way, it goes on where it stood when started again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from libs.chassis.kafka import MissingTopicError, Record
from libs.chassis.kafka_log import KafkaLog, Places, SilentLogError, open_log
from libs.chassis.logs import brief, logger
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Connection, Database
from libs.chassis.projection import Positions, StalePositionError
from libs.chassis.projection.contract import unexpected
from libs.chassis.projection.positions import Step
from libs.chassis.settings import KafkaSettings
from services.ledger.commands.announcing import Announcer
from services.ledger.consumer.comparing import compare, hold_against
from services.ledger.consumer.filling import Filling
from services.ledger.consumer.projector import BookProjector
from services.ledger.consumer.remembered import PublishedSeal, SealChain, greatest_book, seal_chain
from services.ledger.domain import Account, Progress, RebuildRefusal, RebuildRefusedError, Rebuilt, Tell, Then
from services.ledger.read_models import balance, books, put_off, refused, state
from services.ledger.read_models.books import Verdict, projection_of

CLOSE_ENOUGH: Final = 2_000  # records that may be read while the live projection waits for the switch
SWITCH_ATTEMPTS: Final = 20
SWITCH_SECONDS: Final = 5.0  # Kafka silent for longer than this must not keep the live projection waiting
NO_BOOK: Final = 0  # a book without entries

# Only one rebuild at a time; the lock ends with its session.
LOCK = "select pg_try_advisory_lock(hashtext('iok-rebuild'))"


class Rebuild:
    """Builds books and switches to them."""

    def __init__(
        self, database: Database, kafka: KafkaSettings, projector: BookProjector, announcer: Announcer
    ) -> None:
        """Keep the live book's database, Kafka, and the same projector that feeds the live book."""
        self._database = database
        self._kafka = kafka
        self._projector = projector
        self._announcer = announcer
        self._positions = Positions()

    async def run(
        self,
        tell: Tell,
        *,
        by_operator: bool,
        then: Then = Then.SWITCH,
        anew: bool = False,
        despite_seal: bool = False,
    ) -> Rebuilt:
        """Build a book, compare it with the live one and switch to it, or what else `then` says.

        A book that an earlier run left is gone on with; `anew` drops it: other code may have built it. Where no book is
        live, the new one must be what was sealed last; `despite_seal` lets it go live though it is not.

        Raises:
            RebuildRefusedError: another rebuild runs, Kafka does not give what is needed, or the book must not go live.
        """
        try:
            async with self._alone(), open_log(self._kafka, self._projector.topics) as log:
                chain = await seal_chain(self._kafka)
                whole = self._must_match(log, chain.last, by_operator=by_operator)
                number = await self._built(log, chain, tell, anew=anew)
                rebuilt = await compare(self._database, number)
                if rebuilt.previous_book is None and chain.last is not None and whole is None and not despite_seal:
                    await hold_against(self._database, number, chain.last)
                if then is Then.SWITCH:
                    tell(Progress(number, rebuilt.entries, rebuilt.entries, "switching"))
                    rebuilt.different_leases = await self._switch(log, number, by_operator=by_operator, seal=whole)
                    rebuilt.switched = True
                elif then is Then.DROP:
                    await self._drop_unfinished()
                return rebuilt
        except (KafkaError, KafkaException, MissingTopicError, SilentLogError) as error:
            raise RebuildRefusedError(
                RebuildRefusal.NO_KAFKA, f"Kafka does not give what is needed: {error}"
            ) from error

    async def _built(self, log: KafkaLog, chain: SealChain, tell: Tell, *, anew: bool) -> int:
        """Build a book as far as the live one has read, or Kafka holds; its number."""
        await self._drop_old()
        if anew:
            await self._drop_unfinished()
        number = await self._book_to_build(log, await greatest_book(self._kafka, chain))
        await self._fill(log, number, tell)
        await self._catch_up(log, number, tell)
        read = sum((await self._places(number)).values())
        tell(Progress(number, read, read, "comparing"))
        return number

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._database.session() as connection:
            if not await connection.fetchval(LOCK):
                raise RebuildRefusedError(RebuildRefusal.ANOTHER_RUNS, "another rebuild is running")
            yield

    def _must_match(self, log: KafkaLog, last: PublishedSeal | None, *, by_operator: bool) -> str | None:
        """The state hash that a whole book must have if none is live: the last seal's, where a topic was made again."""
        if last is None:
            return None
        changed = [topic for topic, at in last.seal.offsets.items() if log.ids.get(topic, at.id) != at.id]
        if changed and not by_operator:
            text = f"{', '.join(changed)} was made again: republish, then rebuild as an operator"
            raise RebuildRefusedError(RebuildRefusal.REPUBLISH, text)
        return last.seal.state_hash if changed else None

    async def _drop_old(self) -> None:
        """Drop the books that were live before; one that readers hold on to is dropped by the next rebuild."""
        async with self._database.connection() as connection:
            for number in await books.old(connection):
                try:
                    await books.drop(connection, number)
                except CONFLICT as error:
                    logger(__name__).warning("old book not dropped yet", book=number, error=repr(error))

    async def _drop_unfinished(self) -> None:
        """Drop the book that an earlier run left, if there is one."""
        async with self._database.transaction() as tx:
            number = await books.building(tx)
            if number is not None:
                await books.drop(tx, number)

    async def _book_to_build(self, log: KafkaLog, greatest_elsewhere: int) -> int:
        """The book left half-built, if it still fits the topics; else a new one."""
        async with self._database.transaction() as tx:
            number = await books.building(tx)
            if number is not None and not await self._fits(tx, log, number):
                await books.drop(tx, number)
                number = None
            if number is None:
                number = await books.make(tx, greatest_elsewhere, to_fill=True)
        places = await self._places(number)
        for at, begin in (await log.begins()).items():
            if begin > places.get(at, 0):
                text = f"{at[0]}/{at[1]} begins at {begin} only: republish into a new topic first"
                raise RebuildRefusedError(RebuildRefusal.REPUBLISH, text)
        return number

    async def _fits(self, tx: Connection, log: KafkaLog, number: int) -> bool:
        positions = await self._positions.read(tx, projection_of(number))
        return all(log.ids[topic] == position.topic_id for (topic, _), position in positions.items())

    async def _places(self, number: int) -> Places:
        async with self._database.connection() as connection:
            positions = await self._positions.read(connection, projection_of(number))
        return {at: position.next_offset for at, position in positions.items()}

    async def _fill(self, log: KafkaLog, number: int, tell: Tell) -> None:
        """Read what lies in Kafka now into a book without indexes; then index it, and book what was put off."""
        async with self._database.connection() as connection:
            if not await books.is_filling(connection, number):
                return
        await Filling(self._database, log, self._projector, number).run(tell)
        async with self._database.connection() as connection:
            done, total = 0, await put_off.count(connection, number)
        async for batch in put_off.batches(self._database, number):
            await self._apply_with_patience(number, None, batch)
            done += len(batch)
            tell(Progress(number, done, total, "booking what may have come before"))
        async with self._database.transaction() as tx:
            await books.end_filling(tx, number)

    async def _catch_up(self, log: KafkaLog, number: int, tell: Tell) -> None:
        """Read until so little is left that the live projection can wait for it."""
        while True:
            places, ends = await self._places(number), await log.ends()
            total, done = sum(ends.values()), sum(places.values())
            tell(Progress(number, done, total, "reading"))
            if total - done <= 0:
                return
            async for batch in log.read(places, ends):
                await self._apply_with_patience(number, places, batch)
                done += len(batch)
                tell(Progress(number, done, max(total, done), "reading"))
            if sum((await log.ends()).values()) - sum(places.values()) <= CLOSE_ENOUGH:
                return

    async def _apply_with_patience(self, number: int, places: Places | None, batch: list[Record]) -> None:
        """Apply a batch; a record that fails for no known reason is found by halving, and put aside alone.

        No `places`: the positions have been moved over these records already.
        """
        try:
            async with self._database.transaction() as tx:
                await self._apply(tx, number, places, batch)
        except (*UNAVAILABLE, *CONFLICT, StalePositionError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever one record causes must not stop the others
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._apply_with_patience(number, places, batch[:middle])
                await self._apply_with_patience(number, places, batch[middle:])
                return
            logger(__name__).error("record set aside after an unexpected error", error=brief(error))
            async with self._database.transaction() as tx:
                await self._move(tx, number, places, batch)
                await refused.keep(tx, number, [unexpected(batch[0], error)])
        if places is not None:
            _advance(places, batch)

    async def _apply(self, tx: Connection, number: int, places: Places | None, batch: list[Record]) -> None:
        await self._move(tx, number, places, batch)
        _, set_aside = await self._projector.take(tx, number, batch)
        await refused.keep(tx, number, set_aside)

    async def _move(self, tx: Connection, number: int, places: Places | None, batch: list[Record]) -> None:
        if places is None:
            return
        first = batch[0]
        expected = places.get((first.topic, first.partition), 0)
        step = Step(first.topic, first.topic_id, first.partition, expected, batch[-1].offset + 1)
        await self._positions.move(tx, projection_of(number), step)

    async def _switch(self, log: KafkaLog, number: int, *, by_operator: bool, seal: str | None) -> list[str]:
        """Switch while the live projection waits; returns the leases whose figures differ, which are announced."""
        for _ in range(SWITCH_ATTEMPTS):
            async with self._database.transaction() as tx:
                await books.hold_alone(tx)
                live = await books.live_or_none(tx)
                verdict = await self._read_the_rest(tx, log, number, live)
                if verdict is None:
                    verdict = await books.switch(tx, number, log.ids, by_operator=by_operator, seal=seal)
                if verdict is Verdict.SWITCHED:
                    return await self._announce_differences(tx, number, live)
            if verdict is Verdict.INCOMPLETE:
                raise RebuildRefusedError(RebuildRefusal.REPUBLISH, await self._what_is_lacking(number, live))
            if verdict is not Verdict.BEHIND:
                raise RebuildRefusedError(*_WHY[verdict])
            before = await self._places(number)
            await self._catch_up(log, number, lambda _: None)
            if before == await self._places(number):
                raise RebuildRefusedError(
                    RebuildRefusal.REPUBLISH, "Kafka holds less than the live book has read: republish first"
                )
        raise RebuildRefusedError(
            RebuildRefusal.TOO_FAST, "records come faster than they can be read: try with less traffic"
        )

    async def _what_is_lacking(self, number: int, live: int | None) -> str:
        async with self._database.connection() as connection:
            lacking = await state.lacking(connection, live or NO_BOOK, number)
        told = ", ".join(f"{count} of {origin}" for origin, count in lacking.items())
        return f"topics were made again and do not hold all that the live book tells; missing: {told}. {_REPUBLISH}"

    async def _read_the_rest(self, tx: Connection, log: KafkaLog, number: int, live: int | None) -> Verdict | None:
        """Bring the new book to the live one's offsets within the switch; BEHIND when that is too much."""
        if live is None:
            return None
        places = {at: p.next_offset for at, p in (await self._positions.read(tx, projection_of(number))).items()}
        until = {
            at: position.next_offset
            for at, position in (await self._positions.read(tx, projection_of(live))).items()
            if log.ids.get(at[0]) == position.topic_id and position.next_offset > places.get(at, 0)
        }
        if sum(end - places.get(at, 0) for at, end in until.items()) > CLOSE_ENOUGH:
            return Verdict.BEHIND
        async for batch in log.read(places, until, patience_seconds=SWITCH_SECONDS):
            await self._apply(tx, number, places, batch)
            _advance(places, batch)
        return None

    async def _announce_differences(self, tx: Connection, number: int, live: int | None) -> list[str]:
        """Announce the leases of which the books differ; after a lost book, which nobody can ask, every lease."""
        different = await state.different_leases(tx, number, live or NO_BOOK)
        accounts = await balance.accounts(tx, number, different)
        await self._announcer.announce(tx, number, {lease: accounts.get(lease, Account()) for lease in different})
        return different


_REPUBLISH: Final = "Republish on every service, wait until the outboxes are empty, then rebuild again"
_WHY: Final = {
    Verdict.TOPIC_CHANGED: (
        RebuildRefusal.REPUBLISH,
        "a topic was deleted and made again: republish, then rebuild as an operator",
    ),
    Verdict.HASH_DIFFERS: (
        RebuildRefusal.REPUBLISH,
        "topics were made again, and do not make the book that was sealed last: republish everything",
    ),
    Verdict.NOT_BUILDING: (RebuildRefusal.GONE, "the book was dropped or switched to by someone else"),
}


def _advance(places: Places, batch: list[Record]) -> None:
    places[(batch[-1].topic, batch[-1].partition)] = batch[-1].offset + 1
