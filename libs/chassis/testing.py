"""What every room's tests share: a database and topics of one's own, and patience that ends.

The values here are made by the fixtures of `tests/stack` (`service_database`, `topics`), which know how to start
servers; this file knows only how to use them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from libs.chassis.kafka import CONTENT_TYPE_HEADER, Header, Record, client_options
from libs.chassis.settings import KafkaSettings

PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.02
BATCH_RECORDS = 1000
POLL_MS = 500

T = TypeVar("T")


@dataclass(frozen=True)
class ServiceDatabase:
    """A fresh database with a service's schema, alone for one test.

    `service_dsn` is the role of the service's processes, `owner_dsn` owns the schema, `admin_dsn` is a superuser.
    """

    service: str
    name: str
    service_dsn: str
    owner_dsn: str
    admin_dsn: str

    def environment(self) -> dict[str, str]:
        """The variables by which a service finds this database."""
        prefix = f"IOK_{self.service.upper()}"
        return {f"{prefix}_DATABASE_URL": self.service_dsn, f"{prefix}_OWNER_DATABASE_URL": self.owner_dsn}

    def settings(self) -> dict[str, Any]:
        """The same, as arguments of a service's settings."""
        return {
            "database_url": SecretStr(self.service_dsn),
            "owner_database_url": SecretStr(self.owner_dsn),
        }


@dataclass(frozen=True)
class TopicSpace:
    """Every topic of the system, empty, under a prefix of its own; `kafka` already carries the prefix."""

    kafka: KafkaSettings

    @property
    def prefix(self) -> str:
        """What stands before the logical names at the broker."""
        return self.kafka.topic_prefix

    def environment(self) -> dict[str, str]:
        """The variables by which a service finds these topics."""
        return {
            "IOK_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "IOK_KAFKA_SECURITY": self.kafka.security,
            "IOK_KAFKA_MECHANISM": self.kafka.mechanism,
            "IOK_KAFKA_USERNAME": self.kafka.username,
            "IOK_KAFKA_PASSWORD": self.kafka.password.get_secret_value(),
            "IOK_KAFKA_CA": self.kafka.ca,
            "IOK_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
        }

    def settings(self) -> dict[str, Any]:
        """The same, as arguments of a service's settings."""
        return {f"kafka_{name}": getattr(self.kafka, name) for name in KafkaSettings.model_fields}

    async def publish(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: tuple[Header, ...] = (CONTENT_TYPE_HEADER,),
    ) -> tuple[int, int]:
        """Write one record to a topic (logical name); returns its partition and offset."""
        producer = AIOKafkaProducer(**client_options(self.kafka), acks="all")
        await producer.start()
        try:
            sent = await producer.send_and_wait(
                self.kafka.physical(topic), value, key=key, partition=partition, headers=list(headers)
            )
        finally:
            await producer.stop()
        return sent.partition, sent.offset

    async def read(self, topic: str) -> list[Record]:
        """Every record that lies in a topic (logical name) now, partition by partition; `topic_id` stays empty."""
        physical = self.kafka.physical(topic)
        consumer = AIOKafkaConsumer(physical, **client_options(self.kafka), auto_offset_reset="earliest")
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            found: list[Record] = []
            while any([await consumer.position(at) < end for at, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_RECORDS)).values():
                    found += [_record(topic, each) for each in records]
        finally:
            await consumer.stop()
        return sorted(found, key=lambda record: (record.partition, record.offset))


def _record(topic: str, record: Any) -> Record:
    return Record(topic, "", record.partition, record.offset, record.key, record.value, tuple(record.headers))


async def eventually(
    ask: Callable[[], Awaitable[T]], *, within_seconds: float = PATIENCE_SECONDS, what: str = "the condition"
) -> T:
    """Ask again and again until the answer is true-like, and return it.

    Raises:
        AssertionError: it was not within the time; `what` and the last answer are told.
    """
    until = time.monotonic() + within_seconds
    while True:
        answer = await ask()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come true within {within_seconds} s; the last answer: {answer!r}")
        await asyncio.sleep(PAUSE_SECONDS)
