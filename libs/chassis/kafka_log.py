"""Kafka's log read without a group: from given places, by whoever nobody may rebalance."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from libs.chassis.kafka import LogEnds, Record, client_options, topic_ids
from libs.chassis.settings import KafkaSettings

BATCH_RECORDS = 5_000
POLL_MS = 500
FETCH_BYTES = 16 * 1024 * 1024  # held in memory at once, decoded and not
FETCH_PARTITION_BYTES = 4 * 1024 * 1024  # batches of some thousands: each costs a handful of statements
SILENCE_SECONDS = 30.0  # Kafka named a later end, and nothing has come for this long

# (logical topic, partition) -> offset.
Places: TypeAlias = dict[tuple[str, int], int]


class SilentLogError(ConnectionError):
    """Kafka names records that it does not hand over."""


class KafkaLog:
    """Reads some topics from given places on; opened by `open_log`."""

    def __init__(self, kafka: KafkaSettings, consumer: AIOKafkaConsumer, ids: Mapping[str, str]) -> None:
        """Keep a started consumer; `ids` are the topics' ids."""
        self._kafka = kafka
        self._consumer = consumer
        self._ends = LogEnds(kafka)
        self.ids = ids

    async def begins(self) -> Places:
        """The first offset of every partition."""
        partitions = [self._tp(at) for at in await self.ends()]
        self._consumer.assign(partitions)
        found: dict[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
        return {(self._kafka.logical(at.topic), at.partition): offset for at, offset in found.items()}

    async def ends(self) -> Places:
        """The offset that the next record of every partition will get."""
        return await self._ends.read(sorted(self.ids))

    async def all_of(self, topic: str) -> AsyncIterator[Record]:
        """Every record that lies in one of the topics now, partition by partition in order."""
        ends = {at: end for at, end in (await self.ends()).items() if at[0] == topic}
        async for batch in self.read(await self.begins(), ends):
            for record in batch:
                yield record

    async def read(
        self, places: Places, until: Places, *, patience_seconds: float = SILENCE_SECONDS
    ) -> AsyncIterator[list[Record]]:
        """Batches of one partition each, from `places` (0 where none is given) to just before `until`.

        Raises:
            SilentLogError: records that Kafka names do not come.
        """
        wanted = {at: end for at, end in until.items() if places.get(at, 0) < end}
        if not wanted:
            return  # an empty assignment would keep the consumer from ever stopping
        self._seek(places, list(wanted))
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while wanted:
            batches: dict[TopicPartition, Sequence[ConsumerRecord]] = await self._consumer.getmany(
                timeout_ms=POLL_MS, max_records=BATCH_RECORDS
            )
            for at, raw in batches.items():
                key = (self._kafka.logical(at.topic), at.partition)
                records = self._records(key[0], raw, until.get(key, 0))
                if records:
                    yield records
            wanted = {key: end for key, end in wanted.items() if await self._consumer.position(self._tp(key)) < end}
            heard = loop.time() if batches else heard
            if wanted and loop.time() - heard > patience_seconds:
                raise SilentLogError(f"no record of {sorted(wanted)} came for {patience_seconds} s")

    def _seek(self, places: Places, wanted: Sequence[tuple[str, int]]) -> None:
        self._consumer.assign([self._tp(key) for key in wanted])
        for key in wanted:
            self._consumer.seek(self._tp(key), places.get(key, 0))

    def _tp(self, key: tuple[str, int]) -> TopicPartition:
        return TopicPartition(self._kafka.physical(key[0]), key[1])

    def _records(self, topic: str, raw: Sequence[Any], end: int) -> list[Record]:
        topic_id = self.ids[topic]
        return [
            Record(topic, topic_id, each.partition, each.offset, each.key, each.value, tuple(each.headers))
            for each in raw
            if each.offset < end
        ]


@asynccontextmanager
async def open_log(kafka: KafkaSettings, topics: Sequence[str]) -> AsyncIterator[KafkaLog]:
    """Connect to read `topics` (logical names).

    Raises:
        MissingTopicError: one of them does not exist, or may not be seen.
        aiokafka.errors.KafkaError: Kafka does not answer.
    """
    ids = await topic_ids(kafka, topics)
    consumer = AIOKafkaConsumer(
        **client_options(kafka),
        group_id=None,
        enable_auto_commit=False,
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=FETCH_PARTITION_BYTES,
    )
    try:
        await consumer.start()
        yield KafkaLog(kafka, consumer, ids)
    finally:
        await consumer.stop()


async def read_all(kafka: KafkaSettings, topic: str) -> AsyncIterator[Record]:
    """Every record that lies in a topic now, partition by partition in order."""
    async with open_log(kafka, [topic]) as log:
        async for record in log.all_of(topic):
            yield record
