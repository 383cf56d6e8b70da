"""Planted bugs: one wrong part each, never in production code. The simulation is worth something while it finds them.

Each class is a part as somebody might have written it; its docstring says what is wrong with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from libs.chassis.auth import Principal
from libs.chassis.event_store import Append
from libs.chassis.outbox import Message
from services.ledger.domain import Booked
from services.payments.domain.notification import Report, ReportedStatus
from services.payments.domain.payment import Decision, Payment, PaymentStatus, TakeReport, confirmed
from tests.simulation.broker import Sending, crc_partition
from tests.simulation.bugs_of_projection import (
    BelievesEveryGap,
    CommitsWhenItReads,
    CountsInFloats,
    ForgetsTheSetAside,
    KnowsNoTopicIds,
    MovesThePositionApart,
    PassesOverWhatFailedTogether,
    ReadsBalancesUnlocked,
    RemembersApart,
    RemembersInMemory,
    RemembersNothing,
    SwallowsErrors,
    TakesStaleBatches,
)
from tests.simulation.database import NEXT, Steps, Transaction
from tests.simulation.event_store import EventStore
from tests.simulation.ledger_api import TRY_AGAIN, Clients, Query
from tests.simulation.machinery import Machinery
from tests.simulation.making import plan_of
from tests.simulation.payments_api import PaymentsDoor
from tests.simulation.plan import Plan
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

    def judge(self, payment: Payment, command: TakeReport) -> Decision:
        """Without a look at what was credited."""
        decision = super().judge(replace(payment, confirmed=frozenset()), command)
        return replace(decision, key=None)


class CreditsWhateverCame(PaymentsDoor):
    """Does not compare amount and currency with what was asked for."""

    def judge(self, payment: Payment, command: TakeReport) -> Decision:
        """A success is a success."""
        decision, report = super().judge(payment, command), command.report
        if report.status is ReportedStatus.SUCCESS and decision.concern is not None and report.paid_on is not None:
            event = confirmed(payment, report.remote_id or "", report.paid_on)
            return Decision(decision.outcome, event, f"confirmed:{payment.payment_id}:{report.remote_id}")
        return decision


class HoldsNoRemoteId(PaymentsDoor):
    """Looks whether another order has this transaction of Autopay's without keeping two reports on it apart."""

    def is_anothers(self, tx: Transaction, report: Report) -> Steps[bool]:
        """Without a lock, two at once see nothing of each other."""
        yield from tx.statement()
        return any(order_id != report.order_id for order_id in tx.get("remotes", report.remote_id) or ())


@dataclass(frozen=True, slots=True)
class Bug:
    """A planted bug, and within how many seeds it must be found."""

    machinery: Machinery
    seeds: int = 60
    plan: Callable[[int], Plan] = plan_of  # where it shows only in certain plans, only such are tried


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
        "believes-every-gap": Bug(Machinery(projector=BelievesEveryGap)),
        "passes-over-what-failed-together": Bug(Machinery(projector=PassesOverWhatFailedTogether)),
        "no-topic-ids": Bug(Machinery(projector=KnowsNoTopicIds), plan=partial(plan_of, always_remade=True)),
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
        "no-remote-lock": Bug(Machinery(payments=HoldsNoRemoteId), 300, partial(plan_of, always_shared=True)),
        "credit-any-amount": Bug(Machinery(payments=CreditsWhateverCame)),
    }
)
