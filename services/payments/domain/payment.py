"""The life of a payment: what it is now, what a command makes of it, what a fact changes. Pure.

One order may be paid by several of Autopay's transactions ("remote ids"): a payer goes back and tries again, and two
tries may both succeed. Each success is money that came and is credited; nothing takes a success back. Two kinds of
facts are folded: the events that other services hear, and `ReportNoted`, this service's own note of a report that
changed something here without being anybody else's business.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never

from libs.events.payments import (
    PaymentChargedBack,
    PaymentConfirmed,
    PaymentExpired,
    PaymentFailed,
    PaymentInitiated,
    PaymentRefunded,
)
from services.payments.domain.autopay import CURRENCY
from services.payments.domain.notification import Report, ReportedStatus

VALIDITY = timedelta(hours=24)  # how long a payer may take; Autopay refuses the order afterwards
EXPIRY_GRACE = timedelta(hours=1)  # a payment begun in the last minute still reports before it is called expired


class AmountOverLimitError(Exception):
    """More than may be paid online at once."""

    def __init__(self, limit_grosze: int) -> None:
        super().__init__(f"at most {limit_grosze} grosze may be paid online at once")
        self.limit_grosze = limit_grosze


class PaymentStatus(StrEnum):
    """What a payment is to its payer."""

    INITIATED = "initiated"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    IN_REVIEW = "in_review"


class Outcome(StrEnum):
    """What a report of Autopay came to; kept with the report, and shown to operators where it wants one."""

    CREDITED = "credited"
    FAILED = "failed"
    WAITING = "waiting"
    REPEATED = "repeated"
    PARKED = "parked"
    CONTRADICTED = "contradicted"
    UNKNOWN_ORDER = "unknown_order"
    DISMISSED = "dismissed"  # it was parked, and an operator decided that it was no money


class Concern(StrEnum):
    """Why a report wants an operator."""

    AMOUNT_OFF = "amount_off"
    CURRENCY_OFF = "currency_off"
    NOT_AS_DOCUMENTED = "not_as_documented"
    REMOTE_ID_OF_ANOTHER_ORDER = "remote_id_of_another_order"
    AFTER_SUCCESS = "after_success"
    UNKNOWN_ORDER = "unknown_order"


@dataclass(frozen=True)
class ReportNoted:
    """A report that was taken: which of Autopay's transactions, and what it came to."""

    remote_id: str
    outcome: Outcome


Event: TypeAlias = (
    PaymentInitiated | PaymentConfirmed | PaymentFailed | PaymentExpired | PaymentRefunded | PaymentChargedBack
)
Fact: TypeAlias = Event | ReportNoted


@dataclass(frozen=True)
class Payment:
    """A payment as its facts tell it. Amounts in grosze; the sets hold remote ids."""

    payment_id: str
    order_id: str | None  # None: imported, it never had an order here
    amount_grosze: int
    charge_id: str | None
    month: str | None = None
    channel: str | None = None
    confirmed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    parked: frozenset[str] = frozenset()
    has_failed: bool = False
    has_expired: bool = False
    credited_grosze: int = 0
    returned_grosze: int = 0

    @property
    def status(self) -> PaymentStatus:
        """What to tell the payer: money that came outweighs everything, money in doubt all but that."""
        if self.confirmed:
            returned = self.returned_grosze >= self.credited_grosze
            return PaymentStatus.REFUNDED if returned else PaymentStatus.CONFIRMED
        if self.parked:
            return PaymentStatus.IN_REVIEW
        if self.has_expired:
            return PaymentStatus.EXPIRED
        if self.waiting - self.failed:
            return PaymentStatus.PENDING
        return PaymentStatus.FAILED if self.has_failed else PaymentStatus.INITIATED


@dataclass(frozen=True)
class StartPayment:
    """A payer wants to pay this much, perhaps naming a charge (art. 451 § 1 k.c.), its month, and how to pay."""

    payment_id: str
    amount_grosze: int
    charge_id: str | None
    month: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class TakeReport:
    """Autopay reports on one transaction. `remote_id_is_anothers`: a success of it was taken for another order."""

    report: Report
    remote_id_is_anothers: bool = False


@dataclass(frozen=True)
class ExpirePayment:
    """The time to pay may be over; times carry their zone."""

    valid_until: datetime
    now: datetime


@dataclass(frozen=True)
class Decision:
    """What a report came to, the event to append (under a key that its stream holds once), and what is of concern."""

    outcome: Outcome
    event: Event | None = None
    key: str | None = None
    concern: Concern | None = None


def start(command: StartPayment, limit_grosze: int) -> PaymentInitiated:
    """A payment begins. Its order's id is its own without the dashes: 32 characters, as many as Autopay takes.

    Raises:
        AmountOverLimitError: more than may be paid online at once.
    """
    if command.amount_grosze > limit_grosze:
        raise AmountOverLimitError(limit_grosze)
    return PaymentInitiated(
        payment_id=command.payment_id,
        order_id=command.payment_id.replace("-", ""),
        amount_grosze=command.amount_grosze,
        charge_id=command.charge_id,
        month=command.month,
        channel=command.channel,
    )


def expire(payment: Payment, command: ExpirePayment) -> PaymentExpired | None:
    """A payment nobody finished in time expires; money that comes for it later is credited all the same."""
    unfinished = payment.status in (PaymentStatus.INITIATED, PaymentStatus.PENDING)
    if unfinished and command.now >= command.valid_until + EXPIRY_GRACE:
        return PaymentExpired(payment_id=payment.payment_id)
    return None


def take_report(payment: Payment, command: TakeReport) -> Decision:
    """What Autopay's report means for this payment; any order and any repetition of reports is expected."""
    report = command.report
    if report.remote_id is None or report.status is None:
        return Decision(Outcome.PARKED, concern=Concern.NOT_AS_DOCUMENTED)
    match report.status:
        case ReportedStatus.SUCCESS:
            return _take_success(payment, report.remote_id, command)
        case ReportedStatus.FAILURE:
            return _take_failure(payment, report.remote_id, report.reason)
        case ReportedStatus.PENDING:
            return _take_pending(payment, report.remote_id)
    assert_never(report.status)


def _take_success(payment: Payment, remote_id: str, command: TakeReport) -> Decision:
    if remote_id in payment.confirmed | payment.parked:
        return Decision(Outcome.REPEATED)
    concern = _concern(payment, command)
    if concern is not None or command.report.paid_on is None:
        return Decision(Outcome.PARKED, concern=concern or Concern.NOT_AS_DOCUMENTED)
    event = confirmed(payment, remote_id, command.report.paid_on)
    return Decision(Outcome.CREDITED, event, confirmed_key(payment.payment_id, remote_id))


def _concern(payment: Payment, command: TakeReport) -> Concern | None:
    """Autopay adds a payer's fee to `amount` and tells what we asked for in `startAmount`: one of them must be ours."""
    report = command.report
    if command.remote_id_is_anothers:
        return Concern.REMOTE_ID_OF_ANOTHER_ORDER
    if report.currency != CURRENCY:
        return Concern.CURRENCY_OFF
    if report.amount_grosze is None or report.amount_grosze < payment.amount_grosze:
        return Concern.AMOUNT_OFF
    if payment.amount_grosze not in (report.amount_grosze, report.start_amount_grosze):
        return Concern.AMOUNT_OFF
    return None


def confirmed(payment: Payment, remote_id: str, paid_on: date) -> PaymentConfirmed:
    """The money of one of Autopay's transactions came. Credited is what we asked for; a fee on top is not ours."""
    return PaymentConfirmed(
        payment_id=payment.payment_id,
        remote_id=remote_id,
        paid_on=paid_on,
        amount_grosze=payment.amount_grosze,
        charge_id=payment.charge_id,
    )


def confirmed_key(payment_id: str, remote_id: str) -> str:
    """Under this key a stream holds a confirmation once, whether it was reported or imported."""
    return f"confirmed:{payment_id}:{remote_id}"


def _take_failure(payment: Payment, remote_id: str, reason: str) -> Decision:
    if remote_id in payment.confirmed | payment.parked:
        return Decision(Outcome.CONTRADICTED, concern=Concern.AFTER_SUCCESS)
    if remote_id in payment.failed:
        return Decision(Outcome.REPEATED)
    if payment.confirmed:  # another try of the same order was paid: this one's failure is nobody's news
        return Decision(Outcome.FAILED)
    event = PaymentFailed(payment_id=payment.payment_id, reason=reason)
    return Decision(Outcome.FAILED, event, f"failed:{payment.payment_id}:{remote_id}")


def _take_pending(payment: Payment, remote_id: str) -> Decision:
    if remote_id in payment.confirmed | payment.parked:
        return Decision(Outcome.CONTRADICTED, concern=Concern.AFTER_SUCCESS)
    if remote_id in payment.failed | payment.waiting:
        return Decision(Outcome.REPEATED)
    return Decision(Outcome.WAITING)


def begin(event: PaymentInitiated | PaymentConfirmed) -> Payment:
    """A payment's first fact: it was initiated here, or it comes from an import and was confirmed at once."""
    match event:
        case PaymentInitiated():
            return evolve(Payment(event.payment_id, event.order_id, event.amount_grosze, event.charge_id), event)
        case PaymentConfirmed():
            return evolve(Payment(event.payment_id, None, event.amount_grosze, event.charge_id), event)
    assert_never(event)


def evolve(payment: Payment, fact: Fact) -> Payment:
    """The payment after one more of its facts."""
    match fact:
        case PaymentInitiated():
            return replace(
                payment,
                order_id=fact.order_id,
                amount_grosze=fact.amount_grosze,
                charge_id=fact.charge_id,
                month=fact.month,
                channel=fact.channel,
            )
        case PaymentConfirmed():
            return replace(
                payment,
                confirmed=payment.confirmed | {fact.remote_id},
                credited_grosze=payment.credited_grosze + fact.amount_grosze,
            )
        case PaymentFailed():
            return replace(payment, has_failed=True)
        case PaymentExpired():
            return replace(payment, has_expired=True)
        case PaymentRefunded() | PaymentChargedBack():
            return replace(payment, returned_grosze=payment.returned_grosze + fact.amount_grosze)
        case ReportNoted():
            return _note(payment, fact)
    assert_never(fact)


def _note(payment: Payment, note: ReportNoted) -> Payment:
    match note.outcome:
        case Outcome.FAILED:
            return replace(payment, failed=payment.failed | {note.remote_id})
        case Outcome.WAITING:
            return replace(payment, waiting=payment.waiting | {note.remote_id})
        case Outcome.PARKED:
            return replace(payment, parked=payment.parked | {note.remote_id})
        case Outcome.DISMISSED:
            return replace(payment, parked=payment.parked - {note.remote_id}, failed=payment.failed | {note.remote_id})
        case Outcome.CREDITED | Outcome.REPEATED | Outcome.CONTRADICTED | Outcome.UNKNOWN_ORDER:
            return payment  # told by an event, or changing nothing
    assert_never(note.outcome)


def fold(facts: list[Fact]) -> Payment | None:
    """A payment from its facts, oldest first; None when it has none."""
    payment: Payment | None = None
    for fact in facts:
        if payment is not None:
            payment = evolve(payment, fact)
        elif isinstance(fact, PaymentInitiated | PaymentConfirmed):
            payment = begin(fact)
    return payment
