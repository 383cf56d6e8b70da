"""Filling: a new book that nobody reads yet, from the beginning of the log, without indexes until the end.

Nothing can be looked up in such a book. The sieve lets those events through that certainly come for the first time;
they are booked by the same `book` as ever and copied into the tables. The others are put off, kept beside the book, and
booked by the live book's own path when the indexes stand. Rows, what is put off, and positions change in one
transaction, so a filling that was stopped goes on: the sieve is then made again from the tables.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from libs.chassis.garbage import collected_by_hand
from libs.chassis.kafka import Record
from libs.chassis.kafka_log import KafkaLog, Places
from libs.chassis.logs import brief, logger
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Connection, Database
from libs.chassis.projection import Positions, StalePositionError
from libs.chassis.projection.contract import unexpected
from libs.chassis.projection.positions import Step
from services.ledger.consumer.heads import Heads
from services.ledger.consumer.projector import BookProjector, Reading
from services.ledger.domain import Arrival, Outcome, Progress, Sieve, Tell, book
from services.ledger.read_models import alarms, books, entries, leases, postings, put_off, records, refused
from services.ledger.read_models.books import filled_table, projection_of
from services.ledger.read_models.copying import Rows, copy

COMMIT_RECORDS: Final = 50_000  # a stop costs at most so much work; each commit writes every head that has changed
SLICE_RECORDS: Final = 250  # judged at a stretch: a thread of its own for it only fought for the interpreter's lock
GROUP_RECORDS: Final = 100_000  # partitions read at once: a lease's events lie side by side, its heads stay in memory
KEYS_PER_RECORD: Final = 3  # an event's own, its business id, and its part in the heads


@dataclass(slots=True)
class _Batch:
    """Records of one partition, as judged: what is booked, put off and set aside."""

    reading: Reading
    new: list[Arrival]
    put_off: list[Arrival]
    outcome: Outcome = field(default_factory=Outcome)
    rows: Sequence[Rows] = ()


class Filling:
    """Fills one book; `run` reads up to where Kafka ends when it begins."""

    def __init__(self, database: Database, log: KafkaLog, projector: BookProjector, number: int) -> None:
        """Keep what is read, by whom, and the number of the book."""
        self._database = database
        self._log = log
        self._projector = projector
        self._number = number
        self._positions = Positions()
        self._sieve = Sieve(0)
        self._heads = Heads(number, self._sieve)
        self._storing: asyncio.Task[None] | None = None
        self._doubtful: Places = {}  # what lies below was in a transaction that failed: it is put off unjudged

    async def run(self, tell: Tell) -> None:
        """Fill the book, index it, and leave it to be built on like any other.

        Raises:
            libs.chassis.kafka_log.SilentLogError, and errors of Kafka and of connections: it can be run again.
        """
        ends = await self._log.ends()
        tell(Progress(self._number, sum((await self._places()).values()), sum(ends.values()), "filling"))
        with collected_by_hand():
            await self._remember(sum(ends.values()))
            await self._read(ends, tell)
        for table in books.FILLED_TABLES:
            tell(Progress(self._number, sum(ends.values()), sum(ends.values()), f"indexing {table}"))
            async with self._database.transaction() as tx:
                await books.index(tx, self._number, table)

    async def _remember(self, expected: int) -> None:
        """Make the sieve, with all that the book holds already."""
        self._sieve = Sieve(KEYS_PER_RECORD * expected)
        self._heads = Heads(self._number, self._sieve)
        async with self._database.transaction("repeatable_read", readonly=True) as tx:
            await self._heads.remember(tx)
            async for key, claim in books.keys(tx, self._number):
                self._sieve.add(key)
                if claim is not None:
                    self._sieve.add((key[1], claim))
        async for batch in put_off.batches(self._database, self._number):
            self._sieve.put_off(self._projector.read(batch).arrivals)

    async def _read(self, ends: Places, tell: Tell) -> None:
        """Read to `ends`; where a transaction fails for what is in the records, once more with those put off."""
        while True:
            places = await self._places()
            began = dict(places)

            def commit(places: Places = places) -> None:
                tell(Progress(self._number, sum(places.values()), sum(ends.values()), "filling"))

            try:
                for group in _groups(ends):
                    await self._read_group(places, group, commit)
            except (*UNAVAILABLE, *CONFLICT, StalePositionError):
                raise
            except Exception as error:
                reached = {at: end for at, end in places.items() if end > began.get(at, 0)}
                if all(end <= self._doubtful.get(at, 0) for at, end in reached.items()):
                    raise
                logger(__name__).error("records put off after an unexpected error", error=brief(error))
                self._doubtful |= reached
                self._heads.forget()
            else:
                return

    async def _places(self) -> Places:
        async with self._database.connection() as connection:
            positions = await self._positions.read(connection, projection_of(self._number))
        return {at: position.next_offset for at, position in positions.items()}

    async def _read_group(self, places: Places, until: Places, commit: Callable[[], None]) -> None:
        """Read some partitions, in transactions of some ten thousand records."""
        batches = self._log.read(dict(places), until)
        more = True
        while more:
            more, read = False, 0
            async with self._database.transaction() as tx:
                try:
                    async for batch in batches:
                        await self._take(tx, places, batch)
                        read += len(batch)
                        if more := read >= COMMIT_RECORDS:
                            break
                finally:
                    await self._stored()
                await self._heads.store(tx)
            self._heads.committed()
            gc.collect()
            commit()

    async def _take(self, tx: Connection, places: Places, records: list[Record]) -> None:
        """Judge and book a batch while the one before is still on its way into the tables."""
        first, last = records[0], records[-1]
        at = (first.topic, first.partition)
        step = Step(first.topic, first.topic_id, first.partition, places.get(at, 0), last.offset + 1)
        places[at] = last.offset + 1
        reading = Reading()
        for n in range(0, len(records), SLICE_RECORDS):
            reading.add(self._judged(records[n : n + SLICE_RECORDS]))
            await asyncio.sleep(0)  # the batch before goes on into its tables
        batch = self._sifted(first, reading)
        absent = self._heads.absent(batch.new)
        if absent:
            await self._stored()
            await self._heads.load(tx, absent)
        self._book(batch)
        await self._stored()
        self._storing = asyncio.create_task(self._store(tx, step, batch))

    def _sifted(self, first: Record, reading: Reading) -> _Batch:
        if first.offset < self._doubtful.get((first.topic, first.partition), 0):
            return _Batch(reading, [], self._sieve.put_off(reading.arrivals))
        return _Batch(reading, *self._sieve.sift(reading.arrivals))

    def _judged(self, records: list[Record]) -> Reading:
        """Decode a batch; a record that makes that fail is set aside, as by the live book after some tries."""
        try:
            return self._projector.read(records)
        except Exception:  # noqa: BLE001  # whatever one record causes must not stop the others
            reading = Reading()
        for record in records:
            try:
                one = self._projector.read([record])
            except Exception as error:  # noqa: BLE001
                logger(__name__).error("record set aside after an unexpected error", error=brief(error))
                one = Reading(set_aside=[unexpected(record, error)])
            reading.add(one)
        return reading

    def _book(self, batch: _Batch) -> None:
        """Book what is new, and spell the rows."""
        outcome = batch.outcome = book(self._heads.known, batch.new)
        posted = postings.posted_by(outcome.taken)
        batch.rows = (
            entries.entry_rows(self._number, outcome.booked),
            entries.seen_rows(self._number, outcome.noted),
            postings.posting_rows(self._number, posted),
        )
        self._heads.changed(outcome, posted)

    async def _store(self, tx: Connection, step: Step, batch: _Batch) -> None:
        number, reading, outcome = self._number, batch.reading, batch.outcome
        await self._positions.move(tx, projection_of(number), step)
        for rows in batch.rows:
            await copy(tx, rows, filled_table(rows.table, number))
        await leases.store(tx, number, outcome.leases)
        await alarms.add(tx, outcome.alarms)
        await records.keep(tx, reading.of_company_systems(outcome))
        await refused.keep(tx, number, reading.refused_by(outcome))
        await put_off.keep(tx, number, [reading.records[arrival.place] for arrival in batch.put_off])

    async def _stored(self) -> None:
        """Wait until the batch before is in the tables; raises what became of it."""
        storing, self._storing = self._storing, None
        if storing is not None:
            await storing


def _groups(ends: Places) -> Iterator[Places]:
    """Partitions of the same number, several such groups together while they are small."""
    group: Places = {}
    for partition in sorted({partition for _, partition in ends}):
        group |= {at: end for at, end in ends.items() if at[1] == partition}
        if sum(group.values()) >= GROUP_RECORDS:
            yield group
            group = {}
    if group:
        yield group
