"""Planted bugs: one wrong part each, never in production code. The simulation is worth something while it finds them.

Each class is a part as somebody might have written it; its docstring says what is wrong with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from libs.chassis.auth import Principal
from libs.chassis.event_store import Append
from libs.chassis.kafka import Record
from libs.chassis.outbox import Message
from libs.chassis.projection.positions import Position, StalePositionError
from services.ledger.domain import Account, Arrival, Booked, Known, Outcome
from services.payments.domain.notification import Report, ReportedStatus
from services.payments.domain.payment import Decision, Payment, PaymentStatus, confirmed
from tests.simulation.broker import At, Sending, crc_partition
from tests.simulation.database import NEXT, Steps, Transaction
from tests.simulation.event_store import EventStore
from tests.simulation.ledger_api import TRY_AGAIN, Clients, Query
from tests.simulation.machinery import Machinery
from tests.simulation.payments_api import PaymentsDoor
from tests.simulation.projector import Projector
from tests.simulation.relay import Relay, Row


class MarksBeforeItSends(Relay):
    """Takes rows out of the outbox first: what a crash or the broker then keeps from being sent is gone."""

    def publish_batch(self, session: Transaction) -> Steps[int]:
        """Mark, then send."""
        yield from session.statement()
        rows = self.take()
        yield from self.mark(session, [number for number, _ in rows])
        for _, message in rows:
            yield NEXT
            self.send(message, set())
        return len(rows)


class AsksForLargerIds(Relay):
    """Remembers the greatest number it sent and asks for larger ones: a row that commits late is never seen."""

    def take(self) -> list[Row]:
        """Rows above the greatest one sent so far."""
        greatest = self.database.tables["relay"].get("greatest", 0)
        self._taken = [row for row in super().take() if row[0] > greatest]
        return self._taken

    def mark(self, session: Transaction, numbers: Sequence[int]) -> Steps[None]:
        """Remember how far all was acknowledged."""
        yield from super().mark(session, numbers)
        for number, _ in self._taken:
            if number not in numbers:
                break
            self.database.tables["relay"]["greatest"] = number


class GoesOnAfterAFailure(Relay):
    """Sends later rows of a key although an earlier one was not taken, and that one afterwards."""

    def publish_batch(self, session: Transaction) -> Steps[int]:
        """Each row by itself."""
        yield from session.statement()
        sent: list[int] = []
        for number, message in self.take():
            yield NEXT
            if self.send(message, set()):
                sent.append(number)
        yield from self.mark(session, sent)
        return len(sent)


class SendsWithoutKeys(Relay):
    """Sends its batch without keys, as FastStream's publish_batch does."""

    def send(self, message: Message, refused: set[tuple[str, int]]) -> bool:
        """The key only chooses the partition."""
        self.world.send(Sending(message.topic, None, message.body, crc_partition(message.key.encode())))
        return True


class PublishesAfterCommit(EventStore):
    """Has no outbox: what was appended is sent after the commit, if the process lives to do so."""

    def publish(self, tx: Transaction, message: Message) -> None:
        """Keep it in memory."""
        self.database.tables["to send"].setdefault(self.source, []).append(message)

    def committed(self) -> Steps[None]:
        """Send what was kept."""
        yield NEXT
        waiting: list[Message] = self.database.tables["to send"].pop(self.source, [])
        for message in waiting:
            yield NEXT
            key = message.key.encode()
            self.world.send(Sending(message.topic, key, message.body, crc_partition(key)))


class ChecksNoVersion(EventStore):
    """Appends on whatever version the command happened to read."""

    def check(self, tx: Transaction, item: Append, version: int, expected_version: int) -> None:
        """Let everything pass."""


class AnswersBeforeCommit(Clients):
    """Tells the client that all is well, then tries to commit."""

    def _ask(self, queue: list[Any]) -> Steps[None]:
        request = queue.pop(0)
        acknowledged = self.world.seen.acknowledged
        acknowledged.append(request)
        try:
            if not (yield from self.door.handle(request)):
                acknowledged.remove(request)
        except TRY_AGAIN:
            return


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

    def is_unexpected(self, first: int, expected: int, *, just_sought: bool) -> bool:
        """Nothing is."""
        return False

    def move(self, tx: Transaction, expected: int, records: list[Record]) -> Steps[None]:
        """Put the position without comparing."""
        yield from tx.statement()
        at = (records[0].topic, records[0].partition)
        yield from tx.lock(("position", at))
        tx.put("positions", at, Position(self.topic_ids[at[0]], records[-1].offset + 1))


class KnowsNoTopicIds(Projector):
    """Keeps offsets without the topic's id: a topic made again is read on from the old place."""

    def position(self, positions: dict[At, Position], at: At) -> Position | None:
        """The offset, as if it were this topic's."""
        found = positions.get(at)
        return found and Position(self.topic_ids[at[0]], found.next_offset)

    def move(self, tx: Transaction, expected: int, records: list[Record]) -> Steps[None]:
        """Compare offsets only."""
        at = (records[0].topic, records[0].partition)
        yield from tx.lock(("position", at))
        found = self.position({at: before} if (before := tx.get("positions", at)) else {}, at)
        tx.put("positions", at, found)
        yield from super().move(tx, expected, records)


class MovesThePositionApart(Projector):
    """Moves the position in a transaction of its own, before the effect."""

    def apply(self, expected: int, records: list[Record]) -> Steps[None]:
        """Two transactions."""
        with self.database.begin(self.name) as tx:
            yield from self.move(tx, expected, records)
            yield from tx.commit()
        with self.database.begin(self.name) as tx:
            yield from self.project(tx, records)
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

    def apply(self, expected: int, records: list[Record]) -> Steps[None]:
        """Two transactions."""
        with self.database.begin(self.name) as tx:
            arrivals, _ = self.read(tx, records)
            outcome = self.book((yield from self.known(tx, arrivals)), arrivals)
            yield from super().remember(tx, outcome)
            yield from tx.commit()
        self._fresh = frozenset(arrival.key for arrival in outcome.taken)
        try:
            yield from super().apply(expected, records)
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

    def apply(self, expected: int, records: list[Record]) -> Steps[None]:
        """Never fail."""
        try:
            yield from super().apply(expected, records)
        except StalePositionError:
            raise
        except Exception:  # noqa: BLE001  # this is the bug
            with self.database.begin(self.name) as tx:
                yield from self.move(tx, expected, records)
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


class OrdersByTime(Query):
    """Orders a lease's entries by the time in their envelopes."""

    def history(self, booked: Sequence[Booked]) -> list[Booked]:
        """By `time`, whatever a clock said."""
        return sorted(booked, key=lambda item: item.arrival.fact.envelope.time)


class AsksNobody(Query):
    """Answers whoever asks: an endpoint without its tenant filter."""

    def granted(self, principal: Principal, lease_id: str) -> str:
        """Everything is."""
        return lease_id


class LetsFailureWin(PaymentsDoor):
    """Shows the last thing that Autopay said, although money came before."""

    def status(self, payment: Payment, report: Report) -> PaymentStatus:
        """A failure is a failure."""
        return PaymentStatus.FAILED if report.status is ReportedStatus.FAILURE else payment.status


class CreditsEverySuccess(PaymentsDoor):
    """Credits each notification of success: ten deliveries, ten credits."""

    def was_noticed(self, tx: Transaction, digest: bytes, position: int) -> bool:
        """Never."""
        return False

    def judge(self, payment: Payment, report: Report) -> Decision:
        """Without a look at what was credited."""
        decision = super().judge(replace(payment, confirmed=frozenset()), report)
        return replace(decision, key=None)


class CreditsWhateverCame(PaymentsDoor):
    """Does not compare amount and currency with what was asked for."""

    def judge(self, payment: Payment, report: Report) -> Decision:
        """A success is a success."""
        decision = super().judge(payment, report)
        if report.status is ReportedStatus.SUCCESS and decision.concern is not None and report.paid_on is not None:
            event = confirmed(payment, report.remote_id or "", report.paid_on)
            return Decision(decision.outcome, event, f"confirmed:{payment.payment_id}:{report.remote_id}")
        return decision


@dataclass(frozen=True, slots=True)
class Bug:
    """A planted bug, and within how many seeds it must be found."""

    machinery: Machinery
    seeds: int = 60
    only_remade: bool = False  # it shows only where a topic was made again, so only such plans are tried


BUGS: Final = MappingProxyType(
    {
        "mark-before-send": Bug(Machinery(relay=MarksBeforeItSends)),
        "larger-ids-only": Bug(Machinery(relay=AsksForLargerIds), seeds=150),
        "on-after-failure": Bug(Machinery(relay=GoesOnAfterAFailure), seeds=150),
        "no-keys": Bug(Machinery(relay=SendsWithoutKeys)),
        "publish-after-commit": Bug(Machinery(store=PublishesAfterCommit)),
        "no-expected-version": Bug(Machinery(store=ChecksNoVersion)),
        "answer-before-commit": Bug(Machinery(clients=AnswersBeforeCommit)),
        "auto-commit": Bug(Machinery(projector=CommitsWhenItReads)),
        "stale-batches": Bug(Machinery(projector=TakesStaleBatches)),
        "no-topic-ids": Bug(Machinery(projector=KnowsNoTopicIds), only_remade=True),
        "position-apart": Bug(Machinery(projector=MovesThePositionApart)),
        "no-dedupe": Bug(Machinery(projector=RemembersNothing)),
        "dedupe-apart": Bug(Machinery(projector=RemembersApart)),
        "dedupe-in-memory": Bug(Machinery(projector=RemembersInMemory)),
        "not-set-aside": Bug(Machinery(projector=ForgetsTheSetAside)),
        "swallow-errors": Bug(Machinery(projector=SwallowsErrors)),
        "no-lease-lock": Bug(Machinery(projector=ReadsBalancesUnlocked)),
        "float-money": Bug(Machinery(projector=CountsInFloats)),
        "order-by-time": Bug(Machinery(query=OrdersByTime)),
        "no-tenant-filter": Bug(Machinery(query=AsksNobody)),
        "failure-wins": Bug(Machinery(payments=LetsFailureWin), seeds=150),
        "credit-every-success": Bug(Machinery(payments=CreditsEverySuccess)),
        "credit-any-amount": Bug(Machinery(payments=CreditsWhateverCame)),
    }
)
