"""The projector: a consumer group's member that feeds the live book, by the rules of the real runner.

Kafka says who reads, the database says from where; effect and position change in one transaction. What a batch does to
the book is the real code.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from libs.chassis.kafka import Record
from libs.chassis.outbox import Message
from libs.chassis.projection.expecting import Expecting
from libs.chassis.projection.positions import Position, StalePositionError
from libs.chassis.projection.runner import StoppedPartitionError, _checked
from libs.events.decoding import Reason, Skipped
from libs.events.names import BALANCES, TRANSFERS
from libs.events.topics import TOPICS
from services.ledger.domain import Arrival, Known, Outcome, Place, Sighted, book, claim_of, leases_of
from tests.simulation.broker import At, place_of
from tests.simulation.database import ConnectionLostError, Database, DeadlockError, Steps, Transaction
from tests.simulation.world import World, arrival_of

PASSING: Final = (ConnectionLostError, DeadlockError)
FAULT_ATTEMPTS: Final = 3
BACKOFF: Final = 5
IDLE: Final = 15
HEARTBEAT: Final = 40
REJOINING: Final = 10
MAX_RECORDS: Final = 12
TAKEN, FAILED = "taken", "failed"

# Of one partition: where its position is to stand, and its records.
Part = tuple[int, list[Record]]


class PoisonError(Exception):
    """A defect of ours that one record brings to light."""


class Projector:
    """One projector process; another like it shares the group."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.database: Database = world.ledger
        self.generation = -1
        self.topic_ids: dict[str, str] = {}
        self.expecting: Expecting[At] = Expecting()
        self.places: dict[At, int] = {}  # where the consumer fetches on

    def tasks(self) -> Sequence[Steps[None]]:
        """Heartbeats and rebalances go on while batches are taken."""
        return (self.coordinate(), self.consume())

    def coordinate(self) -> Steps[None]:
        """Notice that the group changed: give partitions up, get others, seek to their positions."""
        group = self.world.group
        while True:
            group.join(self.name)
            if self.generation != group.generation:
                self.generation = group.generation
                self._leave_all()
                yield REJOINING  # the consumer still hands over what it had of the old partitions
                assigned = group.assigned_to(self.name)
                self.places.clear()
                self.world.note("{} is assigned {} partitions", self.name, len(assigned))
                yield from self.seek(assigned)
            yield HEARTBEAT

    def _leave_all(self) -> None:
        for at in self.expecting.all():
            self.expecting.leave(at)

    def seek(self, partitions: Sequence[At]) -> Steps[None]:
        """Seek to the positions kept; stop the partitions that must not be read."""
        self.topic_ids = dict(self.world.broker.ids)
        positions = yield from self._positions()
        logs = self.world.broker.logs
        for at in partitions:
            offset, before = 0, positions.get(at)
            if before is not None:
                try:
                    offset = _checked(self.position(before, at[0]), self.topic_ids[at[0]], 0, logs[at].end)
                except StoppedPartitionError as error:
                    self._halt(at, error)
                    continue
            self.places[at] = offset
            self.expecting.seek(at, offset)
            self.world.seen.halted.discard(at)

    def _positions(self) -> Steps[dict[At, Position]]:
        while True:
            with self.database.begin(self.name) as tx:
                try:
                    yield from tx.statement()
                except ConnectionLostError:
                    yield BACKOFF
                    continue
                return dict(self.database.tables["positions"])

    def _halt(self, at: At, error: StoppedPartitionError) -> None:
        self.world.note("{} stops {}: {}", self.name, at, error)
        self.world.seen.halted.add(at)
        self.expecting.leave(at)
        self.places.pop(at, None)

    def position(self, found: Position, topic: str) -> Position:
        """Where a partition is to be read on."""
        return found

    def consume(self) -> Steps[None]:
        """Take batch after batch: records of several partitions, each in its order."""
        while True:
            batch = self.poll()
            if not batch:
                yield IDLE
                continue
            yield 1
            parts: list[Part] = []
            for at, records in groupby(sorted(batch, key=_at), key=_at):
                parts += yield from self.expected(at, list(records))
            if len(parts) > 1 and (yield from self.taken_together(parts)):
                continue
            for part in parts:
                yield from self.take_part(part)

    def poll(self) -> list[Record]:
        """What the consumer fetches next, of some of its partitions."""
        chance, broker = self.world.chance, self.world.broker
        batch: list[Record] = []
        room = chance.between(1, MAX_RECORDS)
        waiting = [at for at, log in broker.filled.items() if log.end > self.places.get(at, log.end)]
        for at in chance.shuffled(waiting) if len(waiting) > 1 else waiting:
            fetched = broker.fetch(at, self.places[at], chance.between(1, room))
            if not fetched:
                self.places[at] = broker.logs[at].end
                continue
            self.places[at] = fetched[-1].offset + 1
            batch += fetched
            room -= len(fetched)
            if room <= 0:
                break
        return batch

    def expected(self, at: At, records: list[Record]) -> Steps[list[Part]]:
        """The part that comes next of a partition; none when it is another one, or the partition not ours."""
        expected = self.expecting.next_of(at)
        if expected is None:
            return []
        if not self.fits(at, records[0].offset):
            self.world.note("{} drops {} from {}: {} was expected", self.name, at, records[0].offset, expected)
            yield from self.drop(at)
            return []
        return [(expected, records)]

    def taken_together(self, parts: Sequence[Part]) -> Steps[bool]:
        """Take several parts in one transaction; where that fails, each is to be taken by itself."""
        if not all(map(self._is_next, parts)):
            return False
        try:
            yield from self.apply(parts)
        except Exception as error:  # noqa: BLE001  # as the runner
            self.world.note("{} takes partitions one by one after {}", self.name, type(error).__name__)
            return False
        self._advance(parts)
        return True

    def _is_next(self, part: Part) -> bool:
        return self.expecting.next_of(_at(part[1][0])) == part[0]

    def take_part(self, part: Part) -> Steps[None]:
        """Apply one partition's part of a batch."""
        at = _at(part[1][0])
        if not self._is_next(part):
            return
        try:
            yield from self._apply_with_patience(part)
        except StalePositionError as error:
            self.world.note("{} drops a stale batch: {}", self.name, error)
            yield from self.drop(at)
        except Exception as error:  # noqa: BLE001  # as the runner: it must not go on without these
            self.world.note("{} gives a batch of {} back: {}", self.name, at, type(error).__name__)
            yield BACKOFF
            yield from self.drop(at)
        else:
            self._advance([part])

    def _advance(self, parts: Sequence[Part]) -> None:
        for expected, records in parts:
            self.expecting.advance(_at(records[0]), expected, records[-1].offset + 1)

    def fits(self, at: At, first_offset: int) -> bool:
        """Whether a batch that begins there is the next one."""
        return self.expecting.fits(at, first_offset)

    def drop(self, at: At) -> Steps[None]:
        """Read the partition again from its position, between two batches; unless it is no longer ours."""
        if self.expecting.next_of(at) is None:
            return
        yield from self.seek((at,))
        self.expecting.believe_gap(at)

    def _apply_with_patience(self, part: Part) -> Steps[None]:
        failures = 0
        while True:
            try:
                yield from self.apply([part])
            except StalePositionError:
                raise
            except PASSING as error:
                self.world.note("{} waits after {}", self.name, type(error).__name__)
            except Exception as error:  # noqa: BLE001  # whatever one record causes must not stop the others
                failures += 1
                if failures >= FAULT_ATTEMPTS:
                    yield from self._isolate(part, error)
                    return
            else:
                return
            yield BACKOFF

    def _isolate(self, part: Part, error: Exception) -> Steps[None]:
        """Halve the part until the record at fault is alone, and set that one aside."""
        expected, records = part
        if len(records) > 1:
            middle = len(records) // 2
            yield from self._apply_with_patience((expected, records[:middle]))
            yield from self._apply_with_patience((records[middle - 1].offset + 1, records[middle:]))
            return
        self.world.note("{} sets {} aside after {}", self.name, place_of(records[0]), error)
        with self.database.begin(self.name) as tx:
            yield from self.move(tx, expected, records)
            tx.put("set_aside", place_of(records[0]), "unexpected_error")
            tx.journal.append((FAILED, records[0]))
            yield from tx.commit()

    def apply(self, parts: Sequence[Part]) -> Steps[None]:
        """Effect and positions in one transaction."""
        with self.database.begin(self.name) as tx:
            for expected, records in parts:
                yield from self.move(tx, expected, records)
            yield from self.project(tx, records_of(parts))
            yield from tx.commit()
        for _, records in parts:
            at, first, last = _at(records[0]), records[0].offset, records[-1].offset
            self.world.note("{} took {} from {} to {}", self.name, at, first, last)

    def move(self, tx: Transaction, expected: int, records: list[Record]) -> Steps[None]:
        """Move the position by compare-and-swap; raises StalePositionError."""
        yield from tx.statement()
        at, topic_id = _at(records[0]), self.topic_ids[records[0].topic]
        yield from tx.lock(("position", at))
        before: Position | None = tx.get("positions", at)
        fits = expected == 0 if before is None else before == Position(topic_id, expected)
        if not fits:
            raise StalePositionError(f"{at} is not at {expected}")
        tx.put("positions", at, Position(topic_id, records[-1].offset + 1))

    def project(self, tx: Transaction, records: Sequence[Record]) -> Steps[None]:
        """Take records into the live book, set aside what cannot be taken, announce what changed."""
        arrivals, by_place = self.read(tx, records)
        known = yield from self.known(tx, arrivals)
        outcome = self.book(known, arrivals)
        yield from self._store(tx, outcome)
        for refusal in outcome.refused:
            self.set_aside(tx, by_place[refusal.arrival.place], refusal.reason.value)
        for arrival in outcome.taken:
            record = by_place[arrival.place]
            if arrival.fact.envelope.source != TOPICS[record.topic].owner:
                tx.put("records", arrival.key, record)
        yield from self.announce(tx, outcome)
        tx.journal += [(TAKEN, record) for record in records]

    def read(self, tx: Transaction, records: Sequence[Record]) -> tuple[list[Arrival], dict[Place, Record]]:
        """Facts in their order and each fact's record; what is bad in itself is set aside."""
        arrivals: list[Arrival] = []
        by_place: dict[Place, Record] = {}
        for record in records:
            if record.value in self.world.poison:
                raise PoisonError(place_of(record))
            judged = self.world.decode(record)
            if isinstance(judged, Reason):
                self.set_aside(tx, record, judged.value)
            elif not isinstance(judged, Skipped):
                arrivals.append(arrival_of(record, judged))
                by_place[arrivals[-1].place] = record
        return arrivals, by_place

    def set_aside(self, tx: Transaction, record: Record, reason: str) -> None:
        """Keep a record that could not be taken."""
        tx.put("set_aside", place_of(record), reason)

    def book(self, known: Known, arrivals: Sequence[Arrival]) -> Outcome:
        """What the batch does to the book."""
        return book(known, arrivals)

    def known(self, tx: Transaction, arrivals: Sequence[Arrival]) -> Steps[Known]:
        """Lock the leases at hand and load what the book knows of these facts, statement by statement."""
        known = Known()
        if not arrivals:
            return known
        leases = leases_of(arrivals, TRANSFERS)
        yield from tx.statement()
        yield from self.lock_accounts(tx, leases)
        _load(tx, "accounts", leases, known.accounts)
        yield from tx.statement()
        self.load_seen(tx, arrivals, known)
        yield from tx.statement()
        _load(tx, "claims", [claim_of(arrival) for arrival in arrivals], known.claims)
        yield from tx.statement()
        _load(tx, "leases", leases, known.leases)
        _load(tx, "heads", [arrival.key[:3] for arrival in arrivals], known.streams)
        return known

    def lock_accounts(self, tx: Transaction, leases: Sequence[str]) -> Steps[None]:
        """Hold the accounts, in one order, so that two projectors never wait for each other."""
        for lease in leases:
            yield from tx.lock(("account", lease))

    def load_seen(self, tx: Transaction, arrivals: Sequence[Arrival], known: Known) -> None:
        """Which of these events the book holds."""
        _load(tx, "seen", [arrival.key for arrival in arrivals], known.seen)

    def _store(self, tx: Transaction, outcome: Outcome) -> Steps[None]:
        yield from tx.statement()
        for booked in outcome.booked:
            yield from self.add_entry(tx, booked.arrival.key, booked)
            if (claim := claim_of(booked.arrival)) is not None:
                yield from tx.insert("claims", claim, booked.arrival.partition)
        yield from self.remember(tx, outcome)
        yield from tx.statement()
        for table, rows in (("accounts", outcome.accounts), ("leases", outcome.leases), ("heads", outcome.streams)):
            for key, row in rows.items():
                tx.put(table, key, row)
        for alarm in outcome.alarms:
            tx.put("alarms", (alarm.kind, alarm.arrival.key, alarm.arrival.partition, alarm.arrival.offset), alarm)

    def add_entry(self, tx: Transaction, key: Any, booked: Any) -> Steps[None]:
        """Add an entry, for ever."""
        yield from tx.insert("entries", key, booked)

    def remember(self, tx: Transaction, outcome: Outcome) -> Steps[None]:
        """Note the events taken as seen."""
        yield from tx.statement()
        for key, sighted in _sightings(outcome).items():
            yield from tx.insert("seen", key, sighted)

    def announce(self, tx: Transaction, outcome: Outcome) -> Steps[None]:
        """Queue the balances that changed."""
        if outcome.accounts:
            yield from tx.statement()
        for lease, account in outcome.accounts.items():
            body = f"{account.version}|{account.balance_grosze}".encode()
            tx.put("outbox", self.database.number(), Message(BALANCES, lease, body))


def records_of(parts: Sequence[Part]) -> list[Record]:
    """The records of some parts."""
    return [record for _, records in parts for record in records]


def _at(record: Record) -> At:
    return (record.topic, record.partition)


def _load(tx: Transaction, table: str, keys: Sequence[Any], into: dict[Any, Any]) -> None:
    for key in keys:
        row = tx.get(table, key)
        if row is not None:
            into[key] = row


def _sightings(outcome: Outcome) -> dict[Any, Any]:
    return {arrival.key: Sighted(arrival.fact.content_digest, arrival.partition) for arrival in outcome.taken}
