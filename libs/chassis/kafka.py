"""Kafka: the three client libraries set up from the same settings, typed where they ship no types.

aiokafka produces (keyed, idempotent, acks=all), FastStream consumes, and confluent-kafka alone knows topic ids.
"""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from confluent_kafka import TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from libs.chassis.settings import KafkaSettings

REQUEST_TIMEOUT_MS = 10_000
METADATA_MAX_AGE_MS = 5_000  # a reader that joined before a topic was known to its broker finds it after this
MAX_REQUEST_BYTES = 1_048_576
CONTENT_TYPE_HEADER = ("content-type", b"application/cloudevents+json")
# On every record that a service sent from its own outbox: who else may write to a topic can use any source.
RELAYED_HEADER = ("iok-relayed", b"1")

Header = tuple[str, bytes]


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record as it lies in Kafka; `topic` is the logical name."""

    topic: str
    topic_id: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


class MissingTopicError(Exception):
    """A topic does not exist, or this user may not see it."""


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """The TLS context when the connection is encrypted; None on plain ones."""
    if not kafka.security.endswith("SSL"):
        return None
    return ssl.create_default_context(cafile=kafka.ca or None)


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Connection options of an aiokafka client."""
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap,
        "security_protocol": kafka.security,
        "ssl_context": ssl_context(kafka),
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
    }
    if kafka.security.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    return options


def admin_options(kafka: KafkaSettings) -> dict[str, str | int | float | bool]:
    """Connection options of a confluent-kafka client."""
    options: dict[str, str | int | float | bool] = {
        "bootstrap.servers": kafka.bootstrap,
        "security.protocol": kafka.security,
        "log_level": "0",
    }
    if kafka.ca:
        options["ssl.ca.location"] = kafka.ca
    if kafka.security.startswith("SASL"):
        options |= {
            "sasl.mechanisms": kafka.mechanism,
            "sasl.username": kafka.username,
            "sasl.password": kafka.password.get_secret_value(),
        }
    return options


def faststream_security(kafka: KafkaSettings) -> BaseSecurity:
    """The same for FastStream."""
    context = ssl_context(kafka)
    if not kafka.security.startswith("SASL"):
        return BaseSecurity(ssl_context=context, use_ssl=context is not None)
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    return kinds[kafka.mechanism](
        username=kafka.username,
        password=kafka.password.get_secret_value(),
        ssl_context=context,
        use_ssl=context is not None,
    )


def new_broker(kafka: KafkaSettings) -> KafkaBroker:
    """A FastStream broker that only consumes and never makes a topic."""
    return KafkaBroker(
        kafka.bootstrap,
        security=faststream_security(kafka),
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        allow_auto_create_topics=False,
        consumer_only=True,
        apply_types=False,  # the handler is given what the decoder makes, without a thread for each batch
        logger=None,
    )


def new_producer(kafka: KafkaSettings) -> AIOKafkaProducer:
    """A producer whose acknowledgement means: written by all replicas in sync, once, in order per partition."""
    return AIOKafkaProducer(
        **client_options(kafka),
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_request_size=MAX_REQUEST_BYTES,
        retry_backoff_ms=50,
    )


async def topic_ids(kafka: KafkaSettings, topics: Iterable[str], client: AdminClient | None = None) -> dict[str, str]:
    """The id of each topic, by logical name: a topic deleted and made again has another one.

    Who asks again and again gives a `client`, made with `admin_options`, whose connection is kept.

    Raises:
        MissingTopicError: a topic does not exist or is not ours to see.
        confluent_kafka.KafkaException: Kafka does not answer.
    """
    names = sorted(set(topics))

    def ask() -> dict[str, str]:
        admin = client or AdminClient(admin_options(kafka))
        wanted = TopicCollection([kafka.physical(name) for name in names])
        futures = admin.describe_topics(wanted, request_timeout=REQUEST_TIMEOUT_MS / 1000)
        return {kafka.logical(name): str(future.result().topic_id) for name, future in futures.items()}

    try:
        return await asyncio.to_thread(ask)
    except Exception as error:
        if "UNKNOWN_TOPIC" in repr(error) or "AUTHORIZATION" in repr(error):
            raise MissingTopicError(
                f"one of the topics {', '.join(names)} is missing or not allowed: create the topics, check the ACLs"
            ) from error
        raise


class LogEnds:
    """Asks Kafka where each partition ends; one client, made at first use."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._admin: AdminClient | None = None
        self._partitions: dict[str, int] = {}

    async def read(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """(logical topic, partition) -> the offset that the next record will get.

        Raises:
            confluent_kafka.KafkaException: Kafka does not answer, or a topic is missing.
        """
        return await asyncio.to_thread(self._ask, list(topics))

    def _ask(self, topics: list[str]) -> dict[tuple[str, int], int]:
        admin = self._admin = self._admin or AdminClient(admin_options(self._kafka))
        unknown = [topic for topic in topics if topic not in self._partitions]
        if unknown:
            names = TopicCollection([self._kafka.physical(topic) for topic in unknown])
            found = admin.describe_topics(names, request_timeout=REQUEST_TIMEOUT_MS / 1000)
            self._partitions |= {
                self._kafka.logical(at): len(future.result().partitions) for at, future in found.items()
            }
        latest = {
            TopicPartition(self._kafka.physical(topic), n): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for topic in topics
            for n in range(self._partitions[topic])
        }
        answers = admin.list_offsets(latest, request_timeout=REQUEST_TIMEOUT_MS / 1000)
        return {(self._kafka.logical(at.topic), at.partition): future.result().offset for at, future in answers.items()}
