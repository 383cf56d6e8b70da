"""The event store in memory: the real one's rules over rows of the simulated database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from libs.chassis.event_store import Append, DuplicateKeyError, Stream, WrongExpectedVersionError
from libs.chassis.outbox import Message
from libs.events.envelope import Envelope, EventData, encode
from tests.simulation.chance import Chance
from tests.simulation.database import Database, Steps, Transaction
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the store: byte for byte as published."""

    event: EventData
    envelope: Envelope
    body: bytes


Row = tuple[Recorded, ...]
NOTHING: Final[Row] = ()


class EventStore:
    """Appends and reads the events of one service."""

    def __init__(self, world: World, database: Database, source: str) -> None:
        self.world = world
        self.database = database
        self.source = source
        self._ids = Chance(world.plan.seed, source)

    def read(self, tx: Transaction, topic: str, subject: str) -> Steps[Stream]:
        """A stream with its version."""
        yield from tx.statement()
        rows: Row = tx.get("streams", (topic, subject)) or NOTHING
        return Stream(len(rows), [row.event for row in rows])

    def append(self, tx: Transaction, item: Append, expected_version: int) -> Steps[Envelope]:
        """Append an event and its outbox row; raises WrongExpectedVersionError, DuplicateKeyError."""
        yield from tx.statement()
        at = (item.event.topic, item.subject)
        yield from tx.lock(("stream", *at))
        rows: Row = tx.get("streams", at) or NOTHING
        self.check(tx, item, len(rows), expected_version)
        envelope = Envelope.carrying(
            item.event, event_id=self._ids.uuid(), source=self.source, at=self.world.clock(), subject=item.subject
        ).model_copy(update={"streamversion": expected_version + 1})
        recorded = Recorded(item.event, envelope, encode(envelope))
        tx.put("streams", at, (*rows, recorded))
        if item.key is not None:
            tx.put("keys", (*at, item.key), True)
        self.publish(tx, Message(*at, recorded.body))
        return envelope

    def check(self, tx: Transaction, item: Append, version: int, expected_version: int) -> None:
        """Refuse what was decided on an older version, and a business key used before."""
        if version != expected_version:
            raise WrongExpectedVersionError(f"{item.subject} is at {version}, not {expected_version}")
        if item.key is not None and tx.get("keys", (item.event.topic, item.subject, item.key)) is not None:
            raise DuplicateKeyError(item.key)

    def publish(self, tx: Transaction, message: Message) -> None:
        """Put a message into the outbox, in the transaction of its event."""
        tx.put("outbox", self.database.number(), message)

    def committed(self) -> Steps[None]:
        """What is left to do after a commit: nothing, the relay does it."""
        yield from ()

    def republish(self, tx: Transaction, topic: str) -> None:
        """Put every own event of a topic into the outbox again, in the order of its stream."""
        for (of, subject), rows in self.database.tables["streams"].items():
            for row in rows if of == topic else ():
                self.publish(tx, Message(topic, subject, row.body))


def facts(rows: Sequence[Recorded]) -> list[EventData]:
    """The events alone."""
    return [row.event for row in rows]
