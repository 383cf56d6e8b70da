"""A simulated log under the real runner: what Kafka's consumer would hand over, with repetitions and rebalances."""

from collections.abc import Collection, Sequence
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from libs.chassis.kafka import Record
from libs.chassis.projection import ProjectionRunner
from tests.simulation.broker import ALL_PARTITIONS, Broker
from tests.simulation.chance import Chance

MAX_RECORDS: Final = 40
LIMITS: Final = (1, 3, 40)  # records of one partition in a batch
OLD_BATCHES: Final = 0.2  # how often an old batch is handed over once more, as after a rebalance
KEPT_BATCHES: Final = 4
TWICE: Final = 0.2  # how often two readers believe that a partition is theirs


class MemoryConsumer:
    """The part of aiokafka's consumer that the runner uses, over logs in memory."""

    def __init__(self, broker: Broker, chance: Chance) -> None:
        self._broker = broker
        self._chance = chance
        self._places: dict[TopicPartition, int] = {}
        self._old: list[tuple[ConsumerRecord, ...]] = []

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Logs begin at 0."""
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Where logs end."""
        return {at: self._broker.logs[(at.topic, at.partition)].end for at in partitions}

    def assignment(self) -> set[TopicPartition]:
        """Nobody takes a partition away within a turn."""
        return {TopicPartition(*at) for at in ALL_PARTITIONS}

    def seek(self, at: TopicPartition, offset: int) -> None:
        """Fetch on from there."""
        self._places[at] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetch no more of them."""
        for at in partitions:
            self._places.pop(at, None)

    async def commit(self) -> None:
        """A hint for dashboards; there are none."""

    def fetch(self) -> tuple[ConsumerRecord, ...]:
        """The next batch, of some partitions; now and then an old one again. Empty at the end."""
        if self._old and self._chance.happens(OLD_BATCHES):
            return self._chance.one_of(self._old)
        batch: list[Record] = []
        limit = self._chance.one_of(LIMITS)
        for at in self._chance.shuffled(list(self._places)):
            log = self._broker.fetch((at.topic, at.partition), self._places[at], limit)
            if log and len(batch) < MAX_RECORDS:
                self._places[at] = log[-1].offset + 1
                batch += log
        fetched = tuple(_as_kafka_gives_it(record) for record in batch)
        if fetched:
            self._old = [*self._old, fetched][-KEPT_BATCHES:]
        return fetched


class MemoryRunner(ProjectionRunner):
    """The real runner, fed by a consumer in memory and never made to wait."""

    fed_by: MemoryConsumer
    ids: dict[str, str]

    @property
    def _consumer(self) -> MemoryConsumer:
        return self.fed_by

    async def _learn_topic_ids(self) -> None:
        self._topic_ids = self.ids

    async def _pause(self, seconds: float) -> None:
        """No time passes here."""


def deal(chance: Chance) -> tuple[set[TopicPartition], set[TopicPartition]]:
    """All partitions, dealt to two readers; some to both, of which one has not noticed yet that it lost them."""
    dealt: tuple[set[TopicPartition], set[TopicPartition]] = (set(), set())
    for at in ALL_PARTITIONS:
        first = chance.below(2)
        dealt[first].add(TopicPartition(*at))
        if chance.happens(TWICE):
            dealt[1 - first].add(TopicPartition(*at))
    return dealt


def _as_kafka_gives_it(record: Record) -> ConsumerRecord:
    sizes = (len(record.key or b""), len(record.value or b""))
    headers: Sequence[tuple[str, bytes]] = record.headers
    return ConsumerRecord(
        record.topic, record.partition, record.offset, 0, 0, record.key, record.value, None, *sizes, headers
    )
