"""Planted bugs of the projection: what happens between the consumer, the position, dedupe and the entries."""

from collections.abc import Sequence
from typing import Any

from libs.chassis.kafka import Record
from libs.chassis.projection.positions import Position, StalePositionError
from services.ledger.domain import Account, Arrival, Booked, Known, Outcome
from tests.simulation.broker import At
from tests.simulation.database import Steps, Transaction
from tests.simulation.projector import Part, Projector, records_of


class CommitsWhenItReads(Projector):
    """The consumer commits by itself what it fetched, and starts again from there."""

    def poll(self) -> list[Record]:
        """Fetch and commit at once."""
        batch = super().poll()
        for record in batch:
            at = (record.topic, record.partition)
            self.database.tables["positions"][at] = Position(record.topic_id, record.offset + 1)
        return batch

    def move(self, tx: Transaction, expected: int, records: list[Record]) -> Steps[None]:
        """The position was moved already."""
        yield from tx.statement()


class TakesStaleBatches(Projector):
    """Applies what it holds although the partition may have been another's meanwhile, and sets the position so."""

    def fits(self, at: At, first_offset: int) -> bool:
        """Every batch does."""
        return True

    def move(self, tx: Transaction, expected: int, records: list[Record]) -> Steps[None]:
        """Put the position without comparing."""
        yield from tx.statement()
        at = (records[0].topic, records[0].partition)
        yield from tx.lock(("position", at))
        tx.put("positions", at, Position(self.topic_ids[at[0]], records[-1].offset + 1))


class BelievesEveryGap(Projector):
    """Takes the first batch after any seek for a gap in the log, also one that was fetched before a rebalance."""

    def seek(self, partitions: Sequence[At]) -> Steps[None]:
        """Believe in a gap at once."""
        yield from super().seek(partitions)
        for at in partitions:
            self.expecting.believe_gap(at)


class PassesOverWhatFailedTogether(Projector):
    """Goes on without the records of a transaction over several partitions that broke off."""

    def taken_together(self, parts: Sequence[Part]) -> Steps[bool]:
        """They count as taken, whatever became of them."""
        yield from super().taken_together(parts)
        return True


class KnowsNoTopicIds(Projector):
    """Keeps offsets without the topic's id: a topic made again is read on from the old place."""

    def position(self, found: Position, topic: str) -> Position:
        """The offset, as if it were this topic's."""
        return Position(self.topic_ids[topic], found.next_offset)

    def move(self, tx: Transaction, expected: int, records: list[Record]) -> Steps[None]:
        """Compare offsets only."""
        at = (records[0].topic, records[0].partition)
        yield from tx.lock(("position", at))
        before: Position | None = tx.get("positions", at)
        if before is not None:
            tx.put("positions", at, self.position(before, at[0]))
        yield from super().move(tx, expected, records)


class MovesThePositionApart(Projector):
    """Moves the position in a transaction of its own, before the effect."""

    def apply(self, parts: Sequence[Part]) -> Steps[None]:
        """Two transactions."""
        with self.database.begin(self.name) as tx:
            for part in parts:
                yield from self.move(tx, *part)
            yield from tx.commit()
        with self.database.begin(self.name) as tx:
            yield from self.project(tx, records_of(parts))
            yield from tx.commit()


class RemembersNothing(Projector):
    """Takes every delivery for a new event."""

    def load_seen(self, tx: Transaction, arrivals: Sequence[Arrival], known: Known) -> None:
        """Nothing was seen."""

    def remember(self, tx: Transaction, outcome: Outcome) -> Steps[None]:
        """Nothing is remembered."""
        yield from tx.statement()

    def add_entry(self, tx: Transaction, key: Any, booked: Booked) -> Steps[None]:
        """Without a unique key."""
        yield from tx.insert("entries", (key, self.database.number()), booked)


class RemembersApart(Projector):
    """Notes events as seen in one transaction, and books them in another: what fails between them is lost."""

    _fresh: frozenset[Any] = frozenset()

    def apply(self, parts: Sequence[Part]) -> Steps[None]:
        """Two transactions."""
        with self.database.begin(self.name) as tx:
            arrivals, _ = self.read(tx, records_of(parts))
            outcome = self.book((yield from self.known(tx, arrivals)), arrivals)
            yield from super().remember(tx, outcome)
            yield from tx.commit()
        self._fresh = frozenset(arrival.key for arrival in outcome.taken)
        try:
            yield from super().apply(parts)
        finally:
            self._fresh = frozenset()

    def load_seen(self, tx: Transaction, arrivals: Sequence[Arrival], known: Known) -> None:
        """What was noted just now is still to be booked."""
        super().load_seen(tx, [arrival for arrival in arrivals if arrival.key not in self._fresh], known)

    def remember(self, tx: Transaction, outcome: Outcome) -> Steps[None]:
        """Done already."""
        yield from tx.statement()


class RemembersInMemory(Projector):
    """Keeps what it has seen in its own memory: another projector, or itself after a crash, knows nothing of it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._seen: dict[Any, Any] = {}

    def load_seen(self, tx: Transaction, arrivals: Sequence[Arrival], known: Known) -> None:
        """From memory."""
        known.seen.update({arrival.key: self._seen[arrival.key] for arrival in arrivals if arrival.key in self._seen})

    def book(self, known: Known, arrivals: Sequence[Arrival]) -> Outcome:
        """Remember what comes out."""
        outcome = super().book(known, arrivals)
        self._seen.update(known.seen)
        return outcome

    def remember(self, tx: Transaction, outcome: Outcome) -> Steps[None]:
        """Nothing is written down."""
        yield from tx.statement()

    def add_entry(self, tx: Transaction, key: Any, booked: Booked) -> Steps[None]:
        """Without a unique key."""
        yield from tx.insert("entries", (key, self.database.number()), booked)


class ForgetsTheSetAside(Projector):
    """Commits past a bad record without keeping it."""

    def set_aside(self, tx: Transaction, record: Record, reason: str) -> None:
        """Log and drop."""


class SwallowsErrors(Projector):
    """Logs whatever goes wrong with a batch, commits past it and goes on with the next one."""

    def apply(self, parts: Sequence[Part]) -> Steps[None]:
        """Never fail."""
        try:
            yield from super().apply(parts)
        except StalePositionError:
            raise
        except Exception:  # noqa: BLE001  # this is the bug
            with self.database.begin(self.name) as tx:
                for part in parts:
                    yield from self.move(tx, *part)
                yield from tx.commit()


class ReadsBalancesUnlocked(Projector):
    """Reads a lease's account without holding it: of two projectors at once, the later wins."""

    def lock_accounts(self, tx: Transaction, leases: Sequence[str]) -> Steps[None]:
        """No lock."""
        yield from ()


class CountsInFloats(Projector):
    """Adds up złotys in floating point."""

    def book(self, known: Known, arrivals: Sequence[Arrival]) -> Outcome:
        """The sums by floats."""
        before = {lease: account.balance_grosze / 100 for lease, account in known.accounts.items()}
        outcome = super().book(known, arrivals)
        for booked in outcome.booked:
            lease = booked.entry.lease_id
            before[lease] = before.get(lease, 0.0) + booked.entry.amount_grosze / 100
        for lease, account in outcome.accounts.items():
            outcome.accounts[lease] = Account(account.version, int(before[lease] * 100))
        return outcome
