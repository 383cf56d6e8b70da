"""What an operator may decide about a report that was parked: its money came and is credited, or it was none. Pure."""

from dataclasses import dataclass
from datetime import date

from libs.events.payments import PaymentConfirmed, PaymentFailed
from services.payments.domain.autopay import CURRENCY
from services.payments.domain.notification import Report
from services.payments.domain.payment import Concern, Outcome, Payment, confirmed_key

DISMISSED = "dismissed"  # the reason of a PaymentFailed that an operator decided


class NotDecidableError(Exception):
    """The report cannot be decided so: it is not parked, is decided already, or is not one to be credited."""


class AmountBeyondReportError(Exception):
    """More was to be credited than Autopay reported."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A report as it lies with the operators. `report` is what Autopay said, `concern` why it was not taken."""

    report: Report
    outcome: Outcome
    concern: Concern

    @property
    def may_be_credited(self) -> bool:
        """A transaction without an id, or one that paid another order, never is: its money is not known to be ours."""
        paid_another = self.concern is Concern.REMOTE_ID_OF_ANOTHER_ORDER
        return self.outcome is Outcome.PARKED and self.report.remote_id is not None and not paid_another

    @property
    def most_grosze(self) -> int | None:
        """The most that may be credited: what Autopay reported, where it reported złote."""
        return self.report.amount_grosze if self.report.currency == CURRENCY else None


@dataclass(frozen=True, slots=True)
class CreditParked:
    """Credit this much, paid on this day. Amount in grosze."""

    amount_grosze: int
    paid_on: date


def credit_parked(payment: Payment, parked: Parked, command: CreditParked) -> tuple[PaymentConfirmed, str]:
    """The event that credits a parked report, and the key under which its stream holds it once.

    Raises:
        NotDecidableError, AmountBeyondReportError: nothing is credited.
    """
    remote_id = parked.report.remote_id
    if not parked.may_be_credited or remote_id is None or remote_id in payment.confirmed:
        raise NotDecidableError
    if parked.most_grosze is not None and command.amount_grosze > parked.most_grosze:
        raise AmountBeyondReportError
    event = PaymentConfirmed(
        payment_id=payment.payment_id,
        remote_id=remote_id,
        paid_on=command.paid_on,
        amount_grosze=command.amount_grosze,
        charge_id=payment.charge_id,
    )
    return event, confirmed_key(payment.payment_id, remote_id)


def dismiss_parked(payment: Payment, parked: Parked, notice_id: int) -> tuple[PaymentFailed, str] | None:
    """The event that ends a payment whose parked report was no money; None where other money came for it.

    Raises:
        NotDecidableError: the report is not parked.
    """
    if parked.outcome is not Outcome.PARKED:
        raise NotDecidableError
    if payment.confirmed:
        return None
    return PaymentFailed(payment_id=payment.payment_id, reason=DISMISSED), f"{DISMISSED}:{notice_id}"
