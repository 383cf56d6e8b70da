"""The service's own events as Kafka holds them, against the store: a database restored to an earlier time is found.

Kafka is then ahead of the store. To append there would give a version of a stream to a second event, and decide on
facts that are missing. So the records are noted in `ahead`, appending is refused as long as a row stands there, and the
relay does not start. `restore` brings the missing events back from Kafka, byte for byte.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol

import msgspec
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from libs.chassis.event_store import envelope_of
from libs.chassis.kafka import RELAYED_HEADER, MissingTopicError, Record
from libs.chassis.kafka_log import KafkaLog, Places, SilentLogError, open_log
from libs.chassis.logs import logger
from libs.chassis.metrics import OWN_EVENTS_AHEAD
from libs.chassis.pausing import pause
from libs.chassis.postgres import CONFLICT, UNAVAILABLE, Connection, Database, Row
from libs.chassis.projection.positions import Positions
from libs.chassis.settings import KafkaSettings
from libs.events.envelope import Envelope, EventData

PROJECTION: Final = "own-events"  # how far Kafka was held against the store, among the positions
FIRST_LOOK_SECONDS: Final = 5.0  # a Kafka that is away must not keep a service from answering
LOOK_SECONDS: Final = 300.0
RETRY_SECONDS: Final = 2.0
AWAY = (*UNAVAILABLE, *CONFLICT, KafkaError, KafkaException, MissingTopicError, SilentLogError)

# What reading a record that is no event may raise.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

# Which of these events the store does not hold, or holds with another body.
UNKNOWN = """
select g.n, e.event_id is not null as altered
from unnest($1::text[], $2::bytea[]) with ordinality as g (event_id, body, n)
left join events e using (event_id) where e.event_id is null or e.body <> g.body order by g.n
"""

NOTE = """
insert into ahead (topic, subject, stream_version, event_id, partition, "offset")
select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::int[], $6::bigint[]) on conflict do nothing
"""
COUNT = "select count(*) from ahead"
FORGET = "delete from ahead a where exists (select from events e where e.event_id = a.event_id)"
LEFT = "select topic, subject, stream_version, event_id from ahead order by topic, subject, stream_version limit 100"

# How far Kafka was held against the store; several processes may look at once, and a topic made again begins anew.
MARK = """
insert into positions as p (projection, topic, topic_id, partition, next_offset) values ('own-events', $1, $2, $3, $4)
on conflict (projection, topic, partition) do update set topic_id = excluded.topic_id, updated_at = now(),
    next_offset = case when p.topic_id = excluded.topic_id then greatest(p.next_offset, excluded.next_offset)
        else excluded.next_offset end
"""

# An event as Kafka holds it; nothing when its version or its business key is taken.
RESTORE = """
insert into events (topic, subject, stream_version, event_id, event_type, business_key, body, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning position
"""


class _Said(msgspec.Struct):
    """What of an envelope is needed to find an event in the store, within what its tables can hold."""

    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
    source: str
    subject: str
    streamversion: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None


@dataclass(frozen=True, slots=True)
class _Own:
    """A record that holds an event of ours."""

    said: _Said
    record: Record

    @property
    def body(self) -> bytes:
        return self.record.value or b""


class Following(Protocol):
    """What a service adds to restoring its events: their business keys, and the read models that follow them."""

    @property
    def key_of(self) -> Callable[[EventData], str | None]:
        """Gives the business key under which an event was appended, if any."""

    async def follow(self, tx: Connection, envelope: Envelope, event: EventData) -> None:
        """Bring the service's own read models up to a restored event, in the transaction that restores it."""


@dataclass(frozen=True, slots=True)
class KeysAlone:
    """For a service whose read models are made again by other means."""

    key_of: Callable[[EventData], str | None]

    async def follow(self, tx: Connection, envelope: Envelope, event: EventData) -> None:
        """Nothing follows."""


@dataclass(slots=True)
class Restored:
    """What `restore` did: records read, events brought back, and in words what could not be."""

    read: int = 0
    restored: int = 0
    conflicts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OwnEvents:
    """One service's own events: the `topics` they lie on, the `source` they carry, and how their data is read."""

    database: Database
    kafka: KafkaSettings
    source: str
    topics: Sequence[str]
    parse: Callable[[Envelope], EventData]
    following: Following

    async def ahead(self) -> int:
        """How many own events are known to be on Kafka and not in the store."""
        async with self.database.connection() as connection:
            count: int = await connection.fetchval(COUNT)
        OWN_EVENTS_AHEAD.set(count)
        return count

    async def check(self) -> int:
        """Hold what is new on Kafka against the store; returns how many events the store lacks.

        Raises:
            Any of `AWAY`: the database or Kafka does not answer.
        """
        async with open_log(self.kafka, self.topics) as log:
            places, ends = await self._places(log), await log.ends()
            async for batch in log.read(places, ends):
                async with self.database.transaction() as tx:
                    await self._note(tx, self._own(batch))
                    await tx.execute(MARK, *_mark(batch))
        return await self.ahead()

    async def first_look(self) -> bool:
        """Check before the service takes commands; tells whether the store is known to lack nothing.

        Without Kafka the service goes on, and the relay waits for the check.
        """
        try:
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                behind = await self.check()
        except AWAY as error:
            logger(__name__).warning("own events not held against Kafka yet", error=repr(error))
            return False
        _tell(behind)
        return not behind

    async def relay_when_true(self, relay: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        """Run the relay once a check has found nothing that the store lacks."""
        while not stop.is_set():
            try:
                behind = await self.check()
            except AWAY as error:
                logger(__name__).warning("own events not held against Kafka yet", error=repr(error))
            else:
                if not behind:
                    return await relay(stop)
                _tell(behind)
            await pause(stop, RETRY_SECONDS)
        return None

    async def watch(self, stop: asyncio.Event) -> None:
        """Check from time to time, so that the check at the next start has little to read."""
        while not stop.is_set():
            await pause(stop, LOOK_SECONDS)
            try:
                _tell(await self.check())
            except AWAY as error:
                logger(__name__).warning("own events not held against Kafka", error=repr(error))

    async def restore(self, tell: Callable[[int, int], None]) -> Restored:
        """Bring back every own event that Kafka holds and the store lacks; `tell` hears records read, and of how many.

        Nothing in the store is changed or overwritten: what stands in the way of an event is told.

        Raises:
            Any of `AWAY`: the database or Kafka does not answer; what was restored stays, run it again.
        """
        done = Restored()
        async with open_log(self.kafka, self.topics) as log:
            ends = await log.ends()
            async for batch in log.read(await log.begins(), ends):
                async with self.database.transaction() as tx:
                    await self._restore(tx, self._own(batch), done)
                done.read += len(batch)
                tell(done.read, sum(ends.values()))
        async with self.database.transaction() as tx:
            await tx.execute(FORGET)
        await self.check()
        async with self.database.connection() as connection:
            done.conflicts += [
                f"{row['topic']} {row['subject']} version {row['stream_version']} ({row['event_id']}) cannot be put in"
                for row in await connection.fetch(LEFT)
            ]
        return done

    async def _restore(self, tx: Connection, own: Sequence[_Own], done: Restored) -> None:
        for row in await _unknown(tx, own):
            one = own[row["n"] - 1]
            if not self._could_be_ours(one):
                continue
            if row["altered"]:
                done.conflicts.append(f"event {one.said.id} lies on {one.record.topic} with another content")
                continue
            envelope = envelope_of(one.body)
            event = self.parse(envelope)
            position = await tx.fetchval(
                RESTORE,
                one.record.topic,
                envelope.subject,
                envelope.streamversion,
                envelope.id,
                envelope.type,
                self.following.key_of(event),
                one.body,
                envelope.recorded_at,
            )
            if position is not None:
                await self.following.follow(tx, envelope, event)
                done.restored += 1

    def _own(self, batch: Sequence[Record]) -> list[_Own]:
        """The records of a batch that hold events of ours, each once: of our source, and sent by a relay of ours."""
        found: dict[str, _Own] = {}
        for record in batch:
            if RELAYED_HEADER not in record.headers:
                continue
            with suppress(*UNREADABLE):
                said = msgspec.json.decode(record.value or b"", type=_Said)
                if said.source == self.source and said.streamversion is not None:
                    found.setdefault(said.id, _Own(said, record))
        return list(found.values())

    def _could_be_ours(self, one: _Own) -> bool:
        """Whether the service could have published this: whoever else may write to a topic can write any source.

        A record that readers set aside says nothing of our store; it must not close the service.
        """
        try:
            envelope = envelope_of(one.body)
            event = self.parse(envelope)
        except Exception:  # noqa: BLE001  # the service's own parse says in its own way that a record is bad
            return False
        return one.record.key == envelope.subject.encode() and event.topic == one.record.topic

    async def _note(self, tx: Connection, own: Sequence[_Own]) -> None:
        unknown = [own[row["n"] - 1] for row in await _unknown(tx, own) if not row["altered"]]
        lacking = [one for one in unknown if self._could_be_ours(one)]
        if lacking:
            await tx.execute(
                NOTE,
                [one.record.topic for one in lacking],
                [one.said.subject for one in lacking],
                [one.said.streamversion for one in lacking],
                [one.said.id for one in lacking],
                [one.record.partition for one in lacking],
                [one.record.offset for one in lacking],
            )

    async def _places(self, log: KafkaLog) -> Places:
        """Where the last check ended; the beginning of a topic that was made again, or that was never read."""
        async with self.database.connection() as connection:
            positions = await Positions().read(connection, PROJECTION)
        return {at: found.next_offset for at, found in positions.items() if log.ids.get(at[0]) == found.topic_id}


async def _unknown(tx: Connection, own: Sequence[_Own]) -> Sequence[Row]:
    if not own:
        return []
    rows: Sequence[Row] = await tx.fetch(UNKNOWN, [one.said.id for one in own], [one.body for one in own])
    return rows


def _mark(batch: Sequence[Record]) -> tuple[str, str, int, int]:
    last = batch[-1]
    return last.topic, last.topic_id, last.partition, last.offset + 1


def _tell(behind: int) -> None:
    if behind:
        logger(__name__).error(
            "Kafka holds own events that the store does not: the database was restored to an earlier time; "
            "nothing is appended or published until `restore-from-kafka`",
            events=behind,
        )
