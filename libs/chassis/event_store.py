"""The event store: a service's own facts, appended with an expected version, kept byte for byte as they go to Kafka.

An append writes the events and their outbox rows in one statement, so that neither exists without the other.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg

from libs.chassis.logs import CORRELATION_ID
from libs.chassis.metrics import EVENTS_APPENDED
from libs.chassis.postgres import CONFLICT, Connection
from libs.events.envelope import MAX_RECORD_BYTES, Envelope, EventData, encode, new_event_id

OWN_TABLES = frozenset({"events", "idempotency_keys"})  # what an append writes that may be there already
APPEND_ATTEMPTS = 8  # a stream contended more often than this is answered 503 rather than kept waiting

# Events and their outbox rows, in one statement and in the order given; none while Kafka is ahead of the store.
APPEND = """
with given as (
    select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::bytea[])
        with ordinality as g (topic, subject, stream_version, event_id, event_type, business_key, body, n)
    where not exists (select from ahead)
), recorded as (
    insert into events (topic, subject, stream_version, event_id, event_type, business_key, body)
    select topic, subject, stream_version, event_id, event_type, business_key, body from given order by n
)
insert into outbox (topic, key, body) select topic, subject, body from given order by n
"""

NOTHING_INSERTED = "INSERT 0 0"
BEHIND = (
    "Kafka holds events of this service that its database lacks: it was restored to an earlier time. Nothing is taken "
    "until an operator has run `restore-from-kafka`"
)

# The last version of each stream.
VERSIONS = """
select topic, subject, max(stream_version) as version from events
where (topic, subject) in (select * from unnest($1::text[], $2::text[])) group by topic, subject
"""

# A whole stream, oldest first.
READ = "select body, stream_version from events where topic = $1 and subject = $2 order by stream_version"

# What was recorded under business keys.
KEYS = """
select subject, business_key, body from events
where topic = $1 and (subject, business_key) in (select * from unnest($2::text[], $3::text[]))
"""

T = TypeVar("T")
Parse = Callable[[Envelope], EventData]


class WrongExpectedVersionError(Exception):
    """The stream has moved on since it was read: read it again and decide anew."""


class StoreBehindError(ConnectionError):
    """Kafka holds own events that the store lacks: to whoever asks, the same as a database that is away for a while."""


class DuplicateKeyError(Exception):
    """The stream holds an event of this business key already."""


class OversizedEventError(ValueError):
    """An event is larger than a record may be."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream as read: its version (0 when there is none) and its events, oldest first."""

    version: int
    events: list[EventData] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Append:
    """An event to append to a stream; `key` is unique in that stream, when given."""

    subject: str
    event: EventData
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """An event ready to be recorded: where it goes, its envelope with the version, its business key, its bytes."""

    topic: str
    envelope: Envelope
    key: str | None
    body: bytes


def utc_now() -> datetime:
    """The time of day, for envelopes only: no decision and no order rests on it."""
    return datetime.now(UTC)


class EventStore:
    """Appends and reads the events of one service."""

    def __init__(
        self,
        source: str,
        parse: Parse,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], str] = new_event_id,
    ) -> None:
        self._source = source
        self._parse = parse
        self._clock = clock
        self._new_id = new_id

    @property
    def source(self) -> str:
        """What the events carry as their source."""
        return self._source

    async def append(
        self,
        tx: Connection,
        subject: str,
        expected_version: int,
        events: Sequence[EventData],
        *,
        keys: Sequence[str | None] = (),
    ) -> list[Envelope]:
        """Append events of one topic to one stream, in the caller's transaction; returns their envelopes.

        Raises:
            WrongExpectedVersionError: someone else appended first. The transaction is lost; decide again in a new one.
            DuplicateKeyError: a business key is taken.
            OversizedEventError: an event does not fit into a record.
            StoreBehindError: the database was restored to an earlier time, and nothing is appended yet.
        """
        padded = [*keys, *[None] * (len(events) - len(keys))]
        numbered = [
            (Append(subject, event, key), expected_version + n)
            for n, (event, key) in enumerate(zip(events, padded, strict=True), start=1)
        ]
        return await self._write(tx, numbered)

    async def append_many(self, tx: Connection, items: Sequence[Append]) -> list[Envelope]:
        """Append to many streams at once, each going on from its present version; for imports and charge runs.

        Raises:
            WrongExpectedVersionError, DuplicateKeyError, OversizedEventError: as `append`.
        """
        versions = await self._versions(tx, {(item.event.topic, item.subject) for item in items})
        numbered: list[tuple[Append, int]] = []
        for item in items:
            at = (item.event.topic, item.subject)
            versions[at] = versions.get(at, 0) + 1
            numbered.append((item, versions[at]))
        return await self._write(tx, numbered)

    async def read(self, tx: Connection, topic: str, subject: str) -> Stream:
        """A stream with its version, to fold with `evolve`."""
        rows = await tx.fetch(READ, topic, subject)
        return Stream(
            rows[-1]["stream_version"] if rows else 0, [self._parse(envelope_of(row["body"])) for row in rows]
        )

    async def keys(
        self, tx: Connection, topic: str, pairs: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """Which (subject, business key) are taken, each with the `data` recorded under it."""
        wanted = sorted(set(pairs))
        rows = await tx.fetch(KEYS, topic, [subject for subject, _ in wanted], [key for _, key in wanted])
        return {(row["subject"], row["business_key"]): envelope_of(row["body"]).data for row in rows}

    async def _versions(self, tx: Connection, streams: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
        ordered = sorted(streams)
        rows = await tx.fetch(VERSIONS, [topic for topic, _ in ordered], [subject for _, subject in ordered])
        return {(row["topic"], row["subject"]): row["version"] for row in rows}

    async def _write(self, tx: Connection, numbered: Sequence[tuple[Append, int]]) -> list[Envelope]:
        if not numbered:
            return []
        ready = [self.recording(item, version) for item, version in numbered]
        with append_conflicts():
            status = await tx.execute(
                APPEND,
                [each.topic for each in ready],
                [each.envelope.subject for each in ready],
                [each.envelope.streamversion for each in ready],
                [each.envelope.id for each in ready],
                [each.envelope.type for each in ready],
                [each.key for each in ready],
                [each.body for each in ready],
            )
        if status == NOTHING_INSERTED:
            raise StoreBehindError(BEHIND)
        for event_type, count in Counter(each.envelope.type for each in ready).items():
            EVENTS_APPENDED.labels(event_type).inc(count)
        return [each.envelope for each in ready]

    def recording(self, item: Append, version: int) -> Recording:
        """An event as it will be recorded under this version of its stream.

        Raises:
            OversizedEventError: it does not fit into a record.
        """
        plain = Envelope.carrying(
            item.event, event_id=self._new_id(), source=self._source, at=self._clock(), subject=item.subject
        )
        envelope = plain.model_copy(update={"streamversion": version, "correlationid": CORRELATION_ID.get()})
        return Recording(item.event.topic, envelope, item.key, _encoded(envelope))


@contextmanager
def append_conflicts() -> Iterator[None]:
    """Say in the store's words that a unique index of `events` refused an event, or that of the keys an answer.

    Raises:
        WrongExpectedVersionError, DuplicateKeyError: as `EventStore.append`.
        asyncpg.UniqueViolationError: of any other table, as it came.
    """
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "events_business_key":
            raise DuplicateKeyError(str(error.detail)) from error
        if error.table_name not in OWN_TABLES:
            raise
        raise WrongExpectedVersionError(str(error.detail)) from error


def envelope_of(body: bytes) -> Envelope:
    """The envelope of a body this service recorded itself."""
    return Envelope.model_validate_json(body)


def _encoded(envelope: Envelope) -> bytes:
    body = encode(envelope)
    if len(body) > MAX_RECORD_BYTES:
        raise OversizedEventError(
            f"{envelope.type} of {envelope.subject} takes {len(body)} bytes, the most is {MAX_RECORD_BYTES}"
        )
    return body


async def decided_again(work: Callable[[], Awaitable[T]]) -> T:
    """Run a whole command (its transaction included), again when another one was quicker, a bounded number of times.

    Raises:
        WrongExpectedVersionError, `postgres.CONFLICT`: still contended at the last attempt.
    """
    for _ in range(APPEND_ATTEMPTS - 1):
        try:
            return await work()
        except (WrongExpectedVersionError, *CONFLICT):
            continue
    return await work()
