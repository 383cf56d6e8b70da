"""Proving the book: rows against themselves, sums, the last seal, and what came after it against Kafka."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from libs.chassis.kafka import Record
from libs.chassis.kafka_log import KafkaLog, Places, open_log
from libs.chassis.postgres import Connection, Database
from libs.chassis.settings import KafkaSettings
from libs.events.decoding import Fact, Rejected, Skipped
from libs.events.lean import decode_lean
from libs.events.topics import SEALS, TRANSFERS
from services.ledger.consumer.remembered import PublishedSeal, SealChain, chain_in
from services.ledger.domain import Arrival, postings_of
from services.ledger.domain.booking import EventKey
from services.ledger.read_models import books, posting_proofs, proofs, seals, state
from services.ledger.read_models.balance import BOOK_TOPICS
from services.ledger.read_models.posting_proofs import Posted
from services.ledger.read_models.postings import day_of
from services.ledger.read_models.proofs import UnsealedEntry

MAX_FAULTS: Final = 1_000


@dataclass(slots=True)
class Verified:
    """What was proven: faults in words (none: the book is true), the seal held against, and how much was compared."""

    book: int
    entries: int
    hash: str
    sealed_version: int | None = None
    read_again: int = 0
    set_aside: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Snapshot:
    """What the tables said in one REPEATABLE READ transaction."""

    offsets: books.Offsets
    unsealed: dict[tuple[str, int, int], UnsealedEntry]
    desk: dict[tuple[str, int, int], str]
    transfers: dict[EventKey, Posted]


class Verifier:
    """Verifies the live book."""

    def __init__(self, database: Database, kafka: KafkaSettings, company_sources: frozenset[str]) -> None:
        """Keep the book's database, Kafka, and the sources that may write beside the ledger."""
        self._database = database
        self._kafka = kafka
        self._company_sources = company_sources

    async def run(self) -> Verified:
        """Prove the live book, or list what is wrong with it.

        Raises:
            NoLiveBookError: there is no live book.
        """
        async with self._database.connection() as connection:
            published = await seals.published(connection)
        async with open_log(self._kafka, (SEALS, *BOOK_TOPICS)) as log:
            chain = await chain_in(log)
            async with self._database.transaction("repeatable_read", readonly=True) as tx:
                number = await books.live(tx)
                found = await state.of_book(tx, number)
                verified = Verified(number, found.entries, found.hash, set_aside=found.set_aside)
                verified.faults += [*chain.faults, *_missing(chain, published)]
                seal = await self._hold_against(tx, number, chain.last, verified)
                snapshot = await self._snapshot(tx, number, found.offsets, seal)
                verified.faults += await self._rows(tx, number)
            if _made_again(log, snapshot.offsets, verified):
                return verified
            await self._read_again(log, snapshot, seal, verified)
            await self._read_transfers(log, snapshot, verified)
        del verified.faults[MAX_FAULTS:]
        return verified

    async def _rows(self, tx: Connection, number: int) -> list[str]:
        """Faults of rows and sums: entries in the snapshot of `tx`, postings on another core, in one a moment later.

        Every statement holds what it compares in one snapshot of its own, and `tx` keeps the book from being dropped.
        """
        async with self._database.transaction("repeatable_read", readonly=True) as other:
            await state.make_room(other)
            try:
                async with asyncio.TaskGroup() as tasks:
                    of_entries = tasks.create_task(_faults_of_entries(tx, number))
                    of_postings = tasks.create_task(_faults_of_postings(other, number))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed
        return of_entries.result() + of_postings.result()

    async def _hold_against(
        self, tx: Connection, number: int, last: PublishedSeal | None, verified: Verified
    ) -> PublishedSeal | None:
        """Compare with the last seal on Kafka; returns it when it vouches for what lies below its offsets."""
        if last is None:
            return None
        recorded = await seals.last(tx)
        verified.sealed_version = last.envelope.streamversion
        if recorded.seal is not None and recorded.version < (last.envelope.streamversion or 0):
            verified.faults.append(
                f"Kafka holds seal {last.envelope.streamversion}, the database only {recorded.version}"
            )
        offsets = {topic: at.model_dump() for topic, at in last.seal.offsets.items()}
        try:
            sealed = await state.of_book(tx, number, offsets, await self._sealed_at(tx, last))
        except state.NotReachedError as error:
            verified.faults.append(f"the book does not reach its last seal: {error}")
            return None
        if sealed.entries != last.seal.entries or sealed.hash != last.seal.state_hash:
            verified.faults.append(
                f"below the last seal the book hashes to {sealed.hash}, sealed was {last.seal.state_hash}"
            )
        elif last.seal.content_hash not in {None, sealed.content_hash}:
            verified.faults.append("below the last seal events were altered in what the entries' digests leave out")
        return last

    async def _sealed_at(self, tx: Connection, last: PublishedSeal) -> datetime:
        return await seals.recorded_at(tx, last.envelope.id) or last.envelope.recorded_at

    async def _snapshot(
        self, tx: Connection, number: int, offsets: books.Offsets, seal: PublishedSeal | None
    ) -> _Snapshot:
        sealed = None if seal is None else {topic: at.model_dump() for topic, at in seal.seal.offsets.items()}
        sealed_at = None if seal is None else await self._sealed_at(tx, seal)
        return _Snapshot(
            offsets,
            await proofs.unsealed(tx, number, sealed, sealed_at),
            await proofs.desk(tx, [at["id"] for at in offsets.values()]),
            await posting_proofs.of_transfers(tx, number),
        )

    async def _read_again(
        self, log: KafkaLog, snapshot: _Snapshot, seal: PublishedSeal | None, verified: Verified
    ) -> None:
        """Read from Kafka all that no seal vouches for, and hold the entries against it."""
        until = _places(snapshot.offsets)
        begin = {} if seal is None else _places({t: at.model_dump() for t, at in seal.seal.offsets.items()})
        late = [at for at in snapshot.unsealed if at[2] < begin.get(at[:2], 0)]
        comparison = _Comparison(snapshot, verified)
        async for batch in log.read(begin, until):
            await self._compare(batch, comparison)
        for topic, partition, offset in late:
            async for batch in log.read({(topic, partition): offset}, {(topic, partition): offset + 1}):
                await self._compare(batch, comparison)
        await self._judge_repeats(comparison)
        for entry in snapshot.unsealed.values():
            verified.faults.append(f"entry {entry.key[3]} of lease {entry.key[1]} has no record in Kafka")

    async def _read_transfers(self, log: KafkaLog, snapshot: _Snapshot, verified: Verified) -> None:
        """Hold the postings of `iok.transfers` against all of it: its events are no entries, so no seal has them."""
        true: set[EventKey] = set()
        until = {at: end for at, end in _places(snapshot.offsets).items() if at[0] == TRANSFERS}
        async for batch in log.read(await log.begins(), until):
            for record in batch:
                read = self._decoded(record)
                if not isinstance(read, Fact):
                    continue
                arrival = Arrival.of(read, record.partition, record.offset)
                told = Posted(day_of(arrival), dict(postings_of(read.data)))
                if snapshot.transfers.get(arrival.key) == told:
                    true.add(arrival.key)
                elif (record.topic, record.partition, record.offset) not in snapshot.desk:
                    verified.faults.append(f"postings of transfer {arrival.key[1]} are not what Kafka holds")
        for key in snapshot.transfers.keys() - true:
            verified.faults.append(f"postings of transfer {key[1]} ({key[3]}) have no record in Kafka")

    def _decoded(self, record: Record) -> Fact | Skipped | Rejected:
        try:
            return decode_lean(
                record.topic,
                record.key,
                record.value,
                company_sources=self._company_sources,
                headers=record.headers,
            )
        except Rejected as rejected:
            return rejected

    async def _compare(self, batch: Sequence[Record], comparison: "_Comparison") -> None:
        for record in batch:
            comparison.verified.read_again += 1
            read = self._decoded(record)
            if isinstance(read, Rejected):
                comparison.bad(record, read)
            else:
                comparison.good(record, read)

    async def _judge_repeats(self, comparison: "_Comparison") -> None:
        """A good record without an entry of its own must repeat one that the book holds, or lie on the desk."""
        keys = sorted({key for key, _, _ in comparison.elsewhere})
        async with self._database.connection() as connection:
            known = await proofs.held(connection, comparison.verified.book, keys)
        for key, content, on_desk in comparison.elsewhere:
            if known.get(key) != content and not on_desk:
                comparison.verified.faults.append(f"event {key[3]} of lease {key[1]} ({key[0]}) has no entry")


@dataclass(slots=True)
class _Comparison:
    """Records of Kafka held against entries, one by one."""

    snapshot: _Snapshot
    verified: Verified
    elsewhere: list[tuple[EventKey, bytes, bool]] = field(default_factory=list)

    def bad(self, record: Record, rejected: Rejected) -> None:
        """A record bad in itself makes no entry, and lies on the desk."""
        at = (record.topic, record.partition, record.offset)
        if at not in self.snapshot.desk:
            self.verified.faults.append(f"{record.topic}/{record.partition}/{record.offset} is no event: {rejected}")

    def good(self, record: Record, read: Fact | Skipped) -> None:
        """A good record makes the entry that is there, or none at all."""
        if isinstance(read, Skipped):
            return
        arrival = Arrival.of(read, record.partition, record.offset)
        if arrival.entry is None:
            return
        at = (record.topic, record.partition, record.offset)
        entry = self.snapshot.unsealed.pop(at, None)
        if entry is None:
            self.elsewhere.append((arrival.key, read.content_digest, at in self.snapshot.desk))
        elif (entry.key, entry.digest, entry.content_digest) != (
            arrival.key,
            arrival.entry.digest(),
            read.content_digest,
        ):
            self.verified.faults.append(f"entry {entry.key[3]} of lease {entry.key[1]} is not what Kafka holds")


async def _faults_of_entries(tx: Connection, number: int) -> list[str]:
    return await proofs.faulty_entries(tx, number) + await proofs.faulty_accounts(tx, number)


async def _faults_of_postings(tx: Connection, number: int) -> list[str]:
    return await posting_proofs.faulty_postings(tx, number) + await posting_proofs.faulty_trial(tx, number)


def _missing(chain: SealChain, published: int) -> list[str]:
    """Seals that Kafka acknowledged and does not hold."""
    held = 0 if chain.last is None else chain.last.envelope.streamversion or 0
    return [f"Kafka acknowledged seal {published} and holds only {held}"] if held < published else []


def _made_again(log: KafkaLog, offsets: books.Offsets, verified: Verified) -> bool:
    """Whether a topic is not the one that the book has read: nothing can be held against it then."""
    changed = [topic for topic, at in offsets.items() if log.ids[topic] != at["id"]]
    if changed:
        verified.faults.append(f"{', '.join(changed)} was made again: republish and rebuild, then verify")
    return bool(changed)


def _places(offsets: books.Offsets) -> Places:
    return {(topic, int(n)): next_offset for topic, at in offsets.items() for n, next_offset in at["next"].items()}
