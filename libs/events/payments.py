"""What payments tells: payments by Autopay and transfers, each a credit or the taking back of one.

The subject of `iok.payments` is the lease, of `iok.transfers` the transfer. Amounts are grosze.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from libs.events import names
from libs.events.envelope import EventData
from libs.events.fields import MAX_ITEMS, Amount, BankAccount, Code, Id, IsoDate, Month, Text64


class _OfPayment(EventData):
    """Any event of one payment on `iok.payments`."""

    topic: ClassVar[str] = names.PAYMENTS

    payment_id: Id


class PaymentInitiated(_OfPayment):
    """A tenant set out to pay; nothing is booked yet. `order_id` is what Autopay was told.

    `month` is the month named to the payer at Autopay, `channel` Autopay's number of the way to pay picked beforehand.
    """

    order_id: Id
    amount_grosze: Amount
    charge_id: Id | None = None
    month: Month | None = None
    channel: Code | None = None


class PaymentConfirmed(_OfPayment):
    """Autopay says the money was paid, on the Warsaw date of its paymentDate; `remote_id` is Autopay's own."""

    remote_id: Id
    paid_on: IsoDate
    amount_grosze: Amount
    charge_id: Id | None = None


class PaymentFailed(_OfPayment):
    """The attempt failed; a later success of the same payment still counts."""

    reason: Code


class PaymentExpired(_OfPayment):
    """Nobody paid in time; a later success of the same payment still counts."""


class PaymentRefunded(_OfPayment):
    """Money of a confirmed payment was given back."""

    refund_id: Id
    refunded_on: IsoDate
    amount_grosze: Amount


class PaymentChargedBack(_OfPayment):
    """A bank took money of a confirmed payment back."""

    chargeback_id: Id
    charged_back_on: IsoDate
    amount_grosze: Amount


class TransferCredited(EventData):
    """A bank transfer was recognised as this lease's, paid on the bank's booking date."""

    topic: ClassVar[str] = names.PAYMENTS

    transfer_id: Id
    paid_on: IsoDate
    amount_grosze: Amount


class TransferUncredited(EventData):
    """A transfer had been credited to the wrong lease and is taken off it."""

    topic: ClassVar[str] = names.PAYMENTS

    transfer_id: Id
    uncredited_on: IsoDate
    amount_grosze: Amount


class TransferReceived(EventData):
    """Money came into one of our accounts, from whom is not said here."""

    topic: ClassVar[str] = names.TRANSFERS

    transfer_id: Id
    amount_grosze: Amount
    booked_on: IsoDate
    our_account: BankAccount
    statement_ref: Text64


class TransferReturned(EventData):
    """A transfer nobody could be credited with went back."""

    topic: ClassVar[str] = names.TRANSFERS

    transfer_id: Id
    returned_on: IsoDate
    amount_grosze: Amount


class SettlementReceived(EventData):
    """Autopay paid out what it had collected for these payments."""

    topic: ClassVar[str] = names.TRANSFERS

    transfer_id: Id
    booked_on: IsoDate
    amount_grosze: Amount
    payment_ids: Annotated[tuple[Id, ...], Field(strict=False, max_length=MAX_ITEMS)]
