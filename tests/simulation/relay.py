"""The relay: what stands in the outbox reaches the broker, in order per key, at least once; marked after its ack."""

from collections.abc import Sequence
from typing import Final

from libs.chassis.outbox import Message
from tests.simulation.broker import Sending, crc_partition
from tests.simulation.database import NEXT, ConnectionLostError, Database, DeadlockError, Steps, Transaction
from tests.simulation.world import World

IDLE: Final = 30  # ticks between two looks at an empty outbox
BACKOFF: Final = 6
LOOK_AGAIN: Final = 80  # ticks between two tries at the lock

Row = tuple[int, Message]


class BrokerError(Exception):
    """Some records were not acknowledged."""


class Relay:
    """One relay process of a service. Only the one with the lock works; one that was paused may not know it lost it."""

    def __init__(self, world: World, name: str, database: Database) -> None:
        self.world = world
        self.name = name
        self.database = database

    def tasks(self) -> Sequence[Steps[None]]:
        """The lines of work of this process."""
        return (self.run(),)

    def run(self) -> Steps[None]:
        """Publish for ever; start afresh after every error."""
        while True:
            with self.database.begin(self.name) as session:
                try:
                    yield from self._hold(session)
                    while True:
                        if not (yield from self.publish_batch(session)):
                            yield IDLE
                except (ConnectionLostError, DeadlockError, BrokerError):
                    self.world.note("{} starts afresh", self.name)
            yield BACKOFF

    def _hold(self, session: Transaction) -> Steps[None]:
        """Become the active relay; the lock lives as long as the session."""
        while self.database.locks.get("relay") not in {None, session}:
            yield from session.statement()
            yield LOOK_AGAIN
        yield from session.lock("relay")

    def publish_batch(self, session: Transaction) -> Steps[int]:
        """Send the oldest rows one by one, then take out those acknowledged; raises BrokerError."""
        yield from session.statement()
        rows = self.take()
        failed: set[tuple[str, str]] = set()
        sent: list[int] = []
        refused: set[tuple[str, int]] = set()
        for number, message in rows:
            yield NEXT
            taken = self.send(message, refused)
            if taken and (message.topic, message.key) not in failed:
                sent.append(number)
            else:
                failed.add((message.topic, message.key))
        yield from self.mark(session, sent)
        if failed:
            raise BrokerError
        return len(sent)

    def take(self) -> list[Row]:
        """The oldest rows that are still there."""
        return sorted(self.database.tables["outbox"].items())[: self.world.chance.between(1, 8)]

    def send(self, message: Message, refused: set[tuple[str, int]]) -> bool:
        """Send one record; False without an ack. After a failure its partition takes nothing more of this batch."""
        partition = crc_partition(message.key.encode())
        at = (message.topic, partition)
        chance, weather = self.world.chance, self.world.weather
        if at in refused or chance.happens(weather.refusal):
            refused.add(at)
            return False
        self.world.send(Sending(message.topic, message.key.encode(), message.body, partition))
        if chance.happens(weather.lost_ack):
            refused.add(at)
            return False
        return True

    def mark(self, session: Transaction, numbers: Sequence[int]) -> Steps[None]:
        """Take acknowledged rows out, in this session."""
        yield from session.statement()
        with self.database.begin(self.name) as tx:
            for number in numbers:
                tx.put("outbox", number, None)
            yield from tx.commit()
