"""The runner: one consumer group member that feeds a projector, each partition in its order.

It never trusts Kafka's committed offsets. Records whose first offset is not the position in PostgreSQL are dropped and
read again from there, which alone keeps out what arrives late after a rebalance. What one fetch brings of several
partitions is taken in one transaction; where that fails, partition by partition.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from faststream import AckPolicy

from libs.chassis.garbage import collect_seldom
from libs.chassis.kafka import MissingTopicError, Record, admin_options, new_broker, topic_ids
from libs.chassis.logs import brief, logger
from libs.chassis.metrics import PROJECTION_LAG, PROJECTION_STOPPED, RECORDS_PROJECTED, STALE_BATCHES
from libs.chassis.pausing import BACKOFF_SECONDS, backoff, pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Database
from libs.chassis.projection.batches import Batch, Part, as_it_came, batch_of
from libs.chassis.projection.contract import Projector, unexpected
from libs.chassis.projection.desk import keep
from libs.chassis.projection.expecting import Expecting
from libs.chassis.projection.positions import Position, Positions, StalePositionError
from libs.chassis.settings import KafkaSettings

if TYPE_CHECKING:
    from faststream.kafka.subscriber.usecase import BatchSubscriber

BATCH_RECORDS = 5_000  # measured: batches of 5k to 10k beat 20k
BATCH_TIMEOUT_MS = 5  # FastStream sleeps this long again after an empty poll, and hears nothing meanwhile
SESSION_TIMEOUT_MS = 6_000  # a killed projector's partitions move on after this
HEARTBEAT_MS = 1_500
MAX_POLL_INTERVAL_MS = 300_000
FAULT_ATTEMPTS = 3  # an error of unknown kind may pass; after this many it is pinned on a record
CAUGHT_UP_SECONDS = 2.0  # how often the ends are looked up: answers are stale after 10 s without

_Pending = dict[tuple[str, int], tuple[int, float]]


class StoppedPartitionError(Exception):
    """A partition must not be read: its position lies outside the log, or the topic was deleted and made again."""


class LeftGroupError(Exception):
    """The consumer takes part in its group no more, and would fetch nothing ever again."""


class ProjectionRunner(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Runs one projector until told to stop; `group` is the consumer group."""

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        group: str,
        projector: Projector,
        session_timeout_ms: int = SESSION_TIMEOUT_MS,
    ) -> None:
        self._session_timeout_ms = session_timeout_ms
        self._database = database
        self._kafka = kafka
        self._group = kafka.topic_prefix + group
        self._projector = projector
        self._positions = Positions()
        self._admin = AdminClient(admin_options(kafka))
        self._topic_ids: dict[str, str] = {}
        self._halted: set[TopicPartition] = set()
        self._expecting: Expecting[TopicPartition] = Expecting()
        self._stop = asyncio.Event()
        self._subscriber: BatchSubscriber | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop.

        Raises:
            LeftGroupError: nothing more can be read; whoever looks after the process starts it again.
        """
        collect_seldom()
        self._stop = stop
        await self._learn_topic_ids()
        broker = new_broker(self._kafka)
        self._subscriber = broker.subscriber(
            *[self._kafka.physical(topic) for topic in self._projector.topics],
            group_id=self._group,
            group_instance_id=self._kafka.group_instance or None,
            batch=True,
            max_records=BATCH_RECORDS,
            batch_timeout_ms=BATCH_TIMEOUT_MS,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            listener=self,
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            parser=as_it_came,
            decoder=batch_of,
        )
        self._subscriber(self._take)
        while not await self._started(broker.start):
            pass
        watch, stopped = asyncio.create_task(self._watch_ends()), asyncio.create_task(stop.wait())
        await asyncio.wait([watch, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        failed = not watch.cancel()  # before the consumer leaves its group, which would look like an accident to it
        await broker.stop()
        if failed:
            watch.result()

    async def read_again(self) -> int:
        """Let topics that were made again be read from their beginning; returns how many partitions stood elsewhere.

        Raises:
            MissingTopicError, confluent_kafka.KafkaException: Kafka does not tell the topics' ids.
        """
        found = await topic_ids(self._kafka, self._projector.topics, self._admin)
        async with self._database.transaction() as tx:
            return await self._positions.read_again(tx, await self._projector.projection(tx), found)

    async def _started(self, start: Callable[[], Awaitable[None]]) -> bool:
        """Start the consumer; a Kafka that does not answer is waited for."""
        try:
            await start()
        except KafkaError as error:
            logger(__name__).warning("Kafka does not let this projector in, trying again", error=repr(error))
            await pause(self._stop, BACKOFF_SECONDS[-1])
            return self._stop.is_set()
        return True

    async def _learn_topic_ids(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                self._topic_ids = await topic_ids(self._kafka, self._projector.topics, self._admin)
            except (MissingTopicError, KafkaException, KafkaError) as error:
                logger(__name__).warning("topics not seen yet, trying again", error=repr(error))
                await pause(self._stop, backoff(failures))
                failures += 1
            else:
                return

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        if self._subscriber is None or self._subscriber.consumer is None:
            raise RuntimeError("the consumer has not been started")
        return self._subscriber.consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing to hand over: the position is in PostgreSQL."""
        for at in revoked:
            self._expecting.leave(at)
            self._halted.discard(at)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Seek every partition to its position in PostgreSQL before anything is fetched."""
        for at in self._expecting.all().keys() - assigned:
            self._expecting.leave(at)
        await self._seek_with_patience(assigned)

    async def _seek_with_patience(self, partitions: set[TopicPartition]) -> None:
        """Seek those that are (still) ours, as soon as PostgreSQL and Kafka answer. Never raises."""
        await self._learn_topic_ids()
        failures = 0
        while not self._stop.is_set():
            try:
                await self._seek(partitions & self._consumer.assignment())
            except Exception as error:  # noqa: BLE001  # whatever it is: who calls would pass over it, unlogged
                logger(__name__).warning("positions not read yet, trying again", error=brief(error))
                await pause(self._stop, backoff(failures))
                failures += 1
            else:
                return

    async def _seek(self, partitions: set[TopicPartition]) -> None:
        """Seek to the positions kept; stop the partitions that must not be read."""
        if not partitions:
            return
        async with self._database.transaction(readonly=True) as tx:
            positions = await self._positions.read(tx, await self._projector.projection(tx))
        begins = await self._consumer.beginning_offsets(list(partitions))
        ends = await self._consumer.end_offsets(list(partitions))
        for at in sorted(partitions):
            topic = self._kafka.logical(at.topic)
            try:
                expected = _checked(positions.get((topic, at.partition)), self._topic_ids[topic], begins[at], ends[at])
            except StoppedPartitionError as error:
                self._halt(at, str(error))
                continue
            self._consumer.seek(at, expected)
            if at in self._halted:
                self._halted.discard(at)
                self._consumer.resume(at)
            self._expecting.seek(at, expected)
            PROJECTION_STOPPED.labels(topic, at.partition).set(0)

    def _halt(self, at: TopicPartition, why: str) -> None:
        if at not in self._halted:
            logger(__name__).error(
                "partition stopped, it wants an operator", topic=at.topic, partition=at.partition, why=why
            )
        self._halted.add(at)
        PROJECTION_STOPPED.labels(self._kafka.logical(at.topic), at.partition).set(1)
        self._consumer.pause(at)
        self._expecting.leave(at)

    async def _take(self, batch: Batch) -> None:
        """A batch as FastStream hands it over: records of several partitions, each in its order. Never raises."""
        records: dict[TopicPartition, list[Record]] = {}
        for raw in batch:
            records.setdefault(TopicPartition(raw.topic, raw.partition), []).append(self._record(raw))
        parts = [part for at in sorted(records) if (part := await self._expected(at, records[at])) is not None]
        if len(parts) > 1 and await self._taken_together(parts):
            return
        for part in parts:
            await self._take_part(part)

    async def _expected(self, at: TopicPartition, records: list[Record]) -> Part | None:
        """The part that comes next of a partition; None when it is another one, or the partition not ours."""
        expected = self._expecting.next_of(at)
        if expected is None:
            return None
        if not self._expecting.fits(at, records[0].offset):
            await self._give_back(at)
            return None
        return Part(at, expected, records)

    async def _taken_together(self, parts: Sequence[Part]) -> bool:
        """Take several parts in one transaction, which costs what it costs for one; False: nothing was taken.

        Why it was not, is found by taking them one by one.
        """
        if any(self._expecting.next_of(part.at) != part.expected for part in parts):
            return False
        try:
            await self._apply(parts)
        except Exception as error:  # noqa: BLE001  # each part is tried again, and judged, by itself
            logger(__name__).info("partitions taken one by one", error=brief(error))
            return False
        self._advance(parts)
        return True

    async def _take_part(self, part: Part) -> None:
        if self._expecting.next_of(part.at) != part.expected:
            return  # stopped, no longer ours, or sought elsewhere meanwhile
        try:
            await self._apply_with_patience(part)
        except StalePositionError:
            await self._give_back(part.at)
        except Exception as error:  # noqa: BLE001  # FastStream would log it and go on without these records
            logger(__name__).error("batch given back, it is read again", error=brief(error), topic=part.at.topic)
            await pause(self._stop, BACKOFF_SECONDS[-1])
            await self._give_back(part.at)
        else:
            self._advance([part])

    def _advance(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self._expecting.advance(part.at, part.expected, part.step.next_offset)
            RECORDS_PROJECTED.labels(part.step.topic).inc(len(part.records))

    def _record(self, raw: ConsumerRecord) -> Record:
        topic = self._kafka.logical(raw.topic)
        headers = tuple((name, value) for name, value in raw.headers)
        return Record(topic, self._topic_ids[topic], raw.partition, raw.offset, raw.key, raw.value, headers)

    async def _give_back(self, at: TopicPartition) -> None:
        """Read the partition again from its position; between two fetches, so that nothing older comes after it."""
        STALE_BATCHES.inc()
        if self._expecting.next_of(at) is None:
            return  # stopped, or no longer ours
        await self._seek_with_patience({at})
        self._expecting.believe_gap(at)

    async def _apply_with_patience(self, part: Part) -> None:
        """Apply a part; wait out faults that pass, and pin one that does not pass on the record that causes it."""
        failures = unknown = 0  # a server that is away for long must not make the next fault a record's
        while not self._stop.is_set():
            try:
                await self._apply([part])
            except StalePositionError:
                raise
            except (*UNAVAILABLE, *CONFLICT) as error:
                logger(__name__).warning("projection waits", error=brief(error), failures=failures)
            except Exception as error:  # noqa: BLE001  # whatever one record causes must not stop the others
                unknown += 1
                if unknown >= FAULT_ATTEMPTS:
                    await self._isolate(part, error)
                    return
                logger(__name__).warning("projection tries again", error=brief(error), failures=unknown)
            else:
                return
            await pause(self._stop, backoff(failures))
            failures += 1
        raise StalePositionError("stopping")

    async def _isolate(self, part: Part, error: Exception) -> None:
        """Halve the part until the record at fault is alone, and set that one aside."""
        if len(part.records) > 1:
            for half in part.halves():
                await self._apply_with_patience(half)
            return
        record = part.records[0]
        logger(__name__).error("record set aside after an unexpected error", error=brief(error), offset=record.offset)
        async with self._database.transaction() as tx:
            await self._positions.move(tx, await self._projector.projection(tx), part.step)
            await keep(tx, [unexpected(record, error)])

    async def _apply(self, parts: Sequence[Part]) -> None:
        """Effect and positions in one transaction; `parts` in the order of their partitions, for two who lock them."""
        async with self._database.transaction() as tx:
            projection = await self._projector.projection(tx)
            for part in parts:
                await self._positions.move(tx, projection, part.step)
            await keep(tx, await self._projector.project(tx, [record for part in parts for record in part.records]))

    async def _watch_ends(self) -> None:
        """Every few seconds: stop what is another log of the same name, confirm what was read to the end."""
        pending: _Pending = {}
        while True:
            await asyncio.sleep(CAUGHT_UP_SECONDS)
            self._check_membership()
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(CAUGHT_UP_SECONDS):
                    await self._consumer.commit()  # a hint for dashboards, nothing more
            try:
                await self._check_topics()
                pending = await self._confirm_ends(pending)
            except (*UNAVAILABLE, *CONFLICT, KafkaError, KafkaException, MissingTopicError) as error:
                logger(__name__).warning("ends not confirmed", error=repr(error))

    def _check_membership(self) -> None:
        """What ends a consumer's part in its group (as an error its library does not know) is told by nothing else.

        Raises:
            LeftGroupError: it has ended.
        """
        coordination = self._consumer._coordinator._coordination_task  # noqa: SLF001  # told by nothing public
        if coordination.done():
            raise LeftGroupError(f"not in the group {self._group} any more: {coordination!r}")

    async def _check_topics(self) -> None:
        """Judge anew what was stopped (an operator may have acted), and partitions whose topic was made again.

        A consumer knows topics by name alone and would read on in the new log at the old place.
        """
        known, self._topic_ids = (
            self._topic_ids,
            await topic_ids(self._kafka, self._projector.topics, self._admin),
        )
        changed = {topic for topic, found in self._topic_ids.items() if known.get(topic) != found}
        own = {at for at in self._consumer.assignment() if self._kafka.logical(at.topic) in changed}
        await self._seek(own | self._halted)

    async def _confirm_ends(self, pending: _Pending) -> _Pending:
        """Note which ends read earlier (or now) have been reached; returns those still ahead."""
        now = asyncio.get_running_loop().time()
        own = self._expecting.all()
        for at, end in (await self._consumer.end_offsets(list(own)) if own else {}).items():
            topic = self._kafka.logical(at.topic)
            pending.setdefault((topic, at.partition), (end, now))
            PROJECTION_LAG.labels(topic, at.partition).set(max(0, end - own[at]))
        places = {(self._kafka.logical(at.topic), at.partition): offset for at, offset in own.items()}
        reached = {at: (end, now - since) for at, (end, since) in pending.items() if places.get(at, -1) >= end}
        if reached:
            async with self._database.transaction() as tx:
                await self._positions.caught_up(tx, await self._projector.projection(tx), reached)
        return {at: kept for at, kept in pending.items() if at not in reached and at in places}


def _checked(position: Position | None, topic_id: str, begin: int, end: int) -> int:
    """Where to read on; never a guess.

    Raises:
        StoppedPartitionError: the log no longer holds that place, or is another log of the same name.
    """
    if position is not None and position.topic_id != topic_id:
        raise StoppedPartitionError(
            f"the topic was deleted and made again ({position.topic_id} then, {topic_id} now): republish, "
            "then `rebuild` (the ledger) or `read-again`"
        )
    expected = 0 if position is None else position.next_offset
    if not begin <= expected <= end:
        raise StoppedPartitionError(f"position {expected} lies outside the log, which holds {begin} to {end}")
    return expected
