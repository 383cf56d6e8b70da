"""The broker in memory: topics of 12 partitions with offsets, some of them gaps, and topics made again."""

import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from libs.chassis.kafka import Header, Record
from libs.events.names import BALANCES, CHARGES, LEASES, PAYMENTS, TRANSFERS
from libs.events.topics import PARTITIONS
from tests.simulation.chance import Chance

# A partition of a topic, and a place in the log: (topic id, partition, offset).
At: TypeAlias = tuple[str, int]
Place: TypeAlias = tuple[str, int, int]

BOOK_TOPICS: Final = (LEASES, CHARGES, PAYMENTS, TRANSFERS)
ALL_PARTITIONS: Final[tuple[At, ...]] = tuple((topic, n) for topic in BOOK_TOPICS for n in range(PARTITIONS))
STRUCTURED: Final[tuple[Header, ...]] = (("content-type", b"application/cloudevents+json"),)

# What the oracle is to make of a record: None (a good event), SKIPPED, or the reason for which it is bad in itself.
Label: TypeAlias = str | None
SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class Sending:
    """A record on its way; `partition` is the producer's choice, `label` what its maker knows of it."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: tuple[Header, ...] = STRUCTURED
    label: Label = None


@dataclass(slots=True)
class Log:
    """One partition: records by ascending offset, and the offset that comes next."""

    records: list[Record] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    end: int = 0


class Broker:
    """Keeps what is produced. `gaps`: how often offsets are left out, as by markers of transactions."""

    def __init__(self, chance: Chance, gaps: float) -> None:
        self._chance = chance
        self._gaps = gaps
        self._made = 0
        self.ids: dict[str, str] = {}
        self.logs: dict[At, Log] = {}
        self.labels: dict[Place, str] = {}
        self.filled: dict[At, Log] = {}  # those of the book's partitions that hold something
        for topic in (*BOOK_TOPICS, BALANCES):
            self.make(topic)

    def make(self, topic: str) -> None:
        """Make a topic, or delete it and make it again, with another id and nothing in it."""
        self._made += 1
        self.ids[topic] = f"{topic}#{self._made}"
        for partition in range(PARTITIONS):
            self.logs[(topic, partition)] = Log()
            self.filled.pop((topic, partition), None)

    def append(self, sending: Sending) -> Record:
        """Append a record to its partition; returns it as it lies there."""
        at = (sending.topic, sending.partition)
        log = self.logs[at]
        if self._chance.happens(self._gaps):
            log.end += self._chance.between(1, 3)
        topic_id = self.ids[sending.topic]
        record = Record(
            sending.topic, topic_id, sending.partition, log.end, sending.key, sending.value, sending.headers
        )
        log.records.append(record)
        log.offsets.append(log.end)
        log.end += 1
        if sending.topic != BALANCES:
            self.filled[at] = log
        if sending.label is not None:
            self.labels[place_of(record)] = sending.label
        return record

    def fetch(self, at: At, offset: int, limit: int) -> list[Record]:
        """At most `limit` records from `offset` on, or from the beginning when the log does not reach that far."""
        log = self.logs[at]
        if offset > log.end:
            offset = 0
        first = bisect_left(log.offsets, offset)
        return log.records[first : first + limit]

    def records(self) -> Iterator[Record]:
        """Every record of the topics that the book is made of, partition by partition."""
        for at in sorted(self.filled):
            yield from self.filled[at].records

    def label(self, record: Record) -> Label:
        """What the record's maker knows of it."""
        return self.labels.get(place_of(record))


def place_of(record: Record) -> Place:
    """Where a record lies."""
    return (record.topic_id, record.partition, record.offset)


def crc_partition(key: bytes) -> int:
    """The partition of a key, as our services' producer chooses it here."""
    return zlib.crc32(key) % PARTITIONS


def adler_partition(key: bytes) -> int:
    """The partition of a key, as another producer chooses it."""
    return zlib.adler32(key) % PARTITIONS


Partitioner: TypeAlias = Callable[[bytes], int]
