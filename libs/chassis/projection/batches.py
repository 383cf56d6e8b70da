"""Batches: what one fetch brings, of several partitions, and its parts."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from aiokafka import ConsumerRecord, TopicPartition
from faststream.kafka import KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER

from libs.chassis.kafka import Record
from libs.chassis.projection.positions import Step

Batch: TypeAlias = tuple[ConsumerRecord, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What a batch brings of one partition: its records, at least one, and where its position must stand before."""

    at: TopicPartition
    expected: int
    records: list[Record]

    @property
    def step(self) -> Step:
        """The move of the position over the records."""
        first = self.records[0]
        return Step(first.topic, first.topic_id, first.partition, self.expected, self.records[-1].offset + 1)

    def halves(self) -> "tuple[Part, Part]":
        """The same in two parts, one after the other."""
        middle = len(self.records) // 2
        first, second = self.records[:middle], self.records[middle:]
        return replace(self, records=first), replace(self, expected=first[-1].offset + 1, records=second)


async def as_it_came(batch: Batch) -> KafkaMessage:
    """Hand the batch over untouched: FastStream's parser fails on a header that is no UTF-8, and loses the batch."""
    first, last = batch[0], batch[-1]
    return KafkaMessage(raw_message=batch, body=b"", consumer=FAKE_CONSUMER, message_id=f"{first.offset}-{last.offset}")


async def batch_of(message: KafkaMessage) -> Batch:
    """What the handler is given."""
    batch: Batch = message.raw_message
    return batch
